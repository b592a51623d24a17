use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::{Basis, CheckIn, Decision, DecisionKind, Extent, Round, Shown, Verdict};

fn stamp(actor: &str) -> Stamp {
    Stamp {
        time: "2026-11-23T06:41:07Z".parse().unwrap(),
        zone: "Europe/Vienna".into(),
        actor: actor.into(),
        host: "ws".into(),
    }
}

fn decision(reason: &str) -> Act {
    Act::Decide(Decision {
        key: "security-updates/web1".into(),
        kind: DecisionKind::Accept,
        extent: Extent::Role("web".into()),
        reason: Shown::text(reason),
        until: "2026-11-30T00:00:00Z".parse().unwrap(),
        to: None,
        link: Some("https://example.org/1".into()),
        second: Some("anna".into()),
        basis: Basis { verdict: Verdict::Broken, asked: Vec::new() },
    })
}

fn small() -> Vec<String> {
    let check_in =
        CheckIn::of(&Round::new(Timestamp::UNIX_EPOCH, "roman".into(), Vec::new(), Vec::new()), "quiet".into());
    let acts = [
        ("roman", decision("„vendor ships\non Friday“ 🙂")),
        ("anna", Act::Agree(Agreed { entry: 1 })),
        ("roman", Act::CheckIn(check_in)),
        ("roman", decision("again")),
        ("roman", Act::Undo(Undone { entry: 4 })),
    ];
    written(&acts)
}

fn written(acts: &[(&str, Act)]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (actor, act) in acts {
        let head = lines.last().map_or_else(Head::default, |line| Head::at(lines.len() as u64, line));
        lines.push(Entry::line(&head, &stamp(actor), act).unwrap());
    }
    lines
}

fn end_of(lines: &[String]) -> Anchor {
    Anchor(Head::at(lines.len() as u64, lines.last().unwrap()))
}

fn verified(lines: &[String], anchors: &[Anchor]) -> Result<Head, Break> {
    verify(lines.iter().map(String::as_str), anchors)
}

#[test]
fn entries_are_lines_of_ascii_that_read_back_as_they_were() {
    let lines = small();
    assert!(lines.iter().all(|line| line.bytes().all(|byte| (0x20..0x7f).contains(&byte))), "{lines:#?}");
    let entry = Entry::parse(&lines[0]).unwrap();
    assert_eq!(entry.act, decision("„vendor ships\non Friday“ 🙂"));
    assert!(lines[0].starts_with(r#"{"v":1,"seq":1,"prev":"0000"#), "{}", lines[0]);
    assert!(
        lines[0].contains(r#""kind":"decide","of":{"key":"security-updates/web1","decision":"accept""#),
        "{}",
        lines[0]
    );
    assert_eq!(verified(&lines, &[end_of(&lines)]).unwrap(), end_of(&lines).0);
}

/// As `matins log verify DIR` reads an exported log.
fn verified_export(text: &[u8], anchor: &Anchor) -> Result<Head, Break> {
    let (lines, cut) = exported(text);
    let anchors: Vec<Anchor> = cut.into_iter().chain([anchor.clone()]).collect();
    verified(&lines, &anchors)
}

/// As short as they come: everything that can be done to a byte of it is tried.
fn shortest() -> Vec<String> {
    let Act::Decide(plain) = decision("x") else { unreachable!() };
    let acts =
        [("a", Act::Decide(Decision { link: None, second: None, ..plain })), ("a", Act::Undo(Undone { entry: 1 }))];
    written(&acts)
}

#[test]
fn every_byte_changed_or_taken_out_at_every_position_is_found_where_it_is() {
    let lines = shortest();
    let (text, anchor) = (lines.join("\n") + "\n", end_of(&lines));
    assert_eq!(verified_export(text.as_bytes(), &anchor), Ok(anchor.0.clone()));
    // In the entry itself, or in the next one, which does not follow what it says now.
    let (text, found) = (&text, &|changed: &[u8], at: usize| {
        let broken = verified_export(changed, &anchor).unwrap_err();
        let entry = text[..at].matches('\n').count() as u64 + 1;
        assert!((entry..=entry + 1).contains(&broken.seq), "{at}: {broken}\n{}", String::from_utf8_lossy(changed));
    });
    let positions: Vec<usize> = (0..text.len()).collect();
    let tried: usize = std::thread::scope(|scope| {
        let quarters = positions.chunks(positions.len().div_ceil(4)).map(|quarter| {
            scope.spawn(move || {
                let mut tried = 0;
                for at in quarter {
                    let mut changed = text.clone().into_bytes();
                    for byte in (0..=u8::MAX).filter(|byte| *byte != text.as_bytes()[*at]) {
                        changed[*at] = byte;
                        found(&changed, *at);
                        tried += 1;
                    }
                    changed.remove(*at);
                    found(&changed, *at);
                }
                tried
            })
        });
        quarters.collect::<Vec<_>>().into_iter().map(|quarter| quarter.join().unwrap()).sum()
    });
    assert_eq!(tried, 255 * text.len());
}

#[test]
fn an_export_that_was_cut_off_anywhere_is_found() {
    let lines = small();
    let (text, anchor) = (lines.join("\n") + "\n", end_of(&lines));
    for length in 0..text.len() {
        let whole = text[..length].matches('\n').count() as u64;
        let broken = verified_export(&text.as_bytes()[..length], &anchor).unwrap_err();
        assert!((whole + 1..=whole + 2).contains(&broken.seq), "{length}: {broken}");
    }
}

#[test]
fn removals_swaps_insertions_and_a_cut_end_are_found() {
    let lines = small();
    let anchor = [end_of(&lines)];
    for at in 0..lines.len() {
        let mut removed = lines.clone();
        removed.remove(at);
        assert_eq!(verified(&removed, &anchor).unwrap_err().seq, at as u64 + 1);
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at].clone());
        assert_eq!(verified(&doubled, &anchor).unwrap_err().seq, at as u64 + 2);
        for other in at + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(at, other);
            assert_eq!(verified(&swapped, &anchor).unwrap_err().seq, at as u64 + 1);
        }
    }
    // Without an anchor a log that was cut off at its end looks like a shorter one: nothing else is claimed.
    assert_eq!(verified(&lines[..3], &[]).unwrap().seq, 3);
    assert_eq!(verified(&lines[..3], &anchor).unwrap_err().seq, 4);
}

#[test]
fn an_anchor_reads_as_it_prints() {
    let anchor = end_of(&small());
    assert_eq!(anchor.to_string().parse::<Anchor>().unwrap(), anchor);
    for wrong in ["", "matins-checkin-log v1 seq=x head=sha256:00", "matins-checkin-log v1 seq=1 head=sha256:0g"] {
        assert!(wrong.parse::<Anchor>().is_err(), "{wrong}");
    }
}

#[test]
fn only_who_was_named_can_agree_and_nobody_with_themselves() {
    let record = |actors: &[&str]| {
        let mut record = Record::default();
        let mut acts = vec![("roman", decision("x"))];
        acts.extend(actors.iter().map(|actor| (*actor, Act::Agree(Agreed { entry: 1 }))));
        for (at, (actor, act)) in acts.into_iter().enumerate() {
            let line = Entry::line(&record.head, &stamp(actor), &act).unwrap();
            record.take(at as u64 + 1, &line).unwrap();
        }
        record.decisions[0].agreed.clone().map(|(who, _)| who.to_string())
    };
    assert_eq!(record(&[]), None);
    assert_eq!(record(&["roman", "mallory"]), None);
    assert_eq!(record(&["mallory", "anna"]).unwrap(), "anna");
}

#[test]
fn after_a_change_nothing_that_stands_before_it_counts() {
    let mut lines = small();
    let read = |lines: &[String]| {
        let mut record = Record::default();
        let told: Vec<_> = lines.iter().zip(1..).filter_map(|(line, seq)| record.take(seq, line).err()).collect();
        (record.decisions.len(), told)
    };
    assert_eq!(read(&lines[..4]), (2, Vec::new()));
    lines[1] = lines[1].replace("anna", "emma");
    let (decisions, told) = read(&lines[..4]);
    assert_eq!(decisions, 1, "the one after the change");
    assert!(told.len() == 1 && told[0].starts_with("entry 3 of the log does not follow"), "{told:?}");
}

#[test]
fn what_one_act_decided_of_many_is_taken_back_as_one() {
    let mut record = Record::default();
    let mut write = |actor: &str, reason: &str, second: u32| {
        let time = format!("2026-11-23T06:41:{second:02}Z").parse().unwrap();
        let line = Entry::line(&record.head, &Stamp { time, ..stamp(actor) }, &decision(reason)).unwrap();
        record.take(record.head.seq + 1, &line).unwrap();
    };
    for (actor, reason, second) in [
        ("roman", "x", 1),
        ("roman", "x", 2),
        ("roman", "y", 2),
        ("roman", "y", 2),
        ("anna", "y", 2),
        ("roman", "y", 2),
    ] {
        write(actor, reason, second);
    }
    let last = |person: &str| record.last_by(&person.into()).iter().map(|one| one.seq).collect::<Vec<_>>();
    assert_eq!((last("roman"), last("anna"), last("mona")), (vec![6, 4, 3], vec![5], vec![]));
}

#[test]
fn nobody_takes_back_what_another_decided() {
    let mut record = Record::default();
    for (seq, (actor, act)) in
        [("roman", decision("x")), ("mallory", Act::Undo(Undone { entry: 1 }))].iter().enumerate()
    {
        let line = Entry::line(&record.head, &stamp(actor), act).unwrap();
        record.take(seq as u64 + 1, &line).unwrap();
    }
    assert_eq!(record.decisions.len(), 1);
}

#[test]
fn an_entry_of_a_newer_version_is_kept_in_the_chain_and_hides_none() {
    let mut lines = small();
    let head = end_of(&lines).0;
    let newer = Entry::line(&head, &stamp("roman"), &Act::Undo(Undone { entry: 1 })).unwrap();
    lines.push(newer.replace(r#""kind":"undo""#, r#""kind":"blessing""#));
    let mut record = Record::default();
    for (line, seq) in lines.iter().zip(1..) {
        record.take(seq, line).unwrap();
    }
    assert_eq!(record.decisions.len(), 1);
    assert_eq!(verified(&lines, &[]).unwrap().seq, 6);
}

proptest! {
    #[test]
    fn no_line_makes_the_reader_panic(line in ".{0,300}") {
        drop(Entry::parse(&line));
        drop(verify([line.as_str()], &[]));
    }

    #[test]
    fn whatever_somebody_writes_stays_one_line(reason in any::<String>()) {
        let line = Entry::line(&Head::default(), &stamp("roman"), &decision(&reason)).unwrap();
        prop_assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        prop_assert_eq!(Entry::parse(&line).unwrap().act, decision(&reason));
    }
}
