//! What happens while another process has the write lock.

use std::cell::RefCell;

use super::*;
use crate::domain::{SubjectKind, Verdict};

thread_local! {
    /// What the one who has the lock does as soon as somebody waits for it.
    static MEANWHILE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// As a busy timeout, without the time.
fn meanwhile(_tries: i32) -> bool {
    let act = MEANWHILE.with_borrow_mut(Option::take);
    act.map(|act| act()).is_some()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn record(store: &mut Sqlite, seconds: i64, verdict: Verdict) -> Round {
    let judgement = Judgement::new("backups", Subject::new(SubjectKind::Backup, "web1"), verdict, verdict.word());
    store.record(at(seconds), &"mona".into(), Vec::new(), vec![judgement]).unwrap()
}

#[test]
fn a_round_that_waits_for_another_is_written_over_what_that_one_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let (mut ours, mut other) = (Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap());
    record(&mut ours, 0, Verdict::Broken);
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let act: Box<dyn FnOnce()> = Box::new(move || {
        holder.execute_batch("ROLLBACK").unwrap();
        record(&mut other, 60, Verdict::Ok);
    });
    MEANWHILE.set(Some(act));
    ours.connection.busy_handler(Some(meanwhile)).unwrap();
    let round = record(&mut ours, 61, Verdict::Broken);
    assert!(MEANWHILE.take().is_none(), "it had to wait");
    assert_eq!(round.findings[0].since, at(61));
    assert_eq!(ours.last().unwrap(), Some(round));
    assert_eq!(ours.past(at(61)).unwrap().unwrap().round.findings[0].verdict, Verdict::Broken);
}

#[test]
fn who_waited_in_vain_waits_no_longer_than_others_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let mut ours = Sqlite::open(&path).unwrap().patient(Duration::from_millis(7)).unwrap();
    let waits =
        |store: &Sqlite| -> i64 { store.connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0)).unwrap() };
    let holder = Connection::open(&path).unwrap();
    assert_eq!(waits(&ours), 7);
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(ours.keep_told("phone", "x").unwrap_err().to_string().contains("busy"));
    assert_eq!(waits(&ours), 2_000);
}

#[test]
fn what_a_newer_version_made_of_the_file_while_we_waited_is_left_alone() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let (said, _) = open::migrate(&mut connection).unwrap_err();
    assert!(said.as_str().contains("newer matins"), "{said}");
    assert_eq!(connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0)).unwrap(), 99);
}
