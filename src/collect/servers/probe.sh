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

nl='
'
# In front of a heading, and between what one program says for several sections: no text that we know of holds it.
mark=$(printf '\001')

# No section is larger than a mebibyte; one that is loses its status, and is believed in nothing.
section() {
  name=$1
  shift
  tell "$name" "$({ "$@" 2>&1; printf '\nrc=%d\n' "$?"; } | head -c 1048576)"
}
# The same of what a filter of ours has made short.
short() {
  name=$1
  shift
  said=$("$@" 2>&1) && code=0 || code=$?
  say "$name" "$code" "$said"
}
# The same of what is known already: name, status, text.
say() {
  body="${3:+$3$nl}${nl}rc=$2"
  [ ${#body} -le 1048576 ] || body='longer than a mebibyte'
  tell "$1" "$body"
}
tell() {
  body=$2
  case $body in *"$mark"*) body=$(printf '%s\n' "$body" | tr -d "$mark") ;; esac
  # A short one is sent in less time than its digest is made.
  if [ ${#body} -gt 500 ] && [ -n "${had-}" ]; then
    sum=$(printf '%s\n' "$body" | sha256sum)
    sum=${sum%% *}
    case " $had " in *" $1:$sum "*) body="$mark=$sum" ;; esac
  fi
  printf '%s#%s\n%s\n' "$mark" "$1" "$body"
}
# One filter for all sections: each line behind a space, but what is marked.
framed() {
  sed "s/^/ /; s/^ $mark//"
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
# Asked once, whoever wants to know it first.
know_accounts() {
  [ -z "${accounts_rc-}" ] || return "$accounts_rc"
  accounts_said=$(accounts 2>&1) && accounts_rc=0 || accounts_rc=$?
  return "$accounts_rc"
}
sudoers() {
  [ -e /etc/sudoers ] || return 3
  # Rules can be for some hosts only.
  { read -r host </proc/sys/kernel/hostname && echo "host $host"; } 2>/dev/null
  as_root cvtsudoers -e -f json /etc/sudoers
}
# Groups with their members. A directory need not list its own, but those that make somebody root it tells by name; 2: it has
# not all of them.
groups() {
  # shellcheck disable=SC2086
  $limit getent group || return
  # shellcheck disable=SC2086
  $limit getent group root sudo admin wheel docker lxd incus-admin libvirt disk shadow || { code=$?; [ $code = 2 ] || return $code; }
}
# Where else sshd takes keys from, in its own words. What may not be read: `? PATH`.
sshd() {
  set --
  for file in /etc/ssh/sshd_config.d /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; do
    if [ -e "$file" ] && ! [ -r "$file" ]; then echo "? $file"; elif [ -f "$file" ]; then set -- "$@" "$file"; fi
  done
  [ $# -gt 0 ] || return 0
  grep -Eih '^[[:space:]]*(AuthorizedKeysFile|AuthorizedKeysCommand|TrustedUserCAKeys|Include)[[:space:]="]' "$@" || [ $? = 1 ]
}
# Fingerprints of the keys that open an account, each file's behind its name. What may not be seen: `? PATH`. Under /root and
# /home sudo looks; there a file is looked at only when it is no link, and what a link hides is told. Root looks there also for
# those whom a directory does not list.
keys() {
  command -v ssh-keygen >/dev/null 2>&1 || return 127
  if [ "$power" = sudo ]; then
    may find || return
    sudo -n find -H /root /home -maxdepth 4 -type f -name authorized_keys -print -exec /usr/bin/ssh-keygen -lf '{}' ';' || return
    sudo -n find -H /root /home -maxdepth 4 -type f -name authorized_keys2 -print -exec /usr/bin/ssh-keygen -lf '{}' ';' || return
    links=$(as_root find -H /root /home -maxdepth 4 -type l -name authorized_keys -print -o -type l -name authorized_keys2 -print -o -type l -name .ssh -print) || return
    printf '%s\n' "$links" | sed -n 's/^./? &/p'
  fi
  if [ "$power" = root ]; then
    for file in /root/.ssh/authorized_keys /root/.ssh/authorized_keys2 /home/*/.ssh/authorized_keys \
      /home/*/.ssh/authorized_keys2 /home/*/*/.ssh/authorized_keys /home/*/*/.ssh/authorized_keys2; do
      [ ! -s "$file" ] || print_keys "$file"
    done
  fi
  know_accounts || return
  printf '%s\n' "$accounts_said" | cut -d: -f6 | sort -u | while read -r home; do
    case $power:$home in
      # What root found already.
      root:/home/*/*/* | root:/home/.* | root:/home/*/.*) ;;
      root:/root | root:/home/*) continue ;;
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

# What listens and who has a terminal, from where and since when, is asked on every visit. util-linux's and wtmpdb's `last`
# are called alike. wtmpdb tells of sessions without a terminal too, such as our own. The ports, sorted, without those that a
# resolver opens for a moment; status and text of both, each behind a mark.
live() {
  {
    sockets 2>&1
    printf '%s%d\n' "$mark" "$?"
    # shellcheck disable=SC2086
    $limit last -w -i -n 400 --time-format iso 2>&1
    printf '%s%d\n' "$mark" "$?"
  } | awk -v mark="$mark" '
    BEGIN { part = 0 }
    index($0, mark) == 1 { code[part++] = substr($0, 2); next }
    { said[part] = said[part] (many[part]++ ? "\n" : "") $0 }
    !part && $1 == "tcp" { keep($1 " " $5) }
    !part && $1 == "udp" { at = $5; sub(/.*:/, "", at); if (at + 0 < 32768) keep($1 " " $5) }
    !part && $1 ~ /tcp/ && $1 != "tcp" { keep($1 " " $2) }
    part == 1 && /still logged in/ && $2 ~ /^(pts\/|tty)/ { here = here (here == "" ? "" : "\n") $0 }
    function keep(port) { if (!known[port]++) ports[++count] = port }
    END {
      for (gap = int(count / 2); gap > 0; gap = int(gap / 2))
        for (at = gap + 1; at <= count; at++) {
          port = ports[at]
          for (to = at; to > gap && ports[to - gap] > port; to -= gap) ports[to] = ports[to - gap]
          ports[to] = port
        }
      for (at = 1; at <= count; at++) printf "%s\n", ports[at]
      printf "%s%s%s%s%s%s%s%s", mark, code[0], mark, said[0], mark, code[1], mark, code[1] == 0 ? here : said[1]
    }'
}

# The zone in which logs write their times; and the clock, last: from there only the way back lies between it and us.
clock() {
  zone=
  if [ -L /etc/localtime ]; then zone=$(readlink /etc/localtime); elif [ -r /etc/timezone ]; then read -r zone </etc/timezone; fi
  now=$(unset TZ && date '+%z %s.%N') && code=0 || code=$?
  say zone "$code" "${zone:+$zone$nl}${now% *}"
  say clock "$code" "${now#* }"
}

lists=/var/lib/apt/lists
sources=/etc/apt/sources.list
parts=/etc/apt/sources.list.d
states=/var/lib/apt/extended_states
log=/var/log/unattended-upgrades/unattended-upgrades.log

# The kernel's own files are read without a program.
booted() {
  if [ -r /proc/uptime ] && read -r uptime </proc/uptime; then say uptime 0 "$uptime"; else section uptime cat /proc/uptime; fi
  if [ -r /proc/sys/kernel/version ] && read -r release </proc/sys/kernel/osrelease && read -r version </proc/sys/kernel/version; then
    say kernel 0 "$release$nl$version"
  else
    section kernel kernel
  fi
}
kernel() { uname -r && uname -v; }

# apt's configuration, asked once: what is told of it, and whether apt keeps everything where it usually does.
configured() {
  # shellcheck disable=SC2086
  config=$($limit apt-config dump 2>&1) && config_rc=0 || config_rc=$?
  said=$(printf '%s\n' "$config" | awk -v mark="$mark" '
    function add(part, line) { told[part] = told[part] (told[part] == "" ? "" : "\n") line }
    { key = tolower($1); value[key] = $2 }
    /^W: Unable to read / { add(1, $0) }
    tolower($0) ~ /^(apt::get::allowunauthenticated|acquire::(allowinsecurerepositories|allowdowngradetoinsecurerepositories|check-valid-until|check-date|min-validtime[^"]*)) "..*";/ { add(2, "apt-config\t" $0) }
    key ~ /^apt::periodic(::|$)/ { add(3, $0) }
    key ~ /^unattended-upgrade(::|$)/ { add(4, $0) }
    END {
      for (part = 1; part <= 4; part++) printf "%s%s", told[part], mark
      state = value["dir"] value["dir::state"] value["dir::state::extended_states"] value["dir::state::status"]
      if (state ~ /^"\/";"var\/lib\/apt\/?";"extended_states";"\/var\/lib\/dpkg\/status";$/ && value["rootdir"] ~ /^("";)?$/)
        printf "%s", substr(value["apt::architecture"], 2, length(value["apt::architecture"]) - 3)
    }')
  set -f
  IFS=$mark
  # shellcheck disable=SC2086
  set -- $said
  unset IFS
  set +f
  unread=${1-}
  blind=${2-}
  periodic=${3-}
  intent=${4-}
  # Empty where apt keeps something elsewhere.
  native=${5-}
}

# dpkg's list, asked once: state, package, version, source, its version, architecture. Behind marks, how that ended, the names
# that apt knows the packages by, and those that somebody asked for: the rest came because these need it.
installed() {
  {
    # shellcheck disable=SC2086,SC2016
    $limit dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Version}\t${source:Package}\t${source:Version}\t${Architecture}\t${binary:Package}\n' 2>&1
    printf 'rc=%d\n' "$?"
  } | awk -F '\t' -v mark="$mark" -v native="$native" -v states="$states" '
    function note() { if (automatic > 0) auto[package ":" architecture]; package = ""; architecture = "any"; automatic = 0 }
    function list(names, count,   at) { for (at = 1; at <= count; at++) printf "%s%s", names[at], at < count ? "\n" : "" }
    BEGIN {
      note()
      while ((getline line < states) > 0) {
        value = line
        sub(/^[^:]*:[ \t]*/, "", value)
        sub(/[ \t]+$/, "", value)
        if (line ~ /^[ \t]*$/) note()
        else if (tolower(line) ~ /^package:/) package = value
        else if (tolower(line) ~ /^architecture:/) architecture = value == "all" ? native : value
        else if (tolower(line) ~ /^auto-installed:/) automatic = value + 0
      }
      note()
    }
    /^rc=[0-9]+$/ { code = substr($0, 4); next }
    NF == 7 {
      name = $7
      sub(/\t[^\t]*$/, "")
      # Neither not-installed nor of whose files the configuration alone is left.
      if ($1 !~ /^.[nc]/) {
        names[++many] = name
        of = $6 == "all" ? native : $6
        if (!(($2 ":" of) in auto) && !(($2 ":any") in auto)) chosen[++some] = $2 (of == native ? "" : ":" of)
      }
    }
    { printf "%s%s", rows++ ? "\n" : "", $0 }
    END {
      printf "%s%s%s", mark, code, mark
      list(names, many)
      printf "%s", mark
      list(chosen, some)
    }'
}

# The sections that are made of it. apt-mark knows no more than apt's own file, and takes longer than all else together, since
# it builds apt's whole tree of dependencies; where the file may lie elsewhere, it is asked.
packages() {
  said=$(installed)
  set -f
  IFS=$mark
  # shellcheck disable=SC2086
  set -- $said
  unset IFS
  set +f
  say packages "${2:-1}" "${1-}"
  names=${3-}
  if [ "${2-}" = 0 ]; then short pending pending; else say pending "${2:-1}" "${1-}"; fi
  if [ "${2-}" = 0 ] && [ -n "$native" ] && [ -z "${DPKG_ADMINDIR-}${APT_CONFIG-}" ] && [ -e "${states%/*}" ] &&
    { [ -r "$states" ] || ! [ -e "$states" ]; }; then
    say chosen 0 "${4-}"
  else
    section chosen apt_mark
  fi
}
# shellcheck disable=SC2086
apt_mark() { $limit apt-mark showmanual; }

# What could be installed of every package that is, with the table of its versions, where that isn't the installed one or where
# a newer one stands before it, which a pin keeps back.
# Not apt-get -s: its solver hides what is held or kept back, names only the newest version, and takes ten times as long.
pending() {
  [ -n "$names" ] || return 65
  # Hundreds of names are some ten kilobytes: far below any system's limit on arguments.
  # shellcheck disable=SC2086
  tables=$($limit apt-cache policy $names 2>&1) || { code=$?; printf '%s\n' "$tables" | tail -n 3; return $code; }
  printf '%s\n' "$tables" | awk '
    # The last block is printed by the package that follows it, or by the end.
    function flush() {
      if (candidate == "" || installed == "") return
      seen += 1
      if (candidate != "(none)" && candidate != installed || ahead && installed != "(none)") printf "%s", block
      if ((candidate == "(none)" || candidate == installed) && !offered && installed != "(none)") print "local=" name
    }
    /^[^ ]/ {
      if (block != "") flush()
      block = ""; installed = ""; candidate = ""; offered = 0; ahead = 0; passed = 0
      name = substr($0, 1, length($0) - 1)
    }
    / \*\*\* / { here = 1; passed = 1 }
    /^     [^ ]/ { here = 0; if (!passed) ahead = 1 }
    /^        / { if (here && $2 != "/var/lib/dpkg/status") offered = 1 }
    { block = block $0 "\n" }
    /^  Installed: / { installed = $2 }
    /^  Candidate: / { candidate = $2 }
    END { if (block != "") flush(); print "packages=" seen + 0 }'
}

# What the package lists say of themselves, and when each was last new.
lists() {
  found=1
  set --
  for list in "$lists"/*Release; do
    [ -f "$list" ] || continue
    found=0
    set -- "$@" "$list"
  done
  stamp=/var/lib/apt/periodic/update-success-stamp
  [ ! -f $stamp ] || set -- "$@" $stamp
  [ $# -gt 0 ] || return 1
  rows=$(stat -L -c '%Y %n' "$@") || return
  printf '%s\n' "$rows" | awk -v stamp=" $stamp" '
    substr($0, length($1) + 1) == stamp { print $1 " update-success-stamp"; next }
    {
      print
      file = substr($0, length($1) + 2)
      while ((got = (getline line < file)) > 0 && line !~ /^(-----BEGIN PGP SIGNATURE|SHA256:|MD5Sum:)/)
        if (line ~ /^(Origin|Label|Suite|Date|Codename|Version|Valid-Until): /) print line
      close(file)
      if (got < 0) { print file ": permission denied"; exit (failed = 2) }
    }
    END { exit failed }' || return
  return $found
}

# gpgv's words on each list, with every keyring that it can read; where there is no gpgv, sqv's, put as gpgv puts them. apt
# checked them when it took the lists; a key that has expired since is why it takes no new ones.
signatures() {
  inline=
  if command -v gpgv >/dev/null 2>&1; then
    with=gpgv
  elif command -v sqv >/dev/null 2>&1; then
    with=sqv
    inline=$(inline_keys)
  else
    return 127
  fi
  set --
  for ring in /etc/apt/trusted.gpg /etc/apt/trusted.gpg.d/*.gpg /etc/apt/trusted.gpg.d/*.asc \
    /etc/apt/keyrings/*.gpg /etc/apt/keyrings/*.pgp /etc/apt/keyrings/*.asc \
    /usr/share/keyrings/*.gpg /usr/share/keyrings/*.pgp /usr/share/keyrings/*.asc $(named_keys); do
    case $ring in *removed*) continue ;; esac
    [ -r "$ring" ] || continue
    # The same keys under another ending.
    if [ "${ring%.pgp}" != "$ring" ] && [ -r "${ring%.pgp}.gpg" ]; then continue; fi
    set -- "$@" "$ring"
  done
  # Lists that hold their own signature.
  armored=$nl$(grep -ls '^-----BEGIN PGP SIGNATURE' "$lists"/*Release)$nl
  # Keyrings that begin as keys do: gpgv finds no key in the others either beside one that is armored, or none at all. apt
  # passes that over too.
  binary=$nl$([ $with != gpgv ] || LC_ALL=C sed -sn '1 { /^[\o230\o231\o306]/F }' "$@" /dev/null)$nl
  for ring in "$@"; do
    shift
    if [ $with = gpgv ]; then
      case $binary in *"$nl$ring$nl"*) ;; *) continue ;; esac
    fi
    set -- "$@" --keyring "$ring"
  done
  [ -z "$inline" ] || set -- --keyring /dev/fd/4 "$@"
  for list in "$lists"/*Release; do
    [ -r "$list" ] || continue
    printf '%s\n' "$list"
    case $list in *InRelease) signed=$list ;; *) signed=$list.gpg ;; esac
    holds=yes
    if [ "$signed" = "$list" ]; then
      case $armored in *"$nl$list$nl"*) ;; *) holds=no ;; esac
    fi
    if [ $holds = no ] || ! [ -r "$signed" ]; then
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
  count=0 made=0 lost='' words=''
  set -f
  IFS=$nl
  for line in $said; do
    case "$line " in
      'gpgv: keydb_search failed'*) lost=$line words=$line ;;
      'gpgv: '*'could not be verified'*) ;;
      'gpgv: '*) [ -n "$lost" ] || words=$line ;;
      '[GNUPG:] NEWSIG '*) made=$((made + 1)) ;;
      '[GNUPG:] GOODSIG '* | '[GNUPG:] BADSIG '* | '[GNUPG:] ERRSIG '* | '[GNUPG:] EXPSIG '* | '[GNUPG:] EXPKEYSIG '* | '[GNUPG:] REVKEYSIG '*)
        IFS=' '
        # shellcheck disable=SC2086
        set -- $line
        IFS=$nl
        # 9: there is no such key. Whatever else kept it from looking is told.
        if [ "$2" = ERRSIG ] && { [ "${8-}" != 9 ] || [ -n "$lost" ]; }; then continue; fi
        count=$((count + 1))
        echo "$2"
        ;;
    esac
  done
  unset IFS
  set +f
  if [ $count = 0 ] || [ $count -lt $made ]; then printf '? %.300s\n' "${words:-gpgv: nothing}"; fi
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
  set --
  for file in "$sources" "$parts"/*.list "$parts"/*.sources; do
    [ ! -r "$file" ] || set -- "$@" "$file"
  done
  awk 'function tell(text,   count, words, at) {
      count = split(text, words, /[, \t]+/)
      for (at = 1; at <= count; at++)
        if (words[at] ~ /^\// && words[at] !~ /^\/(etc\/apt\/trusted.gpg.d|etc\/apt\/keyrings|usr\/share\/keyrings)\/[^\/]*[.](gpg|pgp|asc)$/ && !told[words[at]]++)
          print words[at]
    }
    /^[ \t]*#/ { next }
    tolower($1) == "signed-by:" { $1 = ""; tell($0); next }
    match(tolower($0), /signed-by=[^] \t]*/) { tell(substr($0, RSTART + 10, RLENGTH - 10)) }' "$@" /dev/null
}

# What is asked of apt's sources, each line behind its file; keys and logins that stand in them are left out.
sources() {
  for folder in "$parts" /etc/apt/apt.conf.d; do
    if [ -e "$folder" ] && ! [ -r "$folder" ]; then echo "$folder: permission denied" && return 3; fi
  done
  set --
  for file in "$sources" "$parts"/*.list "$parts"/*.sources; do
    [ ! -e "$file" ] || set -- "$@" "$file"
  done
  awk '/^[ \t]*#/ { next }
    FILENAME ~ /\.list$/ { sub(/^[ \t]+/, "") }
    # What a field goes on with: of where packages come from alone; of keys there is much.
    /^[ \t]+$/ { next }
    /^[ \t]/ { if (!place) next }
    /^[^ \t]/ { place = tolower($0) ~ /^(uris|suites)[ \t]*:/ }
    { gsub(/:\/\/[^\/ \t]*@/, "://"); print FILENAME "\t" substr($0, 1, 1000) }' "$@" /dev/null || return
  if [ "$config_rc" != 0 ]; then
    printf '%s\n' "$config" | tail -n 3
    return "$config_rc"
  fi
  # apt reads on where it may not read: root's apt may be told what ours is not.
  [ -z "$unread" ] || { printf '%s\n' "$unread" && return 3; }
  [ -z "$blind" ] || printf '%s\n' "$blind"
}

reboot_flag() {
  # 1 means that it isn't there; 3, that it is.
  [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ] || return 1
  cat /run/reboot-required.pkgs 2>/dev/null || cat /var/run/reboot-required.pkgs 2>/dev/null
  return 3
}

# -k: the kernel only; -r l: list, never restart anything.
needs_restart() {
  # shellcheck disable=SC2086
  $limit needrestart -b -k -r l
}

# Services that still run libraries which have been replaced: only root sees what others run.
services() {
  command -v needrestart >/dev/null 2>&1 || return 3
  if [ "$power" != none ]; then sees_all || return; fi
  as_root needrestart -b -l -r l
}

timers() {
  # Without systemd, cron does it.
  [ -d /run/systemd/system ] || return 1
  # shellcheck disable=SC2086
  for timer in apt-daily.timer apt-daily-upgrade.timer; do
    printf '%s ' "$timer"
    $limit systemctl is-enabled "$timer" || :
  done
}

# The last runs. Missing: 1, unreadable: 3. The folder belongs to group adm; without it not even the log's being can be seen.
# Once a month logrotate packs the log; until a new one tells of some days, the packed one is read too.
runs() {
  [ -d "${log%/*}" ] || return 1
  [ -x "${log%/*}" ] || return 3
  packed=
  set --
  for file in "$log.1.gz" "$log.1" "$log"; do
    [ -e "$file" ] || continue
    [ -r "$file" ] || return 3
    case $file in *.gz) packed="$limit gzip -dc $file 2>/dev/null | tail -c 200000" ;; *) set -- "$@" "$file" ;; esac
  done
  [ -n "$packed$*" ] || return 1
  tail -q -c 200000 "$@" /dev/null | awk -v packed="$packed" '
    function keep() { if (/^[0-9][0-9-]* [0-9:,]* / && $3 != "DEBUG") kept[count++ % 200] = substr($0, 1, 300) }
    { keep() }
    END {
      if (count < 50 && packed != "") {
        new = count
        for (line = 0; line < new; line++) late[line] = kept[line]
        count = 0
        while ((packed | getline) > 0) keep()
        for (line = 0; line < new; line++) kept[count++ % 200] = late[line]
      }
      for (line = count > 200 ? count - 200 : 0; line < count; line++) print kept[line % 200]
    }'
}

# What dpkg complained of, in whatever language, and when the step began in which it did: one run is many steps. 1 and 3 as
# above.
dpkg_log() {
  file=${log%.log}-dpkg.log
  if ! [ -s "$file" ] && [ -e "$file.1.gz" ]; then file=$file.1.gz; fi
  [ -e "$file" ] || return 1
  [ -r "$file" ] || return 3
  # shellcheck disable=SC2086
  case $file in
    *.gz) $limit gzip -dc "$file" 2>/dev/null | tail -c 200000 ;;
    *) tail -c 200000 "$file" ;;
  esac | awk '
    function keep(line) { kept[count++ % 100] = substr(line, 1, 300) }
    /^Log started/ { start = $0; next }
    /^dpkg: .* [(]--[a-z-]+[)]/ { if (start != "") keep(start); start = ""; keep($0); failed = 1; next }
    failed { keep($0); failed = 0 }
    END { for (line = count > 100 ? count - 100 : 0; line < count; line++) print kept[line % 100] }'
}

# With the programs behind them, where that may be seen.
listening() {
  if command -v ss >/dev/null 2>&1 && [ "$power" != none ] && sees_all; then
    named=$(as_root ss -Hltnup 2>/dev/null) && printf '%s\n' "$named" && return
  fi
  [ -z "$sockets_said" ] || printf '%s\n' "$sockets_said"
  return "$sockets_rc"
}

# Whose programs listen. Their names are patterns here, so only plain ones are asked for, and of what the patterns find only
# the programs are told. 1 of dpkg-query: some are no package's.
owners() {
  [ "$power" != none ] || return 77
  sees_all || return
  names=$(printf '%s\n' "$listening_said" | tr '"' '\n' | grep '^[A-Za-z0-9][A-Za-z0-9._+-]*$' | sort -u)
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

# When each account last had a terminal.
logins() {
  # shellcheck disable=SC2086
  list=$($limit lastlog) || return
  printf '%s\n' "$list" | awk 'NR > 1 && !/Never logged in/'
}

# Everything, in an order in which one part can use what another found.
whole() {
  tell digest "$digest${nl}rc=0"
  tell power "$power$lacks${nl}rc=0"
  booted
  section release cat /etc/os-release
  configured
  # An APT_CONFIG of the login may keep the lists and the sources elsewhere.
  if [ -n "${APT_CONFIG-}" ]; then
    eval "$(apt-config shell lists Dir::State::lists/d sources Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
    lists=${lists%/}
    parts=${parts%/}
  fi
  packages
  short lists lists
  short signatures signatures
  short sources sources
  if [ "$config_rc" != 0 ]; then periodic=$config intent=$config; fi
  say periodic "$config_rc" "$periodic"
  say intent "$config_rc" "$intent"
  short reboot-flag reboot_flag
  if command -v needrestart >/dev/null 2>&1; then section needrestart needs_restart; fi
  section services services
  short timers timers
  short runs runs
  short dpkg-log dpkg_log
  listening_said=$(listening 2>&1) && listening_rc=0 || listening_rc=$?
  say listening "$listening_rc" "$listening_said"
  section owners owners
  know_accounts || :
  say accounts "$accounts_rc" "$accounts_said"
  section groups groups
  short sshd sshd
  # What was asked for the digest a moment ago is not asked again.
  if [ -n "$asked" ] && [ "$asked" = "$power" ]; then
    say sudoers "$sudoers_rc" "$sudoers_said"
    say keys "$keys_rc" "$keys_said"
  else
    short sudoers sudoers
    short keys keys
  fi
  short logins logins
  say visits "$visits_rc" "$visits_said"
  filters_said=${filters_said-$(filters)}
  say filters 0 "$filters_said"
  for tool in $filters_said; do section "$tool" rules "$tool"; done
  clock
}

# Everything that the costly parts are made from: name, inode, size, times. A file that isn't there says so, which counts.
# This much is done on every visit: one stat, one sha256sum; and what leaves no trace in a file: the ports that listen (but
# those that a resolver opens for a moment), who has a terminal, and what may be read with root's power alone: the packet
# filter, keys, sudo's rules. What stat says of its own folder in /proc, made that moment, is the time.
digest=
given=${power-}
power=${given%%:*}
lacks=${given#"$power"}
[ -n "$power" ] || ask_power
asked=
now=
said=$(live)
set -f
IFS=$mark
# shellcheck disable=SC2086
set -- $said
unset IFS
set +f
ports=${1-}
sockets_rc=${2:-1}
sockets_said=${3-}
visits_rc=${4:-1}
visits_said=${5-}
# Another dpkg database or apt configuration than the usual places is not covered by the stamps.
if [ -z "${DPKG_ADMINDIR-}${APT_CONFIG-}" ]; then
  stamps=$(stat -c '%n %d:%i %s %.Y %.Z' \
    /etc/os-release /usr/lib/os-release /etc/localtime /etc/timezone \
    /var/lib/dpkg/status /var/lib/dpkg/arch /var/lib/dpkg/updates \
    /etc/apt /etc/apt/* /etc/apt/*/* "$lists" "$lists"/* "$states" /var/lib/apt/periodic /var/lib/apt/periodic/* \
    /run/reboot-required /run/reboot-required.pkgs /usr/sbin/needrestart \
    /etc/passwd /etc/group /etc/sudoers /etc/sudoers.d /etc/sudoers.d/* /etc/ssh/authorized_keys* /etc/ssh/authorized_keys*/* \
    /etc/ssh/sshd_config /etc/ssh/sshd_config.d /etc/ssh/sshd_config.d/* \
    ~/.ssh/authorized_keys* /root/.ssh/authorized_keys* /home/*/.ssh/authorized_keys* \
    "${log%/*}" "$log" "$log.1" "$log.1.gz" /etc/systemd/system /etc/systemd/system/apt-daily* /etc/systemd/system/timers.target.wants \
    /etc/systemd/system/timers.target.wants/* /proc/self/ 2>&1)
  # Line by line: patterns over the whole are tried by sh at each of its letters.
  told=
  status=
  set -f
  IFS=$nl
  for line in $stamps; do
    case $line in
      /proc/self/\ *) now=${line##* } && continue ;;
      /var/lib/dpkg/status\ [0-9]*) status=told ;;
    esac
    told="$told$line$nl"
  done
  unset IFS
  set +f
  boot=unknown
  if [ -r /proc/sys/kernel/random/boot_id ]; then read -r boot </proc/sys/kernel/random/boot_id; fi
  # Membership in a group leaves no trace in a file.
  if [ -r "$log" ]; then boot="$boot readable"; fi
  rooted=
  case $power in
    root | sudo)
      filters_said=$(filters)
      for tool in $filters_said; do rooted="$rooted$(rules "$tool" 2>&1 | lasting)"; done
      sudoers_said=$(sudoers 2>&1) && sudoers_rc=0 || sudoers_rc=$?
      know_accounts || :
      keys_said=$(keys 2>&1) && keys_rc=0 || keys_rc=$?
      asked=$power
      rooted="$rooted$sudoers_said$keys_said"
      ;;
  esac
  case $boot:$status in
    # Without stat, or without its words about this file, there is nothing to compare.
    unknown*) ;;
    *:told)
      digest=$(sha256sum <<EOF
$boot $tz $power$lacks
$ports
$visits_rc $visits_said
$rooted
$told
EOF
      )
      digest=${digest%% *}
      ;;
  esac
fi
if [ -n "$digest" ] && [ "$digest" = "${known-}" ]; then
  case $now in
    [1-9]*.*[0-9]) printf '#same\n rc=0\n#clock\n %s\n rc=0\n' "$now" ;;
    *) { say same 0 '' && clock; } | framed ;;
  esac
  exit 0
fi
# It may have been given or taken since it was last asked: then the digest says nothing.
if [ -n "$given" ]; then ask_power; fi
if [ "${given:-$power$lacks}" != "$power$lacks" ]; then
  digest=
  asked=
fi
whole | framed
