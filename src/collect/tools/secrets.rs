//! Secrets, from where the configuration says they are kept. No fallback from one place to another.
//!
//! Whatever goes wrong, a fault names the place and never holds the secret, nor anything that a program printed on the
//! way to it.

mod file;
mod keyring;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::run::{Program, run};
use crate::domain::{Fault, SecretRef, Shown};

/// How long any place may take to give a secret.
const DEADLINE: Duration = Duration::from_secs(5);
/// Longest secret, in bytes.
const CAP: usize = 64 << 10;
/// What `pass`, `gpg`, `secret-tool` and the like find their keys and agents by. Not `GPG_TTY`: nobody may draw on our
/// terminal, so an agent that has to ask for a passphrase there fails instead.
const KEEP: &[&str] = &[
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "SSH_AUTH_SOCK",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
];

/// Where secrets come from. Cheap to clone; clones share the turn at the keyring.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    keyring: keyring::Keyring,
}

impl Secrets {
    /// Reads a secret.
    ///
    /// - `keyring`: the Secret Service's item with the attributes `service = matins` and `username = NAME`.
    /// - `command`: the first line that it prints. Split into words as a shell does it, with quotes and `~/`, but run
    ///   without one: no pipes, variables or substitution.
    /// - `env`: the variable, unless empty.
    /// - `file`: its one line. It must be a plain file of ours that nobody else may read; in systemd's
    ///   `$CREDENTIALS_DIRECTORY` it may also be root's.
    pub async fn read(&self, from: &SecretRef) -> Result<SecretString, Fault> {
        match from {
            SecretRef::Keyring(name) => self.keyring.read(name).await,
            SecretRef::Command(line) => ask_command(line).await,
            SecretRef::Env(name) => from_environment(name, std::env::var_os(name)),
            SecretRef::File(path) => {
                let path = expanded(path, home())?;
                let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
                let read = tokio::task::spawn_blocking(move || file::read_secret(&path, credentials.as_deref()));
                match tokio::time::timeout(DEADLINE, read).await {
                    Ok(Ok(secret)) => secret,
                    Ok(Err(_)) => Err(Fault::new("the file with the secret could not be read")),
                    Err(_) => Err(Fault::passing("the file with the secret could not be read within 5 s")),
                }
            }
        }
    }

    /// Stores a secret in the keyring, for `matins secret set NAME`. Waits up to a minute, since a person may have to
    /// unlock it first.
    pub async fn keep(&self, name: &str, secret: SecretString) -> Result<(), Fault> {
        self.keyring.keep(name, secret).await
    }
}

async fn ask_command(line: &str) -> Result<SecretString, Fault> {
    let mut words = words::parse_words(line, home().as_deref())
        .map_err(|said| Fault::new(format!("the command for a secret can't be run: {said}")))?
        .into_iter();
    // Only the program's name is ever shown: its arguments may be what should stay secret.
    let name = words.next().ok_or_else(|| Fault::new("the command for a secret is empty"))?;
    let shown = Shown::line(&name).cut(80);
    let mut program = Program::new(name).arguments(words);
    program.keep = KEEP;
    program.deadline = DEADLINE;
    // One more than a secret may have in KiB, so that what is too long is told from what is endless.
    program.cap = 1 << 20;
    let ran = run(program).await?;
    let output = Zeroizing::new(ran.output);
    match ran.status {
        Some(0) => first_line(&output).map_err(|said| Fault::new(format!("`{shown}`, asked for a secret, {said}"))),
        status => {
            let how = status.map_or("was ended by a signal".into(), |status| format!("ended with status {status}"));
            Err(Fault::new(format!("`{shown}`, asked for a secret, {how}"))
                .mend("run the command yourself and see what it complains about"))
        }
    }
}

fn from_environment(name: &str, value: Option<OsString>) -> Result<SecretString, Fault> {
    let shown = Shown::line(name).cut(80);
    let value = value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Fault::new(format!("the environment variable {shown} is not set")))?;
    let value =
        value.into_string().map_err(|_| Fault::new(format!("the environment variable {shown} is not UTF-8")))?;
    Ok(value.into())
}

/// The first line, without its end. The error follows a name: "printed nothing".
fn first_line(bytes: &[u8]) -> Result<SecretString, String> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        _ if line.len() > CAP => Err("gave more than 64 KiB".into()),
        Ok("") => Err("gave nothing".into()),
        Ok(line) if line.contains('\0') => Err("gave a zero byte".into()),
        Ok(line) => Ok(line.into()),
        Err(_) => Err("gave something that is not UTF-8".into()),
    }
}

fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

/// An absolute path, or one under `~/`.
fn expanded(path: &str, home: Option<PathBuf>) -> Result<PathBuf, Fault> {
    let shown = Shown::line(path).cut(200);
    let path = match (path.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => home.join(below),
        (Some(_), None) => return Err(Fault::new(format!("{shown}: no home folder is known here"))),
        (None, _) => PathBuf::from(path),
    };
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(Fault::new(format!("{shown}: write an absolute path, or one that begins with ~/")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_variable_is_a_secret_unless_it_is_empty() {
        assert_eq!(from_environment("X", Some("pw ".into())).unwrap().expose_secret(), "pw ");
        for unset in [None, Some(OsString::new())] {
            assert_eq!(from_environment("X", unset).unwrap_err().said, "the environment variable X is not set");
        }
    }

    #[test]
    fn the_first_line_is_the_secret() {
        for (bytes, secret) in [
            (&b"pw"[..], "pw"),
            (b"pw\n", "pw"),
            (b"pw\r\n", "pw"),
            (b"p w \nlogin: me\n", "p w "),
            ("pä\n".as_bytes(), "pä"),
        ] {
            assert_eq!(first_line(bytes).unwrap().expose_secret(), secret);
        }
        for (bytes, said) in [
            (&b""[..], "gave nothing"),
            (b"\npw", "gave nothing"),
            (b"\xff", "gave something that is not UTF-8"),
            (b"a\0b", "gave a zero byte"),
        ] {
            assert_eq!(first_line(bytes).unwrap_err(), said);
        }
        assert_eq!(first_line(&vec![b'x'; CAP + 1]).unwrap_err(), "gave more than 64 KiB");
    }

    #[test]
    fn a_path_is_absolute_or_under_home() {
        let home = || Some(PathBuf::from("/home/roman"));
        assert_eq!(expanded("~/pw", home()).unwrap(), PathBuf::from("/home/roman/pw"));
        assert_eq!(expanded("/run/pw", None).unwrap(), PathBuf::from("/run/pw"));
        for wrong in ["pw", "./pw", "~roman/pw", ""] {
            assert!(expanded(wrong, home()).is_err(), "{wrong}");
        }
        assert!(expanded("~/pw", None).is_err());
    }
}
