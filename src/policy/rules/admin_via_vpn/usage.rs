//! When a peer was last there and what it did, from what its VPN's source remembers.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::certificates::day;
use super::client::bytes;
use super::concerns::Concern;
use super::peers::is_possible;
use super::reading::{Reading, moment};
use crate::domain::facts::{PastSession, PeerDeclared, PeerHistory};
use crate::domain::{Evidence, Exhibit, Fact, Limit, Period, Picture, Subject, Unit, Verdict};
use crate::policy::Case;

pub(super) const VPN_UNUSED: Limit = Limit {
    key: "vpn_unused",
    default: Period::days(90),
    help: "how long a VPN peer may stay away before it is due: what nobody uses should not let anybody in",
};

/// Sessions that are told in words; the picture has all.
const TOLD: usize = 6;

/// What one VPN remembers of a peer.
fn past<'a>(reading: &Reading<'a>, peer: &PeerDeclared) -> Option<&'a PeerHistory> {
    let name = if reading.protocol == "wireguard" { &peer.public_key } else { &peer.common_name };
    reading.history?.of(name.as_ref()?)
}

/// Away for longer than the limit on every VPN that it could be on. Where one does not remember that far, nobody knows.
pub(super) fn unused(case: &Case<'_>, readings: &[Reading<'_>], peer: &PeerDeclared) -> Option<Concern> {
    let possible: Vec<&Reading<'_>> = readings.iter().filter(|reading| is_possible(reading, peer)).collect();
    let watched: Vec<Timestamp> =
        possible.iter().map(|reading| reading.history.map(|history| history.since)).collect::<Option<_>>()?;
    let watched = watched.into_iter().max()?;
    let last = possible.iter().filter_map(|reading| past(reading, peer)).map(|past| past.last_seen).max();
    let limit = case.limits.of(&VPN_UNUSED);
    let (from, said) = match last {
        Some(last) => (last, format!("not used since {}", day(case, last))),
        None => (watched, format!("never used since {}, when its VPN was first watched", day(case, watched))),
    };
    (case.now.duration_since(from) > limit.as_duration()).then(|| Concern {
        verdict: Verdict::Due,
        said,
        tells_where: false,
        mend: "ask whether it is still needed; else revoke its certificate or remove its key, and its [[peer]]"
            .to_owned(),
        source: "limits.vpn_unused".into(),
        because: format!("a peer that stays away for more than {limit} is due"),
        weight: 30,
    })
}

/// The last sessions, the newest first.
pub(super) fn told(case: &Case<'_>, readings: &[Reading<'_>], peer: &PeerDeclared) -> Vec<String> {
    let mut sessions: Vec<(&Reading<'_>, &PastSession)> = readings
        .iter()
        .flat_map(|reading| {
            past(reading, peer)
                .into_iter()
                .flat_map(move |past| past.sessions.iter().map(move |session| (reading, session)))
        })
        .collect();
    sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.began));
    let lines = sessions.into_iter().take(TOLD).map(|(reading, session)| {
        format!(
            "{} from {} to {}, from {} · {} in, {} out",
            reading.subject,
            moment(case, session.began),
            moment(case, session.last_seen),
            session.from,
            bytes(session.received),
            bytes(session.sent)
        )
    });
    lines.collect()
}

/// The traffic of each session of a peer, by when it began.
pub(super) fn exhibits(case: &Case<'_>, subject: &Subject) -> Vec<Exhibit> {
    let Some(peer) = declared(case.evidence, subject) else { return Vec::new() };
    let mut points: BTreeMap<Timestamp, u64> = BTreeMap::new();
    for reading in Reading::all(case) {
        for session in past(&reading, peer).into_iter().flat_map(|past| &past.sessions) {
            *points.entry(session.began).or_default() += session.received.saturating_add(session.sent);
        }
    }
    // One point is no trend.
    if points.len() < 2 {
        return Vec::new();
    }
    let picture = Picture::Trend { unit: Unit::Bytes, points: points.into_iter().collect() };
    vec![Exhibit { title: "traffic of each session".into(), picture }]
}

fn declared<'a>(evidence: &'a Evidence, subject: &Subject) -> Option<&'a PeerDeclared> {
    evidence.declared().filter(|declared| declared.subject == *subject).find_map(|declared| match &declared.fact {
        Fact::PeerDeclared(peer) => Some(peer),
        _ => None,
    })
}
