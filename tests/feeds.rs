//! The feeds collector, through the table of collectors, against a server that means well and one that doesn't.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod support;

use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::{ALL, Answer, Source};
use matins::domain::register::Register;
use matins::domain::settings::Entry;
use matins::domain::{Fact, Fault, Observation, Period, SubjectKind};
use serde_json::json;
use support::web::{Does, Web, answer, gzip, says};
use url::Url;

const FEED: &[u8] = include_bytes!("fixtures/feeds/debian-dsa.rdf");

fn clock() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn source(kind: &str, url: &str) -> Source {
    let collector = ALL.iter().find(|collector| collector.name == "feeds").unwrap();
    let value = json!({"name": "Feed", "kind": kind, "url": url});
    let entry = Entry { section: "feed", value, place: "feeds.toml:1".into(), index: 0 };
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0)
}

/// Asks as a freshly started program does.
async fn ask(source: &Source, memory: Option<&str>) -> Result<Answer, Fault> {
    source.ask.ask(&Tools::new(clock).unwrap(), memory).await
}

async fn asked_for(kind: &str, body: &[u8], content_type: &str) -> Result<Vec<Observation>, Fault> {
    let server = Web::start(vec![("/feed", says("200 OK", &[("Content-Type", content_type)], body))]);
    match ask(&source(kind, &server.url("/feed")), None).await? {
        Answer::Seen { observations, .. } => Ok(observations),
        Answer::Unchanged => panic!("nothing was remembered"),
    }
}

#[tokio::test]
async fn a_feed_becomes_one_fact_of_itself_and_its_advisories() {
    let seen = asked_for("debian", FEED, "application/rdf+xml").await.unwrap();
    assert_eq!(seen.len(), 4);
    assert!(matches!(&seen[0].fact, Fact::FeedSeen(feed) if feed.items == 3 && feed.left_out == 0));
    assert_eq!((seen[0].subject.kind, seen[0].subject.name.as_str()), (SubjectKind::Feed, "Feed"));
    assert!(seen.iter().any(|seen| seen.subject.name == *"DSA-10404-1" && seen.subject.kind == SubjectKind::Advisory));
    assert!(seen.iter().all(|seen| seen.at == clock()), "our clock counts, not the server's");
}

#[tokio::test]
async fn a_conditional_request_survives_a_restart() {
    let headers = [("ETag", "\"v7\""), ("Last-Modified", "Sun, 22 Nov 2026 19:04:11 GMT")];
    let server = Web::start(vec![("/feed", Does::SaysUnless("\"v7\"", answer("200 OK", &headers, FEED)))]);
    let Ok(Answer::Seen { memory: Some(memory), .. }) = ask(&source("debian", &server.url("/feed")), None).await else {
        panic!("no memory")
    };
    let again = ask(&source("debian", &server.url("/feed")), Some(&memory)).await.unwrap();
    assert_eq!(again, Answer::Unchanged);
    let asked = server.asked();
    assert_eq!(asked[0].header("if-none-match"), None);
    assert_eq!(asked[1].header("if-none-match"), Some("\"v7\""));
    assert_eq!(asked[1].header("if-modified-since"), Some("Sun, 22 Nov 2026 19:04:11 GMT"));
    for (kind, memory) in [("any", memory.as_str()), ("debian", "not json"), ("debian", "{\"etag\":\"\\\"v7\\\"\"}")] {
        let full = ask(&source(kind, &server.url("/feed")), Some(memory)).await.unwrap();
        assert!(matches!(full, Answer::Seen { .. }), "read in another way, it is read again");
    }
}

#[tokio::test]
async fn a_file_is_a_feed_too_and_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drupal.xml");
    std::fs::write(&path, include_bytes!("fixtures/feeds/drupal-all.xml")).unwrap();
    let source = source("drupal", Url::from_file_path(&path).unwrap().as_str());
    let Ok(Answer::Seen { memory, observations }) = ask(&source, None).await else { panic!("no answer") };
    assert_eq!(observations.len(), 4);
    assert_eq!(ask(&source, memory.as_deref()).await.unwrap(), Answer::Unchanged);
}

#[tokio::test]
async fn what_is_no_feed_says_what_it_is_and_from_whom() {
    let said = async |body: &[u8], kind: &str| asked_for("any", body, kind).await.unwrap_err().said.to_string();
    let page = include_bytes!("fixtures/feeds/page.html");
    assert_eq!(said(page, "text/html; charset=utf-8").await, "not a feed (text/html from 127.0.0.1)");
    assert_eq!(said(b"{}", "\u{1b}[2J").await.as_str().find('\u{1b}'), None);
    let cut = said(include_bytes!("fixtures/feeds/cut-off.xml"), "application/rss+xml").await;
    assert!(cut.starts_with("not a whole feed: "), "{cut}");
    let empty = b"<rss version='2.0'><channel><title>x</title></channel></rss>";
    assert_eq!(said(empty, "text/xml").await, "a feed without a single item (text/xml from 127.0.0.1)");
    let twice = says("200 OK", &[("Content-Encoding", "gzip")], &gzip(&gzip(FEED)));
    let server = Web::start(vec![("/feed", twice)]);
    let fault = ask(&source("any", &server.url("/feed")), None).await.unwrap_err();
    assert!(fault.said.as_str().starts_with("still packed after unpacking"), "{fault}");
}

#[tokio::test]
async fn a_portal_in_between_is_seen() {
    let portal = Web::start(vec![("/login", says("200 OK", &[("Content-Type", "text/html")], b"<html><p>log in"))]);
    let place = portal.url("/login");
    let server = Web::start(vec![("/feed", says("302 Found", &[("Location", place.as_str())], b""))]);
    let fault = ask(&source("any", &server.url("/feed")), None).await.unwrap_err();
    assert_eq!(fault.said, "not a feed (text/html from 127.0.0.1)");
}

#[tokio::test]
async fn the_feed_that_panics_its_parser_is_a_fault_and_the_next_one_is_read() {
    let fault =
        asked_for("any", include_bytes!("fixtures/feeds/second-declaration.xml"), "text/xml").await.unwrap_err();
    assert!(fault.said.as_str().contains("made its parser fail"), "{fault}");
    assert!(asked_for("any", FEED, "text/xml").await.is_ok());
}

#[tokio::test]
async fn hostile_feeds_come_out_clean() {
    let seen = asked_for("any", include_bytes!("fixtures/feeds/hostile.xml"), "text/xml").await.unwrap();
    let text = serde_json::to_string(&seen).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']) && !text.contains("\\u001b"), "{text}");
    assert!(!text.contains("javascript") && !text.contains("passwd") && !text.contains("steal"), "{text}");
}

#[tokio::test]
async fn a_server_cannot_call_unchanged_what_it_was_not_asked() {
    let server = Web::start(vec![("/feed", says("304 Not Modified", &[], b""))]);
    let fault = ask(&source("any", &server.url("/feed")), None).await.unwrap_err();
    assert!(fault.said.as_str().contains("not asked whether"), "{fault}");
}
