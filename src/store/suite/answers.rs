//! What the sources had answered comes back, for as long as it is kept.

use jiff::SignedDuration;

use super::*;
use crate::domain::facts::{Exploited, Package, Packages};
use crate::domain::{SourceState, SubjectKind};

pub(super) fn run(fresh: &impl Fn() -> Box<dyn Store>) {
    every_answer_comes_back_as_it_was(fresh().as_mut());
    what_anybody_can_look_up_is_todays(fresh().as_mut());
    an_answer_that_came_a_little_later_is_no_other(fresh().as_mut());
    of_what_is_forgotten_nothing_is_claimed(fresh().as_mut());
}

const HOSTS: usize = 3;

fn hour(hours: i64) -> Timestamp {
    at(0) + SignedDuration::from_hours(hours)
}

fn server(number: usize) -> SourceId {
    SourceId::new("servers", format!("web{number}"))
}

/// A host has one of a few lists, and its neighbours may have the same.
fn host(id: &SourceId, (list, at): (usize, Timestamp)) -> Vec<Observation> {
    let packages = (0..3).map(|n| Package {
        name: format!("package{}", n + list).into(),
        version: "1".into(),
        source: "source".into(),
        source_version: "1".into(),
    });
    let fact = Fact::Packages(std::sync::Arc::new(Packages { packages: packages.collect() }));
    vec![
        Observation { subject: Subject::host(id.name.clone()), at, fact },
        Observation { at, ..advisory(&format!("DSA-{list}")) },
    ]
}

fn catalogue(number: usize, at: Timestamp) -> Observation {
    let listed = (0..number).map(|n| (format!("CVE-2026-{n}").into(), jiff::civil::date(2026, 1, 1)));
    let exploited = Exploited { released: None, listed: listed.collect() };
    let fact = Fact::Exploited(std::sync::Arc::new(exploited));
    Observation { subject: Subject::new(SubjectKind::Feed, "kev"), at, fact }
}

fn line(id: &SourceId, good: Option<Timestamp>) -> SourceLine {
    SourceLine { id: id.clone(), state: SourceState::Fresh, at: good, took_ms: Some(9), fault: None }
}

/// Rounds of three servers, each of which answers something else, the same, that nothing has changed, or not at all.
/// What is thinned out meanwhile changes nothing for those who look back no further than 30 days.
fn every_answer_comes_back_as_it_was(store: &mut dyn Store) {
    let mut random = fastrand::Rng::with_seed(5);
    let mut model: Vec<(Timestamp, BTreeMap<SourceId, Vec<Observation>>)> = Vec::new();
    let (mut now, mut good): (BTreeMap<_, Vec<Observation>>, BTreeMap<_, Timestamp>) = Default::default();
    for hours in (0..50 * 24).step_by(5) {
        for id in (0..HOSTS).map(server) {
            let asked_at = hour(hours);
            let outcome = match random.u8(..4) {
                0 => Outcome::Failed(Fault::new("refused")),
                1 if now.contains_key(&id) => Outcome::Unchanged,
                _ => {
                    let observations = host(&id, (random.usize(..4), asked_at));
                    now.insert(id.clone(), observations.clone());
                    Outcome::Seen { observations, memory: None }
                }
            };
            if !matches!(outcome, Outcome::Failed(_)) {
                good.insert(id.clone(), asked_at);
            }
            store.keep(&Attempt { id, asked_at, took_ms: 9, outcome }).unwrap();
        }
        let lines = (0..HOSTS).map(server).map(|id| line(&id, good.get(&id).copied())).collect();
        store.record(hour(hours), &"mona".into(), lines, Vec::new()).unwrap();
        model.push((hour(hours), now.clone()));
        while store.thin_out(hour(hours)).unwrap() {}
        for _ in 0..3 {
            let then = random.usize(..model.len());
            let (at, expected) = &model[then];
            if hour(hours).duration_since(*at) > SignedDuration::from_hours(30 * 24) {
                continue;
            }
            let answers = store.answers(*at + SignedDuration::from_mins(7)).unwrap();
            assert!(answers.is_whole, "{at}");
            let read: BTreeMap<_, _> = answers.kept.into_iter().map(|kept| (kept.id, told(kept.seen))).collect();
            for (id, seen) in &read {
                assert_eq!(*seen, told(expected.get(id).cloned().unwrap_or_default()), "{id} at {at}");
            }
            assert_eq!(read.len(), HOSTS);
        }
    }
    let oldest = store.answers(hour(6)).unwrap();
    assert!(!oldest.is_whole, "after 50 days nobody knows what was answered in the first hours");
}

/// An answer that is what the one before was is kept with the time of that one.
fn told(seen: Vec<Observation>) -> Vec<(Subject, Fact)> {
    seen.into_iter().map(|one| (one.subject, one.fact)).collect()
}

fn what_anybody_can_look_up_is_todays(store: &mut dyn Store) {
    let id = SourceId::new("advisories", "kev");
    for number in 1..3_u8 {
        let asked_at = hour(i64::from(number));
        let observations = vec![catalogue(usize::from(number), asked_at), advisory(&format!("DSA-{number}"))];
        let outcome = Outcome::Seen { observations, memory: None };
        store.keep(&Attempt { id: id.clone(), asked_at, took_ms: 9, outcome }).unwrap();
        store.record(asked_at, &"mona".into(), vec![line(&id, Some(asked_at))], Vec::new()).unwrap();
    }
    let then = store.answers(hour(1)).unwrap();
    let facts: Vec<Fact> = then.kept[0].seen.iter().map(|one| one.fact.clone()).collect();
    assert_eq!(facts, [catalogue(2, hour(2)).fact, advisory("DSA-1").fact]);
}

/// Its time tells which one is kept: the first.
fn an_answer_that_came_a_little_later_is_no_other(store: &mut dyn Store) {
    let id = server(0);
    for hours in 1..4 {
        let asked_at = hour(hours);
        let observations = host(&id, (1, asked_at + SignedDuration::from_millis(500 + hours)));
        let outcome = Outcome::Seen { observations, memory: None };
        store.keep(&Attempt { id: id.clone(), asked_at, took_ms: 9, outcome }).unwrap();
        store.record(asked_at, &"mona".into(), vec![line(&id, Some(asked_at))], Vec::new()).unwrap();
    }
    let kept = store.answers(hour(3)).unwrap().kept.remove(0);
    assert_eq!(kept.good_at, Some(hour(3)));
    assert!(kept.seen.iter().all(|one| one.at == hour(1) + SignedDuration::from_millis(501)), "{:?}", kept.seen);
}

fn of_what_is_forgotten_nothing_is_claimed(store: &mut dyn Store) {
    let id = server(0);
    let keep = |store: &mut dyn Store, hours: i64, list: usize| {
        let outcome = Outcome::Seen { observations: host(&id, (list, hour(hours))), memory: None };
        store.keep(&Attempt { id: id.clone(), asked_at: hour(hours), took_ms: 9, outcome }).unwrap();
        store.record(hour(hours), &"mona".into(), vec![line(&id, Some(hour(hours)))], Vec::new()).unwrap();
    };
    keep(store, 0, 1);
    keep(store, 1, 2);
    keep(store, 40 * 24, 3);
    while store.thin_out(hour(50 * 24)).unwrap() {}
    let read = |hours: i64| {
        let mut answers = store.answers(hour(hours)).unwrap();
        (answers.is_whole, answers.kept.remove(0))
    };
    let (is_whole, first) = read(0);
    assert!(!is_whole && first.good_at.is_none() && first.seen.is_empty(), "{first:?}");
    // It held until long afterwards.
    let (is_whole, second) = read(1);
    assert!(is_whole && second.good_at == Some(hour(1)), "{second:?}");
    assert_eq!(told(second.seen), told(host(&id, (2, hour(1)))));
    assert_eq!(told(read(40 * 24).1.seen), told(host(&id, (3, hour(0)))));
}
