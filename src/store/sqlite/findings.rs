//! Findings, their changes, and the last round.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::history::Word;
use super::particulars::Digests;
use super::sources::{kind, kind_word};
use super::{course, history, millis, particulars, standings, stored, time, unreadable};
use crate::domain::{Finding, FindingKey, Judgement, Round, Shown, SourceLine, Subject, SubjectKind, Verdict};

/// A finding as it is in the file, and what else stands there of it.
#[derive(Debug)]
pub(super) struct Known {
    finding: Finding,
    digests: Option<Digests>,
}

/// Every finding with the digests of what else is written of it.
pub(super) fn known(connection: &Connection, now: Timestamp) -> rusqlite::Result<HashMap<FindingKey, Known>> {
    let digests = particulars::digests(connection)?;
    let known = |finding: Finding| {
        let digests = digests.get(finding.key.as_str()).copied();
        (finding.key.clone(), Known { finding, digests })
    };
    Ok(all(connection, now)?.into_iter().map(known).collect())
}

/// Every finding, its rank not yet known; one that can't be read begins now.
fn all(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Finding>> {
    let mut statement = connection.prepare(
        "SELECT key, measure, subject_kind, subject, verdict, title, since, first_seen, alike, asks FROM finding",
    )?;
    let mut rows = statement.query([])?;
    let mut findings: Vec<Finding> = Vec::new();
    let mut texts: HashSet<Shown> = HashSet::new();
    while let Some(row) = rows.next()? {
        findings.extend(read(row, &mut texts).or_else(|_| lost(row, now)).ok());
    }
    Ok(findings)
}

fn read(row: &Row<'_>, texts: &mut HashSet<Shown>) -> rusqlite::Result<Finding> {
    let text = |column: usize| row.get_ref(column).and_then(|value| Ok(value.as_str()?));
    Ok(Finding {
        key: stored(text(0)?)?,
        measure: shared(texts, text(1)?),
        subject: Subject::new(kind(text(2)?)?, shared(texts, text(3)?)),
        verdict: stored(text(4)?)?,
        rank: 0,
        title: text(5)?.into(),
        since: time(row.get(6)?),
        first_seen: time(row.get(7)?),
        alike: Some(text(8)?).filter(|said| !said.is_empty()).map(|said| shared(texts, said)),
        asks: row.get(9)?,
    })
}

/// What stands for a finding that can't be read.
fn lost(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<Finding> {
    let key: FindingKey = stored(row.get_ref(0)?.as_str()?)?;
    let (measure, name, _) = key.parts();
    Ok(Finding {
        measure: Shown::line(measure),
        subject: Subject::new(SubjectKind::Organisation, name),
        verdict: Verdict::Unknown,
        rank: 0,
        title: "what the store kept of it can't be read: the next round says how it stands".into(),
        since: now,
        first_seen: now,
        alike: None,
        asks: 0,
        key,
    })
}

/// The text, from among those that came before where it did.
fn shared(texts: &mut HashSet<Shown>, text: &str) -> Shown {
    let new = Shown::line(text);
    if let Some(known) = texts.get(&new) {
        return known.clone();
    }
    texts.insert(new.clone());
    new
}

/// Gives the judgements their history out of `before`, writes what differs from it, and returns both as they are now. One
/// judgement's particulars are in memory at a time.
pub(super) fn record(
    transaction: &Transaction<'_>,
    mut round: Round,
    judgements: Vec<Judgement>,
    mut before: HashMap<FindingKey, Known>,
) -> rusqlite::Result<(Round, HashMap<FindingKey, Known>)> {
    let mut now = HashMap::with_capacity(judgements.len());
    for (judgement, rank) in judgements.into_iter().zip(1..) {
        let old = before.remove(&judgement.key());
        let weight = judgement.weight;
        let (finding, said, stands) = judgement.with_history(rank, round.at, old.as_ref().map(|old| &old.finding));
        let digests = old.as_ref().and_then(|old| old.digests);
        let written = particulars::keep(transaction, &finding.key, (&said, &stands), digests)?;
        if digests.map_or(0, |digests| digests.standings) != written.standings {
            standings::keep(transaction, round.at, &finding.key, &stands)?;
        }
        let old = old.map(|old| old.finding);
        keep(transaction, &finding, old.as_ref())?;
        let word = Word { at: round.at, finding: &finding, weight, said: (&said, written.particulars) };
        history::keep(transaction, &word, old.as_ref())?;
        now.insert(finding.key.clone(), Known { finding: finding.clone(), digests: Some(written) });
        round.findings.push(finding);
    }
    for gone in before.keys() {
        transaction.prepare_cached("DELETE FROM finding WHERE key = ?1")?.execute([gone.as_str()])?;
        particulars::forget(transaction, gone)?;
        standings::keep(transaction, round.at, gone, &[])?;
        history::end(transaction, round.at, gone)?;
    }
    course::keep(transaction, &round)?;
    opening(transaction, &round)?;
    Ok((round, now))
}

fn keep(transaction: &Transaction<'_>, finding: &Finding, old: Option<&Finding>) -> rusqlite::Result<()> {
    if old.is_none_or(|old| !same(old, finding)) {
        transaction
            .prepare_cached(
                "INSERT INTO finding (key, measure, subject_kind, subject, verdict, title, since, first_seen, alike, asks)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (key) DO UPDATE SET measure = excluded.measure, subject_kind = excluded.subject_kind,
                 subject = excluded.subject, verdict = excluded.verdict, title = excluded.title, since = excluded.since,
                 first_seen = excluded.first_seen, alike = excluded.alike, asks = excluded.asks",
            )?
            .execute(params![
                finding.key.as_str(),
                finding.measure.as_str(),
                kind_word(finding.subject.kind),
                finding.subject.name.as_str(),
                finding.verdict.word(),
                finding.title.as_str(),
                millis(finding.since),
                millis(finding.first_seen),
                finding.alike.as_ref().map_or("", Shown::as_str),
                finding.asks,
            ])?;
    }
    Ok(())
}

/// Alike in everything that is stored with the finding.
fn same(old: &Finding, new: &Finding) -> bool {
    Finding { rank: old.rank, ..new.clone() } == *old
}

fn opening(transaction: &Transaction<'_>, round: &Round) -> rusqlite::Result<()> {
    let count = |verdict| i64::try_from(round.count(verdict)).unwrap_or(i64::MAX);
    transaction.execute(
        "INSERT INTO round (at, operator, ok, due, broken, unknown) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (at) DO UPDATE SET operator = excluded.operator, ok = excluded.ok, due = excluded.due,
         broken = excluded.broken, unknown = excluded.unknown",
        params![
            millis(round.at),
            round.operator.as_str(),
            count(Verdict::Ok),
            count(Verdict::Due),
            count(Verdict::Broken),
            count(Verdict::Unknown)
        ],
    )?;
    // A key has no line feed: it is one line of clean text.
    let ranking: Vec<&str> = round.findings.iter().map(|finding| finding.key.as_str()).collect();
    transaction.execute(
        "INSERT INTO opening (one, at, ranking, sources) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (one) DO UPDATE SET at = excluded.at, ranking = excluded.ranking, sources = excluded.sources",
        params![millis(round.at), ranking.join("\n"), serde_json::to_string(&round.sources).map_err(unreadable)?],
    )?;
    Ok(())
}

pub(super) fn last(connection: &Connection) -> rusqlite::Result<Option<Round>> {
    let row = connection
        .query_row(
            "SELECT o.at, o.ranking, o.sources, r.operator FROM opening o JOIN round r ON r.at = o.at WHERE o.one = 1",
            [],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, String>(3)?,
                ))
            },
        )
        .optional()?;
    let Some((at, ranking, sources, operator)) = row else { return Ok(None) };
    let ranks: HashMap<&str, u32> = ranking.lines().zip(1..).collect();
    let mut findings = all(connection, time(at))?;
    for finding in &mut findings {
        finding.rank = ranks.get(finding.key.as_str()).copied().unwrap_or(u32::MAX);
    }
    findings.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.key.cmp(&b.key)));
    let sources: Vec<SourceLine> = serde_json::from_str(&sources).map_err(unreadable)?;
    Ok(Some(Round::new(time(at), operator.into(), sources, findings)))
}
