//! A clock that was ahead once does no lasting harm.

use jiff::SignedDuration;

use super::*;
use crate::domain::SourceState;

pub(super) fn run(fresh: &impl Fn() -> Box<dyn Store>) {
    what_was_seen_first_in_the_future_was_seen_by_now(fresh().as_mut());
    a_verdict_of_the_future_is_not_the_last_one_again(fresh().as_mut());
    what_was_said_last_in_the_future_stays_the_last_word(fresh().as_mut());
    what_was_found_first_in_the_future_is_as_old_as_the_next_round(fresh().as_mut());
    what_is_put_right_before_a_round_opens_as_it_was(fresh().as_mut());
    an_answer_of_the_future_is_not_the_last_one_again(fresh().as_mut());
    a_clock_that_is_behind_changes_nothing_that_is_kept(fresh().as_mut());
    one_day_ahead_takes_nothing_away(fresh().as_mut());
    what_was_thinned_out_ahead_of_its_time_ends_no_thinning(fresh().as_mut());
}

/// Otherwise a security update would never have waited too long.
fn what_was_seen_first_in_the_future_was_seen_by_now(store: &mut dyn Store) {
    let sighting = Sighting { kind: SubjectKind::Advisory, subject: "a".into(), item: "published".into() };
    let answer = |seconds| {
        let observations = vec![Observation { at: at(seconds), ..advisory("a") }];
        attempt(seconds, Outcome::Seen { observations, memory: None })
    };
    let first = |store: &dyn Store| store.sightings().unwrap()[&sighting];
    store.keep(&answer(9_000)).unwrap();
    assert_eq!(first(store), at(9_000));
    store.keep(&answer(60)).unwrap();
    assert_eq!(first(store), at(60));
    store.keep(&answer(120)).unwrap();
    assert_eq!(first(store), at(60));
    store.keep(&attempt(30, Outcome::Unchanged)).unwrap();
    assert_eq!(first(store), at(30));
}

fn record(store: &mut dyn Store, seconds: i64, verdict: Verdict) -> Round {
    let judged =
        Judgement { title: verdict.word().into(), ..judgement("a", verdict) }.asking("host web1", verdict.word());
    let state = if verdict == Verdict::Broken { SourceState::Silent } else { SourceState::Fresh };
    let line = SourceLine { id: SourceId::new("feeds", "x"), state, at: None, took_ms: Some(1), fault: None };
    store.record(at(seconds), &"mona".into(), vec![line], vec![judged]).unwrap()
}

fn a_verdict_of_the_future_is_not_the_last_one_again(store: &mut dyn Store) {
    record(store, 0, Verdict::Due);
    record(store, 9_000, Verdict::Unknown);
    record(store, 9_001, Verdict::Broken);
    let then = |store: &dyn Store, seconds| {
        let past = store.past(at(seconds)).unwrap().unwrap();
        let (finding, asking) = (past.round.findings[0].clone(), past.asking[&past.round.findings[0].key].clone());
        (finding.verdict, finding.since, asking[0].word.to_string(), past.round.sources[0].state)
    };
    record(store, 60, Verdict::Broken);
    let broken = (Verdict::Broken, at(60), "broken".to_owned(), SourceState::Silent);
    assert_eq!([then(store, 60), then(store, 9_999)], [broken.clone(), broken.clone()]);
    assert_eq!(then(store, 59).0, Verdict::Due);
    assert_eq!(store.tallies(at(0), at(9_999)).unwrap().len(), 2);
    // And where it is mended meanwhile.
    record(store, 9_000, Verdict::Broken);
    record(store, 120, Verdict::Ok);
    let ok = (Verdict::Ok, at(120), "ok".to_owned(), SourceState::Fresh);
    assert_eq!([then(store, 119), then(store, 120), then(store, 9_999)], [broken, ok.clone(), ok]);
    let subject = Subject::new(SubjectKind::Advisory, "a");
    let turns = store.turns_of(&subject, at(9_999)).unwrap();
    assert!(turns.iter().all(|turn| turn.at <= at(120)), "{turns:?}");
    assert_eq!(store.stands("advisories", at(9_999)).unwrap()[0].word, Some("ok".into()));
}

fn what_was_said_last_in_the_future_stays_the_last_word(store: &mut dyn Store) {
    for (seconds, title) in [(9_000, "one"), (9_001, "two"), (60, "two")] {
        let judged = Judgement { title: title.into(), ..judgement("a", Verdict::Due) }.detail(title);
        store.record(at(seconds), &"mona".into(), Vec::new(), vec![judged]).unwrap();
    }
    let past = store.past(at(60)).unwrap().unwrap();
    let finding = &past.round.findings[0];
    assert_eq!((finding.title.as_str(), finding.since), ("two", at(60)));
    assert_eq!(past.particulars[&finding.key].detail, "two");
}

fn what_was_found_first_in_the_future_is_as_old_as_the_next_round(store: &mut dyn Store) {
    record(store, 9_000, Verdict::Due);
    for (seconds, since) in [(60, 60), (120, 60)] {
        let finding = &record(store, seconds, Verdict::Due).findings[0];
        assert_eq!((finding.since, finding.first_seen), (at(since), at(since)));
    }
}

/// A round that is judged may never be written.
fn what_is_put_right_before_a_round_opens_as_it_was(store: &mut dyn Store) {
    record(store, 0, Verdict::Due);
    record(store, 8_999, Verdict::Ok);
    let round = record(store, 9_000, Verdict::Broken);
    assert!(store.put_right(at(60)).unwrap() && !store.put_right(at(60)).unwrap());
    let last = store.last().unwrap().unwrap();
    assert_eq!((last.at, last.findings[0].since, last.findings[0].verdict), (at(60), at(60), Verdict::Broken));
    assert_eq!(last.operator, round.operator);
    assert_eq!(store.past(at(9_999)).unwrap().unwrap().round.at, at(60));
    assert_eq!(record(store, 60, Verdict::Broken).findings, last.findings);
    assert_eq!(store.tallies(at(0), at(9_999)).unwrap().len(), 2);
}

fn an_answer_of_the_future_is_not_the_last_one_again(store: &mut dyn Store) {
    let [changes, stays, silent] = ["changes", "stays", "silent"].map(|name| SourceId::new("feeds", name));
    let keep = |store: &mut dyn Store, seconds, id: &SourceId, name: &str| {
        store.keep(&Attempt { id: id.clone(), ..attempt(seconds, seen(&[name])) }).unwrap();
    };
    let lines = |seconds| {
        let line = |id: &SourceId| SourceLine {
            id: id.clone(),
            state: SourceState::Fresh,
            at: Some(at(seconds)),
            took_ms: None,
            fault: None,
        };
        [&changes, &stays, &silent].map(line).to_vec()
    };
    for seconds in [8_000, 9_000] {
        for id in [&changes, &stays, &silent] {
            keep(store, seconds, id, &format!("old {seconds}"));
        }
        store.record(at(seconds), &"mona".into(), lines(seconds), Vec::new()).unwrap();
    }
    keep(store, 60, &changes, "new");
    keep(store, 60, &stays, "old 9000");
    store.record(at(61), &"mona".into(), lines(60), Vec::new()).unwrap();
    for seconds in [61, 9_999] {
        let answers = store.answers(at(seconds)).unwrap();
        let told: Vec<_> =
            answers.kept.iter().map(|kept| (kept.id.name.as_str(), kept.seen[0].subject.name.as_str())).collect();
        assert_eq!(told, [("changes", "new"), ("silent", "old 9000"), ("stays", "old 9000")], "{seconds}");
    }
}

/// A machine whose clock begins in 1970 when its battery is empty.
fn a_clock_that_is_behind_changes_nothing_that_is_kept(store: &mut dyn Store) {
    days(store, 0, 3);
    store.keep(&attempt(3 * 86_400, seen(&["a"]))).unwrap();
    let first = record(store, 3 * 86_400, Verdict::Due);
    let kept = |store: &dyn Store| {
        let tallies = store.tallies(at(0), at(9_999_999)).unwrap();
        (store.past(hour(40)).unwrap(), tallies, store.sightings().unwrap())
    };
    let before = kept(store);
    let seventies = -1_790_000_000;
    store.keep(&attempt(seventies, seen(&["a"]))).unwrap();
    assert!(!store.put_right(at(seventies)).unwrap());
    record(store, seventies, Verdict::Due);
    assert_eq!(kept(store), before);
    let last = record(store, 3 * 86_400 + 60, Verdict::Due);
    assert_eq!(last.findings[0].first_seen, first.findings[0].first_seen);
}

fn hour(hours: i64) -> Timestamp {
    at(0) + SignedDuration::from_hours(hours)
}

/// Rounds of that many days from that one on, in words that change.
fn days(store: &mut dyn Store, from: i64, many: i64) {
    for hours in (from * 24..(from + many) * 24).step_by(6) {
        let judged = Judgement { title: format!("at {hours}").into(), ..judgement("a", Verdict::Due) };
        store.record(hour(hours), &"mona".into(), Vec::new(), vec![judged]).unwrap();
    }
}

fn thinned(store: &mut dyn Store, hours: i64) -> usize {
    std::iter::from_fn(|| store.thin_out(hour(hours)).unwrap().then_some(())).count()
}

fn one_day_ahead_takes_nothing_away(store: &mut dyn Store) {
    days(store, 0, 35);
    assert_eq!(thinned(store, 36 * 24), 5);
    let words = |store: &dyn Store| -> Vec<Shown> {
        let title = |hours| store.past(hour(hours)).unwrap().unwrap().round.findings[0].title.clone();
        (5 * 24..35 * 24).step_by(6).map(title).collect()
    };
    let before = words(store);
    for ahead in [300 * 24, 300 * 24 + 1, 300 * 24 + 23] {
        record(store, ahead * 3_600, Verdict::Due);
        assert_eq!(thinned(store, ahead), 0, "{ahead}");
    }
    days(store, 35, 2);
    assert_eq!(words(store), before);
    assert_eq!(thinned(store, 37 * 24), 1);
}

fn what_was_thinned_out_ahead_of_its_time_ends_no_thinning(store: &mut dyn Store) {
    days(store, 0, 2);
    record(store, 200 * 24 * 3_600, Verdict::Due);
    record(store, 202 * 24 * 3_600, Verdict::Due);
    assert!(thinned(store, 202 * 24) > 150);
    days(store, 2, 40);
    assert!(thinned(store, 42 * 24) > 0);
}
