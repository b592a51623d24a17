use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::collect::tools::shell::Shell;
use crate::domain::facts::{Handshake, WireguardPeer};
use crate::domain::register::Server;

/// As `wg` says it, keys and all.
const DUMP: &str = include_str!("../../../../tests/fixtures/vpn/wireguard.dump");

fn tunnels(interface: Option<&str>) -> Tunnels {
    Tunnels { server: Server::local(), interface: interface.map(str::to_owned) }
}

fn read(dump: &str, interface: Option<&str>) -> Result<WireguardPeers, Fault> {
    peers(parse_dump(dump.as_bytes()).unwrap(), &tunnels(interface))
}

/// Every private and preshared key of the recorded dump.
fn secrets() -> Vec<&'static str> {
    let rows = DUMP.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let secrets: Vec<&str> = rows
        .filter_map(|cells| match cells.len() {
            5 => Some(cells[1]),
            9 => Some(cells[2]),
            _ => None,
        })
        .filter(|cell| *cell != "(none)")
        .collect();
    assert_eq!(secrets.len(), 4);
    secrets
}

fn holds_no_secret(text: &str) {
    for secret in secrets() {
        assert!(!text.contains(secret), "a key is in {text}");
    }
}

#[test]
fn a_recorded_dump_is_read() {
    let all = read(DUMP, None).unwrap();
    assert_eq!((all.peers.len(), all.odd_rows), (4, 0));
    let gate = read(DUMP, Some("wg0")).unwrap();
    let [anna, roman, mallory] = &gate.peers[..] else { panic!("{gate:?}") };
    assert_eq!(roman.address().unwrap(), "127.0.0.1");
    assert_eq!(roman.allowed, ["10.255.0.2/32", "fd00:255::2/128"]);
    assert_eq!(gate.state(roman), Handshake::Active);
    assert!(roman.bytes_received > 0);
    for never in [anna, mallory] {
        assert_eq!((gate.state(never), &never.endpoint), (Handshake::Never, &None));
    }
    assert_eq!(gate.told_by, "wg show all dump on local, interface wg0");
}

#[test]
fn no_private_and_no_preshared_key_is_ever_kept() {
    let dump = parse_dump(DUMP.as_bytes()).unwrap();
    holds_no_secret(&format!("{dump:?}"));
    holds_no_secret(&serde_json::to_string(&read(DUMP, None).unwrap()).unwrap());
    // Nor when a row lost or doubled a column and everything moved.
    let rows: Vec<Vec<&str>> = DUMP.lines().map(|line| line.split('\t').collect()).collect();
    for (row, column) in (0..rows.len()).flat_map(|row| (0..rows[row].len()).map(move |column| (row, column))) {
        for doubled in [false, true] {
            let mut torn = rows.clone();
            let cell = torn[row].remove(column);
            if doubled {
                torn[row].insert(column, cell);
                torn[row].insert(column, cell);
            }
            let text: Vec<String> = torn.iter().map(|cells| cells.join("\t")).collect();
            let said = parse_dump(text.join("\n").as_bytes());
            holds_no_secret(&format!("{said:?}"));
            assert!(said.map_or(true, |dump| dump.odd_rows > 0 || row < 3), "row {row}, column {column}");
        }
    }
}

/// A folder in front of PATH where `wg` says what was recorded and `sudo` does as it is told.
fn stage(wg: &str, sudo: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let program = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("wg", wg);
    program("sudo", sudo);
    // Whoever runs the tests: the look finds somebody unprivileged.
    program("id", "[ \"$1\" = -u ] && echo 1000 || echo probe");
    folder
}

/// What the script says on this machine, with that folder in front of PATH.
async fn look(folder: &Path) -> crate::collect::tools::run::Ran {
    let script = format!("PATH='{}':$PATH\n{SCRIPT}", folder.display());
    Shell::new().unwrap().script(&Server::local(), &script, ANSWER, CAP).await.unwrap()
}

#[tokio::test]
async fn the_script_cuts_the_keys_out_before_anything_leaves_the_machine() {
    let rows: String = DUMP.lines().skip(3).fold(String::new(), |rows, line| rows + line + "\n");
    let key = secrets()[0];
    let folder = stage(&format!("cat <<'ROWS'\n{rows}wg9\t{key}\tand\tsix\tcolumns\there\nROWS"), "shift; exec \"$@\"");
    let ran = look(folder.path()).await;
    assert_eq!(ran.status, Some(0));
    let said = String::from_utf8(ran.output).unwrap();
    holds_no_secret(&said);
    let dump = parse_dump(said.as_bytes()).unwrap();
    assert_eq!((dump.peers.len(), dump.interfaces.len(), dump.odd_rows), (4, 2, 1));
    assert_eq!(dump.login.unwrap(), "probe");
    assert!((dump.now.unwrap().as_second() - now().as_second()).abs() < 60);
}

#[expect(clippy::disallowed_methods, reason = "a test is an edge")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[tokio::test]
async fn when_sudo_refuses_the_line_that_mends_it_is_shown() {
    let folder = stage("echo never", "echo 'sudo: a password is required' >&2; exit 1");
    let ran = look(folder.path()).await;
    let dump = parse_dump(&ran.output).unwrap();
    let fault = refused(&"gate".into(), ran.status, &dump, &ran.complaint());
    assert!(
        fault.said.as_str().contains("`sudo -n wg show all dump` was refused on gate: sudo: a password"),
        "{fault}"
    );
    let line = format!("probe ALL=(root) NOPASSWD: {}/wg show all dump", folder.path().display());
    assert!(fault.mend.as_ref().unwrap().as_str().contains(&line), "{:?}", fault.mend);
}

#[tokio::test]
async fn how_wg_itself_ends_is_told_past_the_pipe() {
    let folder = stage("echo 'Unable to access interface: Operation not permitted' >&2; exit 3", "shift; exec \"$@\"");
    let ran = look(folder.path()).await;
    assert_eq!(ran.status, Some(3));
    let fault = refused(&"gate".into(), ran.status, &Dump::default(), &ran.complaint());
    assert!(fault.said.as_str().contains("failed on gate: Unable to access interface"), "{fault}");
}

#[test]
fn an_interface_that_is_not_there_and_none_at_all_are_faults() {
    let fault = read(DUMP, Some("wg7")).unwrap_err();
    assert_eq!(fault.said, "no WireGuard interface wg7 is up on local");
    assert!(fault.mend.unwrap().as_str().ends_with("there are wgc, wg0"));
    let fault = read("now\t1795620130\n", None).unwrap_err();
    assert_eq!(fault.said, "no WireGuard interface is up on local");
    assert!(read("", None).unwrap_err().said.as_str().contains("did not tell its time"));
}

#[test]
fn what_is_no_peer_is_counted_and_not_kept() {
    let key = "U2crK1ja2arbzxRDXjAL9EqI8thn7vCEwIr6ulwccUE=";
    for odd in [
        format!("wg0\t{key}\t(none)\t(none)\t(none)\tsoon\t0\t0\toff"),
        format!("wg0\t{key}\t(none)\t(none)\t(none)\t0\t-1\t0\toff"),
        "wg0\tkey\t(none)\t(none)\t(none)\t0\t0\t0\toff".to_owned(),
        "Warning: something".to_owned(),
    ] {
        let dump = parse_dump(odd.as_bytes()).unwrap();
        assert_eq!((dump.odd_rows, dump.peers.len()), (1, 0), "{odd}");
    }
    assert!(parse_dump(b"now\tnever\n").is_err());
}

#[test]
fn ten_thousand_peers_are_read_in_time() {
    let row = |number| format!("wg0\t{number:043}=\t(none)\t192.0.2.1:7\t10.0.0.1/32\t1795620000\t1\t2\toff\n");
    let dump: String = [DUMP.to_owned()].into_iter().chain((0..10_000).map(row)).collect();
    let begin = std::time::Instant::now();
    assert_eq!(read(&dump, Some("wg0")).unwrap().peers.len(), 10_003);
    assert!(begin.elapsed() < std::time::Duration::from_secs(2));
}

fn is_clean(peer: &WireguardPeer) -> bool {
    let texts = [Some(&peer.interface), Some(&peer.public_key), peer.endpoint.as_ref()];
    texts.into_iter().flatten().chain(&peer.allowed).all(|text| !text.as_str().chars().any(char::is_control))
}

proptest! {
    #[test]
    fn no_bytes_panic_and_nothing_kept_is_unclean(bytes in proptest::collection::vec(any::<u8>(), 0..1_000)) {
        if let Ok(dump) = parse_dump(&bytes) {
            prop_assert!(dump.peers.iter().all(is_clean));
        }
    }

    #[test]
    fn no_damage_panics(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut bytes = DUMP.as_bytes().to_vec();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(dump) = parse_dump(&bytes) {
            prop_assert!(dump.peers.iter().all(is_clean));
        }
    }
}

#[test]
fn recorded_dumps_of_real_servers_are_read() {
    let folder = std::env::var_os("MATINS_DATA")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")), PathBuf::from);
    let Ok(dump) = std::fs::read_to_string(folder.join("wireguard/server-all-dump.txt")) else {
        return eprintln!("left out: {} is not here", folder.display());
    };
    let all = read(&format!("now\t1795461991\n{dump}"), None).unwrap();
    assert_eq!((all.peers.len(), all.odd_rows), (6, 0));
    let states: Vec<Handshake> =
        all.peers.iter().filter(|peer| peer.interface == "wg0").map(|peer| all.state(peer)).collect();
    assert_eq!(states, [Handshake::Never, Handshake::Never, Handshake::Active, Handshake::Active]);
    assert!(all.peers.iter().any(|peer| peer.address().is_some_and(|address| address == "fd77:2::2")));
}
