# What matins asks a server, read by `sh -s`: POSIX sh, unprivileged, writes nothing, never fetches package lists.
#
# In front of this text stands one line, known='DIGEST' power='POWER' had='NAME:DIGEST …': what the last full answer was
# made from, how it could do what needs root, and the long sections that are remembered of it. When nothing of that has
# changed, the costly parts are left out; of a section that is as it was, its digest alone is sent.
#
# The answer: `#NAME` begins a section; each line of its body stands behind one space, so that no data can look like a
# heading; the body's last line is ` rc=N`, the status of the command that made it (a pipe would hide it). A body of one
# line, `=DIGEST`, is the one that was remembered.

tz=${TZ-}
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
LANG=C
TZ=UTC
export PATH LC_ALL LANG TZ
unset IFS LANGUAGE ENV BASH_ENV CDPATH APT_LISTCHANGES_FRONTEND
umask 077

# A command that hangs must not outlive us.
limit=
if command -v timeout >/dev/null 2>&1; then limit='timeout -k 2 20'; fi

# No section is larger than a mebibyte; one that is loses its status, and is believed in nothing.
section() {
  name=$1
  shift
  body=$({ "$@" 2>&1; printf '\nrc=%d\n' "$?"; } | head -c 1048576 | sed 's/^/ /')
  # A short one is sent in less time than its digest is made.
  if [ ${#body} -gt 500 ] && [ -n "${had-}" ]; then
    sum=$(printf '%s\n' "$body" | sha256sum)
    sum=${sum%% *}
    case " $had " in *" $name:$sum "*) body="=$sum" ;; esac
  fi
  printf '#%s\n%s\n' "$name" "$body"
}

# What is run as root, word for word: sudo's rules for it (`matins probe sudoers`) are made of these lines. What is marked
# with + starts other programs.
wanted() {
  cat <<'RULES'
/usr/sbin/nft -s -j list ruleset
/usr/sbin/iptables-save
/usr/sbin/ip6tables-save
/usr/sbin/iptables-legacy-save
/usr/sbin/ip6tables-legacy-save
/usr/bin/ss -Hltnup
/usr/bin/cvtsudoers -e -f json /etc/sudoers
/usr/bin/find -H /root /home -maxdepth 4 -type l -name authorized_keys -print -o -type l -name authorized_keys2 -print -o -type l -name .ssh -print
+/usr/bin/find -H /root /home -maxdepth 4 -type f -name authorized_keys -print -exec /usr/bin/ssh-keygen -lf {} ;
+/usr/bin/find -H /root /home -maxdepth 4 -type f -name authorized_keys2 -print -exec /usr/bin/ssh-keygen -lf {} ;
+/usr/sbin/needrestart -b -l -r l
RULES
}

# What needs root runs as root, or through sudo where its rules name this login. What they hold is asked once for a full
# answer, since servers log and mail what sudo refuses; what they lack (`sudo:8:9`, the numbers of the lines above) is not tried.
ask_power() {
  lacks=
  power=none
  if [ "$(id -u)" = 0 ]; then power=root && return; fi
  command -v sudo >/dev/null 2>&1 || return 0
  allowed=$(sudo -n -l 2>/dev/null)
  case $allowed in *NOPASSWD*) power=sudo ;; *) return 0 ;; esac
  while read -r number program; do
    [ ! -e "$program" ] || lacks=$lacks:$number
  done <<LACKING
$({ wanted; printf '\n%s\n' "$allowed"; } | lacking)
LACKING
}

# From the rules that are wanted and, behind an empty line, those that sudo tells of: number and program of each that is not
# held. Of ALL, of patterns and of folders nothing is said to be lacking: what they hold sudo knows best.
lacking() {
  awk '
    !told && $0 == "" { told = 1; next }
    !told { sub(/^[+]/, ""); rules[++count] = $0; next }
    {
      # As whom, tags, limits and digests stand in front of a command; what NOPASSWD says lasts until the end of the line.
      free = 0
      gsub(/\\,/, " ")
      many = split($0, commands, /, */)
      for (at = 1; at <= many; at++) {
        one = commands[at]
        sub(/^ +/, "", one)
        while (match(one, /^([(][^)]*[)]|[A-Z_]+:|[A-Z_]+=[^ ]*|sha[0-9]+:[^ ]*) */)) {
          if (one ~ /^NOPASSWD:/) free = 1
          if (one ~ /^PASSWD:/) free = 0
          one = substr(one, RLENGTH + 1)
        }
        if (!free || one ~ /^!/) continue
        program = one
        sub(/ .*/, "", program)
        if (one == "ALL" || program ~ /[*?^[]|\/$/) { all = 1; exit }
        held[one] = 1
        # Rules without arguments, or with any, hold these too.
        if (program == one || substr(one, length(program) + 2) ~ /^[\^]|[*?[]/) held[program] = 1
      }
    }
    END {
      for (at = 1; at <= count && !all; at++) {
        program = rules[at]
        sub(/ .*/, "", program)
        if (!(rules[at] in held) && !(program in held)) print at, program
      }
    }'
}

# Whether sudo's rules hold what is asked of a program; else 77 and the line that is missing.
may() {
  [ -n "$lacks" ] || return 0
  wanted | awk -v lacks="$lacks:" -v program="/$1" '
    index(lacks, ":" NR ":") && substr($1, length($1) - length(program) + 1) == program { sub(/^[+]/, ""); print "no rule: " $0; exit (found = 77) }
    END { exit found }'
}

# 77 says that it needs root. Through sudo it has the time that the rules give it: nobody else could end it.
as_root() {
  # shellcheck disable=SC2086
  case $power in
    root) $limit "$@" ;;
    sudo) may "$1" && sudo -n "$@" ;;
    *) echo 'needs root' && return 77 ;;
  esac
}

# Not even root sees what others run without CAP_SYS_PTRACE, bit 19, which a container may lack: with hidepid they seem not to
# be there at all, else their files and libraries. 78 says so.
sees_all() {
  case $(sed -n 's/^CapBnd:[ \t]*//p' /proc/self/status) in *[89a-f]????) ;; *) return 78 ;; esac
}

# What listens, in the kernel's words where there is no ss.
sockets() {
  # shellcheck disable=SC2086
  if command -v ss >/dev/null 2>&1; then
    $limit ss -Hltnu
  else
    awk '$4 == "0A" || $4 == "07" { print FILENAME, $2 }' /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6
  fi
}

# Which packet filters there are to ask. nft tells of iptables' rules too, unless those are of the old kind.
filters() {
  legacy=
  if grep -q '^ip6\{0,1\}table_filter ' /proc/modules 2>/dev/null; then legacy=legacy-; fi
  if command -v nft >/dev/null 2>&1; then
    echo nft
    [ -n "$legacy" ] || return 0
  fi
  for family in iptables ip6tables; do
    if command -v "$family-${legacy}save" >/dev/null 2>&1; then echo "$family-${legacy}save"; fi
  done
}

# One filter's rules without what is counted in them.
rules() {
  case $1 in
    nft) as_root nft -s -j list ruleset ;;
    *) text=$(as_root "$1" 2>&1) || { code=$?; printf '%s\n' "$text"; return $code; }
      printf '%s\n' "$text" | sed '/^#/d; s/ \[[0-9]*:[0-9]*\]$//' ;;
  esac
}

# Elements of sets that end by themselves (a ban, often) come and go without anybody's doing.
lasting() {
  sed 's/{"elem": {"val": [^}]*}\{0,2\}, \("timeout": [0-9]*, \)\{0,1\}"expires": [0-9]*}}\(, \)\{0,1\}//g
    s/, \]/]/g; s/, "elem": \[\]//g; s/, "expires": [0-9]*//g'
}

# Accounts that somebody can log in with, or that are root.
accounts() {
  # shellcheck disable=SC2086
  list=$($limit getent passwd) || return
  printf '%s\n' "$list" | awk -F: '$3 == 0 || $7 !~ /\/(nologin|false|sync)$/'
}
sudoers() {
  [ -e /etc/sudoers ] || return 3
  as_root cvtsudoers -e -f json /etc/sudoers
}
# Fingerprints of the keys that open an account, each file's behind its name. What may not be seen: `? PATH`. Under /root and
# /home sudo looks; there a file is looked at only when it is no link, and what a link hides is told.
keys() {
  command -v ssh-keygen >/dev/null 2>&1 || return 127
  if [ "$power" = sudo ]; then
    may find || return
    sudo -n find -H /root /home -maxdepth 4 -type f -name authorized_keys -print -exec /usr/bin/ssh-keygen -lf '{}' ';' || return
    sudo -n find -H /root /home -maxdepth 4 -type f -name authorized_keys2 -print -exec /usr/bin/ssh-keygen -lf '{}' ';' || return
    links=$(as_root find -H /root /home -maxdepth 4 -type l -name authorized_keys -print -o -type l -name authorized_keys2 -print -o -type l -name .ssh -print) || return
    printf '%s\n' "$links" | sed -n 's/^./? &/p'
  fi
  homes=$(accounts) || return
  printf '%s\n' "$homes" | cut -d: -f6 | sort -u | while read -r home; do
    case $power:$home in
      # Deeper than sudo's rules look.
      sudo:/home/*/*/*) echo "? $home" && continue ;;
      sudo:/root) continue ;;
      sudo:/home/*)
        # A link is not followed there, neither the home nor what it lies in.
        parent=${home%/*}
        if [ -L "$home" ] || { [ "$parent" != /home ] && [ -L "$parent" ]; }; then echo "? $home"; fi
        continue
        ;;
    esac
    if ! [ -d "$home" ]; then
      # There is none, or nobody may look.
      case $(ls -d -- "$home" 2>&1) in *'Permission denied'*) echo "? $home" ;; esac
      continue
    fi
    if ! [ -x "$home" ] || { [ -d "$home/.ssh" ] && ! [ -x "$home/.ssh" ]; }; then echo "? $home"; fi
    for file in "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"; do
      [ -s "$file" ] || continue
      if [ -r "$file" ]; then print_keys "$file"; else echo "? $home"; fi
    done
  done
  for folder in /etc/ssh/authorized_keys /etc/ssh/authorized_keys.d; do
    if [ -d "$folder" ] && ! [ -r "$folder" ]; then echo "? $folder"; fi
    for file in "$folder"/*; do
      if [ -r "$file" ]; then print_keys "$file"; elif [ -e "$file" ]; then echo "? $file"; fi
    done
  done
}
# A file without any key is none of ssh-keygen's: that is no failure.
print_keys() {
  printf '%s\n' "$1"
  ssh-keygen -lf "$1" || :
}

# Who has a terminal, from where and since when; util-linux's and wtmpdb's `last` are called alike. wtmpdb tells of sessions
# without a terminal too, such as our own.
visits() {
  # shellcheck disable=SC2086
  list=$($limit last -w -i -n 400 --time-format iso) || return
  printf '%s\n' "$list" | awk '/still logged in/ && $2 ~ /^(pts\/|tty)/'
}

# The clock comes last: from there only the way back lies between it and us.
clock() {
  now=$(date +%s.%N)
  printf '#clock\n %s\n rc=%d\n' "$now" "$?"
}

lists=/var/lib/apt/lists
log=/var/log/unattended-upgrades/unattended-upgrades.log

# Everything that the costly parts are made from: name, inode, size, times. A file that isn't there says so, which counts.
# This much is done on every visit: one stat, one sha256sum; and what leaves no trace in a file: the ports that listen (but
# those that a resolver opens for a moment), who has a terminal, and what may be read with root's power alone: the packet
# filter, keys, sudo's rules. What stat says of its own folder in /proc, made that moment, is the time.
digest=
given=${power-}
power=${given%%:*}
lacks=${given#"$power"}
[ -n "$power" ] || ask_power
# Another dpkg database or apt configuration than the usual places is not covered by the stamps.
if [ -z "${DPKG_ADMINDIR-}${APT_CONFIG-}" ]; then
  stamps=$(stat -c '%n %d:%i %s %.Y %.Z' \
    /etc/os-release /usr/lib/os-release /etc/localtime /etc/timezone \
    /var/lib/dpkg/status /var/lib/dpkg/arch /var/lib/dpkg/updates \
    /etc/apt /etc/apt/* /etc/apt/*/* "$lists" "$lists"/* /var/lib/apt/periodic /var/lib/apt/periodic/* \
    /run/reboot-required /run/reboot-required.pkgs /usr/sbin/needrestart \
    /etc/passwd /etc/group /etc/sudoers /etc/sudoers.d /etc/sudoers.d/* /etc/ssh/authorized_keys* /etc/ssh/authorized_keys*/* \
    ~/.ssh/authorized_keys* /root/.ssh/authorized_keys* /home/*/.ssh/authorized_keys* \
    "${log%/*}" "$log" "$log.1" /etc/systemd/system /etc/systemd/system/apt-daily* /etc/systemd/system/timers.target.wants \
    /etc/systemd/system/timers.target.wants/* /proc/self/ 2>&1)
  now=${stamps##*/proc/self/ }
  stamps=${stamps%/proc/self/ *}
  boot=unknown
  if [ -r /proc/sys/kernel/random/boot_id ]; then read -r boot </proc/sys/kernel/random/boot_id; fi
  # Membership in a group leaves no trace in a file.
  if [ -r "$log" ]; then boot="$boot readable"; fi
  live=$(sockets 2>&1 | awk '
    $1 == "tcp" { print $1, $5 }
    $1 == "udp" { at = $5; sub(/.*:/, "", at); if (at + 0 < 32768) print $1, $5 }
    $1 ~ /tcp/ && $1 != "tcp" { print $1, $2 }' | sort -u)
  visits_said=$(visits 2>&1) && visits_rc=0 || visits_rc=$?
  rooted=
  asked=
  case $power in
    root | sudo)
      for tool in $(filters); do rooted="$rooted$(rules "$tool" 2>&1 | lasting)"; done
      sudoers_said=$(sudoers 2>&1) && sudoers_rc=0 || sudoers_rc=$?
      keys_said=$(keys 2>&1) && keys_rc=0 || keys_rc=$?
      asked=$power
      rooted="$rooted$sudoers_said$keys_said"
      ;;
  esac
  case $boot:$stamps in
    # Without stat, or without its words about this file, there is nothing to compare.
    unknown*) ;;
    */var/lib/dpkg/status\ [0-9]*)
      digest=$(sha256sum <<EOF
$boot $tz $power$lacks
$live
$visits_rc $visits_said
$rooted
$stamps
EOF
      )
      digest=${digest%% *}
      ;;
  esac
fi
if [ -n "$digest" ] && [ "$digest" = "${known-}" ]; then
  case ${now##* } in
    [1-9]*.*[0-9]) printf '#same\n rc=0\n#clock\n %s\n rc=0\n' "${now##* }" ;;
    *) printf '#same\n rc=0\n' && clock ;;
  esac
  exit 0
fi
# It may have been given or taken since it was last asked: then the digest says nothing.
if [ -n "$given" ]; then ask_power; fi
if [ "${given:-$power$lacks}" != "$power$lacks" ]; then
  digest=
  asked=
fi
printf '#digest\n %s\n rc=0\n#power\n %s\n rc=0\n' "$digest" "$power$lacks"

section uptime cat /proc/uptime
section release cat /etc/os-release

kernel() { uname -r && uname -v; }
section kernel kernel

# State, package, version, source, its version, architecture.
packages() {
  # shellcheck disable=SC2086,SC2016
  $limit dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Version}\t${source:Package}\t${source:Version}\t${Architecture}\n'
}
section packages packages

# What could be installed of every package that is, with the table of its versions, where that isn't the installed one.
# Not apt-get -s: its solver hides what is held or kept back, names only the newest version, and takes ten times as long.
# The names go by a variable, since a pipe would hide dpkg-query's status.
pending() {
  # shellcheck disable=SC2016
  names=$($limit dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n') || return
  names=$(printf '%s\n' "$names" | sed -n '/^not-installed /d; /^config-files /d; s/^[^ ]* //p')
  [ -n "$names" ] || return 65
  # Hundreds of names are some ten kilobytes: far below any system's limit on arguments.
  # shellcheck disable=SC2086
  tables=$($limit apt-cache policy $names 2>&1) || { code=$?; printf '%s\n' "$tables" | tail -n 3; return $code; }
  printf '%s\n' "$tables" | awk '
    # The last block is printed by the package that follows it, or by the end.
    function flush() {
      if (candidate == "" || installed == "") return
      seen += 1
      if (candidate != "(none)" && candidate != installed) printf "%s", block
      else if (!offered && installed != "(none)") print "local=" name
    }
    /^[^ ]/ { if (block != "") flush(); block = ""; installed = ""; candidate = ""; offered = 0; name = substr($0, 1, length($0) - 1) }
    / \*\*\* / { here = 1 }
    /^     [^ ]/ { here = 0 }
    /^        / { if (here && $2 != "/var/lib/dpkg/status") offered = 1 }
    { block = block $0 "\n" }
    /^  Installed: / { installed = $2 }
    /^  Candidate: / { candidate = $2 }
    END { if (block != "") flush(); print "packages=" seen + 0 }'
}
section pending pending

# What somebody asked for; the rest came because these need it.
# shellcheck disable=SC2086
chosen() { $limit apt-mark showmanual; }
section chosen chosen

# What the package lists say of themselves, and when each was last new.
lists() {
  found=1
  for list in "$lists"/*Release; do
    [ -f "$list" ] || continue
    found=0
    stat -L -c '%Y %n' "$list" || return
    sed -n '/^-----BEGIN PGP SIGNATURE/q; /^SHA256:/q; /^MD5Sum:/q
      /^Origin: /p; /^Label: /p; /^Suite: /p; /^Date: /p; /^Codename: /p; /^Version: /p; /^Valid-Until: /p' "$list" || return
  done
  if [ -f /var/lib/apt/periodic/update-success-stamp ]; then
    stat -c '%Y update-success-stamp' /var/lib/apt/periodic/update-success-stamp || return
  fi
  return $found
}
# An APT_CONFIG of the login may keep them elsewhere.
if [ -n "${APT_CONFIG-}" ]; then
  eval "$(apt-config shell lists Dir::State::lists/d)"
  lists=${lists%/}
fi
section lists lists

# gpgv's words on each list, with every keyring that it can read; where there is no gpgv, sqv's, put as gpgv puts them. apt
# checked them when it took the lists; a key that has expired since is why it takes no new ones.
signatures() {
  if command -v gpgv >/dev/null 2>&1; then
    with=gpgv
    set --
  elif command -v sqv >/dev/null 2>&1; then
    with=sqv
    inline=$(inline_keys)
    set --
    [ -z "$inline" ] || set -- --keyring /dev/fd/4
  else
    return 127
  fi
  for ring in /etc/apt/trusted.gpg /etc/apt/trusted.gpg.d/*.gpg /etc/apt/trusted.gpg.d/*.asc \
    /etc/apt/keyrings/*.gpg /etc/apt/keyrings/*.pgp /etc/apt/keyrings/*.asc \
    /usr/share/keyrings/*.gpg /usr/share/keyrings/*.pgp /usr/share/keyrings/*.asc $(named_keys); do
    case $ring in *removed*) continue ;; esac
    [ -r "$ring" ] || continue
    # The same keys under another ending.
    if [ "${ring%.pgp}" != "$ring" ] && [ -r "${ring%.pgp}.gpg" ]; then continue; fi
    if [ $with = gpgv ]; then
      # Only what begins as keys do: anything else would make gpgv find no key in the others either. apt passes it over too.
      case $(head -c 1 "$ring" | od -An -to1) in *230 | *231 | *306) ;; *) continue ;; esac
    fi
    set -- "$@" --keyring "$ring"
  done
  for list in "$lists"/*Release; do
    [ -r "$list" ] || continue
    printf '%s\n' "$list"
    case $list in *InRelease) signed=$list ;; *) signed=$list.gpg ;; esac
    if ! [ -r "$signed" ] || { [ "$signed" = "$list" ] && ! grep -q '^-----BEGIN PGP SIGNATURE' "$list"; }; then
      echo none
    else
      "with_$with" "$@" || return
    fi
  done
}
with_gpgv() {
  [ "$signed" = "$list" ] || set -- "$@" "$signed"
  # 1 and 2 are its words on signatures; more, that it was ended.
  # shellcheck disable=SC2086
  said=$($limit gpgv --status-fd 1 "$@" "$list" 2>&1) || { code=$?; [ $code -lt 3 ] || return $code; }
  printf '%s\n' "$said" | awk '
    /^gpgv: keydb_search failed/ { lost = words = substr($0, 1, 300) }
    /^gpgv: / && !/could not be verified/ && lost == "" { words = substr($0, 1, 300) }
    $1 != "[GNUPG:]" { next }
    # 9: there is no such key. Whatever else kept it from looking is told.
    $2 == "ERRSIG" && ($8 != 9 || lost != "") { next }
    $2 ~ /^(GOOD|BAD|ERR|EXP|EXPKEY|REVKEY)SIG$/ { print $2; count++ }
    $2 == "NEWSIG" { made++ }
    END { if (!count || count < made) print "? " (words == "" ? "gpgv: nothing" : words) }'
}
# sqv would write a text that holds its own signature to a file, so the two are given apart, without what is no part of them.
with_sqv() {
  code=0
  if [ "$signed" = "$list" ]; then
    # shellcheck disable=SC2086
    said=$(signed_text | $limit sqv -v "$@" --signature-file /dev/fd/3 /dev/stdin 2>&1 3<<SIGNATURE 4<<KEYS
$(sed -n '/^-----BEGIN PGP SIGNATURE/,$p' "$list")
SIGNATURE
$inline
KEYS
    ) || code=$?
  else
    # shellcheck disable=SC2086
    said=$($limit sqv -v "$@" --signature-file "$signed" "$list" 2>&1 4<<KEYS
$inline
KEYS
    ) || code=$?
  fi
  [ $code -gt 0 ] || { echo GOODSIG && return; }
  [ $code -lt 3 ] || return $code
  printf '%s\n' "$said" | awk '
    function tell() { if (words != "") print "? sqv: " substr(words, 1, 300); words = "" }
    /^Stack backtrace/ { exit }
    /^[0-9]+ of [0-9]+ signatures? / || /^Caused by/ || /^[ \t]*$/ { next }
    /^[^ \t]/ { tell(); told++; words = $0 }
    /^[ \t]/ && words != "" { sub(/^[ \t]+/, ""); words = words " " $0 }
    /Message has been manipulated/ { print "BADSIG"; words = "" }
    /certificate is revoked|key is revoked/ { print "REVKEYSIG"; words = "" }
    /Expired on / { print "EXPKEYSIG"; words = "" }
    /^Missing key/ { print "ERRSIG"; words = "" }
    END { tell(); if (!told) print "? sqv: nothing" }'
}
# As RFC 9580 has it: behind the headers, dashes unescaped, without spaces at the ends of lines and without the last end.
signed_text() {
  awk 'body && /^-----BEGIN PGP SIGNATURE/ { exit }
    body { sub(/^- /, ""); sub(/[ \t\r]+$/, ""); printf "%s%s", end, $0; end = "\n" }
    /^\r?$/ { body = 1 }' "$list"
}
# Keys that stand in sources themselves.
inline_keys() {
  awk '/^[ \t]*#/ { next }
    /-----BEGIN PGP PUBLIC KEY/ { sub(/^.*-----BEGIN/, "-----BEGIN"); inside = 1 }
    inside { sub(/^[ \t]+/, ""); if ($0 == ".") $0 = ""; print }
    /-----END PGP PUBLIC KEY/ { inside = 0 }' /etc/apt/sources.list.d/*.sources 2>/dev/null
}
# Keyrings that sources name, outside the folders in which they lie by custom.
named_keys() {
  awk '/^[ \t]*#/ { next }
    tolower($1) == "signed-by:" { $1 = ""; print; next }
    match(tolower($0), /signed-by=[^] \t]*/) { print substr($0, RSTART + 10, RLENGTH - 10) }' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null | tr ', ' '\n\n' |
    grep '^/' | grep -v '^/\(etc/apt/trusted.gpg.d\|etc/apt/keyrings\|usr/share/keyrings\)/[^/]*[.]\(gpg\|pgp\|asc\)$' | sort -u
}
section signatures signatures

# What is asked of apt's sources, each line behind its file; keys and logins that stand in them are left out.
sources() {
  file=/etc/apt/sources.list
  parts=/etc/apt/sources.list.d/
  # An APT_CONFIG of the login may keep them elsewhere too.
  if [ -n "${APT_CONFIG-}" ]; then eval "$(apt-config shell file Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"; fi
  parts=${parts%/}
  for folder in "$parts" /etc/apt/apt.conf.d; do
    if [ -e "$folder" ] && ! [ -r "$folder" ]; then echo "$folder: permission denied" && return 3; fi
  done
  # shellcheck disable=SC2046
  awk '/^[ \t]*#/ { next }
    FILENAME ~ /\.list$/ { sub(/^[ \t]+/, "") }
    # What a field goes on with: of where packages come from alone; of keys there is much.
    /^[ \t]+$/ { next }
    /^[ \t]/ { if (!place) next }
    /^[^ \t]/ { place = tolower($0) ~ /^(uris|suites)[ \t]*:/ }
    { gsub(/:\/\/[^\/ \t]*@/, "://"); print FILENAME "\t" substr($0, 1, 1000) }' \
    $(ls "$file" "$parts"/*.list "$parts"/*.sources 2>/dev/null) /dev/null || return
  # shellcheck disable=SC2086
  all=$($limit apt-config dump 2>&1) || { code=$?; printf '%s\n' "$all" | tail -n 3; return $code; }
  # apt reads on where it may not read: root's apt may be told what ours is not.
  if printf '%s\n' "$all" | grep '^W: Unable to read '; then return 3; fi
  printf '%s\n' "$all" | sed -n 's/^\(APT::Get::AllowUnauthenticated\|Acquire::AllowInsecureRepositories\|Acquire::AllowDowngradeToInsecureRepositories\|Acquire::Check-Valid-Until\|Acquire::Check-Date\|Acquire::Min-ValidTime[^"]*\) "..*";/apt-config\t&/Ip'
}
section sources sources

reboot_flag() {
  # 1 means that it isn't there; 3, that it is.
  [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ] || return 1
  cat /run/reboot-required.pkgs 2>/dev/null || cat /var/run/reboot-required.pkgs 2>/dev/null
  return 3
}
section reboot-flag reboot_flag

# -k: the kernel only; -r l: list, never restart anything.
needs_restart() {
  # shellcheck disable=SC2086
  $limit needrestart -b -k -r l
}
if command -v needrestart >/dev/null 2>&1; then section needrestart needs_restart; fi

# Services that still run libraries which have been replaced: only root sees what others run.
services() {
  command -v needrestart >/dev/null 2>&1 || return 3
  if [ "$power" != none ]; then sees_all || return; fi
  as_root needrestart -b -l -r l
}
section services services

# shellcheck disable=SC2086
periodic() { $limit apt-config dump APT::Periodic; }
section periodic periodic

# shellcheck disable=SC2086
intent() { $limit apt-config dump Unattended-Upgrade; }
section intent intent

timers() {
  # Without systemd, cron does it.
  [ -d /run/systemd/system ] || return 1
  # shellcheck disable=SC2086
  for timer in apt-daily.timer apt-daily-upgrade.timer; do
    printf '%s ' "$timer"
    $limit systemctl is-enabled "$timer" || :
  done
}
section timers timers

# The zone in which the log writes its times.
zone() {
  if [ -L /etc/localtime ]; then readlink /etc/localtime; elif [ -r /etc/timezone ]; then cat /etc/timezone; fi
  env -u TZ date +%z
}
section zone zone

# The last runs. Missing: 1, unreadable: 3. The folder belongs to group adm; without it not even the log's being can be seen.
runs() {
  [ -d "${log%/*}" ] || return 1
  [ -x "${log%/*}" ] || return 3
  [ -e "$log" ] || [ -e "$log.1" ] || return 1
  for file in "$log.1" "$log"; do
    [ -e "$file" ] || continue
    [ -r "$file" ] || return 3
    tail -c 200000 "$file"
  done | awk '/^[0-9][0-9-]* [0-9:,]* / && $3 != "DEBUG" { print substr($0, 1, 300) }' | tail -n 200
}
section runs runs

# What dpkg complained of, and when the step began in which it did: one run is many steps. 1 and 3 as above.
dpkg_log() {
  file=${log%.log}-dpkg.log
  [ -e "$file" ] || return 1
  [ -r "$file" ] || return 3
  tail -c 200000 "$file" | awk '
    function keep(line) { kept[count++ % 100] = substr(line, 1, 300) }
    /^Log started/ { start = $0; next }
    /^dpkg: error/ { if (start != "") keep(start); start = ""; keep($0); failed = 1; next }
    failed { keep($0); failed = 0 }
    END { for (line = count > 100 ? count - 100 : 0; line < count; line++) print kept[line % 100] }'
}
section dpkg-log dpkg_log

# With the programs behind them, where that may be seen.
listening() {
  if command -v ss >/dev/null 2>&1 && [ "$power" != none ] && sees_all; then
    named=$(as_root ss -Hltnup 2>/dev/null) && printf '%s\n' "$named" && return
  fi
  sockets
}
section listening listening

# Whose programs listen. Their names are patterns here, so only plain ones are asked for, and of what the patterns find only
# the programs are told. 1 of dpkg-query: some are no package's.
owners() {
  [ "$power" != none ] || return 77
  sees_all || return
  names=$(listening | tr '"' '\n' | grep '^[A-Za-z0-9][A-Za-z0-9._+-]*$' | sort -u)
  set --
  for name in $names; do set -- "$@" "*bin/$name" "*/lib*/$name*"; done
  [ $# -gt 0 ] || return 0
  code=0
  # shellcheck disable=SC2086
  said=$($limit dpkg-query -S "$@") || code=$?
  printf '%s\n' "$said" | awk -v names="$(printf '%s ' $names)" '
    BEGIN { count = split(names, all, " "); for (one = 1; one <= count; one++) known[all[one]] = 1 }
    { at = $0; sub(/.*\//, "", at); if (at in known) print }'
  return $code
}
section owners owners

section accounts accounts

# shellcheck disable=SC2086
section groups $limit getent group

# What was asked for the digest a moment ago is not asked again.
again() {
  [ -z "$1" ] || printf '%s\n' "$1"
  return "$2"
}
if [ -n "${asked-}" ] && [ "$asked" = "$power" ]; then
  section sudoers again "$sudoers_said" "$sudoers_rc"
  section keys again "$keys_said" "$keys_rc"
else
  section sudoers sudoers
  section keys keys
fi

# When each account last had a terminal.
logins() {
  # shellcheck disable=SC2086
  list=$($limit lastlog) || return
  printf '%s\n' "$list" | awk 'NR > 1 && !/Never logged in/'
}
section logins logins

if [ -n "${visits_rc-}" ]; then section visits again "$visits_said" "$visits_rc"; else section visits visits; fi

section filters filters
for tool in $(filters); do section "$tool" rules "$tool"; done
clock
