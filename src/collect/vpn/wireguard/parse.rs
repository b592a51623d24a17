//! What the look at WireGuard says (`man wg`, "show … dump"): bytes to rows.

use jiff::Timestamp;

use crate::domain::facts::WireguardPeer;
use crate::domain::{Fault, Shown};

/// One answer. No field of it can hold a private or a preshared key.
#[derive(Debug, Default)]
pub(super) struct Dump {
    pub(super) login: Option<Shown>,
    /// Where the program is.
    pub(super) wg: Option<Shown>,
    pub(super) now: Option<Timestamp>,
    pub(super) interfaces: Vec<Shown>,
    pub(super) peers: Vec<WireguardPeer>,
    pub(super) odd_rows: u32,
}

/// Reads an answer. What a row of an unknown form holds is not kept, not even in an error.
pub(super) fn parse_dump(output: &[u8]) -> Result<Dump, Fault> {
    let text = std::str::from_utf8(output).map_err(|_| Fault::new("wg's answer is not text"))?;
    let mut dump = Dump::default();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        match cells.as_slice() {
            ["login", login] => dump.login = Some(Shown::line(login)),
            ["wg", path] => dump.wg = Some(Shown::line(path)),
            ["now", seconds] => dump.now = parse_time(seconds).ok_or_else(|| Fault::new("its time is none"))?,
            [interface, _private, public, _port, _mark] if is_key(public) || *public == "(none)" => {
                dump.interfaces.push(Shown::line(interface));
            }
            [interface, public, _preshared, rest @ ..] if is_key(public) => match parse_peer(interface, public, rest) {
                Some(peer) => dump.peers.push(peer),
                None => dump.odd_rows += 1,
            },
            _ => dump.odd_rows += 1,
        }
    }
    Ok(dump)
}

fn parse_peer(interface: &str, public_key: &str, rest: &[&str]) -> Option<WireguardPeer> {
    let [endpoint, allowed, handshake, received, sent, _keepalive] = rest else { return None };
    Some(WireguardPeer {
        interface: Shown::line(interface),
        public_key: Shown::line(public_key),
        endpoint: some(endpoint).map(Shown::line),
        allowed: some(allowed).into_iter().flat_map(|list| list.split(',')).map(Shown::line).collect(),
        handshake: parse_time(handshake)?,
        bytes_received: received.parse().ok()?,
        bytes_sent: sent.parse().ok()?,
    })
}

fn some<'a>(cell: &&'a str) -> Option<&'a str> {
    (*cell != "(none)" && !cell.is_empty()).then_some(*cell)
}

/// Seconds since 1970; 0 is never.
#[expect(clippy::option_option, reason = "what is no time is told apart from never")]
fn parse_time(text: &str) -> Option<Option<Timestamp>> {
    match text.parse().ok()? {
        0 => Some(None),
        seconds => Timestamp::from_second(seconds).ok().map(Some),
    }
}

/// 32 bytes in base64: 43 letters and `=`.
pub fn is_key(text: &str) -> bool {
    text.len() == 44
        && text.ends_with('=')
        && text[..43].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}
