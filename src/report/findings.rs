//! Findings as the rows of one table, for spreadsheets.

use super::material::Material;
use super::sheet::{Cell, Table};
use crate::domain::Finding;

const COLUMNS: [&str; 14] = [
    "key",
    "measure",
    "subject",
    "verdict",
    "asks",
    "title",
    "since",
    "first_seen",
    "mend",
    "decision",
    "by",
    "until",
    "reason",
    "reopened",
];

/// In the order in which they need a person. Times are RFC 3339.
pub fn table(material: &Material) -> Table {
    let mut table = Table::new("findings", &COLUMNS);
    table.rows = material.survey.round.findings.iter().map(|one| row(one, material)).collect();
    table
}

fn row(finding: &Finding, material: &Material) -> Vec<Cell> {
    let decided = material.decided(finding);
    let of = |text: Option<String>| Cell::Text(text.unwrap_or_default());
    let asks = if material.survey.round.rests(finding) { "no" } else { "yes" };
    vec![
        Cell::text(&finding.key),
        Cell::text(&finding.measure),
        Cell::text(&finding.subject),
        Cell::text(finding.verdict.word()),
        Cell::text(asks),
        Cell::text(&finding.title),
        Cell::text(finding.since),
        Cell::text(finding.first_seen),
        of(material.particulars(finding).and_then(|said| said.mend.as_ref()).map(ToString::to_string)),
        of(decided.map(|one| one.kind.done().to_owned())),
        of(decided.map(|one| one.by.to_string())),
        of(decided.map(|one| one.until.to_string())),
        of(decided.map(|one| one.reason.to_string())),
        of(decided.and_then(|one| one.open.as_ref()).map(ToString::to_string)),
    ]
}
