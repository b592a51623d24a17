//! What a TCP port speaks, found out by listening and by one harmless question; and which old versions of TLS it still
//! takes, which our TLS library can't say: it does not speak them.

mod door;
mod hello;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::domain::facts::{Protocol, Speech};
use crate::domain::{Fault, Port, Shown};
pub use door::Door;
use hello::{Reply, client_hello, parse_reply};

/// Servers that speak first do so at once, but for mail servers that let robots wait.
const GREETING: Duration = Duration::from_millis(1_500);
const LATE_GREETING: Duration = Duration::from_secs(8);
/// Ports whose usual servers speak first: ftp, ssh, telnet, smtp, pop3, imap, submission.
const SPEAK_FIRST: [u16; 7] = [21, 22, 23, 25, 110, 143, 587];
const ANSWER: Duration = Duration::from_secs(4);
const CAP: usize = 8 << 10;
/// Versions that nobody should take any more (RFC 8996).
const OLD: [(u8, &str); 2] = [(1, "TLS 1.0"), (2, "TLS 1.1")];

/// Listens and asks. A fault says why it is not known what the port speaks.
pub async fn ask_speech(place: SocketAddr, name: &str) -> Result<Speech, Fault> {
    let mut stream = match connect(place).await {
        Some(stream) => stream,
        // One packet that is lost is no news.
        None => connect(place).await.ok_or_else(|| Fault::passing("it took no second connection"))?,
    };
    let patience = if SPEAK_FIRST.contains(&place.port()) { LATE_GREETING } else { GREETING };
    let greeting = hear_greeting(&mut stream, patience).await;
    let mut speech = if greeting.is_empty() {
        drop(stream);
        ask_silent(place, name).await?
    } else {
        let protocol = parse_greeting(&greeting).ok_or_else(|| Fault::new("its greeting is of no known protocol"))?;
        let starttls = ask_starttls(&mut stream, protocol).await;
        drop(stream);
        let speech = Speech { starttls, ..Speech::of(Port::tcp(place.port()), protocol) };
        if starttls == Some(true) {
            ask_old(&Door { place, name, behind: Some(protocol) }, speech).await
        } else {
            speech
        }
    };
    speech.port = Port::tcp(place.port());
    Ok(speech)
}

async fn connect(place: SocketAddr) -> Option<TcpStream> {
    timeout(ANSWER, TcpStream::connect(place)).await.ok()?.ok()
}

/// What comes until it pauses, ends or is enough; nothing within `patience` is nothing.
async fn hear(stream: &mut TcpStream, patience: Duration) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut wait = patience;
    while heard.len() < CAP {
        match timeout(wait, stream.read_buf(&mut heard)).await {
            Ok(Ok(count)) if count > 0 => wait = Duration::from_millis(200),
            _ => break,
        }
    }
    heard
}

/// A greeting of several lines may take its time between them: some mail servers let robots talk too early that way.
async fn hear_greeting(stream: &mut TcpStream, patience: Duration) -> Vec<u8> {
    let mut greeting = hear(stream, patience).await;
    while goes_on(&greeting) {
        let more = hear(stream, patience).await;
        if more.is_empty() {
            break;
        }
        greeting.extend(more);
    }
    greeting
}

/// `220-` begins a line after which another one comes (RFC 5321, 959).
fn goes_on(greeting: &[u8]) -> bool {
    let last = greeting.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    greeting.len() < CAP && matches!(last, [a, b, c, b'-', ..] if [a, b, c].iter().all(|byte| byte.is_ascii_digit()))
}

/// Whether the other side has ended the connection.
async fn has_ended(stream: &mut TcpStream) -> bool {
    !matches!(timeout(GREETING, stream.read(&mut [0])).await, Err(_) | Ok(Ok(1..)))
}

async fn exchange(stream: &mut TcpStream, question: &[u8]) -> Option<Vec<u8>> {
    timeout(ANSWER, stream.write_all(question)).await.ok()?.ok()?;
    Some(hear(stream, ANSWER).await)
}

/// Who speaks first, by its first words.
pub(crate) fn parse_greeting(greeting: &[u8]) -> Option<Protocol> {
    let text = String::from_utf8_lossy(greeting).to_ascii_uppercase();
    match greeting {
        // Telnet's first word is IAC (RFC 854).
        [0xff, 0xfb..=0xfe, ..] => Some(Protocol::Telnet),
        _ if text.starts_with("SSH-") => Some(Protocol::Ssh),
        _ if text.starts_with("220") && text.contains("FTP") => Some(Protocol::Ftp),
        _ if text.starts_with("220") => Some(Protocol::Smtp),
        _ if text.starts_with("+OK") => Some(Protocol::Pop3),
        _ if text.starts_with("* OK") => Some(Protocol::Imap),
        _ => None,
    }
}

/// Whether it offers to go on encrypted; `None` for what has no such word, or did not answer.
async fn ask_starttls(stream: &mut TcpStream, protocol: Protocol) -> Option<bool> {
    let (question, offer) = match protocol {
        Protocol::Smtp => ("EHLO matins.invalid\r\n", "STARTTLS"),
        Protocol::Imap => ("a CAPABILITY\r\n", "STARTTLS"),
        Protocol::Pop3 => ("CAPA\r\n", "STLS"),
        Protocol::Ftp => ("FEAT\r\n", "AUTH TLS"),
        _ => return None,
    };
    let answer = exchange(stream, question.as_bytes()).await.filter(|answer| !answer.is_empty())?;
    parse_offer(&String::from_utf8_lossy(&answer), offer)
}

/// Who will not talk to us now says nothing of what it offers (RFC 5321, 7504: 4xx, 521, 554; ftp's 530: log in first).
fn parse_offer(answer: &str, offer: &str) -> Option<bool> {
    let refuses = answer.starts_with('4') || ["521", "530", "554"].iter().any(|code| answer.starts_with(code));
    (!refuses).then(|| answer.to_ascii_uppercase().contains(offer))
}

/// It waits for the client: TLS first, since a TLS port answers plain http too, with a complaint.
async fn ask_silent(place: SocketAddr, name: &str) -> Result<Speech, Fault> {
    let port = Port::tcp(place.port());
    let door = Door { place, name, behind: None };
    let reply = ask_version(&door, 3).await;
    if matches!(reply, Some(Reply::Accepted(_) | Reply::Refused)) {
        return Ok(ask_old(&door, Speech::of(port, Protocol::Tls)).await);
    }
    let silent = || Fault::passing("it said nothing to TLS and to http");
    let mut stream = connect(place).await.ok_or_else(silent)?;
    let question = format!("HEAD / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: matins\r\nConnection: close\r\n\r\n");
    let answer = exchange(&mut stream, question.as_bytes()).await.ok_or_else(silent)?;
    let text = String::from_utf8_lossy(&answer);
    if text.starts_with("HTTP/") {
        return Ok(Speech { redirect: parse_redirect(&text), ..Speech::of(port, Protocol::Http) });
    }
    // Only who answers in another way, or hangs up at our words, speaks something else; who is slow may speak anything.
    let answers = !answer.is_empty() || matches!(reply, Some(Reply::HungUp)) || has_ended(&mut stream).await;
    Err(if answers { Fault::new("it answers neither TLS nor http") } else { silent() })
}

async fn speaks_tls(door: &Door<'_>) -> bool {
    matches!(ask_version(door, 3).await, Some(Reply::Accepted(_) | Reply::Refused))
}

/// The old versions that it takes. Silence is no refusal; one that hangs up on an old version and not on a newer means it.
async fn ask_old(door: &Door<'_>, mut speech: Speech) -> Speech {
    for (minor, word) in OLD {
        match ask_version(door, minor).await {
            Some(Reply::Accepted(version)) if version == minor => speech.old.push(word.into()),
            Some(Reply::Accepted(_) | Reply::Refused) => {}
            Some(Reply::HungUp) if speaks_tls(door).await => {}
            _ => speech.untold.push(word.into()),
        }
    }
    speech
}

/// Where a 3xx answer sends people.
fn parse_redirect(answer: &str) -> Option<Shown> {
    answer.split(' ').nth(1).filter(|status| status.starts_with('3'))?;
    let lines = answer.lines().skip(1).take_while(|line| !line.is_empty());
    let mut headers = lines.filter_map(|line| line.split_once(':'));
    headers.find(|(key, _)| key.eq_ignore_ascii_case("location")).map(|(_, to)| Shown::line(to.trim()).cut(200))
}

/// Offers one version and nothing newer, 3.`minor` on the wire.
async fn ask_version(door: &Door<'_>, minor: u8) -> Option<Reply> {
    let mut stream = door.open().await.ok()?;
    let answer = exchange(&mut stream, &client_hello(minor, door.name)).await?;
    // Once ended, it says so again.
    if answer.is_empty() && has_ended(&mut stream).await {
        return Some(Reply::HungUp);
    }
    parse_reply(&answer)
}

#[cfg(test)]
mod tests;
