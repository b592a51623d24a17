//! `backups` against the lab: real restic repositories and snapshot folders, from the configuration to the verdict.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use libtest_mimic::Trial;
use matins::collect::tools::Tools;
use matins::collect::{ALL, Answer, Source};
use matins::domain::register::{Destination, Register, Server};
use matins::domain::settings::Entry;
use matins::domain::{Evidence, Judgement, Limits, Period, SourceRecord, Verdict};
use matins::policy::{Case, rules};
use serde_json::{Value, json};

use super::Lab;

const SLOTS: &[&str] = &["last night", "1 week", "2 weeks"];

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let mut trials = of_repositories(lab);
    trials.extend(of_archives(lab));
    trials.extend(of_subvolumes(lab));
    trials.extend(of_snapper(lab));
    trials.extend(of_folders(lab));
    trials.extend(of_mirrors(lab));
    trials
}

fn trial(lab: &Lab, name: &str, body: impl FnOnce(&Lab) + Send + 'static) -> Trial {
    let lab = lab.clone();
    Trial::test(format!("backups::{name}"), move || {
        body(&lab);
        Ok(())
    })
}

fn of_repositories(lab: &Lab) -> Vec<Trial> {
    vec![
        trial(lab, "a_repository_with_every_snapshot_is_ok", |lab| {
            let judgement = one(restic(lab, "good", "password", SLOTS));
            assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
        }),
        trial(lab, "a_missed_night_is_broken_and_names_the_nearest", |lab| {
            let judgement = one(restic(lab, "late", "password", SLOTS));
            assert_eq!(judgement.verdict, Verdict::Broken, "{judgement:?}");
            let title = judgement.title.as_str();
            assert!(title.starts_with("no snapshot from last night") && title.contains("; nearest "), "{title}");
        }),
        trial(lab, "a_snapshot_from_the_future_is_unknown", |lab| {
            let judgement = one(restic(lab, "future", "password", SLOTS));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
            assert!(judgement.title.as_str().starts_with("a snapshot is dated "), "{}", judgement.title);
        }),
        trial(lab, "an_empty_repository_is_broken", |lab| {
            let judgement = one(restic(lab, "empty", "password", &["last night"]));
            assert_eq!(judgement.verdict, Verdict::Broken, "{judgement:?}");
            assert_eq!(judgement.title, "no snapshot from last night; there is none at all");
        }),
        trial(lab, "a_damaged_repository_is_unknown", |lab| {
            let judgement = one(restic(lab, "corrupt", "password", SLOTS));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
            assert!(judgement.title.as_str().contains("invalid data returned"), "{}", judgement.title);
        }),
        trial(lab, "a_wrong_password_is_unknown_and_is_not_repeated", |lab| {
            let folder = tempfile::tempdir().unwrap();
            let wrong = folder.path().join("password");
            std::fs::write(&wrong, "canary-1f9c\n").unwrap();
            std::fs::set_permissions(&wrong, std::fs::Permissions::from_mode(0o600)).unwrap();
            let judgement = one(restic(lab, "good", wrong.to_str().unwrap(), SLOTS));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
            assert!(judgement.title.as_str().contains("wrong password"), "{}", judgement.title);
            assert!(!format!("{judgement:?}").contains("canary"));
        }),
        trial(lab, "a_password_that_others_may_read_is_not_used", |lab| {
            let folder = tempfile::tempdir().unwrap();
            let open = folder.path().join("password");
            std::fs::copy(lab.path("restic/password"), &open).unwrap();
            std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
            let judgement = one(restic(lab, "good", open.to_str().unwrap(), SLOTS));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
        }),
    ]
}

fn of_archives(lab: &Lab) -> Vec<Trial> {
    vec![
        trial(lab, "a_borg_repository_with_every_archive_is_ok", |lab| {
            let judgement = one(borg(lab, "good", Some("password"), SLOTS));
            assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
        }),
        trial(lab, "a_borg_repository_is_read_while_somebody_holds_it", |lab| {
            let judgement = one(borg(lab, "locked", Some("password"), SLOTS));
            assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
            assert!(judgement.detail.as_str().contains("a run: held by lab"), "{}", judgement.detail);
        }),
        trial(lab, "an_empty_borg_repository_is_broken", |lab| {
            let judgement = one(borg(lab, "empty", Some("password"), &["last night"]));
            assert_eq!(judgement.title, "no snapshot from last night; there is none at all");
        }),
        trial(lab, "a_borg_repository_without_encryption_needs_no_password", |lab| {
            let judgement = one(borg(lab, "plain", None, &["last night"]));
            assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
        }),
        trial(lab, "a_half_written_borg_repository_is_unknown", |lab| {
            let judgement = one(borg(lab, "cut", Some("password"), SLOTS));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
            assert!(judgement.mend.is_some());
        }),
        trial(lab, "a_wrong_borg_password_is_unknown", |lab| {
            let judgement = one(borg(lab, "good", Some("../restic/password"), SLOTS));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
            assert!(judgement.title.as_str().contains("wrong password"), "{}", judgement.title);
        }),
    ]
}

fn of_subvolumes(lab: &Lab) -> Vec<Trial> {
    if !lab.path("btrfs/ready").exists() {
        eprintln!("left out: this kernel mounts no btrfs");
        return Vec::new();
    }
    vec![trial(lab, "btrfs_snapshots_are_as_old_as_their_names", |lab| {
        let sudo = !rustix::process::getuid().is_root();
        let judgement = one(json!({"name": "b", "of": ["web1"], "kind": "btrfs", "path": lab.path("btrfs/mnt"),
            "prefix": "@snapshots/", "sudo": sudo, "slots": ["last night", "1 week"]}));
        assert_eq!(judgement.verdict, Verdict::Broken, "{judgement:?}");
        assert!(judgement.title.as_str().starts_with("no snapshot from 1 week ago; nearest"), "{}", judgement.title);
        assert!(judgement.detail.as_str().contains("2 snapshots"), "{}", judgement.detail);
    })]
}

fn of_snapper(lab: &Lab) -> Vec<Trial> {
    if !lab.path("snapper/ready").exists() || !rustix::process::getuid().is_root() {
        eprintln!("left out: snapper's snapshots are seen only by root, where the kernel mounts btrfs");
        return Vec::new();
    }
    let entry = |lab: &Lab, path: &str, slots: &[&str]| json!({"name": "b", "of": ["web1"], "kind": "snapper", "path": lab.path("snapper/mnt").join(path), "slots": slots});
    vec![
        trial(lab, "snappers_snapshots_fill_the_slots", move |lab| {
            let judgement = one(entry(lab, "good", &["last night", "1 week"]));
            assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
            assert!(judgement.detail.as_str().contains("3 snapshots"), "{}", judgement.detail);
        }),
        trial(lab, "a_night_that_snapper_missed_is_broken", move |lab| {
            let judgement = one(entry(lab, "late/", &["last night"]));
            assert_eq!(judgement.verdict, Verdict::Broken, "{judgement:?}");
            assert!(
                judgement.title.as_str().starts_with("no snapshot from last night; nearest"),
                "{}",
                judgement.title
            );
        }),
        trial(lab, "a_subvolume_that_snapper_does_not_keep_is_unknown", move |lab| {
            let judgement = one(entry(lab, "nobodys", &["last night"]));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
            assert!(judgement.title.as_str().contains("knows no configuration for"), "{}", judgement.title);
        }),
    ]
}

fn of_mirrors(lab: &Lab) -> Vec<Trial> {
    let entry = |lab: &Lab, mirror: &str| {
        let stamp = lab.path("snapshots/mirrors").join(mirror).join("stamp");
        json!({"name": "b", "of": ["web1"], "kind": "mirror", "stamp": stamp, "slots": ["last night"]})
    };
    vec![
        trial(lab, "a_mirror_is_as_old_as_its_stamp", move |lab| {
            let judgement = one(entry(lab, "whole"));
            assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
        }),
        trial(lab, "a_mirror_made_now_of_a_source_that_stopped_is_broken", move |lab| {
            let judgement = one(entry(lab, "stopped"));
            assert_eq!(judgement.verdict, Verdict::Broken, "{judgement:?}");
        }),
        trial(lab, "a_mirror_whose_run_failed_is_unknown", move |lab| {
            let judgement = one(entry(lab, "cut"));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
        }),
    ]
}

fn borg(lab: &Lab, repository: &str, password: Option<&str>, slots: &[&str]) -> Value {
    let mut entry = json!({"name": "b", "of": ["web1"], "kind": "borg", "slots": slots,
        "repository": lab.path("borg").join(repository)});
    if let Some(password) = password {
        entry["password"] = json!({"file": lab.path("borg").join(password)});
    }
    entry
}

fn of_folders(lab: &Lab) -> Vec<Trial> {
    vec![
        trial(lab, "rsnapshots_folders_fill_the_slots", |lab| {
            let judgement = one(directory(lab.path("snapshots/rsnapshot").to_str().unwrap(), SLOTS));
            assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
        }),
        trial(lab, "folders_with_dated_names_fill_the_slots", |lab| {
            let judgement = one(directory(lab.path("snapshots/dated").to_str().unwrap(), SLOTS));
            assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
        }),
        trial(lab, "a_folder_that_does_not_exist_is_unknown", |lab| {
            let judgement = one(directory(lab.path("snapshots/nowhere").to_str().unwrap(), SLOTS));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
        }),
        trial(lab, "a_folder_on_a_server_is_read_over_ssh", |_| {
            let judgement = one_after(
                "rm -rf /tmp/matins-dumps && mkdir -p \"/tmp/matins-dumps/$(date +%F)/web1\"",
                directory("lab1:/tmp/matins-dumps", &["last night"]),
            );
            assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
        }),
        trial(lab, "a_folder_on_a_server_that_cannot_be_reached_is_unknown", |_| {
            let judgement = one(directory("labdead:/srv/dumps", &["last night"]));
            assert_eq!(judgement.verdict, Verdict::Unknown, "{judgement:?}");
        }),
    ]
}

fn restic(lab: &Lab, repository: &str, password: &str, slots: &[&str]) -> Value {
    // An absolute name stays what it is.
    let password = lab.path("restic").join(Path::new(password));
    json!({"name": "b", "of": ["web1"], "kind": "restic", "repository": lab.path("restic").join(repository),
        "password": {"file": password}, "slots": slots})
}

fn directory(path: &str, slots: &[&str]) -> Value {
    json!({"name": "b", "of": ["web1"], "kind": "directory", "path": path, "slots": slots})
}

fn register() -> Register {
    let server = |name: &str| Server { name: name.into(), ssh: Destination::parse(name).ok(), ..Server::local() };
    Register {
        servers: vec![Server { name: "web1".into(), ..Server::local() }, server("lab1"), server("labdead")],
        persons: Vec::new(),
        configured: true,
    }
}

pub(super) fn one(entry: Value) -> Judgement {
    one_after("", entry)
}

/// Runs a script on lab1, asks the backup, and judges it.
fn one_after(script: &str, entry: Value) -> Judgement {
    #[expect(clippy::disallowed_methods, reason = "a test is the edge")]
    let clock: fn() -> Timestamp = Timestamp::now;
    let collector = ALL.iter().find(|collector| collector.name == "backups").unwrap();
    let section = collector.sections[0].name;
    let entries = [Entry { section, value: entry, place: "register.toml:1".into(), index: 0 }];
    let register = register();
    let sources = (collector.plan)(&entries, &register, Period::minutes(15)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let record = runtime.block_on(async {
        let tools = Tools::new(clock).unwrap().in_zone(TimeZone::system());
        if !script.is_empty() {
            let lab1 = register.server("lab1").unwrap();
            let ran = tools.shell.script(lab1, script, Duration::from_secs(25), 1 << 16).await.unwrap();
            assert_eq!(ran.status, Some(0), "{}", ran.complaint());
        }
        asked(&sources[0], &tools).await
    });
    let evidence = Evidence { sources: vec![record], configured: true, ..Evidence::default() };
    let (limits, zone) = (Limits::default(), TimeZone::system());
    let case = Case { evidence: &evidence, limits: &limits, now: clock(), zone: &zone };
    let rule = rules::ALL.iter().find(|rule| rule.measure == "backup-on-site").unwrap();
    let mut judged = (rule.judge)(&case);
    // Whether sizes are as usual is a finding of its own, of what tells sizes.
    judged.retain(|one| one.part.as_ref().is_some_and(|part| part.as_str() == "b"));
    assert_eq!(judged.len(), 1, "{judged:?}");
    judged.remove(0)
}

async fn asked(source: &Source, tools: &Tools) -> SourceRecord {
    let answer = tokio::time::timeout(source.deadline, source.ask.ask(tools, None)).await.unwrap();
    let at = Some((tools.now)());
    let (seen, good_at, fault) = match answer {
        Ok(Answer::Seen { observations, .. }) => (observations, at, None),
        Ok(Answer::Unchanged) => panic!("nothing was known before"),
        Err(fault) => (Vec::new(), None, Some(fault)),
    };
    SourceRecord {
        id: source.id.clone(),
        declared: source.declared.clone(),
        seen,
        good_at,
        asked_at: at,
        took_ms: None,
        fault,
        failures: 0,
        stale_after: source.stale_after(),
    }
}
