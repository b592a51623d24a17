//! What the console does to servers, on hosts with real apt and real pending security updates: the built program in a
//! pseudo-terminal upgrades them, and everything that is judged of them follows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use libtest_mimic::Trial;
use portable_pty::CommandBuilder;
use serde_json::Value;

use super::Lab;
use pty::Terminal;

#[path = "asked.rs"]
mod asked;
#[path = "one_host.rs"]
mod one_host;
#[path = "refused.rs"]
mod refused;

#[path = "../support/pty.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod pty;

const HOSTS: [&str; 3] = ["lab16", "lab17", "lab18"];
/// An upgrade on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(300);

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let lab = lab.clone();
    let name = "deeds: security updates are installed batch by batch, and believed when seen";
    vec![Trial::test(name, move || {
        let home = Home::new(&lab);
        home.take_back();
        let lists = home.write_list();
        refused::nothing_while_actions_are_off(&lab);
        asked::nothing_unconfirmed(&Home::new(&lab));
        one_host::decided(&Home::new(&lab));
        upgrades(&home, &lists);
        logins(&home);
        Ok(())
    })]
}

/// Somebody's home, with a register of the three hosts.
struct Home {
    lab: Lab,
    folder: tempfile::TempDir,
}

impl Home {
    fn new(lab: &Lab) -> Self {
        Self::with(lab, "actions = true\n", "")
    }

    /// With this below `[console]`, and this at the end.
    fn with(lab: &Lab, console: &str, more: &str) -> Self {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let config = folder.path().join("config/matins");
        fs::create_dir_all(&config).unwrap();
        let list = folder.path().join("list");
        let toml = format!(
            "[console]\ntimezone = \"UTC\"\noperator = \"mona\"\n{console}\
             [advisories]\ndebian_dsa = \"file://{}\"\n\
             [[server]]\nname = \"lab16\"\nsites = [{{ name = \"www.lab.example\", root = \"/srv/www\" }}]\n\
             [[server]]\nname = \"lab17\"\ncluster = \"db\"\n[[server]]\nname = \"lab18\"\ncluster = \"db\"\n{more}",
            list.display()
        );
        fs::write(config.join("matins.toml"), toml).unwrap();
        Self { lab: lab.clone(), folder }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        vec![
            ("PATH", format!("{}:{}", self.lab.path("bin").display(), std::env::var("PATH").unwrap())),
            ("TERM", "xterm-256color".into()),
            ("LC_ALL", "C.UTF-8".into()),
            ("HOME", at("")),
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_STATE_HOME", at("state")),
            ("XDG_RUNTIME_DIR", at("")),
        ]
    }

    #[expect(clippy::disallowed_methods, reason = "a test runs what it tests")]
    fn command(&self, program: &str, arguments: &[&str]) -> std::process::Output {
        let mut command = std::process::Command::new(program);
        command.args(arguments).env_clear().envs(self.variables()).output().unwrap()
    }

    /// What a program says on the way to its good end.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program, arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}{complained}");
        said
    }

    fn matins(&self, arguments: &[&str]) -> String {
        self.run(env!("CARGO_BIN_EXE_matins"), arguments)
    }

    fn on(&self, host: &str, script: &str) -> String {
        self.run(self.lab.path("bin/ssh").to_str().unwrap(), &[host, script])
    }

    /// The hosts as they were before any upgrade, whoever ran this test before.
    fn take_back(&self) {
        for host in HOSTS {
            self.on(
                host,
                "sudo -n sh -c 'apt-mark unhold xz-utils; rm -f /etc/apt/apt.conf.d/99full /srv/www/vendor/bin/BROKEN; : >/var/log/dpkg.log; \
                 DEBIAN_FRONTEND=noninteractive apt-get -q -y --allow-downgrades install $(cat /srv/before)' 2>&1",
            );
            self.on(host, "sudo -n sh -c ': >/var/log/dpkg.log'");
        }
    }

    /// Debian's list of advisories, as far as apt on the host knows their fixes; its ids are ours, its packages and
    /// versions are those of real ones. The ids that stand in it for what the host has.
    fn write_list(&self) -> Vec<String> {
        let script = "apt-get -s -q dist-upgrade | sed -n 's/^Inst \\([^ ]*\\) \\[[^]]*\\] (\\([^ ]*\\) Debian-Security.*/\\1 \\2/p' |
            while read -r name version; do echo \"$(dpkg-query -W -f '${source:Package}' \"$name\" | head -n 1) $version\"; done";
        let text = self.on("lab16", script);
        let fixed: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        assert!(fixed.len() > 1, "{text}");
        let mut list = String::new();
        let mut ids = Vec::new();
        for ((source, version), number) in fixed.iter().zip(9_001..) {
            let id = format!("DSA-{number}-1");
            writeln!(list, "[05 Jan 2026] {id} {source} - security update\n\t[bookworm] - {source} {version}").unwrap();
            ids.push(id);
        }
        // The real list is long, and a short one is not believed.
        for number in 1_001..1_120 {
            let name = "xorg-server";
            writeln!(list, "[01 Jan 2020] DSA-{number}-1 {name} - old\n\t[buster] - {name} 2:1.20.4-1+deb10u1")
                .unwrap();
        }
        fs::write(self.folder.path().join("list"), list).unwrap();
        ids
    }

    /// What is judged, by key.
    fn round(&self) -> BTreeMap<String, (String, String)> {
        // It ends with 1 because the site has no composer.lock.
        let output = self.command(env!("CARGO_BIN_EXE_matins"), &["round", "--json"]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        let findings = json["findings"].as_array().unwrap().iter();
        findings.map(|one| (word(one, "key"), (word(one, "verdict"), word(one, "title")))).collect()
    }

    fn console(&self) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_matins"));
        command.env_clear();
        for (name, value) in self.variables() {
            command.env(name, value);
        }
        let mut terminal = Terminal::start(command, 150, 60);
        terminal.shows("Needs you");
        terminal.press("2");
        terminal.shows("lab16");
        terminal
    }

    /// The versions that a host has of what was pending.
    fn versions(&self, host: &str) -> String {
        self.on(host, "dpkg-query -W -f '${Package}=${Version}\\n' $(cut -d= -f1 /srv/before) | sort")
    }

    /// When dpkg began and ended on a host, in seconds.
    fn worked(&self, host: &str) -> (String, String) {
        let text = self.on(host, "cut -d' ' -f1,2 /var/log/dpkg.log");
        let line = |line: Option<&str>| line.unwrap_or_else(|| panic!("dpkg did nothing on {host}")).to_owned();
        (line(text.lines().next()), line(text.lines().last()))
    }
}

/// Esc alone, since with a letter behind it it is another key; then q.
fn leave(terminal: &mut Terminal) {
    terminal.press("\x1b");
    terminal.hides("What was done");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
}

/// U on all servers, as far as the question.
fn ask_for_all(terminal: &mut Terminal, title: &str) {
    terminal.press("U");
    terminal.shows("On which servers?");
    terminal.press("G\r");
    terminal.within(PATIENCE, title, |screen| screen.contents().contains(title));
}

fn upgrades(home: &Home, ids: &[String]) {
    home.on("lab17", "sudo -n apt-mark hold xz-utils");
    let before = home.round();
    for id in ids {
        let (verdict, title) = &before[&format!("advisories/{id}")];
        assert!(verdict == "broken" && title.contains("3 of 3 servers vulnerable"), "{id} {verdict} {title}");
    }
    let old = home.versions("lab18");
    // On the second server apt can't do it: nothing more may be begun.
    let hook = "DPkg::Pre-Invoke { \"echo no room for it; exit 1\"; };";
    home.on("lab17", &format!("echo '{hook}' | sudo -n tee /etc/apt/apt.conf.d/99full"));
    let mut terminal = home.console();
    for answer in ["\r", "\t\r\x1b", "\t2 servers\r\x1b"] {
        ask_for_all(&mut terminal, "Install security updates on 3 servers");
        terminal.press(answer);
        terminal.hides("Install security updates on 3 servers");
    }
    assert_eq!(home.on("lab16", "cat /var/log/dpkg.log"), "", "nobody had confirmed it");
    ask_for_all(&mut terminal, "Install security updates on 3 servers");
    terminal.shows("these packages and versions, and no others");
    terminal.shows("lab17: on hold or pinned, so left as it is: xz-utils");
    terminal.shows("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-remove --only-upgrade");
    let three = ["Install security updates on 3 servers", "3 servers", "failed on 1 of 3, 1 not begun"];
    asked::confirmed(home, &mut terminal, three, &["lab16", "lab17"]);
    assert_eq!(home.versions("lab17"), old);
    assert_eq!(home.versions("lab18"), old, "the first failure stops the rest");
    assert_ne!(home.versions("lab16"), old);
    // Once that is mended the rest is done; what is new already is left out.
    home.on("lab17", "sudo -n sh -c 'rm /etc/apt/apt.conf.d/99full; apt-mark unhold xz-utils'");
    leave(&mut terminal);
    home.round();
    let mut terminal = home.console();
    ask_for_all(&mut terminal, "Install security updates on 2 servers");
    terminal.shows("lab16: no security update is pending, it is left out");
    let two = ["Install security updates on 2 servers", "2 servers", "done, 2 of 2 seen to be so"];
    asked::confirmed(home, &mut terminal, two, &["lab17", "lab18"]);
    leave(&mut terminal);
    // Two of a cluster, never together.
    assert!(home.worked("lab17").1 <= home.worked("lab18").0);
    assert!(home.worked("lab16").1 <= home.worked("lab17").0);
    let after = home.round();
    for id in ids {
        let (verdict, title) = &after[&format!("advisories/{id}")];
        assert!(verdict == "ok" && title.ends_with("fixed on 3 of 3 servers"), "{id} {verdict} {title}");
    }
    for host in HOSTS {
        assert_ne!(home.versions(host), old);
        let (verdict, title) = &after[&format!("security-updates/{host}")];
        assert_eq!(verdict, "ok", "{host}: {title}");
    }
    transcripts(home);
}

/// The record tells of both, and what apt said is kept beside it.
fn transcripts(home: &Home) {
    let record = home.matins(&["log", "show"]);
    assert_eq!(record.matches("Install security updates on").count(), 4, "{record}");
    let failed = home.matins(&["log", "transcript", "2"]);
    for part in
        ["lab17 (lab17): failed, exit status 100", "lab18 (lab18): not begun", "lab16 (lab16): done", "Setting up"]
    {
        assert!(failed.contains(part), "no {part} in {failed}");
    }
    let done = home.matins(&["log", "transcript", "4"]);
    assert!(done.contains("seen: ") && done.contains("Setting up openssl"), "{done}");
    home.matins(&["log", "verify"]);
}

fn logins(home: &Home) {
    let mut terminal = home.console();
    terminal.press("g");
    home.on("lab16", "sudo -n touch /srv/www/vendor/bin/BROKEN");
    let ask = |terminal: &mut Terminal| {
        terminal.press("l");
        terminal.shows("/srv/www/vendor/bin/drush --root=/srv/www --uri=https://www.lab.example uli");
        terminal.press("\t\r");
    };
    ask(&mut terminal);
    terminal.shows("Bootstrap failed");
    terminal.press("\x1b");
    home.on("lab16", "sudo -n rm /srv/www/vendor/bin/BROKEN");
    ask(&mut terminal);
    terminal
        .until("a link", |screen| screen.contents().contains("/user/reset/1/") && screen.contents().contains("/login"));
    let screen = terminal.screen.screen().contents();
    let link = screen.split_whitespace().find(|word| word.contains("/user/reset/")).unwrap().to_owned();
    let secret = link.rsplit('/').nth(1).unwrap().to_owned();
    assert_eq!((secret.len(), link.ends_with("/login")), (43, true), "{link}");
    terminal.press("\x1b");
    terminal.hides("/user/reset/");
    // Its issue is told, and it is nowhere any more.
    terminal.press("t");
    terminal.shows("a link was issued");
    assert!(!terminal.screen.screen().contents().contains(&secret));
    leave(&mut terminal);
    let record = home.matins(&["log", "show"]);
    assert!(record.contains("One-time login to www.lab.example"), "{record}");
    assert!(!kept(home.folder.path(), &secret), "{link} is kept somewhere");
}

/// Whether a word stands in any file below a folder.
fn kept(folder: &Path, word: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return kept(&path, word);
        }
        // Sockets hold nothing.
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(word.len()).any(|part| part == word.as_bytes())
    })
}
