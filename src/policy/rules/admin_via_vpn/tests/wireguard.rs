//! WireGuard: who is there by their last handshake, and whose keys the server has.

use super::*;
use crate::domain::facts::{WireguardPeer, WireguardPeers};

const ROMAN: &str = "U2crK1ja2arbzxRDXjAL9EqI8thn7vCEwIr6ulwccUE=";
const MALLORY: &str = "EjjudBcKWB71YL9eSKaHeiJBTNJVEDXO5v62PXMUGAs=";

fn with_key(key: &str, handshake: Option<&str>) -> WireguardPeer {
    WireguardPeer {
        interface: "wg0".into(),
        public_key: key.into(),
        endpoint: handshake.map(|_| "203.0.113.9:53919".into()),
        allowed: vec!["10.9.0.2/32".into(), "fd00:9::2/128".into()],
        handshake: handshake.map(at),
        bytes_received: 3_828,
        bytes_sent: 268_124,
    }
}

fn gate_of(peers: Vec<WireguardPeer>, odd_rows: u32) -> Evidence {
    let mut source = vpn("wg", "wireguard", Some(list(Vec::new())));
    let told_by = "wg show all dump on gate".into();
    source.seen[0].fact = Fact::WireguardPeers(WireguardPeers { asked_at: now(), peers, odd_rows, told_by });
    source.declared.push(peer("roman's phone", None, Some(ROMAN)));
    Evidence { sources: vec![source], configured: true, ..Evidence::default() }
}

fn phone(handshake: Option<&str>) -> (Verdict, String) {
    let judged = judged(&gate_of(vec![with_key(ROMAN, handshake)], 0));
    let phone = of(&judged, "admin-via-vpn/roman's phone");
    (phone.verdict, phone.title.to_string())
}

#[test]
fn a_fresh_handshake_is_a_connection_named_by_the_register() {
    let mut evidence = gate_of(vec![with_key(ROMAN, Some("2026-11-23T07:03:00Z"))], 0);
    let sighting = Sighting { kind: SubjectKind::Vpn, subject: "wg".into(), item: format!("client {ROMAN}").into() };
    evidence.first_seen.insert(sighting, at("2026-11-23T06:58:00Z"));
    let judged = judged(&evidence);
    let phone = of(&judged, "admin-via-vpn/roman's phone");
    assert_eq!(
        (phone.verdict, phone.title.as_str()),
        (Verdict::Ok, "connected from 203.0.113.9 seen since 07:58 · 10.9.0.2/32")
    );
    assert_eq!(phone.standings[0].word, "since 2026-11-23 07:58 from 203.0.113.9");
    assert!(phone.detail.as_str().contains("fd00:9::2/128 · 3.8 kB in, 268.1 kB out"), "{}", phone.detail);
    let gate = of(&judged, "admin-via-vpn/wg");
    assert_eq!((gate.verdict, gate.title.as_str()), (Verdict::Ok, "1 peer connected"));
}

#[test]
fn an_old_handshake_and_none_are_told_apart() {
    assert_eq!(phone(Some("2026-11-23T06:50:00Z")), (Verdict::Ok, "not connected, last handshake 07:50".to_owned()));
    assert_eq!(phone(None), (Verdict::Ok, "never connected since its interface came up".to_owned()));
}

#[test]
fn a_handshake_of_the_future_is_unknown() {
    for wrong in ["2026-11-23T09:00:00Z", "1970-01-01T00:01:00Z"] {
        let (verdict, title) = phone(Some(wrong));
        assert_eq!(verdict, Verdict::Unknown, "{title}");
        assert!(title.starts_with("its last handshake is dated") && title.ends_with("which can't be"), "{title}");
    }
}

#[test]
fn a_key_of_nobody_is_broken_when_it_connects_and_due_as_long_as_it_may() {
    for (handshake, verdict, did) in [
        (Some("2026-11-23T07:03:30Z"), Verdict::Broken, "connected from 203.0.113.9"),
        (Some("2026-11-20T07:03:30Z"), Verdict::Due, "not connected, last handshake Fri 20 Nov 08:03"),
        (None, Verdict::Due, "never connected, but may"),
        (Some("2027-11-20T07:03:30Z"), Verdict::Unknown, "may be connected: its last handshake is dated"),
    ] {
        let judged = judged(&gate_of(vec![with_key(MALLORY, handshake)], 0));
        let stranger = of(&judged, &format!("admin-via-vpn/wg/{MALLORY}"));
        assert_eq!(stranger.verdict, verdict);
        let title = format!("peer \"{MALLORY}\" is in nobody's register, {did}");
        assert!(stranger.title.as_str().starts_with(&title), "{}", stranger.title);
        assert!(stranger.mend.as_ref().unwrap().as_str().contains(&format!("public_key = \"{MALLORY}\"")));
    }
}

#[test]
fn a_common_name_that_is_a_key_makes_nobody_known() {
    let mut evidence = gate_of(vec![with_key(MALLORY, Some("2026-11-23T07:03:30Z"))], 0);
    evidence.sources[0].declared.push(peer("laptop", Some(MALLORY), None));
    assert_eq!(of(&judged(&evidence), &format!("admin-via-vpn/wg/{MALLORY}")).verdict, Verdict::Broken);
}

#[test]
fn one_key_on_two_interfaces_is_not_two_clients() {
    let mut second = with_key(ROMAN, Some("2026-11-23T07:03:30Z"));
    second.interface = "wg1".into();
    let judged = judged(&gate_of(vec![with_key(ROMAN, Some("2026-11-23T07:03:00Z")), second], 0));
    assert_eq!(of(&judged, "admin-via-vpn/roman's phone").verdict, Verdict::Ok);
}

#[test]
fn rows_of_another_form_make_the_list_and_whoever_is_missing_unknown() {
    let judged = judged(&gate_of(Vec::new(), 2));
    let gate = of(&judged, "admin-via-vpn/wg");
    assert_eq!(gate.verdict, Verdict::Unknown);
    assert!(gate.title.as_str().contains("2 rows of its list can't be read"), "{}", gate.title);
    assert!(gate.mend.as_ref().unwrap().as_str().contains("wg show all dump"));
    assert_eq!(of(&judged, "admin-via-vpn/roman's phone").verdict, Verdict::Unknown);
}

#[test]
fn the_clock_of_the_server_decides_how_old_a_handshake_is() {
    // The server's clock is an hour behind ours: what is a minute old there is a minute old.
    let mut evidence = gate_of(vec![with_key(ROMAN, Some("2026-11-23T06:03:00Z"))], 0);
    let Fact::WireguardPeers(peers) = &mut evidence.sources[0].seen[0].fact else { unreachable!() };
    peers.asked_at = at("2026-11-23T06:04:00Z");
    assert!(of(&judged(&evidence), "admin-via-vpn/roman's phone").title.as_str().starts_with("connected"));
}
