//! `kind = "command"`: a real program that prints the documented list, and all that a program may do instead.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::home::Home;
use super::{Judged, ago, judged, judged_with, register};

/// An executable script.
fn program(home: &Home, script: &str) -> PathBuf {
    let path = home.path().join("list-snapshots");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Each slot can be filled by what is a few hours old.
fn entry(path: &std::path::Path, more: &str) -> String {
    register(&format!(
        "kind = \"command\"\ncommand = [\"{}\", \"web 1; id\"]\nslots = [\"last night\"]\n{more}",
        path.display()
    ))
}

/// What a round makes of a program that does this.
fn does(script: &str) -> Judged {
    let home = Home::new("");
    let path = program(&home, script);
    home.configure(&entry(&path, ""));
    judged(&home)
}

/// What a round makes of a program that prints this.
fn prints(said: &[u8]) -> Judged {
    let home = Home::new("");
    let list = home.path().join("list");
    std::fs::write(&list, said).unwrap();
    let path = program(&home, &format!("exec cat '{}'", list.display()));
    home.configure(&entry(&path, ""));
    judged(&home)
}

/// The documented entry, with something of it replaced.
fn listed(what: &str, instead: &str) -> String {
    let one = format!(
        r#"[{{"id": "4711", "time": "{}", "host": "web1", "paths": ["/srv"], "bytes": 5724839, "files": 67, "seconds": 312}}]"#,
        ago(1)
    );
    assert!(one.contains(what), "{what}");
    one.replace(what, instead)
}

#[test]
fn the_documented_list_fills_the_night_and_its_words_and_token_arrive_as_they_are() {
    let home = Home::new("");
    let heard = home.path().join("heard");
    let list = listed("[{", "[ {");
    let path = program(
        &home,
        &format!("read token; printf '%s|%s|%s\\n' \"$#\" \"$1\" \"$token\" >'{}'; echo '{list}'", heard.display()),
    );
    home.configure(&entry(&path, "token = { env = \"BOX_TOKEN\" }"));
    let found = judged_with(&home, &[("BOX_TOKEN", "canary'$(id)\"")]);
    assert_eq!(found.verdict, "ok", "{found:?}");
    assert!(found.detail.contains("1 snapshot"), "{found:?}");
    assert_eq!(std::fs::read_to_string(heard).unwrap(), "1|web 1; id|canary'$(id)\"\n");
}

#[test]
fn an_old_list_is_broken_and_an_empty_one_too_but_silence_is_neither() {
    let old = prints(format!(r#"[{{"id": 1, "time": "{}"}}]"#, ago(24 * 4)).as_bytes());
    assert!(old.verdict == "broken" && old.title.contains("nearest"), "{old:?}");
    let none = prints(b"[]");
    assert!(none.verdict == "broken" && none.title.contains("there is none at all"), "{none:?}");
    let silent = prints(b"");
    assert!(silent.verdict == "unknown" && silent.title.contains("it printed nothing"), "{silent:?}");
}

#[test]
fn wrong_types_are_unknown_and_say_where() {
    for (what, instead, words) in [
        (r#"["/srv"]"#, r#""/srv""#, "expected a sequence"),
        (r#""bytes": 5724839"#, r#""bytes": -1"#, "invalid value: integer `-1`"),
        (r#""files": 67"#, r#""files": "many""#, "invalid type: string"),
        (r#""web1""#, "7", "invalid type: integer `7`"),
        (r#""id": "4711", "#, "", "missing field `id`"),
        ("[{", "{\"list\": [{", "EOF"),
        ("}]", "}] done", "trailing characters"),
        ("}]", "},", "EOF"),
    ] {
        let found = prints(listed(what, instead).as_bytes());
        assert_eq!(found.verdict, "unknown", "{instead}: {found:?}");
        assert!(found.title.contains("the command's list can't be read") && found.title.contains(words), "{found:?}");
        assert!(found.title.contains("line 1 column"), "{found:?}");
        assert!(found.mend.contains("it prints [{"), "{found:?}");
    }
    let when = prints(br#"[{"id": 1, "time": "last night"}]"#);
    assert!(when.verdict == "unknown" && when.title.contains("\"last night\" is no time"), "{when:?}");
    let page = prints(b"<!DOCTYPE html><title>Log in</title>");
    assert!(page.verdict == "unknown" && page.title.contains("expected value at line 1 column 1"), "{page:?}");
    let bytes = prints(b"[{\"id\": \"\xff\xfe\", \"time\": 1}]");
    assert_eq!(bytes.verdict, "unknown", "{bytes:?}");
}

#[test]
fn a_program_that_fails_is_unknown_whatever_it_printed_before() {
    let list = listed("[{", "[{");
    let failed = does(&format!("echo '{list}'; echo 'the API said 503' >&2; exit 3"));
    assert!(
        failed.verdict == "unknown" && failed.title.contains("failed with status 3: the API said 503"),
        "{failed:?}"
    );
    assert!(failed.mend.contains("run the command by hand"), "{failed:?}");
    let killed = does(&format!("echo '{list}'; kill -9 $$"));
    assert_eq!(killed.verdict, "unknown", "{killed:?}");
    let home = Home::new("");
    home.configure(&entry(&home.path().join("nowhere"), ""));
    let missing = judged(&home);
    assert!(missing.verdict == "unknown" && missing.title.contains("is not installed"), "{missing:?}");
    let told = does(&format!("echo '{list}'; echo 'warning: an old certificate' >&2"));
    assert_eq!(told.verdict, "ok", "a complaint beside a clean end is no failure: {told:?}");
}

#[test]
fn hostile_text_is_shown_for_what_it_is() {
    // What these hold is looked for in everything that the program says.
    let host = prints(listed("\"4711\"", r#""\u001b[2J\u202e\u0007evil""#).as_bytes());
    assert_eq!(host.verdict, "ok", "{host:?}");
    let running = format!(r#"{{"snapshots": {}, "running": "\u001b]0;evil\u0007"}}"#, listed("[{", "[{"));
    assert_eq!(prints(running.as_bytes()).verdict, "ok");
    let failed = does(r"printf '\033[2J\302\233\342\200\256canar''y? \007' | sed s/canary// >&2; exit 1");
    assert!(failed.verdict == "unknown" && failed.title.contains("failed with status 1"), "{failed:?}");
    let deep = prints(&b"[".repeat(200_000));
    assert!(deep.verdict == "unknown" && deep.title.contains("can't be read"), "{deep:?}");
}

#[test]
fn a_flood_is_stopped_and_unknown() {
    let started = Instant::now();
    let flood = does("while :; do printf '%0100000d' 7; done");
    assert!(flood.verdict == "unknown" && flood.title.contains("said more than 32 MiB and was ended"), "{flood:?}");
    let complaints = does("head -c 30000000 /dev/zero | tr '\\0' x >&2; exit 1");
    assert_eq!(complaints.verdict, "unknown", "{complaints:?}");
    assert!(started.elapsed() < Duration::from_secs(50), "{:?}", started.elapsed());
}

#[test]
fn a_program_that_never_ends_is_ended_with_all_that_it_started() {
    let home = Home::new("");
    let list = listed("[{", "[{");
    let pids = home.path().join("pids");
    let path =
        program(&home, &format!("echo '{list}'; sleep 9999 & echo $! >>'{0}'; echo $$ >>'{0}'; wait", pids.display()));
    home.configure(&entry(&path, ""));
    let found = judged(&home);
    assert_eq!(found.verdict, "unknown", "{found:?}");
    assert!(found.title.contains("did not end within 55 s and was ended"), "{found:?}");
    assert!(found.mend.contains("run the command by hand"), "{found:?}");
    let pids = std::fs::read_to_string(pids).unwrap();
    assert_eq!(pids.lines().count(), 2, "it was started once");
    for pid in pids.lines() {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!line.contains("9999") && !line.contains("list-snapshots"), "{pid} is still there: {line}");
    }
}
