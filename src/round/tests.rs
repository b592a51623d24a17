//! Rounds with sources that fail in every way a source can.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::*;
use crate::collect::tools::Tools;
use crate::collect::{Answer, Ask, Asked, Source};
use crate::domain::{DeedKind, Limits, Period, SourceState};
use crate::store::{Sqlite, Store as _};

#[expect(clippy::disallowed_methods, reason = "a test is an edge")]
fn now() -> Timestamp {
    Timestamp::now()
}

enum Act {
    Answer,
    Fail(AtomicUsize),
    /// Fails after most of its time.
    Late(AtomicUsize),
    Panic,
    Hang,
}

impl Ask for Act {
    fn ask<'a>(&'a self, _tools: &'a Tools, _memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async move {
            match self {
                Self::Answer => Ok(Answer::seen(Vec::new())),
                Self::Fail(count) => {
                    count.fetch_add(1, Ordering::Relaxed);
                    Err(Fault::passing("refused"))
                }
                Self::Late(count) => {
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(1_500)).await;
                    Err(Fault::passing("its program did not end"))
                }
                Self::Panic => panic!("a parser met something new"),
                Self::Hang => std::future::pending().await,
            }
        })
    }
}

fn source(name: &str, act: Arc<Act>) -> Source {
    Source {
        id: SourceId::new("test", name),
        every: Period::minutes(15),
        deadline: Duration::from_secs(2),
        declared: Vec::new(),
        ask: act,
    }
}

fn desk(sources: Vec<Source>) -> Desk {
    desk_that_tells(sources, crate::tell::Telling::default())
}

/// A new desk on an empty store, with these sources and channels.
pub(super) fn desk_that_tells(sources: Vec<Source>, telling: crate::tell::Telling) -> Desk {
    let plan = Plan {
        machine: "ws".into(),
        operator: "mona".into(),
        zone: TimeZone::UTC,
        limits: Limits::default(),
        configured: true,
        register: Vec::new(),
        sources,
        telling,
    };
    Desk::open(plan, Box::new(Sqlite::in_memory().unwrap())).unwrap()
}

/// A desk on a store in this file.
fn desk_on(file: &std::path::Path, sources: Vec<Source>) -> Desk {
    Desk::open(desk(sources).plan, Box::new(Sqlite::open(file).unwrap())).unwrap()
}

fn tools() -> Arc<Tools> {
    Arc::new(Tools::new(now).unwrap())
}

/// Two rules may read one limit, each declaring it; the schema and `config show` then name it once.
#[test]
fn a_limit_that_two_rules_read_has_one_default() {
    let all: Vec<_> = crate::policy::rules::ALL.iter().flat_map(|rule| rule.limits).collect();
    for limit in &all {
        let twin = all.iter().find(|other| other.key == limit.key).unwrap();
        assert_eq!(twin.default, limit.default, "{}", limit.key);
    }
}

#[tokio::test(start_paused = true)]
async fn one_bad_source_never_takes_another_with_it() {
    let failing = Arc::new(Act::Fail(AtomicUsize::new(0)));
    let mut desk = desk(vec![
        source("good", Arc::new(Act::Answer)),
        source("failing", Arc::clone(&failing)),
        source("panicking", Arc::new(Act::Panic)),
        source("hanging", Arc::new(Act::Hang)),
    ]);
    let mut order = Vec::new();
    let round = pass(&mut desk, &tools(), &Pass::default(), std::future::pending(), |step| {
        order.push(step.id.name.to_string());
    })
    .await
    .unwrap()
    .kept()
    .unwrap();
    let state = |name: &str| round.sources.iter().find(|line| line.id.name == *name).unwrap();
    assert_eq!(state("good").state, SourceState::Fresh);
    for (name, said) in
        [("failing", "refused"), ("panicking", "failed inside matins"), ("hanging", "no whole answer within 2 s")]
    {
        assert_eq!(state(name).state, SourceState::Silent, "{name}");
        assert!(state(name).fault.as_ref().unwrap().said.as_str().contains(said), "{name}: {:?}", state(name).fault);
    }
    assert_eq!(order.last().map(String::as_str), Some("hanging"));
    let Act::Fail(tries) = &*failing else { panic!("it fails") };
    assert_eq!(tries.load(Ordering::Relaxed), 2, "a passing fault is tried once more");
}

#[tokio::test(start_paused = true)]
async fn what_a_late_failure_said_is_not_lost_to_a_second_try_that_has_no_time() {
    let late = Arc::new(Act::Late(AtomicUsize::new(0)));
    let mut desk = desk(vec![source("late", Arc::clone(&late))]);
    let passed = pass(&mut desk, &tools(), &Pass::default(), std::future::pending(), |_| {}).await;
    let round = passed.unwrap().kept().unwrap();
    assert_eq!(round.sources[0].fault.as_ref().unwrap().said, "its program did not end");
    let Act::Late(tries) = &*late else { panic!("it is late") };
    assert_eq!(tries.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_pass_judges_nothing() {
    let mut desk = desk(vec![source("hanging", Arc::new(Act::Hang))]);
    let done = pass(&mut desk, &tools(), &Pass::default(), tokio::time::sleep(Duration::from_millis(10)), |_| {}).await;
    assert!(done.is_none());
}

#[tokio::test]
async fn what_a_busy_store_does_not_take_is_asked_and_judged_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("matins.db");
    let failing = Arc::new(Act::Fail(AtomicUsize::new(0)));
    let mut desk = desk_on(&file, vec![source("good", Arc::new(Act::Answer)), source("failing", failing)]);
    let busy = rusqlite::Connection::open(&file).unwrap();
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let passed = pass(&mut desk, &tools(), &Pass::default(), std::future::pending(), |_| {}).await.unwrap();
    let round = &passed.round;
    assert_eq!((round.sources[0].state, round.sources[0].fault.as_ref()), (SourceState::Fresh, None));
    assert_eq!(round.sources[1].fault.as_ref().unwrap().said, "refused");
    let keys: Vec<_> = round.findings.iter().map(|finding| finding.key.clone()).collect();
    assert_eq!(passed.particulars.as_ref().unwrap().keys().cloned().collect::<HashSet<_>>(), HashSet::from_iter(keys));
    assert!(passed.kept().unwrap_err().to_string().contains("busy"));
    drop(busy);
    let passed = pass(&mut desk, &tools(), &Pass::default(), std::future::pending(), |_| {}).await.unwrap();
    let round = passed.kept().unwrap();
    assert_eq!(Sqlite::open(&file).unwrap().last().unwrap().unwrap().sources, round.sources);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_named_is_asked() {
    let mut desk = desk(vec![source("a", Arc::new(Act::Answer)), source("b", Arc::new(Act::Hang))]);
    let only = Pass { only: vec!["test/a".into()] };
    let passed = pass(&mut desk, &tools(), &only, std::future::pending(), |_| {}).await;
    let round = passed.unwrap().kept().unwrap();
    assert_eq!(round.sources[1].fault, None);
}

#[tokio::test]
async fn the_schedule_tells_of_answers_and_obeys() {
    let (orders, inbox) = tokio::sync::mpsc::unbounded_channel();
    let (updates, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let failing = Arc::new(Act::Fail(AtomicUsize::new(0)));
    let desk = desk(vec![source("good", Arc::new(Act::Answer)), source("failing", Arc::clone(&failing))]);
    let (owed, _) = tokio::sync::watch::channel(0);
    let clerk =
        tokio::spawn(run(Schedule { desk, tools: tools(), orders: inbox, updates, watch: None, away: false, owed }));
    let fresh = |round: &Round| round.sources[0].state == SourceState::Fresh && round.sources[1].fault.is_some();
    wait_for(&mut heard, fresh).await;
    let Act::Fail(tries) = &*failing else { panic!("it fails") };
    let before = tries.load(Ordering::Relaxed);
    orders.send(Order::Refresh(SourceId::new("test", "failing"))).unwrap();
    wait_for(&mut heard, |_| tries.load(Ordering::Relaxed) > before).await;
    drop(orders);
    clerk.await.unwrap();
}

async fn wait_for(heard: &mut tokio::sync::mpsc::UnboundedReceiver<Update>, done: impl Fn(&Round) -> bool) {
    let waiting = async {
        while let Some(update) = heard.recv().await {
            if matches!(update, Update::Round(round) if done(&round)) {
                return;
            }
        }
        panic!("the schedule ended");
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the schedule said nothing for 20 s");
}

#[tokio::test]
async fn a_console_that_is_left_when_a_deed_ends_has_its_end_in_the_record() {
    let (orders, inbox) = tokio::sync::mpsc::unbounded_channel();
    let (updates, _heard) = tokio::sync::mpsc::unbounded_channel();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("matins.db");
    let desk = desk_on(&file, Vec::new());
    let (owed, owing) = tokio::sync::watch::channel(0);
    // Whoever hangs up is heard before the end of the deed.
    orders.send(Order::Do(nothing())).unwrap();
    drop(orders);
    run(Schedule { desk, tools: tools(), orders: inbox, updates, watch: None, away: false, owed }).await;
    let entries = Sqlite::open(&file).unwrap().log(0).unwrap();
    assert_eq!(entries.len(), 2, "begun and ended: {entries:?}");
    assert_eq!(*owing.borrow(), 0);
}

fn nothing() -> Deed {
    Deed { kind: DeedKind::Reboot, title: "Reboot nothing".into(), batches: Vec::new(), remarks: Vec::new() }
}

#[tokio::test]
async fn the_end_of_a_deed_that_the_store_did_not_take_comes_into_the_record_later() {
    let (orders, inbox) = tokio::sync::mpsc::unbounded_channel();
    let (updates, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("matins.db");
    let desk = desk_on(&file, Vec::new());
    let full = rusqlite::Connection::open(&file).unwrap();
    full.execute_batch("CREATE TRIGGER full BEFORE INSERT ON transcript BEGIN SELECT raise(ABORT, 'full'); END")
        .unwrap();
    let (owed, owing) = tokio::sync::watch::channel(0);
    let schedule = Schedule { desk, tools: tools(), orders: inbox, updates, watch: None, away: false, owed };
    let clerk = tokio::spawn(run(schedule));
    orders.send(Order::Do(nothing())).unwrap();
    let full_said = async {
        while let Some(update) = heard.recv().await {
            if matches!(&update, Update::Trouble(fault) if fault.said.as_str().contains("full")) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), full_said).await.expect("nobody said that the store is full");
    assert_eq!(*owing.borrow(), 1);
    full.execute_batch("DROP TRIGGER full").unwrap();
    drop(orders);
    clerk.await.unwrap();
    let archive = Sqlite::open(&file).unwrap().archive().unwrap();
    assert_eq!((archive.lines.len(), archive.transcripts.len()), (2, 1), "{archive:?}");
    assert_eq!(*owing.borrow(), 0);
}

#[test]
fn one_round_thins_out_a_few_days_at_most() {
    let at = |day: i64| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * day);
    let mut desk = desk(Vec::new());
    for day in 0..41 {
        desk.store.record(at(day), &"mona".into(), Vec::new(), Vec::new()).unwrap();
    }
    desk.thin_out(at(41)).unwrap();
    let left = std::iter::from_fn(|| desk.store.thin_out(at(41)).unwrap().then_some(()));
    assert_eq!(left.count(), 7);
}
