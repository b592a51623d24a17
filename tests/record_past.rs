//! Looking back, through the built program: what was known, decided and signed by then.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use serde_json::Value;

#[path = "support/home.rs"]
mod home;
#[path = "support/opened.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod opened;
#[path = "support/pty.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod pty;

use home::{Home, backups, jiff_now, text};
use opened::{KEY, console, stopped};

fn ok(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn then(home: &Home, at: &str) -> Value {
    serde_json::from_str(&ok(home, &["report", "--format", "json", "--as-of", at])).unwrap()
}

fn finding(report: &Value) -> &Value {
    report["findings"].as_array().unwrap().iter().find(|finding| finding["key"] == KEY).unwrap()
}

#[test]
fn the_past_shows_what_was_known_decided_and_signed_by_then() {
    let home = stopped();
    home.run(&["round", "--only", "backups"]);
    let found = jiff_now().to_string();
    ok(&home, &["decide", KEY, "accept", "--reason", "the disk comes on Friday", "--until", "7d"]);
    ok(&home, &["sign", "--note", "quiet"]);
    let signed = jiff_now().to_string();
    backups(home.path(), 0);
    ok(&home, &["undo"]);
    home.run(&["round", "--only", "backups"]);
    let mended = jiff_now().to_string();
    let now: Value = serde_json::from_str(&ok(&home, &["report", "--format", "json"])).unwrap();
    assert_eq!(finding(&now)["verdict"], "ok");
    assert_eq!(finding(&then(&home, &mended))["verdict"], "ok");

    let before = then(&home, &found);
    assert_eq!((&finding(&before)["verdict"], &finding(&before)["asks"]), (&"broken".into(), &true.into()));
    assert_eq!((&before["last_check_in"], &before["since"]["entry"]), (&Value::Null, &Value::Null));
    assert!(!finding(&before)["because"].as_array().unwrap().is_empty(), "{before}");
    assert_eq!(before["sources"].as_array().unwrap().len(), now["sources"].as_array().unwrap().len());
    assert!(before["notices"][0].as_str().unwrap().starts_with("AS OF "), "{}", before["notices"]);

    let after = then(&home, &signed);
    assert_eq!((&finding(&after)["verdict"], &finding(&after)["asks"]), (&"broken".into(), &false.into()));
    assert_eq!(finding(&after)["decision"]["reason"], "the disk comes on Friday");
    assert_eq!((&after["last_check_in"]["note"], &after["since"]["entry"]), (&"quiet".into(), &2.into()));
    for what in ["morning", "month", "audit"] {
        for format in ["md", "html", "json", "csv"] {
            let text = ok(&home, &["report", what, "--format", format, "--as-of", &signed]);
            assert!(format == "csv" || text.contains("AS OF "), "{what} {format}");
            let table = format == "csv" || format == "json";
            assert!(!text.contains("undone") && (table || !text.contains("taken back")), "{what} {format}: {text}");
        }
    }
}

#[test]
fn before_the_first_round_there_is_no_green_morning() {
    let home = stopped();
    let refused = |arguments: &[&str], code| {
        let output = home.run(arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), String::new()), "{arguments:?}");
        text(&output.stderr)
    };
    let nothing = refused(&["report", "--as-of", "2020-01-01"], 66);
    assert!(nothing.contains("nothing is known of Wed 1 Jan 2020 23:59: there was no round yet"), "{nothing}");
    home.run(&["round", "--only", "backups"]);
    let nothing = refused(&["report", "--as-of", "2020-01-01"], 66);
    assert!(nothing.contains("the first round was "), "{nothing}");
    assert!(refused(&["report", "--as-of", "2999-01-01"], 64).contains("still to come"));
    assert!(refused(&["report", "--as-of", "lately"], 64).contains("write 7d"));
    assert!(ok(&home, &["report", "--as-of", "0s"]).contains("AS OF "));
}

#[test]
fn what_goes_to_and_fro_is_one_line_that_says_how_often() {
    let home = stopped();
    let round = || text(&home.run(&["round", "--only", "backups"]).stdout);
    round();
    ok(&home, &["sign"]);
    let dumps = home.path().join("dumps");
    for _ in 0..2 {
        backups(home.path(), 0);
        round();
        std::fs::remove_dir_all(&dumps).unwrap();
        backups(home.path(), 30);
        round();
    }
    let said = round();
    assert!(said.contains("1 to and fro") && !said.contains("1 new"), "{said}");
    let sheet = ok(&home, &["report"]);
    assert!(sheet.contains("changed 4 times since the last check-in"), "{sheet}");
    ok(&home, &["sign"]);
    assert!(!round().contains("to and fro"));
}

#[test]
fn who_looks_back_writes_nothing() {
    let home = stopped();
    home.run(&["round", "--only", "backups"]);
    let bytes = || std::fs::read(home.path().join("state/matins/matins.db")).unwrap();
    let before = bytes();
    ok(&home, &["report", "audit", "--as-of", "0s"]);
    assert!(before == bytes(), "the store was written");
}

#[test]
fn the_console_goes_back_and_comes_again() {
    let home = stopped();
    home.run(&["round", "--only", "backups"]);
    let before = jiff_now();
    // The moment is typed to the second.
    while jiff_now().as_second() == before.as_second() {
        std::thread::yield_now();
    }
    let broken = jiff_now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    while jiff_now().as_second() == before.as_second() + 1 {
        std::thread::yield_now();
    }
    backups(home.path(), 0);
    home.run(&["round", "--only", "backups"]);
    let mut terminal = console(&home, &[], &[]);
    terminal.shows("Needs you");
    terminal.press("/host:web1 verdict:broken\r");
    terminal.hides("dumps");
    terminal.press(":as-of 2020-01-01\r");
    terminal.shows("nothing is known of");
    terminal.press(&format!(":as-of {broken}\r"));
    terminal.shows("AS OF ");
    terminal.shows("the past: nothing is asked or written here");
    terminal.shows("no snapshot");
    terminal.press("w");
    terminal.shows("because");
    terminal.shows("backups/dumps");
    terminal.press("\x1b");
    terminal.hides("because");
    terminal.press("d");
    terminal.shows("this is the past");
    // The filter goes first; two escapes in one read would be one key with Alt.
    terminal.press("\x1b");
    terminal.hides("/host:web1");
    terminal.press("\x1b");
    terminal.shows("this is now");
    terminal.hides("AS OF ");
    terminal.press("q");
    assert!(terminal.end().success());
    assert_eq!(text(&home.run(&["log", "show"]).stdout), "", "the past writes nothing");
}

#[test]
fn who_goes_back_sees_the_pictures_of_then() {
    let home = stopped();
    backups(home.path(), 0);
    home.run(&["round", "--only", "backups"]);
    let there = jiff_now().to_string();
    std::fs::remove_dir_all(home.path().join("dumps")).unwrap();
    std::fs::create_dir(home.path().join("dumps")).unwrap();
    home.run(&["round", "--only", "backups"]);
    let drawn = |arguments: &[&str], marks: usize| {
        let mut terminal = console(&home, arguments, &[]);
        terminal.shows("Needs you");
        terminal.press("4");
        terminal.shows("snapshots of three weeks");
        terminal.until(&format!("{marks} snapshots"), |screen| screen.contents().matches('█').count() == marks);
        terminal.press("q");
        assert!(terminal.end().success());
    };
    drawn(&["--as-of", &there], 20);
    drawn(&[], 0);
}

#[test]
fn check_and_the_console_open_in_the_past_where_nothing_is_asked_or_written() {
    let home = stopped();
    home.run(&["round", "--only", "backups"]);
    let found = jiff_now().to_string();
    backups(home.path(), 0);
    home.run(&["round", "--only", "backups"]);
    let check = |more: &[&str]| {
        let output = home.run(&[&["check", "backup-on-site", "web1"], more].concat());
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    assert_eq!(check(&[]).0, Some(0), "{}", check(&[]).1);
    let then = check(&["--as-of", &found]);
    assert!(then.0 == Some(2) && then.1.contains("no snapshot"), "{then:?}");
    assert_eq!(check(&["--as-of", "2020-01-01"]).0, Some(66));
    assert_eq!(home.run(&["--as-of", &found, "check"]).status.code(), Some(64), "it would not count there");
    let rounds = || -> i64 {
        let store = rusqlite::Connection::open(home.path().join("state/matins/matins.db")).unwrap();
        store.query_row("SELECT count(*) FROM round", [], |row| row.get(0)).unwrap()
    };
    let before = rounds();
    let mut terminal = console(&home, &["--as-of", &found], &[]);
    terminal.shows("AS OF ");
    terminal.press("/host:web1 verdict:broken\r");
    terminal.shows("─ 1 of");
    terminal.shows("no snapshot");
    assert_eq!(rounds(), before, "who opens it in the past judges nothing");
    terminal.press("\x1b");
    terminal.hides("/host:web1");
    terminal.press("\x1b");
    terminal.shows("this is now");
    terminal.hides("AS OF ");
    terminal.press("q");
    assert!(terminal.end().success());
    assert!(rounds() > before, "and who comes back is in the present");
    // Where nothing is known the present is shown, and asked.
    let before = rounds();
    let mut terminal = console(&home, &["--as-of", "2020-01-01"], &[]);
    terminal.shows("nothing is known of");
    terminal.until("a round", |_| rounds() > before);
    terminal.press("q");
    assert!(terminal.end().success());
}

#[test]
fn a_signature_that_was_made_later_is_none_of_then() {
    let home = stopped();
    home.run(&["round", "--only", "backups"]);
    ok(&home, &["sign", "--note", "quiet"]);
    let unsigned = jiff_now().to_string();
    let key = home.path().join("id");
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).output();
    assert!(made.unwrap().status.success());
    ok(&home, &["log", "sign", "1", "--key", key.to_str().unwrap()]);
    let audit = |at: &[&str]| ok(&home, &[&["report", "audit"], at].concat());
    assert!(audit(&[]).contains("1 entry, 1 signed"), "{}", audit(&[]));
    assert!(audit(&["--as-of", &unsigned]).contains("1 entry, 0 signed"));
    assert!(audit(&["--as-of", &jiff_now().to_string()]).contains("1 entry, 1 signed"));
    // Those that an older version kept, without their moment, count with their entry.
    let store = rusqlite::Connection::open(home.path().join("state/matins/matins.db")).unwrap();
    store.execute_batch("DROP TRIGGER signature_changed; UPDATE signature SET at = NULL;").unwrap();
    assert!(audit(&["--as-of", &unsigned]).contains("1 entry, 1 signed"));
}
