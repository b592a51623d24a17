//! The register's peers, and whether they are connected.

use std::collections::{BTreeMap, BTreeSet};

use super::MEASURE;
use super::client::{Client, Key};
use super::concerns::{self, Concern, Session};
use super::persons::Persons;
use super::reading::Reading;
use super::usage;
use crate::domain::facts::PeerDeclared;
use crate::domain::{Declared, Evidence, Fact, Judgement, Shown, Subject, Verdict};
use crate::policy::Case;

/// The register's peers.
#[derive(Debug)]
pub(super) struct Peers<'a> {
    declared: BTreeMap<&'a Subject, (&'a PeerDeclared, &'a Shown)>,
    known: BTreeSet<Key<'a>>,
}

impl<'a> Peers<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        let mut peers = Self { declared: BTreeMap::new(), known: BTreeSet::new() };
        for Declared { subject, fact, place } in evidence.declared() {
            let Fact::PeerDeclared(peer) = fact else { continue };
            peers.declared.insert(subject, (peer, place));
            peers.known.extend(keys(peer));
        }
        peers
    }

    pub(super) fn know(&self, client: &Client<'_>) -> bool {
        self.known.contains(&client.key())
    }
}

/// By what a peer can be recognised.
fn keys(peer: &PeerDeclared) -> impl Iterator<Item = Key<'_>> {
    let names = peer.common_name.iter().map(Key::CommonName);
    names.chain(peer.public_key.iter().map(Key::PublicKey))
}

pub(super) fn judge(case: &Case<'_>, readings: &[Reading<'_>], peers: &Peers<'_>) -> Vec<Judgement> {
    let sessions = Sessions::by_key(readings);
    let persons = Persons::of(case.evidence);
    peers
        .declared
        .iter()
        .map(|(subject, (peer, place))| {
            let judgement = judge_peer(case, readings, (&sessions, &persons), (subject, peer));
            let person = peer.person.as_ref().map_or_else(String::new, |person| format!(", of {person}"));
            let name = peer.common_name.as_ref().or(peer.public_key.as_ref());
            let known_by = name.map_or_else(String::new, |name| format!("{}{person}", name.cut(64)));
            judgement.because((*place).clone(), None, known_by)
        })
        .collect()
}

/// Who is listed where.
struct Sessions<'a>(BTreeMap<Key<'a>, Vec<Session<'a>>>);

impl<'a> Sessions<'a> {
    fn by_key(readings: &'a [Reading<'a>]) -> Self {
        let mut sessions: BTreeMap<Key<'_>, Vec<_>> = BTreeMap::new();
        for reading in readings {
            for client in reading.list.iter().flat_map(|list| &list.clients) {
                sessions.entry(client.key()).or_default().push((reading, client));
            }
        }
        Self(sessions)
    }

    fn of(&self, peer: &PeerDeclared) -> Vec<Session<'a>> {
        keys(peer).filter_map(|key| self.0.get(&key)).flatten().copied().collect()
    }
}

fn judge_peer(
    case: &Case<'_>,
    readings: &[Reading<'_>],
    (sessions, persons): (&Sessions<'_>, &Persons<'_>),
    (subject, peer): (&Subject, &PeerDeclared),
) -> Judgement {
    let listed = sessions.of(peer);
    let on: Vec<_> = listed.iter().copied().filter(|(_, client)| client.connected()).collect();
    let whereabouts = match on.split_first() {
        Some((first, others)) => present(case, readings, subject, (first, others)),
        None => absent(case, readings, (subject, peer), &listed),
    };
    let sessions =
        listed.iter().map(|(reading, client)| format!("{} {}", reading.subject, reading.session(case, client)));
    with_concerns(
        whereabouts,
        concerns::of(case, readings, peer, &on, persons),
        sessions.chain(usage::told(case, readings, peer)).collect(),
    )
}

/// The worst concern comes first, if it is worse than not knowing where the peer is; the others are told.
fn with_concerns(whereabouts: Judgement, concerns: Vec<Concern>, mut detail: Vec<String>) -> Judgement {
    let mut judgement = whereabouts;
    for (place, concern) in concerns.into_iter().enumerate() {
        judgement = concern.added_to(judgement);
        if place == 0 && concern.verdict > judgement.verdict {
            let said = judgement.title.clone();
            judgement = concern.heads(judgement, said.as_str());
        } else {
            detail.push(concern.said);
        }
    }
    judgement.detail(&detail.join("\n"))
}

fn present(
    case: &Case<'_>,
    readings: &[Reading<'_>],
    subject: &Subject,
    (first, others): (&Session<'_>, &[Session<'_>]),
) -> Judgement {
    let (reading, client) = first;
    let on = (readings.len() > 1).then(|| format!("on {}", reading.subject));
    let elsewhere = others.iter().filter(|(other, _)| other.subject != reading.subject);
    let also = elsewhere.map(|(reading, _)| format!("also on {}", reading.subject));
    let said: Vec<String> = on.into_iter().chain([reading.said(case, client)]).chain(also).collect();
    let judgement = Judgement::new(MEASURE, subject.clone(), Verdict::Ok, said.join(", "));
    let sessions = [first].into_iter().chain(others);
    let word: Vec<String> = sessions.map(|(reading, client)| reading.standing(case, client)).collect();
    reading.because(case, judgement.standing("session", word.join(" and ")))
}

/// A peer that no list shows connected. That is only known when every VPN that it could be on tells who is.
fn absent(
    case: &Case<'_>,
    readings: &[Reading<'_>],
    (subject, peer): (&Subject, &PeerDeclared),
    listed: &[Session<'_>],
) -> Judgement {
    let judgement = |verdict, title: String| Judgement::new(MEASURE, subject.clone(), verdict, title).weight(20);
    let possible: Vec<&Reading<'_>> = readings.iter().filter(|reading| is_possible(reading, peer)).collect();
    if possible.is_empty() {
        return judgement(Verdict::Unknown, "no VPN is watched that it could be on".to_owned())
            .mend("add a [[vpn]] of its kind, or a common_name or public_key that fits the one there is");
    }
    for reading in &possible {
        if let Err(doubt) = &reading.list {
            let mut unknown = judgement(Verdict::Unknown, format!("{}: {}", reading.subject, doubt.said));
            unknown.mend.clone_from(&doubt.mend);
            return reading.because(case, unknown);
        }
        if let Some(mend) = named_by_ambiguous(reading, peer) {
            let title = format!(
                "perhaps connected to {}: a row that may name it can't be read without guessing",
                reading.subject
            );
            return reading.because(case, judgement(Verdict::Unknown, title).mend(mend));
        }
    }
    if let Some((reading, said)) =
        listed.iter().find_map(|(reading, client)| Some((reading, client.implausible(case)?)))
    {
        let mend = "set the VPN server's clock; the next handshake is dated right";
        return reading.because(case, judgement(Verdict::Unknown, said).mend(mend));
    }
    let last = listed.iter().max_by_key(|(_, client)| client.last());
    let title = last.map_or_else(|| "not connected".to_owned(), |(reading, client)| reading.said(case, client));
    let judgement = judgement(Verdict::Ok, title).standing("session", "not connected");
    possible.iter().fold(judgement, |judgement, reading| reading.because(case, judgement))
}

pub(super) fn is_possible(reading: &Reading<'_>, peer: &PeerDeclared) -> bool {
    match reading.protocol.as_str() {
        "openvpn" => peer.common_name.is_some(),
        "wireguard" => peer.public_key.is_some(),
        _ => true,
    }
}

/// Whether a row that can't be read may be this peer; what makes it readable. Nothing is known of WireGuard's.
fn named_by_ambiguous(reading: &Reading<'_>, peer: &PeerDeclared) -> Option<&'static str> {
    let list = reading.list.as_ref().ok()?;
    let mut rows = list.ambiguous.iter();
    let named = match &peer.common_name {
        _ if reading.protocol == "wireguard" => rows.next().is_some(),
        Some(name) => rows.any(|row| row.as_str().contains(name.as_str())),
        None => false,
    };
    named.then_some(list.mend)
}
