//! The collector of advisories' sources, through the table of collectors and the store, against servers that mean well and
//! servers that don't: the last good copy stays, and the source says what was wrong and where.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::tools::http::{Fetch, Http, Patience, Streamed};
use matins::collect::{ALL, Answer, Source};
use matins::domain::facts::Exploited;
use matins::domain::register::Register;
use matins::domain::settings::Entry;
use matins::domain::{Fact, Fault, Period};
use serde_json::{Value, json};
use support::web::{Does, Web, answer, bomb, gzip, says};
use url::Url;

fn clock() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn source(key: &str, url: &str) -> Source {
    let collector = ALL.iter().find(|collector| collector.name == "advisories").unwrap();
    let entry = Entry { section: "advisories", value: json!({key: url}), place: "sources.toml:1".into(), index: 0 };
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0)
}

/// Asks as a freshly started program does.
async fn ask(source: &Source, memory: Option<&str>) -> Result<Answer, Fault> {
    source.ask.ask(&Tools::new(clock).unwrap(), memory).await
}

fn seen(answer: Answer) -> (Fact, Option<String>) {
    match answer {
        Answer::Seen { mut observations, memory } => (observations.remove(0).fact, memory),
        Answer::Unchanged => panic!("nothing was remembered"),
    }
}

fn catalogue(entries: usize) -> Vec<u8> {
    let listed: Vec<Value> = (1..=entries)
        .map(|id| json!({"cveID": format!("CVE-2026-{id}"), "dateAdded": "2026-11-20", "product": "x"}))
        .collect();
    json!({"dateReleased": "2026-11-20T17:04:19.9796Z", "count": entries, "vulnerabilities": listed})
        .to_string()
        .into_bytes()
}

async fn asked_for(key: &str, does: Does) -> Result<Answer, Fault> {
    let server = Web::start(vec![("/x", does)]);
    ask(&source(key, &server.url("/x")), None).await
}

/// The fault of a source whose server does this, without the server's name.
async fn said(key: &str, does: Does) -> String {
    let server = Web::start(vec![("/x", does)]);
    let fault = ask(&source(key, &server.url("/x")), None).await.unwrap_err();
    fault.said.as_str().replace(&format!("127.0.0.1:{}", server.port), "HOST")
}

fn exploited(fact: &Fact) -> &Exploited {
    let Fact::Exploited(exploited) = fact else { panic!("another fact") };
    exploited
}

#[tokio::test]
async fn it_is_read_packed_or_not_and_from_a_file() {
    let (plain, packed) = (catalogue(200), gzip(&catalogue(200)));
    let encoded = answer("200 OK", &[("Content-Encoding", "gzip")], &packed);
    let twice = answer("200 OK", &[("Content-Encoding", "gzip")], &gzip(&packed));
    for does in [says("200 OK", &[], &plain), says("200 OK", &[], &packed), Does::Says(encoded), Does::Says(twice)] {
        let (fact, _) = seen(asked_for("kev", does).await.unwrap());
        assert_eq!(exploited(&fact).listed.len(), 200);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kev.json.gz");
    std::fs::write(&file, &packed).unwrap();
    let source = source("kev", Url::from_file_path(&file).unwrap().as_str());
    let (fact, memory) = seen(ask(&source, None).await.unwrap());
    assert_eq!(exploited(&fact).listed.len(), 200);
    assert_eq!(ask(&source, memory.as_deref()).await.unwrap(), Answer::Unchanged);
}

#[tokio::test]
async fn a_folder_is_no_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kev.json"), catalogue(200)).unwrap();
    let source = source("kev", Url::from_file_path(folder.path()).unwrap().as_str());
    let fault = ask(&source, None).await.unwrap_err();
    assert_eq!(fault.said.as_str(), format!("{} is not a file", folder.path().display()));
}

#[tokio::test]
async fn it_asks_whether_anything_changed_also_after_a_restart() {
    let body = answer("200 OK", &[("ETag", "\"7\"")], &catalogue(200));
    let server = Web::start(vec![("/x", Does::SaysUnless("\"7\"", body))]);
    let source = source("kev", &server.url("/x"));
    let (_, memory) = seen(ask(&source, None).await.unwrap());
    assert_eq!(ask(&source, memory.as_deref()).await.unwrap(), Answer::Unchanged);
    let asked = server.asked();
    assert_eq!(asked[1].header("if-none-match"), Some("\"7\""));
    assert_eq!(asked[0].header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn unchanged_without_anything_to_compare_with_is_a_fault() {
    let said = said("kev", says("304 Not Modified", &[], b"")).await;
    assert_eq!(said, "HOST answered \"unchanged\" (304), but it was not asked whether");
}

#[tokio::test]
async fn what_breaks_on_the_way_is_said() {
    let packed = gzip(&catalogue(200));
    let torn = said("kev", says("200 OK", &[], &packed[..packed.len() / 2])).await;
    assert!(torn.starts_with("HOST: its packed data ends in the middle, after "), "{torn}");
    let mut damaged = packed.clone();
    let end = damaged.len() - 6;
    damaged[end] ^= 0xff;
    let damaged = said("kev", says("200 OK", &[], &damaged)).await;
    assert!(damaged.starts_with("HOST: its packed data cannot be unpacked"), "{damaged}");
    let whole = catalogue(200);
    let cut = said("kev", says("200 OK", &[("Content-Type", "application/json")], &whole[..500])).await;
    assert_eq!(cut, "ends in the middle, at line 1, byte 500 (application/json from HOST)");
    let mut broken_off = answer("200 OK", &[], &whole);
    broken_off.truncate(900);
    let broken_off = said("kev", Does::Says(broken_off)).await;
    assert!(broken_off.starts_with("HOST broke off in the middle of its answer"), "{broken_off}");
    let page = said("kev", says("200 OK", &[("Content-Type", "text/html; charset=utf-8")], b"\n<!DOCTYPE html>")).await;
    assert_eq!(page, "a web page instead of data (text/html from HOST)");
    assert_eq!(said("kev", says("500 Oops", &[], b"")).await, "HOST answered 500");
    assert!(said("kev", says("200 OK", &[], b"")).await.starts_with("HOST answered with nothing"));
}

#[tokio::test]
async fn a_bomb_and_a_flood_are_refused_in_little_memory() {
    let started = Instant::now();
    let server = Web::start(vec![("/x", says("200 OK", &[], &bomb()))]);
    let url = Url::parse(&server.url("/x")).unwrap();
    let fetch = Fetch { url: &url, validators: None, cap: 1 << 30, total: Duration::from_secs(30) };
    let skim = |source: &mut dyn std::io::BufRead| {
        std::io::copy(source, &mut std::io::sink()).map_err(|error| Fault::new(error.to_string()))
    };
    let fault = Http::new().unwrap().stream(fetch, skim).await.map(|_: Streamed<u64>| ()).unwrap_err();
    assert!(fault.said.as_str().contains("unpacks to more than 200 times its size"), "{fault}");
    let line = said("epss", says("200 OK", &[], &bomb())).await;
    assert!(line.starts_with("line 1 is longer than any line"), "{line}");
    let flood = answer("200 OK", &[], &vec![b'7'; 100_000_000]);
    let refused = said("kev", Does::Says(flood.clone())).await;
    assert_eq!(refused, "HOST sends more than 16 MiB");
    // The same without a length that gives it away.
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    let open = Does::Says([head, b"{\"title\": \"".to_vec(), vec![b'7'; 100_000_000]].concat());
    assert!(said("kev", open).await.starts_with("HOST sends more than 16 MiB"));
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn a_trickle_ends_at_its_deadline_and_nobody_waits_for_the_parser() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n{\"title\": \"".to_vec();
    let server = Web::start(vec![("/x", Does::Trickles(head, b"x".to_vec(), Duration::from_millis(50)))]);
    let url = Url::parse(&server.url("/x")).unwrap();
    let http = Http::patient(Patience { connect: Duration::from_secs(1), idle: Duration::from_secs(1) });
    let fetch = Fetch { url: &url, validators: None, cap: 1 << 20, total: Duration::from_millis(600) };
    let started = Instant::now();
    let parse = |source: &mut dyn std::io::BufRead| {
        let mut all = Vec::new();
        source.read_to_end(&mut all).map(|_| ()).map_err(|error| Fault::new(error.to_string()))
    };
    let fault = http.stream(fetch, parse).await.map(|_: Streamed<()>| ()).unwrap_err();
    assert!(fault.said.as_str().contains("no whole answer within 600 ms") && fault.passing, "{fault}");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn too_few_and_suddenly_few_are_not_believed() {
    let few = said("kev", says("200 OK", &[], &catalogue(3))).await;
    assert_eq!(few, "only 3 vulnerabilities, where there are always more than 100: not believed");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kev.json");
    let source = source("kev", Url::from_file_path(&file).unwrap().as_str());
    std::fs::write(&file, catalogue(2_000)).unwrap();
    let (_, memory) = seen(ask(&source, None).await.unwrap());
    std::fs::write(&file, catalogue(150)).unwrap();
    std::fs::File::open(&file).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let fault = ask(&source, memory.as_deref()).await.unwrap_err();
    assert_eq!(fault.said, "only 150 vulnerabilities, where there were 2000: not believed");
    assert!(fault.mend.is_some());
}

#[tokio::test]
async fn the_tracker_is_read_as_a_stream_and_says_where_it_is_wrong() {
    let state = json!({"status": "resolved", "fixed_version": "1.2-3", "urgency": "low"});
    let packages: serde_json::Map<String, Value> = (0..500)
        .map(|number| (format!("source{number}"), json!({"CVE-2026-1": {"releases": {"trixie": state}}})))
        .collect();
    let text = Value::Object(packages).to_string();
    let whole = asked_for("debian_tracker", says("200 OK", &[], &gzip(text.as_bytes()))).await.unwrap();
    let (Fact::DebianTracker(tracker), _) = seen(whole) else { panic!("another fact") };
    assert_eq!((tracker.packages.len(), tracker.issues("source7", "trixie").count()), (500, 1));
    let packed = gzip(text.as_bytes());
    let torn = said("debian_tracker", says("200 OK", &[], &packed[..packed.len() - 30])).await;
    assert!(torn.starts_with("HOST: its packed data ends in the middle, after "), "{torn}");
    let wrong = text.replacen("\"1.2-3\"", "\"1.2 3\"", 1);
    let wrong = said("debian_tracker", says("200 OK", &[], wrong.as_bytes())).await;
    assert!(wrong.starts_with("not as expected at source0 CVE-2026-1 (line 1, byte "), "{wrong}");
}

#[tokio::test]
async fn a_list_of_tomorrow_is_not_believed() {
    let text = String::from_utf8(catalogue(200)).unwrap().replace("2026-11-20T17", "2027-11-20T17");
    let said = said("kev", says("200 OK", &[], text.as_bytes())).await;
    assert_eq!(said, "dated 2027-11-20, in the future: not believed");
}

#[tokio::test]
async fn the_last_good_copy_outlives_every_bad_one_and_no_other_source_suffers() {
    use matins::domain::{Limits, SourceState};
    use matins::round::{Desk, Pass, Plan, pass};
    use matins::store::Sqlite;

    let folder = tempfile::tempdir().unwrap();
    let files = ["kev", "epss"].map(|name| folder.path().join(name));
    let scores = (1..=300).map(|id| format!("CVE-2026-{id},0.1,0.5")).collect::<Vec<_>>().join("\n");
    std::fs::write(&files[0], catalogue(200)).unwrap();
    std::fs::write(&files[1], gzip(format!("cve,epss,percentile\n{scores}").as_bytes())).unwrap();
    let sources = ["kev", "epss"].iter().zip(&files);
    let sources = sources.map(|(key, file)| source(key, Url::from_file_path(file).unwrap().as_str())).collect();
    let plan = Plan {
        operator: "mona".into(),
        machine: "ws".into(),
        zone: jiff::tz::TimeZone::UTC,
        limits: Limits::default(),
        configured: true,
        register: Vec::new(),
        sources,
        telling: matins::tell::Telling::default(),
    };
    let store = Sqlite::open(&folder.path().join("matins.db")).unwrap();
    let mut desk = Desk::open(plan.clone(), Box::new(store)).unwrap();
    let tools = std::sync::Arc::new(Tools::new(clock).unwrap());
    let all = Pass::default();
    pass(&mut desk, &tools, &all, std::future::pending(), |_| ()).await.unwrap().kept().unwrap();
    let good: Vec<Fact> = desk.evidence().sources.iter().map(|source| source.seen[0].fact.clone()).collect();
    let whole = gzip(&catalogue(200));
    for bad in [whole[..100].to_vec(), catalogue(200)[..300].to_vec(), b"<html>".to_vec(), catalogue(2), vec![7; 4_000]]
    {
        std::fs::write(&files[0], &bad).unwrap();
        std::fs::File::open(&files[0]).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        pass(&mut desk, &tools, &all, std::future::pending(), |_| ()).await.unwrap().kept().unwrap();
        let [kev, epss] = &desk.evidence().sources[..] else { panic!("two sources") };
        assert_eq!((kev.state(clock()), epss.state(clock())), (SourceState::Silent, SourceState::Fresh));
        assert!(kev.fault.is_some() && kev.good_at.is_some());
        assert_eq!([kev.seen[0].fact.clone(), epss.seen[0].fact.clone()], good[..]);
    }
    drop(desk);
    let store = Sqlite::open(&folder.path().join("matins.db")).unwrap();
    let desk = Desk::open(plan, Box::new(store)).unwrap();
    let kept: Vec<Fact> = desk.evidence().sources.iter().map(|source| source.seen[0].fact.clone()).collect();
    assert_eq!(kept, good, "also after a restart");
}
