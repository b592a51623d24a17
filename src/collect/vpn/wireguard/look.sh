# Reads the WireGuard peers of this machine; writes nothing. Private and preshared keys are cut out before anything is said.
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
wg=$(command -v wg) || exit 71
printf 'login\t%s\n' "$(id -un)"
printf 'wg\t%s\n' "$wg"
root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || exit 72
    root='sudo -n'
fi
printf 'now\t%s\n' "$(date +%s)"
# An interface has five columns, the second its private key; a peer nine, the third its preshared key. Of a row of any
# other length nothing but its length is said.
exec 3>&1
ended=$({
    { $root wg show all dump; printf '%s' "$?" >&4; } |
        awk 'BEGIN { FS = OFS = "\t" } NF == 5 { $2 = "-"; print; next } NF == 9 { $3 = "-"; print; next } { print "odd", NF }' >&3
} 4>&1)
exit "$ended"
