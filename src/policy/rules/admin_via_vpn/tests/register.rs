//! What the register decides: whose a peer is, whether they are still here, and when it may be on.

use proptest::prelude::*;

use super::*;
use crate::domain::facts::PersonDeclared;

fn person(name: &str, left: Option<&str>) -> Declared {
    Declared {
        subject: Subject::new(SubjectKind::Person, name),
        fact: Fact::PersonDeclared(PersonDeclared {
            role: None,
            accounts: Vec::new(),
            keys: Vec::new(),
            joined: None,
            left: left.map(|date| date.parse().unwrap()),
        }),
        place: format!("persons.toml:{name}").into(),
    }
}

/// Roman's laptop, what it does, and the persons of the register.
fn romans(clients: Vec<VpnClient>, persons: Vec<Declared>) -> Judgement {
    let evidence = Evidence { register: persons, ..evidence(vec![vpn("gate", "openvpn", Some(list(clients)))]) };
    of(&judged(&evidence), "admin-via-vpn/roman's laptop").clone()
}

fn connected() -> Vec<VpnClient> {
    vec![session("roman", "203.0.113.9:1194", "10.8.0.3")]
}

#[test]
fn a_leavers_peer_that_is_connected_is_broken() {
    let judged = romans(connected(), vec![person("roman", Some("2026-11-22"))]);
    assert_eq!(judged.verdict, Verdict::Broken);
    assert_eq!(judged.title, "of roman, who left on 2026-11-22; connected from 203.0.113.9 since 07:58 · 10.8.0.3");
    assert!(judged.mend.as_ref().unwrap().as_str().contains("end its session"));
    assert!(judged.because.iter().any(|because| because.source == "persons.toml:roman"));
}

#[test]
fn a_leavers_peer_that_is_away_may_come_back_and_is_due() {
    let judged = romans(Vec::new(), vec![person("roman", Some("2026-11-23"))]);
    assert_eq!(
        (judged.verdict, judged.title.as_str()),
        (Verdict::Due, "of roman, who left on 2026-11-23; not connected")
    );
    assert!(judged.mend.as_ref().unwrap().as_str().contains("remove its [[peer]]"));
}

#[test]
fn the_day_of_leaving_is_one_of_the_operators_zone() {
    // 23:30 UTC on the 22nd is the 23rd in Vienna.
    let evidence = Evidence {
        register: vec![person("roman", Some("2026-11-23"))],
        ..evidence(vec![vpn("gate", "openvpn", Some(list(Vec::new())))])
    };
    for (zone, verdict) in [("Europe/Vienna", Verdict::Due), ("UTC", Verdict::Ok)] {
        let zone = TimeZone::get(zone).unwrap();
        let case =
            Case { evidence: &evidence, limits: &Limits::default(), now: at("2026-11-22T23:30:00Z"), zone: &zone };
        // The source answered in that time's future; only whose the peer is is asked here.
        let mut source = evidence.sources[0].clone();
        source.good_at = Some(case.now);
        source.seen[0].at = case.now;
        let Fact::VpnClients(list) = &mut source.seen[0].fact else { unreachable!() };
        list.written_at = Read::Seen(case.now);
        let evidence = Evidence { sources: vec![source], ..evidence.clone() };
        let judged = judge(&Case { evidence: &evidence, ..case });
        assert_eq!(of(&judged, "admin-via-vpn/roman's laptop").verdict, verdict, "{zone:?}");
    }
}

#[test]
fn who_leaves_later_is_still_here() {
    assert_eq!(romans(connected(), vec![person("roman", Some("2026-11-24"))]).verdict, Verdict::Ok);
}

#[test]
fn a_peer_of_somebody_who_is_not_in_the_register_is_due() {
    let judged = romans(connected(), vec![person("anna", None)]);
    assert_eq!(judged.verdict, Verdict::Due);
    assert!(
        judged.title.as_str().starts_with("its person, roman, is not in the register; connected"),
        "{}",
        judged.title
    );
}

#[test]
fn a_peer_of_nobody_is_due_once_there_are_persons() {
    let nobodys = |persons| {
        let mut evidence =
            Evidence { register: persons, ..evidence(vec![vpn("gate", "openvpn", Some(list(connected())))]) };
        for declared in &mut evidence.sources[0].declared {
            if let Fact::PeerDeclared(peer) = &mut declared.fact {
                peer.person = None;
            }
        }
        of(&judged(&evidence), "admin-via-vpn/roman's laptop").clone()
    };
    assert_eq!(nobodys(Vec::new()).verdict, Verdict::Ok);
    let judged = nobodys(vec![person("anna", None)]);
    assert_eq!(judged.verdict, Verdict::Due);
    assert!(judged.title.as_str().starts_with("belongs to nobody of the register; "), "{}", judged.title);
    assert!(judged.mend.as_ref().unwrap().as_str().contains("person = "));
}

/// Roman's laptop with these usual hours of the VPN and of its own; he has been there since 07:58 on a Monday.
fn at_hours(vpns: &[&str], own: &[&str]) -> Judgement {
    let hours = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let mut evidence = evidence(vec![vpn("gate", "openvpn", Some(list(connected())))]);
    for declared in &mut evidence.sources[0].declared {
        match &mut declared.fact {
            Fact::VpnDeclared(vpn) => vpn.hours = hours(vpns),
            Fact::PeerDeclared(peer) => peer.hours = hours(own),
            _ => {}
        }
    }
    of(&judged(&evidence), "admin-via-vpn/roman's laptop").clone()
}

#[test]
fn a_session_that_began_at_an_unusual_hour_is_due() {
    let judged = at_hours(&["Mon-Fri 08:00-18:00"], &[]);
    assert_eq!(judged.verdict, Verdict::Due);
    assert!(
        judged.title.as_str().starts_with("connected at an unusual hour, 07:58; connected from"),
        "{}",
        judged.title
    );
    assert!(judged.because.iter().any(|because| because.said == "usual are Mon-Fri 08:00-18:00"));
    assert!(judged.mend.as_ref().unwrap().as_str().contains("`hours`"));
}

#[test]
fn no_hour_is_unusual_unless_hours_are_configured() {
    assert_eq!(at_hours(&[], &[]).verdict, Verdict::Ok);
    assert_eq!(at_hours(&["Mon 07:00-09:00"], &[]).verdict, Verdict::Ok);
    assert_eq!(at_hours(&["Mon 08:00-09:00", "Mon 07:00-07:59"], &[]).verdict, Verdict::Ok);
}

#[test]
fn a_peers_own_hours_count_instead_of_the_vpns() {
    assert_eq!(at_hours(&["Sun 08:00-09:00"], &["00:00-24:00"]).verdict, Verdict::Ok);
    assert_eq!(at_hours(&["00:00-24:00"], &["Sun 08:00-09:00"]).verdict, Verdict::Due);
}

#[test]
fn the_worst_comes_first_and_the_rest_is_told() {
    let twice = vec![session("roman", "192.0.2.1:1", "10.8.0.3"), session("roman", "203.0.113.9:7", "10.8.0.4")];
    let judged = romans(twice, vec![person("roman", Some("2026-01-31"))]);
    assert_eq!(judged.verdict, Verdict::Broken);
    assert!(judged.title.as_str().starts_with("of roman, who left on 2026-01-31"), "{}", judged.title);
    assert!(judged.detail.as_str().contains("2 sessions at once, from 192.0.2.1 and 203.0.113.9"), "{}", judged.detail);
}

#[test]
fn not_to_know_where_a_leavers_peer_is_stays_unknown_and_says_both() {
    let evidence = Evidence {
        register: vec![person("roman", Some("2026-01-31"))],
        ..evidence(vec![vpn("gate", "openvpn", None)])
    };
    let judged = judged(&evidence);
    let roman = of(&judged, "admin-via-vpn/roman's laptop");
    assert_eq!(roman.verdict, Verdict::Unknown);
    assert!(roman.detail.as_str().contains("of roman, who left on 2026-01-31"), "{}", roman.detail);
}

#[test]
fn a_session_stands_with_its_whole_date_so_that_it_reads_the_same_tomorrow() {
    let stands = |judgement: &Judgement| {
        judgement
            .standings
            .iter()
            .map(|standing| (standing.item.to_string(), standing.word.to_string(), standing.asks))
            .collect::<Vec<_>>()
    };
    let word = "since 2026-11-23 07:58 from 203.0.113.9".to_owned();
    assert_eq!(stands(&romans(connected(), Vec::new())), [("session".to_owned(), word.clone(), false)]);
    assert_eq!(stands(&romans(Vec::new(), Vec::new())), [("session".to_owned(), "not connected".to_owned(), false)]);
    // A stranger's new session asks for a person again, whatever was decided of the last one.
    let judged = gate(list(vec![session("mallory", "203.0.113.9:7", "10.8.0.4")]));
    assert_eq!(stands(of(&judged, "admin-via-vpn/gate/mallory")), [("session".to_owned(), word, true)]);
}

proptest! {
    #[test]
    fn the_order_of_sessions_changes_no_verdict(order in Just((0..4).collect::<Vec<usize>>()).prop_shuffle()) {
        let sessions = [
            session("roman", "192.0.2.1:1", "10.8.0.3"),
            session("roman", "203.0.113.9:7", "10.8.0.4"),
            session("anna", "192.0.2.2:1", "10.8.0.5"),
            session("mallory", "192.0.2.3:1", "10.8.0.6"),
        ];
        let verdicts = |sessions: Vec<VpnClient>| {
            let mut verdicts: Vec<_> = gate(list(sessions)).iter().map(|judged| (judged.key(), judged.verdict)).collect();
            verdicts.sort();
            verdicts
        };
        prop_assert_eq!(verdicts(sessions.to_vec()), verdicts(order.into_iter().map(|place| sessions[place].clone()).collect()));
    }

    #[test]
    fn a_register_without_somebody_never_makes_a_verdict_better(left in proptest::option::of("2026-1[01]-[12][0-9]"), on in any::<bool>()) {
        let clients = || if on { connected() } else { Vec::new() };
        let here = romans(clients(), vec![person("roman", None)]).verdict;
        prop_assert!(romans(clients(), vec![person("roman", left.as_deref())]).verdict >= here);
        prop_assert!(romans(clients(), vec![person("anna", None)]).verdict >= here);
    }
}
