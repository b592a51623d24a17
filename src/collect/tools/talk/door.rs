//! Where TLS begins: at once, or behind the words that mail and ftp have for it.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::{LATE_GREETING, connect, exchange, hear_greeting};
use crate::domain::facts::Protocol;
use crate::domain::{Fault, Shown};

/// A port with TLS.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    pub place: SocketAddr,
    /// For SNI.
    pub name: &'a str,
    /// What is spoken in plain text before; `None` where TLS is the first word.
    pub behind: Option<Protocol>,
}

impl Door<'_> {
    /// A connection on which a handshake can begin.
    pub async fn open(&self) -> Result<TcpStream, Fault> {
        let mut stream = connect(self.place).await.ok_or_else(|| Fault::passing("it took no further connection"))?;
        let Some((hello, word, yes)) = self.behind.and_then(words) else { return Ok(stream) };
        let lost = || Fault::passing("it fell silent before STARTTLS");
        if hear_greeting(&mut stream, LATE_GREETING).await.is_empty() {
            return Err(lost());
        }
        if !hello.is_empty() {
            exchange(&mut stream, hello.as_bytes()).await.filter(|answer| !answer.is_empty()).ok_or_else(lost)?;
        }
        let answer =
            exchange(&mut stream, word.as_bytes()).await.filter(|answer| !answer.is_empty()).ok_or_else(lost)?;
        agreed(&String::from_utf8_lossy(&answer), yes).map(|()| stream)
    }
}

/// What to say first, what asks for TLS, and what a yes begins with (RFC 3207, 9051, 2595, 4217).
fn words(protocol: Protocol) -> Option<(&'static str, &'static str, &'static str)> {
    match protocol {
        Protocol::Smtp => Some(("EHLO matins.invalid\r\n", "STARTTLS\r\n", "220")),
        Protocol::Imap => Some(("", "a STARTTLS\r\n", "a OK")),
        Protocol::Pop3 => Some(("", "STLS\r\n", "+OK")),
        Protocol::Ftp => Some(("", "AUTH TLS\r\n", "234")),
        Protocol::Ssh | Protocol::Telnet | Protocol::Http | Protocol::Tls => None,
    }
}

/// Whether it says yes, and nothing after it: what comes between that and TLS may be anybody's words.
fn agreed(answer: &str, yes: &str) -> Result<(), Fault> {
    let mut lines = answer.lines().skip_while(|line| !line.to_ascii_uppercase().starts_with(&yes.to_ascii_uppercase()));
    if lines.next().is_none() {
        let said = Shown::line(answer.trim()).cut(80);
        return Err(Fault::new(format!("it offers STARTTLS, and asked for it says `{said}`"))
            .mend("look in the server's log why it has no certificate to begin with"));
    }
    if lines.next().is_some() {
        return Err(Fault::new("it talks on in plain text after it agreed to STARTTLS"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_with_nothing_behind_it_opens() {
        assert!(agreed("220 2.0.0 Ready to start TLS\r\n", "220").is_ok());
        assert!(agreed("a OK Begin TLS negotiation now.\r\n", "a OK").is_ok());
        assert!(agreed("* BYE\r\na ok go\r\n", "a OK").is_ok());
        let refused = agreed("454 4.7.0 TLS not available\r\n", "220").unwrap_err();
        assert_eq!(refused.said, "it offers STARTTLS, and asked for it says `454 4.7.0 TLS not available`");
        let injected = agreed("220 go\r\n250 injected\r\n", "220").unwrap_err();
        assert_eq!(injected.said, "it talks on in plain text after it agreed to STARTTLS");
    }
}
