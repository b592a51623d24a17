mod certificates;
mod logins;
mod register;
mod usage;
mod wireguard;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::domain::facts::{PeerDeclared, VpnClient, VpnClients, VpnDeclared};
use crate::domain::{
    Declared, Evidence, Fact, Fault, Limits, Observation, Read, Shown, Sighting, SourceId, SourceRecord, Subject,
    SubjectKind,
};

/// 08:04 in Vienna.
fn now() -> Timestamp {
    "2026-11-23T07:04:00Z".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn session(name: &str, from: &str, virtual_address: &str) -> VpnClient {
    VpnClient {
        common_name: name.into(),
        username: None,
        real_address: from.into(),
        virtual_addresses: Some(virtual_address).filter(|text| !text.is_empty()).map(Shown::from).into_iter().collect(),
        since: Some(at("2026-11-23T06:58:00Z")),
        bytes_received: 512,
        bytes_sent: 1_400_000,
        id: None,
    }
}

fn list(clients: Vec<VpnClient>) -> VpnClients {
    VpnClients {
        written_at: Read::Seen(now()),
        clients,
        ambiguous: Vec::new(),
        told_by: "status file /run/status.log, version 3".into(),
    }
}

fn vpn(name: &str, protocol: &str, list: Option<VpnClients>) -> SourceRecord {
    let subject = Subject::new(SubjectKind::Vpn, name);
    let fact = Fact::VpnDeclared(VpnDeclared { protocol: protocol.into(), hours: Vec::new(), pki: None });
    let silent = list.is_none();
    SourceRecord {
        id: SourceId::new("vpn", name),
        declared: vec![Declared { subject: subject.clone(), fact, place: "vpn.toml:1".into() }],
        seen: list.map(|list| Observation { subject, at: now(), fact: Fact::VpnClients(list) }).into_iter().collect(),
        good_at: (!silent).then(now),
        asked_at: Some(now()),
        took_ms: Some(20),
        fault: silent.then(|| Fault::new("nobody listens there").mend("start OpenVPN")),
        failures: u32::from(silent),
        stale_after: Period::hours(1),
    }
}

fn peer(name: &str, common_name: Option<&str>, public_key: Option<&str>) -> Declared {
    Declared {
        subject: Subject::new(SubjectKind::Peer, name),
        fact: Fact::PeerDeclared(PeerDeclared {
            person: Some("roman".into()),
            common_name: common_name.map(Shown::from),
            public_key: public_key.map(Shown::from),
            hours: Vec::new(),
        }),
        place: "register.toml:12".into(),
    }
}

/// Roman and Anna are in the register.
fn evidence(mut sources: Vec<SourceRecord>) -> Evidence {
    sources[0].declared.push(peer("roman's laptop", Some("roman"), None));
    sources[0].declared.push(peer("anna's laptop", Some("anna"), None));
    Evidence { sources, configured: true, ..Evidence::default() }
}

fn judged(evidence: &Evidence) -> Vec<Judgement> {
    let zone = TimeZone::get("Europe/Vienna").unwrap();
    judge(&Case { evidence, limits: &Limits::default(), now: now(), zone: &zone })
}

fn of<'a>(judgements: &'a [Judgement], key: &str) -> &'a Judgement {
    judgements
        .iter()
        .find(|judgement| judgement.key().as_str() == key)
        .unwrap_or_else(|| panic!("{key}: {:?}", judgements.iter().map(Judgement::key).collect::<Vec<_>>()))
}

fn gate(list: VpnClients) -> Vec<Judgement> {
    judged(&evidence(vec![vpn("gate", "openvpn", Some(list))]))
}

#[test]
fn a_known_peer_is_ok_with_where_it_comes_from_since_when_and_its_address() {
    let judged = gate(list(vec![session("roman", "udp4:203.0.113.9:1194", "10.8.0.3")]));
    let roman = of(&judged, "admin-via-vpn/roman's laptop");
    assert_eq!((roman.verdict, roman.subject.kind), (Verdict::Ok, SubjectKind::Peer));
    assert_eq!(roman.title, "connected from 203.0.113.9 since 07:58 · 10.8.0.3");
    assert!(roman.because.iter().any(|because| because.source == "register.toml:12"));
    assert!(roman.because.iter().any(|because| because.source == "vpn/gate" && because.at == Some(now())));
    let anna = of(&judged, "admin-via-vpn/anna's laptop");
    assert_eq!((anna.verdict, anna.title.as_str()), (Verdict::Ok, "not connected"));
    let gate = of(&judged, "admin-via-vpn/gate");
    assert_eq!((gate.verdict, gate.title.as_str()), (Verdict::Ok, "1 peer connected"));
    assert!(gate.detail.as_str().contains("512 B in, 1.4 MB out"), "{}", gate.detail);
}

#[test]
fn somebody_connected_who_is_in_no_register_is_broken() {
    let judged =
        gate(list(vec![session("roman", "192.0.2.1:1", "10.8.0.3"), session("mallory", "203.0.113.9:7", "10.8.0.4")]));
    let mallory = of(&judged, "admin-via-vpn/gate/mallory");
    assert_eq!((mallory.verdict, mallory.subject.kind), (Verdict::Broken, SubjectKind::Vpn));
    assert_eq!(mallory.title, "peer \"mallory\" is in nobody's register, connected from 203.0.113.9");
    assert_eq!(mallory.since, Some(at("2026-11-23T06:58:00Z")));
    assert!(mallory.mend.as_ref().unwrap().as_str().contains("revoke"));
    let gate = of(&judged, "admin-via-vpn/gate");
    assert_eq!((gate.verdict, gate.title.as_str()), (Verdict::Ok, "2 peers connected, 1 in no register"));
}

#[test]
fn a_user_name_of_the_register_makes_nobody_known() {
    let mallory = VpnClient { username: Some("roman".into()), ..session("mallory", "203.0.113.9:7", "10.8.0.4") };
    let judged = gate(list(vec![mallory]));
    assert_eq!(of(&judged, "admin-via-vpn/gate/mallory").verdict, Verdict::Broken);
    assert_eq!(of(&judged, "admin-via-vpn/roman's laptop").title, "not connected");
}

#[test]
fn a_name_is_known_only_when_it_is_the_same_letter_by_letter() {
    for name in ["Roman", "roman ", "rоman", "roman\u{200b}", ""] {
        let judged = gate(list(vec![session(name, "203.0.113.9:7", "10.8.0.4")]));
        assert!(judged.iter().any(|judgement| judgement.verdict == Verdict::Broken), "{name:?}");
    }
}

#[test]
fn two_sessions_of_one_name_are_due() {
    let judged =
        gate(list(vec![session("roman", "192.0.2.1:1", "10.8.0.3"), session("roman", "203.0.113.9:7", "10.8.0.4")]));
    let roman = of(&judged, "admin-via-vpn/roman's laptop");
    assert_eq!(roman.verdict, Verdict::Due);
    assert_eq!(roman.title, "2 sessions at once, from 192.0.2.1 and 203.0.113.9");
    assert_eq!(of(&judged, "admin-via-vpn/gate").title, "1 peer connected");
}

#[test]
fn a_login_that_failed_is_not_a_connection() {
    let judged = gate(list(vec![
        session("roman", "192.0.2.1:1", ""),
        session("UNDEF", "198.51.100.1:1", ""),
        session("mallory", "203.0.113.9:7", ""),
    ]));
    let roman = of(&judged, "admin-via-vpn/roman's laptop");
    assert_eq!(
        (roman.verdict, roman.title.as_str()),
        (Verdict::Ok, "not connected, login pending or failed from 192.0.2.1")
    );
    assert_eq!(of(&judged, "admin-via-vpn/gate").title, "nobody is connected");
    // A certificate of ours in nobody's register wants a person, even when its password was refused.
    let mallory = of(&judged, "admin-via-vpn/gate/mallory");
    assert_eq!(mallory.verdict, Verdict::Due);
    assert_eq!(mallory.title, "peer \"mallory\" is in nobody's register, tried to log in from 203.0.113.9");
    assert_eq!(judged.len(), 4);
}

#[test]
fn a_silent_vpn_and_its_peers_are_unknown() {
    let judged = judged(&evidence(vec![vpn("gate", "openvpn", None)]));
    assert_eq!(judged.len(), 3);
    for judgement in &judged {
        assert_eq!(judgement.verdict, Verdict::Unknown);
        assert!(judgement.title.as_str().contains("never answered: nobody listens there"), "{}", judgement.title);
        assert_eq!(judgement.mend.as_ref().unwrap(), "start OpenVPN");
    }
}

#[test]
fn a_stale_source_is_unknown() {
    let mut source = vpn("gate", "openvpn", Some(list(vec![session("roman", "192.0.2.1:1", "10.8.0.3")])));
    source.good_at = Some(at("2026-11-23T05:00:00Z"));
    let judged = judged(&evidence(vec![source]));
    assert!(judged.iter().all(|judgement| judgement.verdict == Verdict::Unknown));
}

#[test]
fn a_list_that_was_old_when_it_was_read_is_not_the_present() {
    let roman = || vec![session("roman", "192.0.2.1:1", "10.8.0.3"), session("mallory", "203.0.113.9:7", "10.8.0.4")];
    let written = |time: &str| gate(VpnClients { written_at: Read::Seen(at(time)), ..list(roman()) });
    let fresh = written("2026-11-23T06:54:00Z");
    assert_eq!(of(&fresh, "admin-via-vpn/gate").verdict, Verdict::Ok);
    let old = written("2026-11-23T06:53:59Z");
    assert!(old.iter().all(|judgement| judgement.verdict == Verdict::Unknown), "{old:?}");
    assert_eq!(of(&old, "admin-via-vpn/gate").title, "its list was 10 m old when it was read, written 07:53");
    let ahead = written("2026-11-23T08:04:00Z");
    assert!(ahead.iter().all(|judgement| judgement.verdict == Verdict::Unknown));
    assert_eq!(of(&ahead, "admin-via-vpn/gate").title, "its list is dated in the future, in 60 m");
}

#[test]
fn a_list_of_unknown_age_is_unknown() {
    let written_at = Read::Unreadable(Fault::new("no time in it").mend("set status-version 3"));
    let judged = gate(VpnClients { written_at, ..list(vec![session("mallory", "203.0.113.9:7", "10.8.0.4")]) });
    let gate = of(&judged, "admin-via-vpn/gate");
    assert_eq!(
        (gate.verdict, gate.title.as_str()),
        (Verdict::Unknown, "the age of its list is not known: no time in it")
    );
    assert_eq!(gate.mend.as_ref().unwrap(), "set status-version 3");
    assert!(judged.iter().all(|judgement| judgement.verdict == Verdict::Unknown));
}

#[test]
fn the_limit_is_the_one_of_the_configuration() {
    let mut limits = Limits::default();
    limits.set("vpn_status", Period::hours(2));
    let written_at = Read::Seen(at("2026-11-23T05:30:00Z"));
    let evidence = evidence(vec![vpn("gate", "openvpn", Some(VpnClients { written_at, ..list(Vec::new()) }))]);
    let judged = judge(&Case { evidence: &evidence, limits: &limits, now: now(), zone: &TimeZone::UTC });
    assert_eq!(of(&judged, "admin-via-vpn/gate").title, "nobody is connected");
}

#[test]
fn rows_that_cannot_be_read_without_guessing_are_unknown_and_named() {
    let ambiguous = vec!["berta, anna,203.0.113.9:7,1,2,2026-11-23 07:00:00".into()];
    let judged = gate(VpnClients { ambiguous, ..list(vec![session("mallory", "203.0.113.9:7", "10.8.0.4")]) });
    let gate = of(&judged, "admin-via-vpn/gate");
    assert_eq!(gate.verdict, Verdict::Unknown);
    assert!(gate.title.as_str().ends_with("1 row of its list can't be read without guessing"), "{}", gate.title);
    assert!(gate.detail.as_str().contains("berta, anna,203.0.113.9:7"), "{}", gate.detail);
    assert!(gate.mend.as_ref().unwrap().as_str().contains("status-version 3"));
    // What is certain stays judged; a peer whom such a row may mean is not said to be absent.
    assert_eq!(of(&judged, "admin-via-vpn/gate/mallory").verdict, Verdict::Broken);
    assert_eq!(of(&judged, "admin-via-vpn/anna's laptop").verdict, Verdict::Unknown);
    assert_eq!(of(&judged, "admin-via-vpn/roman's laptop").verdict, Verdict::Ok);
}

#[test]
fn a_peer_is_absent_only_when_every_vpn_says_so() {
    let answering = |clients| vpn("gate", "openvpn", Some(list(clients)));
    let silent = || vpn("office", "openvpn", None);
    let both = judged(&evidence(vec![answering(vec![session("roman", "192.0.2.1:1", "10.8.0.3")]), silent()]));
    let roman = of(&both, "admin-via-vpn/roman's laptop");
    assert_eq!(
        (roman.verdict, roman.title.as_str()),
        (Verdict::Ok, "on gate, connected from 192.0.2.1 since 07:58 · 10.8.0.3")
    );
    let anna = of(&both, "admin-via-vpn/anna's laptop");
    assert_eq!(anna.verdict, Verdict::Unknown);
    assert!(anna.title.as_str().starts_with("office: never answered"), "{}", anna.title);
}

#[test]
fn the_same_peer_on_two_vpns_is_not_two_sessions_on_one() {
    let on =
        |name: &str, address: &str| vpn(name, "openvpn", Some(list(vec![session("roman", "192.0.2.1:1", address)])));
    let judged = judged(&evidence(vec![on("gate", "10.8.0.3"), on("office", "10.9.0.3")]));
    let roman = of(&judged, "admin-via-vpn/roman's laptop");
    assert_eq!(roman.verdict, Verdict::Ok);
    assert_eq!(roman.title, "on gate, connected from 192.0.2.1 since 07:58 · 10.8.0.3, also on office");
}

#[test]
fn wireguard_and_its_peers_are_unknown() {
    let mut evidence = evidence(vec![vpn("gate", "openvpn", Some(list(Vec::new()))), vpn("wg0", "wireguard", None)]);
    evidence.sources[0].declared.push(peer("phone", None, Some("aGVsbG8=")));
    let judged = judged(&evidence);
    assert_eq!(of(&judged, "admin-via-vpn/wg0").verdict, Verdict::Unknown);
    assert_eq!(of(&judged, "admin-via-vpn/phone").verdict, Verdict::Unknown);
    // It has nothing to do with those who are recognised by a common name.
    assert_eq!(of(&judged, "admin-via-vpn/roman's laptop").verdict, Verdict::Ok);
    evidence.sources.truncate(1);
    let phone = judged_phone(&evidence);
    assert_eq!((phone.verdict, phone.title.as_str()), (Verdict::Unknown, "no VPN is watched that it could be on"));
}

fn judged_phone(evidence: &Evidence) -> Judgement {
    let zone = TimeZone::UTC;
    let case = Case { evidence, limits: &Limits::default(), now: now(), zone: &zone };
    judge(&case).into_iter().find(|judgement| judgement.subject.name == "phone").unwrap()
}

#[test]
fn where_the_list_does_not_tell_since_when_the_store_does() {
    let roman = VpnClient { since: None, ..session("roman", "203.0.113.9:1194", "10.8.0.3") };
    let mut evidence = evidence(vec![vpn("gate", "openvpn", Some(list(vec![roman])))]);
    let title = |evidence: &Evidence| of(&judged(evidence), "admin-via-vpn/roman's laptop").title.clone();
    assert_eq!(title(&evidence), "connected from 203.0.113.9 since an untold time · 10.8.0.3");
    let sighting = Sighting { kind: SubjectKind::Vpn, subject: "gate".into(), item: "client roman".into() };
    evidence.first_seen.insert(sighting, at("2026-11-21T10:00:00Z"));
    assert_eq!(title(&evidence), "connected from 203.0.113.9 seen since Sat 21 Nov 11:00 · 10.8.0.3");
}

#[test]
fn without_a_vpn_there_is_nothing_to_say() {
    assert_eq!(judged(&Evidence::default()), []);
}

#[test]
fn hostile_names_stay_one_clean_line_and_one_part_of_the_key() {
    let name = format!("../gate/{}\n\u{1b}]0;x\u{7}\"", "a".repeat(500));
    let judged = gate(list(vec![session(&name, "203.0.113.9:7", "10.8.0.4")]));
    let stranger = judged.iter().find(|judgement| judgement.verdict == Verdict::Broken).unwrap();
    assert_eq!(stranger.key().as_str().matches('/').count(), 2);
    assert!(stranger.title.width() < 160, "{}", stranger.title);
    assert!(!stranger.title.as_str().chars().any(char::is_control));
}
