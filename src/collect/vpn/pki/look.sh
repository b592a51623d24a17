# Reads the public part of an easy-rsa folder, $p: what was issued and revoked, and until when; writes nothing. Of files
# that may hold more only certificate blocks are printed; private keys are not opened.
export LC_ALL=C PATH="$PATH:/usr/bin:/bin"
cap=2097152

certificates='/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/s/^/ /p'

# part NAME FILE PRINT: how FILE can be read, then the lines of it that sed's PRINT prints, each behind a space.
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
        sed -n "$3" "$2" || exit 1
        echo
    fi
}

part ca "$p/ca.crt" "$certificates"
part index "$p/index.txt" 's/^/ /p'
part crl "$p/crl.pem" '/^-----BEGIN X509 CRL-----/,/^-----END X509 CRL-----/s/^/ /p'
printf '#issued '
if ! [ -e "$p/issued" ]; then
    if [ -x "$p" ]; then echo missing; else echo forbidden; fi
elif ! [ -r "$p/issued" ] || ! [ -x "$p/issued" ]; then
    echo forbidden
elif ! hidden=$(find "$p/issued" -maxdepth 1 -name '*.crt' ! -readable -print -quit) || [ -n "$hidden" ]; then
    # One that may not be read, among others, may be the server's.
    echo forbidden
else
    echo seen
    find "$p/issued" -maxdepth 1 -name '*.crt' -type f -exec sed -n "$certificates" {} + || exit 1
    echo
fi
echo '#end seen'
