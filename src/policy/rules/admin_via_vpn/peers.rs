//! The register's peers, and whether they are connected.

use std::collections::BTreeMap;

use super::MEASURE;
use super::concerns::{self, Concern, Session};
use super::persons::Persons;
use super::reading::Reading;
use crate::domain::facts::PeerDeclared;
use crate::domain::{Declared, Evidence, Fact, Judgement, Shown, Subject, Verdict};
use crate::policy::Case;

/// The register's peers.
#[derive(Debug)]
pub(super) struct Peers<'a> {
    declared: BTreeMap<&'a Subject, (&'a PeerDeclared, &'a Shown)>,
    by_common_name: BTreeMap<&'a Shown, &'a Subject>,
}

impl<'a> Peers<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        let mut peers = Self { declared: BTreeMap::new(), by_common_name: BTreeMap::new() };
        for Declared { subject, fact, place } in evidence.declared() {
            let Fact::PeerDeclared(peer) = fact else { continue };
            peers.declared.insert(subject, (peer, place));
            peers.by_common_name.extend(peer.common_name.as_ref().map(|name| (name, subject)));
        }
        peers
    }

    pub(super) fn know(&self, common_name: &Shown) -> bool {
        self.by_common_name.contains_key(common_name)
    }
}

pub(super) fn judge(case: &Case<'_>, readings: &[Reading<'_>], peers: &Peers<'_>) -> Vec<Judgement> {
    let sessions = Sessions::of(readings);
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

/// Who is listed where, by common name.
struct Sessions<'a>(BTreeMap<&'a Shown, Vec<Session<'a>>>);

impl<'a> Sessions<'a> {
    fn of(readings: &'a [Reading<'a>]) -> Self {
        let mut sessions: BTreeMap<&Shown, Vec<_>> = BTreeMap::new();
        for reading in readings {
            for client in reading.list.iter().flat_map(|list| &list.clients) {
                sessions.entry(&client.common_name).or_default().push((reading, client));
            }
        }
        Self(sessions)
    }

    fn of_name(&self, name: Option<&Shown>) -> &[Session<'a>] {
        name.and_then(|name| self.0.get(name)).map_or(&[], Vec::as_slice)
    }
}

fn judge_peer(
    case: &Case<'_>,
    readings: &[Reading<'_>],
    (sessions, persons): (&Sessions<'_>, &Persons<'_>),
    (subject, peer): (&Subject, &PeerDeclared),
) -> Judgement {
    let listed = sessions.of_name(peer.common_name.as_ref());
    let on: Vec<_> = listed.iter().copied().filter(|(_, client)| client.connected()).collect();
    let whereabouts = match on.split_first() {
        Some((first, others)) => present(case, readings, subject, (first, others)),
        None => absent(case, readings, (subject, peer), listed.first()),
    };
    let sessions =
        listed.iter().map(|(reading, client)| format!("{} {}", reading.subject, reading.session(case, client)));
    with_concerns(whereabouts, concerns::of(case, peer, &on, persons), sessions.collect())
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
    pending: Option<&Session<'_>>,
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
        if is_named_by_ambiguous(reading, peer) {
            let title = format!(
                "perhaps connected to {}: a row that may name it can't be read without guessing",
                reading.subject
            );
            let unknown =
                judgement(Verdict::Unknown, title).mend("set `status-version 3` in the OpenVPN server's configuration");
            return reading.because(case, unknown);
        }
    }
    let title = pending.map_or_else(|| "not connected".to_owned(), |(reading, client)| reading.said(case, client));
    let judgement = judgement(Verdict::Ok, title).standing("session", "not connected");
    possible.iter().fold(judgement, |judgement, reading| reading.because(case, judgement))
}

fn is_possible(reading: &Reading<'_>, peer: &PeerDeclared) -> bool {
    match reading.protocol.as_str() {
        "openvpn" => peer.common_name.is_some(),
        "wireguard" => peer.public_key.is_some(),
        _ => true,
    }
}

fn is_named_by_ambiguous(reading: &Reading<'_>, peer: &PeerDeclared) -> bool {
    let rows = reading.list.iter().flat_map(|list| &list.ambiguous);
    peer.common_name.as_ref().is_some_and(|name| rows.into_iter().any(|row| row.as_str().contains(name.as_str())))
}
