//! Reports, through the built program, out of stores that it filled itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use serde_json::Value;

#[path = "support/home.rs"]
mod home;

#[path = "support/page.rs"]
mod page;

use home::{Home, backups, jiff_now, text};
use page::Page;

const KEY: &str = "backup-on-site/web1/dumps";

/// A server whose only backup stopped that many days ago, and one with a name that means something elsewhere.
fn fleet(days: i64) -> Home {
    let home = Home::new("");
    let toml = backups(home.path(), days).replace("of = []", "of = [\"web1\"]")
        + "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n[[server]]\nname = \"=evil<script>|x\"\nssh = \"127.0.0.1\"\n[[person]]\nname = \"mona\"\n[[person]]\nname = \"anna\"\n";
    home.configure(&toml);
    home
}

fn ok(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn json(home: &Home, arguments: &[&str]) -> Value {
    serde_json::from_str(&text(&home.run(arguments).stdout)).unwrap()
}

fn verdicts(round: &Value) -> BTreeMap<String, String> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = round["findings"].as_array().unwrap();
    findings.iter().map(|finding| (word(&finding["key"]), word(&finding["verdict"]))).collect()
}

fn store(home: &Home) -> rusqlite::Connection {
    rusqlite::Connection::open(home.path().join("state/matins/matins.db")).unwrap()
}

#[test]
fn a_report_a_round_and_check_say_the_same_of_every_finding() {
    for days in [0, 60] {
        let home = fleet(days);
        let round = json(&home, &["round", "--json", "--only", "backups"]);
        ok(&home, &["decide", "backup-on-site/=evil<script>|x", "accept", "--reason", "x", "--until", "7d"]);
        let report = json(&home, &["report", "--format", "json"]);
        assert_eq!(verdicts(&report), verdicts(&round));
        // Three days later, without a round in between, what was ok is stale to both.
        for moved in [0, 3] {
            store(&home).execute("UPDATE source SET good_at = good_at - ?1 * 86400000", [moved]).unwrap();
            let report = json(&home, &["report", "--format", "json"]);
            for finding in report["findings"].as_array().unwrap() {
                let (measure, subject) = (finding["measure"].as_str().unwrap(), finding["subject"].as_str().unwrap());
                let check = home.run(&["check", measure, subject]);
                let said = match check.status.code() {
                    Some(0) => "ok",
                    Some(1) => "due",
                    Some(2) => "broken",
                    _ => "unknown",
                };
                assert_eq!(finding["verdict"], said, "{finding}: {}", text(&check.stdout));
            }
            let expected = if moved == 3 { "unknown" } else { ["ok", "broken"][usize::from(days == 60)] };
            assert_eq!(verdicts(&report)[KEY], expected);
        }
    }
}

#[test]
fn the_sheet_holds_why_mend_and_decision_and_what_is_ok_as_a_count() {
    let home = fleet(0);
    home.run(&["round", "--only", "backups"]);
    let broken = "backup-on-site/=evil<script>|x";
    ok(&home, &["decide", broken, "note", "--reason", "ask *anna*", "--until", "7d"]);
    ok(&home, &["sign", "--note", "a quiet <b>morning</b>"]);
    let sheet = ok(&home, &["report"]);
    for part in [
        "### ✖ broken backup-on-site/=evil&lt;script&gt;\\|x",
        "- mend: write a \\[\\[backup\\]\\]",
        "- because matins.toml:",
        "- decision: noted by mona until ",
        "“ask \\*anna\\*”",
        "- signed last: mona, ",
        "entry 2: “a quiet &lt;b&gt;morning&lt;/b&gt;”",
        "| backup-on-site | Snapshots of last night, one week, two weeks | 1 | 0 | 0 | 1 | 0 |",
        "| servers/web1 | silent | never |",
        "matins-checkin-log v1 seq=2 head=sha256:",
        "the same of: ",
    ] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
    assert!(!sheet.contains(KEY) && !sheet.contains("<script") && !sheet.contains("<b>"), "{sheet}");
    ok(&home, &["decide", broken, "accept", "--reason", "until Friday", "--until", "7d"]);
    let sheet = ok(&home, &["report"]);
    assert!(!sheet.contains("### ✖") && sheet.contains("## Decided (1)"), "{sheet}");
    // Whoever it is not decided for is asked all the same; nobody has signed for anna.
    let hers = home.command(&["report"]).env("LOGNAME", "anna").output().unwrap();
    assert!(text(&hers.stdout).contains("anna has not signed yet"));
}

/// The tags that a report may have; no script, nothing that fetches, no form.
const TAGS: &str = "a article body caption dd div dl dt figcaption figure footer h1 h2 h3 head html li line main meta p \
                    polyline pre rect section span style svg table tbody td text th thead title tr ul";
const ATTRIBUTES: &str = "aria-hidden aria-label aria-labelledby charset class content height href http-equiv id lang name \
                          points rel role scope tabindex viewbox viewBox width x x1 x2 y y1 y2";

/// The page, if nothing is wrong with it.
fn sound(html: &str) -> Page {
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{}", &html[..100]);
    assert!(html.contains("content=\"default-src 'none'; style-src 'unsafe-inline';"));
    let page = page::read(html);
    assert_eq!(page.errors, Vec::<String>::new());
    for tag in page.tags.keys() {
        assert!(TAGS.split_whitespace().any(|known| known == tag), "<{tag}>");
    }
    for attribute in &page.attributes {
        assert!(ATTRIBUTES.split_whitespace().any(|known| known == attribute), "{attribute}=");
    }
    assert!(page.links.iter().all(|link| link.starts_with("https://")), "{:?}", page.links);
    assert_eq!((page.tags["h1"], page.tags["main"], page.tags["style"]), (1, 1, 1));
    let mut ids = page.ids.clone();
    ids.dedup();
    assert_eq!(ids, page.ids);
    assert_eq!(page.tags.get("table"), page.tags.get("caption"), "every table has a caption");
    page
}

#[test]
fn the_page_is_html_in_which_hostile_text_is_text() {
    let home = fleet(0);
    home.run(&["round", "--only", "backups"]);
    let hostile = "</p><script>alert(1)</script><img src=x onerror=alert(1)> \"' javascript:alert(1) <!-- -->";
    ok(&home, &["decide", "backup-on-site/=evil<script>|x", "note", "--reason", hostile, "--until", "7d"]);
    ok(&home, &["sign", "--note", hostile]);
    let page = sound(&ok(&home, &["report", "--format", "html"]));
    assert!(page.text.matches(hostile).count() >= 2, "{}", page.text);
    assert!(page.tags["article"] >= 2 && page.tags["th"] > 20);
}

#[test]
fn a_store_without_a_round_and_one_with_an_old_round_say_so_first() {
    let home = fleet(0);
    let sheet = ok(&home, &["report"]);
    let (before, _) = sheet.split_once("\n## ").unwrap();
    assert!(before.contains("Nothing was ever looked at") && before.contains("last round: never"), "{before}");
    assert!(!sheet.contains("✓ ok"), "{sheet}");
    home.run(&["round", "--only", "backups"]);
    assert!(!ok(&home, &["report"]).contains("\n> "));
    store(&home).execute_batch("UPDATE round SET at = at - 90000000; UPDATE opening SET at = at - 90000000").unwrap();
    let sheet = ok(&home, &["report"]);
    assert!(sheet.contains("> **The last round is old: ") && sheet.contains("(25 h ago)"), "{sheet}");
    let notices = json(&home, &["report", "--format", "json"])["notices"].clone();
    assert_eq!(notices.as_array().unwrap().len(), 1);
}

#[test]
fn a_report_writes_nothing_into_the_store() {
    let home = fleet(0);
    home.run(&["round", "--only", "backups"]);
    let dump = || {
        let store = store(&home);
        let mut statement = store
            .prepare("SELECT group_concat(key || verdict || since || first_seen) FROM finding UNION ALL SELECT group_concat(at) FROM round UNION ALL SELECT group_concat(at) FROM change")
            .unwrap();
        let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    let before = dump();
    store(&home).execute("UPDATE source SET good_at = good_at - 3 * 86400000", []).unwrap();
    for format in ["md", "html", "json", "csv"] {
        ok(&home, &["report", "--format", format]);
    }
    assert_eq!(dump(), before);
}

#[test]
fn an_output_is_private_and_whole_and_takes_no_place_unasked() {
    let home = fleet(0);
    home.run(&["round", "--only", "backups"]);
    let folder = home.path().join("out");
    std::fs::create_dir(&folder).unwrap();
    let at = |name: &str| folder.join(name).display().to_string();
    ok(&home, &["report", "--output", &at("sheet.json")]);
    let sheet = std::fs::read_to_string(folder.join("sheet.json")).unwrap();
    let written: Value = serde_json::from_str(&sheet).unwrap();
    assert_eq!((written["version"].as_u64(), written["report"].as_str()), (Some(1), Some("morning")));
    let mode = |name: &str| std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("sheet.json"), 0o600);
    std::fs::write(folder.join("mine"), "precious").unwrap();
    std::fs::set_permissions(folder.join("mine"), std::fs::Permissions::from_mode(0o644)).unwrap();
    symlink(folder.join("mine"), folder.join("link")).unwrap();
    for (path, said) in [
        (folder.display().to_string(), "is a folder"),
        (at("mine"), "is there already"),
        (at("link"), "is no plain file"),
        ("/dev/null".to_owned(), "is no plain file"),
    ] {
        let refused = home.run(&["report", "--output", &path]);
        assert_eq!(refused.status.code(), Some(64), "{path}");
        assert!(text(&refused.stderr).contains(said) && refused.stdout.is_empty(), "{}", text(&refused.stderr));
    }
    assert_eq!(std::fs::read_to_string(folder.join("mine")).unwrap(), "precious");
    assert_eq!(home.run(&["report", "--output", &at("no/such/folder")]).status.code(), Some(74));
    ok(&home, &["report", "--output", &at("mine"), "--replace"]);
    assert!(std::fs::read_to_string(folder.join("mine")).unwrap().starts_with("# Morning sheet"));
    assert_eq!(mode("mine"), 0o600);
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names, ["link", "mine", "sheet.json"].map(|name| folder.join(name)));
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let home = fleet(0);
    home.configure(&many(1_000));
    home.run(&["round", "--only", "backups"]);
    let output = home.path().join("sheet.md");
    std::fs::write(&output, "yesterday's").unwrap();
    // A limit on the size of files is a full disk to whoever writes a larger one; the store only reads.
    let script = "ulimit -f 80; trap '' XFSZ; exec \"$0\" report --output \"$1\" --replace";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_matins")]).arg(&output).env_clear();
    shell.envs(home.command(&[]).get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))));
    let refused = shell.output().unwrap();
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(74), "{said}");
    assert!(said.contains("sheet.md can't be written") && said.contains("nothing was written"), "{said}");
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "yesterday's");
    assert!(
        !std::fs::read_dir(home.path())
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with(".tmp") })
    );
}

/// So many servers, none of which was ever asked, and a backup of all of them.
fn many(servers: usize) -> String {
    let names: Vec<String> = (0..servers).map(|at| format!("\"web{at}\"")).collect();
    let backup = format!(
        "[console]\ntimezone = \"UTC\"\n[[backup]]\nname = \"all\"\nkind = \"directory\"\npath = \"/nowhere\"\nslots = [\"1 week\"]\nof = [{}]\n",
        names.join(", ")
    );
    names.iter().fold(backup, |toml, name| toml + &format!("[[server]]\nname = {name}\nssh = \"127.0.0.1\"\n"))
}

#[test]
fn of_five_thousand_findings_that_say_the_same_the_sheet_makes_a_few_cards() {
    let home = fleet(0);
    home.configure(&many(1_250));
    home.run(&["round", "--only", "backups"]);
    let report = json(&home, &["report", "--format", "json"]);
    assert!(report["findings"].as_array().unwrap().len() >= 5_000, "{}", report["findings"].as_array().unwrap().len());
    let sheet = ok(&home, &["report"]);
    let cards = sheet.matches("\n### ").count();
    assert!((1..20).contains(&cards), "{cards}");
    assert!(sheet.contains(" more\n"));
}

#[test]
fn no_cell_of_the_table_is_a_formula() {
    let home = fleet(0);
    home.run(&["round", "--only", "backups"]);
    let table = ok(&home, &["report", "--format", "csv"]);
    assert!(table.starts_with("key,measure,subject,verdict,asks,title,") && table.ends_with("\r\n"), "{table}");
    assert!(table.contains(",'=evil<script>|x,") && !table.contains(",=evil"), "{table}");
    assert!(table.contains(KEY));
}

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
    assert!(table.lines().last().unwrap().ends_with(",1,2,mona,no"), "{table}");
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
        "each of the 5 entries followed the one before",
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
