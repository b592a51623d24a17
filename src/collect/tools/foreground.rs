//! A program in the foreground: it has the terminal until it ends.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};

use crate::domain::{Fault, Shown};

/// Most bytes remembered of what it complained of last.
const COMPLAINT: usize = 4 << 10;
/// Somebody whom it left behind (a kept ssh connection) may hold its standard error open.
const GRACE: Duration = Duration::from_millis(200);

/// How a program ended that had the terminal, and what it complained of last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// `None` when a signal ended it.
    pub status: Option<i32>,
    complaint: String,
}

impl Parted {
    /// Its last word on standard error.
    pub fn last_word(&self) -> Shown {
        let last = self.complaint.lines().map(str::trim).rfind(|line| !line.is_empty());
        last.map_or_else(|| "it said nothing".into(), Shown::line)
    }

    /// The last line of standard error that begins so, without that beginning.
    pub fn line_after(&self, beginning: &str) -> Option<Shown> {
        self.complaint.lines().rev().find_map(|line| line.trim().strip_prefix(beginning)).map(Shown::line)
    }
}

/// A program that has the terminal.
#[derive(Debug)]
pub struct Foreground {
    name: Shown,
    child: Child,
    stderr: Option<ChildStderr>,
    complaint: Vec<u8>,
}

impl Foreground {
    /// Starts it with these words, as a shell in this terminal would: its environment is ours. What it says on standard
    /// error goes to the terminal and is remembered, for the screen it stood on is gone afterwards.
    pub fn start<S: AsRef<OsStr>>(words: &[S]) -> Result<Self, Fault> {
        let Some((name, arguments)) = words.split_first() else { return Err(Fault::new("there is no command to run")) };
        let mut command = Command::new(name);
        command.args(arguments).stderr(Stdio::piped()).kill_on_drop(true);
        let name = Shown::line(&name.as_ref().to_string_lossy());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Fault::new(format!("{name} is not installed"))
                .mend(format!("install {name}, or add its folder to PATH")),
            _ => Fault::new(format!("{name} could not be started: {error}")),
        })?;
        let stderr = child.stderr.take();
        Ok(Self { name, child, stderr, complaint: Vec::new() })
    }

    /// Waits until it ends. Can be given up and called again.
    pub async fn end(&mut self) -> Result<Parted, Fault> {
        let Self { name, child, stderr, complaint } = self;
        let ended = tokio::select! {
            status = child.wait() => Some(status),
            () = listen(stderr, complaint) => None,
        };
        let status = match ended {
            Some(status) => {
                // Past the grace nothing more is expected.
                tokio::time::timeout(GRACE, listen(stderr, complaint)).await.ok();
                status
            }
            None => child.wait().await,
        };
        let status = status.map_err(|error| Fault::new(format!("{name}: {error}")))?;
        Ok(Parted { status: status.code(), complaint: String::from_utf8_lossy(complaint).into_owned() })
    }

    /// Passes a signal on.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            // Gone already: then there is nobody to tell.
            kill_process(pid, signal).ok();
        }
    }
}

/// Passes on and remembers what comes, until nobody can say anything any more.
async fn listen(stderr: &mut Option<ChildStderr>, complaint: &mut Vec<u8>) {
    let Some(stream) = stderr else { return };
    let mut bytes = [0; 1 << 10];
    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
        // A terminal that is gone ends the program by itself.
        std::io::stderr().lock().write_all(&bytes[..count]).ok();
        complaint.extend_from_slice(&bytes[..count]);
        complaint.drain(..complaint.len().saturating_sub(COMPLAINT));
    }
    *stderr = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Foreground {
        Foreground::start(&["sh", "-c", script]).unwrap()
    }

    #[tokio::test]
    async fn what_it_said_last_is_remembered() {
        let parted = sh("exit 7").end().await.unwrap();
        assert_eq!((parted.status, parted.last_word().as_str()), (Some(7), "it said nothing"));
        let parted = sh("echo sh: first >&2; echo Connection refused >&2; exit 255").end().await.unwrap();
        assert_eq!((parted.status, parted.last_word().as_str()), (Some(255), "Connection refused"));
        assert_eq!(parted.line_after("sh: "), Some("first".into()));
        let parted =
            sh("echo sh: first >&2; echo sh: second >&2; echo at /usr/bin/sh >&2; exit 1").end().await.unwrap();
        assert_eq!(parted.line_after("sh: "), Some("second".into()));
    }

    #[tokio::test]
    async fn somebody_left_behind_does_not_hold_the_terminal() {
        let started = std::time::Instant::now();
        assert_eq!(sh("setsid sleep 20 & exit 0").end().await.unwrap().status, Some(0));
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_missing_program_says_so() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let entered = runtime.enter();
        let fault = Foreground::start(&["no-such-program-here"]).unwrap_err();
        assert_eq!(fault.said, "no-such-program-here is not installed");
        drop(entered);
    }
}
