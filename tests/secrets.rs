//! `tools::secrets` against real files, real programs and buses that are not there or never answer.
//!
//! The environment can't be changed within a process (that is `unsafe`): where it matters, a test runs itself again as
//! a child, which prints what it was given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use matins::collect::tools::secrets::Secrets;
use matins::domain::{Fault, SecretRef};
use secrecy::{ExposeSecret as _, SecretString};

/// Must never be seen in anything but a secret's own value.
const CANARY: &str = "k4n4rienv0gel-7731";

async fn read(from: SecretRef) -> Result<SecretString, Fault> {
    Secrets::default().read(&from).await
}

async fn refused(from: SecretRef) -> String {
    let answer = read(from.clone()).await;
    assert!(!format!("{answer:?}").contains(CANARY), "shown: {answer:?}");
    let fault = answer.expect_err(&format!("{from:?} was believed"));
    fault.said.to_string()
}

fn command(line: &str) -> SecretRef {
    SecretRef::Command(line.into())
}

fn file(path: &Path) -> SecretRef {
    SecretRef::File(path.to_str().unwrap().into())
}

/// Runs one test of this file again, with these variables and no bus of ours, and gives what it printed.
async fn again(test: &str, variables: &[(&str, &str)]) -> String {
    let run = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env("XDG_RUNTIME_DIR", "/nonexistent")
        .env("MATINS_TEST_CHILD", "1")
        .envs(variables.iter().copied())
        .output();
    String::from_utf8(run.await.unwrap().stdout).unwrap()
}

fn is_child() -> bool {
    std::env::var_os("MATINS_TEST_CHILD").is_some()
}

#[tokio::test]
async fn a_private_file_is_read_and_its_secret_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pw");
    fs::write(&path, format!("{CANARY}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let secret = read(file(&path)).await.unwrap();
    assert_eq!(secret.expose_secret(), CANARY);
    assert!(!format!("{secret:?}").contains(CANARY));
}

#[tokio::test]
async fn a_file_that_others_can_read_or_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pw");
    fs::write(&path, CANARY).unwrap();
    for mode in [0o640, 0o604, 0o644, 0o620, 0o602, 0o660, 0o666, 0o777] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(refused(file(&path)).await.ends_with("can be read or written by others"), "{mode:o}");
    }
}

#[tokio::test]
async fn what_is_no_plain_file_of_one_line_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, bytes: &[u8]| {
        fs::write(at(name), bytes).unwrap();
        fs::set_permissions(at(name), Permissions::from_mode(0o600)).unwrap();
    };
    write("pw", CANARY.as_bytes());
    symlink(at("pw"), at("link")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    write("empty", b"");
    write("lines", format!("{CANARY}\n{CANARY}\n").as_bytes());
    write("binary", b"k4n4rienv0gel-7731\xff");
    write("large", "x".repeat((64 << 10) + 1).as_bytes());
    for (name, said) in [
        ("link", "is a symbolic link"),
        ("pipe", "is not a plain file"),
        ("", "is not a plain file"),
        ("missing", "does not exist"),
        ("empty", "gave nothing"),
        ("lines", "has more than one line"),
        ("binary", "gave something that is not UTF-8"),
        ("large", "gave more than 64 KiB"),
    ] {
        let fault = refused(file(&at(name))).await;
        assert!(fault.ends_with(said), "{name}: {fault}");
    }
    assert!(refused(SecretRef::File("pw".into())).await.contains("write an absolute path"));
}

#[tokio::test]
async fn a_credential_of_systemd_is_read_by_its_absolute_path() {
    let test = "a_credential_of_systemd_is_read_by_its_absolute_path";
    if is_child() {
        let path = std::env::var("MATINS_TEST_FILE").unwrap();
        println!("answer: {:?}", read(SecretRef::File(path)).await.map(|pw| pw.expose_secret().len()));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hetzner");
    fs::write(&path, CANARY).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o440)).unwrap();
    if fs::metadata(folder.path()).map(|folder| std::os::unix::fs::MetadataExt::uid(&folder)).unwrap() != 0 {
        println!("left out: only root can make root's files");
        return;
    }
    let (path, folder) = (path.to_str().unwrap(), folder.path().to_str().unwrap());
    let said = again(test, &[("MATINS_TEST_FILE", path), ("CREDENTIALS_DIRECTORY", folder)]).await;
    assert!(said.contains("answer: Ok(18)"), "{said}");
    let said = again(test, &[("MATINS_TEST_FILE", path), ("CREDENTIALS_DIRECTORY", "/run")]).await;
    assert!(said.contains("can be read or written by others"), "{said}");
}

#[tokio::test]
async fn a_variable_is_read_from_our_environment() {
    if is_child() {
        let value = read(SecretRef::Env("MATINS_TEST_PW".into())).await.map(|pw| pw.expose_secret() == CANARY);
        println!("answer: {value:?}");
        return;
    }
    let test = "a_variable_is_read_from_our_environment";
    assert!(again(test, &[("MATINS_TEST_PW", CANARY)]).await.contains("answer: Ok(true)"));
    assert!(again(test, &[]).await.contains("the environment variable MATINS_TEST_PW is not set"));
}

#[tokio::test]
async fn the_first_line_of_a_command_is_the_secret() {
    let secret = read(command(&format!("printf '%s\\n' {CANARY} 'login: roman'"))).await.unwrap();
    assert_eq!(secret.expose_secret(), CANARY);
    // Nothing but what it needs of our environment, and no shell in between.
    let variables = read(command("sh -c 'env | sort | cut -d= -f1 | tr \"\\n\" \" \"'")).await.unwrap();
    assert!(!variables.expose_secret().contains("CARGO"), "{}", variables.expose_secret());
    assert_eq!(read(command("echo '$HOME *'")).await.unwrap().expose_secret(), "$HOME *");
}

#[tokio::test]
async fn a_command_that_fails_shows_its_status_and_nothing_that_it_said() {
    let fails = format!("sh -c 'echo {CANARY}; echo {CANARY} >&2; exit 3'");
    assert_eq!(refused(command(&fails)).await, "`sh`, asked for a secret, ended with status 3");
    let killed = format!("sh -c 'echo {CANARY}; kill -9 $$'");
    assert_eq!(refused(command(&killed)).await, "`sh`, asked for a secret, was ended by a signal");
    assert_eq!(refused(command("true")).await, "`true`, asked for a secret, gave nothing");
    assert_eq!(refused(command(&format!("nosuchprogram {CANARY}"))).await, "nosuchprogram is not installed");
    for wrong in ["", "  ", "pass show x | head", "pass show 'x", "echo $(id)"] {
        assert!(refused(command(&wrong.replace('x', CANARY))).await.starts_with("the command for a secret"), "{wrong}");
    }
}

#[tokio::test]
async fn a_command_that_prints_a_megabyte_or_never_ends_is_refused() {
    let megabyte = format!("sh -c 'printf {CANARY}; head -c 1000000 /dev/zero | tr \"\\0\" x'");
    assert_eq!(refused(command(&megabyte)).await, "`sh`, asked for a secret, gave more than 64 KiB");
    assert!(refused(command(&format!("yes {CANARY}"))).await.contains("said more than"));
    let begun = Instant::now();
    assert!(refused(command(&format!("sh -c 'echo {CANARY}; sleep 600'"))).await.contains("within 5 s"));
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

/// The child reads and prints; it must also end, though its thread at the bus never does.
async fn print_keyring() {
    let begun = Instant::now();
    let answer = read(SecretRef::Keyring("hetzner".into())).await;
    println!("answer after {} s: {:?}", begun.elapsed().as_secs(), answer.map(|_| "secret"));
}

#[cfg(feature = "desktop")]
#[tokio::test]
async fn without_a_bus_the_keyring_says_so_at_once() {
    if is_child() {
        return print_keyring().await;
    }
    let said = again("without_a_bus_the_keyring_says_so_at_once", &[]).await;
    assert!(said.contains("answer after 0 s") && said.contains("no keyring answers here"), "{said}");
    let gone = [("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")];
    let said = again("without_a_bus_the_keyring_says_so_at_once", &gone).await;
    assert!(said.contains("answer after 0 s") && said.contains("no keyring answers here"), "{said}");
}

#[cfg(feature = "desktop")]
#[tokio::test]
async fn a_bus_that_never_answers_holds_nothing_up() {
    if is_child() {
        return print_keyring().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let address = format!("unix:path={}", path.display());
    let begun = Instant::now();
    let said = again("a_bus_that_never_answers_holds_nothing_up", &[("DBUS_SESSION_BUS_ADDRESS", &address)]).await;
    assert!(said.contains("the keyring did not answer within 5 s"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(10), "the program did not end: {:?}", begun.elapsed());
}

#[cfg(not(feature = "desktop"))]
#[tokio::test]
async fn without_the_feature_there_is_no_keyring_and_no_fallback() {
    print_keyring().await;
    assert!(refused(SecretRef::Keyring("x".into())).await.contains("built without a keyring"));
}
