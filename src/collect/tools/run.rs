//! Programs, run with a deadline, a cap on what they may say, and nothing of our environment that they don't need.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::domain::{Fault, Shown};

/// A program to run: its arguments are passed as they are, never through a shell.
#[derive(Debug, Clone)]
pub struct Program {
    pub name: OsString,
    pub arguments: Vec<OsString>,
    /// Set besides `PATH`, `HOME`, `LC_ALL=C` and what `keep` names. Never a secret.
    pub variables: Vec<(OsString, OsString)>,
    /// Variables of ours that it keeps when they are set.
    pub keep: &'static [&'static str],
    pub input: Vec<u8>,
    pub deadline: Duration,
    /// Most bytes kept of its output; saying more ends it.
    pub cap: usize,
}

impl Program {
    pub fn new(name: impl Into<OsString>) -> Self {
        Self {
            name: name.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            keep: &[],
            input: Vec::new(),
            deadline: Duration::from_secs(25),
            cap: 4 << 20,
        }
    }

    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }
}

/// What a program said and how it ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// `None` when a signal ended it.
    pub status: Option<i32>,
    pub output: Vec<u8>,
    pub complaints: Vec<u8>,
}

impl Ran {
    /// The first line of stderr that says something, for a [`Fault`].
    pub fn complaint(&self) -> Shown {
        let text = String::from_utf8_lossy(&self.complaints);
        text.lines().map(str::trim).find(|line| !line.is_empty()).map_or_else(|| "it said nothing".into(), Shown::line)
    }
}

/// Ends the whole process group when dropped: a future that timed out or was cancelled leaves nobody behind.
struct Group(Option<Pid>);

impl Group {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // The group is gone already when the program ended by itself: nothing to do then.
            kill_process_group(pid, Signal::KILL).ok();
        }
    }
}

/// Runs a program to its end. Not starting, not ending in time and saying too much are faults; a status that isn't 0 is
/// for the caller to judge.
pub async fn run(program: Program) -> Result<Ran, Fault> {
    let name = Shown::line(&program.name.to_string_lossy());
    let mut command = Command::new(&program.name);
    command
        .args(&program.arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for key in ["PATH", "HOME", "USER", "LOGNAME"].iter().chain(program.keep) {
        if let Some(value) = std::env::var_os(key) {
            command.env(key, value);
        }
    }
    command.envs(program.variables).process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Fault::new(format!("{name} is not installed")).mend(format!("install {name}, or add its folder to PATH"))
        }
        _ => Fault::passing(format!("{name} could not be started: {error}")),
    })?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let work = async {
        let feed = async {
            if let Some(mut stdin) = stdin.take() {
                // A program that does not read its input ends the pipe; how it exits tells more than this error.
                stdin.write_all(&program.input).await.ok();
            }
        };
        let ((), output, complaints) =
            tokio::join!(feed, read_capped(stdout, program.cap), read_capped(stderr, 64 << 10));
        let output = output
            .ok_or_else(|| Fault::new(format!("{name} said more than {} MiB and was ended", program.cap >> 20)))?;
        let status = child.wait().await.map_err(|error| Fault::new(format!("{name}: {error}")))?;
        Ok(Ran { status: status.code(), output, complaints: complaints.unwrap_or_default() })
    };
    let ran = tokio::time::timeout(program.deadline, work).await;
    if matches!(ran, Ok(Ok(_))) {
        // It ended by itself: what it left behind on purpose, such as a kept ssh connection, may stay.
        group.disarm();
    }
    ran.unwrap_or_else(|_| {
        Err(Fault::passing(format!("{name} did not end within {} s and was ended", program.deadline.as_secs())))
    })
}

/// Everything up to the cap; `None` when there was more.
async fn read_capped(stream: Option<impl AsyncRead + Unpin>, cap: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(cap as u64 + 1).read_to_end(&mut bytes).await.ok()?;
    }
    (bytes.len() <= cap).then_some(bytes)
}
