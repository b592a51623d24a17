//! Plain lines.

use std::fmt::Write as _;

use crate::domain::{Change, Finding, Round, SourceState, Verdict, age};

/// The morning sheet as lines: what needs a person, then what is silent, then the counts.
pub fn plain(round: &Round) -> String {
    let mut out = String::new();
    out.extend(outage(round));
    for finding in round.findings.iter().filter(|finding| !round.rests(finding)) {
        let again = round.decisions.get(&finding.key).and_then(|decided| decided.open.as_ref());
        let again = again.map_or_else(String::new, |open| format!("; asks again: {open}"));
        writeln!(
            out,
            "{} {:<7} {}  {}: {}  ({}{again})",
            finding.verdict.glyph(),
            finding.verdict.word(),
            finding.measure,
            finding.subject,
            finding.title,
            age(finding.since, round.at)
        )
        .ok();
    }
    for line in round.sources.iter().filter(|line| line.state != SourceState::Fresh) {
        let word = if line.state == SourceState::Silent { "silent" } else { "stale" };
        let said = line.fault.as_ref().map_or_else(String::new, |fault| format!(": {}", fault.said));
        writeln!(out, "- {word} {}{said}", line.id).ok();
    }
    if let Some((signed, _)) = round.since.signed {
        // Its clock, or ours, was wrong.
        let when =
            if signed > round.at { "dated in the future".to_owned() } else { format!("{} ago", age(signed, round.at)) };
        writeln!(out, "since the last check-in, {when}: {}", changes(round)).ok();
    }
    let decided = decided(round);
    let decided = if decided == 0 { String::new() } else { format!("; {decided} decided, not shown") };
    writeln!(out, "{}{decided}", counts(&round.findings)).ok();
    out
}

/// How many findings are not ok and ask nobody.
fn decided(round: &Round) -> usize {
    round.findings.iter().filter(|finding| finding.verdict != Verdict::Ok && round.rests(finding)).count()
}

/// A line for when it is more likely us than all of them.
pub fn outage(round: &Round) -> Option<String> {
    let (failing, all) = round.outage()?;
    Some(format!("{failing} of {all} sources don't answer: is this machine offline?\n"))
}

/// `2 new, 1 gone`.
fn changes(round: &Round) -> String {
    let count = |change: Change| round.since.count(change);
    let mut parts: Vec<String> = Change::ALL
        .into_iter()
        .map(|change| (count(change), change.word()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !round.since.restless.is_empty() {
        parts.push(format!("{} to and fro", round.since.restless.len()));
    }
    if parts.is_empty() { "nothing changed".to_owned() } else { parts.join(", ") }
}

fn counts(findings: &[Finding]) -> String {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let parts = [Verdict::Broken, Verdict::Unknown, Verdict::Due, Verdict::Ok]
        .map(|verdict| format!("{} {}", count(verdict), verdict.word()));
    parts.join(", ")
}

/// One line as monitoring plugins print it: state, counts, the worst finding that nobody has decided on, else the worst of
/// those, perfdata. What is decided keeps its verdict. The findings come ranked; where there is none, nothing is known.
pub fn plugin(round: &Round) -> String {
    let findings = &round.findings;
    let word = match round.verdict() {
        Verdict::Ok => "OK",
        Verdict::Due => "WARNING",
        Verdict::Broken => "CRITICAL",
        Verdict::Unknown => "UNKNOWN",
    };
    let decided = decided(round);
    let told = if decided == 0 { String::new() } else { format!("; {decided} decided") };
    let open = findings.iter().find(|finding| !round.rests(finding));
    let worst = open.or_else(|| findings.iter().find(|finding| finding.verdict != Verdict::Ok));
    let also = if open.is_none() { ", which is decided" } else { "" };
    // A bar would begin the perfdata.
    let worst = worst
        .map_or_else(String::new, |finding| format!("; {}: {}{also}", finding.key, finding.title).replace('|', "¦"));
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    format!(
        "MATINS {word}: {}{told}{worst} | ok={} due={} broken={} unknown={} decided={decided}",
        counts(findings),
        count(Verdict::Ok),
        count(Verdict::Due),
        count(Verdict::Broken),
        count(Verdict::Unknown)
    )
}

/// The same where there is no finding, with why.
pub fn plugin_without(said: &str) -> String {
    format!("MATINS UNKNOWN: {} | ok=0 due=0 broken=0 unknown=0 decided=0", said.replace('|', "¦"))
}
