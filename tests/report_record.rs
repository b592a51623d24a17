//! The month and the audit pack, through the built program, out of stores that it filled itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use serde_json::Value;

#[path = "support/fleet.rs"]
mod fleet;
#[path = "support/home.rs"]
mod home;
#[path = "support/page.rs"]
mod page;

use fleet::{KEY, fleet, json, ok, store};
use home::{Home, jiff_now, text};
use page::sound;

/// Moves what was recorded in the store into the past, as if the days had gone by.
fn age_rounds(home: &Home, days: i64) {
    let moved = days * 86_400_000;
    let store = store(home);
    for table in ["round", "change", "opening"] {
        store.execute(&format!("UPDATE {table} SET at = at - ?1"), [moved]).unwrap();
    }
}

#[test]
fn the_month_counts_backups_by_day_and_says_which_days_nobody_looked() {
    let home = fleet(0);
    // Three days ago it was ok, two days ago broken; yesterday nobody looked; today it is ok again.
    home.run(&["round", "--only", "backups"]);
    age_rounds(&home, 1);
    std::fs::rename(home.path().join("dumps"), home.path().join("away")).unwrap();
    std::fs::create_dir(home.path().join("dumps")).unwrap();
    home.run(&["round", "--only", "backups"]);
    age_rounds(&home, 2);
    std::fs::remove_dir(home.path().join("dumps")).unwrap();
    std::fs::rename(home.path().join("away"), home.path().join("dumps")).unwrap();
    home.run(&["round", "--only", "backups"]);
    ok(&home, &["decide", "backup-on-site/=evil<script>|x", "accept", "--reason", "<b>x</b>", "--until", "7d"]);
    ok(&home, &["sign", "--note", "<script>"]);
    let month = json(&home, &["report", "month", "--format", "json"]);
    let days = month["days"].as_array().unwrap();
    assert_eq!((month["version"].as_u64(), month["report"].as_str(), days.len()), (Some(1), Some("month"), 30));
    let backup = month["backups"].as_array().unwrap().iter().find(|one| one["key"] == KEY).unwrap();
    let stood: Vec<&Value> = backup["days"].as_array().unwrap()[26..].iter().collect();
    assert_eq!(stood, [&Value::from("ok"), &Value::from("broken"), &Value::Null, &Value::from("ok")]);
    assert_eq!((backup["met"].as_u64(), backup["judged"].as_u64()), (Some(2), Some(3)));
    assert!(days[28]["last_round"].is_null() && days[29]["last_round"]["broken"].is_u64());
    assert_eq!(days[29]["signed_by"][0], "mona");
    let open = &month["open"];
    assert_eq!((open["accepted"].as_u64(), open["overdue"].as_u64()), (Some(1), Some(0)), "{open}");
    let signed = &month["check_ins"][0];
    for count in ["open", "decided", "accepted", "overdue"] {
        assert_eq!(signed[count], open[count], "{count}");
    }
    let page = sound(&ok(&home, &["report", "month", "--format", "html"]));
    assert_eq!(page.tags["svg"], 3, "backups, what was open, check-ins");
    // Every drawing has a title, and every tile says what it is.
    assert_eq!(page.tags["title"], 1 + page.tags["svg"] + page.tags["rect"]);
    let sheet = ok(&home, &["report", "month"]);
    assert!(sheet.contains("| backup-on-site/web1/dumps | 2 | 3 |") && !sheet.contains("<b>"), "{sheet}");
    let table = ok(&home, &["report", "month", "--format", "csv"]);
    assert_eq!(table.lines().count(), 31);
    assert!(table.lines().last().unwrap().ends_with(",2,3,mona,no"), "{table}");
}

#[test]
fn working_days_without_a_check_in_are_missed_from_the_first_one_on() {
    let home = fleet(0);
    home.run(&["round", "--only", "backups"]);
    ok(&home, &["sign"]);
    // The log is never changed: a check-in of the past is made with a clock that stands there.
    let day = |days: i64| {
        jiff_now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date() - jiff::SignedDuration::from_hours(24 * days)
    };
    let dates = |month: &Value, wanted: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let days = month["days"].as_array().unwrap().iter().filter(|day| wanted(day));
        days.map(|day| day["date"].as_str().unwrap().to_owned()).collect()
    };
    let month = json(&home, &["report", "month", "--format", "json"]);
    assert_eq!(dates(&month, &|day| day["missed"] == true), Vec::<String>::new(), "nothing before the first is missed");
    let store = store(&home);
    let line: String = store.query_row("SELECT line FROM log WHERE seq = 1", [], |row| row.get(0)).unwrap();
    let entry: Value = serde_json::from_str(&line).unwrap();
    let today = &entry["time"].as_str().unwrap()[..10];
    let earlier = line.replace(today, &day(10).to_string());
    store.execute_batch("DROP TRIGGER log_changed").unwrap();
    store.execute("UPDATE log SET line = ?1", [earlier]).unwrap();
    let month = json(&home, &["report", "month", "--format", "json"]);
    assert_eq!(dates(&month, &|day| day["signed_by"][0] == "mona"), [day(10).to_string()]);
    let works = |date: &jiff::civil::Date| !["Sat", "Sun"].contains(&date.strftime("%a").to_string().as_str());
    let expected: Vec<String> = (1..10).rev().map(day).filter(works).map(|date| date.to_string()).collect();
    assert_eq!(dates(&month, &|day| day["missed"] == true), expected, "and today is not over");
}

#[test]
fn a_month_is_named_by_its_digits_and_must_have_begun() {
    let home = fleet(0);
    for (month, said) in
        [("2999-01", "has not begun"), ("2026-13", "no month"), ("+026-1", "no month"), ("may", "no month")]
    {
        let refused = home.run(&["report", "month", "--month", month]);
        assert_eq!(refused.status.code(), Some(64), "{month}");
        assert!(text(&refused.stderr).contains(said), "{}", text(&refused.stderr));
    }
    assert_eq!(home.run(&["report", "morning", "--month", "2026-10"]).status.code(), Some(64));
    let month = json(&home, &["report", "month", "--month", "2024-02", "--format", "json"]);
    assert_eq!((month["first"].as_str(), month["last"].as_str()), (Some("2024-02-01"), Some("2024-02-29")));
    assert_eq!((month["days"].as_array().unwrap().len(), &month["open"]), (29, &Value::Null));
    let sheet = ok(&home, &["report", "month", "--month", "2024-02"]);
    for part in ["No backup was judged", "Nobody has ever signed", "Nothing was decided", "No advisory was seen yet"] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
    sound(&ok(&home, &["report", "month", "--month", "2024-02", "--format", "html"]));
}

#[test]
fn the_audit_pack_has_every_measure_decision_and_check_in_and_its_lines_verify() {
    let home = fleet(60);
    home.run(&["round", "--only", "backups"]);
    let key = home.path().join("id");
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).output();
    assert!(made.unwrap().status.success());
    ok(&home, &["decide", KEY, "accept", "--reason", "</td><script>x</script>", "--until", "7d"]);
    ok(&home, &["undo"]);
    ok(&home, &["decide", KEY, "snooze", "--reason", "=later", "--until", "2d", "--second", "anna"]);
    ok(&home, &["attest", "restore", "web1", "--until", "1y", "--note", "restored, | all there"]);
    ok(&home, &["sign", "--note", "done", "--key", key.to_str().unwrap()]);
    let pack = json(&home, &["report", "audit", "--format", "json"]);
    let measures = pack["measures"].as_array().unwrap();
    let found: usize = measures.iter().map(|measure| measure["findings"].as_array().unwrap().len()).sum();
    let morning = json(&home, &["report", "--format", "json"]);
    assert_eq!(found, morning["findings"].as_array().unwrap().len());
    let backups = measures.iter().find(|measure| measure["id"] == "backup-on-site").unwrap();
    let decisions = backups["decisions"].as_array().unwrap();
    assert_eq!(decisions.len(), 2);
    assert!(decisions[0]["taken_back"].is_string() && decisions[1]["taken_back"].is_null());
    assert_eq!(backups["sources"].as_array().unwrap(), &["backups/dumps"]);
    let restore = measures.iter().find(|measure| measure["id"] == "restore").unwrap();
    assert_eq!(restore["attestations"][0]["note"], "restored, | all there");
    assert_eq!((pack["check_ins"][0]["signed"].as_bool(), pack["record"]["entries"].as_u64()), (Some(true), Some(5)));
    assert_eq!(pack["record"]["anchor"].as_str().unwrap(), ok(&home, &["log", "anchor"]).trim());
    // What it says to type works as it stands.
    let dir = home.path().join("export");
    ok(&home, &["log", "export", dir.to_str().unwrap()]);
    let lines: Vec<&str> =
        pack["record"]["verify"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(lines[..2], ["matins log verify", "matins log export DIR"]);
    for line in &lines[2..] {
        let line = line.replace("cd DIR && ", "");
        let typed = std::process::Command::new("sh").args(["-c", &line]).current_dir(&dir).output().unwrap();
        assert!(typed.status.success(), "{line}: {}", text(&typed.stderr));
    }
    assert!(lines.last().unwrap().contains("ssh-keygen -Y verify -f allowed_signers -I mona -n matins-checkin@v1"));
    let page = sound(&ok(&home, &["report", "audit", "--format", "html"]));
    assert!(page.text.contains("</td><script>x</script>") && page.text.contains("Answers IT-Grundschutz CON.3.A5"));
    let sheet = ok(&home, &["report", "audit"]);
    for part in [
        "## Measure backup-on-site",
        "anna has not agreed",
        "accepted, taken back ",
        "restored, \\| all there",
        "the record held 5 entries; each followed the one before",
        "limits.security\\_update = ",
    ] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
}

#[test]
fn a_record_that_was_changed_is_told_first_in_every_report() {
    let home = fleet(0);
    home.run(&["round", "--only", "backups"]);
    ok(&home, &["sign", "--note", "one"]);
    ok(&home, &["sign", "--note", "two"]);
    let store = store(&home);
    store.execute_batch("DROP TRIGGER log_changed").unwrap();
    store.execute("UPDATE log SET line = replace(line, '\"one\"', '\"eno\"') WHERE seq = 1", []).unwrap();
    for what in ["morning", "month", "audit"] {
        let sheet = ok(&home, &["report", what]);
        let (before, _) = sheet.split_once("\n## ").unwrap();
        assert!(before.contains("The record is damaged: entry 2"), "{before}");
    }
    assert_eq!(json(&home, &["report", "audit", "--format", "json"])["record"]["chain_holds"], false);
}
