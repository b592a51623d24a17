use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::domain::{Basis, Decision, Subject};

fn at(hours: i64) -> Timestamp {
    "2026-11-23T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

fn asks(item: &str, word: &str) -> Standing {
    Standing { item: item.into(), word: word.into(), asks: true }
}

fn key() -> FindingKey {
    "advisories/DSA-6321-1".into()
}

fn accepted(extent: Extent, asked: &[Standing]) -> Recorded {
    let decision = Decision {
        key: key(),
        kind: DecisionKind::Accept,
        extent,
        reason: "vendor ships on Friday".into(),
        until: at(72),
        to: None,
        link: None,
        second: None,
        basis: Basis { verdict: Verdict::Broken, asked: asked.to_vec() },
    };
    Recorded { seq: 1, at: at(0), by: "roman".into(), decision, agreed: None }
}

fn roles() -> Roles {
    [("web1", "web"), ("web2", "web"), ("db1", "db")].map(|(host, role)| (host.into(), role.into())).into()
}

fn word_on(recorded: &[Recorded], verdict: Verdict, standings: &[Standing], now: Timestamp) -> Option<Decided> {
    let present = Present { key: &key(), kind: SubjectKind::Advisory, verdict, standings };
    decided(&present, recorded, &roles(), now)
}

fn why_open(recorded: &[Recorded], verdict: Verdict, standings: &[Standing], now: Timestamp) -> Option<String> {
    word_on(recorded, verdict, standings, now).unwrap().open.map(|open| open.to_string())
}

#[test]
fn a_decision_holds_until_it_ends_and_says_that_it_ended() {
    let vulnerable = [asks("host web1", "vulnerable")];
    let recorded = [accepted(Extent::Finding, &vulnerable)];
    assert_eq!(why_open(&recorded, Verdict::Broken, &vulnerable, at(71)), None);
    assert_eq!(why_open(&recorded, Verdict::Broken, &vulnerable, at(72)).unwrap(), "it ended 0 s ago");
    assert_eq!(word_on(&recorded, Verdict::Ok, &[], at(1)), None);
    assert_eq!(word_on(&recorded, Verdict::Broken, &vulnerable, at(72 + 31 * 24)), None);
}

#[test]
fn another_host_opens_it_again_unless_the_decision_covers_it() {
    let (web1, web2, db1) =
        (asks("host web1", "vulnerable"), asks("host web2", "vulnerable"), asks("host db1", "vulnerable"));
    let open = |extent, now: &[Standing]| {
        why_open(&[accepted(extent, std::slice::from_ref(&web1))], Verdict::Broken, now, at(1))
    };
    assert_eq!(open(Extent::Finding, &[web1.clone(), web2.clone()]).unwrap(), "host web2: vulnerable");
    assert_eq!(open(Extent::Role("web".into()), &[web1.clone(), web2.clone()]), None);
    assert_eq!(open(Extent::Role("web".into()), &[web1.clone(), db1.clone()]).unwrap(), "host db1: vulnerable");
    assert_eq!(open(Extent::Everywhere, &[web1.clone(), web2.clone(), db1.clone()]), None);
    assert_eq!(
        open(Extent::Host("web1".into()), &[web1.clone(), web2.clone(), db1]).unwrap(),
        "host web2: vulnerable, and 1 more"
    );
}

#[test]
fn a_decision_for_one_host_knows_what_was_said_of_it_and_nothing_else() {
    let known = asks("host web1", "vulnerable");
    let only = [accepted(Extent::Host("web1".into()), std::slice::from_ref(&known))];
    assert_eq!(why_open(&only, Verdict::Broken, std::slice::from_ref(&known), at(1)), None);
    let worse = [asks("host web1", "uid 0")];
    assert_eq!(why_open(&only, Verdict::Broken, &worse, at(1)).unwrap(), "host web1: uid 0");
}

#[test]
fn a_fix_that_appears_and_an_exploit_open_even_a_decision_for_everywhere() {
    let before = [asks("host web1", "vulnerable"), asks("fix bookworm", "none")];
    let recorded = [accepted(Extent::Everywhere, &before)];
    let fixed = [asks("host web1", "vulnerable"), asks("fix bookworm", "3.0.2-1")];
    assert_eq!(why_open(&recorded, Verdict::Broken, &fixed, at(1)).unwrap(), "fix bookworm: 3.0.2-1");
    let exploited = [before[0].clone(), before[1].clone(), asks("exploited", "in KEV")];
    assert_eq!(why_open(&recorded, Verdict::Broken, &exploited, at(1)).unwrap(), "exploited: in KEV");
}

#[test]
fn what_does_not_ask_opens_nothing() {
    let recorded = [accepted(Extent::Finding, &[asks("host web1", "vulnerable")])];
    let now =
        [asks("host web1", "vulnerable"), Standing { item: "host web2".into(), word: "fixed".into(), asks: false }];
    assert_eq!(why_open(&recorded, Verdict::Broken, &now, at(1)), None);
}

#[test]
fn a_worse_or_another_verdict_opens_it_a_milder_one_does_not() {
    let recorded = [accepted(Extent::Finding, &[])];
    assert_eq!(why_open(&recorded, Verdict::Due, &[], at(1)), None);
    assert_eq!(why_open(&recorded, Verdict::Unknown, &[], at(1)).unwrap(), "it was broken then, it is unknown now");
    let mut due = accepted(Extent::Finding, &[]);
    due.decision.basis.verdict = Verdict::Due;
    assert_eq!(why_open(&[due], Verdict::Broken, &[], at(1)).unwrap(), "it was due then, it is broken now");
}

#[test]
fn a_decision_that_needs_four_eyes_holds_once_two_have_looked() {
    let mut one = accepted(Extent::Finding, &[]);
    one.decision.second = Some("anna".into());
    assert_eq!(why_open(&[one.clone()], Verdict::Broken, &[], at(1)).unwrap(), "anna has not agreed yet");
    one.agreed = Some(("anna".into(), at(0)));
    assert_eq!(why_open(&[one], Verdict::Broken, &[], at(1)), None);
}

#[test]
fn a_note_rests_nothing_and_hides_no_decision() {
    let mut note = accepted(Extent::Finding, &[]);
    note.decision.kind = DecisionKind::Note;
    note.seq = 2;
    assert!(!word_on(&[note.clone()], Verdict::Broken, &[], at(1)).unwrap().rests_for("roman"));
    let both = [accepted(Extent::Finding, &[]), note];
    assert_eq!(word_on(&both, Verdict::Broken, &[], at(1)).unwrap().seq, 1);
}

#[test]
fn what_is_assigned_rests_for_all_but_its_owner() {
    let mut one = accepted(Extent::Finding, &[]);
    one.decision.kind = DecisionKind::Assign;
    one.decision.to = Some("anna".into());
    let word = |hours| word_on(std::slice::from_ref(&one), Verdict::Broken, &[], at(hours)).unwrap();
    assert!(word(71).rests_for("roman") && !word(71).rests_for("anna"));
    // On its day it comes back to everybody.
    assert!(!word(72).rests_for("roman") && !word(72).rests_for("anna"));
}

#[test]
fn a_package_on_a_role_is_decided_on_all_its_servers_and_on_no_other() {
    let mut one = accepted(Extent::Role("web".into()), &[]);
    one.decision.key = "software-selection/web1/telnetd".into();
    let rests = |key: &str| {
        let key = FindingKey::from(key);
        let present = Present { key: &key, kind: SubjectKind::Host, verdict: Verdict::Broken, standings: &[] };
        decided(&present, std::slice::from_ref(&one), &roles(), at(1)).is_some()
    };
    assert!(rests("software-selection/web2/telnetd"));
    assert!(!rests("software-selection/db1/telnetd"));
    assert!(!rests("software-selection/web2/ftpd"));
    assert!(!rests("security-updates/web2/telnetd"));
}

#[test]
fn an_advisory_decided_everywhere_says_nothing_of_another_advisory() {
    let other = FindingKey::new("advisories", &Subject::new(SubjectKind::Advisory, "DSA-7-1"), None);
    let present = Present { key: &other, kind: SubjectKind::Advisory, verdict: Verdict::Broken, standings: &[] };
    assert_eq!(decided(&present, &[accepted(Extent::Everywhere, &[])], &roles(), at(1)), None);
}

proptest! {
    /// Whatever was decided, in whatever order: at or after the last end nothing rests, and what a decision never knew asks.
    #[test]
    fn no_decision_outlives_its_end_or_hides_what_it_did_not_know(
        ends in prop::collection::vec((1_i64..100, 0_usize..4, any::<bool>()), 0..8), now in 0_i64..200,
    ) {
        let known = asks("host web1", "vulnerable");
        let recorded: Vec<Recorded> = ends.iter().zip(1..).map(|((end, extent, seconded), seq)| {
            let extent = [Extent::Finding, Extent::Host("web1".into()), Extent::Role("web".into()), Extent::Everywhere][*extent].clone();
            let mut one = accepted(extent, std::slice::from_ref(&known));
            one.seq = seq;
            one.decision.until = at(*end);
            one.decision.second = seconded.then(|| "anna".into());
            one
        }).collect();
        let rests = |standings: &[Standing]| word_on(&recorded, Verdict::Broken, standings, at(now)).is_some_and(|word| word.rests_for("roman"));
        let live = ends.iter().any(|(end, _, seconded)| now < *end && !seconded);
        prop_assert_eq!(rests(std::slice::from_ref(&known)), live);
        prop_assert!(!rests(&[known.clone(), asks("exploited", "in KEV")]));
    }
}
