//! `kind = "hetzner"` through the built program: a provider's API on loopback that pages, limits, fails and is slow, and the
//! token out of a secret store.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::home::{Home, jiff_now};
use super::web::{Does, Web, answer, says};
use super::{Judged, judged, register};

const FIRST: &str = "/v1/images?type=snapshot&type=backup&page=1&per_page=50";
const SECOND: &str = "/v1/images?type=snapshot&type=backup&page=2&per_page=50";
/// What it says is looked at for this.
const TOKEN: &str = "canary-hcloud-7d31";

/// A program that gives the token out, as a password store does.
fn store(home: &Home) -> String {
    let path = home.path().join("pass");
    std::fs::write(&path, format!("#!/bin/sh\n[ \"$1\" = hetzner ] && echo {TOKEN}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path.display().to_string()
}

/// The token is in nothing that was written; where it is given out is in no round's way.
fn keeps_the_token(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            keeps_the_token(&entry.path());
        } else {
            let bytes = std::fs::read(entry.path()).unwrap();
            let found = bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes());
            assert!(!found, "the token is in {}", entry.path().display());
        }
    }
}

/// What a round makes of an API, which is asked with the token.
fn round(server: &Web) -> Judged {
    let home = Home::new("");
    home.configure(&register(&format!(
        "kind = \"hetzner\"\ntoken = {{ command = \"{} hetzner\" }}\nurl = \"{}\"\nslots = [\"last night\", \"1 week\"]",
        store(&home),
        server.url("/v1")
    )));
    let found = judged(&home);
    let report = home.run(&["report", "--format", "json"]);
    let said = [report.stdout, report.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains("canary"), "a secret was reported");
    let state = home.path().join("state");
    assert!(state.join("matins").exists(), "nothing was kept");
    keeps_the_token(&state);
    found
}

fn image(id: u64, hours: i64) -> Value {
    let created = (jiff_now() - jiff::SignedDuration::from_hours(hours)).to_string();
    json!({"id": id, "type": "backup", "status": "available", "image_size": 2.5, "created": created,
        "created_from": {"id": 1, "name": "web1"}})
}

fn page(images: &[Value], next: Option<u32>) -> Does {
    let body = json!({"images": images, "meta": {"pagination": {"next_page": next}}}).to_string();
    says("200 OK", &[("Content-Type", "application/json")], body.as_bytes())
}

#[test]
fn the_slots_are_filled_by_what_stands_on_every_page() {
    let whole =
        vec![(FIRST, page(&[image(1, 1), image(2, 24)], Some(2))), (SECOND, page(&[image(3, 24 * 7 + 1)], None))];
    let server = Web::start(whole);
    let found = round(&server);
    assert_eq!(found.verdict, "ok", "{found:?}");
    assert!(found.detail.contains("3 snapshots"), "{found:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    for request in asked {
        assert!(request.0.starts_with("GET "), "{request:?}");
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    }
}

#[test]
fn a_slot_that_no_page_fills_is_broken_and_names_the_nearest() {
    let older = round(&Web::start(vec![
        (FIRST, page(&[image(2, 24 * 3)], Some(2))),
        (SECOND, page(&[image(3, 24 * 7 + 1)], None)),
    ]));
    assert!(older.verdict == "broken" && older.title.contains("no snapshot from last night; nearest"), "{older:?}");
    let none = round(&Web::start(vec![(FIRST, page(&[], None))]));
    assert!(none.verdict == "broken" && none.title.contains("there is none at all"), "{none:?}");
}

/// Half a list would be a missing slot that nobody missed, or a filled one that is not.
#[test]
fn an_api_that_limits_or_fails_is_unknown_and_says_why() {
    let limited = || says("429 Too Many Requests", &[("Retry-After", "120")], b"{}");
    for (first, second, words) in [
        (limited(), None, "answered 429 and asks to be left alone for 2 m"),
        (page(&[image(1, 1), image(2, 24 * 7 + 1)], Some(2)), Some(limited()), "asks to be left alone for 2 m"),
        (says("500 Internal Server Error", &[], b"x"), None, "answered 500"),
        (page(&[image(1, 1)], Some(2)), Some(says("503 Service Unavailable", &[], b"x")), "answered 503"),
        (says("401 Unauthorized", &[], b"{}"), None, "refused the token (401)"),
        (says("200 OK", &[], b"<!DOCTYPE html>"), None, "can't be read"),
    ] {
        let mut paths = vec![(FIRST, first)];
        paths.extend(second.map(|does| (SECOND, does)));
        let server = Web::start(paths);
        let found = round(&server);
        assert_eq!(found.verdict, "unknown", "{words}: {found:?}");
        assert!(found.title.contains(words), "{words}: {found:?}");
        // A round tries what may pass once more, but not who asked to be left alone.
        let most = if words.contains("left alone") { 2 } else { 4 };
        assert!(server.asked().len() <= most, "it was pressed: {:?}", server.asked());
    }
}

#[test]
fn an_api_that_falls_silent_is_unknown_in_time() {
    let started = Instant::now();
    let silent = |first, second: Option<Does>| {
        let mut paths = vec![(FIRST, first)];
        paths.extend(second.map(|does| (SECOND, does)));
        round(&Web::start(paths))
    };
    let half = answer("200 OK", &[("Content-Type", "application/json")], b"{\"images\": []}")[..40].to_vec();
    let begun = page(&[image(1, 1), image(2, 24 * 7 + 1)], Some(2));
    let found = std::thread::scope(|scope| {
        let at_once = scope.spawn(|| silent(Does::FallsSilent(half.clone()), None));
        let later = silent(begun, Some(Does::FallsSilent(half.clone())));
        [at_once.join().unwrap(), later]
    });
    for found in found {
        assert!(found.verdict == "unknown" && found.title.contains("127.0.0.1"), "{found:?}");
        assert!(found.title.contains("for 10 s"), "{found:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
