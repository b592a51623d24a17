#!/bin/sh
# Checks a log exported by matins with sha256sum and ssh-keygen alone: sh verify.sh [DIR]
# Every entry must hold the hash of the one before; every signature must be good and of the entry's own author.
# anchor, when it is there, names the last entry: compare it with what was printed or mailed on that day.
set -eu
dir=${1:-.}
prev=0000000000000000000000000000000000000000000000000000000000000000
n=0 signed=0 named=0
# A shell drops bytes that no entry has, such as NUL, and would not see them.
[ "$(LC_ALL=C tr -d '\040-\176\n' <"$dir/log.jsonl" | wc -c)" -eq 0 ] || {
    echo "BROKEN: log.jsonl holds bytes that no entry has"
    exit 2
}
while IFS= read -r line || [ -n "$line" ]; do
    n=$((n + 1))
    case $line in
    "{\"v\":1,\"seq\":$n,\"prev\":\"$prev\","*) ;;
    *)
        echo "BROKEN: entry $n does not follow the one before"
        exit 2
        ;;
    esac
    if [ -e "$dir/sigs/$n.sig" ]; then
        # The author, every character but letters, digits and _.@+- become _: so they stand in allowed_signers.
        actor=$(printf '%s\n' "$line" | sed -nE 's/^\{"v":1,"seq":[0-9]+,"prev":"[0-9a-f]+","time":"[^"]*","tz":"[^"]*","actor":"(([^"\\]|\\.)*)".*/\1/p')
        who=$(printf %s "$actor" | tr -c 'A-Za-z0-9_.@+-' _)
        # A key that ended since (valid-before in allowed_signers) counted when it signed.
        when=$(printf '%s\n' "$line" | sed -nE 's/^\{"v":1,"seq":[0-9]+,"prev":"[0-9a-f]+","time":"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?Z".*/\1\2\3\4\5\6Z/p')
        printf '%s\n' "$line" | ssh-keygen -Y verify -q -O "verify-time=$when" -f "$dir/allowed_signers" -I "$who" -n matins-checkin@v1 -s "$dir/sigs/$n.sig" || {
            echo "BROKEN: the signature of entry $n is not $actor's"
            exit 2
        }
        signed=$((signed + 1))
    fi
    # What was said while something was done to servers: its hash stands in the entry.
    told=$(printf '%s\n' "$line" | sed -nE 's/^.*"transcript":"([0-9a-f]{64})".*$/\1/p')
    [ -z "$told" ] || named=$((named + 1))
    if [ -n "$told" ] && [ "$(sha256sum <"$dir/transcripts/$n.txt" | cut -d' ' -f1)" != "$told" ]; then
        echo "BROKEN: the transcript of entry $n is another or missing"
        exit 2
    fi
    prev=$(printf '%s' "$line" | sha256sum | cut -d' ' -f1)
done <"$dir/log.jsonl"
kept=$(find "$dir/transcripts" -name '*.txt' 2>/dev/null | wc -l)
[ "$kept" -eq "$named" ] || {
    echo "BROKEN: $kept transcripts, but $named entries name one"
    exit 2
}
made=$(find "$dir/sigs" -name '*.sig' | wc -l)
[ "$made" -eq "$signed" ] || {
    echo "BROKEN: $made signatures, but $signed of them belong to entries that are here"
    exit 2
}
if [ -f "$dir/anchor" ] && [ "$(cat "$dir/anchor")" != "matins-checkin-log v1 seq=$n head=sha256:$prev" ]; then
    echo "BROKEN: the log does not end where the anchor says"
    exit 2
fi
entries=entries
[ "$n" -ne 1 ] || entries=entry
echo "OK: $n $entries, $signed signed, head sha256:$prev"
