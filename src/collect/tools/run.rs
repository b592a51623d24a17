//! Programs, run with a deadline, a cap on what they may say, and nothing of our environment that they don't need.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, Join, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::domain::{Fault, Shown};

/// Most bytes kept of what a program says on stderr; the rest is read and dropped.
const COMPLAINTS: usize = 64 << 10;
/// A program that has ended may have left somebody behind who holds its pipes open (a kept ssh connection does): what was
/// said is there by then, so this long is enough to pick it up.
const GRACE: Duration = Duration::from_millis(200);
/// Between two signals to a program that does not end of the first.
const AGAIN: Duration = Duration::from_millis(500);
/// For a program that is spoken with, once it closed its output.
const PARTING: Duration = Duration::from_secs(2);

/// A program to run: its arguments are passed as they are, never through a shell.
#[derive(Clone)]
pub struct Program {
    pub name: OsString,
    pub arguments: Vec<OsString>,
    /// Set besides `PATH`, `HOME`, `LC_ALL=C` and what `keep` names. Never a secret.
    pub variables: Vec<(OsString, OsString)>,
    /// Variables of ours that it keeps when they are set.
    pub keep: &'static [&'static str],
    /// Where it runs; our own folder where nothing is said.
    pub folder: Option<PathBuf>,
    /// Its standard input, which may be a secret.
    pub input: Vec<u8>,
    pub deadline: Duration,
    /// Ended when nothing at all was on stdout by then, where that is shorter than the deadline.
    pub first_word: Option<Duration>,
    /// Most bytes kept of its output; saying more ends it.
    pub cap: usize,
    /// Whether it may ask at our terminal, and complain there: it stays among those who have it.
    pub asks: bool,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("name", &self.name).field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

impl Program {
    pub fn new(name: impl Into<OsString>) -> Self {
        Self {
            name: name.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            keep: &[],
            folder: None,
            input: Vec::new(),
            deadline: Duration::from_secs(25),
            first_word: None,
            cap: 4 << 20,
            asks: false,
        }
    }

    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }
}

/// Whether a process that was seen on a host of this name is gone: of other machines that can't be told.
pub fn is_gone(host: &str, pid: u32) -> bool {
    let uname = rustix::system::uname();
    let here = uname.nodename().to_string_lossy();
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    // Not by /proc, which may hide what others run (hidepid).
    let lives = |pid| test_kill_process(pid) != Err(Errno::SRCH);
    label(host) == label(&here) && !i32::try_from(pid).ok().and_then(Pid::from_raw).is_some_and(lives)
}

/// What a program said and how it ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// `None` when a signal ended it.
    pub status: Option<i32>,
    pub output: Vec<u8>,
    pub complaints: Vec<u8>,
    /// Lines that a login shell said before the script began; what is said after it is not counted.
    pub noise: usize,
}

impl Ran {
    /// As if a program had ended well and said this.
    pub fn whole(output: &[u8]) -> Self {
        Self { status: Some(0), output: output.to_vec(), complaints: Vec::new(), noise: 0 }
    }

    /// The first line of stderr that says something, for a [`Fault`].
    pub fn complaint(&self) -> Shown {
        let text = String::from_utf8_lossy(&self.complaints);
        text.lines().map(str::trim).find(|line| !line.is_empty()).map_or_else(|| "it said nothing".into(), Shown::line)
    }

    /// The same of a program that tells first what it is about to do, and last why it could not.
    pub fn last_complaint(&self) -> Shown {
        let text = String::from_utf8_lossy(&self.complaints);
        text.lines().map(str::trim).rfind(|line| !line.is_empty()).map_or_else(|| "it said nothing".into(), Shown::line)
    }
}

/// Why a program did not come to its own end.
#[derive(Debug)]
pub enum Stopped {
    NotStarted(io::Error),
    /// The deadline passed.
    Late(Duration),
    /// Not a byte on stdout within `first_word`.
    Mute(Duration),
    /// More output than the cap, in bytes.
    TooMuch(usize),
    Lost(io::Error),
}

impl Stopped {
    pub fn fault(&self, name: &Shown) -> Fault {
        match self {
            Self::NotStarted(error) if error.kind() == io::ErrorKind::NotFound => {
                Fault::new(format!("{name} is not installed"))
                    .mend(format!("install {name}, or add its folder to PATH"))
            }
            Self::NotStarted(error) => Fault::passing(format!("{name} could not be started: {error}")),
            Self::Late(after) => Fault::passing(format!("{name} did not end within {} and was ended", seconds(*after))),
            Self::Mute(after) => {
                Fault::passing(format!("{name} said nothing within {} and was ended", seconds(*after)))
            }
            Self::TooMuch(cap) => Fault::new(format!("{name} said more than {} and was ended", size(*cap))),
            Self::Lost(error) => Fault::passing(format!("{name}: {error}")),
        }
    }
}

fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{:.1} s", time.as_secs_f64()) }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..2_048 => format!("{bytes} bytes"),
        2_048..2_097_152 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

/// Ends the whole process group when dropped: a future that timed out or was cancelled leaves nobody behind.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

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

/// Ctrl-C and Ctrl-\ at our terminal, meant for whom asks there: it sets the terminal right before it ends, and must not do
/// so under whoever has the terminal after us. So it ends first.
struct Keys(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

impl Keys {
    fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::quit())?))
    }

    /// Works, and passes on what was sent to us alone; again and again: what comes between a question and the reading of its
    /// answer is lost on readpassphrase(3).
    async fn of<T>(mut self, pid: Pid, work: impl Future<Output = T>) -> T {
        let (mut work, mut pressed) = (std::pin::pin!(work), None);
        loop {
            let again = async {
                match pressed {
                    Some(signal) => {
                        tokio::time::sleep(AGAIN).await;
                        signal
                    }
                    None => std::future::pending().await,
                }
            };
            let signal = tokio::select! {
                done = &mut work => return done,
                _ = self.0.recv() => Signal::INT,
                _ = self.1.recv() => Signal::QUIT,
                signal = again => signal,
            };
            // Gone already: then there is nobody to tell.
            kill_process(pid, signal).ok();
            pressed = Some(signal);
        }
    }
}

/// Runs a program to its end. Not starting, not ending in time and saying too much are faults; a status that isn't 0 is
/// for the caller to judge.
pub async fn run(program: Program) -> Result<Ran, Fault> {
    let name = Shown::line(&program.name.to_string_lossy());
    attempt(program).await.map_err(|stopped| stopped.fault(&name))
}

/// As [`run`], with the reason as a value, for callers that try again for some reasons and not for others.
pub async fn attempt(program: Program) -> Result<Ran, Stopped> {
    let (deadline, cap) = (program.deadline, program.cap);
    let keys = program.asks.then(Keys::new).transpose().map_err(Stopped::NotStarted)?;
    let mut child = command(&program).spawn().map_err(Stopped::NotStarted)?;
    let group = Group::of(&child);
    let work = listen(&mut child, program.input, program.first_word, cap);
    let work = async { tokio::time::timeout(deadline, work).await.unwrap_or(Err(Stopped::Late(deadline))) };
    let ran = match (keys, group.0) {
        (Some(keys), Some(pid)) => keys.of(pid, work).await,
        _ => work.await,
    };
    if ran.is_ok() {
        // It ended by itself: what it left behind on purpose, such as a kept ssh connection, may stay.
        group.disarm();
    }
    ran
}

/// A program that is spoken with: what is written goes to its stdin, what is read comes from its stdout.
#[derive(Debug)]
pub struct Spoken {
    talk: Join<ChildStdout, ChildStdin>,
    complaints: ChildStderr,
    child: Child,
    group: Group,
}

/// Starts a program to speak with; its group is ended when this is dropped.
pub fn speak(program: &Program) -> Result<Spoken, Stopped> {
    let mut child = command(program).spawn().map_err(Stopped::NotStarted)?;
    let group = Group::of(&child);
    match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(stdin), Some(stdout), Some(complaints)) => {
            Ok(Spoken { talk: tokio::io::join(stdout, stdin), complaints, child, group })
        }
        _ => Err(Stopped::Lost(io::ErrorKind::BrokenPipe.into())),
    }
}

impl Spoken {
    /// How it ended, once it has nothing more to say, with what it had said.
    pub async fn part(self, output: Vec<u8>) -> Ran {
        let Self { talk, complaints, mut child, group } = self;
        drop(talk);
        let mut said = Vec::new();
        let ended = tokio::time::timeout(PARTING, async {
            tokio::join!(child.wait(), read_some(Some(complaints), &mut said)).0
        });
        let status = ended.await.ok().and_then(Result::ok).and_then(|status| status.code());
        drop(group);
        Ran { status, output, complaints: said, noise: 0 }
    }
}

impl AsyncRead for Spoken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.talk).poll_read(context, buffer)
    }
}

impl AsyncWrite for Spoken {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.talk).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.talk).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.talk).poll_shutdown(context)
    }
}

fn command(program: &Program) -> Command {
    let mut command = Command::new(&program.name);
    command
        .args(&program.arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(folder) = &program.folder {
        command.current_dir(folder);
    }
    for key in ["PATH", "HOME", "USER", "LOGNAME"].iter().chain(program.keep) {
        if let Some(value) = std::env::var_os(key) {
            command.env(key, value);
        }
    }
    command.envs(program.variables.iter().map(|(key, value)| (key, value))).kill_on_drop(true);
    if program.asks {
        command.stderr(Stdio::inherit());
    } else {
        command.process_group(0);
    }
    command
}

/// Feeds the program and hears it out: until its pipes close and it ends, or it ends and [`GRACE`] is over.
async fn listen(child: &mut Child, input: Vec<u8>, first_word: Option<Duration>, cap: usize) -> Result<Ran, Stopped> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut output, mut complaints) = (Vec::new(), Vec::new());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input ends the pipe; how it exits tells more than this error.
            stdin.write_all(&input).await.ok();
        }
        Ok(())
    };
    let hear = async {
        tokio::try_join!(feed, read_capped(stdout, &mut output, cap, first_word), read_some(stderr, &mut complaints))
            .map(drop)
    };
    {
        let mut hear = std::pin::pin!(hear);
        tokio::select! {
            heard = &mut hear => heard?,
            ended = child.wait() => {
                ended.map_err(Stopped::Lost)?;
                // Past the grace nothing more is expected.
                tokio::time::timeout(GRACE, hear).await.unwrap_or(Ok(()))?;
            }
        }
    }
    let status = child.wait().await.map_err(Stopped::Lost)?;
    Ok(Ran { status: status.code(), output, complaints, noise: 0 })
}

/// Everything up to the cap.
async fn read_capped(
    stream: Option<impl AsyncRead + Unpin>,
    into: &mut Vec<u8>,
    cap: usize,
    first_word: Option<Duration>,
) -> Result<(), Stopped> {
    let Some(stream) = stream else { return Ok(()) };
    let mut stream = stream.take(cap as u64 + 1);
    if let Some(limit) = first_word {
        let first = tokio::time::timeout(limit, stream.read_buf(into)).await.map_err(|_| Stopped::Mute(limit))?;
        if first.map_err(Stopped::Lost)? == 0 {
            return Ok(());
        }
    }
    stream.read_to_end(into).await.map_err(Stopped::Lost)?;
    if into.len() > cap { Err(Stopped::TooMuch(cap)) } else { Ok(()) }
}

/// The first [`COMPLAINTS`] bytes; the rest is read, so that nobody waits for us, and dropped.
async fn read_some(stream: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> Result<(), Stopped> {
    let Some(mut stream) = stream else { return Ok(()) };
    (&mut stream).take(COMPLAINTS as u64).read_to_end(into).await.map_err(Stopped::Lost)?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map_err(Stopped::Lost)?;
    Ok(())
}

#[cfg(test)]
mod tests;
