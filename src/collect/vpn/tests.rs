use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::collect::Answer;
use crate::collect::tools::Tools;
use crate::collect::tools::shell::FileRead;
use crate::domain::facts::VpnClients;
use crate::domain::{Fault, Read};

const V1: &[u8] = include_bytes!("../../../tests/fixtures/vpn/v1.status");
const V3: &[u8] = include_bytes!("../../../tests/fixtures/vpn/v3.status");

const KEY: &str = "U2crK1ja2arbzxRDXjAL9EqI8thn7vCEwIr6ulwccUE=";

fn now() -> Timestamp {
    "2026-11-23T23:00:20Z".parse().unwrap()
}

fn entry(section: &'static str, value: serde_json::Value, index: usize) -> Entry {
    Entry { section, value, place: format!("vpn.toml:{index}").into(), index }
}

fn register() -> Register {
    let mut gate = crate::domain::register::Server::local();
    gate.name = "gate".into();
    Register { servers: vec![gate], persons: Vec::new(), configured: true }
}

fn planned(entries: &[(&'static str, serde_json::Value)]) -> Result<Vec<Source>, Vec<Misfit>> {
    let entries: Vec<Entry> =
        entries.iter().enumerate().map(|(index, (section, value))| entry(section, value.clone(), index)).collect();
    plan(&entries, &register(), Period::minutes(15))
}

/// What asking the only source gives.
async fn asked(vpn: serde_json::Value) -> Result<VpnClients, Fault> {
    let sources = planned(&[("vpn", vpn)]).unwrap();
    let tools = Tools::new(now).unwrap();
    let Answer::Seen { observations, .. } = sources[0].ask.ask(&tools, None).await? else { panic!("unchanged") };
    let [observation, ..] = &observations[..] else { panic!("{observations:?}") };
    assert_eq!(observation.subject, Subject::new(SubjectKind::Vpn, "gate"));
    let Fact::VpnClients(clients) = &observation.fact else { panic!("{observation:?}") };
    Ok(clients.clone())
}

fn misfits(entries: &[(&'static str, serde_json::Value)]) -> Vec<(Option<String>, String)> {
    planned(entries).unwrap_err().into_iter().map(|misfit| (misfit.key, misfit.message)).collect()
}

#[test]
fn each_vpn_is_a_source_and_the_peers_are_declared_once() {
    let sources = planned(&[
        ("vpn", json!({ "name": "gate", "kind": "openvpn", "status": "gate:/run/status.log", "every": "5m" })),
        ("vpn", json!({ "name": "wg0", "kind": "wireguard", "server": "gate", "interface": "wg0" })),
        ("peer", json!({ "name": "laptop", "person": "roman", "common_name": "roman" })),
        ("peer", json!({ "name": "phone", "public_key": KEY })),
    ])
    .unwrap();
    assert_eq!(sources.iter().map(|source| source.id.to_string()).collect::<Vec<_>>(), ["vpn/gate", "vpn/wg0"]);
    assert_eq!([sources[0].every, sources[1].every], [Period::minutes(5), Period::minutes(15)]);
    let peers: Vec<&Declared> = sources
        .iter()
        .flat_map(|source| &source.declared)
        .filter(|declared| declared.subject.kind == SubjectKind::Peer)
        .collect();
    assert_eq!(peers.len(), 2);
    assert_eq!(peers[0].place, "vpn.toml:2");
    assert!(matches!(&peers[0].fact, Fact::PeerDeclared(peer) if peer.common_name.as_ref().unwrap() == "roman"));
}

#[test]
fn without_configuration_nothing_is_watched() {
    assert_eq!(planned(&[]).unwrap().len(), 0);
}

#[test]
fn what_does_not_fit_is_said_at_its_key() {
    let openvpn = |key: &str, value: &str| vec![("vpn", json!({ "name": "gate", "kind": "openvpn", key: value }))];
    let wireguard = |key: &str, value: &str| vec![("vpn", json!({ "name": "wg", "kind": "wireguard", key: value }))];
    for (entries, key, said) in [
        (vec![("vpn", json!({ "name": "gate", "kind": "openvpn" }))], None, "`status`, `management`, or both"),
        (openvpn("status", "db7:/run/status.log"), Some("status"), "is no [[server]]"),
        (openvpn("status", "status.log"), Some("status"), "neither an absolute path"),
        (openvpn("management", "tcp:192.0.2.1:7505"), Some("management"), "is not on its own machine"),
        (openvpn("management", "db7:unix:/run/gate.sock"), Some("management"), "is no [[server]]"),
        (openvpn("management", "gate:tcp:10.0.0.1:7505"), Some("management"), "is not on its own machine"),
        (openvpn("pki", "pki"), Some("pki"), "neither an absolute path"),
        (openvpn("sttaus", "/run/status.log"), None, "unknown field"),
        (vec![("vpn", json!({ "name": "gate", "kind": "ipsec" }))], None, "unknown variant"),
        (
            vec![("vpn", json!({ "name": "a", "kind": "openvpn", "status": "/s", "password": { "env": "X" } }))],
            Some("password"),
            "which is not named",
        ),
        (vec![("peer", json!({ "name": "laptop", "common_name": "roman" }))], None, "there is no [[vpn]]"),
        (openvpn("server", "gate"), None, "`status`, `management`, or both"),
        (wireguard("server", "db7"), Some("server"), "is no [[server]]"),
        (wireguard("interface", "wg 0"), Some("interface"), "no interface's name"),
        (wireguard("status", "/run/status.log"), Some("status"), "is OpenVPN's"),
        (wireguard("pki", "/etc/pki"), Some("pki"), "is OpenVPN's"),
        (
            vec![("vpn", json!({ "name": "a", "kind": "openvpn", "status": "/s", "interface": "wg0" }))],
            Some("interface"),
            "is WireGuard's",
        ),
        (vec![("peer", json!({ "name": "laptop", "public_key": "aGVsbG8=" }))], Some("public_key"), "44 characters"),
        (vec![("peer", json!({ "name": "laptop" }))], None, "how it is recognised"),
        (vec![("peer", json!({ "name": "laptop", "common_name": "UNDEF" }))], Some("common_name"), "nobody's"),
    ] {
        let found = misfits(&entries);
        assert_eq!(found.len(), 1, "{entries:?}: {found:?}");
        assert_eq!(found[0].0.as_deref(), key, "{entries:?}: {found:?}");
        assert!(found[0].1.contains(said), "{entries:?}: {found:?}");
    }
}

#[test]
fn two_peers_of_one_common_name_and_a_peer_named_like_a_vpn_do_not_fit() {
    let found = misfits(&[
        ("vpn", json!({ "name": "gate", "kind": "openvpn", "status": "/run/status.log" })),
        ("peer", json!({ "name": "laptop", "common_name": "roman" })),
        ("peer", json!({ "name": "desktop", "common_name": "roman" })),
        ("peer", json!({ "name": "gate", "common_name": "office" })),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].1.contains("is the common_name of \"laptop\" already"));
    assert!(found[1].1.contains("is a [[vpn]] already"));
}

#[test]
fn a_bare_string_is_no_password() {
    let vpn = json!({ "name": "gate", "kind": "openvpn", "management": "unix:/run/g.sock", "password": "s3cret" });
    let found = misfits(&[("vpn", vpn)]);
    assert_eq!(found.len(), 1);
    assert!(!found[0].1.contains("s3cret"), "{}", found[0].1);
}

/// A status file with this content, modified ten seconds after 23:00 UTC.
fn file(folder: &Path, bytes: &[u8]) -> serde_json::Value {
    let path = folder.join("status.log");
    std::fs::write(&path, bytes).unwrap();
    let modified = std::time::UNIX_EPOCH + Duration::from_secs(1_795_474_810);
    std::fs::File::open(&path).unwrap().set_modified(modified).unwrap();
    json!({ "name": "gate", "kind": "openvpn", "status": path })
}

#[tokio::test]
async fn a_status_file_here_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let clients = asked(file(folder.path(), V3)).await.unwrap();
    assert_eq!(clients.clients.len(), 5);
    assert_eq!(clients.written_at, Read::Seen("2026-11-23T23:00:08Z".parse().unwrap()));
    assert!(clients.told_by.as_str().ends_with("status.log, version 3"), "{}", clients.told_by);
}

#[tokio::test]
async fn version_1_is_dated_by_its_file_when_both_can_be_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let text = String::from_utf8_lossy(V1);
    // The same moment told in Vienna, in Kathmandu, in UTC; and what no zone makes the same moment.
    for (local, dated) in [
        ("2026-11-23 23:00:08", true),
        ("2026-11-24 00:00:08", true),
        ("2026-11-24 04:45:08", true),
        ("2026-11-23 14:00:08", true),
        ("2026-11-23 22:53:08", false),
        ("2026-11-22 23:00:08", false),
        ("soon", false),
    ] {
        let vpn =
            file(folder.path(), text.replace("Updated,2026-11-23 23:00:08", &format!("Updated,{local}")).as_bytes());
        let clients = asked(vpn).await.unwrap();
        assert_eq!(clients.written_at.seen().is_some(), dated, "{local}: {:?}", clients.written_at);
        assert!(clients.clients.iter().all(|client| client.since.is_none()));
    }
}

#[tokio::test]
async fn a_file_that_stays_torn_is_a_fault_with_its_mend() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, said) in [(&V3[..V3.len() - 2], "its END is missing"), (b"", "it is empty")] {
        let fault = asked(file(folder.path(), bytes)).await.unwrap_err();
        assert!(fault.said.as_str().contains(said), "{fault}");
        assert!(fault.passing && fault.mend.is_some());
    }
}

/// What comes of a file that reads so, one reading after the other; and how often it was read.
async fn read(readings: &[&[u8]]) -> (Result<VpnClients, Fault>, usize) {
    let count = std::cell::Cell::new(0);
    let place = register().place("gate:/run/status.log").unwrap();
    let reading = || {
        let bytes = readings[count.get()].to_vec();
        count.set(count.get() + 1);
        std::future::ready(Ok(FileRead { bytes, modified: now() }))
    };
    let clients = watch::read_whole(&place, reading).await;
    (clients, count.get())
}

#[tokio::test]
async fn a_file_that_was_being_rewritten_is_read_once_more() {
    let text = String::from_utf8_lossy(V3);
    let row = text.lines().find(|line| line.starts_with("CLIENT_LIST\tmallory")).unwrap();
    let without_its_client = text.replace(&format!("{row}\n"), "");
    for torn in [&V3[..500], b"", &[V3, b"END\n"].concat(), without_its_client.as_bytes()] {
        let (clients, count) = read(&[torn, V3]).await;
        assert_eq!((clients.unwrap().clients.len(), count), (5, 2));
    }
    // What stays contradictory is told with its doubt.
    let (clients, count) = read(&[without_its_client.as_bytes(), without_its_client.as_bytes()]).await;
    let clients = clients.unwrap();
    assert_eq!((clients.clients.len(), clients.ambiguous.len(), count), (4, 1, 2));
}

#[tokio::test]
async fn a_whole_file_and_something_else_are_read_once() {
    let (clients, count) = read(&[V3]).await;
    assert_eq!((clients.unwrap().clients.len(), count), (5, 1));
    let (fault, count) = read(&[b"OpenVPN STATISTICS\nEND\n"]).await;
    assert!(!fault.unwrap_err().passing);
    assert_eq!(count, 1);
    // A comma in a name is not a torn file: nothing is gained by waiting.
    let (clients, count) = read(&[V1]).await;
    assert_eq!((clients.unwrap().ambiguous.len(), count), (2, 1));
}

#[tokio::test]
async fn when_neither_way_answers_both_are_named() {
    let vpn = json!({
        "name": "gate", "kind": "openvpn",
        "status": "/nonexistent/status.log", "management": "unix:/nonexistent/gate.sock",
    });
    let said = asked(vpn).await.unwrap_err().said;
    assert!(said.as_str().contains("/nonexistent/status.log") && said.as_str().contains("gate.sock"), "{said}");
}
