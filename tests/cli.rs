//! The built program without a screen: exit codes, `round --json`, `check`, configuration errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::process::Stdio;

use serde_json::Value;

#[path = "support/home.rs"]
mod home;

use home::{Home, backups, jiff_now, text};

#[test]
fn a_broken_configuration_ends_with_78_and_its_place() {
    let home = Home::new("[console]\nthme = \"dark\"\n");
    for command in [&["round"][..], &["check"], &["config", "check"], &["config", "show"], &["round", "--json"], &[]] {
        let output = home.run(command);
        assert_eq!(output.status.code(), Some(78), "{command:?}");
        let said = text(&output.stderr);
        assert!(said.contains("matins.toml:2:1") && said.contains("did you mean `theme`?"), "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_wrong_word_on_the_command_line_ends_with_64() {
    let home = Home::new("");
    assert_eq!(home.run(&["rouhd"]).status.code(), Some(64));
    assert_eq!(home.run(&["check", "no-such-measure"]).status.code(), Some(64));
    assert_eq!(home.run(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_round_prints_one_object_whose_form_is_public() {
    let home = Home::new("");
    let toml = backups(home.path(), 0).replace("of = []", "of = [\"web1\"]")
        + "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n";
    home.configure(&toml);
    let output = home.run(&["round", "--json", "--only", "backups"]);
    let round: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    assert_eq!(round["operator"], "mona");
    let at: jiff::Timestamp = round["at"].as_str().unwrap().parse().unwrap();
    assert!(at <= jiff_now());
    let source = round["sources"].as_array().unwrap().iter().find(|source| source["name"] == "dumps").unwrap();
    assert_eq!(
        (source["collector"].as_str(), source["state"].as_str(), &source["error"]),
        (Some("backups"), Some("fresh"), &Value::Null)
    );
    assert!(source["took_ms"].is_u64() && source["at"].is_string());
    let findings = round["findings"].as_array().unwrap();
    let backup = findings.iter().find(|finding| finding["key"] == "backup-on-site/web1/dumps").unwrap();
    assert_eq!(
        (backup["verdict"].as_str(), backup["subject"].as_str(), &backup["decision"]),
        (Some("ok"), Some("web1"), &Value::Null),
        "{backup}"
    );
    assert!(!backup["because"].as_array().unwrap().is_empty());
    for because in backup["because"].as_array().unwrap() {
        assert!(because["source"].is_string() && because["said"].is_string() && because.get("at").is_some());
    }
    for (finding, rank) in findings.iter().zip(1..) {
        assert_eq!(finding["rank"], rank);
        for key in ["key", "measure", "subject", "verdict", "title", "detail", "since", "first_seen"] {
            assert!(finding[key].is_string(), "{key} in {finding}");
        }
    }
    // The server itself was not asked: unknown, so that the exit code says so.
    assert_eq!(output.status.code(), Some(3));
}

/// A name that was mistyped in monitoring is no server about which nothing happens to be known.
#[test]
fn check_says_what_it_has_nothing_to_judge_of() {
    let home = Home::new("");
    home.configure("[[server]]\nname = \"web1\"\nssh = \"local\"\n");
    for (words, said) in [
        (
            &["check", "backup-on-site", "nosuch"][..],
            "backup-on-site judges nothing called `nosuch`; there are: web1 |",
        ),
        (&["check", "restore"], "restore has nothing to judge"),
    ] {
        let check = home.run(words);
        let line = text(&check.stdout);
        assert!(line.starts_with("MATINS UNKNOWN: ") && line.contains(said), "{line}");
        assert_eq!((check.status.code(), line.lines().count()), (Some(3), 1), "{line}");
    }
}

#[test]
fn check_and_round_never_disagree() {
    for (offset, word) in [(0, "OK"), (60, "CRITICAL")] {
        let home = Home::new("");
        home.configure(
            &(backups(home.path(), offset).replace("of = []", "of = [\"web1\"]")
                + "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n"),
        );
        let before = home.run(&["check", "backup-on-site"]);
        assert_eq!(before.status.code(), Some(3), "before the first round nothing is known: {}", text(&before.stdout));
        let round = home.run(&["round", "--json"]);
        let round: Value = serde_json::from_slice(&round.stdout).unwrap();
        let verdict = round["findings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|finding| finding["key"] == "backup-on-site/web1/dumps")
            .unwrap()["verdict"]
            .clone();
        let check = home.run(&["check", "backup-on-site", "web1"]);
        let line = text(&check.stdout);
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.starts_with(&format!("MATINS {word}: ")) && line.contains(" | ok="), "{line} but {verdict}");
        let expected = match verdict.as_str().unwrap() {
            "ok" => 0,
            "due" => 1,
            "broken" => 2,
            _ => 3,
        };
        assert_eq!(check.status.code(), Some(expected), "{line}");
    }
}

#[test]
fn what_has_become_stale_is_unknown_to_check() {
    let home = Home::new("");
    home.configure(
        &(backups(home.path(), 0).replace("of = []", "of = [\"web1\"]")
            + "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n"),
    );
    home.run(&["round"]);
    assert_eq!(home.run(&["check", "backup-on-site"]).status.code(), Some(0));
    // The same store, with every good answer moved three days into the past.
    let store = rusqlite::Connection::open(home.path().join("state/matins/matins.db")).unwrap();
    store
        .execute("UPDATE source SET good_at = good_at - 3 * 86400000, asked_at = asked_at - 3 * 86400000", [])
        .unwrap();
    let check = home.run(&["check", "backup-on-site"]);
    assert_eq!(check.status.code(), Some(3), "{}", text(&check.stdout));
    assert!(text(&check.stdout).contains("stale"), "{}", text(&check.stdout));
}

#[test]
fn a_store_that_is_no_database_ends_with_74_and_is_left_alone() {
    let home = Home::new("");
    let store = home.path().join("state/matins/matins.db");
    std::fs::create_dir_all(store.parent().unwrap()).unwrap();
    std::fs::write(&store, "not a database, but a letter that is long enough".repeat(50)).unwrap();
    let output = home.run(&["round"]);
    assert_eq!(output.status.code(), Some(74));
    assert!(text(&output.stderr).contains("matins.db"), "{}", text(&output.stderr));
    assert!(std::fs::read_to_string(&store).unwrap().starts_with("not a database"));
}

#[test]
fn a_full_standard_output_is_an_error_and_a_closed_one_is_quiet() {
    let home = Home::new("");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = home.command(&["config", "schema"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(74));
    let mut child = home.command(&["config", "schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn no_secret_of_the_configuration_is_ever_printed() {
    let home = Home::new(
        "[[backup]]\nname = \"x\"\nof = []\nkind = \"restic\"\nrepository = \"/nowhere\"\npassword = \"canary-4711\"\n",
    );
    for command in [&["config", "check"][..], &["config", "show"], &["round"]] {
        let output = home.run(command);
        assert_eq!(output.status.code(), Some(78));
        assert!(!text(&output.stderr).contains("canary"), "{}", text(&output.stderr));
    }
}

#[test]
fn the_schema_knows_every_section_of_the_interface() {
    let home = Home::new("");
    let schema: Value = serde_json::from_slice(&home.run(&["config", "schema"]).stdout).unwrap();
    for section in [
        "console",
        "store",
        "server",
        "role",
        "feed",
        "advisories",
        "vpn",
        "peer",
        "backup",
        "person",
        "service",
        "limits",
    ] {
        assert!(schema["properties"].get(section).is_some(), "{section}");
    }
    for limit in ["security_update", "other_update", "certificate", "decision"] {
        assert!(schema["properties"]["limits"]["properties"].get(limit).is_some(), "{limit}");
    }
}

/// The example of the public interface, as it stands in the design.
#[test]
fn the_whole_example_configuration_is_accepted() {
    let home = Home::new(include_str!("fixtures/config/example.toml"));
    let output = home.run(&["config", "check"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_second_round_says_who_is_at_it_and_ends_with_75() {
    use std::io::Write as _;
    let home = Home::new("");
    home.configure(
        &backups(home.path(), 0)
            .replace("of = []", "of = [\"web1\"]")
            .as_str()
            .replace("[[backup]]", "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n[[backup]]"),
    );
    assert_ne!(home.run(&["round", "--only", "backups"]).status.code(), Some(75));
    let path = home.path().join("state/matins/matins.db.round");
    let mut file = std::fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
    file.lock().unwrap();
    file.write_all(b"process 4711, since 2026-11-23T08:00:00Z\x1b[2J").unwrap();
    let second = home.run(&["round", "--only", "backups"]);
    assert_eq!(second.status.code(), Some(75));
    let said = text(&second.stderr);
    assert!(said.contains("process 4711, since 2026-11-23T08:00:00Z") && !said.contains('\x1b'), "{said}");
    drop(file);
    assert_ne!(home.run(&["round", "--only", "backups"]).status.code(), Some(75));
}

#[test]
fn init_proposes_what_is_there_and_never_overwrites() {
    let home = Home::new("");
    let ssh = home.path().join(".ssh");
    std::fs::create_dir_all(&ssh).unwrap();
    std::fs::write(ssh.join("config"), "Host web1 *.example.org\n").unwrap();
    std::fs::write(ssh.join("known_hosts"), "db1 ssh-ed25519 AAAA\n|1|aa=|bb= ssh-ed25519 AAAA\n").unwrap();
    let shown = home.run(&["init"]);
    let toml = text(&shown.stdout);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    for part in ["name = \"db1\"", "name = \"web1\"", "1 hashed names", "take out what is not yours"] {
        assert!(toml.contains(part), "{part}: {toml}");
    }
    assert!(text(&shown.stderr).contains("matins config check"));
    // What it proposes is a configuration.
    home.configure(&toml);
    assert_eq!(home.run(&["config", "check"]).status.code(), Some(0));
    let file = home.path().join("proposal.toml").display().to_string();
    assert_eq!(home.run(&["init", "--output", &file]).status.code(), Some(0));
    let again = home.run(&["init", "--output", &file]);
    assert_eq!(again.status.code(), Some(74));
    assert!(text(&again.stderr).contains("is there already; nothing was written"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), toml);
}
