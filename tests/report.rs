//! Reports, through the built program, out of stores that it filled itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use serde_json::Value;

#[path = "support/fleet.rs"]
mod fleet;
#[path = "support/home.rs"]
mod home;
#[path = "support/page.rs"]
mod page;

use fleet::{KEY, fleet, json, ok, store};
use home::text;
use page::sound;

fn verdicts(round: &Value) -> BTreeMap<String, String> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = round["findings"].as_array().unwrap();
    findings.iter().map(|finding| (word(&finding["key"]), word(&finding["verdict"]))).collect()
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
                // What is asked for is a server's backups as a whole: the dumps' sizes are never the worst of it here.
                if finding["key"].as_str().unwrap().ends_with(" shape") {
                    continue;
                }
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
        "| backup-on-site | Snapshots of last night, one week, two weeks | 1 | 0 | 0 | 2 | 0 |",
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
