//! Parts of the probe, run by sh in a folder of the test: its own /etc/apt, /root and /home, and programs that misbehave.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::PROBE;
use crate::collect::tools::run::{Program, run};

mod packages;
mod power;
mod runs;
mod sections;
mod sources;

/// A machine as far as one part of the probe looks at it.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        fs::set_permissions(machine.folder.path(), Permissions::from_mode(0o755)).unwrap();
        for folder in ["bin", "root", "home", "etc/apt/sources.list.d"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// A program that is found before the system's.
    fn program(&self, name: &str, body: &str) {
        self.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(self.path(&format!("bin/{name}")), Permissions::from_mode(0o755)).unwrap();
    }

    /// The probe's text, at home here.
    fn text(&self, text: &str) -> String {
        let here = self.folder.path().display().to_string();
        let text = text.replace("PATH=/usr/sbin", &format!("PATH={here}/bin:/usr/sbin"));
        ["/etc/apt", "/etc/ssh", "/etc/sudoers", "/home", "/root"].iter().fold(text, |text, path| {
            let text = text.replace(&format!("{path}/"), &format!("{here}{path}/"));
            [" ", ")"]
                .iter()
                .fold(text, |text, end| text.replace(&format!("{path}{end}"), &format!("{here}{path}{end}")))
        })
    }

    /// What the functions say when one is called, and its status. Never as root, to whom everything is open.
    async fn says(&self, before: &str, names: &[&str], call: &str) -> (String, Option<i32>) {
        let functions: String = names.iter().map(|name| self.text(function(name))).collect();
        let path = self.path("bin").display().to_string();
        let script =
            format!("PATH={path}:$PATH\nlimit=\nnl='\n'\nmark=$(printf '\\001')\n{before}\n{functions}{call}\n");
        let words = ["-c", &script];
        let program = if rustix::process::getuid().is_root() {
            Program::new("setpriv")
                .arguments(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"])
                .arguments(words)
        } else {
            Program::new("sh").arguments(words)
        };
        let ran = run(program).await.unwrap();
        (String::from_utf8(ran.output).unwrap().replace(&self.folder.path().display().to_string(), ""), ran.status)
    }
}

/// One function of the probe, from its name to its closing brace.
fn function(name: &str) -> &'static str {
    let start = PROBE.find(&format!("\n{name}() {{")).unwrap();
    let end = PROBE[start..].find("\n}\n").unwrap();
    &PROBE[start..start + end + 3]
}

fn lock(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nanna:x:1:1::/home/anna:/bin/sh\ndeep:x:2:2::/home/a/b/c:/bin/sh\nlinked:x:3:3::/home/linked:/bin/sh\nother:x:4:4::/home/others/other:/bin/sh";
const KEYS: &[&str] = &["wanted", "may", "as_root", "accounts", "know_accounts", "print_keys", "keys"];

async fn with_homes(machine: &Machine) -> Option<()> {
    if !Path::new("/usr/bin/ssh-keygen").exists() {
        eprintln!("left out: ssh-keygen is not installed");
        return None;
    }
    machine.program("sudo", "shift\nexec \"$@\"");
    let here = machine.folder.path().display().to_string();
    machine.program("getent", &format!("cat <<'E'\n{}\nE", PASSWD.replace("::/", &format!("::{here}/"))));
    let key = machine.path("key").display().to_string();
    let made = run(Program::new("ssh-keygen").arguments(["-q", "-t", "ed25519", "-N", "", "-C", "anna", "-f", &key]));
    assert_eq!(made.await.unwrap().status, Some(0));
    let public = fs::read_to_string(machine.path("key.pub")).unwrap();
    for file in ["root/.ssh/authorized_keys", "home/anna/.ssh/authorized_keys2", "home/org/roman/.ssh/authorized_keys"]
    {
        machine.write(file, &public);
    }
    symlink("/nowhere", machine.path("home/anna/.ssh/authorized_keys")).unwrap();
    fs::create_dir_all(machine.path("home/eve")).unwrap();
    symlink("/nowhere", machine.path("home/eve/.ssh")).unwrap();
    fs::create_dir_all(machine.path("data/linked")).unwrap();
    symlink(machine.path("data/linked"), machine.path("home/linked")).unwrap();
    symlink(machine.path("data"), machine.path("home/others")).unwrap();
    Some(())
}

#[tokio::test]
async fn sudo_finds_second_files_and_deeper_homes_and_what_links_hide_is_told() {
    let machine = Machine::new();
    if with_homes(&machine).await.is_none() {
        return;
    }
    let (said, status) = machine.says("power=sudo lacks=", KEYS, "keys").await;
    assert_eq!(status, Some(0), "{said}");
    let mut told: Vec<&str> = said.lines().filter(|line| !line.starts_with("256 SHA256:")).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "/home/anna/.ssh/authorized_keys2",
            "/home/org/roman/.ssh/authorized_keys",
            "/root/.ssh/authorized_keys",
            "? /home/a/b/c",
            "? /home/anna/.ssh/authorized_keys",
            "? /home/eve/.ssh",
            "? /home/linked",
            "? /home/others/other",
        ]
    );
    assert_eq!(said.lines().filter(|line| line.starts_with("256 SHA256:")).count(), 3);
    machine.program("getent", "echo no; exit 2");
    assert_eq!(machine.says("power=sudo lacks=", KEYS, "keys").await.1, Some(2));
}

#[tokio::test]
async fn a_home_below_a_folder_that_nobody_may_enter_is_hidden_and_one_that_is_gone_is_none() {
    let machine = Machine::new();
    if with_homes(&machine).await.is_none() {
        return;
    }
    let mode = if rustix::process::getuid().is_root() { 0o700 } else { 0o000 };
    machine.write("etc/ssh/authorized_keys/anna", "x");
    lock(&machine.path("home"), mode);
    lock(&machine.path("etc/ssh/authorized_keys/anna"), mode);
    let (said, status) = machine.says("power=none lacks=", KEYS, "keys").await;
    lock(&machine.path("home"), 0o755);
    assert_eq!(status, Some(0), "{said}");
    let hidden: Vec<&str> = said.lines().filter(|line| line.starts_with("? ")).collect();
    let homes = ["? /home/a/b/c", "? /home/anna", "? /home/linked", "? /home/others/other"];
    assert_eq!(hidden, [&homes[..], &["? /etc/ssh/authorized_keys/anna"]].concat());
    let (said, _) = machine.says("power=none lacks=", KEYS, "keys").await;
    assert!(!said.contains("/home/a/b/c"), "{said}");
}

/// The head of the probe, which decides whether anything has changed.
async fn answer(machine: &Machine, known: &str) -> String {
    answer_to(machine, known, "sudo").await
}

async fn answer_to(machine: &Machine, known: &str, power: &str) -> String {
    let head = PROBE.replace("\n  booted\n", "\n  exit\n");
    let script = format!("known='{known}' power='{power}'\n{}", machine.text(&head));
    let ran = run(Program::new("sh").arguments(["-c", &script])).await.unwrap();
    String::from_utf8(ran.output).unwrap()
}

fn digest(said: &str) -> String {
    said.lines().nth(1).unwrap_or_default().trim().to_owned()
}

#[tokio::test]
async fn a_new_key_and_a_new_rule_that_only_root_can_see_are_news() {
    let machine = Machine::new();
    if with_homes(&machine).await.is_none() {
        return;
    }
    machine.program("id", "echo 1000");
    machine.program("ss", "exit 0");
    // As nft 1.0.6 prints a set whose elements end by themselves.
    let elements = r#"{"elem": {"val": "192.0.2.1", "timeout": 3600, "expires": '$(date +%s%N)'}}"#;
    machine.program("nft", &format!("echo '{elements}'"));
    machine.program("sudo", "case $2 in -l) echo '    (root) NOPASSWD: ALL'; exit ;; esac\nshift\nexec \"$@\"");
    machine.program("cvtsudoers", &format!("cat {}", machine.path("rules").display()));
    machine.write("rules", "{}");
    machine.write("etc/sudoers", "");
    let mut known = digest(&answer(&machine, "").await);
    assert_eq!(known.len(), 64, "{known}");
    let public = fs::read_to_string(machine.path("key.pub")).unwrap();
    for (file, text) in [("rules", "{\"User_Specs\": 1}"), ("home/org/eve/.ssh/authorized_keys", &public)] {
        let same = answer(&machine, &known).await;
        assert!(same.starts_with("#same"), "{same}");
        machine.write(file, text);
        let news = answer(&machine, &known).await;
        assert!(news.starts_with("#digest"), "{file}: {news}");
        known = digest(&news);
    }
}

#[tokio::test]
async fn a_terminal_that_opens_or_closes_is_news_and_a_session_without_one_is_none() {
    let machine = Machine::new();
    machine.program("ss", "exit 0");
    machine.program("id", "echo 1000");
    machine.program("sudo", "exit 1");
    machine.program("last", &format!("cat {}", machine.path("open").display()));
    let row = |terminal: &str, from: &str| {
        format!("anna     {terminal:<12} {from:<16} 2026-11-26T08:05:00+00:00   still logged in\n")
    };
    let other = "ben      pts/0        203.0.113.9      2026-11-26T06:12:00+00:00 - crash  (00:10)\n";
    machine.write("open", other);
    let ask = async |known: &str| answer_to(&machine, known, "none").await;
    let nobody = digest(&ask("").await);
    assert_eq!(nobody.len(), 64, "{nobody}");
    machine.write("open", &format!("{}{other}", row("ssh", "203.0.113.8")));
    assert!(ask(&nobody).await.starts_with("#same"));
    machine.write("open", &format!("{}{other}", row("pts/2", "203.0.113.7")));
    let opened = ask(&nobody).await;
    assert!(opened.starts_with("#digest"), "{opened}");
    assert!(ask(&digest(&opened)).await.starts_with("#same"));
    machine.program("last", "echo broken >&2; exit 1");
    let broken = ask(&digest(&opened)).await;
    assert!(broken.starts_with("#digest") && digest(&broken) != nobody, "{broken}");
}

/// What sudo says it allows, as 1.9 prints it; and the numbers of what it lacks.
#[tokio::test]
async fn rules_that_sudo_holds_are_not_said_to_be_lacking() {
    let machine = Machine::new();
    let lacks = async |said: &str| {
        machine.write("said", said);
        let call = format!("{{ wanted; echo; cat {}; }} | lacking", machine.path("said").display());
        let (said, status) = machine.says("", &["wanted", "lacking"], &call).await;
        assert_eq!(status, Some(0));
        said.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect::<Vec<usize>>()
    };
    for all in [
        "(ALL : ALL) NOPASSWD: ALL",
        "(root) NOPASSWD: LOG_OUTPUT: ALL",
        "(ALL) MAIL: TIMEOUT=20 NOPASSWD: FOLLOW: ALL",
        "(root) NOPASSWD: /usr/bin/id, ALL",
        "(root) NOPASSWD: ALL, !/usr/bin/su",
        "(root) NOPASSWD: /usr/sbin/, /usr/bin/id",
        "(root) NOPASSWD: /usr/sbin/*",
        "(root) NOPASSWD: ^/usr/s?bin/.*$",
    ] {
        assert_eq!(
            lacks(&format!("Matching Defaults entries:\n    x\n\n    {all}\n")).await,
            Vec::<usize>::new(),
            "{all}"
        );
    }
    let every: Vec<usize> = (1..=11).collect();
    for none in ["(ALL : ALL) ALL", "(root) NOPASSWD: /usr/bin/id, PASSWD: ALL", "(root) NOPASSWD: !ALL, !/usr/sbin/"] {
        assert_eq!(lacks(&format!("    {none}\n    (root) NOPASSWD: /bin/true\n")).await, every, "{none}");
    }
    let some = "    (root) NOPASSWD: LOG_OUTPUT: /usr/sbin/nft -s -j list ruleset, NOLOG_OUTPUT: /usr/sbin/iptables-save\n    \
        (root) NOPASSWD: sha256:0a== /usr/bin/find, /usr/bin/ss *, /usr/bin/cvtsudoers -f json, /usr/sbin/needrestart \"\"\n";
    assert_eq!(lacks(some).await, [3, 4, 5, 7, 11]);
}

#[tokio::test]
async fn what_older_rules_of_sudo_lack_is_named_and_not_tried_at_each_visit() {
    let machine = Machine::new();
    if with_homes(&machine).await.is_none() {
        return;
    }
    machine.program("id", "echo 1000");
    machine.program("ss", "exit 0");
    machine.program("nft", "echo '{}'");
    machine.program("cvtsudoers", "echo '{}'");
    machine.write("etc/sudoers", "");
    let (log, rules) = (machine.path("log"), machine.path("rules"));
    machine.program(
        "sudo",
        &format!(
            "echo \"$*\" >>{}\ncase $2 in -l) cat {}; exit ;; esac\nshift\nexec \"$@\"",
            log.display(),
            rules.display()
        ),
    );
    // As sudo 1.9 prints them; no `find` among them.
    machine.write("rules", "    (root) TIMEOUT=20 NOPASSWD: /usr/sbin/nft *, /usr/bin/cvtsudoers\n    (root) EXEC: NOPASSWD: /usr/sbin/needrestart -b -l -r l\n");
    let first = answer_to(&machine, "", "").await;
    let known = digest(&first);
    let power = first.lines().nth(4).unwrap().trim();
    let lacks: Vec<&str> = power.strip_prefix("sudo:").unwrap().split(':').collect();
    assert!(lacks.ends_with(&["8", "9", "10"]), "{first}");
    fs::write(&log, "").unwrap();
    let second = answer_to(&machine, &known, power).await;
    assert!(second.starts_with("#same"), "{second}");
    let tried = fs::read_to_string(&log).unwrap();
    assert!(tried.contains("cvtsudoers") && !tried.contains("find") && !tried.contains("-n -l"), "{tried}");
    let (said, status) = machine.says(&format!("power=sudo lacks={}", &power[4..]), KEYS, "keys").await;
    assert_eq!(status, Some(77));
    assert!(said.starts_with("no rule: /usr/bin/find -H "), "{said}");
}

#[tokio::test]
async fn a_section_that_is_as_it_was_is_not_sent_again() {
    use super::parse::sections::{Sections, parse_beside};
    if !Path::new("/var/lib/dpkg/status").exists() {
        eprintln!("left out: this machine is no Debian");
        return;
    }
    let ask = async |had: &str| {
        let script = format!("known='' power='none' had='{had}'\n{PROBE}");
        run(Program::new("sh").arguments(["-c", &script])).await.unwrap().output
    };
    let first = ask("").await;
    let sections = parse_beside(&first, &Sections::default());
    let kept = sections.clone().long();
    let second = ask(&kept.offer()).await;
    assert!(second.len() < first.len() / 2, "{} {}", first.len(), second.len());
    let again = parse_beside(&second, &kept);
    for name in ["packages", "pending", "chosen", "groups", "release"] {
        assert!(sections.get(name).is_some() && sections.get(name) == again.get(name), "{name}");
    }
    let digest = kept.get("packages").unwrap().digest.clone().unwrap();
    let other = kept.offer().replace(&digest, &"0".repeat(64));
    let third = ask(&other).await;
    assert_eq!(parse_beside(&third, &kept).get("packages"), sections.get("packages"));
    assert!(String::from_utf8_lossy(&third).contains("#packages\n ii "));
}

#[tokio::test]
async fn bans_that_come_and_go_are_no_other_packet_filter() {
    use crate::collect::tools::run::{Program, run};
    // As nft 1.0.6 prints them.
    let rules = |elements: &str| {
        format!(
            r#"{{"set": {{"name": "bans", "flags": ["timeout"], "timeout": 3600{elements}}}}}, {{"rule": {{"expr": []}}}}"#
        )
    };
    let start = PROBE.find("lasting() {").unwrap();
    let function = &PROBE[start..start + PROBE[start..].find("\n}\n").unwrap() + 3];
    let lasting = async |text: String| {
        let mut program = Program::new("sh").arguments(["-c", &format!("{function}lasting")]);
        program.input = text.into_bytes();
        let ran = run(program).await.unwrap();
        assert_eq!(ran.status, Some(0), "{}", ran.complaint());
        String::from_utf8(ran.output).unwrap()
    };
    let none = lasting(rules("")).await;
    assert!(none.contains("\"name\": \"bans\"") && none.contains("rule"), "{none}");
    for bans in [
        r#"{"elem": {"val": "10.0.0.1", "timeout": 600, "expires": 599}}"#,
        r#"{"elem": {"val": "10.0.0.1", "expires": 3}}, {"elem": {"val": {"concat": ["10.0.0.1", 22]}, "expires": 3}}"#,
        r#"{"elem": {"val": {"prefix": {"addr": "10.0.0.0", "len": 8}}, "timeout": 600, "expires": 599}}"#,
    ] {
        assert_eq!(lasting(rules(&format!(r#", "elem": [{bans}]"#))).await, none, "{bans}");
    }
    // What stays is another filter.
    let kept = lasting(rules(r#", "elem": ["10.0.0.9", {"elem": {"val": "10.0.0.1", "expires": 3}}]"#)).await;
    assert_eq!(kept, rules(r#", "elem": ["10.0.0.9"]"#));
}

#[tokio::test]
async fn ports_are_told_sorted_and_once_and_those_of_a_moment_are_not() {
    let machine = Machine::new();
    machine.program("last", "echo gone");
    let ports = async |rows: &[&str]| {
        machine.program("ss", &format!("cat <<'E'\n{}\nE", rows.join("\n")));
        let (said, _) = machine.says("mark='|'", &["sockets", "live"], "live").await;
        said.split('|').map(str::to_owned).collect::<Vec<_>>()
    };
    let rows = [
        "tcp LISTEN 0 128 [::]:443 [::]:*",
        "udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:*",
        "tcp LISTEN 7 128 0.0.0.0:22 0.0.0.0:*",
        "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*",
        "udp UNCONN 0 0 0.0.0.0:40000 0.0.0.0:*",
        "tcp LISTEN 0 128 0.0.0.0:40000 0.0.0.0:*",
        "udp UNCONN 0 0 [::1]:123 [::]:*",
    ];
    let told = ports(&rows).await;
    assert_eq!(told[0], "tcp 0.0.0.0:22\ntcp 0.0.0.0:40000\ntcp [::]:443\nudp 0.0.0.0:53\nudp [::1]:123\n");
    assert_eq!(told[1..], ["0", &rows.join("\n"), "0", ""]);
    let mut turned = rows;
    turned.reverse();
    assert_eq!(ports(&turned).await[0], told[0]);
    machine.program("last", "echo broken >&2; exit 1");
    assert_eq!(ports(&rows).await[3..], ["1", "broken"]);
}
