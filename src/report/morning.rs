//! The morning sheet: what asks for a person, why, and what was decided; what is ok stands in it as a count.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::json::{FindingJson, SourceJson};
use super::material::Material;
use super::sheet::{Block, Card, Cell, Line, Section, Sheet, Table};
use crate::domain::{
    Because, CheckIn, Decided, Finding, MeasureCount, News, Round, Same, Shown, Signing, SourceLine, SourceState,
    Verdict, age,
};
use crate::policy;

#[derive(Serialize)]
struct MorningJson<'a> {
    /// Of this form; a field more does not change it.
    version: u32,
    report: &'static str,
    at: Timestamp,
    operator: &'a Shown,
    last_round: Option<Timestamp>,
    notices: Vec<String>,
    verdict: Verdict,
    last_check_in: Option<SignedJson<'a>>,
    since: SinceJson<'a>,
    measures: Vec<MeasureCount>,
    sources: Vec<SourceJson<'a>>,
    /// Everything that was judged, what is ok too, in the order in which it needs a person.
    findings: Vec<Asked<'a>>,
}

#[derive(Serialize)]
struct SignedJson<'a> {
    by: &'a Shown,
    #[serde(rename = "for")]
    stands_for: Option<&'a Shown>,
    at: Timestamp,
    entry: u64,
    note: &'a Shown,
}

/// What changed since the operator signed.
#[derive(Serialize)]
struct SinceJson<'a> {
    at: Option<Timestamp>,
    entry: Option<u64>,
    news: &'a [News],
}

#[derive(Serialize)]
struct Asked<'a> {
    /// Whether it is in the queue of the operator.
    asks: bool,
    #[serde(flatten)]
    finding: FindingJson<'a>,
}

/// The sheet as one object. Times are RFC 3339.
pub fn json(material: &Material) -> serde_json::Result<String> {
    let round = &material.survey.round;
    let asked = |finding| Asked {
        asks: !round.rests(finding),
        finding: FindingJson::of(finding, material.particulars(finding), material.decided(finding)),
    };
    let last_check_in = material.ledger.check_ins.last();
    serde_json::to_string_pretty(&MorningJson {
        version: 1,
        report: "morning",
        at: material.now,
        operator: &round.operator,
        last_round: material.survey.last_round,
        notices: material.notices(),
        verdict: round.verdict(),
        last_check_in: last_check_in.map(|one| SignedJson {
            by: &one.by,
            stands_for: one.check_in.stands_for.as_ref(),
            at: one.at,
            entry: one.seq,
            note: &one.check_in.note,
        }),
        since: SinceJson {
            at: round.since.signed.map(|(at, _)| at),
            entry: round.since.signed.map(|(_, entry)| entry),
            news: &round.since.news,
        },
        measures: CheckIn::of(round, Signing::default()).measures,
        sources: round.sources.iter().map(SourceJson::of).collect(),
        findings: round.findings.iter().map(asked).collect(),
    })
}

/// The sheet for people.
pub fn sheet(material: &Material) -> Sheet {
    let round = &material.survey.round;
    Sheet {
        title: format!("Morning sheet, {}", material.moment(material.now)),
        about: about(material),
        notices: material.notices(),
        sections: vec![
            queue(material),
            since(material),
            measures(material),
            decided(material),
            sources(&round.sources, material),
        ],
        foot: vec![material.ledger.anchor()],
        zone: material.zone.clone(),
    }
}

fn about(material: &Material) -> Vec<Line> {
    let round = &material.survey.round;
    let last = material.survey.last_round.map_or_else(|| "never".to_owned(), |at| material.moment_and_age(at));
    let signed = material.ledger.check_ins.last().map_or_else(
        || "nobody yet".to_owned(),
        |one| {
            let note = quoted(&one.check_in.note);
            format!("{}, {}, entry {}{note}", one.by, material.moment_and_age(one.at), one.seq)
        },
    );
    vec![
        Line::new("for", round.operator.to_string()),
        Line::new("verdict", counts(round)),
        Line::new("last round", last),
        Line::new("signed last", signed),
    ]
}

/// `broken: 2 broken, 10 unknown, 0 due, 31 ok`.
fn counts(round: &Round) -> String {
    let of = |verdict: Verdict| format!("{} {}", round.count(verdict), verdict.word());
    let all = [Verdict::Broken, Verdict::Unknown, Verdict::Due, Verdict::Ok].map(of);
    format!("{}: {}", round.verdict().word(), all.join(", "))
}

fn quoted(note: &Shown) -> String {
    if note.is_empty() { String::new() } else { format!(": “{note}”") }
}

fn queue(material: &Material) -> Section {
    let round = &material.survey.round;
    let mut firsts: Vec<(usize, &Finding)> = Vec::new();
    let mut also: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let open = || round.findings.iter().enumerate().filter(|(_, finding)| !round.rests(finding));
    let same = Same::of(open());
    for (at, finding) in open() {
        match same.first(at) {
            Some(first) => also.entry(first).or_default().push(finding.key.to_string()),
            None => firsts.push((at, finding)),
        }
    }
    let mut section = Section::new(format!("What asks for {} ({})", round.operator, firsts.len()));
    if firsts.is_empty() {
        section.text(if round.findings.is_empty() { "Nothing was judged." } else { "Nothing." });
    }
    for (at, finding) in firsts {
        section.blocks.push(Block::Card(card(finding, also.get(&at), material)));
    }
    section
}

/// How many names of what says the same stand in a card.
const NAMED: usize = 50;

fn card(finding: &Finding, also: Option<&Vec<String>>, material: &Material) -> Card {
    let mut lines = vec![Line::new("since", material.moment_and_age(finding.since))];
    if let Some(change) = material.survey.round.since.of_key(&finding.key) {
        lines.push(Line::new("since the last check-in", change.word()));
    }
    if let Some(times) = material.survey.round.since.restless.get(&finding.key) {
        lines.push(Line::new("to and fro", format!("changed {times} times since the last check-in")));
    }
    if let Some(also) = also {
        let more = also.len().checked_sub(NAMED).filter(|more| *more > 0);
        let more = more.map_or_else(String::new, |more| format!(" and {more} more"));
        lines.push(Line::new("the same of", also.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ") + &more));
    }
    let said = material.particulars(finding);
    if let Some(mend) = said.and_then(|said| said.mend.as_ref()) {
        lines.push(Line::new("mend", mend.to_string()));
    }
    if let Some(decided) = material.decided(finding) {
        lines.push(Line::new("decision", decision(decided, material)));
    }
    Card {
        verdict: finding.verdict,
        heading: finding.key.to_string(),
        title: finding.title.to_string(),
        lines,
        because: said.map_or_else(Vec::new, |said| said.because.iter().map(|one| because(one, material)).collect()),
        link: said.and_then(|said| said.link.clone()),
    }
}

pub(super) fn because(one: &Because, material: &Material) -> String {
    let at = one.at.map_or_else(String::new, |at| format!(", {}", material.moment(at)));
    format!("{}{at}: {}", one.source, one.said)
}

/// `accepted by mona until …: “…”`, and why it asks all the same.
fn decision(decided: &Decided, material: &Material) -> String {
    let to = decided.to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
    let again = decided.open.as_ref().map_or_else(String::new, |open| format!("; asks again: {open}"));
    format!(
        "{}{to} by {} until {}{}{again}",
        decided.kind.done(),
        decided.by,
        material.moment(decided.until),
        quoted(&decided.reason)
    )
}

fn since(material: &Material) -> Section {
    let (round, mut section) = (&material.survey.round, Section::new("Since the last check-in"));
    let Some((at, entry)) = round.since.signed else {
        section.text(format!("{} has not signed yet.", round.operator));
        handed_over(round, material, &mut section);
        return section;
    };
    section.text(format!("{} signed {}, entry {entry}.", round.operator, material.moment_and_age(at)));
    handed_over(round, material, &mut section);
    let titles: BTreeMap<&str, &Finding> = round.findings.iter().map(|one| (one.key.as_str(), one)).collect();
    let mut table = Table::new("What changed", &["finding", "change", "now", "title"]);
    for news in &round.since.news {
        let now = titles.get(news.key.as_str());
        table.rows.push(vec![
            Cell::text(&news.key),
            Cell::text(news.change.word()),
            now.map_or_else(|| Cell::text("not there"), |now| Cell::Verdict(now.verdict)),
            now.map_or_else(|| Cell::text(""), |now| Cell::text(&now.title)),
        ]);
    }
    section.table(table, "Nothing changed.");
    section
}

/// Who stood in since, and what others left word of.
fn handed_over(round: &Round, material: &Material, section: &mut Section) {
    if let Some(deputy) = round.since.deputy(&round.operator) {
        section.text(format!("{} signed in place of {} {}.", deputy.by, round.operator, material.moment(deputy.at)));
    }
    for one in round.since.notes(&round.operator) {
        section.text(format!("{} left word {}: {}", one.by, material.moment(one.at), quoted(&one.note)));
    }
}

fn measures(material: &Material) -> Section {
    let round = &material.survey.round;
    let counts = CheckIn::of(round, Signing::default()).measures;
    let columns = ["measure", "promise", "broken", "unknown", "due", "ok", "decided"];
    let mut table = Table::new("Verdicts by measure", &columns);
    for measure in policy::measures() {
        let count = counts.iter().find(|count| count.measure == *measure.id);
        let mut cells = vec![Cell::text(&measure.id), Cell::text(&measure.promise)];
        match count {
            Some(count) => {
                cells.extend([count.broken, count.unknown, count.due, count.ok].map(Cell::number));
                let resting =
                    |one: &&Finding| one.measure == *measure.id && one.verdict != Verdict::Ok && round.rests(one);
                cells.push(Cell::number(round.findings.iter().filter(resting).count()));
            }
            // Nobody looked: that is not the same as none.
            None => cells.extend((0..5).map(|_| Cell::text("–"))),
        }
        table.rows.push(cells);
    }
    let mut section = Section::new("Measures");
    section.table(table, "");
    section
}

fn decided(material: &Material) -> Section {
    let round = &material.survey.round;
    let mut table = Table::new("Not asked about", &["finding", "verdict", "title", "decision"]);
    let resting = round.findings.iter().filter(|one| one.verdict != Verdict::Ok && round.rests(one));
    for finding in resting {
        table.rows.push(vec![
            Cell::text(&finding.key),
            Cell::Verdict(finding.verdict),
            Cell::text(&finding.title),
            Cell::text(material.decided(finding).map_or_else(String::new, |one| decision(one, material))),
        ]);
    }
    let mut section = Section::new(format!("Decided ({})", table.rows.len()));
    section.table(table, "Nothing is decided.");
    section
}

pub(super) fn sources(lines: &[SourceLine], material: &Material) -> Section {
    let fresh = lines.iter().filter(|line| line.state == SourceState::Fresh).count();
    let mut section = Section::new(format!("Sources ({fresh} of {} fresh)", lines.len()));
    section.table(source_table(lines, material), "There are no sources.");
    section
}

/// What is silent comes first.
pub(super) fn source_table(lines: &[SourceLine], material: &Material) -> Table {
    let mut table = Table::new("Sources and their last good answers", &["source", "state", "last answer", "said"]);
    let mut lines: Vec<&SourceLine> = lines.iter().collect();
    lines.sort_by_key(|line| (line.state == SourceState::Fresh, &line.id));
    for line in lines {
        table.rows.push(vec![
            Cell::text(&line.id),
            Cell::text(state(line.state)),
            Cell::text(line.at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", age(at, material.now)))),
            Cell::text(line.fault.as_ref().map_or_else(String::new, said)),
        ]);
    }
    table
}

fn said(fault: &crate::domain::Fault) -> String {
    fault.mend.as_ref().map_or_else(|| fault.said.to_string(), |mend| format!("{}; {mend}", fault.said))
}

fn state(state: SourceState) -> &'static str {
    match state {
        SourceState::Fresh => "fresh",
        SourceState::Stale => "stale",
        SourceState::Silent => "silent",
    }
}
