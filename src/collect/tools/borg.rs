//! borg (1.1 to 1.4), asked for what it lists, or to extract an archive into a folder of ours.
//!
//! The passphrase goes through a pipe on standard input (`BORG_PASSPHRASE_FD`): never in arguments or environment.
//! `--bypass-lock` reads without writing a lock, also while a run holds the repository. borg keeps notes of every repository
//! that it saw; ours go to a folder that is removed at once, so that the user's own are neither used nor changed.
//! `TZ=UTC`, because borg prints local times without an offset.

use std::ffi::OsString;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::restic::SSH;
use super::run::{Program, Ran, run};
use super::scratch::{Restore, Scratch};
use crate::domain::register::Destination;
use crate::domain::{Fault, Shown};

pub const DEADLINE: Duration = Duration::from_secs(90);
/// About 400 bytes an archive: room for a hundred thousand.
const CAP: usize = 64 << 20;

/// Where a repository is, as borg writes it: an absolute path, `ssh://user@host:port/path` or `user@host:path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BorgRepository {
    location: String,
    local: bool,
}

impl BorgRepository {
    /// Refuses what borg or ssh would take for something else.
    pub fn parse(location: &str) -> Result<Self, String> {
        let shown = Shown::line(location).cut(120);
        let wrong = || {
            format!(
                "`{shown}` is neither an absolute path nor an address as in ssh://borg@office/backup or office:/backup"
            )
        };
        if location.contains(['\0', '\n']) || location.contains("::") {
            return Err(wrong());
        }
        if location.starts_with('/') {
            return Ok(Self { location: location.to_owned(), local: true });
        }
        let host = match location.strip_prefix("ssh://") {
            Some(rest) => {
                let (host, _) = rest.split_once('/').ok_or_else(wrong)?;
                match host.rsplit_once(':').filter(|_| !host.ends_with(']')) {
                    Some((host, port)) => {
                        port.parse::<u16>().map_err(|_| "the port of an ssh:// address is a number")?;
                        host
                    }
                    None => host,
                }
            }
            None => location.split_once(':').ok_or_else(wrong)?.0,
        };
        Destination::parse(&host.replace(['[', ']'], ""))?;
        Ok(Self { location: location.to_owned(), local: false })
    }

    /// The folder, where it is on this machine.
    pub fn folder(&self) -> Option<&str> {
        self.local.then_some(self.location.as_str())
    }
}

/// The program, as it is found through `PATH`.
#[derive(Debug, Clone)]
pub struct Borg {
    pub program: OsString,
}

impl Default for Borg {
    fn default() -> Self {
        Self { program: "borg".into() }
    }
}

impl Borg {
    /// `borg … REPOSITORY` with these words, such as `list --json`. Without a password only what isn't encrypted can be
    /// read.
    pub async fn ask(
        &self,
        repository: &BorgRepository,
        password: Option<&SecretString>,
        words: &[&str],
    ) -> Result<Ran, Fault> {
        let scratch = Scratch::new()?;
        let mut program = self.program(&scratch, password).arguments(words).arguments(["--", &repository.location]);
        program.deadline = DEADLINE;
        program.cap = CAP;
        let ran = run(program).await;
        scratch.remove()?;
        ran
    }

    /// `borg extract`, which checks every piece against its sum.
    pub async fn extract(
        &self,
        repository: &BorgRepository,
        password: Option<&SecretString>,
        order: &Restore<'_>,
    ) -> Result<Ran, Fault> {
        let scratch = Scratch::new()?;
        let archive = format!("{}::{}", repository.location, order.snapshot);
        let mut program = self.program(&scratch, password).arguments(["extract", "--", &archive]);
        // borg keeps paths without the slash at their beginning.
        program = program.arguments(order.paths.iter().map(|path| path.trim_start_matches('/')));
        program.folder = Some(order.into.to_owned());
        program.deadline = order.deadline;
        let ran = run(program).await;
        scratch.remove()?;
        ran
    }

    fn program(&self, scratch: &Scratch, password: Option<&SecretString>) -> Program {
        let mut program = Program::new(&self.program).arguments(["--bypass-lock", "--log-json"]);
        let notes = scratch.path();
        program.variables = vec![
            ("TZ".into(), "UTC".into()),
            ("BORG_RSH".into(), SSH.into()),
            ("BORG_CACHE_DIR".into(), notes.join("cache").into()),
            ("BORG_SECURITY_DIR".into(), notes.join("security").into()),
            ("BORG_RELOCATED_REPO_ACCESS_IS_OK".into(), "yes".into()),
            ("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK".into(), "yes".into()),
        ];
        program.keep = &["SSH_AUTH_SOCK", "BORG_BASE_DIR", "BORG_CONFIG_DIR", "BORG_KEYS_DIR", "BORG_REMOTE_PATH"];
        program.variables.push(("BORG_PASSPHRASE_FD".into(), "0".into()));
        program.input = password.map_or_else(Vec::new, |password| password.expose_secret().as_bytes().to_vec());
        program
    }
}
