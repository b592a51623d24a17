//! The dialog of a decision at the built console, field by field.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "support/home.rs"]
mod home;
#[path = "support/opened.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod opened;
#[path = "support/pty.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod pty;

use home::{Home, backups, jiff_now, text};
use opened::{KEY, broken, verify};
use pty::Terminal;

fn console(home: &Home) -> Terminal {
    let mut terminal = opened::console(home, &[], &[]);
    terminal.shows("Needs you");
    terminal
}

#[test]
fn a_decision_is_put_together_field_by_field_and_taken_back() {
    let home = broken();
    let mut terminal = console(&home);
    terminal.press("/verdict:broken\r");
    terminal.shows("─ 1 of");
    terminal.press("d");
    terminal.shows("Enter records it");
    // Without a reason nothing is recorded, and nothing that was chosen is lost.
    terminal.press("\x1b[C");
    terminal.shows("accept: it stays as it is");
    terminal.press("\r");
    terminal.shows("a decision needs a reason");
    terminal.press("the disk comes on Friday");
    terminal.press("\x1b[A\x1b[A");
    terminal.shows("or type 10d");
    terminal.press("400d");
    terminal.shows("at most");
    terminal.press("\r");
    terminal.shows("Enter records it");
    terminal.press("\x15");
    terminal.press("10d");
    terminal.shows("in 10 days");
    terminal.press("\x1b[B");
    terminal.shows("this finding as it stands");
    terminal.press("\x1b[B\x1b[B");
    terminal.press("https://tickets.example.org/412");
    terminal.shows("link    https://tickets.example.org/412");
    terminal.press("\r");
    terminal.shows("accepted until");
    terminal.shows("1 decided");
    let report = home.run(&["report", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["key"] == KEY).unwrap();
    let decision = &finding["decision"];
    assert_eq!(
        (&decision["reason"], &decision["link"]),
        (&"the disk comes on Friday".into(), &"https://tickets.example.org/412".into())
    );
    let until: jiff::Timestamp = decision["until"].as_str().unwrap().parse().unwrap();
    assert_eq!((until.duration_since(jiff_now()).as_hours() + 12) / 24, 10, "{until}");
    // Esc leaves the question, and u takes the decision back.
    terminal.press("d");
    terminal.shows("Enter records it");
    terminal.press("\x1b");
    terminal.shows("nothing was recorded");
    terminal.press("u");
    terminal.shows("taken back: backup-on-site/web1/dumps accepted (entry 1)");
    terminal.hides("1 decided");
    terminal.press("q");
    assert!(terminal.end().success());
    assert!(verify(&home).starts_with("2 entries"));
}

#[test]
fn what_was_decided_of_many_at_once_is_taken_back_at_once() {
    let home = Home::new("");
    let server = |name: &str| format!("[[server]]\nname = \"{name}\"\nssh = \"127.0.0.1\"\n");
    let servers = ["web1", "web2", "web3", "web4", "db"].map(server).concat();
    home.configure(&(backups(home.path(), 0).replace("of = []", "of = [\"db\"]") + &servers));
    home.run(&["round", "--only", "backups"]);
    let mut terminal = console(&home);
    terminal.press("/verdict:broken no backup\r");
    terminal.shows("─ 1 of");
    terminal.press("d");
    terminal.shows("and of 3 more that say the same");
    terminal.press("they are rebuilt from git\r");
    terminal.shows("4 recorded");
    terminal.shows("4 decided");
    terminal.press("u");
    terminal.shows("taken back: 4 acknowledged at once (entries 1 to 4)");
    terminal.hides("4 decided");
    terminal.press("q");
    assert!(terminal.end().success());
    assert!(verify(&home).starts_with("8 entries"));
    assert!(text(&home.run(&["undo"]).stderr).contains("no decision to take back"));
}
