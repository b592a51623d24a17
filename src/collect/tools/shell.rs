//! POSIX sh on this machine or, through the system's own ssh, on a server.
//!
//! A script goes to `sh -s` by stdin, never by the command line: the login's shell may be any (bash, fish, csh), what a
//! script holds is in nobody's process list, and nothing in it has to survive a second shell's quoting. Its answer comes
//! in a frame. Connections are shared and kept (`ssh::Kept`); every use has our own deadline, since
//! `ConnectTimeout` bounds neither a server that says its banner and nothing more, nor a kept connection that hangs.

mod files;
mod frame;
mod relay;
mod ssh;
mod trouble;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::run::{Program, Ran, Stopped, attempt};
use crate::domain::register::{Destination, Place, Server};
use crate::domain::{Fault, Shown};
use frame::Heard;
pub use relay::{Relay, Unreached};

/// At most this many conversations at once, over all servers.
const AT_ONCE: usize = 16;
/// A kept connection that says nothing for this long is replaced by a fresh one.
const KEPT_SILENCE: Duration = Duration::from_secs(6);
/// Logins start within this long of each other, not in the same instant.
const JITTER: Duration = Duration::from_millis(40);
/// For a file or a listing.
const FILE_DEADLINE: Duration = Duration::from_secs(25);

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    pub bytes: Vec<u8>,
    /// By the clock of the machine that it is on, in whole seconds.
    pub modified: Timestamp,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    pub name: Vec<u8>,
    /// A link to a folder is not one.
    pub folder: bool,
    /// How large a file is; nothing else has a size that says something of what is in it.
    pub bytes: Option<u64>,
    pub modified: Timestamp,
}

/// Runs scripts. Clones share the limit on how many run at once.
#[derive(Debug, Clone)]
pub struct Shell {
    ssh: OsString,
    /// Where kept connections have their sockets; `None` where no folder is ours alone: then nothing is kept.
    sockets: Option<PathBuf>,
    gate: Arc<Semaphore>,
}

impl Shell {
    pub fn new() -> Result<Self, Fault> {
        Ok(Self::with("ssh", ssh::private_folder(&ssh::candidates())))
    }

    /// With this ssh program and this folder for its sockets (0700, ours; none keeps no connections).
    pub fn with(ssh: impl Into<OsString>, sockets: Option<PathBuf>) -> Self {
        Self { ssh: ssh.into(), sockets, gate: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Runs a POSIX sh script on the server in one round trip, unprivileged. Connection trouble, an answer without its end
    /// and more output than the cap are a [`Fault`]; how the script itself ended is in [`Ran`]. The deadline counts from
    /// when it is its turn. Data in a script belongs into [`quoted`].
    pub async fn script(&self, server: &Server, script: &str, deadline: Duration, cap: usize) -> Result<Ran, Fault> {
        let talk = Talk { script, until: deadline, cap: cap.saturating_add(16 << 10) };
        match &server.ssh {
            None => talk.here().await,
            Some(destination) => {
                let turn = self.gate.acquire().await;
                let ran = self.over_ssh(destination, server.key.as_deref(), &talk).await;
                drop(turn);
                ran
            }
        }
    }

    /// As [`Shell::script`], but with the user's own key, over a connection of its own and never tried again: for what must
    /// not happen twice.
    pub async fn once(&self, server: &Server, script: &str, deadline: Duration, cap: usize) -> Result<Ran, Fault> {
        let talk = Talk { script, until: deadline, cap: cap.saturating_add(16 << 10) };
        let Some(destination) = &server.ssh else { return talk.here().await };
        let turn = self.gate.acquire().await;
        let call = Call { ssh: &self.ssh, destination, key: None, kept: None };
        let ran = call.settle(call.talk(&talk, false).await, deadline).await;
        drop(turn);
        ran
    }

    /// The fingerprint of a key of ours, `SHA256:…`; `None` where its public half can't be read.
    pub async fn fingerprint(&self, key: &Path) -> Option<Shown> {
        let mut program = Program::new("ssh-keygen").arguments(["-l", "-f"]).arguments([ssh::expanded(key)]);
        program.deadline = Duration::from_secs(5);
        let ran = attempt(program).await.ok().filter(|ran| ran.status == Some(0))?;
        let line = String::from_utf8(ran.output).ok()?;
        line.split(' ').nth(1).filter(|word| word.starts_with("SHA256:")).map(Shown::line)
    }

    /// The host and port to which the user's ssh configuration leads; nobody is asked.
    pub async fn led(&self, destination: &Destination) -> Result<(String, u16), Fault> {
        let mut program = Program::new(self.ssh.clone()).arguments(["-G", "--", destination.as_str()]);
        program.keep = ssh::KEEP;
        program.deadline = Duration::from_secs(5);
        let ran = super::run::run(program).await?;
        ssh::parse_led(&String::from_utf8_lossy(&ran.output)).ok_or_else(|| {
            Fault::new(format!("where ssh leads for {destination} can't be told: {}", ran.complaint()))
                .mend(format!("run `ssh -G {destination}`"))
        })
    }

    /// A file, whole and byte for byte; larger than `cap` is a fault.
    pub async fn read_file(&self, place: &Place, cap: usize) -> Result<FileRead, Fault> {
        let ran = self.about(place, &files::file_script(&place.path, cap), "file", cap.saturating_add(64)).await?;
        files::parse_file(&ran.output, cap)
    }

    /// Every name in a folder, sorted.
    pub async fn list_folder(&self, place: &Place) -> Result<Vec<FolderEntry>, Fault> {
        let ran = self.about(place, &files::folder_script(&place.path), "folder", 4 << 20).await?;
        files::parse_folder(&ran.output)
    }

    async fn about(&self, place: &Place, script: &str, wanted: &str, cap: usize) -> Result<Ran, Fault> {
        if !place.path.starts_with('/') || place.path.contains('\0') {
            return Err(Fault::new(format!("{} is not an absolute path", Shown::line(&place.path).cut(200))));
        }
        let ran = self.script(&place.server, script, FILE_DEADLINE, cap).await?;
        match ran.status {
            Some(0) => Ok(ran),
            status => Err(files::path_fault(&place.path, wanted, status, &ran.complaint())),
        }
    }

    async fn over_ssh(&self, destination: &Destination, key: Option<&Path>, talk: &Talk<'_>) -> Result<Ran, Fault> {
        let key = key.map(ssh::expanded);
        let key = key.as_deref();
        if let Some(key) = key {
            ssh::check_key(key)?;
        }
        let kept = self.sockets.as_deref().map(|folder| ssh::Kept::new(folder, destination, key));
        let call = Call { ssh: &self.ssh, destination, key, kept: kept.as_ref() };
        let started = Instant::now();
        let reused = kept.as_ref().is_some_and(|kept| !kept.sockets().is_empty());
        if !reused {
            tokio::time::sleep(JITTER.mul_f32(fastrand::f32())).await;
        }
        let first = call.talk(talk, reused).await;
        let pause = match &first {
            Err(Trouble::Connection) if reused => Duration::ZERO,
            Err(Trouble::Crowded(_)) => Duration::from_millis(fastrand::u64(300..1_500)),
            _ => return call.settle(first, talk.until).await,
        };
        call.end_kept().await;
        tokio::time::sleep(pause).await;
        let rest = Talk { until: talk.until.saturating_sub(started.elapsed()), ..*talk };
        let second = call.talk(&rest, false).await;
        call.settle(second, talk.until).await
    }
}

/// A script as a file for a server whose key is forced to run it.
pub fn forced(script: &str, version: &str) -> String {
    frame::forced(script, version)
}

/// Data as one word of a script.
pub fn quoted(word: &str) -> String {
    files::quoted(word)
}

/// One script and what it may take.
#[derive(Debug, Clone, Copy)]
struct Talk<'a> {
    script: &'a str,
    until: Duration,
    cap: usize,
}

impl Talk<'_> {
    fn program(&self, name: impl Into<OsString>, nonce: &str) -> Program {
        let mut program = Program::new(name);
        program.input = frame::framed(self.script, nonce);
        program.deadline = self.until;
        program.cap = self.cap;
        program
    }

    async fn here(&self) -> Result<Ran, Fault> {
        let nonce = frame::nonce();
        let ran = attempt(self.program("sh", &nonce).arguments(["-s"])).await;
        let ran = ran.map_err(|stopped| stopped.fault(&"the script".into()))?;
        unframed(&ran, &nonce).ok_or_else(|| Fault::new(format!("sh did not run the script: {}", ran.complaint())))?
    }
}

/// How a conversation failed.
#[derive(Debug)]
enum Trouble {
    /// Over a kept connection, which may be the reason.
    Connection,
    /// Dropped before the login; worth another try.
    Crowded(Fault),
    /// The deadline passed.
    Late,
    Final(Fault),
}

/// One login.
struct Call<'a> {
    ssh: &'a OsString,
    destination: &'a Destination,
    key: Option<&'a Path>,
    kept: Option<&'a ssh::Kept>,
}

impl Call<'_> {
    async fn talk(&self, talk: &Talk<'_>, reused: bool) -> Result<Ran, Trouble> {
        let nonce = frame::nonce();
        let mut program = talk.program(self.ssh.clone(), &nonce);
        program.arguments = ssh::arguments(self.destination, self.key, self.kept);
        program.keep = ssh::KEEP;
        program.first_word = reused.then(|| KEPT_SILENCE.min(talk.until / 2));
        let ran = attempt(program).await.map_err(|stopped| Self::stopped(&stopped))?;
        if let Some(answer) = unframed(&ran, &nonce) {
            return answer.map_err(Trouble::Final);
        }
        if reused && ran.status == Some(255) {
            return Err(Trouble::Connection);
        }
        let trouble = trouble::trouble(self.destination.as_str(), &ran);
        Err(if trouble.crowded { Trouble::Crowded(trouble.fault) } else { Trouble::Final(trouble.fault) })
    }

    fn stopped(stopped: &Stopped) -> Trouble {
        match stopped {
            Stopped::Mute(_) => Trouble::Connection,
            Stopped::Late(_) => Trouble::Late,
            Stopped::TooMuch(_) => Trouble::Final(stopped.fault(&"it".into())),
            Stopped::NotStarted(_) | Stopped::Lost(_) => Trouble::Final(stopped.fault(&"ssh".into())),
        }
    }

    /// The answer, or the fault. A conversation that ran into its deadline may have hung in its connection: the next one
    /// begins afresh.
    async fn settle(&self, result: Result<Ran, Trouble>, deadline: Duration) -> Result<Ran, Fault> {
        match result {
            Ok(ran) => Ok(ran),
            Err(Trouble::Crowded(fault) | Trouble::Final(fault)) => Err(fault),
            Err(Trouble::Late) => {
                self.end_kept().await;
                Err(Fault::passing(format!("no answer within {} s", deadline.as_secs().max(1)))
                    .mend(format!("run `ssh {} true`: what does it wait for?", self.destination)))
            }
            Err(Trouble::Connection) => Err(Fault::passing("the kept connection broke")),
        }
    }

    async fn end_kept(&self) {
        if let Some(kept) = self.kept {
            kept.end(self.ssh, self.destination).await;
        }
    }
}

/// What is inside the frame; `None` when it never began, a fault when it was cut off.
fn unframed(ran: &Ran, nonce: &str) -> Option<Result<Ran, Fault>> {
    match frame::parse_frame(&ran.output, nonce) {
        Heard::Whole { body, status, noise } => {
            Some(Ok(Ran { status: Some(status), output: body, complaints: ran.complaints.clone(), noise }))
        }
        Heard::Cut => Some(Err(Fault::passing("the answer was cut off").mend("look at the server's sshd and network"))),
        Heard::Nothing => None,
    }
}
