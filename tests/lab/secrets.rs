//! `tools::secrets` against a real Secret Service: the lab's unlocked gnome-keyring, and a locked one of our own.
//!
//! The bus is named by the environment, which can't be changed within a process: each trial runs itself again as a
//! child with another bus.

#![expect(clippy::disallowed_methods, reason = "a test starts its servers")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use matins::collect::tools::secrets::Secrets;
use matins::domain::{Fault, SecretRef};
use secrecy::{ExposeSecret as _, SecretString};

use super::Lab;

const CHILD: &str = "MATINS_TEST_CHILD";
type Test = fn() -> Result<(), Failed>;

const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let tests: [(&str, Test); 3] = [
        ("secrets: what is kept in the keyring is read again, by us and by others", kept_and_read),
        ("secrets: what is not in the keyring is said with its mend", missing),
        ("secrets: what others keep under matins' name is not guessed among", ambiguous),
    ];
    let unlocked = tests.into_iter().map(|(name, test)| {
        let lab = lab.clone();
        Trial::test(name, move || {
            let address = std::fs::read_to_string(lab.path("dbus/address"))?;
            at_bus(name, address.trim(), test)
        })
    });
    let name = "secrets: a locked keyring is a fault within the deadline";
    unlocked.chain([Trial::test(name, move || locked(name))]).collect()
}

/// Runs the trial again with this bus.
fn at_bus(trial: &str, address: &str, test: Test) -> Result<(), Failed> {
    if std::env::var_os(CHILD).is_some() {
        return test();
    }
    let child =
        Command::new(std::env::current_exe()?).args(["--exact", trial]).env(CHILD, "1").env(BUS, address).output()?;
    if child.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&child.stdout).into()) }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn read(name: &str) -> Result<SecretString, Fault> {
    runtime().block_on(Secrets::default().read(&SecretRef::Keyring(name.into())))
}

fn secret_tool(arguments: &[&str], input: &str) -> Result<String, Failed> {
    let mut child = Command::new("secret-tool").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().unwrap().write_all(input.as_bytes())?;
    Ok(String::from_utf8(child.wait_with_output()?.stdout)?)
}

fn kept_and_read() -> Result<(), Failed> {
    let name = format!("trial-{}", std::process::id());
    for secret in ["first-Ü-secret", "second secret, in place of the first"] {
        runtime().block_on(Secrets::default().keep(&name, secret.to_owned().into())).unwrap();
        assert_eq!(read(&name).unwrap().expose_secret(), secret);
        assert_eq!(secret_tool(&["lookup", "service", "matins", "username", &name], "")?, secret);
    }
    secret_tool(&["clear", "service", "matins", "username", &name], "")?;
    assert!(read(&name).is_err());
    Ok(())
}

fn missing() -> Result<(), Failed> {
    assert!(!secret_tool(&["search", "--all", "service", "matins"], "")?.contains("nobody kept this"));
    let fault = read("nobody kept this").unwrap_err();
    assert_eq!(fault.said, "the keyring holds no secret `nobody kept this`");
    assert_eq!(fault.mend.unwrap(), "run matins secret set nobody kept this");
    Ok(())
}

fn ambiguous() -> Result<(), Failed> {
    let name = format!("twice-{}", std::process::id());
    for which in ["one", "two"] {
        let attributes = ["service", "matins", "username", &name, "which", which];
        secret_tool(&[&["store", "--label=twice"], &attributes[..]].concat(), "k4n4rienv0gel")?;
    }
    let answer = read(&name);
    secret_tool(&["clear", "service", "matins", "username", &name], "")?;
    assert!(!format!("{answer:?}").contains("k4n4rienv0gel"));
    assert!(answer.unwrap_err().said.as_str().starts_with("the keyring holds several secrets"));
    Ok(())
}

/// A program that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).unwrap();
    }
}

/// A bus and a keyring of our own, since the lab's stays unlocked for everybody else.
fn locked(trial: &str) -> Result<(), Failed> {
    if std::env::var_os(CHILD).is_some() {
        locked_read();
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let at_home = |name: &str, address: &str| {
        let mut command = Command::new(name);
        command
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env("XDG_DATA_HOME", home.path().join("data"))
            .env(BUS, address)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        command
    };
    let (_bus, address) = own_bus(home.path())?;
    let mut keyring = at_home("gnome-keyring-daemon", &address);
    keyring.args(["--foreground", "--unlock", "--components=secrets"]).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut keyring = Ended(keyring.spawn()?);
    keyring.0.stdin.take().unwrap().write_all(b"pw")?;
    let until = Instant::now() + Duration::from_secs(20);
    let store = ["store", "--label=x", "service", "matins", "username", "locked-away"];
    loop {
        let mut child = at_home("secret-tool", &address).args(store).stdin(Stdio::piped()).spawn()?;
        child.stdin.take().unwrap().write_all(b"k4n4rienv0gel")?;
        if child.wait()?.success() {
            break;
        }
        assert!(Instant::now() < until, "gnome-keyring did not come up");
        // It owns its name on the bus a moment after it starts.
        std::thread::yield_now();
    }
    // Not `secret-tool lock`, which crashes on Debian 12.
    let mut lock = at_home("dbus-send", &address);
    lock.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
        .args(["org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login"]);
    assert!(lock.stdout(Stdio::null()).status()?.success());
    let child = at_home(std::env::current_exe()?.to_str().unwrap(), &address)
        .args(["--exact", trial])
        .env(CHILD, "1")
        .output()?;
    if child.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&child.stdout).into()) }
}

fn own_bus(folder: &Path) -> Result<(Ended, String), Failed> {
    // Not --session: its service files would let the first question start a second, locked keyring before ours is there.
    let file = folder.join("bus.conf");
    let listen = folder.join("bus");
    let conf = format!(
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
         \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\"><busconfig><type>session</type>\
         <listen>unix:path={}</listen><policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
         <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
        listen.display()
    );
    std::fs::write(&file, conf)?;
    let mut bus = Command::new("dbus-daemon")
        .arg(format!("--config-file={}", file.display()))
        .args(["--nofork", "--nopidfile", "--print-address"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let printed = BufReader::new(bus.stdout.take().unwrap()).lines().next();
    let bus = Ended(bus);
    match printed {
        Some(Ok(address)) => Ok((bus, address)),
        _ => Err("dbus-daemon printed no address".into()),
    }
}

fn locked_read() {
    let begun = Instant::now();
    let answer = read("locked-away");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert!(!format!("{answer:?}").contains("k4n4rienv0gel"));
    let fault = answer.unwrap_err();
    assert!(fault.mend.as_ref().unwrap().as_str().contains("unlock the keyring"), "{fault:?}");
}
