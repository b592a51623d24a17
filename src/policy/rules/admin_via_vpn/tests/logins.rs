//! Who has a terminal on a server while nobody is on a VPN.

use super::*;
use crate::domain::facts::{HostPower, RemoteLogin};

fn login(from: &str, began: &str) -> RemoteLogin {
    let began = at(&format!("2026-11-23T{began}:00Z"));
    RemoteLogin { account: "anna".into(), from: from.parse().unwrap(), began }
}

fn server(logins: Read<Vec<RemoteLogin>>) -> SourceRecord {
    with_last(match logins {
        Read::Seen(logins) => Read::Seen(Some(logins)),
        Read::Unreadable(fault) => Read::Unreadable(fault),
    })
}

fn with_last(logins: Read<Option<Vec<RemoteLogin>>>) -> SourceRecord {
    let nothing = || Fault::new("not asked");
    let power = HostPower {
        accounts: Read::Unreadable(nothing()),
        groups: Read::Unreadable(nothing()),
        sudoers: Read::Unreadable(nothing()),
        keys: Read::Unreadable(nothing()),
        logins: Read::Unreadable(nothing()),
        remote_logins: logins,
        own_key: None,
    };
    let (subject, fact) = (Subject::host("web1"), Fact::HostPower(power.into()));
    SourceRecord {
        id: SourceId::new("servers", "web1"),
        declared: Vec::new(),
        seen: vec![Observation { subject, at: now(), fact }],
        ..vpn("gate", "openvpn", Some(list(Vec::new())))
    }
}

/// What is said of the server, with these on the VPN.
fn said(clients: Vec<VpnClient>, logins: Read<Vec<RemoteLogin>>) -> Option<Judgement> {
    let sources = vec![vpn("gate", "openvpn", Some(list(clients))), server(logins)];
    judged(&evidence(sources)).into_iter().find(|judgement| judgement.key().as_str() == "admin-via-vpn/web1/logins")
}

#[test]
fn a_terminal_from_outside_while_nobody_is_on_the_vpn_is_due() {
    let anna = login("203.0.113.9", "06:12");
    let judgement = said(Vec::new(), Read::Seen(vec![anna.clone()])).unwrap();
    assert_eq!(judgement.verdict, Verdict::Due);
    assert_eq!(judgement.title, "logged in: anna from 203.0.113.9 since 07:12, and nobody is on the VPN");
    assert!(judgement.mend.is_some() && judgement.because.len() > 1);
    // Somebody is on it, whoever: who came through it is not known.
    assert_eq!(said(vec![session("roman", "203.0.113.9:1194", "10.8.0.3")], Read::Seen(vec![anna.clone()])), None);
    // A login that is pending is nobody.
    assert!(said(vec![session("roman", "203.0.113.9:1194", "")], Read::Seen(vec![anna])).is_some());
}

#[test]
fn what_is_not_seen_at_one_moment_is_not_told() {
    for login in [
        // From a network that is not outside; begun with the look.
        login("10.8.0.3", "06:12"),
        login("fd00::3", "06:12"),
        login("203.0.113.9", "07:03"),
    ] {
        assert_eq!(said(Vec::new(), Read::Seen(vec![login.clone()])), None, "{login:?}");
    }
    // Where one list can't be read, somebody may be on it.
    let anna = Read::Seen(vec![login("203.0.113.9", "06:12")]);
    let sources = vec![vpn("gate", "openvpn", Some(list(Vec::new()))), vpn("b", "openvpn", None), server(anna.clone())];
    assert!(!judged(&evidence(sources)).iter().any(|judgement| judgement.subject.name == *"web1"));
    let odd = VpnClients { ambiguous: vec!["a, b".into()], ..list(Vec::new()) };
    let sources = vec![vpn("gate", "openvpn", Some(odd)), server(anna)];
    assert!(!judged(&evidence(sources)).iter().any(|judgement| judgement.subject.name == *"web1"));
}

#[test]
fn a_terminal_that_an_unchanged_answer_vouches_for_is_told_until_it_closes() {
    let anna = login("203.0.113.9", "06:12");
    let told = |good_at: &str| {
        let mut server = server(Read::Seen(vec![anna.clone()]));
        server.seen[0].at = at("2026-11-23T06:30:00Z");
        server.good_at = Some(at(good_at));
        let judged = judged(&evidence(vec![vpn("gate", "openvpn", Some(list(Vec::new()))), server]));
        judged.into_iter().find(|judgement| judgement.subject.name == *"web1")
    };
    let judgement = told("2026-11-23T07:03:00Z").unwrap();
    assert!(judgement.because.iter().any(|because| because.at == Some(at("2026-11-23T07:03:00Z"))));
    assert_eq!(told("2026-11-23T06:30:00Z"), None);
}

#[test]
fn a_server_that_can_not_tell_who_is_on_it_is_unknown_where_there_is_a_vpn() {
    let silent = || Read::Unreadable(Fault::new("last failed with 1").mend("look there"));
    // Whoever is on the VPN.
    for clients in [Vec::new(), vec![session("roman", "203.0.113.9:1194", "10.8.0.3")]] {
        let judgement = said(clients, silent()).unwrap();
        assert_eq!(judgement.verdict, Verdict::Unknown);
        // Word for word the same of all of them, so that they are one row.
        assert_eq!(judgement.title, "who is logged in is not known: last failed with 1");
        assert_eq!(judgement.mend.unwrap(), "look there");
    }
    assert!(judged(&Evidence { sources: vec![server(silent())], ..Evidence::default() }).is_empty(), "there is no VPN");
    let mut gone = server(silent());
    gone.fault = Some(Fault::new("no answer"));
    gone.good_at = Some(at("2026-11-23T04:00:00Z"));
    let sources = vec![vpn("gate", "openvpn", Some(list(Vec::new()))), gone];
    assert!(!judged(&evidence(sources)).iter().any(|judgement| judgement.subject.name == *"web1"));
}

#[test]
fn servers_without_last_are_told_of_with_the_vpn_and_are_no_rows() {
    let said = |names: &[&str]| {
        let server = |name: &&str| {
            let mut server = with_last(Read::Seen(None));
            server.id = SourceId::new("servers", *name);
            server.seen[0].subject = Subject::host(*name);
            server
        };
        let vpn = vpn("gate", "openvpn", Some(list(Vec::new())));
        let judged = judged(&evidence([vpn].into_iter().chain(names.iter().map(server)).collect()));
        assert!(!judged.iter().any(|judgement| judgement.subject.kind == SubjectKind::Host));
        let vpn = judged.into_iter().find(|judgement| judgement.subject.name == *"gate").unwrap();
        assert_eq!(vpn.verdict, Verdict::Ok);
        let because = vpn.because.into_iter().map(|because| because.said.to_string());
        because.filter(|said| said.contains("`last`")).collect::<Vec<_>>()
    };
    assert_eq!(said(&[]), Vec::<String>::new());
    let [both] = &said(&["web2", "web1"])[..] else { panic!() };
    assert!(both.starts_with("no `last` on web1, web2: ") && both.contains("wtmpdb"), "{both}");
    let [many] = &said(&["a", "b", "c", "d"])[..] else { panic!() };
    assert!(many.starts_with("no `last` on 4 servers: "), "{many}");
}
