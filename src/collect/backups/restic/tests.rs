use std::path::{Path, PathBuf};

use super::*;
use crate::collect::tools::run::{Program, run};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/backups").join(name);
    // A stream that stayed empty has no file.
    std::fs::read(path).unwrap_or_default()
}

fn recorded(name: &str, status: i32) -> Result<Snapshots, Fault> {
    parse_snapshots(Some(status), &fixture(&format!("{name}.json")), &fixture(&format!("{name}.stderr")))
}

fn said(result: Result<Snapshots, Fault>) -> String {
    let fault = result.unwrap_err();
    assert!(fault.mend.is_some(), "a fault without a mend: {fault}");
    fault.said.to_string()
}

#[test]
fn a_list_is_read_and_hostile_names_are_made_visible() {
    let list = recorded("snapshots", 0).unwrap();
    assert_eq!(list.degraded, None);
    assert_eq!(list.snapshots.len(), 4);
    assert_eq!(list.snapshots[0].at, "2026-11-09T02:14:00Z".parse::<Timestamp>().unwrap());
    assert_eq!(list.snapshots[0].host.as_ref().unwrap(), "web1");
    assert_eq!(list.snapshots[3].host.as_ref().unwrap(), "evil␛[31m‹U+202E›");
}

#[test]
fn an_empty_repository_holds_nothing_and_that_is_an_answer() {
    assert_eq!(recorded("empty", 0).unwrap(), Snapshots::default());
}

#[test]
fn an_empty_list_beside_a_complaint_is_a_fault_though_restic_exits_with_0() {
    let damaged = said(recorded("all-damaged", 0));
    assert!(
        damaged.starts_with("it lists no snapshot, but complains: the repository is damaged: could not load"),
        "{damaged}"
    );
    assert!(said(recorded("unreadable-folder", 0)).contains("permission denied"));
    assert_eq!(
        recorded("unreadable-folder", 0).unwrap_err().mend.unwrap(),
        "give this account read access to the repository"
    );
    assert_eq!(
        recorded("all-damaged", 0).unwrap_err().mend.unwrap(),
        "run `restic check`, and mend or replace the repository"
    );
}

#[test]
fn a_list_beside_a_complaint_may_not_be_whole() {
    let list = recorded("one-damaged", 0).unwrap();
    assert_eq!(list.snapshots.len(), 3);
    assert!(list.degraded.unwrap().as_str().contains("invalid data returned"));
}

#[test]
fn every_trouble_has_its_own_words() {
    assert_eq!(said(recorded("wrong-password", 1)), "wrong password or no key found");
    assert!(said(recorded("missing", 1)).starts_with("there is no repository: "));
    assert!(said(recorded("damaged-key", 1)).starts_with("the repository is damaged: "));
    assert!(said(recorded("damaged-config", 1)).starts_with("the repository is damaged: "));
    assert!(said(recorded("forbidden", 1)).starts_with("the repository may not be read: "));
    for refused in ["ssh-refused", "rest-refused"] {
        let fault = recorded(refused, 1).unwrap_err();
        assert!(fault.passing, "{fault}");
        assert!(fault.said.as_str().starts_with("the repository can't be reached: "), "{fault}");
    }
}

#[test]
fn newer_versions_say_it_in_json_and_with_statuses() {
    let newer = |code: i32, message: &str| {
        let line = format!("{{\"message_type\":\"exit_error\",\"code\":{code},\"message\":\"{message}\"}}\n");
        said(parse_snapshots(Some(code), b"", line.as_bytes()))
    };
    assert!(newer(10, "Fatal: whatever").starts_with("there is no repository: whatever"));
    assert!(newer(11, "Fatal: whatever").starts_with("the repository is locked: "));
    assert!(newer(12, "Fatal: whatever").starts_with("wrong password: "));
    assert!(newer(12, "Fatal: wrong password or no key found").starts_with("wrong password or no"));
    assert!(newer(1, "Fatal: something of the future").starts_with("restic failed with status 1: something"));
}

#[test]
fn the_line_that_tells_is_found_wherever_it_stands() {
    let session = "Fatal: unable to open repository at sftp:h:/r: unable to start the sftp session, error: EOF\n";
    let silent = said(parse_snapshots(Some(1), b"", session.as_bytes()));
    assert!(silent.starts_with("ssh did not get there: "), "{silent}");
    let later = format!("{session}subprocess ssh: Host key verification failed.\r\n");
    let key = said(parse_snapshots(Some(1), b"", later.as_bytes()));
    assert_eq!(key, "ssh refused the host key: Host key verification failed.");
    let sftp = said(parse_snapshots(Some(1), b"", b"Fatal: unable to open config file: Lstat: file does not exist\n"));
    assert!(sftp.starts_with("there is no repository: "), "{sftp}");
}

#[test]
fn times_with_offsets_and_fractions_and_summaries_are_read() {
    let list = recorded("newer", 0).unwrap();
    assert_eq!(list.degraded, None);
    let times: Vec<String> = list.snapshots.iter().map(|snapshot| snapshot.at.to_string()).collect();
    assert_eq!(
        times,
        ["2026-11-16T01:30:00Z", "2026-11-17T01:30:00.172790669Z", "2026-11-18T01:30:00.5Z", "2026-11-19T06:30:00Z"]
    );
    assert_eq!((list.snapshots[0].files, list.snapshots[0].bytes), (Some(67), Some(5_724_839)));
    assert_eq!((list.snapshots[1].files, list.snapshots[2].files), (Some(0), None));
    assert_eq!((&list.snapshots[3].host, list.snapshots[3].paths.len()), (&None, 0));
}

#[test]
fn an_entry_that_cannot_be_read_degrades_the_list() {
    let list =
        parse_snapshots(Some(0), br#"[{"time":"2026-11-16T02:30:00Z","id":"a"},{"time":"soon","id":"b"},7]"#, b"");
    let list = list.unwrap();
    assert_eq!(list.snapshots.len(), 1);
    assert_eq!(list.degraded.unwrap(), "2 of 3 entries could not be read");
}

#[test]
fn what_is_no_list_is_never_an_empty_one() {
    for output in [&b""[..], b"null", b"{}", b"[{", b"<html>", b"\xff\xfe"] {
        assert!(said(parse_snapshots(Some(0), output, b"")).starts_with("restic's list can't be read"), "{output:?}");
    }
    assert_eq!(parse_snapshots(None, b"[]", b"").unwrap_err().said, "restic was ended by a signal");
}

#[test]
fn addresses_are_checked_before_restic_sees_them() {
    for good in
        ["/srv/r", "sftp:office:/backup/r", "sftp://u@h:2222//r", "rest:https://h/", "s3:s3.eu/x", "b2:x:y", "local:/r"]
    {
        assert!(Repository::parse(good).is_ok(), "{good}");
    }
    for bad in ["", "r", "~/r", "-o", "ftp:x", "sftp:-oProxyCommand=id:/r", "sftp:a b:/r", "sftp://h:ssh/r", "/a\nb"] {
        assert!(Repository::parse(bad).is_err(), "{bad}");
    }
    let inside = Repository::parse("rest:https://u:canary@h/").unwrap_err();
    assert!(inside.contains("RESTIC_REST_PASSWORD") && !inside.contains("canary"), "{inside}");
}

/// A real repository in a folder of its own. `None` where restic isn't installed.
struct Real {
    folder: tempfile::TempDir,
}

const PASSWORD: &str = "canary-7f3a91";

impl Real {
    async fn new() -> Option<Self> {
        let here = std::env::split_paths(&std::env::var_os("PATH")?).any(|folder| folder.join("restic").exists());
        if !here {
            eprintln!("left out: restic is not installed");
            return None;
        }
        let real = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(real.path("data")).unwrap();
        std::fs::write(real.path("data/file"), "worth keeping").unwrap();
        real.restic(&["init", "--quiet"]).await;
        Some(real)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    async fn restic(&self, arguments: &[&str]) {
        let mut program = Program::new("restic").arguments(["--no-cache"]).arguments(arguments);
        program.variables = vec![
            ("RESTIC_REPOSITORY".into(), self.path("repository").into()),
            ("RESTIC_PASSWORD_FILE".into(), "/dev/stdin".into()),
        ];
        program.input = PASSWORD.into();
        let ran = run(program).await.unwrap();
        assert_eq!(ran.status, Some(0), "{}", ran.complaint());
    }

    async fn snapshot(&self, host: &str, time: &str) {
        let data = self.path("data");
        self.restic(&["backup", "--quiet", "--host", host, "--time", time, data.to_str().unwrap()]).await;
    }

    async fn ask(&self, repository: &str, password: &str) -> Result<Snapshots, Fault> {
        ask(Restic::default(), &self.path(repository), password).await
    }

    fn snapshot_files(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.path("repository/snapshots")).unwrap().map(|file| file.unwrap().path()).collect()
    }
}

fn backup(restic: Restic, repository: &Path) -> ResticBackup {
    let repository = Repository::parse(repository.to_str().unwrap()).unwrap();
    ResticBackup { repository, password: SecretRef::Env("not asked here".into()), restic }
}

async fn ask(restic: Restic, repository: &Path, password: &str) -> Result<Snapshots, Fault> {
    let mut list = backup(restic, repository).read(&SecretString::from(password.to_owned())).await?;
    list.snapshots = super::super::thin::thinned(list.snapshots);
    Ok(list)
}

fn overwrite(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[30] ^= 0xff;
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_real_repository_lists_its_snapshots_newest_first() {
    let Some(real) = Real::new().await else { return };
    assert_eq!(real.ask("repository", PASSWORD).await.unwrap().snapshots, vec![]);
    real.snapshot("web1", "2026-11-21 02:14:00").await;
    real.snapshot("evil\u{1b}[31m\u{202e}", "2099-01-01 00:00:00").await;
    let list = real.ask("repository", PASSWORD).await.unwrap();
    assert_eq!(list.degraded, None);
    assert_eq!(list.snapshots[0].host.as_ref().unwrap(), "evil␛[31m‹U+202E›");
    assert_eq!(list.snapshots[1].host.as_ref().unwrap(), "web1");
    assert!(list.snapshots[1].paths[0].as_str().ends_with("/data"));
}

#[tokio::test]
async fn a_repository_that_rustic_made_is_read_as_one_of_restic() {
    if Real::new().await.is_none() {
        return;
    }
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/backups/rustic");
    let list = ask(Restic::default(), &made, "only a fixture").await.unwrap();
    let seen: Vec<String> =
        list.snapshots.iter().map(|one| format!("{} {}", one.at, one.host.as_ref().unwrap())).collect();
    assert_eq!(seen, ["2026-11-21T01:14:00Z web1", "2026-11-20T01:14:00Z web1"]);
    assert_eq!(list.degraded, None);
}

#[tokio::test]
async fn a_real_repository_that_is_damaged_never_looks_empty_or_whole() {
    let Some(real) = Real::new().await else { return };
    real.snapshot("web1", "2026-11-21 02:14:00").await;
    real.snapshot("web1", "2026-11-22 02:14:00").await;
    let files = real.snapshot_files();
    overwrite(&files[0]);
    let list = real.ask("repository", PASSWORD).await.unwrap();
    assert_eq!(list.snapshots.len(), 1);
    assert!(list.degraded.is_some());
    overwrite(&files[1]);
    let fault = real.ask("repository", PASSWORD).await.unwrap_err();
    assert!(fault.said.as_str().starts_with("it lists no snapshot, but complains: "), "{fault}");
}

#[tokio::test]
async fn a_wrong_password_a_missing_repository_and_an_empty_password_are_told_apart() {
    let Some(real) = Real::new().await else { return };
    let wrong = real.ask("repository", "another").await.unwrap_err();
    assert!(wrong.said.as_str().starts_with("wrong password"), "{wrong}");
    let missing = real.ask("nowhere", PASSWORD).await.unwrap_err();
    assert!(missing.said.as_str().starts_with("there is no repository"), "{missing}");
    assert_eq!(real.ask("repository", "\n").await.unwrap_err().said, "the password is empty");
}

#[tokio::test]
async fn a_run_holds_the_repository_and_the_lock_that_it_leaves_does_not_keep_the_list_from_being_read() {
    let Some(real) = Real::new().await else { return };
    real.snapshot("web1", "2026-11-21 02:14:00").await;
    // Ended while it works: fed from a pipe that never closes.
    let mut command = tokio::process::Command::new("sh");
    command
        .args(["-c", "exec restic --no-cache backup --quiet --stdin"])
        .env("RESTIC_REPOSITORY", real.path("repository"))
        .env("RESTIC_PASSWORD_COMMAND", format!("echo {PASSWORD}"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut backup = command.spawn().unwrap();
    let locks = real.path("repository/locks");
    let locked = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        while std::fs::read_dir(&locks).unwrap().next().is_none() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), locked).await.expect("restic locks while it works");
    let asked = self::backup(Restic::default(), &real.path("repository"));
    let password = SecretString::from(PASSWORD);
    #[expect(clippy::disallowed_methods, reason = "restic dates its locks itself")]
    let now = Timestamp::now();
    assert!(asked.holder(&password, now).await.unwrap().as_str().starts_with("held by "));
    backup.kill().await.unwrap();
    assert!(std::fs::read_dir(&locks).unwrap().next().is_some(), "the lock stayed");
    assert_eq!(asked.holder(&password, now).await, None, "its process is gone");
    let list = real.ask("repository", PASSWORD).await.unwrap();
    assert_eq!((list.snapshots.len(), list.degraded), (1, None));
}

/// A stand-in on the path that notes what it was given. Written by a shell, so that this process never holds it open.
async fn stand_in(folder: &Path, script: &str) -> Restic {
    let path = folder.join("restic");
    let mut program = Program::new("sh").arguments(["-c", "cat >\"$0\" && chmod 755 \"$0\""]).arguments([&path]);
    program.input = format!("#!/bin/sh\n{script}\n").into_bytes();
    assert_eq!(run(program).await.unwrap().status, Some(0));
    Restic { program: path.into() }
}

#[tokio::test]
async fn the_password_reaches_restic_through_a_pipe_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let script = "cd \"${0%/*}\" && cat /proc/$$/cmdline >argv && cat /proc/$$/environ >environ \
                  && cat \"$RESTIC_PASSWORD_FILE\" >password && echo '[]'";
    let restic = stand_in(folder.path(), script).await;
    let list = ask(restic, Path::new("/srv/repository"), PASSWORD).await.unwrap();
    assert_eq!(list.snapshots, vec![]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("password"), PASSWORD);
    let (argv, environ) = (read("argv"), read("environ"));
    assert!(!argv.contains(PASSWORD) && !environ.contains(PASSWORD));
    assert!(argv.ends_with("--json\0--no-lock\0--no-cache\0snapshots\0"), "{argv:?}");
    let names: Vec<&str> = environ.split('\0').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    let allowed =
        ["LC_ALL", "PATH", "HOME", "USER", "LOGNAME", "PWD", "OLDPWD", "RESTIC_REPOSITORY", "RESTIC_PASSWORD_FILE"];
    assert!(names.iter().all(|name| allowed.contains(name)), "{names:?}");
}

#[tokio::test]
async fn a_flood_of_complaints_is_never_taken_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let script = "i=0; while [ $i -lt 4000 ]; do echo \"could not load snapshot $i: invalid data returned\" >&2; i=$((i+1)); done; echo '[]'";
    let restic = stand_in(folder.path(), script).await;
    let fault = ask(restic, Path::new("/srv/repository"), PASSWORD).await.unwrap_err();
    assert!(fault.said.as_str().contains("could not load snapshot 0"), "{fault}");
}

#[tokio::test]
async fn ssh_is_started_so_that_it_cannot_ask_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let restic = stand_in(folder.path(), "printf '%s\\n' \"$@\" >\"${0%/*}/argv\"; echo '[]'").await;
    let repository = Repository::parse("sftp://probe@office.example:2222//backup").unwrap();
    restic.snapshots(&repository, &SecretString::from(PASSWORD)).await.unwrap();
    let argv = std::fs::read_to_string(folder.path().join("argv")).unwrap();
    let command = argv.lines().find_map(|line| line.strip_prefix("sftp.command=")).unwrap();
    assert!(command.contains(" -oBatchMode=yes ") && command.contains(" -oStrictHostKeyChecking=yes "), "{command}");
    assert!(command.ends_with(" -p 2222 -s -- probe@office.example sftp"), "{command}");
}

#[tokio::test]
async fn a_restic_that_is_not_there_is_named() {
    let restic = Restic { program: "/nonexistent/restic".into() };
    let fault = ask(restic, Path::new("/srv/repository"), PASSWORD).await.unwrap_err();
    assert!(fault.said.as_str().ends_with("is not installed"), "{fault}");
}

/// The real files of restic 0.14 and 0.19 that stand beside this project on its machines.
#[test]
fn real_lists_of_two_versions_are_read() {
    let data = std::env::var_os("MATINS_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from)
        .join("restic");
    let Ok(files) = std::fs::read_dir(&data) else {
        eprintln!("left out: no real restic data here");
        return;
    };
    let mut lists = 0;
    for path in files.map(|file| file.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        if name.ends_with("-snapshots.json") {
            lists += 1;
            let list = parse_snapshots(Some(0), &bytes, b"").unwrap();
            assert!(list.degraded.is_none() && list.snapshots.len() > 3, "{name}: {list:?}");
            assert_eq!(list.snapshots[0].files.is_some(), name.starts_with("restic019"), "{name}");
        }
        if let Some(failed) =
            name.strip_suffix(".stderr").filter(|name| name.contains("badpw") || name.contains("norepo"))
        {
            let code = match failed {
                "restic019-badpw" => 12,
                "restic019-norepo" => 10,
                _ => 1,
            };
            let words = if failed.ends_with("badpw") { "wrong password" } else { "there is no repository" };
            assert!(said(parse_snapshots(Some(code), b"", &bytes)).starts_with(words), "{name}");
        }
    }
    assert_eq!(lists, 2);
}
