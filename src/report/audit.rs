//! The audit pack: every measure with its promise, the evidence that judges it, what is found now, what people decided and
//! vouched for; the check-ins; and how to verify the record without us.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::json::{FindingJson, SourceJson};
use super::ledger::Ruling;
use super::material::Material;
use super::morning::source_table;
use super::sheet::{Block, Cell, Line, Section, Sheet, Table};
use crate::domain::{
    Attestation, CheckIn, Finding, FindingKey, Limits, Measure, MeasureCount, Recorded, Shown, Signing, SourceLine,
};
use crate::log::{NAMESPACE, principal};
use crate::policy::{self, rules};
use crate::store::Signature;

/// What an audit needs besides.
#[derive(Debug, Clone)]
pub struct Proof {
    pub limits: Limits,
    pub signatures: Vec<Signature>,
}

#[derive(Serialize)]
struct AuditJson<'a> {
    version: u32,
    report: &'static str,
    at: Timestamp,
    operator: &'a Shown,
    last_round: Option<Timestamp>,
    notices: Vec<String>,
    measures: Vec<MeasureJson<'a>>,
    sources: Vec<SourceJson<'a>>,
    check_ins: Vec<CheckInJson<'a>>,
    deeds: Vec<DeedJson<'a>>,
    record: RecordJson,
}

#[derive(Serialize)]
struct MeasureJson<'a> {
    id: &'a str,
    promise: &'a Shown,
    grundschutz: &'a [String],
    limits: Vec<(&'static str, String)>,
    sources: Vec<String>,
    counts: Option<&'a MeasureCount>,
    findings: Vec<FindingJson<'a>>,
    decisions: Vec<RulingJson<'a>>,
    attestations: Vec<AttestedJson<'a>>,
}

#[derive(Serialize)]
struct RulingJson<'a> {
    #[serde(flatten)]
    recorded: &'a Recorded,
    taken_back: Option<Timestamp>,
}

#[derive(Serialize)]
struct AttestedJson<'a> {
    entry: u64,
    at: Timestamp,
    by: &'a Shown,
    #[serde(flatten)]
    attestation: &'a Attestation,
}

#[derive(Serialize)]
struct CheckInJson<'a> {
    entry: u64,
    at: Timestamp,
    by: &'a Shown,
    #[serde(rename = "for")]
    stands_for: Option<&'a Shown>,
    signed: bool,
    note: &'a Shown,
    measures: &'a [MeasureCount],
    open: usize,
}

#[derive(Serialize)]
struct DeedJson<'a> {
    entry: u64,
    at: Timestamp,
    by: &'a Shown,
    did: &'a str,
}

#[derive(Serialize)]
struct RecordJson {
    entries: u64,
    head: String,
    anchor: String,
    chain_holds: bool,
    signatures: usize,
    verify: Vec<String>,
}

/// One measure, and what concerns it.
struct Part<'a> {
    measure: &'a Measure,
    findings: Vec<&'a Finding>,
    /// The sources that its findings name.
    sources: Vec<&'a SourceLine>,
    rulings: Vec<&'a Ruling>,
}

impl<'a> Part<'a> {
    fn of(measure: &'a Measure, material: &'a Material) -> Self {
        let round = &material.survey.round;
        let findings: Vec<&Finding> = round.findings.iter().filter(|one| one.measure == *measure.id).collect();
        let said = findings.iter().filter_map(|finding| material.particulars(finding));
        let named: BTreeSet<&str> = said.flat_map(|said| &said.because).map(|one| one.source.as_str()).collect();
        let sources = round.sources.iter().filter(|line| named.contains(line.id.to_string().as_str())).collect();
        let about = |key: &FindingKey| key.parts().0 == measure.id;
        let rulings = material.ledger.decisions.iter().filter(|one| about(&one.recorded.decision.key)).collect();
        Self { measure, findings, sources, rulings }
    }

    /// By what it is judged, as it is in force.
    fn limits(&self, limits: &Limits) -> Vec<(&'static str, String)> {
        let rules = rules::ALL.iter().filter(|rule| rule.measure == self.measure.id);
        rules.flat_map(|rule| rule.limits).map(|limit| (limit.key, limits.of(limit).to_string())).collect()
    }

    fn attested<'b>(&self, material: &'b Material) -> impl Iterator<Item = &'b crate::domain::Attested> {
        material.ledger.attested.iter().filter(|one| one.attestation.measure == *self.measure.id)
    }
}

/// What is typed to verify the record, with nothing of ours but the export.
fn verify_lines(material: &Material, proof: &Proof) -> Vec<String> {
    let mut lines =
        vec!["matins log verify".to_owned(), "matins log export DIR".into(), "cd DIR && sh verify.sh".into()];
    let signer = |signature: &Signature| {
        let check_ins = material.ledger.check_ins.iter().map(|one| (one.seq, &one.by, one.at));
        let decisions = material.ledger.decisions.iter().map(|one| &one.recorded);
        let signed = check_ins.chain(decisions.map(|one| (one.seq, &one.by, one.at)));
        let (_, by, at) = signed.into_iter().find(|(seq, ..)| *seq == signature.seq)?;
        Some((principal(by), at.strftime("%Y%m%d%H%M%SZ")))
    };
    // The newest holds all that came before it.
    let newest = proof.signatures.iter().rev().find_map(|one| Some((one.seq, signer(one)?)));
    lines.extend(newest.map(|(seq, (signer, time))| {
        format!(
            "sed -n {seq}p log.jsonl | ssh-keygen -Y verify -f allowed_signers -I {signer} -n {NAMESPACE} -O verify-time={time} -s sigs/{seq}.sig"
        )
    }));
    lines
}

/// The pack as one object. Times are RFC 3339.
pub fn json(material: &Material, proof: &Proof) -> serde_json::Result<String> {
    let (round, ledger, measures) = (&material.survey.round, &material.ledger, policy::measures());
    let counts = CheckIn::of(round, Signing::default()).measures;
    let parts: Vec<Part<'_>> = measures.iter().map(|measure| Part::of(measure, material)).collect();
    let signed = signed(proof);
    serde_json::to_string_pretty(&AuditJson {
        version: 1,
        report: "audit",
        at: material.now,
        operator: &round.operator,
        last_round: material.survey.last_round,
        notices: material.notices(),
        measures: parts.iter().map(|part| measure_json(part, material, (&proof.limits, &counts))).collect(),
        sources: round.sources.iter().map(SourceJson::of).collect(),
        check_ins: ledger
            .check_ins
            .iter()
            .map(|one| CheckInJson {
                entry: one.seq,
                at: one.at,
                by: &one.by,
                stands_for: one.check_in.stands_for.as_ref(),
                signed: signed.contains(&one.seq),
                note: &one.check_in.note,
                measures: &one.check_in.measures,
                open: one.check_in.open.len(),
            })
            .collect(),
        deeds: ledger.deeds.iter().map(|(entry, at, by, did)| DeedJson { entry: *entry, at: *at, by, did }).collect(),
        record: RecordJson {
            entries: ledger.head.seq,
            head: ledger.head.hash.clone(),
            anchor: ledger.anchor(),
            chain_holds: ledger.damage.is_empty(),
            signatures: proof.signatures.len(),
            verify: verify_lines(material, proof),
        },
    })
}

fn measure_json<'a>(
    part: &Part<'a>,
    material: &'a Material,
    (limits, counts): (&Limits, &'a [MeasureCount]),
) -> MeasureJson<'a> {
    let finding = |one: &&'a Finding| FindingJson::of(one, material.particulars(one), material.decided(one));
    MeasureJson {
        id: &part.measure.id,
        promise: &part.measure.promise,
        grundschutz: &part.measure.grundschutz,
        limits: part.limits(limits),
        sources: part.sources.iter().map(|line| line.id.to_string()).collect(),
        counts: counts.iter().find(|count| count.measure == *part.measure.id),
        findings: part.findings.iter().map(finding).collect(),
        decisions: part
            .rulings
            .iter()
            .map(|one| RulingJson { recorded: &one.recorded, taken_back: one.undone })
            .collect(),
        attestations: part
            .attested(material)
            .map(|one| AttestedJson { entry: one.seq, at: one.at, by: &one.by, attestation: &one.attestation })
            .collect(),
    }
}

fn signed(proof: &Proof) -> BTreeSet<u64> {
    proof.signatures.iter().map(|signature| signature.seq).collect()
}

/// The pack for people.
pub fn sheet(material: &Material, proof: &Proof) -> Sheet {
    let round = &material.survey.round;
    let measures = policy::measures();
    let mut sections: Vec<Section> =
        measures.iter().map(|measure| measure_section(&Part::of(measure, material), material, proof)).collect();
    sections.push(super::morning::sources(&round.sources, material));
    sections.push(check_ins(material, proof));
    sections.push(deeds(material));
    sections.push(record(material, proof));
    let last = material.survey.last_round.map_or_else(|| "never".to_owned(), |at| material.moment_and_age(at));
    Sheet {
        title: format!("Audit pack, {}", material.moment(material.now)),
        about: vec![
            Line::new("made for", round.operator.to_string()),
            Line::new("last round", last),
            Line::new("record", format!("{}, {} signed", material.ledger.entries(), proof.signatures.len())),
        ],
        notices: material.notices(),
        sections,
        foot: vec![material.ledger.anchor()],
        zone: material.zone.clone(),
    }
}

fn measure_section(part: &Part<'_>, material: &Material, proof: &Proof) -> Section {
    let mut section = Section::new(format!("Measure {}", part.measure.id));
    section.text(format!("Promise: {}.", part.measure.promise));
    if !part.measure.grundschutz.is_empty() {
        section.text(format!("Answers IT-Grundschutz {}.", part.measure.grundschutz.join(", ")));
    }
    let limits: Vec<String> =
        part.limits(&proof.limits).into_iter().map(|(key, value)| format!("limits.{key} = {value}")).collect();
    if !limits.is_empty() {
        section.text(format!("Judged by {}.", limits.join(", ")));
    }
    let lines: Vec<SourceLine> = part.sources.iter().map(|line| (*line).clone()).collect();
    let mut evidence = source_table(&lines, material);
    evidence.caption = "Evidence".into();
    section.table(evidence, "No source of evidence is named by a finding.");
    section.table(found(part, material), "Nothing was judged: this measure is not known to be kept.");
    section.table(rulings(part, material), "Nothing was decided on it.");
    section.table(vouched(part, material), "Nobody vouched for it.");
    section
}

fn found(part: &Part<'_>, material: &Material) -> Table {
    let mut table = Table::new("Findings now", &["finding", "verdict", "title", "since", "mend or decision"]);
    for finding in &part.findings {
        let mend = material.particulars(finding).and_then(|said| said.mend.as_ref()).map(ToString::to_string);
        let decided = material.decided(finding).map(|one| {
            let open = one.open.as_ref().map_or_else(String::new, |open| format!("; asks again: {open}"));
            format!("{}, entry {}{open}", one.kind.done(), one.seq)
        });
        table.rows.push(vec![
            Cell::text(&finding.key),
            Cell::Verdict(finding.verdict),
            Cell::text(&finding.title),
            Cell::Text(material.moment(finding.since)),
            Cell::Text(decided.or(mend).unwrap_or_default()),
        ]);
    }
    table
}

fn rulings(part: &Part<'_>, material: &Material) -> Table {
    let columns = ["entry", "finding", "decision", "by", "when", "until", "reason"];
    let mut table = Table::new("Decisions, all there ever were", &columns);
    for Ruling { recorded, undone } in &part.rulings {
        let decision = &recorded.decision;
        let said = ruled(recorded, *undone, material);
        table.rows.push(vec![
            Cell::Number(recorded.seq),
            Cell::text(&decision.key),
            Cell::Text(said),
            Cell::text(&recorded.by),
            Cell::Text(material.moment(recorded.at)),
            Cell::Text(material.moment(decision.until)),
            Cell::text(&decision.reason),
        ]);
    }
    table
}

/// What was decided, who had to agree, and what became of it.
fn ruled(recorded: &Recorded, undone: Option<Timestamp>, material: &Material) -> String {
    let decision = &recorded.decision;
    let to = decision.to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
    let second = match (&decision.second, &recorded.agreed) {
        (_, Some((who, at))) => format!(", {who} agreed {}", material.moment(*at)),
        (Some(second), None) => format!(", {second} has not agreed"),
        (None, None) => String::new(),
    };
    let end = match undone {
        Some(at) => format!(", taken back {}", material.moment(at)),
        None if decision.until <= material.now => ", ended".to_owned(),
        None => String::new(),
    };
    format!("{}{}{to}{second}{end}", decision.kind.done(), decision.extent.said())
}

fn vouched(part: &Part<'_>, material: &Material) -> Table {
    let columns = ["entry", "subject", "by", "when", "until", "note", "file"];
    let mut table = Table::new("Attestations", &columns);
    for one in part.attested(material) {
        let attestation = &one.attestation;
        let file = attestation.file.as_ref().map_or_else(String::new, |(hash, name)| format!("{name}, SHA-256 {hash}"));
        table.rows.push(vec![
            Cell::Number(one.seq),
            Cell::text(&attestation.subject),
            Cell::text(&one.by),
            Cell::Text(material.moment(one.at)),
            Cell::Text(material.moment(attestation.until)),
            Cell::text(&attestation.note),
            Cell::Text(file),
        ]);
    }
    table
}

fn check_ins(material: &Material, proof: &Proof) -> Section {
    let signed = signed(proof);
    let columns = ["entry", "when", "who", "broken", "unknown", "due", "ok", "decided", "key", "note"];
    let mut table = Table::new("Check-ins", &columns);
    for one in &material.ledger.check_ins {
        let sum = |count: fn(&MeasureCount) -> usize| one.check_in.measures.iter().map(count).sum::<usize>();
        let mut cells = vec![Cell::Number(one.seq), Cell::Text(material.moment(one.at)), Cell::text(one.who())];
        cells.extend(
            [sum(|one| one.broken), sum(|one| one.unknown), sum(|one| one.due), sum(|one| one.ok)].map(Cell::number),
        );
        cells.push(Cell::number(one.check_in.open.iter().filter(|item| item.decided.is_some()).count()));
        cells.push(Cell::text(if signed.contains(&one.seq) { "ssh signature" } else { "no signature" }));
        cells.push(Cell::text(&one.check_in.note));
        table.rows.push(cells);
    }
    let mut section = Section::new(format!("Check-ins ({})", table.rows.len()));
    section.table(table, "Nobody has signed yet.");
    section
}

fn deeds(material: &Material) -> Section {
    let mut table = Table::new("Actions on servers", &["entry", "when", "who", "what"]);
    for (seq, at, by, said) in &material.ledger.deeds {
        table.rows.push(vec![Cell::Number(*seq), Cell::Text(material.moment(*at)), Cell::text(by), Cell::text(said)]);
    }
    let mut section = Section::new(format!("Actions ({})", table.rows.len()));
    section.table(table, "Nothing was done to a server.");
    section
}

fn record(material: &Material, proof: &Proof) -> Section {
    let mut section = Section::new("The record, and how to verify it");
    let ledger = &material.ledger;
    section.text(if ledger.damage.is_empty() {
        format!("When this was made, the record held {}; each followed the one before.", ledger.entries())
    } else {
        "The chain is broken:".to_owned()
    });
    for said in &ledger.damage {
        section.text(said.to_string());
    }
    section.text(format!(
        "Signed with their author's ssh key: {}. The signatures were not checked for this report; these lines do, the last \
         ones without matins:",
        proof.signatures.len()
    ));
    section.blocks.push(Block::Commands(verify_lines(material, proof)));
    section.text("A log that was cut off at its end shows only against the last line of this report, kept elsewhere:");
    section.blocks.push(Block::Commands(vec![ledger.anchor()]));
    section
}
