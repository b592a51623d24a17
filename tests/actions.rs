//! What the console does to servers: the built program in a pseudo-terminal, and a real sshd.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

#[path = "support/pty.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod pty;
mod sshd;

use std::path::Path;
use std::time::Duration;

use portable_pty::CommandBuilder;
use pty::Terminal;

/// A console that may act on one server, which is a real sshd, and keeps a record of every login.
fn acting(ssh: &sshd::Sshd) -> (tempfile::TempDir, Terminal) {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config/matins");
    std::fs::create_dir_all(&config).unwrap();
    let toml = "[console]\ntimezone = \"UTC\"\nactions = true\n[[server]]\nname = \"web1\"\n";
    std::fs::write(config.join("matins.toml"), toml).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_matins"));
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env("HOME", home.path());
    command.env("XDG_CONFIG_HOME", home.path().join("config"));
    command.env("XDG_STATE_HOME", home.path().join("state"));
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", ssh.path("bin").display()));
    command.env("XDG_RUNTIME_DIR", ssh.path("c"));
    let mut terminal = Terminal::start(command, 120, 40);
    terminal.shows("Needs you");
    terminal.press("2");
    terminal.shows("web1");
    (home, terminal)
}

/// What the same person's `matins` says on the command line.
fn said(home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_matins"));
    command.args(arguments).env_clear().env("HOME", home).env("LC_ALL", "C.UTF-8");
    command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
}

#[test]
fn ssh_gets_the_terminal_and_gives_it_back_in_whatever_size() {
    if !sshd::there_is_sshd() {
        return;
    }
    let ssh = sshd::Sshd::start("");
    let (_home, mut terminal) = acting(&ssh);
    terminal.press("s");
    terminal.shows("ssh -- web1");
    terminal.press("\t\r");
    // What is typed before the server's shell reads may be lost on the way.
    terminal.until("the server's prompt", |screen| !screen.alternate_screen() && screen.contents().contains("# "));
    terminal.press("stty size; echo rea''dy\r");
    terminal.shows("40 120");
    terminal.shows("ready");
    terminal.resize(90, 30);
    terminal.press("stty size; echo li''ving\r");
    terminal.shows("30 90");
    terminal.press("exit 3\r");
    terminal
        .until("the console again", |screen| screen.alternate_screen() && screen.contents().contains("back from web1"));
    // Keys are the console's again, and it knows its new size.
    terminal.press("?");
    terminal.shows("keys in a panel");
    terminal.press("\x1b");
    terminal.hides("keys in a panel");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    assert!(terminal.is_restored());
}

#[test]
fn an_ssh_that_fails_says_why_and_an_interrupted_one_leaves_the_console() {
    if !sshd::there_is_sshd() {
        return;
    }
    // Nothing listens there; then something that never speaks.
    for (port, interrupted) in [(1, false), (sshd::mute(b""), true)] {
        let ssh = sshd::Sshd::at(port);
        let (_home, mut terminal) = acting(&ssh);
        terminal.press("s");
        terminal.shows("ssh -- web1");
        terminal.press("\t\r");
        if interrupted {
            terminal.until("the lent terminal", |screen| !screen.alternate_screen());
            // Until ssh has the terminal, an interrupt is nobody's.
            terminal.quiet(Duration::from_millis(1_500));
            terminal.press("\x03");
        } else {
            terminal.shows("Connection refused");
        }
        terminal.until("the console again", |screen| screen.alternate_screen() && screen.contents().contains("web1"));
        terminal.press("q");
        assert_eq!(terminal.end().exit_code(), 0, "{port}");
    }
}

/// As the kernel writes them: 36 characters.
const BOOTS: [&str; 2] = ["0b5e1b63-7e9c-4f0a-9d51-3c2f8c1a6d01", "6f1d2c3b-1111-4a4a-8b8b-0d0e0f101112"];

/// A login that runs nothing real: programs that would change something are recorded, and that is all they do.
fn recording(folder: &Path) -> sshd::Sshd {
    let at = folder.display().to_string();
    let bin = folder.join("bin");
    std::fs::create_dir(&bin).unwrap();
    for (name, script) in [
        ("id", "echo 1000".to_owned()),
        ("cat", format!("case $1 in */boot_id) /bin/cat {at}/boot;; *) /bin/cat \"$@\";; esac")),
        (
            "sudo",
            format!("case $* in *systemctl*|*apt-get*) echo \"$*\" >>{at}/done; echo {} >{at}/boot;; esac", BOOTS[1]),
        ),
        ("systemctl", format!("case $* in *reboot*) echo bare >>{at}/done;; esac")),
        ("apt-get", format!("case $* in *-s*) exit 1;; *) echo bare >>{at}/done;; esac")),
    ] {
        sshd::write_program(&bin.join(name), &format!("#!/bin/sh\n{script}\n"));
    }
    std::fs::write(folder.join("boot"), format!("{}\n", BOOTS[0])).unwrap();
    std::fs::write(folder.join("done"), "").unwrap();
    let login = format!("#!/bin/sh\nPATH={}:/usr/bin:/bin\nexport PATH\nexec /bin/sh -s\n", bin.display());
    sshd::write_program(&folder.join("login"), &login);
    sshd::Sshd::start(&format!("ForceCommand {at}/login"))
}

#[test]
fn nothing_ever_runs_on_a_server_that_was_not_confirmed() {
    if !sshd::there_is_sshd() {
        return;
    }
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let ssh = recording(folder.path());
    let done = || std::fs::read_to_string(folder.path().join("done")).unwrap();
    let (home, mut terminal) = acting(&ssh);
    terminal.quiet(Duration::from_millis(500));
    // Cancelled by Enter, by Esc after the other choice, by half a word, and by what is pasted in between.
    for (typed, pasted, then) in [
        ("\r", "", ""),
        ("\t\x1b", "", ""),
        ("\t\t\r", "", ""),
        ("\t\r\x1b", "", ""),
        ("\tweb\r\x1b", "", ""),
        ("\t", "web1", "\r\x1b"),
        ("\tweb", "1\r", "\r\x1b"),
        ("", "\tweb1\r", "\x1b"),
    ] {
        terminal.press("B");
        terminal.shows("sudo -n systemctl reboot");
        terminal.press(typed);
        if !pasted.is_empty() {
            terminal.paste(pasted);
        }
        terminal.press(then);
        terminal.hides("sudo -n systemctl reboot");
    }
    terminal.press("U");
    terminal.shows("On which servers?");
    terminal.press("\x1b");
    terminal.hides("On which servers?");
    assert_eq!(done(), "");
    terminal.press("B");
    terminal.shows("sudo -n systemctl reboot");
    terminal.press("\tweb1\r");
    terminal.shows("seen: it has booted anew");
    assert_eq!(done(), "-n systemctl reboot\n");
    terminal.press("\x1b");
    terminal.hides("What was done");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    the_record_holds_it(&home);
}

/// The record names its beginning and its end; what was said stays with it, and no hand changes it unseen.
fn the_record_holds_it(home: &tempfile::TempDir) {
    let (_, shown) = said(home.path(), &["log", "show"]);
    assert!(shown.contains("Reboot web1") && shown.contains("1 of 1 seen to be done"), "{shown}");
    let (status, transcript) = said(home.path(), &["log", "transcript", "2"]);
    assert_eq!(status, Some(0), "{transcript}");
    assert!(transcript.contains("$ sudo -n systemctl reboot") && transcript.contains("seen: it has"), "{transcript}");
    assert_eq!(said(home.path(), &["log", "transcript", "1"]).0, Some(64));
    assert_eq!(said(home.path(), &["log", "verify"]).0, Some(0));
    let export = home.path().join("export");
    let export = export.to_str().unwrap();
    assert_eq!(said(home.path(), &["log", "export", export]).0, Some(0));
    let checked = || std::process::Command::new("sh").args([&format!("{export}/verify.sh"), export]).output().unwrap();
    assert_eq!((said(home.path(), &["log", "verify", export]).0, checked().status.code()), (Some(0), Some(0)));
    // One that no entry names is found as one that was changed.
    let forged = format!("{export}/transcripts/1.txt");
    std::fs::write(&forged, "nothing happened\n").unwrap();
    assert_eq!((said(home.path(), &["log", "verify", export]).0, checked().status.code()), (Some(2), Some(2)));
    std::fs::remove_file(forged).unwrap();
    std::fs::write(format!("{export}/transcripts/2.txt"), "nothing happened\n").unwrap();
    assert_eq!((said(home.path(), &["log", "verify", export]).0, checked().status.code()), (Some(2), Some(2)));
}
