use super::*;
use crate::domain::Fault;
use crate::domain::facts::{Encryption, Snapshots};
use crate::policy::slots::scene::{Scene, list, nightly, says, snapshot};

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
    assert!(silent.title.as_str().ends_with("; silent, never answered: no route to host"), "{}", silent.title);
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
