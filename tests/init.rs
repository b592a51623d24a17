//! `matins init` from a provider's API that pages, rate-limits, refuses and lies, through the built program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "support/home.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod home;
#[path = "support/web.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod web;

use home::{Home, text};
use serde_json::{Value, json};
use web::{Does, Web, says};

const FIRST: &str = "/v1/servers?page=1&per_page=50";
const SECOND: &str = "/v1/servers?page=2&per_page=50";
const TOKEN: &str = "canary-81c4";

/// A page of as many servers, the first of this number.
fn page(from: u32, count: u32, next: Option<u32>) -> Does {
    let server = |number: u32| {
        json!({"name": format!("node{number}"), "status": "running", "labels": {"role": "web"},
            "public_net": {"ipv4": {"ip": format!("203.0.113.{number}")}, "ipv6": null}})
    };
    let servers: Vec<Value> = (from..from + count).map(server).collect();
    let body = json!({"servers": servers, "meta": {"pagination": {"next_page": next}}}).to_string();
    says("200 OK", &[("Content-Type", "application/json")], body.as_bytes())
}

/// Exit code, what is proposed, and what is said besides.
fn init(home: &Home, server: &Web) -> (Option<i32>, String, String) {
    let url = server.url("/v1");
    let mut command = home.command(&["init", "--hetzner", "env:HCLOUD_TOKEN", "--hetzner-url", &url]);
    let output = command.env("HCLOUD_TOKEN", TOKEN).output().unwrap();
    let (proposed, said) = (text(&output.stdout), text(&output.stderr));
    assert!(!proposed.contains("canary") && !said.contains("canary"), "{proposed}{said}");
    (output.status.code(), proposed, said)
}

#[test]
fn every_page_of_a_project_is_proposed() {
    let home = Home::new("");
    let server = Web::start(vec![(FIRST, page(1, 50, Some(2))), (SECOND, page(51, 3, None))]);
    let (status, proposed, said) = init(&home, &server);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(proposed.matches("[[server]]").count(), 53);
    assert!(proposed.contains("# Hetzner Cloud: 53 servers"), "{proposed}");
    assert!(proposed.contains("ssh = \"203.0.113.51\"\nprovider = \"Hetzner\"\ntags = [\"web\"]"), "{proposed}");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    for request in asked {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    }
    // What it proposes is a configuration.
    home.configure(&proposed);
    let checked = home.run(&["config", "check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
}

#[test]
fn half_a_list_proposes_nothing_and_says_why() {
    let home = Home::new("");
    let busy = || says("429 Too Many Requests", &[("Retry-After", "120")], b"{}");
    for (second, words) in [
        (says("401 Unauthorized", &[], b"{}"), "refused the token (401)"),
        (busy(), "answered 429"),
        (says("500 Internal Server Error", &[], b"x"), "answered 500"),
        (says("200 OK", &[], b"{\"servers\": [{\"na"), "can't be read"),
        (says("200 OK", &[], b"{\"error\": {\"code\": \"x\"}}"), "can't be read"),
        (page(1, 1, Some(1)), "have no end"),
        (Does::Resets, ""),
    ] {
        let server = Web::start(vec![(FIRST, page(1, 50, Some(2))), (SECOND, second)]);
        let (status, proposed, said) = init(&home, &server);
        assert_eq!((status, proposed.as_str()), (Some(74), ""), "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_token_in_place_of_where_it_is_kept_is_refused_and_not_repeated() {
    let home = Home::new("");
    for place in [TOKEN, &format!("env:{TOKEN}"), "env:", "vault:canary-81c4", ""] {
        let output = home.run(&["init", "--hetzner", place]);
        assert_eq!(output.status.code(), Some(64), "{place}");
        let said = text(&output.stderr);
        assert!(said.contains("env:NAME, keyring:NAME") && !said.contains("canary"), "{said}");
    }
    // Nor is it sent where everybody could read it.
    let mut command =
        home.command(&["init", "--hetzner", "env:HCLOUD_TOKEN", "--hetzner-url", "http://api.example.org/v1"]);
    let said = text(&command.env("HCLOUD_TOKEN", TOKEN).output().unwrap().stderr);
    assert!(said.contains("a token is not sent unencrypted"), "{said}");
    let unset = home.run(&["init", "--hetzner", "env:HCLOUD_TOKEN"]);
    assert!(text(&unset.stderr).contains("HCLOUD_TOKEN is not set"), "{}", text(&unset.stderr));
}
