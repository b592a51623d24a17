//! A morning whose every text comes from somebody who means harm.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::domain::{
    Decided, DecisionKind, Fault, Finding, Judgement, Link, Round, Shown, SourceId, SourceLine, SourceState, Subject,
    SubjectKind, Verdict,
};
use crate::round::Survey;

const HOSTILE: &str = "\"><script>alert('x')</script>\n| # `x` [y](javascript:z) \u{202e}\x1b[31m";

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + hours * 3_600).unwrap()
}

fn judged(name: &str, verdict: Verdict, link: &str) -> Judgement {
    Judgement::new("advisories", Subject::new(SubjectKind::Advisory, name), verdict, HOSTILE)
        .detail(HOSTILE)
        .mend(HOSTILE)
        .because(HOSTILE, Some(at(-1)), HOSTILE)
        .link(Link::parse(link))
}

fn hostile() -> Material {
    let judgements = [
        judged(HOSTILE, Verdict::Broken, "https://example.org/?a=1&b=\"'<x>"),
        judged("DSA-1", Verdict::Broken, "http://example.org/"),
        judged("DSA-2", Verdict::Due, "https://example.org/"),
    ];
    let (mut findings, mut particulars) = (Vec::new(), BTreeMap::new());
    for (judgement, rank) in judgements.into_iter().zip(1..) {
        let (finding, said, _) = judgement.with_history(rank, at(0), None);
        particulars.insert(finding.key.clone(), said);
        findings.push(finding);
    }
    let source = SourceLine {
        id: SourceId::new("feeds", HOSTILE),
        state: SourceState::Silent,
        at: None,
        took_ms: None,
        fault: Some(Fault::new(HOSTILE).mend(HOSTILE)),
    };
    let decided = Decided {
        seq: 1,
        kind: DecisionKind::Accept,
        by: HOSTILE.into(),
        at: at(-2),
        until: at(24),
        reason: Shown::text(HOSTILE),
        to: Some(HOSTILE.into()),
        link: None,
        open: None,
    };
    let mut round = Round::new(at(0), HOSTILE.into(), vec![source], findings);
    round.decisions.insert(round.findings[2].key.clone(), decided);
    let survey = Survey { round, particulars, last_round: Some(at(0)) };
    Material { now: at(0), past: false, zone: TimeZone::UTC, survey, ledger: Ledger::default() }
}

#[test]
fn a_hostile_title_is_text_in_every_format() {
    let material = hostile();
    let sheet = morning::sheet(&material);
    let page = html(&sheet);
    assert!(!page.contains("<script") && !page.contains("<x>") && page.contains("&lt;script&gt;"), "{page}");
    assert!(page.contains("<a href=\"https://example.org/?a=1&amp;b=%22%27%3Cx%3E\""), "{page}");
    assert!(!page.contains("href=\"http:") && page.contains("<p>http://example.org/</p>"), "{page}");
    let text = markdown(&sheet);
    assert!(!text.contains("<script") && !text.contains("[y](") && !text.contains("\n| #"), "{text}");
    for written in [&page, &text, &csv(&findings::table(&material)), &morning::json(&material).unwrap()] {
        assert!(!written.contains(['\u{202e}', '\x1b']), "{written}");
    }
    // A line feed in a reason stays inside of its quotes; rows end with CR LF.
    for row in csv(&findings::table(&material)).split_terminator("\r\n").skip(1) {
        assert!(row.trim_start_matches('"').starts_with("advisories/"), "{row}");
    }
}

/// As the guidelines of the Monitoring Plugins have it: one line, one bar, and after it `label=value`, where a label that
/// is not quoted has no blank, no quote and no equals sign.
#[test]
fn a_hostile_name_is_no_perfdata() {
    let round = hostile().survey.round;
    let hostile = |finding: &&Finding| finding.key.as_str().contains("script") && finding.title.as_str().contains('|');
    assert!(round.findings.iter().find(hostile).is_some());
    let line = plugin(&round);
    assert!(!line.contains(['\n', '\r', '\x1b']) && line.matches('|').count() == 1, "{line}");
    let (_, perfdata) = line.split_once(" | ").unwrap();
    let told: Vec<(&str, u32)> = perfdata
        .split(' ')
        .map(|one| one.split_once('=').unwrap())
        .map(|(label, value)| (label, value.parse().unwrap()))
        .collect();
    assert_eq!(told, [("ok", 0), ("due", 1), ("broken", 2), ("unknown", 0), ("decided", 1)]);
}

/// A pager that names what somebody has accepted hides what comes next.
#[test]
fn monitoring_is_told_first_what_nobody_has_decided_on() {
    let mut round = hostile().survey.round;
    let decided = round.findings.iter().position(|one| one.verdict != Verdict::Ok && round.rests(one)).unwrap();
    let decided = round.findings.remove(decided);
    round.findings.insert(0, decided);
    let line = plugin(&round);
    assert!(line.contains("; 1 decided; ") && !line.contains(round.findings[0].key.as_str()), "{line}");
    round.findings.truncate(1);
    let line = plugin(&round);
    assert!(line.contains(round.findings[0].key.as_str()) && line.contains(", which is decided | "), "{line}");
    assert!(plugin_without("nothing | there").starts_with("MATINS UNKNOWN: nothing ¦ there | ok=0 "));
}

#[test]
fn what_rests_is_in_no_card_and_what_asks_is() {
    let material = hostile();
    let text = markdown(&morning::sheet(&material));
    assert_eq!(text.matches("\n### ").count(), 2, "{text}");
    assert!(text.contains("## Decided (1)") && text.contains("accepted to "), "{text}");
}
