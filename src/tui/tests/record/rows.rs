//! Rows that stand for many.

use super::*;

/// Two servers that are silent for the same reason, each under two measures.
fn silent() -> Round {
    let mut round = sample::round(State::Broken);
    let unknown = round.findings.iter().find(|finding| finding.verdict == Verdict::Unknown).unwrap().clone();
    round.findings.retain(|finding| finding.verdict != Verdict::Unknown);
    for (host, measure) in [("db3", "firewall"), ("db2", "firewall"), ("db2", "security-updates")] {
        let subject = crate::domain::Subject::host(host);
        let key = crate::domain::FindingKey::new(measure, &subject, None);
        round.findings.insert(0, Finding { key, subject, measure: measure.into(), ..unknown.clone() });
    }
    round
}

#[test]
fn the_same_unknown_is_one_row_that_stands_for_all() {
    let round = silent();
    let mut console = rehearse(round.clone(), (120, 40));
    let screen = text(&console.frame());
    assert!(screen.contains("db2 +2"), "{screen}");
    let open = round.findings.iter().filter(|finding| finding.verdict != Verdict::Ok).count();
    assert_eq!(console.model().index.queue.len(), open - 2);
    assert_eq!(console.model().index.needing(), open - 2);
    console.press("w");
    let why = text(&console.frame());
    assert!(why.contains("the same is said of db2 (firewall), db3 (firewall)"), "{why}");
    console.press("<esc>");
    let pressed = console.press("dthe link is down<enter>");
    let wishes = wishes_of(&pressed);
    let keys: Vec<&str> = wishes.iter().map(|wish| wish.key.as_str()).collect();
    assert_eq!(keys, ["firewall/db2", "firewall/db3", "security-updates/db2"]);
}

#[test]
fn servers_that_lack_the_same_are_one_row_and_one_decision() {
    let round = lacking();
    let mut console = rehearse(round.clone(), (120, 40));
    assert_eq!((console.model().index.queue.len(), console.model().index.needing()), (2, 2));
    let screen = text(&console.frame());
    let row = screen.lines().find(|line| line.contains("4 servers")).unwrap();
    assert!(row.contains("the same 2 security updates: curl, openssl · 1 differs") && row.contains("4 d"), "{screen}");
    assert!(screen.contains("broken  db1"), "{screen}");
    console.press("jw");
    let why = text(&console.frame());
    assert!(why.contains("the same is said of app3 (security-updates), app2"), "{why}");
    console.press("<esc>d");
    assert!(text(&console.frame()).contains("and of 3 more that say the same"));
    let pressed = console.press("the mirror is mended tonight<enter>");
    let wishes = wishes_of(&pressed);
    assert_eq!(wishes.len(), 4);
    // With two of them decided on there are too few for one row.
    let mut rest = round;
    for finding in rest.findings.clone().iter().filter(|one| ["app1", "app2"].contains(&one.subject.name.as_str())) {
        rest.decisions.insert(finding.key.clone(), decided("roman", None));
    }
    console.hear_round(rest);
    assert_eq!(console.model().index.queue.len(), 3);
}

#[test]
fn what_is_decided_is_marked_in_every_list_of_every_width() {
    let mut round = lacking();
    for finding in &round.findings {
        round.decisions.insert(finding.key.clone(), decided("roman", None));
    }
    for (size, keys) in [((120, 40), ""), ((120, 40), "2"), ((80, 24), "2")] {
        let mut console = rehearse(round.clone(), size);
        console.press(keys);
        let screen = text(&console.frame());
        let row = screen.lines().find(|line| line.contains("app1")).unwrap_or_else(|| panic!("{screen}"));
        assert!(row.contains('⏸'), "{screen}");
    }
}

#[test]
fn what_is_decided_is_in_no_row_with_what_is_not() {
    let mut round = lacking();
    let own = round.findings.iter().find(|one| one.subject.name == *"app1").unwrap().key.clone();
    round.decisions.insert(own.clone(), decided("roman", None));
    let mut console = rehearse(round, (80, 24));
    // By what is said, and in the queue when a filter shows what is decided too.
    for keys in ["2<tab>", "<esc>/verdict:broken<enter>"] {
        console.press(keys);
        let screen = text(&console.frame());
        let row = screen.lines().find(|line| line.contains("3 servers")).unwrap_or_else(|| panic!("{screen}"));
        assert!(!row.contains('⏸'), "{screen}");
        let alone = screen.lines().find(|line| line.contains("broken  app1")).unwrap_or_else(|| panic!("{screen}"));
        assert!(alone.contains('⏸'), "{screen}");
    }
}

#[test]
fn a_row_for_many_tells_what_is_new_of_any() {
    let mut round = lacking();
    let key = round.findings.iter().find(|one| one.subject.name == *"app1").unwrap().key.clone();
    round.since = Since {
        signed: Some((sample::now() - jiff::SignedDuration::from_hours(24), 1)),
        news: vec![News { key, change: Change::New }],
        ..Since::default()
    };
    let screen = text(&rehearse(round, (120, 40)).frame());
    let row = screen.lines().find(|line| line.contains("4 servers")).unwrap();
    assert!(row.contains("new"), "{screen}");
}

#[test]
fn what_is_broken_stands_for_itself() {
    let mut round = silent();
    for finding in &mut round.findings {
        if finding.verdict == Verdict::Unknown {
            finding.verdict = Verdict::Broken;
        }
    }
    let open = round.findings.iter().filter(|finding| finding.verdict != Verdict::Ok).count();
    assert_eq!(rehearse(round, (120, 40)).model().index.queue.len(), open);
}
