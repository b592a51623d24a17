# What matins asks a server, read by `sh -s`: POSIX sh, unprivileged, writes nothing, never fetches package lists.
#
# In front of this text stands one line, known='DIGEST': what the last full answer was made from. When nothing of that
# has changed, the costly parts are left out.
#
# The answer: `#NAME` begins a section; each line of its body stands behind one space, so that no data can look like a
# heading; the body's last line is ` rc=N`, the status of the command that made it (a pipe would hide it).

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

section() {
  printf '#%s\n' "$1"
  shift
  { "$@" 2>&1; printf '\nrc=%d\n' "$?"; } | sed 's/^/ /'
}

# The clock comes last: from there only the way back lies between it and us.
clock() {
  now=$(date +%s.%N)
  printf '#clock\n %s\n rc=%d\n' "$now" "$?"
}

lists=/var/lib/apt/lists
log=/var/log/unattended-upgrades/unattended-upgrades.log

# Everything that the costly parts are made from: name, inode, size, times. A file that isn't there says so, which counts.
# This much is done on every visit: one stat, one sha256sum, and nothing else is started. What stat says of its own folder
# in /proc, made that moment, is the time.
digest=
# Another dpkg database or apt configuration than the usual places is not covered by the stamps.
if [ -z "${DPKG_ADMINDIR-}${APT_CONFIG-}" ]; then
  stamps=$(stat -c '%n %d:%i %s %.Y %.Z' \
    /etc/os-release /usr/lib/os-release /etc/localtime /etc/timezone \
    /var/lib/dpkg/status /var/lib/dpkg/arch /var/lib/dpkg/updates \
    /etc/apt /etc/apt/* /etc/apt/*/* "$lists" "$lists"/* /var/lib/apt/periodic /var/lib/apt/periodic/* \
    /run/reboot-required /run/reboot-required.pkgs /usr/sbin/needrestart \
    "${log%/*}" "$log" "$log.1" /etc/systemd/system /etc/systemd/system/apt-daily* /etc/systemd/system/timers.target.wants \
    /etc/systemd/system/timers.target.wants/* /proc/self/ 2>&1)
  now=${stamps##*/proc/self/ }
  stamps=${stamps%/proc/self/ *}
  boot=unknown
  if [ -r /proc/sys/kernel/random/boot_id ]; then read -r boot </proc/sys/kernel/random/boot_id; fi
  # Membership in a group leaves no trace in a file.
  if [ -r "$log" ]; then boot="$boot readable"; fi
  case $boot:$stamps in
    # Without stat, or without its words about this file, there is nothing to compare.
    unknown*) ;;
    */var/lib/dpkg/status\ [0-9]*)
      digest=$(sha256sum <<EOF
$boot $tz
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
printf '#digest\n %s\n rc=0\n' "$digest"

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
    }
    /^[^ ]/ { if (block != "") flush(); block = ""; installed = ""; candidate = "" }
    { block = block $0 "\n" }
    /^  Installed: / { installed = $2 }
    /^  Candidate: / { candidate = $2 }
    END { if (block != "") flush(); print "packages=" seen + 0 }'
}
section pending pending

# What the package lists say of themselves, and when each was last new.
lists() {
  found=1
  for list in "$lists"/*Release; do
    [ -f "$list" ] || continue
    found=0
    stat -L -c '%Y %n' "$list" || return
    sed -n '/^-----BEGIN PGP SIGNATURE/q; /^SHA256:/q; /^MD5Sum:/q
      /^Label: /p; /^Suite: /p; /^Codename: /p; /^Version: /p; /^Valid-Until: /p' "$list" || return
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

# shellcheck disable=SC2086
periodic() { $limit apt-config dump APT::Periodic; }
section periodic periodic

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
clock
