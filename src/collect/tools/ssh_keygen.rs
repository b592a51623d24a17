//! Signatures with ssh keys, made and checked by the system's own `ssh-keygen -Y`: agents and hardware keys work, and
//! anybody can check them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::run::{Program, run};
use crate::domain::{Fault, Shown};

/// A hardware key waits for a touch; a person needs a moment for that.
const TOUCH: Duration = Duration::from_secs(30);
/// Who is asked for a passphrase may have to look it up.
const PASSPHRASE: Duration = Duration::from_secs(300);

/// Which key signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A private key's file, or a public key's file whose private part the agent holds.
    File(PathBuf),
    /// The first key that the agent offers.
    Agent,
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        if text == "agent" { Self::Agent } else { Self::File(PathBuf::from(text)) }
    }
}

impl Key {
    /// Why it can't be used, as far as a look at its file tells.
    pub fn trouble(&self) -> Option<Fault> {
        let Self::File(path) = self else { return None };
        let error = std::fs::File::open(path).err()?;
        let said = format!("the signing key {} can't be read: {error}", path.display());
        Some(
            Fault::new(said)
                .mend("make it with ssh-keygen, or name another: `--key`, or `signing_key` below [console]"),
        )
    }
}

/// A signature and what it was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub armor: String,
    pub public_key: String,
    pub fingerprint: Shown,
}

/// Signs `text` for `namespace`. Without `asks` it never asks for a passphrase: that would be asked over the screen; with
/// it, ssh-keygen has our terminal.
pub async fn sign(key: Key, namespace: &str, text: String, asks: bool) -> Result<Made, Fault> {
    let scratch = scratch()?;
    let (file, public_key) = match key {
        Key::File(path) => (path.clone(), public_of(&path).await?),
        Key::Agent => {
            let public_key = first_of_agent().await?;
            let path = scratch.path().join("key.pub");
            std::fs::write(&path, format!("{public_key}\n")).map_err(|error| scratch_fault(&error))?;
            (path, public_key)
        }
    };
    let mut program = keygen(["-Y", "sign", "-q", "-n", namespace, "-f"]);
    program.arguments.push(absolute(&file).into());
    program.input = text.into_bytes();
    program.deadline = if asks { PASSPHRASE } else { TOUCH };
    program.asks = asks;
    let ran = run(program).await?;
    if ran.status != Some(0) {
        let said = if asks { "it says why above".into() } else { ran.last_complaint() };
        let mend = if said.as_str().ends_with("device not found") {
            "plug the hardware key in; SSH_SK_PROVIDER names its driver where OpenSSH's own is not the one"
        } else {
            "add the key to your agent (ssh-add), so that no passphrase has to be asked for"
        };
        return Err(Fault::new(format!("ssh-keygen could not sign with {}: {said}", file.display())).mend(mend));
    }
    let armor = String::from_utf8(ran.output).map_err(|_| Fault::new("ssh-keygen printed no signature"))?;
    let fingerprint = fingerprint(&public_key).await?;
    Ok(Made { armor, public_key, fingerprint })
}

/// Whose signature counts.
#[derive(Debug, Clone, Copy)]
pub struct Signers<'a> {
    /// ALLOWED SIGNERS in ssh-keygen(1).
    pub allowed: &'a str,
    /// The principal that must have signed.
    pub signer: &'a str,
    /// Keys that count no more.
    pub revoked: Option<&'a Path>,
    /// When it was signed, as what was signed says: a key that ended since counted then.
    pub at: Timestamp,
}

/// Whether `armor` is a signature of `text` that counts, made for `namespace`.
pub async fn check(armor: &str, signers: &Signers<'_>, namespace: &str, text: String) -> Result<(), Fault> {
    let scratch = scratch()?;
    let (signature, allowed) = (scratch.path().join("sig"), scratch.path().join("allowed_signers"));
    std::fs::write(&signature, armor)
        .and_then(|()| std::fs::write(&allowed, signers.allowed))
        .map_err(|error| scratch_fault(&error))?;
    let mut program = keygen(["-Y", "verify", "-n", namespace, "-I", signers.signer, "-f"]);
    program.arguments.extend([allowed.into_os_string(), "-s".into(), signature.into_os_string()]);
    program.arguments.push(format!("-Overify-time={}", signers.at.strftime("%Y%m%d%H%M%SZ")).into());
    if let Some(revoked) = signers.revoked {
        program.arguments.extend(["-r".into(), absolute(revoked).into_os_string()]);
    }
    program.input = text.into_bytes();
    let ran = run(program).await?;
    if ran.status == Some(0) { Ok(()) } else { Err(Fault::new(ran.complaint())) }
}

fn scratch() -> Result<tempfile::TempDir, Fault> {
    tempfile::tempdir().map_err(|error| scratch_fault(&error))
}

fn keygen<const N: usize>(arguments: [&str; N]) -> Program {
    let mut program = Program::new("ssh-keygen").arguments(arguments);
    // No DISPLAY and no SSH_ASKPASS: nothing may ask over the screen. The last is how a hardware key is reached.
    program.keep = &["SSH_AUTH_SOCK", "SSH_SK_PROVIDER"];
    program
}

/// A name that begins with `-` is a file too.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

async fn public_of(path: &Path) -> Result<String, Fault> {
    let beside = if path.extension().is_some_and(|end| end == "pub") {
        path.to_owned()
    } else {
        let mut name = path.as_os_str().to_owned();
        name.push(".pub");
        PathBuf::from(name)
    };
    if let Ok(text) = std::fs::read_to_string(&beside) {
        return Ok(text.trim().to_owned());
    }
    let mut program = keygen(["-y", "-P", "", "-f"]);
    program.arguments.push(absolute(path).into());
    let ran = run(program).await?;
    if ran.status != Some(0) {
        return Err(Fault::new(format!("the key {} can't be read: {}", path.display(), ran.complaint()))
            .mend("name a private key, or a public key whose private part your agent holds"));
    }
    Ok(String::from_utf8_lossy(&ran.output).trim().to_owned())
}

async fn first_of_agent() -> Result<String, Fault> {
    let mut program = Program::new("ssh-add").arguments(["-L"]);
    program.keep = &["SSH_AUTH_SOCK"];
    let ran = run(program).await?;
    let text = String::from_utf8_lossy(&ran.output).into_owned();
    let first = text.lines().next().filter(|line| ran.status == Some(0) && line.contains(' ')).map(str::to_owned);
    first.ok_or_else(|| {
        Fault::new("there is no agent with a key in it").mend("ssh-add your key, or name its file with --key")
    })
}

async fn fingerprint(public_key: &str) -> Result<Shown, Fault> {
    let mut program = keygen(["-l", "-f", "-"]);
    program.input = format!("{public_key}\n").into_bytes();
    let ran = run(program).await?;
    let said = Shown::bytes(ran.output.trim_ascii());
    if ran.status == Some(0) && !said.is_empty() {
        return Ok(said);
    }
    Err(Fault::new(format!("ssh-keygen tells no fingerprint of the public key: {}", ran.complaint()))
        .mend("is what lies beside the key as KEY.pub its public part?"))
}

fn scratch_fault(error: &std::io::Error) -> Fault {
    Fault::new(format!("a scratch file can't be written: {error}")).mend("make room in the folder for temporary files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_no_fingerprint_is_a_fault_and_no_empty_one() {
        if !Path::new("/usr/bin/ssh-keygen").exists() {
            eprintln!("left out: ssh-keygen is not installed");
            return;
        }
        let fault = fingerprint("ssh-ed25519 AAAA nonsense").await.unwrap_err();
        assert!(fault.said.as_str().starts_with("ssh-keygen tells no fingerprint"), "{fault}");
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f x";
        assert!(fingerprint(key).await.unwrap().as_str().contains("SHA256:"));
    }
}
