//! Five hundred backups with a thousand snapshots each: judged, drawn, put on the screen. Prints figures; judges nothing.
//! `cargo bench --bench backups`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints its figures"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use matins::domain::facts::{BackupDeclared, BackupExpect, Encryption, HostDeclared, Slot, Snapshot, Snapshots};
use matins::domain::{
    Declared, Evidence, Fact, Limits, Observation, Period, SourceId, SourceRecord, Subject, SubjectKind,
};
use matins::policy::{Case, Rule, rules};
use matins::round::{Desk, Plan};
use matins::store::Sqlite;
use matins::tui::theme::Theme;
use matins::tui::{Fleet, Rehearsal, Start};

const SOURCES: i64 = 500;
const SNAPSHOTS: i64 = 1_000;

fn record(number: i64, now: Timestamp) -> SourceRecord {
    let (server, name) = (format!("server{number:03}"), format!("backup {number:03}"));
    let subject = Subject::new(SubjectKind::Backup, name.as_str());
    let snapshot = |night: i64| Snapshot {
        host: Some(server.as_str().into()),
        paths: vec!["/etc".into(), "/srv".into(), "/home".into()],
        bytes: Some(4_000_000_000 + night.unsigned_abs() * 1_000),
        files: Some(67_000),
        took_seconds: Some(300),
        ..Snapshot::new(format!("{number:03}{night:05}"), now - SignedDuration::from_hours(24 * night + 5))
    };
    let list = Snapshots { snapshots: (0..SNAPSHOTS).map(snapshot).collect(), ..Snapshots::default() };
    let says = BackupDeclared {
        tool: "restic".into(),
        of: vec![server.as_str().into()],
        slots: vec![Slot::LastNight, Slot::Ago(Period::days(7)), Slot::Ago(Period::days(14))],
        offsite: number % 2 == 1,
        expect: BackupExpect::default(),
        encryption: Encryption::By("restic".into()),
    };
    let host = Fact::HostDeclared(HostDeclared::default());
    SourceRecord {
        id: SourceId::new("backups", name),
        declared: vec![
            Declared { subject: subject.clone(), fact: Fact::BackupDeclared(says), place: "register.toml:9".into() },
            Declared { subject: Subject::host(server.as_str()), fact: host, place: "register.toml:3".into() },
        ],
        seen: vec![Observation { subject, at: now, fact: Fact::Snapshots(list) }],
        good_at: Some(now),
        asked_at: Some(now),
        took_ms: Some(100),
        fault: None,
        failures: 0,
        stale_after: Period::hours(1),
    }
}

fn spread(name: &str, runs: usize, mut run: impl FnMut()) {
    let mut values: Vec<f64> = (0..runs)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let at = |percent: usize| values[(values.len() - 1) * percent / 100];
    println!("{name:<44} median {:>8.2} ms   min {:>8.2} ms   max {:>8.2} ms", at(50), at(0), at(100));
}

fn main() {
    let now = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
    let zone = TimeZone::get("Europe/Vienna").unwrap();
    let sources = (0..SOURCES).map(|number| record(number, now)).collect();
    let evidence = Evidence { sources, configured: true, ..Evidence::default() };
    let limits = Limits::default();
    let case = Case { evidence: &evidence, limits: &limits, now, zone: &zone };
    let rule = |measure: &str| rules::ALL.iter().find(|rule| rule.measure == measure).unwrap();
    let both: [&Rule; 2] = [rule("backup-on-site"), rule("backup-off-site")];
    println!("{SOURCES} backups with {SNAPSHOTS} snapshots each");
    spread("both backup measures judged", 20, || {
        for rule in both {
            black_box((rule.judge)(&case));
        }
    });
    let server = Subject::host("server042");
    spread("the picture of one server taken", 200, || {
        black_box((both[0].exhibits)(&case, &server));
    });
    let plan = Plan {
        operator: "bench".into(),
        machine: "bench".into(),
        zone: zone.clone(),
        limits: limits.clone(),
        configured: true,
        register: Vec::new(),
        sources: Vec::new(),
        telling: matins::tell::Telling::default(),
    };
    let mut desk = Desk::replay(plan, Box::new(Sqlite::in_memory().unwrap()), evidence.clone());
    let round = Arc::new(desk.evaluate(now).unwrap());
    let start = Start {
        round,
        now,
        zone: zone.clone(),
        theme: Theme::built_in("dark").unwrap(),
        demo: false,
        hints: Vec::new(),
        fleet: Fleet::default(),
    };
    let mut console =
        Rehearsal::new(start, 120, 40).answered(move |order| desk.answer(order, now).into_iter().collect());
    console.press("4");
    spread("frame: the backups, full screen", 200, || {
        black_box(console.frame());
    });
    console.press("w");
    spread("frame: one of them, with its pictures", 200, || {
        black_box(console.frame());
    });
}
