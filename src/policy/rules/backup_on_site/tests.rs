use proptest::prelude::*;

use super::*;
use crate::domain::facts::{HostSeen, Percent, Snapshot, Snapshots};
use crate::domain::{Fact, Fault, Observation, Period, Subject};
use crate::policy::slots::scene::{Scene, list, nightly, says, snapshot, vienna};

const ALL: &[&str] = &["last night", "1 week", "2 weeks"];

fn judged(slots: &[&str], answer: Result<Snapshots, Fault>) -> Judgement {
    let scene = Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], slots, false), answer);
    let mut judged = scene.judged(&RULE);
    // What it says of its shape is another finding.
    judged.retain(|judgement| judgement.key().as_str() == "backup-on-site/web1/nas");
    assert_eq!(judged.len(), 1, "{judged:?}");
    judged.remove(0)
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
    assert_eq!(verdict(&judgement), (Verdict::Unknown, "never answered: wrong password"));
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
    let no_bytes = Snapshot { bytes: Some(0), ..snapshot("web1", "2026-11-23 02:14") };
    let judgement = judged(&["last night"], Ok(list(&[no_bytes, snapshot("web1", "2026-11-22 02:14")])));
    assert_eq!(verdict(&judgement), (Verdict::Broken, "no snapshot from last night; nearest Sun 22 Nov 02:14"));
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

/// A probe that read nothing but the clock.
fn clock_only(skew: i64) -> HostSeen {
    let none = serde_json::json!({"unreadable": {"said": "not asked", "mend": null, "passing": false}});
    let parts = [
        "release",
        "kernel",
        "pending",
        "lists_at",
        "reboot",
        "unattended",
        "half_configured",
        "held",
        "uptime_seconds",
    ];
    let mut seen: serde_json::Map<_, _> = parts.iter().map(|part| ((*part).to_owned(), none.clone())).collect();
    seen.insert("clock_skew_seconds".into(), serde_json::json!({"seen": skew}));
    serde_json::from_value(seen.into()).unwrap()
}

/// A scene of one server, whose probe found its clock this far ahead.
fn with_clock(skew: i64, slots: &[&str], list: Snapshots) -> Scene {
    let mut scene = Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], slots, false), Ok(list));
    let now = scene.now;
    let seen = clock_only(skew);
    let host = &mut scene.evidence.sources[0];
    host.good_at = Some(now);
    host.seen = vec![Observation { subject: Subject::host("web1"), at: now, fact: Fact::HostSeen(Box::new(seen)) }];
    scene
}

#[test]
fn a_server_whose_clock_is_wrong_is_not_believed() {
    let wrong = with_clock(10 * 3_600, ALL, nightly("web1", 20)).one(&RULE);
    assert_eq!(wrong.verdict, Verdict::Unknown);
    assert!(wrong.title.as_str().starts_with("the clock of web1 is 10 h ahead, so its"), "{}", wrong.title);
    let right = with_clock(-200, ALL, nightly("web1", 20)).one(&RULE);
    assert_eq!(right.verdict, Verdict::Ok);
    let missing = with_clock(-600, &["last night"], list(&[snapshot("web1", "2026-11-20 02:14")])).one(&RULE);
    assert_eq!(missing.verdict, Verdict::Broken, "what is missing stays missing");
    assert!(missing.detail.as_str().contains("10 m behind"), "{}", missing.detail);
}

#[test]
fn a_run_that_is_under_way_is_due_unless_somebody_left_a_lock() {
    let with_lock = |newest: &str| {
        judged(
            &["last night"],
            Ok(Snapshots { running: Some("held by vm".into()), ..list(&[snapshot("web1", newest)]) }),
        )
    };
    let late = with_lock("2026-11-22 02:14");
    assert_eq!(late.verdict, Verdict::Due);
    assert!(late.title.as_str().contains("a run is under way (held by vm)"), "{}", late.title);
    assert_eq!(with_lock("2026-11-20 02:14").verdict, Verdict::Broken);
    assert_eq!(with_lock("2026-11-23 02:14").verdict, Verdict::Ok);
}

#[test]
fn a_shrunken_snapshot_is_a_finding_of_its_own() {
    let mut made = nightly("web1", 20);
    for (night, snapshot) in made.snapshots.iter_mut().enumerate() {
        snapshot.bytes = Some(if night == 0 { 1_200_000_000 } else { 4_100_000_000 });
    }
    let scene = Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], ALL, false), Ok(made));
    let judged = scene.judged(&RULE);
    let shape = judged.iter().find(|judgement| judgement.key().as_str() == "backup-on-site/web1/nas shape").unwrap();
    assert_eq!(verdict(shape), (Verdict::Broken, "size 1.2 GB, 71% below the median 4.1 GB of 14"));
    assert!(shape.mend.is_some());
    assert_eq!(judged.iter().filter(|judgement| judgement.verdict == Verdict::Ok).count(), 1, "its slots are filled");
}

#[test]
fn a_promise_about_sizes_that_nobody_tells_is_unknown() {
    let mut declared = says("borg", &["web1"], ALL, false);
    declared.expect.shrink = Some(Percent(30));
    let judged = Scene::new(&["web1"]).backup("nas", declared, Ok(nightly("web1", 20))).judged(&RULE);
    let shape = judged.iter().find(|judgement| judgement.key().as_str().ends_with("/nas shape")).unwrap();
    assert_eq!(shape.verdict, Verdict::Unknown);
    assert!(shape.title.as_str().contains("shrinkage by 30% would not be seen"), "{}", shape.title);
}

/// Nights in which the clock is set, where the console is and where the servers are.
#[test]
fn the_operators_zone_says_which_night_it_was() {
    for (zone, now, made, verdict) in [
        // 02:14 in Vienna is 13:14 in Lord Howe: not of that night, unless it is the last evening's.
        ("Australia/Lord_Howe", "2026-10-04T08:00", "2026-10-03T22:00:00+11:00", Verdict::Ok),
        ("Australia/Lord_Howe", "2026-10-04T08:00", "2026-10-03T02:14:00+02:00", Verdict::Broken),
        ("Australia/Lord_Howe", "2026-04-05T08:00", "2026-04-04T18:00:00+11:00", Verdict::Ok),
        ("America/New_York", "2026-03-08T08:00", "2026-03-08T02:30:00-05:00", Verdict::Ok),
        ("America/New_York", "2026-11-01T08:00", "2026-11-01T01:30:00-05:00", Verdict::Ok),
        ("America/New_York", "2026-11-01T08:00", "2026-10-31T17:59:00-04:00", Verdict::Broken),
        ("Europe/Vienna", "2026-03-29T08:00", "2026-03-29T01:30:00Z", Verdict::Ok),
        ("Europe/Vienna", "2026-10-25T08:00", "2026-10-25T00:30:00Z", Verdict::Ok),
        ("Europe/Vienna", "2028-02-29T08:00", "2028-02-28T18:00:00+01:00", Verdict::Ok),
        ("Europe/Vienna", "2027-01-01T08:00", "2026-12-31T23:59:00+01:00", Verdict::Ok),
    ] {
        let at = Snapshot { at: made.parse().unwrap(), ..snapshot("web1", "2026-11-23 02:14") };
        let mut scene =
            Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], &["last night"], false), Ok(list(&[at])));
        scene.zone = jiff::tz::TimeZone::get(zone).unwrap();
        scene.now = scene.zone.to_timestamp(now.parse().unwrap()).unwrap();
        scene.evidence.sources[1].good_at = Some(scene.now);
        assert_eq!(scene.one(&RULE).verdict, verdict, "{zone}: made {made}, judged {now}");
    }
}

prop_compose! {
    /// Snapshots of the last weeks, some at the same moment, some with nothing in them, some locked.
    fn nights()(offsets in proptest::collection::vec((-21 * 86_400_i64..=0, 0_u64..3), 0..10)) -> Vec<Snapshot> {
        let now = vienna("2026-11-23 08:04");
        let of = |(index, (offset, files)): (usize, &(i64, u64))| Snapshot {
            at: now + jiff::SignedDuration::from_secs(offset / 43_200 * 43_200),
            id: format!("{index}").into(),
            files: (*files < 2).then_some(*files),
            ..snapshot("web1", "2026-11-23 02:14")
        };
        offsets.iter().enumerate().map(of).collect()
    }
}

proptest! {
    #[test]
    fn an_older_snapshot_never_improves_last_nights_verdict(made in nights(), days in 3_i64..400) {
        let before = judged(&["last night"], Ok(list(&made)));
        let oldest = made.iter().map(|s| s.at).min().unwrap_or(vienna("2026-11-23 08:04"));
        let mut more = made;
        more.push(Snapshot { at: oldest - jiff::SignedDuration::from_hours(24 * days), ..snapshot("web1", "2026-11-23 02:14") });
        prop_assert!(judged(&["last night"], Ok(list(&more))).verdict >= before.verdict);
    }

    #[test]
    fn a_future_date_is_never_ok_and_equal_times_in_any_order_are_one_verdict(made in nights(), ahead in 301_i64..9_000_000, turn in 0_usize..10) {
        let mut turned = made.clone();
        if !turned.is_empty() {
            let middle = turn % turned.len();
            turned.rotate_left(middle);
        }
        prop_assert_eq!(judged(ALL, Ok(list(&made))), judged(ALL, Ok(list(&turned))));
        let now = vienna("2026-11-23 08:04");
        turned.push(Snapshot { at: now + jiff::SignedDuration::from_secs(ahead), ..snapshot("web1", "2026-11-23 02:14") });
        prop_assert!(judged(ALL, Ok(list(&turned))).verdict > Verdict::Due);
    }

    #[test]
    fn every_missing_night_names_the_nearest_there_is(made in nights()) {
        let said = judged(&["last night"], Ok(list(&made)));
        if said.verdict == Verdict::Broken {
            let whole = made.iter().any(|snapshot| snapshot.files != Some(0));
            let words = if whole { "; nearest " } else { "there is none at all" };
            prop_assert!(said.title.as_str().contains(words), "{}", said.title);
        }
    }
}
