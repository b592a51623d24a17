//! Deciding and signing: what the keys ask for, and what the queue makes of the answers.

mod rows;

use super::*;
use crate::domain::{Change, Decided, DecisionKind, Extent, Finding, News, Presence, Signing, Since, Verdict};
use crate::round::{Order, Request, Wish};
use crate::tui::message::Effect;

#[track_caller]
fn wish(keys: &str) -> Wish {
    wish_of(&console(State::Broken, (120, 40)).press(keys))
}

#[test]
fn a_decision_is_three_keys_and_a_reason() {
    let wish = wish("dvendor ships on Friday<enter>");
    let first = console(State::Broken, (120, 40)).model().current().unwrap().key.clone();
    assert_eq!((wish.key, wish.kind, wish.extent), (first, DecisionKind::Acknowledge, Extent::Finding));
    assert_eq!(wish.reason, "vendor ships on Friday");
    let days = wish.until.duration_since(sample::now()).as_hours() / 24;
    assert!((6..=7).contains(&days), "{}", wish.until);
}

#[test]
fn nobody_fills_in_what_is_not_on_the_screen() {
    for (keys, wanted) in [("d", ["reason", "link", "Enter records it"]), ("S", ["signs:", "note", "Enter signs it"])] {
        let mut console = console(State::Broken, (40, 10));
        console.press(keys);
        let screen = text(&console.frame());
        assert!(wanted.iter().all(|word| screen.contains(word)), "{screen}");
    }
}

#[test]
fn every_field_can_be_changed() {
    assert_eq!(wish("d<right>x<enter>").kind, DecisionKind::Accept);
    assert_eq!(wish("d<left>x<enter>").kind, DecisionKind::Note);
    let (week, fortnight) = (wish("dx<enter>").until, wish("d<down><right>x<enter>").until);
    assert_eq!(fortnight.duration_since(week).as_hours(), 7 * 24);
    assert_eq!(wish("d<down><down><left>x<enter>").extent, Extent::Everywhere);
    let furthest = wish("d<down><left><left><left>x<enter>").until;
    assert!(furthest > fortnight && furthest.duration_since(sample::now()).as_hours() <= 90 * 24, "{furthest}");
}

#[test]
fn an_end_is_typed_and_bounded_and_a_link_is_kept() {
    let typed = wish("d<down>10dx<backspace><down>because<enter>");
    assert_eq!(typed.until.duration_since(sample::now()).as_hours(), 10 * 24);
    assert_eq!((typed.reason.as_str(), typed.link), ("because", None));
    let linked = wish("dbecause<down>https://tickets.example.org/412<enter>");
    assert_eq!((linked.reason.as_str(), linked.link.unwrap().as_str()), ("because", "https://tickets.example.org/412"));
    for (end, said) in [("91d", "at most"), ("2020-01-01", "that is over"), ("10", "is no time")] {
        let mut console = console(State::Broken, (120, 40));
        console.press(&format!("d<down>{end}"));
        let screen = text(&console.frame());
        assert!(screen.contains(said), "{end}: {screen}");
        // Typed letters stay in the end until another field has the focus.
        assert_eq!(console.press("<down>because<enter>"), [], "{end}");
        assert!(console.model().view.message.as_ref().unwrap().said.as_str().contains(said), "{end}");
        assert!(
            matches!(console.press("<left><enter>")[..], [Effect::Order(Order::Request(_))]),
            "an offered end counts again"
        );
    }
}

#[test]
fn of_an_advisory_one_host_can_be_meant() {
    let mut console = console(State::Broken, (120, 40));
    let finding = console.model().current().unwrap().clone();
    assert_eq!(finding.subject.kind, crate::domain::SubjectKind::Advisory);
    let turn = |host: &str, word: &str| crate::domain::Turn {
        at: sample::now(),
        key: finding.key.clone(),
        item: format!("host {host}").into(),
        word: Some(word.into()),
    };
    let turns = vec![turn("web1", "fixed"), turn("web2", "vulnerable"), turn("web1", "vulnerable")];
    let subject = finding.subject.clone();
    let looked = crate::round::Looked { subject, particulars: std::collections::BTreeMap::new(), turns, then: None };
    console.hear(crate::round::Update::Looked(looked));
    let wish = wish_of(&console.press("d<down><down><left>because<enter>"));
    assert_eq!(wish.extent, Extent::Host("web2".into()));
}

#[test]
fn hosts_that_are_read_while_somebody_decides_can_be_meant_as_well() {
    let mut console = console(State::Broken, (120, 40));
    let finding = console.model().current().unwrap().clone();
    let turn = |host: &str| crate::domain::Turn {
        at: sample::now(),
        key: finding.key.clone(),
        item: format!("host {host}").into(),
        word: Some("vulnerable".into()),
    };
    let looked = |hosts: &[&str]| crate::round::Looked {
        subject: finding.subject.clone(),
        particulars: std::collections::BTreeMap::new(),
        turns: hosts.iter().map(|host| turn(host)).collect(),
        then: None,
    };
    console.hear(crate::round::Update::Looked(looked(&[])));
    console.press("d<down><down>");
    console.hear(crate::round::Update::Looked(looked(&["web1", "web2"])));
    console.press("/web1");
    console.hear(crate::round::Update::Looked(looked(&["web1", "web2", "web0"])));
    let wish = wish_of(&console.press("<down>because<enter>"));
    assert_eq!((wish.extent, wish.reason.as_str()), (Extent::Host("web1".into()), "because"));
}

#[test]
fn of_many_hosts_one_is_named_by_a_part_of_its_name() {
    let mut console = console(State::Broken, (120, 40));
    let finding = console.model().current().unwrap().clone();
    let turn = |host: String| crate::domain::Turn {
        at: sample::now(),
        key: finding.key.clone(),
        item: format!("host {host}").into(),
        word: Some("vulnerable".into()),
    };
    let hosts = (1..200).map(|number| format!("web{number}")).chain(["db-7".to_owned()]);
    let looked = crate::round::Looked {
        subject: finding.subject.clone(),
        particulars: std::collections::BTreeMap::new(),
        turns: hosts.map(turn).collect(),
        then: None,
    };
    console.hear(crate::round::Update::Looked(looked));
    console.press("d<down><down>/WEB18");
    let screen = text(&console.frame());
    assert!(screen.contains("/WEB18") && screen.contains("web18 only"), "{screen}");
    console.press("7");
    assert!(text(&console.frame()).contains("web187 only"));
    console.press("<backspace><backspace><backspace>x");
    assert!(text(&console.frame()).contains("no host is called so"));
    // What nobody is called is not quietly something else.
    assert_eq!(console.press("<enter>"), []);
    assert!(console.model().view.message.as_ref().unwrap().said.as_str().contains("nothing was recorded"));
    let wish = wish_of(&console.press("<backspace><backspace><backspace><backspace>-7<down>because<enter>"));
    assert_eq!((wish.extent, wish.reason.as_str()), (Extent::Host("db-7".into()), "because"));
}

#[test]
fn without_a_reason_nothing_is_recorded_and_nothing_is_lost() {
    let mut console = console(State::Broken, (120, 40));
    assert_eq!(console.press("d<right><enter>"), []);
    assert_eq!(state_of(console.model()), "queue:0 decide");
    assert!(console.model().view.message.as_ref().unwrap().said.as_str().contains("needs a reason"));
    assert_eq!(wish_of(&console.press("because<enter>")).kind, DecisionKind::Accept);
    assert_eq!(console.press("d<esc>"), []);
    assert_eq!(state_of(console.model()), "queue:0");
}

#[test]
fn signing_shows_the_record_and_takes_a_note() {
    let mut round = sample::round(State::Broken);
    round.since.days = vec![presence(24, None, "")];
    round.since.began = Some(round.since.days[0].at);
    let mut console = rehearse(round, (120, 40));
    console.press("S");
    let screen = text(&console.frame());
    assert!(screen.contains("four weeks ") && screen.contains('✓'), "{screen}");
    assert!(screen.contains("roman signs:") && screen.contains("signed as open"), "{screen}");
    let effects = console.press("all quiet<enter>");
    assert_eq!(effects, [Effect::Order(Order::Request(vec![Request::Sign("all quiet".into())]))]);
    assert_eq!(console.press("u"), [Effect::Order(Order::Request(vec![Request::Undo]))]);
}

fn presence(hours: i64, stands_for: Option<&str>, note: &str) -> Presence {
    let at = sample::now() - jiff::SignedDuration::from_hours(hours);
    Presence { at, by: "anna".into(), stands_for: stands_for.map(Shown::from), note: note.into() }
}

#[test]
fn who_stood_in_is_named_and_what_they_left_word_of_is_shown_until_one_signs_oneself() {
    let mut round = sample::round(State::Broken);
    round.since.days = vec![presence(48, Some("roman"), "the disk comes on Friday"), presence(24, None, "")];
    round.since.began = Some(round.since.days[0].at);
    round.since.signed = Some((sample::now() - jiff::SignedDuration::from_hours(72), 1));
    let mut console = rehearse(round.clone(), (140, 40));
    let header = text(&console.frame());
    assert!(header.lines().next().unwrap().contains(", anna for you "), "{header}");
    console.press("S");
    let screen = text(&console.frame());
    assert!(screen.contains("anna left word") && screen.contains("\"the disk comes on Friday\""), "{screen}");
    assert!(screen.contains("◇ in your place"), "{screen}");
    round.since.signed = Some((sample::now() - jiff::SignedDuration::from_hours(30), 3));
    let mut console = rehearse(round, (140, 40));
    console.press("S");
    let screen = text(&console.frame());
    assert!(!screen.contains("left word") && !screen.contains("for you"), "{screen}");
}

#[test]
fn a_deputy_chooses_in_whose_place_they_sign() {
    let mut start = sample::start(sample::round(State::Broken)).unwrap();
    start.fleet.persons = vec!["roman".into(), "anna".into(), "mona".into()].into();
    let mut console = Rehearsal::new(start, 120, 40);
    console.press("Swell<tab>");
    assert!(text(&console.frame()).contains("roman signs for anna:"));
    console.press("<tab><tab>");
    assert!(text(&console.frame()).contains("roman signs:"));
    let signing = Signing { note: "well".into(), stands_for: Some("mona".into()) };
    assert_eq!(console.press("<backtab><enter>"), [Effect::Order(Order::Request(vec![Request::Sign(signing)]))]);
}

#[test]
fn the_demo_records_nothing() {
    let mut start = sample::start(sample::round(State::Broken)).unwrap();
    start.demo = true;
    let mut console = Rehearsal::new(start, 120, 40);
    for key in ["d", "u", "S"] {
        assert_eq!(console.press(key), []);
        assert_eq!(console.model().view.message.as_ref().unwrap().said, "the demo records nothing");
    }
}

fn decided(by: &str, open: Option<&str>) -> Decided {
    Decided {
        seq: 7,
        kind: DecisionKind::Accept,
        by: by.into(),
        at: sample::now(),
        until: sample::now() + jiff::SignedDuration::from_hours(48),
        reason: "vendor ships on Friday".into(),
        to: None,
        link: None,
        open: open.map(Into::into),
    }
}

#[test]
fn what_is_decided_leaves_the_queue_and_comes_back_with_its_reason() {
    let mut round = sample::round(State::Broken);
    let first = round.findings[0].key.clone();
    round.decisions.insert(first.clone(), decided("roman", None));
    let before = console(State::Broken, (120, 40)).model().index.queue.len();
    let mut console = rehearse(round.clone(), (120, 40));
    assert_eq!(console.model().index.queue.len(), before - 1);
    assert!(text(&console.frame()).contains("⏸ 1 decided"));
    // In its panel it stands as it is, with what was said of it.
    console.press("1");
    let screen = text(&console.frame());
    assert!(screen.contains("⏸ accepted until") && screen.contains("roman: \"vendor ships on"), "{screen}");
    round.decisions.insert(first, decided("roman", Some("host web9: vulnerable")));
    console.hear_round(round);
    assert_eq!(console.model().index.queue.len(), before);
    assert!(text(&console.frame()).contains("it asks again: host web9: vulnerable"));
}

#[test]
fn what_changed_since_the_signature_stands_in_the_first_line_and_at_its_row() {
    let mut round = sample::round(State::Broken);
    let open: Vec<_> =
        round.findings.iter().filter(|finding| finding.verdict != Verdict::Ok).map(|one| one.key.clone()).collect();
    let news = |key: &crate::domain::FindingKey, change| News { key: key.clone(), change };
    round.since = Since {
        signed: Some((sample::now() - jiff::SignedDuration::from_hours(72), 4)),
        news: vec![news(&open[0], Change::New), news(&open[1], Change::Worse), news(&"x/y".into(), Change::Gone)],
        days: Vec::new(),
        ..Since::default()
    };
    let screen = text(&rehearse(round, (140, 40)).frame());
    assert!(screen.contains("· since then 1 new, 1 worse, 1 gone"), "{screen}");
    assert!(
        screen.lines().nth(2).unwrap().contains("new") && screen.lines().nth(3).unwrap().contains("worse"),
        "{screen}"
    );
}

/// Four servers that lack the same updates, one that lacks another, each since another day.
pub(super) fn lacking() -> Round {
    let mut round = sample::round(State::Ok);
    for (day, host) in (1..).zip(["app1", "app2", "app3", "app4", "db1"]) {
        let subject = crate::domain::Subject::host(host);
        let same =
            if host == "db1" { "the same security update: bash" } else { "the same 2 security updates: curl, openssl" };
        let since = sample::now() - jiff::SignedDuration::from_hours(24 * day);
        let key = crate::domain::FindingKey::new("security-updates", &subject, None);
        let title = format!("2 security updates, oldest {day} d").into();
        let finding = sample::finding("security-updates", SubjectKind::Host);
        let finding =
            Finding { key, subject, since, title, verdict: Verdict::Broken, alike: Some(same.into()), ..finding };
        round.findings.insert(0, finding);
    }
    round
}

#[test]
fn what_is_typed_as_an_end_is_taken_back_without_the_reason() {
    let mut console = console(State::Broken, (120, 40));
    // From the reason round by link and what to until.
    console.press("dthe mirror<down><down><down>10d<backspace><backspace><backspace><backspace><backspace>");
    let wish = wish_of(&console.press("<enter>"));
    assert_eq!(wish.reason, "the mirror");
}

#[test]
fn what_goes_to_and_fro_says_how_often_instead_of_being_new() {
    let mut round = sample::round(State::Broken);
    let key = round.findings[0].key.clone();
    round.since = Since {
        signed: Some((sample::now() - jiff::SignedDuration::from_hours(72), 4)),
        news: vec![News { key: key.clone(), change: Change::New }],
        restless: [(key, 5)].into(),
        ..Since::default()
    };
    let mut console = rehearse(round, (120, 40));
    let screen = text(&console.frame());
    assert!(screen.contains("5×") && screen.contains("since then 1 to and fro"), "{screen}");
    console.press("<enter>");
    // It wraps.
    let screen = text(&console.frame());
    assert!(screen.contains("changed 5 times") && screen.contains("since you signed on Fri 20 Nov"), "{screen}");
}
