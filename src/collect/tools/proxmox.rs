//! proxmox-backup-client, asked for its list of snapshots and nothing else. The password goes through a pipe on standard
//! input (`PBS_PASSWORD_FD`).

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::run::{Program, Ran, run};
use crate::domain::{Fault, Shown};

pub const DEADLINE: Duration = Duration::from_secs(60);
/// About 600 bytes a snapshot.
const CAP: usize = 64 << 20;

/// Where a datastore is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxmoxRepository {
    location: String,
    namespace: Option<String>,
    fingerprint: Option<String>,
}

impl ProxmoxRepository {
    /// Refuses what the client would take for something else, and says at which key.
    pub fn parse(
        location: &str,
        namespace: Option<String>,
        fingerprint: Option<String>,
    ) -> Result<Self, (&'static str, String)> {
        let word = |text: &str, marks: &[u8]| {
            text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'[')
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte))
        };
        let wrong = |text: &str, what: &str| format!("`{}` is no {what}", Shown::line(text).cut(80));
        if !word(location, b"@!:._-[]") || !location.contains(':') {
            return Err(("repository", wrong(location, "repository as in backup@pbs!matins@pbs.example:store")));
        }
        if let Some(name) = namespace.as_deref().filter(|name| !word(name, b"/._-")) {
            return Err(("namespace", wrong(name, "namespace")));
        }
        if let Some(print) = fingerprint.as_deref().filter(|print| !word(print, b":")) {
            return Err(("fingerprint", wrong(print, "fingerprint")));
        }
        Ok(Self { location: location.to_owned(), namespace, fingerprint })
    }
}

pub async fn snapshots(repository: &ProxmoxRepository, password: &SecretString) -> Result<Ran, Fault> {
    let mut program = Program::new("proxmox-backup-client").arguments(["snapshot", "list", "--output-format", "json"]);
    if let Some(namespace) = &repository.namespace {
        program = program.arguments(["--ns", namespace]);
    }
    program.variables =
        vec![("PBS_REPOSITORY".into(), repository.location.clone().into()), ("PBS_PASSWORD_FD".into(), "0".into())];
    program.variables.extend(repository.fingerprint.as_ref().map(|print| ("PBS_FINGERPRINT".into(), print.into())));
    program.input = password.expose_secret().as_bytes().to_vec();
    program.deadline = DEADLINE;
    program.cap = CAP;
    run(program).await
}
