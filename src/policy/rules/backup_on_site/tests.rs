use proptest::prelude::*;

use super::*;
use crate::domain::facts::{Snapshot, Snapshots};
use crate::domain::{Fault, Period};
use crate::policy::slots::scene::{Scene, list, nightly, says, snapshot, vienna};

const ALL: &[&str] = &["last night", "1 week", "2 weeks"];

fn judged(slots: &[&str], answer: Result<Snapshots, Fault>) -> Judgement {
    Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], slots, false), answer).one(&RULE)
}

fn verdict(judgement: &Judgement) -> (Verdict, &str) {
    (judgement.verdict, judgement.title.as_str())
}

#[test]
fn snapshots_in_every_slot_are_ok() {
    let judgement = judged(ALL, Ok(nightly("web1", 20)));
    assert_eq!(verdict(&judgement), (Verdict::Ok, "last night, 1 week, 2 weeks; newest Mon 23 Nov 02:14"));
    assert_eq!(judgement.key().as_str(), "backup-on-site/web1/nas");
    assert!(judgement.detail.as_str().contains("1 week: Mon 16 Nov 02:14"), "{}", judgement.detail);
    let chain: Vec<String> = judgement.because.iter().map(|link| format!("{}: {}", link.source, link.said)).collect();
    assert_eq!(
        chain,
        [
            "register.toml:9: nas keeps web1; slots last night, 1 week, 2 weeks",
            "slot last night: from Sun 22 Nov 18:00 until now",
            "slot 1 week: from Sat 14 Nov 14:04 until Wed 18 Nov 02:04",
            "slot 2 weeks: from Thu 5 Nov 20:04 until Thu 12 Nov 20:04",
            "backups/nas: 20 snapshots, newest Mon 23 Nov 02:14, oldest Wed 4 Nov 02:14",
        ]
    );
}

#[test]
fn a_missed_night_is_broken_and_names_the_nearest_snapshot() {
    let judgement = judged(
        &["last night"],
        Ok(list(&[snapshot("web1", "2026-11-20 02:14"), snapshot("web1", "2026-11-21 02:14")])),
    );
    assert_eq!(verdict(&judgement), (Verdict::Broken, "no snapshot from last night; nearest Sat 21 Nov 02:14"));
    assert_eq!(judgement.since, Some(vienna("2026-11-22 06:00")));
    assert!(judgement.mend.is_some());
}

#[test]
fn every_missing_slot_is_named() {
    let old = judged(ALL, Ok(list(&[snapshot("web1", "2025-06-01 02:14")])));
    assert_eq!(
        verdict(&old),
        (Verdict::Broken, "no snapshot from last night, 1 week ago and 2 weeks ago; nearest Sun 1 Jun 2025 02:14")
    );
    let empty = judged(&["last night"], Ok(list(&[])));
    assert_eq!(verdict(&empty), (Verdict::Broken, "no snapshot from last night; there is none at all"));
}

#[test]
fn a_night_that_still_runs_is_due() {
    let made = list(&[snapshot("web1", "2026-11-22 02:14")]);
    let scene = Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], &["last night"], false), Ok(made));
    let early = scene.clone().at("2026-11-23 00:30").one(&RULE);
    assert_eq!(verdict(&early), (Verdict::Due, "no snapshot from last night yet; newest Sun 22 Nov 02:14"));
    assert_eq!(scene.at("2026-11-23 06:00").one(&RULE).verdict, Verdict::Broken);
}

#[test]
fn a_young_backup_is_due() {
    let judgement = judged(ALL, Ok(nightly("web1", 4)));
    assert_eq!(
        verdict(&judgement),
        (Verdict::Due, "too young for 1 week ago and 2 weeks ago: the oldest snapshot is of Fri 20 Nov 02:14")
    );
}

#[test]
fn a_snapshot_from_the_future_is_unknown() {
    let ahead = snapshot("web1", "2030-01-01 02:14");
    let mut made = nightly("web1", 20);
    made.snapshots.push(ahead.clone());
    let judgement = judged(ALL, Ok(made));
    assert_eq!(judgement.verdict, Verdict::Unknown);
    assert!(judgement.title.as_str().ends_with("Tue 1 Jan 2030 02:14"), "{}", judgement.title);
    assert!(judgement.mend.unwrap().as_str().starts_with("set the clock of web1"));
    // What seems to be missing may be what it should have been.
    let missed = judged(&["last night"], Ok(list(&[ahead, snapshot("web1", "2026-11-21 02:14")])));
    assert_eq!(missed.verdict, Verdict::Unknown);
    assert!(
        missed.title.as_str().ends_with("; no snapshot from last night; nearest Sat 21 Nov 02:14"),
        "{}",
        missed.title
    );
}

#[test]
fn a_list_that_may_not_be_whole_is_unknown_whether_or_not_a_slot_is_empty() {
    for days in [20, 0] {
        let mut made = nightly("web1", days);
        made.degraded = Some("could not load snapshot 30ffc111".into());
        let judgement = judged(ALL, Ok(made));
        assert_eq!(
            verdict(&judgement),
            (Verdict::Unknown, "the list may not be whole: could not load snapshot 30ffc111")
        );
        assert!(judgement.mend.is_some());
    }
}

#[test]
fn a_source_that_does_not_answer_is_unknown_and_says_what_mends_it() {
    let judgement = judged(&["last night"], Err(Fault::new("wrong password").mend("store the right one")));
    assert_eq!(verdict(&judgement), (Verdict::Unknown, "silent, never answered: wrong password"));
    assert_eq!(judgement.mend.unwrap(), "store the right one");
    assert!(judgement.because.iter().any(|link| link.said == "wrong password"));
}

#[test]
fn an_answer_of_yesterday_is_unknown() {
    let mut scene =
        Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], &["last night"], false), Ok(nightly("web1", 3)));
    scene.now += Period::hours(2).as_duration();
    assert_eq!(verdict(&scene.one(&RULE)), (Verdict::Unknown, "stale: last answer 2 h ago"));
}

#[test]
fn one_servers_night_is_not_anothers() {
    let mut made = nightly("web1.agency.example", 3);
    made.snapshots.push(snapshot("db1", "2026-11-20 02:40"));
    let scene =
        Scene::new(&["web1", "db1"]).backup("nas", says("restic", &["web1", "db1"], &["last night"], false), Ok(made));
    let verdicts: Vec<_> = scene.judged(&RULE).iter().map(|j| format!("{} {}", j.subject, j.verdict.word())).collect();
    assert_eq!(verdicts, ["web1 ok", "db1 broken"]);
}

#[test]
fn snapshots_that_cannot_be_told_apart_are_unknown() {
    let says = says("restic", &["web1", "db1"], &["last night"], false);
    let scene = Scene::new(&["web1", "db1"]).backup("nas", says, Ok(nightly("storage", 3)));
    for judgement in scene.judged(&RULE) {
        assert_eq!(verdict(&judgement), (Verdict::Unknown, "which of its snapshots are this server's can't be told"));
        assert!(judgement.detail.as_str().contains("storage") && judgement.mend.is_some());
    }
}

#[test]
fn a_snapshot_with_nothing_in_it_counts_for_nothing() {
    let empty = Snapshot { files: Some(0), ..snapshot("web1", "2026-11-23 02:14") };
    let judgement = judged(&["last night"], Ok(list(&[empty, snapshot("web1", "2026-11-22 02:14")])));
    assert_eq!(verdict(&judgement), (Verdict::Broken, "no snapshot from last night; nearest Sun 22 Nov 02:14"));
    assert!(judgement.detail.as_str().contains("1 snapshot with nothing"), "{}", judgement.detail);
}

#[test]
fn a_server_that_no_backup_names_is_broken_and_without_a_configuration_unknown() {
    let mut scene =
        Scene::new(&["web1", "db1"]).backup("nas", says("restic", &["web1"], ALL, false), Ok(nightly("web1", 20)));
    let judgements = scene.judged(&RULE);
    let db1 = judgements.iter().find(|judgement| judgement.subject.name == "db1").unwrap();
    assert_eq!(verdict(db1), (Verdict::Broken, "no backup names it"));
    assert_eq!(db1.key().as_str(), "backup-on-site/db1");
    assert_eq!(db1.mend.as_ref().unwrap(), "write a [[backup]] with of = [\"db1\"]");
    scene = Scene::new(&["local"]);
    scene.evidence.configured = false;
    assert_eq!(verdict(&scene.one(&RULE)), (Verdict::Unknown, "no backup is configured"));
}

#[test]
fn an_off_site_backup_alone_is_not_one_on_site() {
    let off = says("restic", &["web1"], ALL, true);
    let scene = Scene::new(&["web1"]).backup("office", off, Ok(nightly("web1", 20)));
    assert_eq!(verdict(&scene.one(&RULE)), (Verdict::Due, "only off-site backups name it"));
}

#[test]
fn hostile_names_stay_one_clean_line() {
    let hostile =
        Snapshot { id: "\u{1b}[2J\u{202e}x\ny".into(), ..snapshot("evil\u{1b}]0;x\u{7}", "2030-01-01 00:00") };
    let judgement = judged(&["last night"], Ok(list(&[hostile])));
    for text in [judgement.title.as_str(), judgement.mend.as_ref().unwrap().as_str(), judgement.detail.as_str()] {
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
    assert!(!judgement.title.as_str().contains('\n'));
}

proptest! {
    #[test]
    fn taking_evidence_away_never_makes_it_better_and_order_never_matters(
        offsets in proptest::collection::vec((-21 * 86_400_i64..86_400, 0_u64..3), 0..10),
        taken in 0_usize..10,
    ) {
        let now = vienna("2026-11-23 08:04");
        let of = |(offset, files): (i64, u64)| Snapshot {
            at: now + jiff::SignedDuration::from_secs(offset),
            id: format!("{offset}").into(),
            files: (files < 2).then_some(files),
            ..snapshot("web1", "2026-11-23 02:14")
        };
        let all: Vec<Snapshot> = offsets.into_iter().map(of).collect();
        let whole = judged(&["last night"], Ok(list(&all)));
        let mut turned = all.clone();
        turned.reverse();
        prop_assert_eq!(&whole, &judged(&["last night"], Ok(list(&turned))));
        let ahead = all.iter().any(|snapshot| snapshot.at > now + crate::policy::slots::SLACK);
        prop_assert_eq!(ahead, whole.verdict == Verdict::Unknown);
        // Without its snapshots from the future it can be judged again; without others it is never better.
        if taken < turned.len() && turned[taken].at <= now {
            turned.remove(taken);
            prop_assert!(judged(&["last night"], Ok(list(&turned))).verdict >= whole.verdict);
        }
        prop_assert!(judged(&["last night"], Ok(list(&[]))).verdict == Verdict::Broken);
    }
}
