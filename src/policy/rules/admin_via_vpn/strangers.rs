//! Whoever is on a VPN, or may be, and in nobody's register.

use std::collections::BTreeMap;

use super::MEASURE;
use super::certificates::{self, Holds};
use super::client::{Client, Key};
use super::peers::Peers;
use super::reading::Reading;
use crate::domain::facts::Handshake;
use crate::domain::{Judgement, Shown, Verdict};
use crate::policy::Case;

/// Whoever comes without a name.
const NAMELESS: &str = "no name";
/// Before a name that is none of its own.
const INSTEAD: &str = "peer ";

pub(super) fn judge(case: &Case<'_>, reading: &Reading<'_>, peers: &Peers<'_>) -> Vec<Judgement> {
    let mut strangers: BTreeMap<Key<'_>, Vec<&Client<'_>>> = BTreeMap::new();
    for client in reading.list.iter().flat_map(|list| &list.clients) {
        if !peers.know(client) && !client.is_nobody() {
            strangers.entry(client.key()).or_default().push(client);
        }
    }
    strangers.into_iter().map(|(key, sessions)| stranger(case, reading, key, &sessions)).collect()
}

fn stranger(case: &Case<'_>, reading: &Reading<'_>, key: Key<'_>, sessions: &[&Client<'_>]) -> Judgement {
    let connected: Vec<_> = sessions.iter().copied().filter(|client| client.connected()).collect();
    let (verdict, did, since) = match connected.as_slice() {
        [] => away(case, sessions),
        connected => {
            let since = connected.iter().filter_map(|client| reading.since(case, client)).min();
            let revoked = revoked(case, reading, key).unwrap_or_default();
            (Verdict::Broken, format!("connected from {}{revoked}", addresses(connected)), since)
        }
    };
    let standing = match connected.as_slice() {
        [] => "not connected".to_owned(),
        connected => connected.iter().map(|client| reading.standing(case, client)).collect::<Vec<_>>().join(" and "),
    };
    let (name, register, mend) = match key {
        Key::CommonName(name) => (name, "common_name", "revoke its certificate and end its session"),
        Key::PublicKey(name) => {
            (name, "public_key", "remove its key on the server (`wg set INTERFACE peer KEY remove`)")
        }
    };
    let shown = name.cut(64);
    let title = format!("peer \"{shown}\" is in nobody's register, {did}");
    let detail: Vec<String> = sessions.iter().map(|client| reading.session(case, client)).collect();
    let judgement = Judgement::new(MEASURE, reading.subject.clone(), verdict, title)
        .part(part(name))
        .detail(&detail.join("\n"))
        .mend(format!("{mend}; if it is known, add a [[peer]] with {register} = \"{shown}\""))
        .since(since)
        .asking("session", standing)
        .weight(90)
        .because("register", None, format!("no [[peer]] has the {register} \"{shown}\""));
    reading.because(case, judgement)
}

/// The finding's part: its name, but for one that is a part of the VPN's own, or says to be what stands instead of such.
fn part(name: &Shown) -> Shown {
    let own = certificates::PARTS.iter().chain(&[NAMELESS]).any(|part| *name == **part);
    match name.as_str() {
        "" => NAMELESS.into(),
        text if own || text.starts_with(INSTEAD) => format!("{INSTEAD}{text}").into(),
        _ => name.clone(),
    }
}

fn revoked(case: &Case<'_>, reading: &Reading<'_>, key: Key<'_>) -> Option<String> {
    let (Key::CommonName(name), Ok(pki)) = (key, reading.pki.as_ref()?) else { return None };
    match certificates::of_name(pki, name)? {
        Holds::Revoked(at) => Some(format!(", though its certificate was revoked on {}", certificates::day(case, at))),
        Holds::Until(_) => None,
    }
}

/// Of one that is not connected: only a certificate of our own authority gets as far as the list, and a key that the
/// server has may connect at any time.
fn away(case: &Case<'_>, sessions: &[&Client<'_>]) -> (Verdict, String, Option<jiff::Timestamp>) {
    if let Some(implausible) = sessions.iter().find_map(|client| client.implausible(case)) {
        return (Verdict::Unknown, format!("may be connected: {implausible}"), None);
    }
    let did = match sessions {
        [Client::Wireguard(_, Handshake::Never), ..] => "never connected, but may".to_owned(),
        [client @ Client::Wireguard(..), ..] => client.said(case, None),
        _ => format!("tried to log in from {}", addresses(sessions)),
    };
    (Verdict::Due, did, None)
}

fn addresses(clients: &[&Client<'_>]) -> String {
    let mut addresses: Vec<Shown> = clients.iter().map(|client| client.address()).collect();
    addresses.sort();
    addresses.dedup();
    addresses.iter().map(Shown::as_str).collect::<Vec<_>>().join(" and ")
}
