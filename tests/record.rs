//! The record, through the built program: decide, agree, undo, sign, verify, export; with the real ssh-keygen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

#[path = "support/home.rs"]
mod home;

use home::{Home, backups, jiff_now, text};

const KEY: &str = "backup-on-site/web1/dumps";

/// A server whose only backup stopped a month ago.
fn broken() -> Home {
    let home = Home::new("");
    let toml = backups(home.path(), 30).replace("of = []", "of = [\"web1\"]")
        + "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\nrole = \"web\"\n[[role]]\nname = \"web\"\n[[person]]\nname = \"mona\"\n[[person]]\nname = \"anna\"\n[[person]]\nname = \"gone\"\nleft = 2020-01-01\n";
    home.configure(&toml);
    home.run(&["round", "--only", "backups"]);
    home
}

fn ok(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn refused(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments);
    assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

fn finding(home: &Home) -> Value {
    let round: Value = serde_json::from_slice(&home.run(&["round", "--json", "--only", "backups"]).stdout).unwrap();
    round["findings"].as_array().unwrap().iter().find(|finding| finding["key"] == KEY).unwrap().clone()
}

fn as_person(home: &Home, person: &str, arguments: &[&str]) -> Output {
    home.command(arguments).env("LOGNAME", person).output().unwrap()
}

#[test]
fn a_decision_changes_who_is_asked_and_not_the_verdict() {
    let home = broken();
    let before = text(&home.run(&["round", "--only", "backups"]).stdout);
    assert!(before.contains("backup-on-site  web1"), "{before}");
    let said = ok(&home, &["decide", KEY, "accept", "--reason", "the disk comes on Friday", "--until", "7d"]);
    assert!(said.contains("accepted until") && said.contains("entry 1 "), "{said}");
    let finding = finding(&home);
    assert_eq!(finding["verdict"], "broken");
    let decision = &finding["decision"];
    assert_eq!((decision["entry"].as_u64(), decision["kind"].as_str()), (Some(1), Some("accept")), "{decision}");
    assert_eq!(
        (decision["by"].as_str(), decision["reason"].as_str()),
        (Some("mona"), Some("the disk comes on Friday"))
    );
    let after = text(&home.run(&["round", "--only", "backups"]).stdout);
    assert!(!after.contains("backup-on-site  web1") && after.contains("1 decided"), "{after}");
    assert!(ok(&home, &["undo"]).contains(KEY));
    assert_eq!(self::finding(&home)["decision"], Value::Null);
    assert!(refused(&home, &["undo"]).contains("mona has no decision to take back"));
}

#[test]
fn a_decision_that_cannot_be_is_refused_with_what_to_do() {
    let home = broken();
    let long = "what was left out ".repeat(1_000);
    let decide = |key: &str, more: &[&str]| {
        let mut arguments = vec!["decide", key, "accept"];
        arguments.extend(more);
        refused(&home, &arguments)
    };
    let unheard = decide("backup-on-site/nobody", &["--reason", "x", "--until", "7d"]);
    assert!(
        unheard.contains("there is no finding") && unheard.contains("`matins report` names every key"),
        "{unheard}"
    );
    let meant = decide("web1/dumps", &["--reason", "x", "--until", "7d"]);
    assert!(meant.contains("is it backup-on-site/web1/dumps or backup-on-site/web1/dumps shape?"), "{meant}");
    assert!(decide(KEY, &["--reason", " ", "--until", "7d"]).contains("needs a reason"));
    assert!(decide(KEY, &["--reason", "x", "--until", "91d"]).contains("may last 90d at most"));
    assert!(decide(KEY, &["--reason", "x", "--until", "2020-01-01"]).contains("in the past"));
    assert!(decide(KEY, &["--reason", "x", "--until", "soon"]).contains("`soon` is no time"));
    assert!(decide(KEY, &["--reason", "x", "--until", "7d", "--second", "mona"]).contains("four eyes"));
    assert!(decide(KEY, &["--reason", "x", "--until", "7d", "--second", "nobody"]).contains("no person nobody"));
    assert!(decide(KEY, &["--reason", "x", "--until", "7d", "--role", "db"]).contains("no server of the role db"));
    let assigned = ["decide", KEY, "assign", "--to", "anna", "--second", "nobody", "--reason", "x", "--until", "7d"];
    assert!(refused(&home, &assigned).contains("no person nobody"));
    let gone = ["decide", KEY, "assign", "--to", "gone", "--reason", "x", "--until", "7d"];
    assert!(refused(&home, &gone).contains("no person gone"));
    assert!(decide(KEY, &["--reason", &long, "--until", "7d"]).contains("--reason is too long"));
    let until = ["--until", "1y", "--note", &long];
    let attest = ["attest", "restore", "web1"].into_iter().chain(until).collect::<Vec<_>>();
    assert!(refused(&home, &attest).contains("--note is too long"));
    assert!(refused(&home, &["sign", "--note", &long]).contains("--note is too long"));
    assert!(refused(&home, &["backup", "verified", "dumps", "--note", &long]).contains("--note is too long"));
    assert!(decide(KEY, &["--reason", "x"]).contains("--until"));
    assert!(ok(&home, &["log", "show"]).is_empty());
}

#[test]
fn four_eyes_are_two_people() {
    let home = broken();
    ok(&home, &["decide", KEY, "accept", "--reason", "x", "--until", "7d", "--second", "anna"]);
    assert_eq!(finding(&home)["decision"]["open"], "anna has not agreed yet");
    assert!(refused(&home, &["agree", "1"]).contains("waits for anna"));
    let output = as_person(&home, "anna", &["agree", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(finding(&home)["decision"]["open"], Value::Null);
    let again = as_person(&home, "anna", &["agree", "1"]);
    assert!(text(&again.stderr).contains("has agreed with entry 1 already"), "{}", text(&again.stderr));
}

#[test]
fn what_is_assigned_asks_its_owner_alone() {
    let home = broken();
    ok(&home, &["decide", KEY, "assign", "--to", "anna", "--reason", "hers", "--until", "7d"]);
    assert!(!text(&home.run(&["round", "--only", "backups"]).stdout).contains("backup-on-site  web1"));
    let hers = as_person(&home, "anna", &["round", "--only", "backups"]);
    assert!(text(&hers.stdout).contains("backup-on-site  web1"));
}

#[test]
fn what_is_assigned_comes_back_by_itself_at_its_end() {
    let home = broken();
    let end = jiff_now() + jiff::SignedDuration::from_secs(3);
    ok(&home, &["decide", KEY, "assign", "--to", "anna", "--reason", "hers", "--until", &end.to_string()]);
    loop {
        let before = jiff_now();
        let asks = text(&home.run(&["round", "--only", "backups"]).stdout).contains("backup-on-site  web1");
        assert!(!asks || jiff_now() >= end, "it asks before its end");
        assert!(asks || before < end, "it does not ask after its end");
        if asks {
            break;
        }
    }
    assert!(finding(&home)["decision"]["open"].as_str().unwrap().starts_with("it ended"));
}

#[test]
fn a_deputy_signs_by_their_own_name_for_another_who_still_sees_what_changed() {
    let home = broken();
    ok(&home, &["sign"]);
    let mended = home.path().join("dumps");
    std::fs::remove_dir_all(mended).unwrap();
    home.run(&["round", "--only", "backups"]);
    assert!(refused(&home, &["sign", "--for", "mona"]).contains("needs nobody to stand in"));
    assert!(refused(&home, &["sign", "--for", "nobody"]).contains("no person nobody"));
    let signed = as_person(&home, "anna", &["sign", "--for", "mona", "--note", "measures\":[] \",\"for\":\"x"]);
    assert!(signed.status.success(), "{}", text(&signed.stderr));
    let shown = ok(&home, &["log", "show"]);
    assert!(shown.contains("anna  checked in in place of mona"), "{shown}");
    let report: Value = serde_json::from_str(&ok(&home, &["report", "--format", "json"])).unwrap();
    assert_eq!((&report["last_check_in"]["by"], &report["last_check_in"]["for"]), (&"anna".into(), &"mona".into()));
    assert_eq!(report["since"]["entry"], 1, "what mona has not seen stays news");
    let sheet = ok(&home, &["report"]);
    assert!(sheet.contains("anna signed in place of mona") && sheet.contains("anna left word"), "{sheet}");
    let hers = as_person(&home, "anna", &["report"]);
    assert!(!text(&hers.stdout).contains("in place of") && text(&hers.stdout).contains("anna signed"));
    let month = ok(&home, &["report", "month"]);
    assert!(month.contains("anna for mona"), "{month}");
    assert!(ok(&home, &["report", "audit"]).contains("anna for mona"));
}

/// Makes a key pair without a passphrase.
fn key(home: &Home, name: &str) -> PathBuf {
    let path = home.path().join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&path).output();
    assert!(made.unwrap().status.success());
    path
}

fn verify(home: &Home, more: &[&str]) -> (Option<i32>, String) {
    let mut arguments = vec!["log", "verify"];
    arguments.extend(more);
    let output = home.run(&arguments);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn a_check_in_is_signed_with_an_ssh_key_and_verifies_with_stock_tools() {
    let home = broken();
    let key = key(&home, "id");
    ok(&home, &["decide", KEY, "snooze", "--reason", "x", "--until", "2d"]);
    let said = ok(&home, &["sign", "--note", "all „quiet“ 🙂", "--key", key.to_str().unwrap()]);
    assert!(said.contains("entry 2 ") && said.contains("SHA256:"), "{said}");
    ok(&home, &["sign"]);
    assert_eq!(verify(&home, &[]).0, Some(0));
    let dir = home.path().join("export");
    ok(&home, &["log", "export", dir.to_str().unwrap()]);
    assert_eq!(verify(&home, &[dir.to_str().unwrap()]).0, Some(0));
    let script = |dir: &Path| {
        let output = Command::new("sh").arg("verify.sh").current_dir(dir).output().unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    assert_eq!(script(&dir).0, Some(0), "{}", script(&dir).1);
    assert!(script(&dir).1.contains("3 entries, 1 signed"), "{}", script(&dir).1);
    // The line that the export's README shows.
    let line =
        "sed -n 2p log.jsonl | ssh-keygen -Y verify -f allowed_signers -I mona -n matins-checkin@v1 -s sigs/2.sig";
    let stock = Command::new("sh").args(["-c", line]).current_dir(&dir).output().unwrap();
    assert!(stock.status.success(), "{}", text(&stock.stderr));
    assert!(text(&stock.stdout).starts_with("Good \"matins-checkin@v1\" signature for mona"));
    // Both find what was changed, and neither asks the other.
    let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
    for (from, to, entry) in [("snooze", "accept", 2), ("\"note\":\"all", "\"note\":\"not", 2)] {
        std::fs::write(dir.join("log.jsonl"), log.replacen(from, to, 1)).unwrap();
        let (code, said) = verify(&home, &[dir.to_str().unwrap()]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(&format!("entry {entry}")) || said.contains(&format!("entry {}", entry + 1)), "{said}");
        assert_eq!(script(&dir).0, Some(2));
    }
    let cut = log.lines().take(2).fold(String::new(), |text, line| text + line + "\n");
    std::fs::write(dir.join("log.jsonl"), cut).unwrap();
    assert!(verify(&home, &[dir.to_str().unwrap()]).1.contains("it is missing: the log once went up to entry 3"));
    assert_eq!(script(&dir).0, Some(2));
    assert!(refused(&home, &["log", "export", dir.to_str().unwrap()]).contains("not empty"));
}

#[test]
fn a_name_that_is_not_ascii_is_held_against_its_key_and_a_cut_end_leaves_its_signature() {
    let home = broken();
    let key = key(&home, "id");
    for _ in 0..2 {
        let signed = as_person(&home, "Jürgen \"J\"", &["sign", "--key", key.to_str().unwrap()]);
        assert!(signed.status.success(), "{}", text(&signed.stderr));
    }
    assert_eq!(verify(&home, &[]).0, Some(0), "{}", verify(&home, &[]).1);
    let dir = home.path().join("export");
    ok(&home, &["log", "export", dir.to_str().unwrap()]);
    let both = || {
        let script = Command::new("sh").arg("verify.sh").current_dir(&dir).output().unwrap();
        (verify(&home, &[dir.to_str().unwrap()]), (script.status.code(), text(&script.stdout) + &text(&script.stderr)))
    };
    let (own, script) = both();
    assert_eq!((own.0, script.0), (Some(0), Some(0)), "{} {}", own.1, script.1);
    // Another person's key signs for them: in an export that only names that key for somebody else.
    let signers = std::fs::read_to_string(dir.join("allowed_signers")).unwrap();
    let (_, rest) = signers.split_once(' ').unwrap();
    std::fs::write(dir.join("allowed_signers"), format!("mallory {rest}")).unwrap();
    let (own, script) = both();
    assert_eq!((own.0, script.0), (Some(2), Some(2)), "{} {}", own.1, script.1);
    std::fs::write(dir.join("allowed_signers"), signers).unwrap();
    // The end is cut off, and the anchor with it: the signature is still there.
    let log = std::fs::read_to_string(dir.join("log.jsonl")).unwrap();
    std::fs::write(dir.join("log.jsonl"), format!("{}\n", log.lines().next().unwrap())).unwrap();
    std::fs::remove_file(dir.join("anchor")).unwrap();
    let (own, script) = both();
    assert_eq!((own.0, script.0), (Some(2), Some(2)), "{} {}", own.1, script.1);
    assert!(own.1.contains("entry 2: it is missing, its signature is there"), "{}", own.1);
}

#[test]
fn a_morning_on_which_nothing_answered_is_signed_as_unknown_and_one_without_a_round_is_not() {
    let home = Home::new(
        "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n[[backup]]\nname = \"dumps\"\nof = [\"web1\"]\nkind = \"directory\"\npath = \"/nowhere/at/all\"\nslots = [\"last night\"]\n",
    );
    assert!(refused(&home, &["sign"]).contains("run `matins round` first"));
    let round = text(&home.run(&["round", "--only", "backups"]).stdout);
    assert!(round.contains("silent backups/dumps"), "{round}");
    let said = ok(&home, &["sign"]);
    assert!(said.contains("0 ok, 0 due, 0 broken") && !said.contains(" 0 unknown"), "{said}");
}

#[test]
fn where_nothing_is_watched_there_is_nothing_to_sign() {
    let home = Home::new("");
    home.configure("[console]\noperator = \"mona\"\n");
    home.run(&["round"]);
    assert!(refused(&home, &["sign"]).contains("nothing is watched"));
}

#[test]
fn a_public_key_that_does_not_fit_signs_nothing() {
    let home = broken();
    let (own, other) = (key(&home, "own"), key(&home, "other"));
    std::fs::copy(other.with_extension("pub"), own.with_extension("pub")).unwrap();
    let output = home.run(&["sign", "--key", own.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(74));
    assert!(verify(&home, &[]).1.contains("1 entry, 0 signed"), "{}", verify(&home, &[]).1);
}

#[test]
fn a_log_that_was_changed_is_told_by_every_command_and_its_decisions_do_not_count() {
    let home = broken();
    ok(&home, &["decide", KEY, "accept", "--reason", "x", "--until", "7d"]);
    ok(&home, &["sign"]);
    let store = home.path().join("state/matins/matins.db");
    let raw = rusqlite::Connection::open(&store).unwrap();
    raw.execute_batch("DROP TRIGGER log_changed; UPDATE log SET line = replace(line, '\"x\"', '\"y\"') WHERE seq = 1;")
        .unwrap();
    let output = home.run(&["round", "--json", "--only", "backups"]);
    assert!(text(&output.stderr).contains("entry 2 of the log does not follow"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("\"decision\": null"));
    assert!(!text(&output.stdout).contains("\"reason\": \"y\""));
    assert_eq!(verify(&home, &[]).0, Some(2));
}

#[test]
fn a_wrong_key_a_revoked_key_and_another_purpose_do_not_count() {
    let home = broken();
    let (own, other) = (key(&home, "own"), key(&home, "other"));
    ok(&home, &["sign", "--key", own.to_str().unwrap()]);
    let public = |path: &Path| std::fs::read_to_string(path.with_extension("pub")).unwrap();
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let signers = |key: &str, namespace: &str| file("signers", &format!("mona namespaces=\"{namespace}\" {key}"));
    assert_eq!(verify(&home, &["--signers", &signers(&public(&own), "matins-checkin@v1")]).0, Some(0));
    assert_eq!(verify(&home, &["--signers", &signers(&public(&other), "matins-checkin@v1")]).0, Some(2));
    assert_eq!(verify(&home, &["--signers", &signers(&public(&own), "git")]).0, Some(2));
    assert_eq!(verify(&home, &["--revoked", &file("revoked", &public(&own))]).0, Some(2));
    assert_eq!(verify(&home, &["--revoked", &file("revoked", &public(&other))]).0, Some(0));
}

#[test]
fn a_key_in_an_agent_signs_and_one_that_is_missing_leaves_the_entry_to_be_signed_later() {
    let home = broken();
    let path = key(&home, "id");
    let socket = home.path().join("agent");
    let agent = Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(std::process::Stdio::null()).spawn();
    let mut agent = agent.unwrap();
    let add = || Command::new("ssh-add").arg("-q").arg(&path).env("SSH_AUTH_SOCK", &socket).status().unwrap();
    while !add().success() {
        std::thread::yield_now();
    }
    let with_agent = |arguments: &[&str]| home.command(arguments).env("SSH_AUTH_SOCK", &socket).output().unwrap();
    let signed = with_agent(&["sign", "--key", "agent"]);
    // The private file is not needed any more.
    std::fs::remove_file(&path).unwrap();
    let public = path.with_extension("pub");
    let by_public = with_agent(&["sign", "--key", public.to_str().unwrap()]);
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(signed.status.code(), Some(0), "{}", text(&signed.stderr));
    assert_eq!(by_public.status.code(), Some(0), "{}", text(&by_public.stderr));
    // A key that is not there is told before anything is recorded.
    let missing = home.run(&["sign", "--key", path.to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(66));
    assert!(text(&missing.stderr).contains("id can't be read: No such file"), "{}", text(&missing.stderr));
    let unsigned = home.run(&["sign", "--key", public.to_str().unwrap()]);
    assert_eq!(unsigned.status.code(), Some(74));
    assert!(text(&unsigned.stderr).contains("entry 3 is recorded, but not signed"), "{}", text(&unsigned.stderr));
    let second = key(&home, "second");
    ok(&home, &["log", "sign", "3", "--key", second.to_str().unwrap()]);
    assert!(refused(&home, &["log", "sign", "3", "--key", second.to_str().unwrap()]).contains("signed already"));
    let (code, said) = verify(&home, &[]);
    assert!(code == Some(0) && said.contains("3 entries, 3 signed"), "{said}");
}

#[test]
fn a_person_vouches_for_what_no_probe_sees() {
    let home = broken();
    let proof = home.path().join("certificate.pdf");
    std::fs::write(&proof, "%PDF").unwrap();
    let note = ["--until", "1y", "--note", "restic check, no errors", "--file", proof.to_str().unwrap()];
    let mut arguments = vec!["attest", "backup-off-site", "web1"];
    arguments.extend(note);
    ok(&home, &arguments);
    assert!(ok(&home, &["log", "show"]).contains("attested backup-off-site of web1"));
    arguments[1] = "no-such-measure";
    assert!(refused(&home, &arguments).contains("there is no measure"));
}

#[test]
fn what_a_busy_store_does_not_take_was_not_asked_wrongly() {
    let home = broken();
    let other = rusqlite::Connection::open(home.path().join("state/matins/matins.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let decide = ["decide", KEY, "accept", "--reason", "the disk comes on Friday", "--until", "7d"];
    for arguments in [&["sign"][..], &decide] {
        let output = home.run(arguments);
        assert_eq!(output.status.code(), Some(74), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("busy"), "{}", text(&output.stderr));
    }
}

#[test]
fn people_who_write_at_once_make_one_chain() {
    let home = broken();
    let running: Vec<_> =
        (0..8).map(|_| home.command(&["sign"]).stderr(std::process::Stdio::piped()).spawn().unwrap()).collect();
    for one in running {
        let output = one.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let (code, said) = verify(&home, &[]);
    assert!(code == Some(0) && said.contains("8 entries"), "{said}");
    assert!(jiff_now() > jiff::Timestamp::UNIX_EPOCH);
}
