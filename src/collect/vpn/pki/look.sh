# Reads the public part of an easy-rsa folder, $p: what was issued and revoked, and until when; writes nothing. Of files
# that may hold more only certificate blocks are printed; private keys are not opened.
export LC_ALL=C PATH="$PATH:/usr/bin:/bin"
cap=2097152

# part NAME FILE: how FILE can be read, then its lines, each behind a space.
part() {
    printf '#%s ' "$1"
    if ! [ -e "$2" ]; then
        d=${2%/*}
        while [ -n "$d" ] && ! [ -e "$d" ]; do d=${d%/*}; done
        if [ -x "${d:-/}" ]; then echo missing; else echo forbidden; fi
    elif ! [ -r "$2" ]; then
        echo forbidden
    elif [ "$(wc -c <"$2")" -gt "$cap" ]; then
        echo large
    else
        echo seen
        sed 's/^/ /' "$2"
        echo
    fi
}

part ca "$p/ca.crt"
part index "$p/index.txt"
part crl "$p/crl.pem"
printf '#issued '
if ! [ -e "$p/issued" ]; then
    if [ -x "$p" ]; then echo missing; else echo forbidden; fi
elif ! [ -r "$p/issued" ] || ! [ -x "$p/issued" ]; then
    echo forbidden
else
    echo seen
    find "$p/issued" -maxdepth 1 -name '*.crt' -type f -exec sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/s/^/ /p' {} +
    echo
fi
echo '#end seen'
