//! The probe against real apt and dpkg: this machine's, and one with two repositories of our own.
//!
//! Our own is reached as any server is, over ssh; its sshd gives the session `APT_CONFIG` and `DPKG_ADMINDIR`, which lead
//! apt and dpkg into a folder of the test. The probe knows nothing of it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod sshd;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::{ALL, Answer, Source};
use matins::domain::facts::{HostSeen, Packages};
use matins::domain::register::{Register, Server};
use matins::domain::{Fact, Period};
use sshd::{Sshd, there_is_sshd};

fn now() -> Timestamp {
    std::time::SystemTime::now().try_into().unwrap()
}

fn there_is_apt() -> bool {
    let there =
        ["/usr/bin/apt-get", "/usr/bin/apt-cache", "/usr/bin/dpkg-deb"].iter().all(|file| Path::new(file).exists());
    if !there {
        eprintln!("skipped: apt and dpkg are not installed here");
    }
    there
}

fn source(server: Option<Server>) -> Source {
    let collector = ALL.iter().find(|collector| collector.name == "servers").unwrap();
    let servers: Vec<Server> = server.into_iter().collect();
    let register = Register { configured: !servers.is_empty(), persons: Vec::new(), servers };
    let mut sources = (collector.plan)(&[], &register, Period::minutes(15)).unwrap();
    assert_eq!(sources.len(), 1);
    sources.remove(0)
}

async fn ask(
    source: &Source,
    tools: &Tools,
    memory: Option<&str>,
) -> Option<(HostSeen, Option<Packages>, Option<String>)> {
    let Answer::Seen { observations, memory } = source.ask.ask(tools, memory).await.unwrap() else { return None };
    let (mut host, mut packages) = (None, None);
    for observation in observations {
        match observation.fact {
            Fact::HostSeen(seen) => host = Some(*seen),
            Fact::Packages(seen) => packages = Some(seen.as_ref().clone()),
            // What else a server tells is not what these tests are about.
            _ => {}
        }
    }
    Some((host.unwrap(), packages, memory))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (said, complained) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}{complained}");
    said
}

/// A machine of our own: its apt and dpkg live below `root`.
struct Machine {
    root: PathBuf,
    installed: String,
}

impl Machine {
    fn new(root: &Path) -> Self {
        for folder in [
            "etc/apt/apt.conf.d",
            "etc/apt/preferences.d",
            "etc/apt/sources.list.d",
            "etc/apt/trusted.gpg.d",
            "var/cache/apt/archives/partial",
            "var/lib/apt/lists/partial",
            "var/lib/dpkg/info",
            "var/lib/dpkg/updates",
            "repositories",
        ] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let here = root.display();
        let configuration = format!(
            "Dir \"{here}\";\nDir::State::status \"{here}/var/lib/dpkg/status\";\nAPT::Sandbox::User \"\";\n\
             Acquire::Languages \"none\";\nAPT::Architecture \"amd64\";\nAPT::Architectures {{ \"amd64\"; }};\n\
             APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n"
        );
        fs::write(root.join("apt.conf"), configuration).unwrap();
        let installed = (0..60).map(|n| stanza(&format!("filler{n}"), "1.0", "install ok installed")).collect();
        Self { root: root.to_owned(), installed }
    }

    fn install(&mut self, name: &str, version: &str, state: &str) {
        self.installed.push_str(&stanza(name, version, state));
    }

    /// A repository of its own with real packages, and its Release.
    fn offer(&self, repository: &str, head: &str, packages: &[(&str, &str)]) {
        let place = self.root.join("repositories").join(repository);
        let binary = place.join("dists/bookworm/main/binary-amd64");
        fs::create_dir_all(&binary).unwrap();
        let mut list = String::new();
        for (name, version) in packages {
            let (tree, deb) = (place.join("tree"), format!("{name}_{version}_all.deb"));
            fs::create_dir_all(tree.join("DEBIAN")).unwrap();
            let control = format!(
                "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n"
            );
            fs::write(tree.join("DEBIAN/control"), &control).unwrap();
            run(Command::new("dpkg-deb").args(["--build", "--root-owner-group"]).arg(&tree).arg(place.join(&deb)));
            let (size, hash) = (fs::metadata(place.join(&deb)).unwrap().len(), sha256(&place.join(&deb)));
            write!(list, "{control}Filename: {deb}\nSize: {size}\nSHA256: {hash}\n\n").unwrap();
        }
        fs::write(binary.join("Packages"), &list).unwrap();
        let hash = sha256(&binary.join("Packages"));
        let release = format!(
            "{head}Codename: bookworm\nArchitectures: amd64 all\nComponents: main\nDate: Mon, 16 Nov 2026 00:00:00 UTC\n\
             SHA256:\n {hash} {} main/binary-amd64/Packages\n",
            list.len()
        );
        fs::write(place.join("dists/bookworm/Release"), release).unwrap();
        let line = format!("deb [trusted=yes] file:{} bookworm main\n", place.display());
        fs::write(self.root.join(format!("etc/apt/sources.list.d/{repository}.list")), line).unwrap();
    }

    fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command
            .env("APT_CONFIG", self.root.join("apt.conf"))
            .env("DPKG_ADMINDIR", self.root.join("var/lib/dpkg"))
            .env("LC_ALL", "C");
        command
    }

    /// Writes dpkg's database, fetches the lists, and lets an sshd into it.
    fn boot(&self) -> Sshd {
        fs::write(self.root.join("var/lib/dpkg/status"), &self.installed).unwrap();
        run(self.tool("apt-get").arg("update"));
        let here = self.root.display();
        Sshd::start(&format!("SetEnv APT_CONFIG={here}/apt.conf DPKG_ADMINDIR={here}/var/lib/dpkg"))
    }

    async fn seen(&self) -> (HostSeen, Option<Packages>) {
        let sshd = self.boot();
        let mut tools = Tools::new(now).unwrap();
        tools.shell = sshd.shell();
        let (host, packages, _) = ask(&source(Some(sshd::web1())), &tools, None).await.unwrap();
        (host, packages)
    }
}

fn stanza(name: &str, version: &str, state: &str) -> String {
    format!(
        "Package: {name}\nStatus: {state}\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n\n"
    )
}

fn sha256(file: &Path) -> String {
    run(Command::new("sha256sum").arg(file)).split(' ').next().unwrap().to_owned()
}

const MAIN: &str = "Origin: Debian\nLabel: Debian\nSuite: oldstable\nVersion: 12.15\n";
const SECURITY: &str = "Origin: Debian\nLabel: Debian-Security\nSuite: oldstable-security\nVersion: 12\n";

fn ready() -> bool {
    there_is_apt() && there_is_sshd()
}

/// 1.0 is installed, 1.1 is in Debian-Security, 1.2 in main.
#[tokio::test]
async fn a_security_version_on_the_way_to_a_newer_one_counts() {
    if !ready() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut machine = Machine::new(folder.path());
    machine.install("hit", "1.0", "install ok installed");
    machine.install("plain", "1.0", "install ok installed");
    machine.install("behind", "1.1", "install ok installed");
    machine.offer("main", MAIN, &[("hit", "1.2"), ("plain", "1.2"), ("behind", "1.2"), ("filler1", "1.0")]);
    machine.offer("security", SECURITY, &[("hit", "1.1"), ("behind", "1.1"), ("filler0", "1.0")]);
    let (host, packages) = machine.seen().await;
    // The trap: apt's own simulation names the version in main only.
    let simulated = run(machine.tool("apt-get").args(["-s", "dist-upgrade"]));
    assert!(simulated.contains("Inst hit [1.0] (1.2 Debian:12.15/oldstable"), "{simulated}");
    assert!(!simulated.contains("Debian-Security"), "{simulated}");
    let pending = host.pending.as_result().unwrap();
    let told: Vec<(&str, bool, &str)> =
        pending.iter().map(|update| (update.package.as_str(), update.security, update.origin.as_str())).collect();
    assert_eq!(
        told,
        [
            ("behind", false, "Debian:12.15/oldstable"),
            ("hit", true, "Debian-Security:12/oldstable-security"),
            ("plain", false, "Debian:12.15/oldstable"),
        ]
    );
    assert!(pending.iter().all(|update| update.candidate == "1.2"));
    assert_eq!(packages.unwrap().packages.len(), 63);
    assert!(host.lists_at.seen().is_some(), "{:?}", host.lists_at);
    let unattended = host.unattended.seen().unwrap();
    assert!(!unattended.installed);
}

#[tokio::test]
async fn what_is_held_or_kept_back_is_pending_too() {
    if !ready() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut machine = Machine::new(folder.path());
    machine.install("held", "1.0", "hold ok installed");
    machine.install("half", "1.0", "install ok half-configured");
    machine.install("gone", "1.0", "deinstall ok config-files");
    machine.offer("security", SECURITY, &[("held", "1.1"), ("gone", "1.1")]);
    let (host, packages) = machine.seen().await;
    let pending = host.pending.as_result().unwrap();
    assert_eq!(pending.len(), 1, "{pending:?}");
    assert!(pending[0].package == "held" && pending[0].security);
    assert_eq!(host.held.as_result().unwrap(), &["held"]);
    assert_eq!(host.half_configured.as_result().unwrap(), &["half half configured"]);
    assert!(!packages.unwrap().packages.iter().any(|package| package.name == "gone"));
    // The simulation would not have named it.
    assert!(!run(machine.tool("apt-get").args(["-s", "dist-upgrade"])).contains("Inst held"));
}

/// The pin makes the installed version the candidate, which no list has any more.
#[tokio::test]
async fn a_security_update_that_a_pin_keeps_back_is_pending() {
    if !ready() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut machine = Machine::new(folder.path());
    machine.install("openssl", "1.0", "install ok installed");
    machine.offer("security", SECURITY, &[("openssl", "1.1"), ("filler0", "1.0")]);
    let pin = "Package: openssl\nPin: version 1.0\nPin-Priority: 1001\n";
    fs::write(folder.path().join("etc/apt/preferences.d/openssl"), pin).unwrap();
    let (host, _) = machine.seen().await;
    assert!(run(machine.tool("apt-cache").args(["policy", "openssl"])).contains("Candidate: 1.0"));
    let pending = host.pending.as_result().unwrap();
    assert_eq!(pending.len(), 1, "{pending:?}");
    assert!(pending[0].security && pending[0].pinned && pending[0].candidate == "1.1", "{pending:?}");
}

#[tokio::test]
async fn an_emptied_or_damaged_database_is_unreadable_and_not_up_to_date() {
    if !ready() {
        return;
    }
    for (damage, words) in [("", "no package at all"), ("Package: x\nStatus: install ok", "dpkg-query failed with 2")] {
        let folder = tempfile::tempdir().unwrap();
        let machine = Machine::new(folder.path());
        machine.offer("security", SECURITY, &[("filler0", "1.1")]);
        let sshd = machine.boot();
        let status = folder.path().join("var/lib/dpkg/status");
        let whole = fs::read_to_string(&status).unwrap();
        fs::write(
            &status,
            if damage.is_empty() { String::new() } else { format!("{}{damage}", &whole[..whole.len() / 2]) },
        )
        .unwrap();
        let mut tools = Tools::new(now).unwrap();
        tools.shell = sshd.shell();
        let (host, packages, _) = ask(&source(Some(sshd::web1())), &tools, None).await.unwrap();
        let fault = host.pending.as_result().unwrap_err();
        assert!(fault.said.as_str().contains(words), "{fault}");
        assert!(packages.is_none() && host.held.seen().is_none() && host.unattended.seen().is_none());
        assert!(host.release.seen().is_some() && host.uptime_seconds.seen().is_some());
    }
}

/// What apt itself does with a list that has passed its end decides; the probe only reads what apt is told.
#[tokio::test]
async fn a_list_that_apt_takes_after_its_end_is_known_as_one() {
    if !ready() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(folder.path());
    machine.offer(
        "docker",
        "Origin: Docker\nLabel: Docker CE\nSuite: bookworm\nValid-Until: Wed, 18 Nov 2026 00:00:00 UTC\n",
        &[("filler0", "1.0")],
    );
    let source = folder.path().join("etc/apt/sources.list.d/docker.list");
    let line = fs::read_to_string(&source).unwrap();
    let told = |options: &str, configuration: &str| {
        fs::write(&source, line.replace("trusted=yes", &format!("trusted=yes {options}"))).unwrap();
        fs::write(folder.path().join("etc/apt/apt.conf.d/99told"), configuration).unwrap();
    };
    told("check-valid-until=no", "");
    let sshd = machine.boot();
    let mut tools = Tools::new(now).unwrap();
    tools.shell = sshd.shell();
    let web1 = self::source(Some(sshd::web1()));
    let mut taken = Vec::new();
    for (options, configuration) in [
        ("", ""),
        ("check-valid-until=no", ""),
        ("check-date=off", ""),
        ("valid-until-min=99999999", ""),
        ("", "Acquire::Check-Valid-Until \"false\";"),
        ("check-valid-until=yes", "Acquire::Check-Valid-Until \"false\";"),
        ("check-date=yes", "Acquire::Check-Valid-Until \"false\";"),
        ("check-date=yes", "Acquire::Check-Date \"no\";"),
        ("", "Acquire::Min-ValidTime { \"Docker CE\" \"99999999\"; };"),
        ("", "Acquire::Min-ValidTime::Other \"99999999\";"),
    ] {
        told(options, configuration);
        let update = machine.tool("apt-get").arg("update").output().unwrap();
        let (host, _, _) = ask(&web1, &tools, None).await.unwrap();
        let apt = host.apt.as_result().unwrap();
        let complained = String::from_utf8_lossy(&update.stderr);
        assert!(update.status.success() || complained.contains("is expired"), "{complained}");
        assert_eq!(apt.repositories[0].unending, update.status.success(), "[{options}] {configuration}: {apt:?}");
        let told = !options.is_empty() && !options.ends_with("yes") || !configuration.is_empty();
        assert_eq!(!apt.unending.is_empty(), told, "[{options}] {configuration}: {apt:?}");
        taken.push(update.status.success());
    }
    assert_eq!(taken, [false, true, true, true, true, false, true, false, true, false]);
}

#[tokio::test]
async fn lists_without_a_security_suite_say_nothing_of_security() {
    if !ready() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::new(folder.path());
    machine.offer("main", MAIN, &[("filler0", "1.0")]);
    let (host, _) = machine.seen().await;
    let release = host.release.seen().unwrap();
    if release.version.is_empty() || !["debian", "ubuntu"].contains(&release.id.as_str()) {
        eprintln!("skipped: this machine's release has no security suite");
        return;
    }
    assert!(host.lists_at.as_result().unwrap_err().said.as_str().contains("security suite"), "{:?}", host.lists_at);
}

#[tokio::test]
async fn this_machine_is_seen_as_dpkg_and_apt_see_it() {
    if !there_is_apt() {
        return;
    }
    let tools = Tools::new(now).unwrap();
    let source = source(None);
    let (host, packages, memory) = ask(&source, &tools, None).await.unwrap();
    let listed = run(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}\n"]));
    let packages = packages.unwrap();
    assert_eq!(packages.packages.len(), listed.lines().filter(|line| *line == "installed").count());
    assert!(packages.packages.iter().any(|package| package.name == "dpkg" && package.source == "dpkg"));
    assert_eq!(host.clock_skew_seconds.seen(), Some(&0));
    assert!(host.uptime_seconds.seen().is_some_and(|seconds| *seconds > 0));
    let running = run(Command::new("uname").arg("-r"));
    assert_eq!(host.kernel.seen().unwrap().running.as_str(), running.trim());
    // All that the simulation would upgrade is pending.
    let simulated = run(Command::new("apt-get").args(["-s", "dist-upgrade"]).env("LC_ALL", "C"));
    let pending = host.pending.as_result().unwrap();
    for line in simulated.lines().filter(|line| line.starts_with("Inst ") && line.contains('[')) {
        let mut words = line.split(' ').skip(1);
        let (name, old) = (words.next().unwrap(), words.next().unwrap());
        if old.starts_with('[') {
            assert!(pending.iter().any(|update| update.package == name), "{line}");
        }
        if line.contains("Debian-Security:") {
            assert!(pending.iter().any(|update| update.package == name && update.security), "{line}");
        }
    }
    // Asked again with nothing changed, it says so. Another test may have opened a port in between: then the next time.
    let (mut memory, mut same) = (memory, false);
    for _ in 0..5 {
        match ask(&source, &tools, memory.as_deref()).await {
            None => same = true,
            Some((_, _, left)) => memory = left.or(memory),
        }
        if same {
            break;
        }
    }
    assert!(same, "it never stayed the same");
    // A memory of something else, or one that somebody wrote, is not believed.
    let memory = memory.unwrap();
    let digest = memory.split("\"digest\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(ask(&source, &tools, Some(&memory.replace(digest, &"0".repeat(64)))).await.is_some());
    assert!(ask(&source, &tools, Some("nonsense'; touch /tmp/x; '")).await.is_some());
}
