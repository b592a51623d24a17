//! One short exchange with an OpenVPN management interface (`man openvpn`, `--management`; management-notes.txt in its
//! sources): connect, greeting, `status 3`, `quit`; and `client-kill N` before that, where a person has confirmed it.
//!
//! The interface serves one client at a time, can end sessions and the whole server, and repeats passwords in clear
//! (`>CLIENT:ENV,password=…`). So nothing is ever sent but `Command`s and, where it is asked for, the interface's own
//! password, once; its asynchronous lines are told apart and dropped; without a greeting the connection is closed at
//! once, so that nothing of ours waits to be run later; and it is never held longer than
//! `TOTAL` and `GOODBYE`.

#[cfg(test)]
mod tests;

use std::io::{Cursor, ErrorKind};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::shell::{Shell, Unreached};
use crate::domain::register::Server;
use crate::domain::{Fault, Interface, Management, Shown};

/// Each of: connecting, the greeting, an answer.
const STEP: Duration = Duration::from_secs(2);
/// The whole exchange up to its answer.
const TOTAL: Duration = Duration::from_secs(5);
/// For `quit`, after that.
const GOODBYE: Duration = Duration::from_secs(1);
/// Most bytes that it may say, which is about 20,000 clients.
const CAP: usize = 4 << 20;
/// Comes without a line's end.
const PROMPT: &[u8] = b"ENTER PASSWORD:";

/// Everything that is ever sent besides the password. None of it holds text from outside.
#[derive(Debug, Clone, Copy)]
enum Command {
    /// The list of clients, in version 3 whatever version the server's configuration names.
    Status,
    /// The end of a session, by OpenVPN's number of it.
    Kill(u64),
    Quit,
}

impl Command {
    fn line(self) -> String {
        match self {
            Self::Status => "status 3\n".into(),
            Self::Kill(id) => format!("client-kill {id}\n"),
            Self::Quit => "quit\n".into(),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Interface {
    /// What it answers to `status 3`, asynchronous lines left out.
    pub async fn status(&self, shell: &Shell, password: Option<&SecretString>) -> Result<Vec<u8>, Fault> {
        let (talk, list) = self.listed(shell, password).await?;
        talk.leave().await;
        list
    }

    /// Ends the session of this number if `meant` says of the list, in the same exchange, that it is the right one; what
    /// was answered, or why nothing was. A fault means that nothing was sent.
    pub async fn kill(
        &self,
        shell: &Shell,
        password: Option<&SecretString>,
        id: u64,
        meant: impl FnOnce(&[u8]) -> Result<(), Fault>,
    ) -> Result<Shown, Fault> {
        let (mut talk, list) = self.listed(shell, password).await?;
        let answer = match list.and_then(|list| meant(&list)) {
            Ok(()) => Ok(talk.kill(id).await),
            Err(fault) => Err(fault),
        };
        talk.leave().await;
        answer
    }

    /// Connected, greeted and asked for its list.
    async fn listed(
        &self,
        shell: &Shell,
        password: Option<&SecretString>,
    ) -> Result<(Talk<'_>, Result<Vec<u8>, Fault>), Fault> {
        let stream = self.stream(shell).await?;
        self.talk(stream, password).await
    }

    async fn talk(
        &self,
        stream: Box<dyn Stream>,
        password: Option<&SecretString>,
    ) -> Result<(Talk<'_>, Result<Vec<u8>, Fault>), Fault> {
        let work = async {
            let mut talk = Talk { at: self, stream, unread: Vec::new(), said: 0, waits: None };
            talk.open(password).await?;
            let answer = timeout(STEP, talk.ask(Command::Status)).await;
            Ok((talk, answer.unwrap_or_else(|_| Err(self.slow("did not finish its answer within 2 s")))))
        };
        timeout(TOTAL, work).await.unwrap_or_else(|_| Err(self.slow("did not finish within 5 s")))
    }

    async fn stream(&self, shell: &Shell) -> Result<Box<dyn Stream>, Fault> {
        if self.server.ssh.is_none() {
            return timeout(STEP, self.connect())
                .await
                .map_err(|_| self.busy())?
                .map_err(|error| self.unopened(&error));
        }
        match shell.relay(&self.server, &self.at).await {
            Ok(relay) => Ok(Box::new(relay)),
            Err(Unreached::Socket(error)) => Err(self.unopened(&error)),
            Err(Unreached::Server(fault)) => {
                Err(Fault { said: format!("{}: {}", self.server.name, fault.said).into(), ..fault })
            }
        }
    }

    async fn connect(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(match &self.at {
            Management::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Management::Tcp(address) => Box::new(TcpStream::connect(address).await?),
        })
    }

    fn unopened(&self, error: &std::io::Error) -> Fault {
        match error.kind() {
            ErrorKind::WouldBlock => self.busy(),
            ErrorKind::NotFound => Fault::passing(format!("there is no management socket {self}"))
                .mend("start OpenVPN, or correct `management` to what its own configuration says"),
            ErrorKind::ConnectionRefused => Fault::passing(format!("nobody listens on the management socket {self}"))
                .mend("start OpenVPN, or correct `management` to what its own configuration says"),
            ErrorKind::PermissionDenied => Fault::new(format!("the management socket {self} may not be opened"))
                .mend("let your group into its folder and at it (`management-client-group`), or name a `status` file"),
            _ => Fault::passing(format!("the management socket {self} can't be opened: {error}")),
        }
    }

    /// It serves one client; a second one is accepted and hears nothing, a third is turned away.
    fn busy(&self) -> Fault {
        Fault::passing(format!(
            "the management interface {self} gave no greeting within 2 s: another program holds it, or OpenVPN hangs"
        ))
        .mend("end the other program's session, or name a `status` file: it can be read by everybody at once")
    }

    fn slow(&self, what: &str) -> Fault {
        Fault::passing(format!("the management interface {self} {what}"))
    }

    fn wrong_password(&self) -> Fault {
        Fault::new(format!("wrong password for the management interface {self}"))
            .mend("let `password` name what is in the file that OpenVPN's `management` line names")
    }

    fn stranger(&self) -> Fault {
        Fault::new(format!("what listens on {self} does not speak like an OpenVPN management interface"))
            .mend("correct `management` to what OpenVPN's own configuration says")
    }
}

/// The list out of an exchange in which all of this was said, whatever was asked. For fuzzing.
pub fn replay(said: &[u8]) -> Result<Vec<u8>, Fault> {
    let at = Management::Unix("/replay".into());
    let interface = Interface { vpn: "replay".into(), server: Server::local(), at, password: None };
    let stream = Box::new(tokio::io::join(Cursor::new(said.to_vec()), tokio::io::sink()));
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| Fault::passing(format!("nothing can be replayed: {error}")))?;
    runtime.block_on(async {
        let password = SecretString::from("password");
        let (talk, list) = interface.talk(stream, Some(&password)).await?;
        talk.leave().await;
        list
    })
}

/// One piece of what it says.
enum Piece {
    /// Without its end.
    Line(Vec<u8>),
    Prompt,
    End,
}

/// Something it waits for before it can answer.
#[derive(Clone, Copy)]
enum Waits {
    KeyPassphrase,
    Password,
    HoldRelease,
}

struct Talk<'a> {
    at: &'a Interface,
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    said: usize,
    waits: Option<Waits>,
}

impl Talk<'_> {
    /// Up to the greeting. The password is given once: OpenVPN would take three.
    async fn open(&mut self, password: Option<&SecretString>) -> Result<(), Fault> {
        match timeout(STEP, self.greeting()).await.map_err(|_| self.at.busy())?? {
            Greeting::Open => return Ok(()),
            Greeting::Locked => {}
        }
        let password = password.ok_or_else(|| {
            Fault::new(format!("the management interface {} asks for a password", self.at))
                .mend("add `password = { file = \"…\" }` (or keyring, command, env) to its [[vpn]]")
        })?;
        let line = password.expose_secret();
        if line.contains(['\n', '\r', '\0']) {
            return Err(Fault::new("the management password has more than one line: it was not sent"));
        }
        let unlock = async {
            self.send(line.as_bytes()).await?;
            self.send(b"\n").await?;
            self.greeting().await
        };
        let unlocked = timeout(STEP, unlock).await;
        match unlocked.map_err(|_| self.at.slow("did not answer to its password within 2 s"))?? {
            Greeting::Open => Ok(()),
            Greeting::Locked => Err(self.at.wrong_password()),
        }
    }

    async fn greeting(&mut self) -> Result<Greeting, Fault> {
        loop {
            match self.next().await? {
                Piece::Prompt => return Ok(Greeting::Locked),
                Piece::Line(line) if line.starts_with(b">INFO:") => return Ok(Greeting::Open),
                Piece::Line(line) if line.starts_with(b">") => self.notice(&line),
                Piece::Line(line) if line.starts_with(b"SUCCESS: password") => {}
                Piece::Line(line) if line.starts_with(b"ERROR: bad password") => return Ok(Greeting::Locked),
                Piece::Line(_) => return Err(self.at.stranger()),
                Piece::End => return Err(self.at.slow("closed the connection without a greeting")),
            }
        }
    }

    /// The lines of its answer, up to and with END.
    async fn ask(&mut self, command: Command) -> Result<Vec<u8>, Fault> {
        self.send(command.line().as_bytes()).await?;
        let mut answer = Vec::new();
        loop {
            match self.next().await? {
                Piece::Line(line) if line.starts_with(b">") => self.notice(&line),
                Piece::Line(line) if line.starts_with(b"ERROR:") => return Err(self.refused(&line)),
                Piece::Line(line) => {
                    answer.extend_from_slice(&line);
                    answer.push(b'\n');
                    if line == b"END" {
                        return self.waiting().map_or(Ok(answer), Err);
                    }
                }
                Piece::Prompt => return Err(self.at.stranger()),
                Piece::End => {
                    return Err(self.at.slow("closed the connection in the middle of its answer").mend("try again"));
                }
            }
        }
    }

    /// Has a session ended; what it answers. From here on nobody can say any more that nothing was sent.
    async fn kill(&mut self, id: u64) -> Shown {
        let reply = async {
            self.send(Command::Kill(id).line().as_bytes()).await?;
            loop {
                match self.next().await? {
                    Piece::Line(line) if line.starts_with(b">") => self.notice(&line),
                    Piece::Line(line) => return Ok(Shown::bytes(line.trim_ascii()).cut(120)),
                    Piece::Prompt | Piece::End => return Err(self.at.slow("closed the connection without an answer")),
                }
            }
        };
        match timeout(STEP, reply).await {
            Ok(said) => said.unwrap_or_else(|fault: Fault| fault.said),
            Err(_) => self.at.slow("did not answer within 2 s").said,
        }
    }

    /// Says goodbye and waits until the other side has closed, so that the next client finds it free.
    async fn leave(mut self) {
        let goodbye = async {
            self.send(Command::Quit.line().as_bytes()).await?;
            while !matches!(self.next().await?, Piece::End) {}
            Ok::<_, Fault>(())
        };
        // Whether that works changes nothing about the answer, and the connection is closed in any case.
        timeout(GOODBYE, goodbye).await.ok();
    }

    /// Takes from an asynchronous line what it waits for, and nothing else: the line may hold a user's password.
    fn notice(&mut self, line: &[u8]) {
        if line.starts_with(b">PASSWORD:Need 'Private Key'") {
            self.waits = Some(Waits::KeyPassphrase);
        } else if line.starts_with(b">PASSWORD:Need") {
            self.waits = Some(Waits::Password);
        } else if line.starts_with(b">HOLD:") {
            self.waits = Some(Waits::HoldRelease);
        }
    }

    /// What it waits for is told to everybody who connects. Some answer `status 3` all the same, with nobody on it.
    fn waiting(&self) -> Option<Fault> {
        let (said, mend) = match self.waits? {
            Waits::KeyPassphrase => {
                ("OpenVPN waits for its key pass-phrase: nobody can connect", "give it the pass-phrase")
            }
            Waits::Password => ("OpenVPN waits for a password: nobody can connect", "give it the password"),
            Waits::HoldRelease => ("OpenVPN is on hold: nobody can connect", "release it (`hold release`)"),
        };
        Some(Fault::new(said).mend(format!("{mend}, through the program that starts it")))
    }

    fn refused(&self, line: &[u8]) -> Fault {
        self.waiting().unwrap_or_else(|| {
            let said = Shown::bytes(line.trim_ascii()).cut(120);
            Fault::new(format!("the management interface {} refused `status 3`: {said}", self.at))
        })
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let sent = self.stream.write_all(bytes).await;
        sent.map_err(|_| self.at.slow("closed the connection"))
    }

    async fn next(&mut self) -> Result<Piece, Fault> {
        loop {
            if self.unread.starts_with(PROMPT) {
                self.unread.drain(..PROMPT.len());
                return Ok(Piece::Prompt);
            }
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=end).collect();
                line.truncate(end);
                if line.ends_with(b"\r") {
                    line.pop();
                }
                return Ok(Piece::Line(line));
            }
            self.unread.reserve(16 << 10);
            // A reset is an end too: OpenVPN closes so when it restarts.
            let read = self.stream.read_buf(&mut self.unread).await.unwrap_or(0);
            if read == 0 {
                return Ok(Piece::End);
            }
            self.said += read;
            if self.said > CAP {
                return Err(self.at.slow("said more than 4 MiB"));
            }
        }
    }
}

enum Greeting {
    Open,
    /// It asks for its password.
    Locked,
}
