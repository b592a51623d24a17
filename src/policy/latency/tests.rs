//! Histories as the store has them.

use std::sync::Arc;

use super::*;
use crate::domain::facts::{Bulletin, Bulletins, HostDeclared};
use crate::domain::{
    Declared, Fact, FindingKey, Limits, Observation, Period, SourceId, SourceRecord, Subject, SubjectKind, Verdict,
};
use crate::policy::{Case, evaluate};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn turn(id: &str, when: &str, host: &str, word: Option<&str>) -> Turn {
    let subject = Subject::new(SubjectKind::Advisory, id);
    let key = FindingKey::new("advisories", &subject, None);
    Turn { at: at(when), key, item: format!("host {host}").into(), word: word.map(Shown::from) }
}

fn evidence(bulletins: &[(&str, &str)], turns: Vec<Turn>) -> Evidence {
    let bulletin = |(id, date): &(&str, &str)| Bulletin {
        withdrawn: None,
        id: (*id).into(),
        date: date.parse().ok(),
        title: "x".into(),
        cves: Vec::new(),
        fixed: Vec::new(),
    };
    let fact = Fact::Bulletins(Arc::new(Bulletins { bulletins: bulletins.iter().map(bulletin).collect() }));
    let subject = Subject::new(SubjectKind::Feed, "debian_dsa");
    let source = SourceRecord {
        id: SourceId::new("advisories", "debian_dsa"),
        declared: Vec::new(),
        seen: vec![Observation { subject, at: at("2026-11-23T08:00:00Z"), fact }],
        good_at: Some(at("2026-11-23T08:00:00Z")),
        asked_at: None,
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(2),
    };
    Evidence { sources: vec![source], turns, configured: true, ..Evidence::default() }
}

fn hours(evidence: &Evidence) -> Vec<(String, i64)> {
    let truth = Truth::of(evidence, at("2026-11-23T08:00:00Z"));
    let all = patched(evidence, &truth, at("2026-11-23T08:00:00Z"));
    all.iter().filter(|one| !one.open).map(|one| (one.id.to_string(), one.took.as_hours())).collect()
}

fn open_hours(evidence: &Evidence) -> Vec<i64> {
    let truth = Truth::of(evidence, at("2026-11-23T08:00:00Z"));
    let all = patched(evidence, &truth, at("2026-11-23T08:00:00Z"));
    all.iter().filter(|one| one.open).map(|one| one.took.as_hours()).collect()
}

/// A server of the register that answers, and does not tell its packages.
fn mute(host: &str) -> SourceRecord {
    let subject = Subject::host(host);
    SourceRecord {
        id: SourceId::new("servers", host),
        declared: vec![Declared { subject, fact: Fact::HostDeclared(HostDeclared::default()), place: "a:1".into() }],
        seen: Vec::new(),
        good_at: Some(at("2026-11-23T08:00:00Z")),
        asked_at: None,
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(2),
    }
}

#[test]
fn an_advisory_is_over_when_the_last_affected_server_has_the_fix() {
    let turns = |last: &[Turn]| {
        let mut turns = vec![
            turn("DSA-1-1", "2026-11-03T01:00:00Z", "web1", Some("vulnerable")),
            turn("DSA-1-1", "2026-11-03T01:00:00Z", "web2", Some("vulnerable")),
            turn("DSA-1-1", "2026-11-03T01:00:00Z", "db1", Some("fixed")),
            turn("DSA-1-1", "2026-11-03T05:00:00Z", "web1", Some("fixed")),
        ];
        turns.extend(last.iter().cloned());
        evidence(&[("DSA-1-1", "2026-11-02")], turns)
    };
    assert_eq!(hours(&turns(&[])), [], "web2 is still vulnerable");
    assert_eq!(open_hours(&turns(&[])), [20 * 24 + 8], "and has been for twenty days");
    let fixed = turn("DSA-1-1", "2026-11-04T06:00:00Z", "web2", Some("fixed"));
    assert_eq!(hours(&turns(std::slice::from_ref(&fixed))), [("DSA-1-1".to_owned(), 30)]);
    let late = turn("DSA-1-1", "2026-11-09T00:00:00Z", "web9", Some("fixed"));
    assert_eq!(hours(&turns(&[fixed.clone(), late])), [("DSA-1-1".to_owned(), 30)], "a new server was never affected");
    let gone = turn("DSA-1-1", "2026-11-04T08:00:00Z", "web2", None);
    assert_eq!(hours(&turns(&[gone])), [("DSA-1-1".to_owned(), 32)], "it was taken out of the register");
    let forgotten = [fixed, turn("DSA-1-1", "2027-11-04T06:00:00Z", "web2", None)];
    assert_eq!(hours(&turns(&forgotten)), [("DSA-1-1".to_owned(), 30)], "its row was old enough to go");
    let runs = turn("DSA-1-1", "2026-11-04T06:00:00Z", "web2", Some("fixed, the old code still runs"));
    assert_eq!(hours(&turns(&[runs])), []);
}

#[test]
fn what_nobody_knows_any_more_is_not_patched() {
    let turns = |last: &[(&str, Option<&str>)]| {
        let mut turns = vec![turn("DSA-1-1", "2026-11-03T01:00:00Z", "web1", Some("vulnerable"))];
        turns.extend(last.iter().map(|(at, word)| turn("DSA-1-1", at, "web1", *word)));
        evidence(&[("DSA-1-1", "2026-11-02")], turns)
    };
    let dark = turns(&[("2026-11-04T00:00:00Z", Some("unknown"))]);
    assert_eq!((hours(&dark), open_hours(&dark).len()), (vec![], 1));
    let known_again = turns(&[("2026-11-04T00:00:00Z", Some("unknown")), ("2026-11-05T00:00:00Z", Some("fixed"))]);
    assert_eq!(hours(&known_again), [("DSA-1-1".to_owned(), 48)]);
    // The register has it, and it does not tell its packages: that its row says nothing of it is no cure.
    let mut silent = turns(&[("2026-11-04T00:00:00Z", None)]);
    assert_eq!(hours(&silent), [("DSA-1-1".to_owned(), 24)], "it is gone from the register");
    silent.sources.push(mute("web1"));
    assert_eq!((hours(&silent), open_hours(&silent).len()), (vec![], 1));
    let mut back = turns(&[("2026-11-04T00:00:00Z", None), ("2026-11-06T00:00:00Z", Some("fixed"))]);
    back.sources.push(mute("web1"));
    assert_eq!(hours(&back), [("DSA-1-1".to_owned(), 72)]);
    // Unknown from the first day on: nobody saw it installed.
    let never = vec![turn("DSA-1-1", "2026-11-01T00:00:00Z", "web1", Some("unknown"))];
    let never = evidence(&[("DSA-1-1", "2026-11-02")], never);
    assert_eq!((hours(&never), open_hours(&never)), (vec![], vec![]));
}

#[test]
fn what_is_still_open_counts_as_soon_as_it_took_too_long() {
    let said = |published: &str| {
        let first = format!("{published}T08:00:00Z");
        let open = turn("DSA-2-1", &first, "web1", Some("vulnerable"));
        let fixed = [("2026-11-02T01:00:00Z", "vulnerable"), ("2026-11-03T05:00:00Z", "fixed")];
        let mut turns: Vec<Turn> = fixed.iter().map(|(at, word)| turn("DSA-1-1", at, "web1", Some(word))).collect();
        turns.push(open);
        let evidence = evidence(&[("DSA-1-1", "2026-11-02"), ("DSA-2-1", published)], turns);
        let (limits, now) = (Limits::default(), at("2026-11-23T08:00:00Z"));
        let case = Case { evidence: &evidence, limits: &limits, now, zone: &TimeZone::UTC };
        let one = evaluate(&case).into_iter().find(|one| one.subject.name == "patch latency").unwrap();
        (one.verdict, one.title.to_string())
    };
    let title = "median 5 h, p95 15 d over 2 advisories of the last 90d, 1 still open";
    assert_eq!(said("2026-11-07"), (Verdict::Due, title.into()));
    // One of yesterday may still be the fastest of all.
    assert_eq!(said("2026-11-22"), (Verdict::Ok, "median 5 h, p95 5 h over 1 advisory of the last 90d".into()));
}

#[test]
fn what_was_fixed_before_anybody_looked_does_not_count() {
    let turns = vec![
        turn("DSA-1-1", "2026-11-10T08:00:00Z", "web1", Some("fixed")),
        turn("DSA-2-1", "2026-11-16T03:00:00Z", "web1", Some("fixed")),
        turn("DSA-3-1", "2026-11-10T08:00:00Z", "web1", Some("vulnerable")),
        turn("DSA-3-1", "2026-11-11T00:00:00Z", "web1", Some("fixed")),
    ];
    let evidence = evidence(&[("DSA-1-1", "2026-11-02"), ("DSA-2-1", "2026-11-15"), ("DSA-3-1", "2026-11-09")], turns);
    assert_eq!(hours(&evidence), [("DSA-3-1".to_owned(), 24), ("DSA-2-1".to_owned(), 3)]);
}

#[test]
fn an_installation_within_the_day_of_publication_took_no_time() {
    let turns = vec![
        turn("DSA-1-1", "2026-11-01T08:00:00Z", "web1", Some("vulnerable")),
        turn("DSA-1-1", "2026-11-02T15:00:00Z", "web1", Some("fixed")),
    ];
    assert_eq!(hours(&evidence(&[("DSA-1-1", "2026-11-02")], turns)), [("DSA-1-1".to_owned(), 0)]);
}

#[test]
fn months_have_a_median_and_a_95th_percentile() {
    let id: Shown = "x".into();
    let one = |published: &str, hours| Patched {
        id: &id,
        published: at(published),
        took: SignedDuration::from_hours(hours),
        open: false,
    };
    let mut all: Vec<Patched<'_>> = (1..=20).map(|hours| one("2026-10-20T00:00:00Z", hours)).collect();
    // Out on the last day of October, whose end is in November.
    all.push(one("2026-11-01T00:00:00Z", 100));
    all.push(one("2026-11-05T00:00:00Z", 7));
    let months = months(&all, 12);
    let short: Vec<_> = months
        .iter()
        .map(|month| (month.first.to_string(), month.median_seconds / 3_600, month.p95_seconds / 3_600, month.count))
        .collect();
    assert_eq!(short, [("2026-10-01".to_owned(), 11, 20, 21), ("2026-11-01".to_owned(), 7, 7, 1)]);
    assert_eq!(super::months(&all, 1).len(), 1);
    assert_eq!(quantiles(Vec::new()), None);
}
