//! restic, asked for its list of snapshots, or to restore one into a folder of ours.
//!
//! It gets the password through a pipe on its standard input (`RESTIC_PASSWORD_FILE=/dev/stdin`; works from 0.14 on, and
//! probably before): never in its arguments or environment, where others or a crash report may read it, and never on disk.
//! `--no-lock` reads repositories that are locked or read-only; `--no-cache` because the cache serves a snapshot whose file
//! in the repository is damaged as if nothing were wrong.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::run::{Program, Ran, run};
use super::scratch::Restore;
use crate::domain::register::Destination;
use crate::domain::{Fault, Shown};

/// Long enough for restic's own retries of what it may not read (it gives up after about 45 s).
pub const DEADLINE: Duration = Duration::from_secs(90);
/// For each question after a lock.
pub const LOCKS: Duration = Duration::from_secs(15);
/// About 500 bytes a snapshot: room for a hundred thousand.
const CAP: usize = 64 << 20;

/// What ssh is told when restic starts it for `sftp:`, or borg. It can't ask anybody anything, and nothing of the user's ssh
/// configuration may forward, run or keep something; which key and which agent remain the user's choice. No banner either:
/// restic passes it on, and it would look like a complaint.
pub(super) const SSH: &str = "ssh -x -a -oBatchMode=yes -oConnectTimeout=10 -oConnectionAttempts=1 -oServerAliveInterval=5 \
    -oServerAliveCountMax=2 -oStrictHostKeyChecking=yes -oUpdateHostKeys=no -oClearAllForwardings=yes -oForwardAgent=no \
    -oPermitLocalCommand=no -oRemoteCommand=none -oRequestTTY=no -oControlMaster=no -oControlPath=none \
    -oNumberOfPasswordPrompts=0 -oLogLevel=ERROR";

/// The variables of ours that each kind of repository is reached with, as restic's manual lists them.
const KEEP: &[(&str, &[&str])] = &[
    ("sftp:", &["SSH_AUTH_SOCK"]),
    ("rest:", &["RESTIC_REST_USERNAME", "RESTIC_REST_PASSWORD", "HTTPS_PROXY", "NO_PROXY"]),
    (
        "s3:",
        &[
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_DEFAULT_REGION",
            "AWS_PROFILE",
            "AWS_SHARED_CREDENTIALS_FILE",
        ],
    ),
    ("b2:", &["B2_ACCOUNT_ID", "B2_ACCOUNT_KEY"]),
    ("azure:", &["AZURE_ACCOUNT_NAME", "AZURE_ACCOUNT_KEY", "AZURE_ACCOUNT_SAS"]),
    ("gs:", &["GOOGLE_PROJECT_ID", "GOOGLE_APPLICATION_CREDENTIALS"]),
    (
        "swift:",
        &[
            "OS_AUTH_URL",
            "OS_USERNAME",
            "OS_PASSWORD",
            "OS_TENANT_NAME",
            "OS_REGION_NAME",
            "ST_AUTH",
            "ST_USER",
            "ST_KEY",
        ],
    ),
    ("rclone:", &["RCLONE_CONFIG", "SSH_AUTH_SOCK"]),
    ("local:", &[]),
    ("/", &[]),
];

/// Where a repository is, as restic writes it: an absolute path, or `sftp:`, `rest:`, `s3:` …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    location: String,
    keep: &'static [&'static str],
    /// The command that restic starts for `sftp:`.
    sftp: Option<String>,
}

impl Repository {
    /// Refuses what restic would not understand, and a password inside the address.
    pub fn parse(location: &str) -> Result<Self, String> {
        let shown = Shown::line(location).cut(120);
        let Some((_, keep)) = KEEP.iter().find(|(start, _)| location.starts_with(start)) else {
            return Err(format!(
                "`{shown}` is neither an absolute path nor an address that restic knows, as in sftp:office:/backup/restic"
            ));
        };
        if location.contains(['\0', '\n']) {
            return Err(format!("`{shown}` is no address"));
        }
        let user = location.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.rsplit_once('@'));
        if user.is_some_and(|(user, _)| user.contains(':')) {
            return Err(
                "a password inside the address would be seen by others: set RESTIC_REST_PASSWORD instead".into()
            );
        }
        let sftp = location.strip_prefix("sftp:").map(sftp_command).transpose()?;
        Ok(Self { location: location.to_owned(), keep, sftp })
    }

    /// For people.
    pub fn shown(&self) -> Shown {
        Shown::line(&self.location)
    }
}

/// The ssh command for `user@host:/path` or `//user@host:port/path`. Every version of restic takes `sftp.command`;
/// `sftp.args` came with 0.16.
fn sftp_command(address: &str) -> Result<String, String> {
    let (host, port) = match address.strip_prefix("//") {
        Some(url) => {
            let host = url.split_once('/').map_or(url, |(host, _)| host);
            // The colons inside of [::1] are not the port's.
            host.rsplit_once(':')
                .filter(|_| !host.ends_with(']'))
                .map_or((host, None), |(host, port)| (host, Some(port)))
        }
        None => (address.split_once(':').ok_or("an sftp: address reads sftp:HOST:/PATH")?.0, None),
    };
    let destination = Destination::parse(&host.replace(['[', ']'], ""))?;
    let port = match port {
        Some(port) => format!(" -p {}", port.parse::<u16>().map_err(|_| "the port of an sftp: address is a number")?),
        None => String::new(),
    };
    Ok(format!("{SSH}{port} -s -- {destination} sftp"))
}

/// The program, as it is found through `PATH`.
#[derive(Debug, Clone)]
pub struct Restic {
    pub program: OsString,
}

impl Default for Restic {
    fn default() -> Self {
        Self { program: "restic".into() }
    }
}

impl Restic {
    /// `restic snapshots --json`. What it said is for the caller to read, and not to be believed by its exit status alone.
    pub async fn snapshots(&self, repository: &Repository, password: &SecretString) -> Result<Ran, Fault> {
        let mut program = self.program(repository, password, &["--json"])?.arguments(["snapshots"]);
        program.deadline = DEADLINE;
        program.cap = CAP;
        run(program).await
    }

    /// `restic list locks`, or `restic cat lock ID`.
    pub async fn locks(
        &self,
        repository: &Repository,
        password: &SecretString,
        words: &[&str],
    ) -> Result<Vec<u8>, Fault> {
        let mut program = self.program(repository, password, &[])?.arguments(words);
        program.deadline = LOCKS;
        program.cap = 64 << 10;
        let ran = run(program).await?;
        if ran.status == Some(0) { Ok(ran.output) } else { Err(Fault::new(ran.complaint())) }
    }

    /// `restic restore`, with what it reads checked against the repository's own sums.
    pub async fn restore(
        &self,
        repository: &Repository,
        password: &SecretString,
        order: &Restore<'_>,
    ) -> Result<Ran, Fault> {
        let mut program = self.program(repository, password, &[])?.arguments(["restore", order.snapshot]);
        program = program.arguments([OsStr::new("--target"), order.into.as_os_str()]);
        program = program.arguments(order.paths.iter().flat_map(|path| ["--include", path.as_str()]));
        program.deadline = order.deadline;
        run(program).await
    }

    fn program(&self, repository: &Repository, password: &SecretString, flags: &[&str]) -> Result<Program, Fault> {
        if password.expose_secret().trim().is_empty() {
            return Err(
                Fault::new("the password is empty").mend("store the repository's password where `password` points to")
            );
        }
        let mut program = Program::new(&self.program).arguments(flags).arguments(["--no-lock", "--no-cache"]);
        if let Some(command) = &repository.sftp {
            program = program.arguments(["-o".to_owned(), format!("sftp.command={command}")]);
        }
        program.variables = vec![
            ("RESTIC_REPOSITORY".into(), repository.location.clone().into()),
            ("RESTIC_PASSWORD_FILE".into(), "/dev/stdin".into()),
        ];
        program.keep = repository.keep;
        program.input = password.expose_secret().as_bytes().to_vec();
        Ok(program)
    }
}
