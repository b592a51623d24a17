//! Who has a terminal on a server while nobody is on a VPN.

use super::*;
use crate::domain::facts::{HostPower, RemoteLogin};

fn login(from: &str, began: &str) -> RemoteLogin {
    let began = at(&format!("2026-11-23T{began}:00Z"));
    RemoteLogin { account: "anna".into(), from: from.parse().unwrap(), began }
}

fn server(logins: Read<Vec<RemoteLogin>>) -> SourceRecord {
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
    assert_eq!(said(Vec::new(), Read::unreadable("there is no last")), None);
    // Where one list can't be read, somebody may be on it.
    let anna = Read::Seen(vec![login("203.0.113.9", "06:12")]);
    let sources = vec![vpn("gate", "openvpn", Some(list(Vec::new()))), vpn("b", "openvpn", None), server(anna.clone())];
    assert!(!judged(&evidence(sources)).iter().any(|judgement| judgement.subject.name == *"web1"));
    let odd = VpnClients { ambiguous: vec!["a, b".into()], ..list(Vec::new()) };
    let sources = vec![vpn("gate", "openvpn", Some(odd)), server(anna)];
    assert!(!judged(&evidence(sources)).iter().any(|judgement| judgement.subject.name == *"web1"));
}
