//! Who is logged in on a server while nobody is on the VPN: a real login with a terminal from a public address, written into a
//! real wtmp by sshd and read by the system's own `last` over ssh, against a real OpenVPN.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::sshd::Sshd;
use super::world::World;

/// In a network and with logs of its own: a server at 203.0.113.5, on which root logs in from `$from`, five minutes ago.
/// Then two rounds: while they are logged in, and after they left.
const SCRIPT: &str = r#"
mount --make-rprivate /
mount -t tmpfs none /var/log
: >/var/log/wtmp; : >/var/log/lastlog; : >"$root/utmp"
touch /run/utmp; mount --bind "$root/utmp" /run/utmp
mkdir -p /run/sshd
ip link set lo up
ip address add 203.0.113.5/32 dev lo
ip address add 203.0.113.9/32 dev lo
# What PAM does at a login, and `last` wants to see.
echo 0 >/proc/self/loginuid
/usr/sbin/sshd -D -e -f "$root/sshd_config" 2>"$root/said" & server=$!
until grep -q 'Server listening' "$root/said"; do kill -0 $server; done
ssh -tt -b "$from" -o HostName="$to" web1 'echo here; exec sleep 600' </dev/null >"$root/out" 2>"$root/err" & login=$!
until grep -q here "$root/out"; do kill -0 $login; done
utmpdump /var/log/wtmp 2>"$root/err" |
    sed -E "s/\[[0-9]{4}-[0-9T:,+.-]+\]/[$(date -u -d '-5 min' +%Y-%m-%dT%H:%M:%S),000000+00:00]/" >"$root/wtmp"
utmpdump -r <"$root/wtmp" >/var/log/wtmp 2>"$root/err"
"$matins" round --json >"$root/during.json" || [ $? -le 3 ]
kill $login; wait $login || true
until last -w -i -n 400 | grep -q "$from" && ! last -w -i -n 400 | grep -q 'still logged in'; do kill -0 $server; done
"$matins" round --json >"$root/after.json" || [ $? -le 3 ]
kill $server
"#;

/// `None`, said aloud, where this can't be had.
fn server() -> Option<Sshd> {
    let needed = ["/usr/sbin/sshd", "/usr/bin/last", "/usr/bin/utmpdump", "/proc/self/loginuid"];
    if let Some(missing) = needed.iter().find(|path| !fs::exists(path).unwrap()) {
        eprintln!("left out: there is no {missing}, as on a Debian whose `last` is wtmpdb's");
        return None;
    }
    let sshd = Sshd::at(22);
    let root = sshd.folder.path().display().to_string();
    let config = format!(
        "Port 22\nHostKey {root}/host\nAuthorizedKeysFile {root}/authorized\nUsePAM no\nStrictModes no\nPidFile none\n\
         PrintMotd no\nPermitRootLogin yes\nLogLevel INFO\n"
    );
    fs::write(sshd.path("sshd_config"), config).unwrap();
    let key = fs::read_to_string(sshd.path("host.pub")).unwrap();
    fs::write(sshd.path("known"), format!("127.0.0.1,203.0.113.5 {key}")).unwrap();
    sshd.configure("User root");
    Some(sshd)
}

/// What the rounds during and after a login from there say of it on web1.
fn logins(world: &World, from: &str) -> Option<[Option<String>; 2]> {
    let sshd = server()?;
    let root = sshd.folder.path();
    let config = root.join("config.d/matins");
    fs::create_dir_all(&config).unwrap();
    fs::write(
        config.join("matins.toml"),
        format!(
            "[console]\ntimezone = \"UTC\"\noperator = \"mona\"\n[[server]]\nname = \"web1\"\n\
             [[vpn]]\nname = \"gate\"\nkind = \"openvpn\"\nmanagement = \"unix:{}\"\npassword = {{ file = \"{}\" }}\n\
             [[peer]]\nname = \"roman's laptop\"\ncommon_name = \"roman\"\n",
            world.path("m.sock").display(),
            world.path("password").display()
        ),
    )
    .unwrap();
    let to = if from == "127.0.0.1" { from } else { "203.0.113.5" };
    let ran = Command::new("unshare")
        .args(["--mount", "--net", "--", "bash", "-euo", "pipefail", "-c", SCRIPT])
        .env_clear()
        .env("PATH", format!("{}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", root.display()))
        .env("HOME", root)
        .env("XDG_CONFIG_HOME", root.join("config.d"))
        .env("XDG_STATE_HOME", root.join("state"))
        // Not the kept connection of another test's web1.
        .env("XDG_RUNTIME_DIR", root.join("c"))
        .env("root", root)
        .env("from", from)
        .env("to", to)
        .env("matins", env!("CARGO_BIN_EXE_matins"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = |name: &str| fs::read_to_string(sshd.path(name)).unwrap_or_default();
    assert!(ran.status.success(), "{}{}{}", String::from_utf8_lossy(&ran.stderr), said("err"), said("said"));
    Some(["during.json", "after.json"].map(|name| {
        let round: Value = serde_json::from_str(&said(name)).unwrap();
        let fresh = |source: &Value| source["state"] == "fresh";
        let sources = round["sources"].as_array().unwrap();
        assert!(sources.len() == 2 && sources.iter().all(fresh), "{sources:#?}");
        let findings = round["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["key"] == "admin-via-vpn/web1/logins");
        found.map(|finding| format!("{}: {}", finding["verdict"].as_str().unwrap(), finding["title"].as_str().unwrap()))
    }))
}

#[test]
fn a_login_from_outside_while_nobody_is_on_the_vpn_is_due_until_it_ends() {
    let Some(world) = World::new(&["roman"]) else { return };
    let _server = world.serve(&[]);
    let Some([during, after]) = logins(&world, "203.0.113.9") else { return };
    let during = during.expect("it is told");
    assert!(during.starts_with("due: logged in: root from 203.0.113.9 since "), "{during}");
    assert!(during.ends_with(", and nobody is on the VPN"), "{during}");
    assert_eq!(after, None, "they left");
}

#[test]
fn a_login_while_somebody_is_on_the_vpn_or_from_inside_says_nothing() {
    let Some(world) = World::new(&["roman"]) else { return };
    let _server = world.serve(&[]);
    let Some(inside) = logins(&world, "127.0.0.1") else { return };
    assert_eq!(inside, [None, None]);
    let _roman = world.join("roman", &[]);
    assert_eq!(logins(&world, "203.0.113.9").unwrap(), [None, None]);
}
