//! Exports of the record that somebody changed, and old entries whose keys have ended since: what `matins log verify` and
//! verify.sh say, with the real ssh-keygen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::Timestamp;
use matins::domain::{CheckIn, Round, Signing};
use matins::log::{Act, Anchor, Entry, Head, NAMESPACE, Stamp, VERIFY, allowed_signers};

#[path = "support/home.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod home;

use home::{Home, text};

/// Three check-ins of mona's in June 2020, each signed.
fn export(home: &Home) -> PathBuf {
    let (dir, key) = (home.path().join("export"), home.path().join("id"));
    fs::create_dir_all(dir.join("sigs")).unwrap();
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "mona", "-f"]).arg(&key).output();
    assert!(made.unwrap().status.success());
    let (mut head, mut log) = (Head::default(), String::new());
    for (seq, time) in (1..).zip(["2020-06-01T07:00:00Z", "2020-06-02T07:00:00.25Z", "2020-06-03T07:00:00Z"]) {
        let time: Timestamp = time.parse().unwrap();
        let stamp = Stamp { time, zone: "UTC".into(), actor: "mona".into(), host: "ws".into() };
        let round = Round::new(time, "mona".into(), Vec::new(), Vec::new());
        let line = Entry::line(&head, &stamp, &Act::CheckIn(CheckIn::of(&round, Signing::from("quiet")))).unwrap();
        head = Head::at(seq, &line);
        let signature = signed(&key, &format!("{line}\n"));
        fs::write(dir.join(format!("sigs/{seq}.sig")), signature).unwrap();
        log.push_str(&line);
        log.push('\n');
    }
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    fs::write(dir.join("log.jsonl"), log).unwrap();
    fs::write(dir.join("allowed_signers"), allowed_signers(&[("mona".into(), public)])).unwrap();
    fs::write(dir.join("anchor"), format!("{}\n", Anchor(head))).unwrap();
    fs::write(dir.join("verify.sh"), VERIFY).unwrap();
    dir
}

fn signed(key: &Path, text: &str) -> Vec<u8> {
    let mut sign = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-n", NAMESPACE, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    sign.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let done = sign.wait_with_output().unwrap();
    assert!(done.status.success());
    done.stdout
}

/// What `matins log verify` says, and verify.sh under each shell that is here.
fn verified(home: &Home, dir: &Path) -> Vec<(Option<i32>, String)> {
    let own = home.run(&["log", "verify", dir.to_str().unwrap()]);
    let mut said = vec![(own.status.code(), text(&own.stdout) + &text(&own.stderr))];
    for shell in ["sh", "bash"] {
        if let Ok(ran) = Command::new(shell).arg("verify.sh").current_dir(dir).output() {
            said.push((ran.status.code(), text(&ran.stdout) + &text(&ran.stderr)));
        }
    }
    said
}

fn all(home: &Home, dir: &Path, code: i32, what: &str) {
    for (ended, said) in verified(home, dir) {
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn a_key_that_has_ended_since_counts_for_what_it_signed_before() {
    let home = Home::new("");
    let dir = export(&home);
    all(&home, &dir, 0, "3 entries, 3 signed");
    let signers = fs::read_to_string(dir.join("allowed_signers")).unwrap();
    let with = |validity: &str| {
        let text = signers.replacen("namespaces=", &format!("{validity},namespaces="), 1);
        fs::write(dir.join("allowed_signers"), text).unwrap();
    };
    with("valid-before=\"20201231\"");
    all(&home, &dir, 0, "3 entries, 3 signed");
    with("valid-after=\"20200101\",valid-before=\"20200602070100Z\"");
    all(&home, &dir, 2, "entry 3");
    with("valid-after=\"20200602070100Z\"");
    all(&home, &dir, 2, "entry 1");
}

#[test]
fn a_signature_under_another_spelling_of_a_number_stands_for_none_that_was_taken_away() {
    let home = Home::new("");
    for name in ["01.sig", "+1.sig", "1.sig.sig", ".sig", "18446744073709551617.sig"] {
        let dir = export(&home);
        fs::remove_file(dir.join("sigs/3.sig")).unwrap();
        fs::copy(dir.join("sigs/1.sig"), dir.join("sigs").join(name)).unwrap();
        all(&home, &dir, 2, "");
        assert!(verified(&home, &dir)[0].1.contains(&format!("{name} belongs to no entry")));
        fs::remove_dir_all(&dir).unwrap();
        fs::remove_file(home.path().join("id")).unwrap();
    }
}

#[test]
fn bytes_that_a_shell_drops_are_seen() {
    let home = Home::new("");
    let dir = export(&home);
    let log = fs::read(dir.join("log.jsonl")).unwrap();
    for (at, byte) in [(200, b"\0\0".as_slice()), (10, b"\0"), (200, b"\xff"), (200, b"\x7f"), (0, b"\0")] {
        let mut changed = log.clone();
        changed.splice(at..at, byte.iter().copied());
        fs::write(dir.join("log.jsonl"), changed).unwrap();
        all(&home, &dir, 2, "bytes that no entry has");
    }
    fs::write(dir.join("log.jsonl"), [log.as_slice(), b"\0"].concat()).unwrap();
    all(&home, &dir, 2, "");
}
