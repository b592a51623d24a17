//! `matins drill` as it is run: against a real restic repository, from the configuration to the recorded evidence.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// A repository with one snapshot of this machine, and a configuration that names it. `None` without restic.
    fn new() -> Option<Self> {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        if Command::new("restic").arg("version").output().is_err() {
            eprintln!("left out: restic is not installed");
            return None;
        }
        for folder in ["data", "config", "within"] {
            std::fs::create_dir(home.path(folder)).unwrap();
        }
        for name in 0..20 {
            std::fs::write(home.path("data").join(format!("{name}")), format!("worth keeping {name}")).unwrap();
        }
        let password = home.path("password");
        std::fs::write(&password, "pw").unwrap();
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
        home.restic(&["init", "--quiet"]);
        home.restic(&["backup", "--quiet", "--host", "web1", home.path("data").to_str().unwrap()]);
        let config = format!(
            "[console]\noperator = \"roman\"\ntimezone = \"Europe/Vienna\"\n[[server]]\nname = \"web1\"\nssh = \"local\"\n\
             [[backup]]\nname = \"nas\"\nof = [\"web1\"]\nkind = \"restic\"\nrepository = \"{}\"\npassword = {{ file = \"{}\" }}\n\
             expect = {{ drill = \"180d\", restore_within = \"30m\", verified = \"30d\" }}\n",
            home.path("repository").display(),
            password.display()
        );
        std::fs::write(home.path("config/matins.toml"), config).unwrap();
        Some(home)
    }

    /// The same kept by borg.
    fn of_borg() -> Option<Self> {
        let home = Self::new()?;
        if Command::new("borg").arg("--version").output().is_err() {
            eprintln!("left out: borg is not installed");
            return None;
        }
        std::fs::remove_dir_all(home.path("repository")).unwrap();
        home.borg(&["init", "--encryption", "repokey"]);
        home.borg(&["create", "::web1-tonight", home.path("data").to_str().unwrap()]);
        let config = home.path("config/matins.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(config, text.replace("kind = \"restic\"", "kind = \"borg\"")).unwrap();
        Some(home)
    }

    fn borg(&self, words: &[&str]) {
        let mut command = Command::new("borg");
        command.args(words).env("BORG_REPO", self.path("repository")).env("BORG_PASSPHRASE", "pw");
        assert!(command.env("BORG_BASE_DIR", self.path("borg")).status().unwrap().success());
    }

    /// A drill by hand, told this.
    fn by_hand(&self, told: &str) -> (Option<i32>, String) {
        let mut child = self.command(&["drill", "nas", "--by-hand"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(told.as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn restic(&self, words: &[&str]) {
        let status = Command::new("restic")
            .args(["--no-cache"])
            .args(words)
            .env("RESTIC_REPOSITORY", self.path("repository"))
            .env("RESTIC_PASSWORD_FILE", self.path("password"))
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_matins"));
        command
            .arg("--config")
            .arg(self.path("config"))
            .args(words)
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .env_remove("XDG_RUNTIME_DIR")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn start(&self, words: &[&str]) -> Child {
        self.command(words).spawn().unwrap()
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.start(words).wait_with_output().unwrap();
        (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
    }

    fn within(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.path("within")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

#[test]
fn a_drill_is_timed_compared_and_becomes_evidence_with_its_author() {
    let Some(home) = Home::new() else { return };
    let (code, said) = home.run(&["check", "restore"]);
    assert_eq!(code, Some(1), "{said}");
    let within = home.path("within");
    let (code, said) = home.run(&["drill", "nas", "--within", within.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("ok: ") && said.contains("promised within 30m"), "{said}");
    assert!(said.contains("20 files") && said.contains("20 as on the server") && said.contains("recorded; entry 1"));
    assert_eq!(home.within(), Vec::<PathBuf>::new());
    let (code, said) = home.run(&["check", "restore"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(home.run(&["backup", "verified", "nas", "--note", "restic check --read-data"]).0, Some(0));
    let (code, said) = home.run(&["backup", "verified", "nsa", "--note", "x"]);
    assert_eq!((code, said.contains("there is no [[backup]] called nsa")), (Some(64), true), "{said}");
    let (_, log) = home.run(&["log", "show"]);
    assert!(log.contains("roman") && log.contains("restic check --read-data"), "{log}");
}

#[test]
fn a_drill_of_a_borg_repository_is_the_same() {
    let Some(home) = Home::of_borg() else { return };
    let within = home.path("within");
    let (code, said) = home.run(&["drill", "nas", "--within", within.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("ok: web1-tonight of web1 from nas: ") && said.contains("20 as on the server"), "{said}");
    assert_eq!(home.within(), Vec::<PathBuf>::new());
    assert_eq!(home.run(&["check", "restore"]).0, Some(0));
}

#[test]
fn a_drill_by_hand_is_led_timed_and_recorded_with_what_was_seen() {
    let Some(home) = Home::new() else { return };
    let (code, said) = home.by_hand("\n\nits front page, and the newest order is there\n");
    assert_eq!(code, Some(0), "{said}");
    for words in [
        "A restore of web1 from nas, by hand: snapshot ",
        "Promised within 30m",
        "Never web1 itself",
        "promised until ",
        "by what did you see that it is whole?",
        "promised within 30m\nrecorded; entry 1",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains(" files, "), "nothing was compared: {said}");
    let (code, said) = home.run(&["check", "restore"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, log) = home.run(&["log", "show"]);
    assert!(log.contains("by hand: restored in ") && log.contains("the newest order is there"), "{log}");
}

#[test]
fn a_drill_by_hand_that_failed_is_broken_and_one_without_an_end_is_not_recorded() {
    let Some(home) = Home::new() else { return };
    for told in ["", "\n", "\nmaybe\n", "\n\n", "\n\n\n", "\nf\n \n"] {
        let (code, said) = home.by_hand(told);
        assert_eq!(code, Some(130), "{told:?}: {said}");
        assert!(said.contains("nothing is recorded") && !said.contains("recorded; entry"), "{said}");
    }
    assert_eq!(home.run(&["check", "restore"]).0, Some(1), "never tried");
    let (code, said) = home.by_hand("\nf\nthe disk\u{1b}[2J was full\n");
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = home.run(&["check", "restore"]);
    assert!(code == Some(2) && said.contains("failed: the disk␛[2J was full"), "{said}");
}

#[test]
fn a_drill_that_finds_a_damaged_repository_is_broken_and_recorded_as_such() {
    let Some(home) = Home::new() else { return };
    damage(&home.path("repository/data"));
    let (code, said) = home.run(&["drill", "nas", "--within", home.path("within").to_str().unwrap()]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("broken: ") && said.contains("recorded; entry 1"), "{said}");
    assert_eq!(home.within(), Vec::<PathBuf>::new());
    assert_eq!(home.run(&["check", "restore"]).0, Some(2));
}

/// Overwrites the middle of every pack.
fn damage(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(&path);
        } else {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[..middle].fill(7);
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

#[test]
fn a_whole_restore_goes_to_the_disk_and_not_into_the_sessions_memory() {
    let Some(home) = Home::new() else { return };
    let nowhere = home.path("nowhere");
    let mut command = home.command(&["drill", "nas"]);
    let said = command.env("XDG_RUNTIME_DIR", home.path("within")).env("TMPDIR", &nowhere).output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains(&format!("no folder can be made in {}", nowhere.display())), "{said}");
}

#[test]
fn what_could_not_be_compared_is_neither_ok_nor_recorded() {
    let Some(home) = Home::new() else { return };
    for name in 0..20 {
        std::fs::write(home.path("data").join(format!("{name}")), "something else by now").unwrap();
    }
    let (code, said) = home.run(&["drill", "nas", "--within", home.path("within").to_str().unwrap()]);
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains("none of the restored files could be compared") && !said.contains("recorded"), "{said}");
    assert_eq!(home.run(&["check", "restore"]).0, Some(1));
}

#[test]
fn ctrl_c_and_a_polite_end_leave_nothing_behind() {
    let Some(home) = Home::new() else { return };
    for signal in [Signal::INT, Signal::TERM] {
        let child = home.start(&["drill", "nas", "--within", home.path("within").to_str().unwrap()]);
        let started = Instant::now();
        while home.within().is_empty() {
            assert!(started.elapsed() < Duration::from_secs(60), "it never began");
            std::thread::yield_now();
        }
        kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(home.within(), Vec::<PathBuf>::new());
    }
    assert!(home.run(&["log", "show"]).1.lines().all(|line| !line.contains("restore")), "nothing was recorded");
}
