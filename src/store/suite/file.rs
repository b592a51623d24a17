//! What is so of a database in a file.

use super::*;

#[test]
fn the_file_is_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/matins.db");
    let mut store = Sqlite::open(&path).unwrap();
    store.keep(&attempt(0, seen(&["a"]))).unwrap();
    for name in ["state/matins.db", "state/matins.db-wal", "state/matins.db-shm"] {
        assert_eq!(std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(std::fs::metadata(folder.path().join("state")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn it_survives_being_closed_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let round = Sqlite::open(&path)
        .unwrap()
        .record(at(0), &Shown::line("mona"), Vec::new(), vec![judgement("a", Verdict::Due)])
        .unwrap();
    let mut again = Sqlite::open(&path).unwrap();
    assert_eq!(again.last().unwrap(), Some(round));
    let round = again.record(at(60), &Shown::line("mona"), Vec::new(), vec![judgement("a", Verdict::Due)]).unwrap();
    assert_eq!(round.findings[0].first_seen, at(0));
}

#[test]
fn two_consoles_see_each_others_findings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let (mut one, mut two) = (Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap());
    one.record(at(0), &Shown::line("mona"), Vec::new(), vec![judgement("a", Verdict::Due)]).unwrap();
    let round = two
        .record(
            at(60),
            &Shown::line("roman"),
            Vec::new(),
            vec![judgement("a", Verdict::Due), judgement("b", Verdict::Ok)],
        )
        .unwrap();
    assert_eq!(round.findings[0].first_seen, at(0));
    let round = one.record(at(120), &Shown::line("mona"), Vec::new(), vec![judgement("b", Verdict::Ok)]).unwrap();
    assert_eq!(round.findings[0].first_seen, at(60));
}

#[test]
fn what_is_no_database_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let text = "this is a letter to my aunt, and longer than the header of a database is, so that it is read as one"
        .repeat(20);
    std::fs::write(&path, &text).unwrap();
    let error = Sqlite::open(&path).unwrap_err();
    assert!(error.to_string().contains("no database") && error.to_string().contains("matins.db"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert!(Sqlite::open(folder.path()).unwrap_err().to_string().contains("not a file"));
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    drop(Sqlite::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(Sqlite::open(&path).unwrap_err().to_string().contains("newer matins"));
}

#[test]
fn the_log_takes_lines_and_gives_none_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let (mut store, mut other) = (Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap());
    let add = |store: &mut Sqlite, text: &str| {
        store.append(&mut |last| Some(format!("{text} after {:?}", last.map(|(seq, _)| seq))), None).unwrap();
    };
    add(&mut store, "a");
    add(&mut other, "b");
    add(&mut store, "c");
    store.append(&mut |_| None, Some("of nothing")).unwrap();
    let lines: Vec<String> = other.log(1).unwrap().into_iter().map(|(seq, line)| format!("{seq} {line}")).collect();
    assert_eq!(lines, ["2 b after Some(1)", "3 c after Some(2)"]);
    let signature = Signature {
        seq: 2,
        armor: "armor".into(),
        public_key: "ssh-ed25519 AAAA".into(),
        at: Some(Timestamp::UNIX_EPOCH),
    };
    store.keep_signature(&signature).unwrap();
    assert!(store.keep_signature(&signature).is_err());
    assert!(store.keep_signature(&Signature { seq: 9, ..signature.clone() }).is_err());
    assert_eq!(other.signatures().unwrap(), [signature]);
    assert_eq!(other.archive().unwrap().transcripts, []);
    store.append(&mut |_| Some("with a transcript".into()), Some("it said\n")).unwrap();
    let (seq, _) = other.log(0).unwrap().pop().unwrap();
    assert_eq!(other.archive().unwrap().transcripts, [(seq, "it said\n".to_owned())]);
    let raw = rusqlite::Connection::open(&path).unwrap();
    for statement in ["UPDATE transcript SET text = 'x'", "DELETE FROM transcript"] {
        assert!(raw.execute(statement, []).is_err(), "{statement}");
    }
    for statement in
        ["UPDATE log SET line = 'x'", "DELETE FROM log", "DELETE FROM signature", "UPDATE signature SET armor = ''"]
    {
        assert!(raw.execute(statement, []).is_err(), "{statement}");
    }
}

#[test]
fn a_store_of_the_first_version_keeps_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../sqlite/migrations/0001.sql")).unwrap();
    old.execute_batch(
        r#"INSERT INTO finding VALUES ('advisories/a', 'advisories', 'advisory', 'a', 'due', 'title', 1790000000000, 1790000000000,
           '{"detail":"two\nlines","mend":null,"because":[{"source":"feeds/x","at":"2026-09-21T13:33:20Z","said":"said"}],"link":"https://example.org/"}');
           INSERT INTO round VALUES (1790000000000, 'mona', 0, 1, 0, 0);
           INSERT INTO opening VALUES (1, 1790000000000, 'advisories/a', '[]');
           PRAGMA user_version = 1;"#,
    )
    .unwrap();
    drop(old);
    let mut store = Sqlite::open(&path).unwrap();
    let round = store.last().unwrap().unwrap();
    assert_eq!((round.findings.len(), round.findings[0].first_seen), (1, at(0)));
    let said = &store.particulars().unwrap()[&round.findings[0].key];
    assert_eq!((said.detail.as_str(), &said.mend), ("two\nlines", &None));
    assert_eq!(said.because[0].source, "feeds/x");
    assert_eq!(said.link.as_ref().map(crate::domain::Link::as_str), Some("https://example.org/"));
    let round = store.record(at(60), &Shown::line("mona"), Vec::new(), vec![judgement("a", Verdict::Due)]).unwrap();
    assert_eq!(round.findings[0].first_seen, at(0));
    assert_eq!(store.particulars().unwrap()[&round.findings[0].key].link, None);
}

#[test]
fn a_finding_that_speaks_of_nothing_forgets_what_it_spoke_of_before_the_fifth_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    for migration in [
        include_str!("../sqlite/migrations/0001.sql"),
        include_str!("../sqlite/migrations/0002.sql"),
        include_str!("../sqlite/migrations/0003.sql"),
        include_str!("../sqlite/migrations/0004.sql"),
    ] {
        old.execute_batch(migration).unwrap();
    }
    old.execute_batch(
        "INSERT INTO finding VALUES ('advisories/a', 'advisories', 'advisory', 'a', 'due', 'title', 1, 1);
         INSERT INTO particulars (key, digest, detail, chain, standings) VALUES ('advisories/a', 1, '', '[]', 1);
         INSERT INTO standing (key, item, word) VALUES ('advisories/a', 'host web1', 'vulnerable');
         PRAGMA user_version = 4;",
    )
    .unwrap();
    drop(old);
    let mut store = Sqlite::open(&path).unwrap();
    store.record(at(0), &Shown::line("mona"), Vec::new(), vec![judgement("a", Verdict::Due)]).unwrap();
    assert_eq!(store.asking().unwrap(), HashMap::new());
}

#[test]
fn what_cannot_be_read_of_a_source_is_asked_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let mut store = Sqlite::open(&path).unwrap();
    let other = Attempt { id: SourceId::new("feeds", "other"), ..attempt(0, seen(&["b"])) };
    let harms = [
        "UPDATE body SET json = '{\"of\": \"tomorrow\"}' WHERE json LIKE '%\"a\"%'",
        "DELETE FROM body WHERE json LIKE '%\"a\"%'",
        "UPDATE observation SET subject_kind = 'comet' WHERE name = 'x'",
        "UPDATE source SET fault = 'none' WHERE name = 'x'",
    ];
    for (seconds, harm) in (0..).step_by(10).zip(harms) {
        store.keep(&attempt(seconds, seen(&["a"]))).unwrap();
        store.keep(&other).unwrap();
        assert_eq!(rusqlite::Connection::open(&path).unwrap().execute(harm, []).unwrap(), 1, "{harm}");
        let kept = store.kept().unwrap();
        let (lost, whole) = (&kept[1], &kept[0]);
        assert_eq!((whole.good_at, whole.seen.len(), &whole.fault), (Some(at(0)), 1, &None), "{harm}");
        assert_eq!((lost.good_at, lost.asked_at, &lost.memory, lost.seen.len()), (None, None, &None, 0), "{harm}");
        assert!(lost.fault.as_ref().unwrap().said.as_str().contains("can't be read"), "{harm}");
        store.keep(&attempt(seconds + 1, seen(&["a"]))).unwrap();
        let kept = store.kept().unwrap();
        assert_eq!((kept[1].good_at, &kept[1].seen), (Some(at(seconds + 1)), &vec![advisory("a")]), "{harm}");
    }
}

#[test]
fn a_finding_that_cannot_be_read_is_unknown_until_the_next_round() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matins.db");
    let mut store = Sqlite::open(&path).unwrap();
    for harm in ["verdict = 'purple'", "subject_kind = 'comet'", "since = 'long ago'"] {
        let judged = || vec![judgement("a", Verdict::Due), judgement("b", Verdict::Ok)];
        store.record(at(0), &"mona".into(), Vec::new(), judged()).unwrap();
        let raw = rusqlite::Connection::open(&path).unwrap();
        raw.execute(&format!("UPDATE finding SET {harm} WHERE key = 'advisories/a'"), []).unwrap();
        let read = store.last().unwrap().unwrap();
        let (lost, whole) = (&read.findings[0], &read.findings[1]);
        assert_eq!((lost.verdict, lost.since, lost.first_seen), (Verdict::Unknown, at(0), at(0)), "{harm}");
        assert!(lost.title.as_str().contains("can't be read") && whole.verdict == Verdict::Ok, "{harm}");
        let round = store.record(at(60), &"mona".into(), Vec::new(), judged()).unwrap();
        let finding = &round.findings[0];
        assert_eq!((finding.verdict, finding.since, finding.first_seen), (Verdict::Due, at(60), at(60)), "{harm}");
        assert_eq!(Sqlite::open(&path).unwrap().last().unwrap(), Some(round), "{harm}");
        store.record(at(70), &"mona".into(), Vec::new(), Vec::new()).unwrap();
    }
}
