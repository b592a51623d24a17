//! A socket on a server, spoken with through ssh: the server's own perl passes on what is said, so that no forwarding has
//! to be allowed there.

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::super::run::{Program, Spoken, speak};
use super::{Shell, files, frame, ssh, trouble};
use crate::domain::register::Server;
use crate::domain::{Fault, Management, Shown};

const RELAY: &str = include_str!("relay.pl");
/// For the login and the socket.
const LOGIN: Duration = Duration::from_secs(15);
/// Most bytes that a login shell may say before.
const NOISE: usize = 64 << 10;

/// The way there and back; the ssh below it ends when this is dropped.
#[derive(Debug)]
pub struct Relay {
    spoken: Spoken,
    /// What came right behind the first line.
    unread: Vec<u8>,
}

/// Why there is none.
#[derive(Debug)]
pub enum Unreached {
    Server(Fault),
    Socket(Error),
}

impl Shell {
    /// Connects to a socket of a server, over a connection of its own.
    pub async fn relay(&self, server: &Server, at: &Management) -> Result<Relay, Unreached> {
        let late = || Unreached::Server(Fault::passing(format!("no answer within {} s", LOGIN.as_secs())));
        let turn = self.gate.acquire().await;
        let relay = tokio::time::timeout(LOGIN, self.connect(server, at)).await.unwrap_or_else(|_| Err(late()));
        drop(turn);
        relay
    }

    async fn connect(&self, server: &Server, at: &Management) -> Result<Relay, Unreached> {
        let Some(destination) = &server.ssh else {
            return Err(Unreached::Server(Fault::new(format!("{} is this machine", server.name))));
        };
        let key = server.key.as_deref().map(ssh::expanded);
        if let Some(key) = &key {
            ssh::check_key(key).map_err(Unreached::Server)?;
        }
        let mut program = Program::new(self.ssh.clone());
        program.arguments = ssh::arguments(destination, key.as_deref(), None);
        program.keep = ssh::KEEP;
        let unstarted = |stopped: super::super::run::Stopped| Unreached::Server(stopped.fault(&"ssh".into()));
        let mut spoken = speak(&program).map_err(unstarted)?;
        let word = frame::nonce();
        // ssh that ends early ends the pipe; what it says tells more than this error.
        spoken.write_all(script(&word, at).as_bytes()).await.ok();
        let mut heard = Vec::new();
        let (line, end) = loop {
            if let Some(found) = first_line(&heard, &word) {
                break found;
            }
            // An error is an end too; what ssh says tells why.
            let read = spoken.read_buf(&mut heard).await.unwrap_or(0);
            if read == 0 || heard.len() > NOISE {
                let ran = spoken.part(heard).await;
                return Err(Unreached::Server(trouble::trouble(destination.as_str(), &ran).fault));
            }
        };
        match line.as_str() {
            "open" => Ok(Relay { unread: heard.split_off(end), spoken }),
            "no perl" => Err(Unreached::Server(
                Fault::new(format!("{} has no perl to reach the socket with", server.name))
                    .mend("install perl-base there"),
            )),
            other => Err(Unreached::Socket(error(other))),
        }
    }
}

/// One command to sh, which reads no further: what follows is for the relay.
fn script(word: &str, at: &Management) -> String {
    let place = match at {
        Management::Unix(path) => format!("unix {}", files::quoted(&path.to_string_lossy())),
        Management::Tcp(address) => format!("tcp {} {}", address.ip(), address.port()),
    };
    let relay = files::quoted(RELAY);
    format!(
        "{{\ncommand -v perl >/dev/null 2>&1 || {{ printf '\\n%s no perl\\n' {word}; exit; }}\nprintf '\\n'\n\
         exec perl -e {relay} -- {word} {place}\n}}\n"
    )
}

/// What stands behind the word on the first line that begins with it, and where that line ends. What a login shell said
/// before has no such line.
fn first_line(heard: &[u8], word: &str) -> Option<(String, usize)> {
    let mut begin = 0;
    for line in heard.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        begin += line.len();
        let text = String::from_utf8_lossy(line);
        if let Some(rest) = text.strip_prefix(word) {
            return Some((rest.trim().to_owned(), begin));
        }
    }
    None
}

fn error(word: &str) -> Error {
    match word {
        "busy" => ErrorKind::WouldBlock.into(),
        "missing" => ErrorKind::NotFound.into(),
        "refused" => ErrorKind::ConnectionRefused.into(),
        "forbidden" => ErrorKind::PermissionDenied.into(),
        other => Error::other(Shown::line(other).cut(80).to_string()),
    }
}

impl AsyncRead for Relay {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.unread.is_empty() {
            return Pin::new(&mut self.spoken).poll_read(context, buffer);
        }
        let count = self.unread.len().min(buffer.remaining());
        buffer.put_slice(&self.unread[..count]);
        self.unread.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Relay {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.spoken).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.spoken).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.spoken).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_found_behind_whatever_a_login_shell_says() {
        assert_eq!(first_line(b"Welcome\n\n7f open\r\n>INFO", "7f"), Some(("open".into(), 18)));
        assert_eq!(first_line(b"Welcome 7f open\n", "7f"), None);
        assert_eq!(first_line(b"\n7f op", "7f"), None);
    }

    #[test]
    fn a_path_stays_one_word() {
        let script = script("7f", &Management::parse("unix:/run/it's; reboot").unwrap());
        assert!(script.contains(r"-- 7f unix '/run/it'\''s; reboot'"), "{script}");
        assert!(script.is_ascii());
    }
}
