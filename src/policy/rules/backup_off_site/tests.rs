use super::*;
use crate::domain::facts::{Encryption, Snapshots};
use crate::domain::{Attestation, Attested, Fault, Period};
use crate::policy::slots::scene::{Scene, list, nightly, says, snapshot, vienna};

fn verdicts(scene: &Scene) -> Vec<String> {
    let said = |judgement: &Judgement| format!("{} {}: {}", judgement.key(), judgement.verdict.word(), judgement.title);
    scene.judged(&RULE).iter().map(said).collect()
}

#[test]
fn an_encrypted_repository_elsewhere_is_judged_by_its_slots() {
    let off = || says("restic", &["web1"], &["last night"], true);
    let scene = Scene::new(&["web1"]);
    let held = scene.clone().backup("office", off(), Ok(nightly("web1", 3)));
    assert_eq!(verdicts(&held), ["backup-off-site/web1/office ok: last night; newest Mon 23 Nov 02:14"]);
    assert!(held.one(&RULE).detail.as_str().contains("restic encrypts every repository"));
    let late = scene.backup("office", off(), Ok(list(&[snapshot("web1", "2026-11-21 02:14")])));
    assert_eq!(
        verdicts(&late),
        ["backup-off-site/web1/office broken: no snapshot from last night; nearest Sat 21 Nov 02:14"]
    );
}

#[test]
fn a_plain_folder_elsewhere_is_broken_whatever_it_holds() {
    let off = || says("directory", &["web1"], &["last night"], true);
    let full = Scene::new(&["web1"]).backup("office", off(), Ok(nightly("", 3))).one(&RULE);
    assert_eq!((full.verdict, full.title.as_str()), (Verdict::Broken, "off site and not encrypted: a plain folder"));
    let silent = Scene::new(&["web1"]).backup("office", off(), Err(Fault::new("no route to host"))).one(&RULE);
    assert_eq!(silent.verdict, Verdict::Broken);
    assert!(silent.title.as_str().ends_with("; never answered: no route to host"), "{}", silent.title);
}

#[test]
fn without_any_off_site_backup_nothing_is_said() {
    let on = says("restic", &["web1"], &["last night"], false);
    let scene = Scene::new(&["web1"]).backup("nas", on, Ok(nightly("web1", 3)));
    assert_eq!(verdicts(&scene), Vec::<String>::new());
}

#[test]
fn once_one_server_has_an_off_site_backup_the_others_lack_it() {
    let off = says("restic", &["web1"], &["last night"], true);
    let scene = Scene::new(&["web1", "db1"]).backup("office", off, Ok(nightly("web1", 3)));
    assert_eq!(
        verdicts(&scene),
        [
            "backup-off-site/web1/office ok: last night; newest Mon 23 Nov 02:14",
            "backup-off-site/db1 broken: no off-site backup names it"
        ]
    );
}

#[test]
fn what_the_repository_says_of_its_encryption_decides() {
    let off = || says("borg", &["web1"], &["last night"], true);
    let with = |encryption: Encryption| {
        let list = Snapshots { encryption, ..nightly("web1", 3) };
        Scene::new(&["web1"]).backup("office", off(), Ok(list)).one(&RULE)
    };
    let plain = with(Encryption::Plain("borg without encryption".into()));
    assert_eq!(
        (plain.verdict, plain.title.as_str()),
        (Verdict::Broken, "off site and not encrypted: borg without encryption")
    );
    let by = with(Encryption::By("repokey-blake2".into()));
    assert_eq!(by.verdict, Verdict::Ok);
    assert!(by.detail.as_str().contains("Encrypted: repokey-blake2."), "{}", by.detail);
    let untold = with(Encryption::Untold);
    assert_eq!(untold.verdict, Verdict::Unknown);
    assert!(untold.title.as_str().starts_with("off site, and whether it is encrypted is not told"));
}

#[test]
fn a_repository_that_does_not_answer_is_unknown() {
    let off = says("borg", &["web1"], &["last night"], true);
    let judgement =
        Scene::new(&["web1"]).backup("office", off, Err(Fault::new("wrong password").mend("store it"))).one(&RULE);
    assert_eq!(judgement.verdict, Verdict::Unknown);
    assert_eq!(judgement.mend.unwrap(), "store it");
}

#[test]
fn a_promise_to_verify_is_kept_by_the_tools_trace_or_a_persons_word() {
    let mut off = says("restic", &["web1"], &["last night"], true);
    off.expect.verified = Some(Period::days(7));
    let verified_at = |list: Snapshots, attested: Option<&str>| {
        let mut scene = Scene::new(&["web1"]).backup("office", off.clone(), Ok(list));
        scene.evidence.attested = attested.map(by_roman).into_iter().collect();
        let judged = scene.judged(&RULE);
        let found = judged.iter().find(|judgement| judgement.key().as_str() == "backup-off-site/office/verified");
        found.map(|judgement| (judgement.verdict, judgement.title.to_string())).unwrap()
    };
    let never = verified_at(nightly("web1", 3), None);
    assert_eq!(never, (Verdict::Due, "nobody ever verified what it stores".into()));
    let traced = Snapshots { verified_at: Some(vienna("2026-11-20 04:00")), ..nightly("web1", 3) };
    assert_eq!(verified_at(traced.clone(), None), (Verdict::Ok, "verified 3 d ago".into()));
    assert_eq!(verified_at(traced, Some("2026-11-22 20:00")).1, "verified 12 h ago", "the later of both");
    assert_eq!(verified_at(nightly("web1", 3), Some("2026-11-14 08:00")).0, Verdict::Due);
    assert_eq!(verified_at(nightly("web1", 3), Some("2026-10-14 08:00")).0, Verdict::Broken);
    assert_eq!(verified_at(nightly("web1", 3), Some("2026-12-14 08:00")).0, Verdict::Unknown);
}

fn by_roman(at: &str) -> Attested {
    let attestation = Attestation {
        measure: "backup-off-site".into(),
        subject: "office".into(),
        until: vienna("2030-01-01 00:00"),
        note: "restic check --read-data".into(),
        file: None,
        drill: None,
    };
    Attested { seq: 3, at: vienna(at), by: "roman".into(), attestation }
}
