use proptest::prelude::*;

use super::*;
use crate::domain::facts::{VpnClient, WireguardPeer};

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

fn clients(written: Timestamp, rows: &[(&str, &str, Option<Timestamp>, u64)]) -> VpnClients {
    let client = |(name, from, since, bytes): &(&str, &str, Option<Timestamp>, u64)| VpnClient {
        common_name: (*name).into(),
        username: None,
        real_address: (*from).into(),
        virtual_addresses: vec!["10.8.0.3".into()],
        since: *since,
        bytes_received: *bytes,
        bytes_sent: 2 * bytes,
        id: None,
    };
    VpnClients {
        written_at: Read::Seen(written),
        clients: rows.iter().map(client).collect(),
        ambiguous: Vec::new(),
        told_by: Shown::default(),
    }
}

fn wireguard(asked_at: Timestamp, handshake: Timestamp, bytes: u64) -> WireguardPeers {
    let peer = WireguardPeer {
        interface: "wg0".into(),
        public_key: "key".into(),
        endpoint: Some("203.0.113.9:7".into()),
        allowed: Vec::new(),
        handshake: Some(handshake),
        bytes_received: bytes,
        bytes_sent: 0,
    };
    WireguardPeers { asked_at, peers: vec![peer], odd_rows: 0, told_by: Shown::default() }
}

fn sessions(history: &VpnHistory, name: &str) -> Vec<(Timestamp, Timestamp, u64)> {
    let peer = history.of(&name.into()).unwrap();
    peer.sessions.iter().map(|session| (session.began, session.last_seen, session.received)).collect()
}

#[test]
fn a_session_goes_on_from_look_to_look_and_a_new_one_is_another() {
    let mut history = remembered(None, at("23T07:00"));
    let first = Some(at("23T06:58"));
    add_clients(&mut history, &clients(at("23T07:00"), &[("roman", "192.0.2.1:1", first, 10)]));
    add_clients(&mut history, &clients(at("23T07:15"), &[("roman", "192.0.2.1:1", first, 500)]));
    let again = Some(at("23T07:20"));
    add_clients(&mut history, &clients(at("23T07:30"), &[("roman", "192.0.2.1:1", again, 7)]));
    assert_eq!(
        sessions(&history, "roman"),
        [(at("23T06:58"), at("23T07:15"), 500), (at("23T07:20"), at("23T07:30"), 7)]
    );
    // Who is gone is remembered.
    add_clients(&mut history, &clients(at("23T08:00"), &[]));
    assert_eq!(history.of(&"roman".into()).unwrap().last_seen, at("23T07:30"));
    assert_eq!(history.last_look, at("23T08:00"));
}

#[test]
fn the_first_list_counts_though_it_was_written_before_it_was_read() {
    let mut history = remembered(None, at("23T07:01"));
    add_clients(&mut history, &clients(at("23T07:00"), &[("roman", "192.0.2.1:1", Some(at("23T06:58")), 10)]));
    assert_eq!(sessions(&history, "roman"), [(at("23T06:58"), at("23T07:00"), 10)]);
    let mut history = remembered(None, at("23T07:01"));
    add_peers(&mut history, &wireguard(at("23T07:00"), at("23T06:59"), 7));
    assert_eq!(sessions(&history, "key"), [(at("23T07:00"), at("23T07:00"), 7)]);
}

#[test]
fn without_a_told_beginning_a_gap_or_another_address_begins_a_session() {
    let mut history = remembered(None, at("23T07:00"));
    for (time, rows) in [
        ("23T07:00", vec![("roman", "192.0.2.1:1", None, 1)]),
        ("23T07:15", vec![("roman", "192.0.2.1:1", None, 2)]),
        ("23T07:30", vec![]),
        ("23T07:45", vec![("roman", "192.0.2.1:1", None, 3)]),
        ("23T08:00", vec![("roman", "192.0.2.9:1", None, 4)]),
    ] {
        add_clients(&mut history, &clients(at(time), &rows));
    }
    let began: Vec<_> = sessions(&history, "roman").into_iter().map(|(began, ..)| began).collect();
    assert_eq!(began, [at("23T07:00"), at("23T07:45"), at("23T08:00")]);
}

#[test]
fn wireguards_counters_are_counted_on_and_may_begin_anew() {
    let mut history = remembered(None, at("23T07:00"));
    for (time, bytes) in [("23T07:00", 1_000), ("23T07:02", 1_500), ("23T07:04", 20)] {
        add_peers(&mut history, &wireguard(at(time), at(time), bytes));
    }
    assert_eq!(sessions(&history, "key"), [(at("23T07:00"), at("23T07:04"), 1_520)]);
}

#[test]
fn an_old_handshake_tells_when_its_peer_was_last_there() {
    let mut history = remembered(None, at("23T07:00"));
    add_peers(&mut history, &wireguard(at("23T07:00"), at("20T12:00"), 5));
    assert_eq!(history.of(&"key".into()).unwrap().last_seen, at("20T12:00"));
    assert_eq!(sessions(&history, "key"), []);
}

#[test]
fn a_list_of_an_unknown_age_or_older_than_the_last_tells_nothing() {
    let mut history = remembered(None, at("23T07:00"));
    let list = clients(at("23T07:00"), &[("roman", "192.0.2.1:1", None, 1)]);
    add_clients(&mut history, &VpnClients { written_at: Read::unreadable("no time"), ..list });
    add_clients(&mut history, &clients(at("22T07:00"), &[("roman", "192.0.2.1:1", None, 1)]));
    assert_eq!(history.of(&"roman".into()), None);
}

#[test]
fn what_is_remembered_survives_and_damage_begins_anew() {
    let mut history = remembered(None, at("23T07:00"));
    add_clients(&mut history, &clients(at("23T07:00"), &[("roman", "192.0.2.1:1", None, 1)]));
    let memory = serde_json::to_string(&history).unwrap();
    assert_eq!(remembered(Some(&memory), at("24T07:00")), history);
    for damaged in ["", "{}", "nonsense", &memory[..40]] {
        assert_eq!(remembered(Some(damaged), at("24T07:00")).since, at("24T07:00"));
    }
    // From the future: the clock here went back.
    assert_eq!(remembered(Some(&memory), at("20T07:00")).since, at("20T07:00"));
}

#[test]
fn what_is_kept_is_bounded() {
    let mut history = remembered(None, at("01T00:00"));
    for minute in 0..200 {
        let now = at("01T00:00") + jiff::SignedDuration::from_mins(minute);
        let names: Vec<String> = (0..4).map(|number| format!("peer{}", number + 4 * minute)).collect();
        let mut rows: Vec<_> = names.iter().map(|name| (name.as_str(), "192.0.2.1:1", None, 1)).collect();
        rows.push(("roman", "192.0.2.1:1", Some(now), 1));
        add_clients(&mut history, &clients(now, &rows));
    }
    assert_eq!(history.peers.len(), PEERS);
    assert_eq!(sessions(&history, "roman").len(), SESSIONS);
}

proptest! {
    #[test]
    fn nobody_is_forgotten_by_a_later_look(looks in proptest::collection::vec(proptest::collection::vec(0..5_u8, 0..4), 1..12)) {
        let mut history = remembered(None, at("23T07:00"));
        for (minute, look) in (0..).zip(&looks) {
            let names: Vec<String> = look.iter().map(|number| format!("peer{number}")).collect();
            let rows: Vec<_> = names.iter().map(|name| (name.as_str(), "192.0.2.1:1", None, 1)).collect();
            let now = at("23T07:00") + jiff::SignedDuration::from_mins(minute);
            add_clients(&mut history, &clients(now, &rows));
            for name in names {
                prop_assert_eq!(history.of(&name.as_str().into()).unwrap().last_seen, now);
            }
        }
        for number in looks.iter().flatten() {
            let name: Shown = format!("peer{number}").into();
            prop_assert!(history.of(&name).is_some());
        }
    }
}
