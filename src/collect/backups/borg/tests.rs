use std::path::Path;

use super::parse::list;
use super::*;
use crate::collect::tools::borg::parse_version;
use crate::collect::tools::run::{Program, Ran, run};
use crate::collect::tools::scratch::Scratch;

fn ran(status: i32, output: &str, complaints: &str) -> Ran {
    Ran { status: Some(status), output: output.into(), complaints: complaints.into(), noise: 0 }
}

const LIST: &str = r#"{"archives": [
    {"archive": "web1-2026-11-22", "id": "a1", "name": "web1-2026-11-22", "start": "2026-11-22T02:30:10.000000", "time": "x"},
    {"id": "a2", "name": "web1-2026-11-23", "start": "2026-11-23T02:30:13.000000"},
    {"id": "a3", "name": "evil\u001b[2J\u202e", "start": "2026-11-23T02:30:13+02:00"}],
    "encryption": {"mode": "repokey-blake2"}, "repository": {"id": "66", "last_modified": "…"}}"#;

#[test]
fn archives_are_dated_in_utc_and_learn_from_a_closer_look() {
    let mut archives = list(&ran(0, LIST, "")).unwrap();
    let closer = r#"{"archives": [{"id": "a2", "name": "web1-2026-11-23", "start": "2026-11-23T02:30:13.000000",
        "end": "2026-11-23T02:35:13.000000", "hostname": "vm", "stats": {"nfiles": 67, "original_size": 5724839, "x": 1}}],
        "encryption": {"mode": "repokey-blake2"}}"#;
    archives.learn(&list(&ran(0, closer, "")).unwrap());
    let found = archives.into_snapshots();
    assert_eq!(found.encryption, Encryption::By("repokey-blake2".into()));
    let [older, newer, evil] = &found.snapshots[..] else { panic!("{found:?}") };
    assert_eq!((newer.bytes, newer.files, newer.took_seconds), (Some(5_724_839), Some(67), Some(300)));
    assert_eq!(newer.at.to_string(), "2026-11-23T02:30:13Z");
    assert_eq!(older.host.as_ref().unwrap(), "vm", "its series is of that host");
    assert_eq!((older.bytes, older.paths.as_slice()), (None, &["web1".into()][..]));
    assert_eq!((evil.id.as_str(), evil.at.to_string().as_str()), ("evil␛[2J‹U+202E›", "2026-11-23T00:30:13Z"));
}

#[test]
fn modes_that_only_sign_are_not_encryption() {
    for (mode, plain) in [("none", true), ("authenticated", true), ("authenticated-blake2", true), ("keyfile", false)] {
        let said = LIST.replace("repokey-blake2", mode);
        let found = list(&ran(0, &said, "")).unwrap().into_snapshots();
        assert_eq!(matches!(found.encryption, Encryption::Plain(_)), plain, "{mode}");
    }
}

#[test]
fn a_warning_beside_a_list_degrades_it() {
    let warning = r#"{"type": "log_message", "message": "index is stale", "levelname": "WARNING"}"#;
    let found = list(&ran(1, LIST, warning)).unwrap().into_snapshots();
    assert_eq!(found.degraded.unwrap(), "index is stale");
    let undated = LIST.replace("2026-11-22T02:30:10", "yesterday");
    let found = list(&ran(0, &undated, "")).unwrap().into_snapshots();
    assert_eq!(found.degraded.unwrap(), "1 of 3 archives have no date that can be read");
}

#[test]
fn every_trouble_has_its_own_words() {
    let said = |id: &str, message: &str| {
        let line = format!(r#"{{"type":"log_message","levelname":"ERROR","message":"{message}","msgid":"{id}"}}"#);
        let fault = list(&ran(2, "", &line)).unwrap_err();
        assert!(fault.mend.is_some());
        fault.said.to_string()
    };
    assert!(said("PassphraseWrong", "passphrase supplied in … is incorrect.").starts_with("wrong password: "));
    let locked = said("LockTimeout", "Failed to create/acquire the lock /x (timeout).");
    assert!(locked.starts_with("the repository is locked: "), "a lock is not the network: {locked}");
    assert!(said("Repository.DoesNotExist", "Repository /x does not exist.").starts_with("there is no repository: "));
    assert!(said("ConnectionClosedWithHint", "Connection closed by remote host.").contains("can't be reached"));
    assert!(said("IntegrityError", "Data integrity error: x").starts_with("the repository is damaged: "));
    assert!(said("Something", "of the future").starts_with("borg failed with status 2"));
    let plain = list(&ran(2, "", "Remote: Host key verification failed.\n")).unwrap_err();
    assert!(plain.said.as_str().starts_with("ssh refused the host key"), "{plain}");
}

#[test]
fn what_is_no_list_is_never_an_empty_one() {
    for output in
        ["", "null", "[]", "{}", "{\"archives\": []}", "{\"archives\": [{}], \"encryption\": {\"mode\": \"x\"}}"]
    {
        assert!(list(&ran(0, output, "")).is_err(), "{output}");
    }
    let empty = list(&ran(0, r#"{"archives": [], "encryption": {"mode": "none"}}"#, "")).unwrap().into_snapshots();
    assert_eq!(empty.snapshots, []);
}

#[test]
fn the_real_lists_are_read() {
    for (name, count) in
        [("borg12-list", 8), ("borg12-list-checkpoints", 9), ("borg14-list", 3), ("borg12-info-last3", 3)]
    {
        let Some(said) = super::super::tests::real(&format!("borg/{name}.json")) else { return };
        let found = list(&ran(0, &said, "")).unwrap().into_snapshots();
        assert_eq!((found.snapshots.len(), found.degraded), (count, None), "{name}");
    }
    for (name, words) in [
        ("borg12-badpw", "wrong password"),
        ("borg12-locked", "the repository is locked"),
        ("borg12-norepo", "there is no repository"),
        ("borg14-norepo-logjson", "there is no repository"),
    ] {
        let said = super::super::tests::real(&format!("borg/{name}.stderr")).unwrap();
        let fault = list(&ran(2, "", &said)).unwrap_err();
        assert!(fault.said.as_str().starts_with(words), "{name}: {fault}");
    }
}

/// A real repository. `None` where borg isn't installed.
struct Real {
    scratch: Scratch,
    mode: &'static str,
}

impl Real {
    async fn new(mode: &'static str) -> Option<Self> {
        if !Path::new("/usr/bin/borg").exists() {
            eprintln!("left out: borg is not installed");
            return None;
        }
        let real = Self { scratch: Scratch::new().unwrap(), mode };
        std::fs::create_dir(real.path("data")).unwrap();
        std::fs::write(real.path("data/file"), "x").unwrap();
        real.borg(&["init", "--encryption", mode, &real.path("repo")]).await;
        Some(real)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.scratch.path().display())
    }

    async fn borg(&self, words: &[&str]) {
        let mut program = Program::new("borg").arguments(words);
        let notes = self.path("notes");
        program.variables = vec![
            ("BORG_BASE_DIR".into(), notes.into()),
            ("BORG_PASSPHRASE".into(), "pw".into()),
            ("TZ".into(), "Europe/Vienna".into()),
        ];
        let ran = run(program).await.unwrap();
        assert_eq!(ran.status, Some(0), "{words:?}: {}", ran.complaint());
    }

    async fn archive(&self, name: &str, made: &str) {
        let archive = format!("{}::{name}", self.path("repo"));
        self.borg(&["create", "--timestamp", made, &archive, &self.path("data")]).await;
    }

    async fn read(&self, password: &str) -> Result<Snapshots, Fault> {
        let repository = BorgRepository::parse(&self.path("repo")).unwrap();
        let backup = BorgBackup { repository, password: None, sizes: true, borg: Borg::default() };
        backup.read((self.mode != "none").then(|| SecretString::from(password)).as_ref()).await
    }
}

fn tree(folder: &Path) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(tree(&path));
        }
        all.push((path.clone(), std::fs::metadata(&path).unwrap().modified().unwrap()));
    }
    all.sort();
    all
}

#[tokio::test]
async fn a_real_repository_is_read_also_while_it_is_locked_and_nothing_in_it_changes() {
    let Some(real) = Real::new("repokey").await else { return };
    assert_eq!(real.read("pw").await.unwrap().snapshots, []);
    real.archive("web1-2026-11-22", "2026-11-22T02:30:10").await;
    real.archive("web1-2026-11-23 ü", "2026-11-23T02:30:10").await;
    std::fs::create_dir_all(real.path("repo/lock.exclusive/vm@1.2-3")).unwrap();
    let before = tree(Path::new(&real.path("repo")));
    let list = real.read("pw").await.unwrap();
    assert_eq!(tree(Path::new(&real.path("repo"))), before);
    assert_eq!((list.snapshots.len(), &list.degraded), (2, &None), "{list:?}");
    // borg took what it was told for a local time in Vienna or for UTC, depending on its version.
    assert!(list.snapshots[0].at.to_string().starts_with("2026-11-22T0"), "{list:?}");
    assert_eq!((list.snapshots[0].bytes, list.snapshots[0].files), (Some(1), Some(1)));
    assert!(list.snapshots[0].host.is_some());
    assert_eq!(list.encryption, Encryption::By("repokey".into()));
    let wrong = real.read("canary").await.unwrap_err();
    assert!(wrong.said.as_str().starts_with("wrong password") && !format!("{wrong:?}").contains("canary"), "{wrong}");
    let backup = BorgBackup {
        repository: BorgRepository::parse(&real.path("repo")).unwrap(),
        password: None,
        sizes: false,
        borg: Borg::default(),
    };
    #[expect(clippy::disallowed_methods, reason = "a test is the edge")]
    let tools = Tools::new(jiff::Timestamp::now).unwrap();
    assert_eq!(backup.holder(&tools).await.unwrap(), "held by vm");
}

#[tokio::test]
async fn a_real_repository_without_encryption_says_so_and_a_damaged_one_is_a_fault() {
    let Some(real) = Real::new("none").await else { return };
    real.archive("a", "2026-11-22T02:30:10").await;
    let list = real.read("").await.unwrap();
    assert!(matches!(list.encryption, Encryption::Plain(_)), "{list:?}");
    assert_eq!(list.degraded, None, "what borg asks and we answer is no complaint");
    let config = real.path("repo/config");
    std::fs::write(&config, "[repository]\nversion = 1\n").unwrap();
    assert!(real.read("").await.unwrap_err().mend.is_some());
    std::fs::remove_file(config).unwrap();
    let gone = real.read("").await.unwrap_err();
    assert!(gone.said.as_str().starts_with("there is no repository"), "{gone}");
}

/// What borg 2.0.0b23 printed.
fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/backups");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn borg_2_dates_an_archive_as_it_was_told_to_and_names_many_alike() {
    let mut archives = list(&ran(0, &recorded("borg2.json"), "")).unwrap();
    archives.learn(&list(&ran(0, &recorded("borg2-closer.json"), "")).unwrap());
    let found = archives.into_snapshots();
    assert_eq!((found.encryption, found.degraded), (Encryption::By("aes256-ocb".into()), None));
    let [one, two, other] = &found.snapshots[..] else { panic!("{:?}", found.snapshots) };
    assert_eq!(
        (one.at.to_string(), two.at.to_string()),
        ("2026-11-22T02:14:00Z".into(), "2026-11-23T02:14:00Z".into())
    );
    assert!(one.id.as_str().starts_with("aid:3c98") && one.id != two.id, "{}", one.id);
    assert_eq!((one.paths.as_slice(), other.paths.as_slice()), (&["web1".into()][..], &["db1".into()][..]));
    assert_eq!((one.host.as_ref().unwrap().as_str(), one.bytes, one.files), ("vm", Some(200_041), Some(2)));
    assert_eq!(one.took_seconds, Some(0), "the run took no longer, whatever the archive is dated");
}

#[test]
fn borg_2_says_which_repositories_anybody_can_read() {
    let found = list(&ran(0, &recorded("borg2-plain.json"), &recorded("borg2-plain.stderr"))).unwrap().into_snapshots();
    assert!(matches!(found.encryption, Encryption::Plain(_)), "{found:?}");
    assert_eq!(found.degraded, None, "what borg asks and we answer is no complaint");
    let signed = recorded("borg2.json").replace("aes256-ocb", "authenticated-blake3");
    assert!(matches!(list(&ran(0, &signed, "")).unwrap().into_snapshots().encryption, Encryption::Plain(_)));
    for (name, status, words) in [("wrong-password", 52, "wrong password"), ("missing", 13, "there is no repository")] {
        let fault = list(&ran(status, "", &recorded(&format!("borg2-{name}.stderr")))).unwrap_err();
        assert!(fault.said.as_str().starts_with(words), "{fault}");
    }
}

#[test]
fn which_borg_it_is_it_says_itself() {
    for (said, generation) in [
        ("borg 1.2.4\n", Some(Generation::One)),
        ("borg 2.0.0b23\n", Some(Generation::Two)),
        ("borg 3.0\n", None),
        ("borg\n", None),
        ("", None),
        ("usage: 2", None),
    ] {
        assert_eq!(parse_version(said.as_bytes()), generation, "{said}");
    }
}

/// A lock of borg 2 as it writes them.
fn lock(host: &str, pid: u32, time: &str) -> String {
    format!(r#"{{"exclusive": true, "hostid": "{host}@72", "processid": {pid}, "threadid": 0, "time": "{time}"}}"#)
}

#[test]
fn a_lock_of_borg_2_lives_for_half_an_hour_unless_its_process_is_seen_to_be_gone() {
    let lives = |host: &str, pid: u32, now: &str| {
        parse::lock(lock(host, pid, "2026-11-23T01:14:00.123+00:00").as_bytes()).unwrap().lives(now.parse().unwrap())
    };
    assert!(lives("nas", 7, "2026-11-23T01:43:59Z") && !lives("nas", 7, "2026-11-23T01:44:01Z"));
    let here = rustix::system::uname().nodename().to_string_lossy().into_owned();
    assert!(lives(&here, std::process::id(), "2026-11-23T01:15:00Z"));
    assert!(!lives(&here, u32::MAX, "2026-11-23T01:15:00Z"));
    assert!(!parse::lock(lock("nas", 7, "x").as_bytes()).unwrap().lives("2026-11-23T01:15:00Z".parse().unwrap()));
    assert!(parse::lock(b"{}").is_none());
}

#[tokio::test]
async fn a_run_of_borg_2_is_seen_beside_the_locks_that_others_left() {
    let scratch = Scratch::new().unwrap();
    let locks = scratch.path().join("locks");
    std::fs::create_dir(&locks).unwrap();
    let backup = BorgBackup {
        repository: BorgRepository::parse(&scratch.path().to_string_lossy()).unwrap(),
        password: None,
        sizes: false,
        borg: Borg::default(),
    };
    let tools = Tools::new(|| "2026-11-23T01:15:00Z".parse().unwrap()).unwrap();
    for (name, text) in
        [("0", lock("nas", 7, "2026-11-22T01:14:00.123+00:00")), ("1", "x".into()), ("3", String::new())]
    {
        std::fs::write(locks.join(name), text).unwrap();
    }
    assert_eq!(backup.holder(&tools).await, None);
    std::fs::write(locks.join("2"), lock("web1", 7, "2026-11-23T01:14:00.123+00:00")).unwrap();
    assert_eq!(backup.holder(&tools).await.unwrap(), "held by web1");
}

/// A stand-in on the path that notes what it was asked. Written by a shell, so that this process never holds it open.
async fn stand_in(scratch: &Scratch, version: &str) -> Borg {
    let path = scratch.path().join("borg");
    let mut program = Program::new("sh").arguments(["-c", "cat >\"$0\" && chmod 755 \"$0\""]).arguments([&path]);
    let script = "#!/bin/sh\n[ \"$1\" != --version ] || { echo \"borg VERSION\"; exit; }\n\
                  echo \"$*\" >>\"${0%/*}/asked\"; cat \"${0%/*}/list\"\n";
    program.input = script.replace("VERSION", version).into_bytes();
    assert_eq!(run(program).await.unwrap().status, Some(0));
    std::fs::write(scratch.path().join("list"), recorded("borg2.json")).unwrap();
    Borg { program: path.into() }
}

#[tokio::test]
async fn each_borg_is_asked_in_its_own_words() {
    for (version, words) in [
        ("1.4.1", "--log-json --bypass-lock list --json -- /srv/repo"),
        ("2.0.0b23", "--log-json --repo /srv/repo repo-list --json"),
    ] {
        let scratch = Scratch::new().unwrap();
        let borg = stand_in(&scratch, version).await;
        let repository = BorgRepository::parse("/srv/repo").unwrap();
        let backup = BorgBackup { repository, password: None, sizes: false, borg };
        assert!(!backup.read(None).await.unwrap().snapshots.is_empty(), "{version}");
        let asked = std::fs::read_to_string(scratch.path().join("asked")).unwrap();
        assert_eq!(asked.lines().next(), Some(words), "{version}");
    }
    let scratch = Scratch::new().unwrap();
    let borg = stand_in(&scratch, "3.0").await;
    assert!(borg.generation().await.unwrap_err().said.as_str().contains("`borg 3.0`"));
}
