//! A program in the foreground: it has the terminal until it ends.

use std::io::Write as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};

use crate::domain::{Fault, Shown};

/// Most bytes remembered of what it complained of last.
const COMPLAINT: usize = 4 << 10;
/// Somebody whom it left behind (a kept ssh connection) may hold its standard error open.
const GRACE: Duration = Duration::from_millis(200);

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
    pub fn start(words: &[Shown]) -> Result<Self, Fault> {
        let Some((name, arguments)) = words.split_first() else { return Err(Fault::new("there is no command to run")) };
        let mut command = Command::new(name.as_str());
        command.args(arguments.iter().map(Shown::as_str)).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Fault::new(format!("{name} is not installed"))
                .mend(format!("install {name}, or add its folder to PATH")),
            _ => Fault::new(format!("{name} could not be started: {error}")),
        })?;
        let stderr = child.stderr.take();
        Ok(Self { name: name.clone(), child, stderr, complaint: Vec::new() })
    }

    /// Waits until it ends. Can be given up and called again.
    pub async fn end(&mut self) -> Result<(), Fault> {
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
        judged(name, status, complaint)
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

/// 255 is ssh's own failure; any other status is that of the last command that was run over it.
fn judged(name: &Shown, status: ExitStatus, complaint: &[u8]) -> Result<(), Fault> {
    if status.code() != Some(255) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(complaint);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing");
    Err(Fault::new(format!("{name} failed: {}", Shown::line(last))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Foreground {
        Foreground::start(&["sh".into(), "-c".into(), script.into()]).unwrap()
    }

    #[tokio::test]
    async fn the_status_of_the_last_command_is_no_failure_of_ssh() {
        assert_eq!(sh("exit 0").end().await, Ok(()));
        assert_eq!(sh("exit 7").end().await, Ok(()));
        let fault = sh("echo first >&2; echo Connection refused >&2; exit 255").end().await.unwrap_err();
        assert_eq!(fault.said, "sh failed: Connection refused");
    }

    #[tokio::test]
    async fn somebody_left_behind_does_not_hold_the_terminal() {
        let started = std::time::Instant::now();
        assert_eq!(sh("setsid sleep 20 & exit 0").end().await, Ok(()));
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_missing_program_says_so() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let entered = runtime.enter();
        let fault = Foreground::start(&["no-such-program-here".into()]).unwrap_err();
        assert_eq!(fault.said, "no-such-program-here is not installed");
        drop(entered);
    }
}
