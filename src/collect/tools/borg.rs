//! borg (1.1 to 1.4, and 2), asked for what it lists, or to extract an archive into a folder of ours.
//!
//! borg 2 speaks otherwise, and reads only repositories of its own: `borg --version` says which it is. It has no way to read
//! without a shared lock, which it writes into the repository and takes away again.
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
        if location.split_once("://").is_some_and(|(_, rest)| {
            let user = rest.split('/').next().and_then(|host| host.rsplit_once('@'));
            user.is_some_and(|(user, _)| user.contains(':'))
        }) {
            return Err("a password inside the address would be seen by others".into());
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

/// Which of the two a borg is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    One,
    Two,
}

/// `borg 1.2.4`, `borg 2.0.0b23`.
pub fn parse_version(said: &[u8]) -> Option<Generation> {
    let said = String::from_utf8_lossy(said);
    match said.trim().rsplit_once(' ')?.1.split_once('.')?.0 {
        "1" => Some(Generation::One),
        "2" => Some(Generation::Two),
        _ => None,
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
    pub async fn generation(&self) -> Result<Generation, Fault> {
        let said = run(Program::new(&self.program).arguments(["--version"])).await?;
        parse_version(&said.output).ok_or_else(|| {
            let version = Shown::line(String::from_utf8_lossy(&said.output).trim()).cut(60);
            Fault::new(format!("neither borg 1 nor 2, but `{version}`")).mend("see `borg --version`, and `program`")
        })
    }

    /// borg with these words, such as `list --json`, of a repository. Without a password only what isn't encrypted can be
    /// read.
    pub async fn ask(
        &self,
        generation: Generation,
        repository: &BorgRepository,
        password: Option<&SecretString>,
        words: &[&str],
    ) -> Result<Ran, Fault> {
        let scratch = Scratch::new()?;
        let mut program = self.program(&scratch, password);
        program = match generation {
            Generation::One => {
                program.arguments(["--bypass-lock"]).arguments(words).arguments(["--", &repository.location])
            }
            Generation::Two => program.arguments(["--repo", &repository.location]).arguments(words),
        };
        program.deadline = DEADLINE;
        program.cap = CAP;
        let ran = run(program).await;
        scratch.remove()?;
        ran
    }

    /// `borg extract`, which checks every piece against its sum.
    pub async fn extract(
        &self,
        generation: Generation,
        repository: &BorgRepository,
        password: Option<&SecretString>,
        order: &Restore<'_>,
    ) -> Result<Ran, Fault> {
        let scratch = Scratch::new()?;
        let mut program = self.program(&scratch, password);
        program = match generation {
            Generation::One => {
                let archive = format!("{}::{}", repository.location, order.snapshot);
                program.arguments(["--bypass-lock", "extract", "--", &archive])
            }
            Generation::Two => program.arguments(["--repo", &repository.location, "extract", "--", order.snapshot]),
        };
        // borg keeps paths without the slash at their beginning.
        program = program.arguments(order.paths.iter().map(|path| path.trim_start_matches('/')));
        program.folder = Some(order.into.to_owned());
        program.deadline = order.deadline;
        let ran = run(program).await;
        scratch.remove()?;
        ran
    }

    fn program(&self, scratch: &Scratch, password: Option<&SecretString>) -> Program {
        let mut program = Program::new(&self.program).arguments(["--log-json"]);
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
