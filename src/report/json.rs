//! `round --json`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{Because, Decided, FindingKey, Particulars, Round, Shown, SourceState, Verdict};

#[derive(Serialize)]
struct RoundJson<'a> {
    at: Timestamp,
    operator: &'a Shown,
    sources: Vec<SourceJson<'a>>,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct SourceJson<'a> {
    name: &'a Shown,
    collector: &'a Shown,
    state: SourceState,
    at: Option<Timestamp>,
    took_ms: Option<u64>,
    error: Option<&'a Shown>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    key: &'a Shown,
    measure: &'a Shown,
    subject: &'a Shown,
    verdict: Verdict,
    rank: u32,
    title: &'a Shown,
    detail: &'a Shown,
    since: Timestamp,
    first_seen: Timestamp,
    because: &'a [Because],
    decision: Option<&'a Decided>,
}

/// One object; its form is part of the public interface. Times are RFC 3339.
pub fn json(round: &Round, particulars: &BTreeMap<FindingKey, Particulars>) -> serde_json::Result<String> {
    let none = Particulars::default();
    let sources = round.sources.iter().map(|line| SourceJson {
        name: &line.id.name,
        collector: &line.id.collector,
        state: line.state,
        at: line.at,
        took_ms: line.took_ms,
        error: line.fault.as_ref().map(|fault| &fault.said),
    });
    let said = |key| particulars.get(key).unwrap_or(&none);
    let findings = round.findings.iter().map(|finding| FindingJson {
        key: finding.key.shown(),
        measure: &finding.measure,
        subject: &finding.subject.name,
        verdict: finding.verdict,
        rank: finding.rank,
        title: &finding.title,
        detail: &said(&finding.key).detail,
        since: finding.since,
        first_seen: finding.first_seen,
        because: &said(&finding.key).because,
        decision: round.decisions.get(&finding.key),
    });
    serde_json::to_string_pretty(&RoundJson {
        at: round.at,
        operator: &round.operator,
        sources: sources.collect(),
        findings: findings.collect(),
    })
}
