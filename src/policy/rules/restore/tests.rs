use super::*;
use crate::domain::{Attestation, Drill};
use crate::policy::decisions::scene::reopened;
use crate::policy::slots::scene::{Scene, nightly, says, vienna};

fn drill(seconds: u64, failed: Option<&str>) -> Drill {
    Drill {
        backup: "nas".into(),
        snapshot: "ab".into(),
        seconds,
        files: 30,
        bytes: 900,
        whole: true,
        same: 10,
        changed: 0,
        unread: 0,
        failed: failed.map(Shown::from),
    }
}

fn attested(subject: &str, at: &str, drill: Option<Drill>) -> Attested {
    let attestation = Attestation {
        measure: "restore".into(),
        subject: subject.into(),
        until: vienna("2030-01-01 00:00"),
        note: "restored".into(),
        file: None,
        drill,
    };
    Attested { seq: 7, at: vienna(at), by: "roman".into(), attestation }
}

fn scene() -> Scene {
    let mut backup = says("restic", &["web1", "web2"], &["last night"], false);
    backup.expect.drill = Some(Period::days(180));
    backup.expect.restore_within = Some(Period::minutes(30));
    let mut scene = Scene::new(&["web1", "web2"]).backup("nas", backup, Ok(nightly("web1", 3)));
    for source in &mut scene.evidence.sources {
        if let Fact::HostDeclared(host) = &mut source.declared[0].fact {
            host.role = Some("web".into());
        }
    }
    scene
}

fn judged(drills: Vec<Attested>) -> Judgement {
    let mut scene = scene();
    scene.evidence.attested = drills;
    scene.one(&RULE)
}

fn said(drills: Vec<Attested>) -> (Verdict, String) {
    let judgement = judged(drills);
    assert_eq!(judgement.key().as_str(), "restore/web servers");
    assert_eq!(judgement.mend.is_none(), judgement.verdict == Verdict::Ok);
    (judgement.verdict, judgement.title.to_string())
}

#[test]
fn a_class_that_was_never_tried_is_due() {
    assert_eq!(said(vec![]), (Verdict::Due, "no restore was ever tried".into()));
    assert_eq!(said(vec![attested("db1", "2026-11-01 09:00", None)]).0, Verdict::Due, "another server's drill");
}

#[test]
fn a_drill_that_failed_otherwise_asks_again() {
    let last = |failed: &str| judged(vec![attested("web1", "2026-11-01 09:00", Some(drill(60, Some(failed))))]);
    let (full, missing) = (last("the disk is full"), last("a pack is missing"));
    assert_eq!(reopened(&full, &full), None);
    assert_eq!(reopened(&full, &missing).unwrap(), *"drill: failed: a pack is missing");
}

#[test]
fn one_drill_counts_for_its_class_until_it_is_due_again() {
    let at = |when| said(vec![attested("web2", when, Some(drill(700, None)))]);
    assert_eq!(at("2026-11-13 08:04"), (Verdict::Ok, "last drill 10 d ago by roman, took 11 m".into()));
    assert_eq!(
        at("2026-05-20 08:04"),
        (Verdict::Due, "due: last drill 187 d ago by roman, promised every 180d".into())
    );
    assert_eq!(at("2025-10-01 08:04").0, Verdict::Broken);
    assert_eq!(at("2026-12-01 08:04").0, Verdict::Unknown, "dated in the future");
}

#[test]
fn a_drill_that_failed_or_took_too_long_is_broken_until_a_better_one() {
    let slow = attested("web1", "2026-11-20 09:00", Some(drill(2_520, None)));
    assert_eq!(
        said(vec![slow.clone()]),
        (Verdict::Broken, "the last drill, 2 d ago by roman, took 42 m, promised within 30m".into())
    );
    let failed = attested("web1", "2026-11-21 09:00", Some(drill(3, Some("it restored nothing"))));
    assert!(said(vec![failed.clone(), slow.clone()]).1.ends_with("failed: it restored nothing"));
    let better = attested("web1", "2026-11-22 20:00", Some(drill(60, None)));
    assert_eq!(said(vec![better, slow, failed]).0, Verdict::Ok, "whatever the order");
}

#[test]
fn a_time_that_nobody_measured_keeps_no_promise() {
    let part = Drill { whole: false, ..drill(7_200, None) };
    for drill in [Some(part), None] {
        let (verdict, title) = said(vec![attested("web1", "2026-11-22 20:00", drill.clone())]);
        assert_eq!(verdict, Verdict::Unknown, "{title}");
        assert!(title.ends_with("how long the whole takes was not measured"), "{title}");
        // Where no time is promised, that it came back is enough.
        let mut scene = scene();
        for source in &mut scene.evidence.sources {
            if let Fact::BackupDeclared(backup) = &mut source.declared[0].fact {
                backup.expect.restore_within = None;
            }
        }
        scene.evidence.attested = vec![attested("web1", "2026-11-22 20:00", drill)];
        assert_eq!(scene.one(&RULE).verdict, Verdict::Ok);
    }
}

#[test]
fn without_a_calendar_nothing_is_said() {
    let backup = says("restic", &["web1"], &["last night"], false);
    let scene = Scene::new(&["web1"]).backup("nas", backup, Ok(nightly("web1", 3)));
    assert!(scene.judged(&RULE).is_empty());
}
