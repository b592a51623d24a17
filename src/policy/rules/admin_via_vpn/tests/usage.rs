//! How a peer is used: away for too long, its last sessions, its traffic.

use proptest::prelude::*;

use super::*;
use crate::domain::facts::{PastSession, PeerHistory, VpnHistory};
use crate::domain::{Picture, Unit};

/// What is remembered of Roman since then: sessions by when they began, an hour each.
fn history(since: &str, began: &[&str]) -> VpnHistory {
    let sessions: Vec<PastSession> = began
        .iter()
        .map(|began| PastSession {
            began: at(began),
            last_seen: at(began) + Period::hours(1).as_duration(),
            from: "203.0.113.9".into(),
            received: 512,
            sent: 1_400_000,
        })
        .collect();
    let peer = sessions.last().map(|last| PeerHistory {
        name: "roman".into(),
        last_seen: last.last_seen,
        counted: (0, 0),
        sessions: sessions.clone(),
    });
    VpnHistory { since: at(since), last_look: now(), peers: peer.into_iter().collect() }
}

fn remembering(name: &str, clients: Vec<VpnClient>, history: Option<VpnHistory>) -> SourceRecord {
    let mut source = vpn(name, "openvpn", Some(list(clients)));
    let subject = Subject::new(SubjectKind::Vpn, name);
    source.seen.extend(history.map(|history| Observation { subject, at: now(), fact: Fact::VpnHistory(history) }));
    source
}

fn roman(sources: Vec<SourceRecord>) -> Judgement {
    of(&judged(&evidence(sources)), "admin-via-vpn/roman's laptop").clone()
}

#[test]
fn a_peer_that_stays_away_for_too_long_is_due() {
    let away =
        |began: &str| roman(vec![remembering("gate", Vec::new(), Some(history("2026-01-01T00:00:00Z", &[began])))]);
    let judged = away("2026-08-20T08:00:00Z");
    assert_eq!((judged.verdict, judged.title.as_str()), (Verdict::Due, "not used since 2026-08-20; not connected"));
    assert!(judged.because.iter().any(|because| because.source == "limits.vpn_unused"));
    assert_eq!(away("2026-09-20T08:00:00Z").verdict, Verdict::Ok);
}

#[test]
fn a_peer_that_was_never_there_is_due_once_that_was_watched_for_long_enough() {
    let never = |since: &str| roman(vec![remembering("gate", Vec::new(), Some(history(since, &[])))]);
    let judged = never("2026-08-01T00:00:00Z");
    assert_eq!(judged.verdict, Verdict::Due);
    assert_eq!(judged.title, "never used since 2026-08-01, when its VPN was first watched; not connected");
    assert_eq!(never("2026-11-01T00:00:00Z").verdict, Verdict::Ok);
    assert_eq!(roman(vec![remembering("gate", Vec::new(), None)]).verdict, Verdict::Ok);
}

#[test]
fn a_peer_that_is_connected_or_was_on_another_vpn_is_used() {
    let old = || Some(history("2026-01-01T00:00:00Z", &["2026-02-01T08:00:00Z"]));
    let on = vec![session("roman", "203.0.113.9:1194", "10.8.0.3")];
    assert_eq!(roman(vec![remembering("gate", on, old())]).verdict, Verdict::Ok);
    let other = Some(history("2026-01-01T00:00:00Z", &["2026-11-01T08:00:00Z"]));
    let both = vec![remembering("gate", Vec::new(), old()), remembering("office", Vec::new(), other)];
    assert_eq!(roman(both).verdict, Verdict::Ok);
}

#[test]
fn the_last_sessions_are_told_the_newest_first() {
    let history = history("2026-01-01T00:00:00Z", &["2026-11-20T08:00:00Z", "2026-11-23T05:00:00Z"]);
    let judged = roman(vec![remembering("gate", Vec::new(), Some(history))]);
    let lines: Vec<&str> = judged.detail.as_str().lines().collect();
    assert_eq!(
        lines,
        [
            "gate from 06:00 to 07:00, from 203.0.113.9 · 512 B in, 1.4 MB out",
            "gate from Fri 20 Nov 09:00 to Fri 20 Nov 10:00, from 203.0.113.9 · 512 B in, 1.4 MB out",
        ]
    );
}

#[test]
fn the_traffic_of_the_sessions_is_a_trend() {
    let history = history("2026-01-01T00:00:00Z", &["2026-11-20T08:00:00Z", "2026-11-23T05:00:00Z"]);
    let evidence = evidence(vec![remembering("gate", Vec::new(), Some(history))]);
    let zone = TimeZone::UTC;
    let case = Case { evidence: &evidence, limits: &Limits::default(), now: now(), zone: &zone };
    let exhibits = |name: &str| (RULE.exhibits)(&case, &Subject::new(SubjectKind::Peer, name));
    let [exhibit] = &exhibits("roman's laptop")[..] else { panic!("one picture") };
    let points = vec![(at("2026-11-20T08:00:00Z"), 1_400_512), (at("2026-11-23T05:00:00Z"), 1_400_512)];
    assert_eq!(exhibit.picture, Picture::Trend { unit: Unit::Bytes, points });
    assert_eq!(exhibits("anna's laptop"), []);
    assert_eq!((RULE.exhibits)(&case, &Subject::new(SubjectKind::Vpn, "gate")), []);
}

proptest! {
    #[test]
    fn an_older_session_never_makes_it_better(days in 0_i32..400, older in 0_i32..400) {
        let verdict = |days: i32| {
            let began = (now() - jiff::SignedDuration::from_hours(i64::from(days) * 24 + 2)).to_string();
            roman(vec![remembering("gate", Vec::new(), Some(history("2020-01-01T00:00:00Z", &[&began])))]).verdict
        };
        prop_assert!(verdict(days + older) >= verdict(days));
    }
}
