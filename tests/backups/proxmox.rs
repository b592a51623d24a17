//! `kind = "proxmox"`: a Proxmox Backup Server's API on loopback, in the shape that its public source gives its answers.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::home::{Home, jiff_now};
use super::web::{Authority, Does, Web, answer, says};
use super::{Judged, judged_with, register};

const LIST: &str = "/api2/json/admin/datastore/store/snapshots?ns=web%2Fprod";
const SECRET: &str = "canary-0c9e-11ee";

fn fingerprint(certificate: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in Sha256::digest(certificate).iter().enumerate() {
        write!(text, "{}{byte:02X}", if at == 0 { "" } else { ":" }).unwrap();
    }
    text
}

/// A datastore whose list is answered so, behind the certificate that it vouches for itself.
fn server(does: Does) -> (Web, String) {
    let (config, certificate) = Authority::self_signed("pbs.example.org");
    (Web::start_tls(config, vec![(LIST, does)]), fingerprint(&certificate))
}

fn round(server: &Web, fingerprint: Option<&str>) -> Judged {
    let home = Home::new("");
    let pin = fingerprint.map_or_else(String::new, |print| format!("fingerprint = \"{print}\"\n"));
    home.configure(&register(&format!(
        "kind = \"proxmox\"\nrepository = \"backup@pbs!matins@127.0.0.1:{}:store\"\nnamespace = \"web/prod\"\n\
         password = {{ env = \"PBS_SECRET\" }}\nslots = [\"last night\"]\n{pin}",
        server.port
    )));
    judged_with(&home, &[("PBS_SECRET", SECRET)])
}

/// What a round makes of an answer.
fn answered(does: Does) -> Judged {
    let (server, print) = server(does);
    round(&server, Some(&print))
}

/// A snapshot of web1, so many hours old, as the API lists it.
fn snapshot(hours: i64) -> Value {
    let at = jiff_now().as_second() - hours * 3_600;
    json!({"backup-type": "host", "backup-id": "web1", "backup-time": at, "comment": "nightly", "size": 5_724_839,
        "files": [{"filename": "root.pxar.didx", "size": 5_724_000, "crypt-mode": "encrypt"},
            {"filename": "index.json.blob", "size": 512, "crypt-mode": "sign-only"},
            {"filename": "client.log.blob"}],
        "owner": "backup@pbs!matins", "protected": false, "fingerprint": "ab:cd",
        "verification": {"state": "ok", "upid": format!("UPID:pbs:000003B6:00000FA5:00000012:{at:08X}:verify:store:root@pam:")}})
}

fn list(snapshots: &[Value]) -> Does {
    ok(json!({"data": snapshots}).to_string().as_bytes())
}

fn ok(body: &[u8]) -> Does {
    says("200 OK", &[("Content-Type", "application/json;charset=UTF-8")], body)
}

#[test]
fn the_list_of_a_server_known_by_its_fingerprint_is_judged() {
    let (server, print) = server(list(&[snapshot(24), snapshot(1)]));
    let found = round(&server, Some(&print));
    assert_eq!(found.verdict, "ok", "{found:?}");
    assert!(found.detail.contains("2 snapshots"), "{found:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].0.starts_with("GET "), "{asked:?}");
    assert_eq!(asked[0].header("authorization"), Some("PBSAPIToken=backup@pbs!matins:canary-0c9e-11ee"));
}

#[test]
fn another_certificate_is_shown_nothing() {
    let (server, print) = server(list(&[snapshot(1)]));
    let other = fingerprint(b"another");
    let found = round(&server, Some(&other));
    assert_eq!(found.verdict, "unknown", "{found:?}");
    assert!(found.title.contains("has another fingerprint than the one that is configured"), "{found:?}");
    assert!(found.title.contains(&print.to_lowercase()), "which, for comparing: {found:?}");
    let unpinned = round(&server, None);
    assert!(unpinned.verdict == "unknown" && unpinned.title.contains("vouches for"), "{unpinned:?}");
    assert!(unpinned.mend.contains("`fingerprint`"), "{unpinned:?}");
    assert!(server.asked().is_empty(), "the token was shown");
}

#[test]
fn a_night_that_is_missing_running_or_died_is_told_apart() {
    let unfinished = |hours: i64| {
        let mut one = snapshot(hours);
        for key in ["size", "verification", "comment", "fingerprint"] {
            one.as_object_mut().unwrap().remove(key);
        }
        one["files"] = json!([{"filename": "root.pxar.didx"}]);
        one
    };
    let missed = answered(list(&[snapshot(24 * 3)]));
    assert!(missed.verdict == "broken" && missed.title.contains("no snapshot from last night"), "{missed:?}");
    let none = answered(list(&[]));
    assert!(none.verdict == "broken" && none.title.contains("there is none at all"), "{none:?}");
    let begun = answered(list(&[snapshot(24 * 3), unfinished(0)]));
    assert_ne!(begun.verdict, "ok", "what has no manifest is no backup: {begun:?}");
    assert!(begun.detail.contains("has no manifest yet"), "{begun:?}");
    let ahead = answered(list(&[snapshot(1), snapshot(-48)]));
    assert!(ahead.verdict == "unknown" && ahead.title.contains("a snapshot is dated "), "{ahead:?}");
    let mut failed = snapshot(1);
    failed["verification"]["state"] = "failed".into();
    let failed = answered(list(&[failed]));
    assert!(failed.verdict == "unknown" && failed.title.contains("ended with failed"), "{failed:?}");
}

#[test]
fn a_refused_token_says_which_role_it_needs() {
    for (status, body) in [
        ("401 Unauthorized", &b"authentication failed - invalid token or secret"[..]),
        ("403 Forbidden", b"permission check failed"),
    ] {
        let found = answered(says(status, &[("Content-Type", "text/plain")], body));
        assert_eq!(found.verdict, "unknown", "{found:?}");
        assert!(found.title.contains(&format!("refused the token ({})", &status[..3])), "{found:?}");
        assert!(found.mend.contains("DatastoreAudit on /datastore/store"), "{found:?}");
    }
}

#[test]
fn what_is_no_list_is_unknown_and_says_what_came() {
    for (does, words) in [
        (
            says("200 OK", &[("Content-Type", "text/html")], b"<!DOCTYPE html><title>Proxmox</title>"),
            "is not Proxmox's list",
        ),
        (ok(b"{\"data\": null}"), "is not Proxmox's list"),
        (ok(b"{\"data\": [{\"backup-type\": \"host\"}]}"), "missing field"),
        (ok(b"{\"data\": ["), "EOF"),
        (says("400 Bad Request", &[], b"no such datastore 'store'"), "answered 400"),
        (says("404 Not Found", &[], b"no"), "answered 404"),
        (says("500 Internal Server Error", &[], b"x"), "answered 500"),
        (says("429 Too Many Requests", &[("Retry-After", "120")], b""), "asks to be left alone for 2 m"),
        (says("302 Found", &[("Location", "http://127.0.0.1:1/")], b""), "to unencrypted http"),
        (Does::Says(answer("200 OK", &[("X", "y")], b"{\"data\": []}")[..60].to_vec()), ""),
        (Does::Resets, ""),
    ] {
        let found = answered(does);
        assert_eq!(found.verdict, "unknown", "{found:?}");
        assert!(found.title.contains(words), "{words}: {found:?}");
    }
    let hostile = json!({"backup-type": "\u{1b}[2J", "backup-id": "web1\u{202e}", "backup-time": 7, "size": 1});
    assert_ne!(answered(list(&[hostile])).verdict, "ok");
}

#[test]
fn one_that_falls_silent_is_unknown_in_time() {
    let started = Instant::now();
    let found = answered(Does::FallsSilent(answer("200 OK", &[("X", "y")], b"")[..30].to_vec()));
    assert_eq!(found.verdict, "unknown", "{found:?}");
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
}
