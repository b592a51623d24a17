//! A provider's API that pages, rate-limits, fails, answers slowly and lies, asked through the table of collectors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::tools::http::{Http, Patience};
use matins::collect::{ALL, Answer};
use matins::domain::facts::Snapshots;
use matins::domain::register::{Register, Server};
use matins::domain::settings::Entry;
use matins::domain::{Fact, Fault, Period};
use serde_json::{Value, json};
use support::web::{Does, Web, answer, says};

const FIRST: &str = "/v1/images?type=snapshot&type=backup&page=1&per_page=50";
const SECOND: &str = "/v1/images?type=snapshot&type=backup&page=2&per_page=50";
const TOKEN: &str = "canary-4fd1";

fn clock() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn tools() -> Tools {
    let patience = Patience { connect: Duration::from_secs(5), idle: Duration::from_millis(400) };
    Tools { http: Http::patient(patience), ..Tools::new(clock).unwrap() }
}

async fn ask(tools: &Tools, url: &str) -> Result<Snapshots, Fault> {
    ask_with(tools, url, json!({})).await
}

/// With more keys in its `[[backup]]`.
async fn ask_with(tools: &Tools, url: &str, more: Value) -> Result<Snapshots, Fault> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut value = json!({"name": "b", "of": ["web1"], "kind": "hetzner", "token": {"file": file}, "url": url});
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let entry = Entry { section: "backup", value, place: "register.toml:1".into(), index: 0 };
    let servers = vec![Server { name: "web1".into(), ..Server::local() }];
    let register = Register { servers, persons: Vec::new(), configured: true };
    let collector = ALL.iter().find(|collector| collector.name == "backups").unwrap();
    let source = (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0);
    let answer = source.ask.ask(tools, None).await;
    assert!(!format!("{answer:?}").contains("canary"));
    let Answer::Seen { observations, .. } = answer? else { panic!("nothing was known before") };
    let Fact::Snapshots(list) = observations[0].fact.clone() else { panic!("{observations:?}") };
    Ok(list)
}

/// A page of as many images, the first of this number.
fn page(from: u64, count: u64, next: Option<u32>) -> Vec<u8> {
    let image = |id: u64| {
        let created = Timestamp::from_second(1_795_402_800 - i64::try_from(id).unwrap() * 60).unwrap().to_string();
        json!({"id": id, "type": "backup", "status": "available", "image_size": 2.5, "created": created,
            "created_from": {"id": 1, "name": "web1"}})
    };
    let images: Vec<Value> = (from..from + count).map(image).collect();
    json!({"images": images, "meta": {"pagination": {"next_page": next}}}).to_string().into_bytes()
}

fn json_page(body: &[u8]) -> Does {
    says("200 OK", &[("Content-Type", "application/json")], body)
}

#[tokio::test]
async fn every_page_is_asked_with_the_token_in_a_header_only() {
    let server = Web::start(vec![(FIRST, json_page(&page(0, 50, Some(2)))), (SECOND, json_page(&page(50, 7, None)))]);
    let list = ask(&tools(), &server.url("/v1")).await.unwrap();
    assert_eq!(list.snapshots.len(), 57);
    assert_eq!(list.snapshots[0].host.as_ref().unwrap(), "web1");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    for request in asked {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        assert!(request.0.starts_with("GET ") && !request.path().contains("canary"));
    }
}

#[tokio::test]
async fn a_list_whose_second_page_fails_is_no_list() {
    for (second, words) in [
        (says("500 Internal Server Error", &[], b"x"), "answered 500"),
        (Does::FallsSilent(answer("200 OK", &[("X", "y")], b"{\"images\"")), ""),
        (json_page(b"{\"images\": [{\"id\": "), "can't be read"),
        (json_page(&page(0, 1, Some(1))), "have no end"),
        (json_page(b"{}"), "neither images nor snapshots"),
    ] {
        let server = Web::start(vec![(FIRST, json_page(&page(0, 50, Some(2)))), (SECOND, second)]);
        let fault = ask(&tools(), &server.url("/v1/")).await.unwrap_err();
        assert!(fault.said.as_str().contains(words), "{fault}");
    }
}

#[tokio::test]
async fn who_asks_to_be_left_alone_is() {
    let busy =
        says("429 Too Many Requests", &[("Retry-After", "120")], b"{\"error\": {\"code\": \"rate_limit_exceeded\"}}");
    let server = Web::start(vec![(FIRST, busy)]);
    let tools = tools();
    let fault = ask(&tools, &server.url("/v1")).await.unwrap_err();
    assert!(fault.said.as_str().ends_with("answered 429 and asks to be left alone for 2 m"), "{fault}");
    let again = ask(&tools, &server.url("/v1")).await.unwrap_err();
    assert!(again.said.as_str().contains("asked to be left alone"), "{again}");
    assert_eq!(server.asked().len(), 1, "it was not asked again");
}

#[tokio::test]
async fn a_refused_token_and_a_slow_answer_say_so() {
    let server = Web::start(vec![(FIRST, says("401 Unauthorized", &[], b"{}"))]);
    let refused = ask(&tools(), &server.url("/v1")).await.unwrap_err();
    assert!(refused.said.as_str().ends_with("refused the token (401)"), "{refused}");
    assert!(refused.mend.unwrap().as_str().contains("may only read"));
    let server = Web::start(vec![(FIRST, Does::FallsSilent(b"HTTP/1.1 200 OK\r\n".to_vec()))]);
    let slow = ask(&tools(), &server.url("/v1")).await.unwrap_err();
    assert!(slow.passing, "{slow}");
}

#[tokio::test]
async fn the_token_goes_nowhere_else_and_never_unencrypted() {
    let other = Web::start(vec![("/elsewhere", json_page(&page(0, 1, None)))]);
    let target = other.url("/elsewhere");
    let server = Web::start(vec![(FIRST, says("302 Found", &[("Location", target.as_str())], b""))]);
    ask(&tools(), &server.url("/v1")).await.unwrap();
    assert_eq!(other.asked()[0].header("authorization"), None);
    let plain = ask(&tools(), "http://api.example.org/v1").await.unwrap_err();
    assert_eq!(plain.said, "api.example.org: a token is not sent unencrypted");
}

const BOX_FIRST: &str = "/v1/storage_boxes/42/snapshots?page=1&per_page=50";
const BOX_SECOND: &str = "/v1/storage_boxes/42/snapshots?page=2&per_page=50";

/// A page of a storage box's snapshots, as its API lists them.
fn box_page(names: &[&str], next: Option<u32>) -> Does {
    let snapshot = |name: &&str| {
        json!({"id": 7, "name": name, "description": "", "labels": {}, "is_automatic": true, "storage_box": 42,
            "stats": {"size": 394_957_594_u64, "size_filesystem": 3_949_572_745_u64}, "created": "2026-11-23T01:00:10Z"})
    };
    let snapshots: Vec<Value> = names.iter().map(snapshot).collect();
    json_page(json!({"snapshots": snapshots, "meta": {"pagination": {"next_page": next}}}).to_string().as_bytes())
}

#[tokio::test]
async fn a_storage_boxs_snapshots_are_read_to_their_end() {
    let storage_box = json!({"storage_box": 42});
    let first = box_page(&["2026-11-23T02-00-10", "2026-11-22T02-00-09"], Some(2));
    let server = Web::start(vec![(BOX_FIRST, first.clone()), (BOX_SECOND, box_page(&["2026-11-21T02-00-09"], None))]);
    let list = ask_with(&tools(), &server.url("/v1"), storage_box.clone()).await.unwrap();
    assert_eq!(list.snapshots.len(), 3);
    assert_eq!(
        (list.snapshots[2].id.as_str(), list.snapshots[2].bytes),
        ("7 2026-11-23T02-00-10", Some(3_949_572_745))
    );
    assert_eq!(server.asked()[1].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));

    let busy = says("429 Too Many Requests", &[("Retry-After", "60")], b"{}");
    for (second, words) in [
        (busy, "answered 429 and asks to be left alone for 60 s"),
        (says("503 Service Unavailable", &[], b"x"), "answered 503"),
        (Does::FallsSilent(answer("200 OK", &[("X", "y")], b"{\"snapshots\"")), ""),
        (box_page(&[], Some(2)), "have no end"),
        (json_page(b"{\"error\": {\"code\": \"not_found\"}}"), "neither images nor snapshots"),
    ] {
        let server = Web::start(vec![(BOX_FIRST, first.clone()), (BOX_SECOND, second)]);
        let fault = ask_with(&tools(), &server.url("/v1"), storage_box.clone()).await.unwrap_err();
        assert!(fault.said.as_str().contains(words), "{fault}");
    }
}
