//! What was decided on a backup asks again when the facts are others, although the verdict is the same.

use proptest::prelude::*;

use super::scene::{Scene, list, nightly, says, snapshot, vienna};
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::{Fault, Judgement, Period, Verdict};
use crate::policy::decisions::scene::reopened;
use crate::policy::{Case, Rule, evaluate, rules};

const ALL: &[&str] = &["last night", "1 week", "2 weeks"];

fn rule(measure: &str) -> &'static Rule {
    rules::ALL.iter().find(|rule| rule.measure == measure).unwrap()
}

fn on_site(list: Snapshots) -> Judgement {
    Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], ALL, false), Ok(list)).one(rule("backup-on-site"))
}

fn off_site(tool: &str, answer: Result<Snapshots, Fault>) -> Judgement {
    let scene = Scene::new(&["web1"]).backup("office", says(tool, &["web1"], ALL, true), answer);
    let limits = crate::domain::Limits::default();
    let case = Case { evidence: &scene.evidence, limits: &limits, now: scene.now, zone: &scene.zone };
    evaluate(&case).into_iter().find(|one| one.key().as_str() == "backup-off-site/web1/office").unwrap()
}

fn why(then: &Judgement, now: &Judgement) -> String {
    assert_eq!(reopened(then, then), None, "{}", then.title);
    reopened(then, now).map_or_else(|| "still decided".into(), |why| why.to_string())
}

#[test]
fn all_snapshots_gone_is_more_than_a_missed_night() {
    let mut weekly = nightly("web1", 20);
    weekly.snapshots.drain(..3);
    let (missed, gone) = (on_site(weekly), on_site(list(&[])));
    assert_eq!((missed.verdict, gone.verdict), (Verdict::Broken, Verdict::Broken));
    assert_eq!(why(&missed, &gone), "slot 1 week: missing, and 1 more");
    assert_eq!(why(&gone, &missed), "still decided", "who accepted that all are gone accepted this one");
}

#[test]
fn older_snapshots_that_vanish_from_a_young_backup_ask() {
    let (younger, young) = (on_site(nightly("web1", 2)), on_site(nightly("web1", 8)));
    assert_eq!((young.verdict, younger.verdict), (Verdict::Due, Verdict::Due));
    assert_eq!(why(&young, &younger), "slot 1 week: every snapshot is younger");
}

#[test]
fn a_run_that_may_still_come_asks_nobody_who_accepted_a_missed_night() {
    let scene = |now: &str, newest: &str| {
        let made = list(&[snapshot("web1", newest)]);
        let says = says("restic", &["web1"], &["last night"], false);
        Scene::new(&["web1"]).at(now).backup("nas", says, Ok(made)).one(rule("backup-on-site"))
    };
    let missed = scene("2026-11-23 08:04", "2026-11-21 02:14");
    let running = scene("2026-11-25 01:00", "2026-11-24 02:14");
    assert_eq!((missed.verdict, running.verdict), (Verdict::Broken, Verdict::Due));
    assert_eq!(why(&missed, &running), "still decided");
}

#[test]
fn each_cause_of_which_nobody_knows_asks_for_itself() {
    let degraded = |complaint: &str| on_site(Snapshots { degraded: Some(complaint.into()), ..nightly("web1", 20) });
    let mut ahead = nightly("web1", 20);
    ahead.snapshots.push(snapshot("web1", "2026-12-24 02:14"));
    let (one, other, ahead) = (degraded("1 pack is missing"), degraded("permission denied"), on_site(ahead));
    assert_eq!([one.verdict, other.verdict, ahead.verdict], [Verdict::Unknown; 3]);
    assert_eq!(why(&one, &other), "list: permission denied");
    assert_eq!(why(&one, &degraded("2 pack is missing")), "still decided");
    assert_eq!(why(&one, &ahead), "snapshots: dated ahead");
    assert_eq!(why(&ahead, &one), "list: … pack is missing");
}

#[test]
fn that_it_is_not_encrypted_hides_nothing_else_and_nothing_hides_it() {
    let held = |made| off_site("directory", Ok(made));
    let (plain, gone) = (held(nightly("", 20)), held(list(&[])));
    assert_eq!((plain.verdict, gone.verdict), (Verdict::Broken, Verdict::Broken));
    assert_eq!(why(&plain, &gone), "slot last night: missing, and 2 more");
    let borg = |encryption, made| off_site("borg", Ok(Snapshots { encryption, ..made }));
    let (none, by) = (Encryption::Plain("borg without encryption".into()), Encryption::By("repokey".into()));
    assert_eq!(why(&borg(by, list(&[])), &borg(none, list(&[]))), "encryption: none");
    let silent = |fault| off_site("directory", Err(fault));
    let (refused, changed) = (silent(Fault::passing("connection refused")), silent(Fault::new("its host key changed")));
    assert_eq!((refused.verdict, changed.verdict), (Verdict::Broken, Verdict::Broken));
    assert_eq!(why(&plain, &refused), "snapshots: can't be judged");
    assert_eq!(why(&refused, &changed), "backups, its host key changed: silent");
}

#[test]
fn a_server_that_lost_its_last_backup_asks() {
    let scene =
        Scene::new(&["web1", "db1"]).backup("nas", says("restic", &["db1"], ALL, false), Ok(nightly("db1", 20)));
    let on_site = |scene: &Scene| {
        let judged = scene.judged(rule("backup-on-site"));
        judged.into_iter().find(|one| one.key().as_str() == "backup-on-site/web1").unwrap()
    };
    let none = on_site(&scene);
    let off = on_site(&scene.backup("office", says("restic", &["web1"], ALL, true), Ok(nightly("web1", 20))));
    assert_eq!((off.verdict, none.verdict), (Verdict::Broken, Verdict::Broken));
    assert_eq!(why(&off, &none), "backup: none");
}

#[test]
fn a_snapshot_that_is_nearly_empty_is_more_than_one_that_shrank() {
    let shape = |newest: u64| {
        let mut made = nightly("web1", 20);
        for (night, snapshot) in made.snapshots.iter_mut().enumerate() {
            snapshot.bytes = Some(if night == 0 { newest } else { 4_000_000_000 });
        }
        let scene = Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], ALL, false), Ok(made));
        let judged = scene.judged(rule("backup-on-site"));
        judged.into_iter().find(|one| one.part.as_ref().is_some_and(|part| *part == "nas shape")).unwrap()
    };
    assert_eq!(why(&shape(2_000_000_000), &shape(1_900_000_000)), "still decided");
    assert_eq!(why(&shape(2_000_000_000), &shape(4_000)), "size: nearly nothing is left");
}

prop_compose! {
    fn nights()(offsets in proptest::collection::vec((-21 * 86_400_i64..=400, 0_u64..3, 0_u64..9), 0..20)) -> Vec<Snapshot> {
        offsets.into_iter().map(|(offset, files, size)| Snapshot {
            at: vienna("2026-11-23 08:04") + jiff::SignedDuration::from_secs(offset),
            files: Some(files),
            bytes: Some(size * 100_000_000),
            ..snapshot("web1", "2026-11-23 02:14")
        }).collect()
    }
}

proptest! {
    /// But for a run that may still come: nobody decides on that.
    #[test]
    fn whatever_a_backup_lacks_is_asked(made in nights(), hour in 0_i8..24, offsite in any::<bool>(), degraded in any::<bool>(), tool in 0_usize..3) {
        let mut says = says(["restic", "borg", "directory"][tool], &["web1"], ALL, offsite);
        says.expect.verified = Some(Period::days(30));
        says.expect.drill = Some(Period::days(30));
        let answer = Snapshots { degraded: degraded.then(|| "half of it".into()), ..list(&made) };
        let scene = Scene::new(&["web1", "db1"]).at(&format!("2026-11-23 {hour:02}:04")).backup("nas", says, Ok(answer));
        for rule in ["backup-on-site", "backup-off-site", "restore"].map(rule) {
            for one in scene.judged(rule).iter().filter(|one| one.verdict != Verdict::Ok) {
                let waits = one.title.as_str().starts_with("no snapshot from last night yet");
                prop_assert!(waits || one.standings.iter().any(|standing| standing.asks), "{} {}", one.key(), one.title);
            }
        }
    }
}
