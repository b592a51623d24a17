//! Signing with a hardware key, through the built program and the system's ssh-keygen. The key itself is a stand-in (`token.c`)
//! where OpenSSH would load its driver; everything else is real.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../support/home.rs"]
mod home;
#[path = "../support/opened.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod opened;
#[path = "../support/pty.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod pty;

use home::{Home, text};
use opened::{broken, console, verify};

/// The stand-in, built, and a key that it holds.
fn token(home: &Home) -> (PathBuf, PathBuf) {
    let (driver, key) = (home.path().join("token.so"), home.path().join("id"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/token/token.c");
    done(Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&driver).arg(&source).arg("-lcrypto"));
    let kind = ["-q", "-t", "ed25519-sk", "-N", "", "-C", "mona", "-f"];
    done(Command::new("ssh-keygen").args(kind).arg(&key).env("SSH_SK_PROVIDER", &driver));
    (driver, key)
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
}

fn touch(home: &Home) {
    std::fs::write(home.path().join("token-touched"), "").unwrap();
}

#[test]
fn a_hardware_key_signs_and_stock_openssh_verifies_it() {
    let home = broken();
    let (driver, key) = token(&home);
    touch(&home);
    // Not plugged in: the entry stands, and says how it is signed later.
    let bare = home.run(&["sign", "--key", key.to_str().unwrap()]);
    let said = text(&bare.stderr);
    assert_eq!(bare.status.code(), Some(74), "{said}");
    assert!(said.contains("device not found") && said.contains("plug the hardware key in"), "{said}");
    let later = ["log", "sign", "1", "--key", key.to_str().unwrap()];
    done(home.command(&later).env("SSH_SK_PROVIDER", &driver));
    assert!(verify(&home).contains("1 signed"), "{}", verify(&home));
    let export = home.path().join("export");
    done(&mut home.command(&["log", "export", export.to_str().unwrap()]));
    let signers = std::fs::read_to_string(export.join("allowed_signers")).unwrap();
    assert!(signers.contains("sk-ssh-ed25519@openssh.com"), "{signers}");
    let line =
        "sed -n 1p log.jsonl | ssh-keygen -Y verify -f allowed_signers -I mona -n matins-checkin@v1 -s sigs/1.sig";
    done(Command::new("sh").args(["-c", line]).current_dir(&export));
}

#[test]
fn the_console_waits_for_the_touch_and_is_back_after_it() {
    let home = broken();
    let (driver, key) = token(&home);
    let file = home.path().join("config/matins/matins.toml");
    let signing = format!("[console]\nsigning_key = \"{}\"", key.display());
    home.configure(&std::fs::read_to_string(file).unwrap().replacen("[console]", &signing, 1));
    let mut terminal = console(&home, &[], &[("SSH_SK_PROVIDER", driver.as_ref() as &OsStr)]);
    terminal.shows("Needs you");
    terminal.press("S");
    terminal.shows("with your ssh key");
    terminal.press("quiet\r");
    terminal.until("what ssh-keygen waits for", |screen| {
        !screen.alternate_screen() && screen.contents().contains("Confirm user presence")
    });
    touch(&home);
    let said = "signed: entry 1 of the record, with your ssh key";
    terminal.until(said, |screen| screen.alternate_screen() && screen.contents().contains(said));
    terminal.press("q");
    assert!(terminal.end().success() && terminal.is_restored());
    assert!(verify(&home).contains("1 signed"), "{}", verify(&home));
}
