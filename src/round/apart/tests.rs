//! What a cleared desk finds is what a desk finds on which everything lies.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::*;
use crate::collect::tools::Tools;
use crate::collect::{Ask, Asked, Source};
use crate::domain::facts::{Fact, Reached, ServiceDeclared, ServiceSeen};
use crate::domain::{
    Declared, Limits, Link, Observation, Period, Read, SourceId, SourceState, Subject, SubjectKind, Verdict,
};
use crate::store::{Attempt, Outcome, Sqlite};

struct Nobody;

impl Ask for Nobody {
    fn ask<'a>(&'a self, _tools: &'a Tools, _memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(std::future::pending())
    }
}

fn url() -> Link {
    Link::parse("http://wiki.example/").unwrap()
}

fn wiki() -> Subject {
    Subject::new(SubjectKind::Service, "wiki")
}

/// One approved service.
fn plan() -> Plan {
    let service = ServiceDeclared {
        url: Some(url()),
        owner: None,
        purpose: None,
        data: Vec::new(),
        agreement: None,
        review: None,
    };
    let declared = Declared { subject: wiki(), fact: Fact::ServiceDeclared(service), place: "register.toml:1".into() };
    let source = Source {
        id: SourceId::new("services", "wiki"),
        every: Period::minutes(15),
        deadline: Duration::from_secs(2),
        declared: vec![declared],
        ask: Arc::new(Nobody),
    };
    Plan {
        machine: "ws".into(),
        operator: "mona".into(),
        zone: TimeZone::UTC,
        limits: Limits::default(),
        configured: true,
        register: Vec::new(),
        sources: vec![source],
        telling: crate::tell::Telling::default(),
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
}

/// The service answered with this status.
fn answer(status: u16, minute: i64) -> Attempt {
    let reached = Read::Seen(Reached { status, took_ms: 5, redirect: None });
    let fact = Fact::ServiceSeen(ServiceSeen { url: url(), reached, certificate: None });
    let observations = vec![Observation { subject: wiki(), at: at(minute), fact }];
    let outcome = Outcome::Seen { observations, memory: Some(format!("answer {minute}")) };
    Attempt { id: SourceId::new("services", "wiki"), asked_at: at(minute), took_ms: 5, outcome }
}

fn cleared(file: &Path) -> Desk {
    let desk = Desk::cleared(plan(), Box::new(Sqlite::open(file).unwrap())).unwrap();
    assert!(desk.is_clear);
    desk
}

fn reachable(round: &Round) -> Verdict {
    round.findings.iter().find(|one| one.key.as_str() == "approved-services/wiki/reachable").unwrap().verdict
}

/// Another process that writes, until it is dropped.
fn writer(file: &Path) -> rusqlite::Connection {
    let other = rusqlite::Connection::open(file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[test]
fn what_was_seen_is_in_the_store_and_is_judged_as_if_it_lay_here() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let (mut clear, mut open) = (cleared(&file), {
        let store = Sqlite::open(&folder.path().join("b.db")).unwrap();
        Desk::open(plan(), Box::new(store)).unwrap()
    });
    for (minute, status) in [(0, 200), (1, 500), (2, 500), (3, 200)] {
        clear.take(answer(status, minute)).unwrap();
        open.take(answer(status, minute)).unwrap();
        assert!(clear.evidence().sources[0].seen.is_empty());
        let round = clear.evaluate_apart(at(minute)).unwrap();
        assert_eq!(round, open.evaluate(at(minute)).unwrap());
        assert_eq!(reachable(&round), if status == 200 { Verdict::Ok } else { Verdict::Broken });
        let key = "approved-services/wiki/reachable".into();
        assert_eq!(clear.changed_at(&key), open.changed_at(&key), "minute {minute}");
    }
}

#[test]
fn what_could_not_be_kept_is_judged_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let mut desk = cleared(&file);
    desk.take(answer(200, 0)).unwrap();
    assert_eq!(reachable(&desk.evaluate_apart(at(0)).unwrap()), Verdict::Ok);
    let busy = writer(&file);
    let id = SourceId::new("services", "wiki");
    assert_eq!(desk.memory(&id).as_deref(), Some("answer 0"));
    desk.take(answer(500, 1)).unwrap_err();
    assert_eq!(desk.memory(&id), None, "what the store lacks is asked for as a whole");
    desk.evaluate_apart(at(1)).unwrap_err();
    assert_eq!(reachable(&desk.glance_apart(at(1))), Verdict::Broken);
    drop(busy);
    assert_eq!(reachable(&desk.evaluate_apart(at(2)).unwrap()), Verdict::Broken);
    desk.take(answer(200, 3)).unwrap();
    assert_eq!(reachable(&desk.evaluate_apart(at(3)).unwrap()), Verdict::Ok);
}

#[test]
fn what_cannot_be_kept_does_not_begin_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let mut desk = cleared(&file);
    desk.take(answer(500, 0)).unwrap();
    let histories = |round: &Round| -> Vec<_> {
        round.findings.iter().map(|finding| (finding.key.clone(), finding.since, finding.first_seen)).collect()
    };
    let before = desk.evaluate_apart(at(0)).unwrap();
    assert_eq!(reachable(&before), Verdict::Broken);
    let _busy = writer(&file);
    desk.evaluate_apart(at(7)).unwrap_err();
    let round = desk.glance_apart(at(7));
    assert_eq!((round.at, histories(&round)), (at(7), histories(&before)));
}

#[test]
fn where_nothing_can_be_read_nothing_is_known_and_no_new_store_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let mut desk = cleared(&file);
    desk.take(answer(200, 0)).unwrap();
    assert_eq!(reachable(&desk.evaluate_apart(at(0)).unwrap()), Verdict::Ok);
    std::fs::rename(&file, folder.path().join("away.db")).unwrap();
    let fault = desk.evaluate_apart(at(1)).unwrap_err();
    let round = desk.glance_apart(at(1));
    assert_eq!(reachable(&round), Verdict::Unknown);
    let line = &round.sources[0];
    assert_eq!(line.state, SourceState::Silent);
    assert_eq!(line.fault, Some(fault));
    assert!(!file.exists());
    std::fs::rename(folder.path().join("away.db"), &file).unwrap();
    assert_eq!(reachable(&desk.evaluate_apart(at(2)).unwrap()), Verdict::Ok);
}

#[test]
fn what_another_process_could_write_since_is_newer_than_what_could_not_be_kept_here() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let mut desk = cleared(&file);
    let busy = writer(&file);
    desk.take(answer(200, 1)).unwrap_err();
    drop(busy);
    Sqlite::open(&file).unwrap().keep(&answer(500, 2)).unwrap();
    assert_eq!(reachable(&desk.evaluate_apart(at(3)).unwrap()), Verdict::Broken);
    let failed = Outcome::Failed(Fault::new("refused"));
    let busy = writer(&file);
    desk.take(answer(200, 4)).unwrap_err();
    drop(busy);
    desk.take(Attempt { outcome: failed, ..answer(200, 5) }).unwrap();
    let round = desk.evaluate_apart(at(6)).unwrap();
    assert_eq!((reachable(&round), round.sources[0].at), (Verdict::Ok, Some(at(4))));
}

#[test]
fn damage_in_the_record_that_an_evaluation_comes_upon_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let mut desk = cleared(&file);
    Sqlite::open(&file).unwrap().append(&mut |_| Some("no entry at all".into()), None).unwrap();
    desk.evaluate_apart(at(0)).unwrap();
    assert_eq!(desk.damage().len(), 1);
}

#[test]
fn what_the_store_lost_is_no_answer_without_anything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let mut desk = cleared(&file);
    desk.take(answer(200, 0)).unwrap();
    assert_eq!(reachable(&desk.evaluate_apart(at(0)).unwrap()), Verdict::Ok);
    rusqlite::Connection::open(&file).unwrap().execute("UPDATE body SET json = 'x'", []).unwrap();
    let round = desk.evaluate_apart(at(1)).unwrap();
    assert_eq!((reachable(&round), round.sources[0].state), (Verdict::Unknown, SourceState::Silent));
    assert_eq!(desk.memory(&SourceId::new("services", "wiki")), None, "it is asked for as a whole");
    desk.take(answer(200, 2)).unwrap();
    assert_eq!(reachable(&desk.evaluate_apart(at(2)).unwrap()), Verdict::Ok);
}
