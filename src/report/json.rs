//! Rounds and reports as JSON: `round --json` and `report --format json`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    Because, Decided, Finding, FindingKey, Link, Particulars, Round, Shown, SourceLine, SourceState, Verdict,
};

#[derive(Serialize)]
struct RoundJson<'a> {
    at: Timestamp,
    operator: &'a Shown,
    sources: Vec<SourceJson<'a>>,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct SourceJson<'a> {
    name: &'a Shown,
    collector: &'a Shown,
    state: SourceState,
    at: Option<Timestamp>,
    took_ms: Option<u64>,
    error: Option<&'a Shown>,
}

#[derive(Serialize)]
pub(super) struct FindingJson<'a> {
    key: &'a Shown,
    measure: &'a Shown,
    subject: &'a Shown,
    verdict: Verdict,
    rank: u32,
    title: &'a Shown,
    since: Timestamp,
    first_seen: Timestamp,
    #[serde(flatten)]
    said: SaidJson<'a>,
    decision: Option<&'a Decided>,
}

/// What it says to who looks closer.
#[derive(Serialize)]
struct SaidJson<'a> {
    detail: &'a str,
    mend: Option<&'a Shown>,
    link: Option<&'a Link>,
    because: &'a [Because],
}

impl<'a> SourceJson<'a> {
    pub fn of(line: &'a SourceLine) -> Self {
        Self {
            name: &line.id.name,
            collector: &line.id.collector,
            state: line.state,
            at: line.at,
            took_ms: line.took_ms,
            error: line.fault.as_ref().map(|fault| &fault.said),
        }
    }
}

impl<'a> FindingJson<'a> {
    pub fn of(finding: &'a Finding, said: Option<&'a Particulars>, decision: Option<&'a Decided>) -> Self {
        Self {
            key: finding.key.shown(),
            measure: &finding.measure,
            subject: &finding.subject.name,
            verdict: finding.verdict,
            rank: finding.rank,
            title: &finding.title,
            since: finding.since,
            first_seen: finding.first_seen,
            said: SaidJson {
                detail: said.map_or("", |said| said.detail.as_str()),
                mend: said.and_then(|said| said.mend.as_ref()),
                link: said.and_then(|said| said.link.as_ref()),
                because: said.map_or(&[], |said| &said.because),
            },
            decision,
        }
    }
}

/// One object; its form is part of the public interface. Times are RFC 3339.
pub fn json(round: &Round, particulars: &BTreeMap<FindingKey, Particulars>) -> serde_json::Result<String> {
    let findings = round
        .findings
        .iter()
        .map(|finding| FindingJson::of(finding, particulars.get(&finding.key), round.decisions.get(&finding.key)));
    serde_json::to_string_pretty(&RoundJson {
        at: round.at,
        operator: &round.operator,
        sources: round.sources.iter().map(SourceJson::of).collect(),
        findings: findings.collect(),
    })
}
