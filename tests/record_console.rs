//! Deciding and signing at the built console: two consoles on one store, and consoles that are killed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "support/home.rs"]
mod home;
#[path = "support/opened.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod opened;
#[path = "support/pty.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod pty;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use home::{Home, backups, text};
use opened::{KEY, broken, verify};
use pty::Terminal;

fn console(home: &Home) -> Terminal {
    console_with(home, &[])
}

fn console_with(home: &Home, variables: &[(&str, &OsStr)]) -> Terminal {
    let mut terminal = opened::console(home, &[], variables);
    terminal.shows("Needs you");
    terminal
}

/// The register of [`broken`], whose operator signs with this key.
fn signing(key: &str) -> Home {
    let home = broken();
    let file = home.path().join("config/matins/matins.toml");
    let toml = std::fs::read_to_string(file).unwrap();
    home.configure(&toml.replacen("[console]", &format!("[console]\nsigning_key = \"{key}\""), 1));
    home
}

fn key(home: &Home, passphrase: &str) -> PathBuf {
    let path = home.path().join("id");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", passphrase, "-f"]).arg(&path).output();
    assert!(made.unwrap().status.success());
    path
}

/// A real ssh-agent, ended with the test.
struct Agent(std::process::Child, PathBuf);

impl Agent {
    fn start(home: &Home) -> Self {
        let socket = home.path().join("agent");
        let child = Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < end, "the agent does not listen");
            std::thread::yield_now();
        }
        Self(child, socket)
    }

    fn hold(&self, key: &Path) {
        let added = Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.1).output().unwrap();
        assert!(added.status.success(), "{}", text(&added.stderr));
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_morning_is_decided_signed_and_taken_back_at_the_console() {
    let home = broken();
    let mut terminal = console(&home);
    terminal.press("/verdict:broken\r");
    terminal.shows("─ 1 of");
    terminal.press("d");
    terminal.shows("Enter records it");
    // Right: accept. Whatever is typed is the reason.
    terminal.press("\x1b[C");
    terminal.shows("accept: it stays as it is");
    terminal.press("the disk comes on Friday\r");
    terminal.shows("accepted until");
    terminal.shows("1 decided");
    terminal.press("S");
    terminal.shows("mona signs:");
    terminal.press("hand-over: Friday\r");
    terminal.shows("signed: entry 2 of the record");
    terminal.shows("mona signed");
    terminal.press("u");
    terminal.shows("taken back: backup-on-site/web1/dumps accepted (entry 1)");
    terminal.hides("1 decided");
    terminal.press("q");
    assert!(terminal.end().success());
    let shown = text(&home.run(&["log", "show"]).stdout);
    assert!(shown.contains("\"the disk comes on Friday\"") && shown.contains("hand-over: Friday"), "{shown}");
    assert!(verify(&home).starts_with("3 entries"));
}

#[test]
fn two_consoles_on_one_store_see_each_others_decisions_within_a_second() {
    let home = broken();
    let (mut one, mut other) = (console(&home), console(&home));
    for terminal in [&mut one, &mut other] {
        terminal.press("/verdict:broken\r");
        terminal.shows("─ 1 of");
        terminal.quiet(Duration::from_millis(300));
    }
    one.press("dthe disk comes on Friday\r");
    one.shows("1 decided");
    let written = Instant::now();
    other.shows("1 decided");
    let took = written.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    // Both write at the same moment: nothing is lost, and nobody sees an error.
    one.press("Sfrom one\r");
    other.press("Sfrom the other\r");
    one.shows("signed: entry");
    other.shows("signed: entry");
    for mut terminal in [one, other] {
        terminal.hides("busy");
        terminal.press("q");
        assert!(terminal.end().success());
    }
    let shown = text(&home.run(&["log", "show"]).stdout);
    assert!(shown.contains("from one") && shown.contains("from the other"), "{shown}");
    assert!(verify(&home).starts_with("3 entries"));
}

/// Killed at any point of its run, 600 times, deciding and signing in turn; whatever it said was recorded is there, and the
/// chain holds.
#[test]
fn no_decision_and_no_check_in_that_was_confirmed_is_lost_when_the_program_is_killed() {
    let home = broken();
    let words = |round: u32, reason: &str| match round % 2 {
        0 => ["decide", KEY, "acknowledge", "--until", "7d", "--reason", reason].map(str::to_owned).to_vec(),
        _ => ["sign", "--note", reason].map(str::to_owned).to_vec(),
    };
    let run = |round: u32, reason: &str| {
        let words = words(round, reason);
        home.command(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let whole = [0, 1].map(|round| {
        let started = Instant::now();
        let output = run(round, "warm up").output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        started.elapsed()
    });
    let mut confirmed = [Vec::new(), Vec::new()];
    for round in 0..600_u32 {
        let (reason, which) = (format!("reason {round}"), (round % 2) as usize);
        let mut child = run(round, &reason).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // From the first instant to a little after its usual end, in steps.
        std::thread::sleep(whole[which].mul_f64(f64::from(round / 2 % 30) / 25.0));
        child.kill().unwrap();
        let said = text(&child.wait_with_output().unwrap().stdout);
        if said.contains("; entry ") {
            confirmed[which].push(reason);
        }
    }
    let shown = text(&home.run(&["log", "show"]).stdout);
    for reason in confirmed.iter().flatten() {
        assert!(shown.contains(&format!("\"{reason}\"")), "{reason} was confirmed and is lost");
    }
    let entries = shown.lines().count();
    let [decisions, check_ins] = confirmed.map(|reasons| reasons.len());
    assert!(
        decisions > 0 && check_ins > 0 && entries < 602,
        "{decisions} and {check_ins} confirmed, {entries} entries"
    );
    assert!(verify(&home).starts_with(&format!("{entries} entries")));
}

/// The same at the console: whatever the screen said was recorded is there after the kill; and whenever it comes, the chain
/// holds.
#[test]
fn nothing_that_the_screen_confirmed_is_lost_when_the_console_is_killed() {
    let home = broken();
    for round in 0..30_u64 {
        let mut terminal = console(&home);
        terminal.press("/verdict:broken\r");
        terminal.shows("─ 1 of");
        let confirmed = match round % 3 {
            0 => Some((format!("dround {round}\r"), "acknowledged until")),
            1 => Some((format!("Sround {round}\r"), "signed: entry ")),
            _ => None,
        };
        if let Some((keys, said)) = confirmed {
            terminal.press(&keys);
            terminal.shows(said);
        } else {
            // At any point between the key and the answer, and a little beyond.
            terminal.press(&format!("{}round {round}\r", if round % 2 == 0 { "d" } else { "S" }));
            terminal.quiet(Duration::from_millis(1 + round * 2));
        }
        let pid = rustix::process::Pid::from_raw(i32::try_from(terminal.pid()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        terminal.end();
        let shown = text(&home.run(&["log", "show"]).stdout);
        assert!(round % 3 == 2 || shown.contains(&format!("\"round {round}\"")), "{shown}");
        verify(&home);
        home.run(&["undo"]);
    }
}

/// The console on the alternate screen again, with this said in its last line.
fn back(terminal: &mut Terminal, said: &str) {
    terminal.until(said, |screen| screen.alternate_screen() && screen.contents().contains(said));
}

#[test]
fn a_morning_on_which_nothing_answered_is_signed_as_unknown() {
    let home = opened::stopped();
    std::fs::remove_dir_all(home.path().join("dumps")).unwrap();
    home.run(&["round", "--only", "backups"]);
    let mut terminal = console(&home);
    terminal.press("S");
    terminal.shows("mona signs:");
    terminal.press("\r");
    terminal.shows("signed: entry 1 of the record");
    terminal.press("q");
    assert!(terminal.end().success());
}

#[test]
fn a_morning_is_signed_with_a_key_in_the_agent_without_a_question() {
    let home = signing("agent");
    let agent = Agent::start(&home);
    agent.hold(&key(&home, ""));
    let mut terminal = console_with(&home, &[("SSH_AUTH_SOCK", agent.1.as_ref())]);
    terminal.press("S");
    terminal.shows("with your ssh key");
    terminal.press("quiet\r");
    back(&mut terminal, "signed: entry 1 of the record, with your ssh key");
    // Keys are the console's again.
    terminal.press("?");
    terminal.shows("acknowledges, accepts");
    terminal.press("\x1b");
    terminal.hides("acknowledges, accepts");
    terminal.press("q");
    assert!(terminal.end().success() && terminal.is_restored());
    assert!(verify(&home).starts_with("1 entry, 1 signed"));
}

#[test]
fn a_passphrase_is_asked_for_on_the_terminal_and_a_wrong_one_leaves_the_entry_standing() {
    let home = signing("~/id");
    let key = key(&home, "right one");
    let mut terminal = console(&home);
    for (entry, passphrase, said) in [
        (1, "wrong one", "recorded, but no key signed it: "),
        (2, "right one", "signed: entry 2 of the record, with your ssh key"),
    ] {
        terminal.press(&format!("Smorning {entry}\r"));
        terminal.until("the question", |screen| {
            !screen.alternate_screen()
                && screen.contents().lines().last().is_some_and(|line| line.contains("passphrase"))
        });
        terminal.press(&format!("{passphrase}\r"));
        back(&mut terminal, said);
    }
    terminal.press("q");
    assert!(terminal.end().success() && terminal.is_restored());
    assert!(!String::from_utf8_lossy(&terminal.bytes).contains("right one"), "a passphrase was shown");
    assert!(verify(&home).starts_with("2 entries, 1 signed"));
    // Where nobody can be asked it is refused at once; with the key in an agent the named command makes up for it.
    let refused = home.run(&["log", "sign", "1"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("ssh-add"), "{}", text(&refused.stderr));
    let plain = Command::new("ssh-keygen").args(["-q", "-p", "-P", "right one", "-N", "", "-f"]).arg(&key).output();
    assert!(plain.unwrap().status.success());
    let signed = home.run(&["log", "sign", "1"]);
    assert!(signed.status.success(), "{}", text(&signed.stderr));
    assert!(verify(&home).starts_with("2 entries, 2 signed"));
}

#[test]
fn a_passphrase_that_nobody_gives_is_given_up_with_ctrl_c() {
    let home = signing("~/id");
    key(&home, "right one");
    let mut terminal = console(&home);
    terminal.press("Squiet\r");
    terminal.until("the question", |screen| !screen.alternate_screen() && screen.contents().contains("passphrase"));
    terminal.press("\x03");
    back(&mut terminal, "recorded, but no key signed it");
    terminal.press("q");
    assert!(terminal.end().success() && terminal.is_restored());
    assert!(verify(&home).starts_with("1 entry, 0 signed"));
}

/// Programs that ask for a passphrase differ in how they leave the terminal when nobody gives one: late, or not at all.
#[test]
fn however_a_signing_program_leaves_the_terminal_it_is_the_consoles_again() {
    let home = signing("~/id");
    key(&home, "right one");
    let (program, seen) = (home.path().join("ssh-keygen"), home.path().join("seen"));
    let script = format!(
        "#!/bin/sh\n[ \"$2\" = sign ] || exec /usr/bin/ssh-keygen \"$@\"\nexec </dev/tty\nstty -a >>'{0}'\n\
         trap 'trap \"\" INT; sleep 1; stty sane; stty -echo; echo over >>\"{0}\"; exit 1' INT\nstty -echo\nprintf 'passphrase: ' >&2\nread -r _\n",
        seen.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", home.path().display(), std::env::var("PATH").unwrap());
    let mut terminal = console_with(&home, &[("PATH", path.as_ref())]);
    for entry in [1, 2] {
        terminal.press("Squiet\r");
        terminal.until("the question", |screen| {
            !screen.alternate_screen() && screen.contents().matches("passphrase: ").count() == entry
        });
        terminal.press("\x03");
        back(&mut terminal, &format!("`matins log sign {entry}` does it later"));
        let seen = std::fs::read_to_string(&seen).unwrap();
        assert!(seen.matches("over").count() == entry, "the console is back too early: {seen}");
    }
    terminal.press("q");
    assert!(terminal.end().success() && terminal.is_restored());
    let seen = std::fs::read_to_string(&seen).unwrap();
    assert!(seen.matches("speed").count() == 2 && !seen.split_whitespace().any(|word| word == "-echo"), "{seen}");
}

/// Whoever looks elsewhere hears of a change from the open console: once, and not of what was there when it was opened.
#[test]
fn the_terminal_and_the_desktop_are_told_what_changes_while_somebody_looks_elsewhere() {
    let home = Home::new("");
    let desktop = home.path().join("desktop");
    let channels = "[[notify]]\nname = \"here\"\nkind = \"terminal\"\nchime = \"osc777\"\n[[notify]]\nname = \"desktop\"\nkind = \"desktop\"\n";
    let toml = backups(home.path(), 0).replace("of = []", "of = [\"web1\"]")
        + "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n"
        + channels;
    home.configure(&toml);
    // Everything has been asked: what comes now is news.
    home.run(&["round"]);
    // What notify-send is given, word for word.
    let program = home.path().join("notify-send");
    std::fs::write(&program, format!("#!/bin/sh\nprintf '%s|' \"$@\" >> '{}'\n", desktop.display())).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", home.path().display(), std::env::var("PATH").unwrap());
    let mut terminal = console_with(&home, &[("PATH", path.as_ref())]);
    terminal.quiet(Duration::from_millis(500));
    std::fs::remove_dir_all(home.path().join("dumps")).unwrap();
    backups(home.path(), 30);
    terminal.press("R");
    terminal.shows("no snapshot from");
    let notes = |terminal: &Terminal| {
        let bytes = String::from_utf8_lossy(&terminal.bytes).into_owned();
        bytes.matches("\x1b]").map(str::to_owned).count()
    };
    let told = |terminal: &Terminal, text: &str| String::from_utf8_lossy(&terminal.bytes).contains(text);
    let end = Instant::now() + Duration::from_secs(20);
    while !told(&terminal, "\x1b]777;notify;matins;matins: 1 broken\x07") {
        assert!(Instant::now() < end, "the terminal was not told");
        terminal.quiet(Duration::from_millis(50));
    }
    while !desktop.exists() {
        assert!(Instant::now() < end, "the desktop was not told");
        std::thread::yield_now();
    }
    // What is decided is no news, and neither is what stays as it is.
    terminal.press("/verdict:broken\r");
    terminal.shows("─ 1 of");
    terminal.press("dthe disk comes on Friday\r");
    terminal.shows("1 decided");
    terminal.press("R");
    terminal.quiet(Duration::from_millis(700));
    assert_eq!(notes(&terminal), 1, "told once");
    terminal.press("q");
    assert!(terminal.end().success() && terminal.is_restored());
    let said = std::fs::read_to_string(&desktop).unwrap();
    let head = "--app-name|matins|--urgency|critical|--|matins: 1 broken|✖ broken web1: ";
    assert!(said.starts_with(head) && said.matches("--app-name").count() == 1, "{said}");
}
