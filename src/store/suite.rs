//! What every database must do.

use std::os::unix::fs::PermissionsExt as _;

mod answers;
mod clock;
mod file;

use super::*;
use crate::domain::facts::{Advisory, FeedKind};
use crate::domain::{Fact, Finding, Subject, SubjectKind, Verdict};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn advisory(name: &str) -> Observation {
    let fact = Fact::Advisory(Advisory {
        feed: FeedKind::Any,
        title: name.into(),
        published: None,
        packages: Vec::new(),
        aliases: Vec::new(),
        risk: None,
        affected: None,
        summary: Shown::default(),
        links: Vec::new(),
    });
    Observation { subject: Subject::new(SubjectKind::Advisory, name), at: at(0), fact }
}

fn attempt(seconds: i64, outcome: Outcome) -> Attempt {
    Attempt { id: SourceId::new("feeds", "x"), asked_at: at(seconds), took_ms: 12, outcome }
}

fn seen(names: &[&str]) -> Outcome {
    Outcome::Seen { observations: names.iter().map(|name| advisory(name)).collect(), memory: Some("etag".into()) }
}

fn judgement(name: &str, verdict: Verdict) -> Judgement {
    Judgement::new("advisories", Subject::new(SubjectKind::Advisory, name), verdict, "title")
        .because("feeds/x", Some(at(0)), "said")
        .detail("two\nlines")
}

fn suite(fresh: impl Fn() -> Box<dyn Store>) {
    a_failure_keeps_the_last_good_answer(fresh().as_mut());
    what_is_gone_and_returns_counts_anew(fresh().as_mut());
    a_finding_keeps_its_history(fresh().as_mut());
    the_last_round_comes_back_as_it_was(fresh().as_mut());
    who_looks_closer_reads_what_the_last_round_said(fresh().as_mut());
    how_things_stand_is_kept_with_every_turn(fresh().as_mut());
    who_looks_back_reads_counts_and_verdicts(fresh().as_mut());
    every_round_comes_back_as_it_was(fresh().as_mut(), (0..300).step_by(10));
    // Also those around rounds whose clock was ahead.
    let ahead = [(0..60), (5_000..5_100), (60..170), (900..990), (170..300)];
    every_round_comes_back_as_it_was(fresh().as_mut(), ahead.into_iter().flat_map(|times| times.step_by(10)));
    what_goes_to_and_fro_is_counted(fresh().as_mut());
    what_is_thinned_out_leaves_every_verdict(fresh().as_mut());
    answers::run(&fresh);
    clock::run(&fresh);
}

/// Forty days of eight rounds. Afterwards every verdict of every moment is there as before; of the first nine days the day's
/// last words, of the others all.
fn what_is_thinned_out_leaves_every_verdict(store: &mut dyn Store) {
    let mut random = fastrand::Rng::with_seed(11);
    let midnight: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let hour = |hours: i64| midnight + jiff::SignedDuration::from_hours(hours);
    let state = |random: &mut fastrand::Rng| {
        if random.u8(..10) == 0 { crate::domain::SourceState::Silent } else { crate::domain::SourceState::Fresh }
    };
    let mut verdict = Verdict::Ok;
    for hours in (0..40 * 24).step_by(3) {
        if random.u8(..9) == 0 {
            verdict = Verdict::ALL[random.usize(..4)];
        }
        let judged = Judgement { title: format!("for {hours} h").into(), ..judgement("a", verdict) };
        let judged = judged.detail(&format!("for {hours} h, in detail"));
        let state = state(&mut random);
        let line = SourceLine {
            id: SourceId::new("feeds", "x"),
            state,
            at: Some(hour(hours)),
            took_ms: Some(random.u64(..9)),
            fault: (state == crate::domain::SourceState::Silent).then(|| Fault::new("refused")),
        };
        store.record(hour(hours), &Shown::line("mona"), vec![line], vec![judged]).unwrap();
    }
    let all = |store: &dyn Store| -> Vec<Past> {
        (0..40 * 24).step_by(3).map(|hours| store.past(hour(hours)).unwrap().unwrap()).collect()
    };
    let before = all(store);
    let now = hour(40 * 24);
    let mut days = 0;
    while store.thin_out(now).unwrap() {
        days += 1;
    }
    assert_eq!(days, 9);
    let after = all(store);
    for (hours, (was, is)) in (0_i64..).step_by(3).zip(before.iter().zip(&after)) {
        let verdicts = |past: &Past| past.round.findings.iter().map(|one| (one.verdict, one.since)).collect::<Vec<_>>();
        assert_eq!(verdicts(was), verdicts(is), "hour {hours}");
        let states = |past: &Past| past.round.sources.iter().map(|one| one.state).collect::<Vec<_>>();
        assert_eq!(states(was), states(is), "hour {hours}");
        let whole = hours >= 9 * 24;
        if whole {
            assert_eq!(was, is, "hour {hours}");
        } else if hours % 24 == 21 {
            assert_eq!(was.round.findings[0].title, is.round.findings[0].title, "hour {hours}");
            assert_eq!(was.round.sources, is.round.sources, "hour {hours}");
        }
    }
    let told =
        |past: &Past| past.particulars.values().any(|said| said.because.iter().any(|one| one.source == "the store"));
    assert!(after.iter().take(72).any(told) && !after.iter().skip(72).any(told), "it is said whose the details are");
    assert_eq!(store.tallies(midnight, now).unwrap().len(), 40 * 8, "a round every three hours is not too much");
    // What comes later than the oldest that is kept in full goes with its day.
    assert!(!store.thin_out(now).unwrap() && !store.thin_out(hour(41 * 24)).unwrap());
    store.record(hour(40 * 24), &Shown::line("mona"), Vec::new(), Vec::new()).unwrap();
    assert!(store.thin_out(hour(41 * 24)).unwrap() && !store.thin_out(hour(41 * 24)).unwrap());
}

/// Rounds in which everything changes now and then, from a fixed seed. Those that come after the last were ahead of their time.
fn every_round_comes_back_as_it_was(store: &mut dyn Store, times: impl Iterator<Item = i64>) {
    let mut random = fastrand::Rng::with_seed(7);
    let source = |at: i64, name: &str, random: &mut fastrand::Rng| SourceLine {
        id: SourceId::new("feeds", name),
        state: [crate::domain::SourceState::Fresh, crate::domain::SourceState::Silent][random.usize(..2)],
        at: Some(self::at(at - random.i64(0..3))),
        took_ms: Some(random.u64(1..3)),
        fault: random.bool().then(|| Fault::new("refused").mend("start it")),
    };
    let mut were = Vec::new();
    for seconds in times {
        let mut judgements: Vec<Judgement> = ["a", "b/c", "d", "e"]
            .into_iter()
            .filter_map(|name| {
                let verdict = Verdict::ALL[random.usize(..4)];
                let word = ["old", "new"][random.usize(..2)];
                let judgement = judgement(name, verdict).asking("host web1", word);
                let judgement = Judgement { title: ["x", "y"][random.usize(..2)].into(), ..judgement };
                random.bool().then_some(judgement.weight(random.u8(..3)))
            })
            .collect();
        judgements.sort_by_key(|one| std::cmp::Reverse(one.verdict));
        let sources = ["x", "y", "z"].into_iter().filter(|_| random.u8(..4) > 0).collect::<Vec<_>>();
        let sources = sources.into_iter().map(|name| source(seconds, name, &mut random)).collect();
        let round = store.record(at(seconds), &Shown::line("mona"), sources, judgements).unwrap();
        were.push((round, store.particulars().unwrap(), store.asking().unwrap()));
    }
    assert_eq!(store.past(at(-1)).unwrap(), None);
    let last = store.last().unwrap().unwrap().at;
    let all = were.len();
    were.retain(|(round, ..)| round.at <= last);
    let was_ahead = were.len() < all;
    assert_eq!(were.len(), 30);
    assert_eq!(store.past(at(9_000)).unwrap().unwrap().round.at, last);
    for (round, particulars, asking) in were {
        for later in [0, 9] {
            let past = store.past(round.at + jiff::SignedDuration::from_secs(later)).unwrap().unwrap();
            let titles = |round: &Round| -> Vec<_> {
                // That something was gone for a while of which only the end is known is not kept.
                let first_seen = |one: &Finding| if was_ahead { one.since } else { one.first_seen };
                let alike = |one: &Finding| Finding { rank: 0, first_seen: first_seen(one), ..one.clone() };
                let mut all: Vec<Finding> = round.findings.iter().map(alike).collect();
                all.sort_by(|a, b| a.key.cmp(&b.key));
                all
            };
            assert_eq!(titles(&past.round), titles(&round));
            assert_eq!((past.round.at, &past.round.sources), (round.at, &round.sources));
            assert_eq!(past.asking, asking);
            let verdicts = |round: &Round| round.findings.iter().map(|one| one.verdict).collect::<Vec<_>>();
            assert_eq!(verdicts(&past.round), verdicts(&round), "the worst comes first");
            assert_eq!(past.particulars.len(), particulars.len());
        }
    }
}

fn who_looks_back_reads_counts_and_verdicts(store: &mut dyn Store) {
    let operator = Shown::line("mona");
    let record = |store: &mut dyn Store, seconds, judgements| {
        store.record(at(seconds), &operator, Vec::new(), judgements).unwrap();
    };
    record(store, 0, vec![judgement("a", Verdict::Due), judgement("b", Verdict::Ok)]);
    record(store, 60, vec![judgement("a", Verdict::Broken), judgement("b", Verdict::Ok)]);
    record(store, 120, vec![judgement("b", Verdict::Ok)]);
    let told = |turns: Vec<Turn>| -> Vec<(Timestamp, String, Option<Shown>)> {
        turns.into_iter().map(|turn| (turn.at, turn.key.to_string(), turn.word)).collect()
    };
    let (a, b) = ("advisories/a".to_owned(), "advisories/b".to_owned());
    let all = [
        (at(0), a.clone(), Some("due".into())),
        (at(0), b, Some("ok".into())),
        (at(60), a.clone(), Some("broken".into())),
        (at(120), a, None),
    ];
    assert_eq!(told(store.verdicts_of("advisories", at(121)).unwrap()), all);
    assert_eq!(told(store.verdicts_of("advisories", at(120)).unwrap()), all[..3]);
    assert_eq!(told(store.verdicts_of("advisorie", at(121)).unwrap()), []);
    let tallies = store.tallies(at(60), at(120)).unwrap();
    assert_eq!(tallies, [Tally { at: at(60), ok: 1, due: 0, broken: 1, unknown: 0 }]);
}

fn a_failure_keeps_the_last_good_answer(store: &mut dyn Store) {
    store.keep(&attempt(0, seen(&["a", "b"]))).unwrap();
    store.keep(&attempt(10, Outcome::Failed(Fault::new("refused").mend("start it")))).unwrap();
    store.keep(&attempt(20, Outcome::Failed(Fault::new("refused")))).unwrap();
    let kept = store.kept().unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].failures, kept[0].good_at, kept[0].asked_at), (2, Some(at(0)), Some(at(20))));
    assert_eq!(kept[0].seen, [advisory("a"), advisory("b")]);
    assert_eq!(kept[0].memory.as_deref(), Some("etag"));
    store.keep(&attempt(30, Outcome::Unchanged)).unwrap();
    let kept = store.kept().unwrap();
    assert_eq!((kept[0].failures, &kept[0].fault, kept[0].good_at, kept[0].seen.len()), (0, &None, Some(at(30)), 2));
}

fn what_is_gone_and_returns_counts_anew(store: &mut dyn Store) {
    let sighting = Sighting { kind: SubjectKind::Advisory, subject: "a".into(), item: "published".into() };
    store.keep(&attempt(0, seen(&["a"]))).unwrap();
    assert_eq!(store.sightings().unwrap().get(&sighting), Some(&at(0)));
    store.keep(&attempt(1, seen(&["b"]))).unwrap();
    assert_eq!(store.sightings().unwrap().get(&sighting), None);
}

fn what_goes_to_and_fro_is_counted(store: &mut dyn Store) {
    let operator = Shown::line("mona");
    for (seconds, verdict) in (0..6).zip([Verdict::Ok, Verdict::Broken].into_iter().cycle()) {
        let steady = judgement("b", Verdict::Broken);
        let also = (seconds != 3).then(|| judgement("c", Verdict::Ok));
        let all = [judgement("a", verdict), steady].into_iter().chain(also).collect();
        store.record(at(seconds), &operator, Vec::new(), all).unwrap();
    }
    let told = |after, until| -> Vec<(String, u32)> {
        let often = store.restless(at(after), at(until)).unwrap();
        often.into_iter().map(|(key, times)| (key.to_string(), times)).collect()
    };
    let (a, c) = ("advisories/a".to_owned(), "advisories/c".to_owned());
    assert_eq!(told(-1, 9), [(a.clone(), 6), (c, 3)]);
    assert_eq!(told(0, 9), [(a.clone(), 5)]);
    assert_eq!((told(2, 9), told(2, 4)), (vec![(a, 3)], vec![]));
}

fn a_finding_keeps_its_history(store: &mut dyn Store) {
    let operator = Shown::line("mona");
    store.record(at(0), &operator, Vec::new(), vec![judgement("a", Verdict::Due)]).unwrap();
    let round = store.record(at(60), &operator, Vec::new(), vec![judgement("a", Verdict::Due)]).unwrap();
    assert_eq!((round.findings[0].since, round.findings[0].first_seen), (at(0), at(0)));
    let round = store.record(at(120), &operator, Vec::new(), vec![judgement("a", Verdict::Broken)]).unwrap();
    assert_eq!((round.findings[0].since, round.findings[0].first_seen), (at(120), at(0)));
    let round = store
        .record(at(180), &operator, Vec::new(), vec![judgement("a", Verdict::Broken).since(Some(at(-50)))])
        .unwrap();
    assert_eq!(round.findings[0].since, at(-50));
    store.record(at(240), &operator, Vec::new(), Vec::new()).unwrap();
    let round = store.record(at(300), &operator, Vec::new(), vec![judgement("a", Verdict::Due)]).unwrap();
    assert_eq!(round.findings[0].first_seen, at(300));
}

fn the_last_round_comes_back_as_it_was(store: &mut dyn Store) {
    assert_eq!(store.last().unwrap(), None);
    let line = SourceLine {
        id: SourceId::new("feeds", "x"),
        state: crate::domain::SourceState::Silent,
        at: None,
        took_ms: Some(3),
        fault: Some(Fault::passing("refused")),
    };
    let judgements =
        vec![judgement("b", Verdict::Broken), judgement("a", Verdict::Ok), judgement("name with / and ü", Verdict::Ok)];
    let round = store.record(at(0), &Shown::line("mona"), vec![line], judgements).unwrap();
    assert_eq!(store.last().unwrap(), Some(round));
}

fn who_looks_closer_reads_what_the_last_round_said(store: &mut dyn Store) {
    let (a, b) = (judgement("a", Verdict::Broken), judgement("b", Verdict::Ok));
    let link = crate::domain::Link::parse("https://example.org/x");
    let a = a.mend("mend it").link(link.clone());
    let (key_a, key_b) = (a.key(), b.key());
    store.record(at(0), &Shown::line("mona"), Vec::new(), vec![a, b]).unwrap();
    let all = store.particulars().unwrap();
    assert_eq!(all.len(), 2);
    let of = store.particulars_of(&Subject::new(SubjectKind::Advisory, "a")).unwrap();
    assert_eq!(of.iter().collect::<Vec<_>>(), [(&key_a, &all[&key_a])]);
    let said = &all[&key_a];
    assert_eq!((said.detail.as_str(), &said.link, said.because.len()), ("two\nlines", &link, 1));
    assert_eq!(said.mend.as_ref().map(Shown::as_str), Some("mend it"));
    assert_eq!(store.particulars_of(&Subject::host("a")).unwrap().len(), 0);
    // Changed, gone, and found by what they say.
    let changed = judgement("a", Verdict::Broken).detail("100% other");
    store.record(at(60), &Shown::line("mona"), Vec::new(), vec![changed]).unwrap();
    let all = store.particulars().unwrap();
    assert_eq!((all.len(), all[&key_a].detail.as_str(), &all[&key_a].mend), (1, "100% other", &None));
    let found = |seek| store.seek(&seek).unwrap();
    assert_eq!(found(Seek::Word("0% OTHER".to_lowercase())), HashSet::from([key_a.clone()]));
    assert_eq!(found(Seek::Word("two".into())), HashSet::new());
    assert_eq!(found(Seek::Source("feeds/*".into())), HashSet::from([key_a]));
    assert_eq!(found(Seek::Source("feeds/".into())), HashSet::new());
    assert!(!all.contains_key(&key_b));
}

fn how_things_stand_is_kept_with_every_turn(store: &mut dyn Store) {
    let operator = Shown::line("mona");
    let mut record = |seconds, judgements| {
        store.record(at(seconds), &operator, Vec::new(), judgements).unwrap();
        let subject = Subject::new(SubjectKind::Advisory, "a");
        let turns = store.turns_of(&subject, Timestamp::MAX).unwrap().into_iter();
        let told = turns.map(|turn| (turn.at, turn.item.to_string(), turn.word.map(|word| word.to_string())));
        told.collect::<Vec<_>>()
    };
    let said = |seconds, item: &str, word: &str| {
        (at(seconds), item.to_owned(), Some(word.to_owned()).filter(|word| !word.is_empty()))
    };
    let broken = || judgement("a", Verdict::Broken).asking("host web1", "vulnerable");
    let turns = record(0, vec![broken().standing("fix bookworm", "none")]);
    assert_eq!(
        turns,
        [said(0, "fix bookworm", "none"), said(0, "host web1", "vulnerable"), said(0, "verdict", "broken")]
    );
    // Nothing turned.
    let turns = record(60, vec![broken().standing("fix bookworm", "none")]);
    assert_eq!(turns.len(), 3);
    // A fix appeared, another host came, and that the first asks no more is no news.
    let now = judgement("a", Verdict::Broken)
        .standing("host web1", "vulnerable")
        .standing("fix bookworm", "3.0.2-1")
        .asking("host web2", "vulnerable");
    let turns = record(120, vec![now]);
    assert_eq!(turns[..2], [said(120, "fix bookworm", "3.0.2-1"), said(120, "host web2", "vulnerable")]);
    assert_eq!(turns.len(), 5);
    // What is spoken of no more has turned as well.
    let turns = record(180, vec![judgement("a", Verdict::Ok).standing("fix bookworm", "3.0.2-1")]);
    assert_eq!(turns[..3], [said(180, "host web1", ""), said(180, "host web2", ""), said(180, "verdict", "ok")]);
    record(240, Vec::new());
    let turns = record(300, vec![broken()]);
    assert_eq!(turns[..2], [said(300, "host web1", "vulnerable"), said(300, "verdict", "broken")]);
    assert_eq!(turns[2..4], [said(240, "fix bookworm", ""), said(240, "verdict", "")]);
    let about = |item, since| store.turns_about("advisories", item, at(since)).unwrap().len();
    assert_eq!((about("host ", 0), about("host web1", 0), about("host ", 180), about("nothing", 0)), (5, 3, 3, 0));
    assert_eq!(store.turns_about("advisor", "host ", at(0)).unwrap(), []);
    let stands = store.stands("advisories", at(300)).unwrap();
    assert_eq!((stands.len(), stands[0].at, stands[0].item.as_str()), (1, at(300), "host web1"));
    let mut record = |seconds, judgements| {
        store.record(at(seconds), &operator, Vec::new(), judgements).unwrap();
        let turns = store.turns_of(&Subject::new(SubjectKind::Advisory, "a"), Timestamp::MAX).unwrap().into_iter();
        turns.map(|turn| (turn.at, turn.item.to_string(), turn.word.map(|word| word.to_string()))).collect::<Vec<_>>()
    };
    for round in 0..210 {
        record(400 + round, vec![judgement("a", Verdict::Broken).standing("version", format!("{round}"))]);
    }
    let turns = record(700, vec![judgement("a", Verdict::Broken)]);
    assert_eq!((turns.len(), &turns[0]), (200, &said(700, "version", "")));
}

#[test]
fn sqlite_in_memory() {
    suite(|| Box::new(Sqlite::in_memory().unwrap()));
}

#[test]
fn sqlite_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    suite(|| {
        count.set(count.get() + 1);
        Box::new(Sqlite::open(&folder.path().join(format!("{}.db", count.get()))).unwrap())
    });
}
