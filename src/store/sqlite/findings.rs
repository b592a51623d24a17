//! Findings, their changes, and the last round.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::sources::{kind, kind_word};
use super::{millis, time, unreadable};
use crate::domain::{Because, Finding, FindingKey, Link, Round, Shown, SourceLine, Subject, Verdict};

/// What only the detail view and the reports need, in one column.
#[derive(Serialize, Deserialize)]
struct Particulars {
    detail: Shown,
    mend: Option<Shown>,
    because: Vec<Because>,
    link: Option<Link>,
}

/// Every finding, its rank not yet known.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Finding>> {
    let mut statement = connection.prepare(
        "SELECT key, measure, subject_kind, subject, verdict, title, since, first_seen, particulars FROM finding",
    )?;
    let mut rows = statement.query([])?;
    let mut findings = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |column: usize| row.get_ref(column).and_then(|value| Ok(value.as_str()?));
        let particulars: Particulars = serde_json::from_str(text(8)?).map_err(unreadable)?;
        findings.push(Finding {
            key: serde_json::from_value(serde_json::Value::from(text(0)?)).map_err(unreadable)?,
            measure: text(1)?.into(),
            subject: Subject::new(kind(text(2)?)?, text(3)?),
            verdict: verdict(text(4)?)?,
            rank: 0,
            title: text(5)?.into(),
            detail: particulars.detail,
            mend: particulars.mend,
            because: particulars.because,
            link: particulars.link,
            since: time(row.get(6)?),
            first_seen: time(row.get(7)?),
        });
    }
    Ok(findings)
}

/// Writes what differs from `before`.
pub(super) fn record(
    transaction: &Transaction<'_>,
    round: &Round,
    before: &HashMap<FindingKey, Finding>,
) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO finding (key, measure, subject_kind, subject, verdict, title, since, first_seen, particulars)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (key) DO UPDATE SET measure = excluded.measure, subject_kind = excluded.subject_kind, subject = excluded.subject,
         verdict = excluded.verdict, title = excluded.title, since = excluded.since, first_seen = excluded.first_seen, particulars = excluded.particulars",
    )?;
    for finding in &round.findings {
        let old = before.get(&finding.key);
        if old.is_none_or(|old| !same(old, finding)) {
            let particulars = Particulars {
                detail: finding.detail.clone(),
                mend: finding.mend.clone(),
                because: finding.because.clone(),
                link: finding.link.clone(),
            };
            upsert.execute(params![
                finding.key.as_str(),
                finding.measure.as_str(),
                kind_word(finding.subject.kind),
                finding.subject.name.as_str(),
                finding.verdict.word(),
                finding.title.as_str(),
                millis(finding.since),
                millis(finding.first_seen),
                serde_json::to_string(&particulars).map_err(unreadable)?,
            ])?;
        }
        if old.is_none_or(|old| old.verdict != finding.verdict) {
            change(transaction, round.at, &finding.key, finding.verdict.word(), finding.title.as_str())?;
        }
    }
    let present: HashSet<&FindingKey> = round.findings.iter().map(|finding| &finding.key).collect();
    for gone in before.keys().filter(|key| !present.contains(key)) {
        transaction.prepare_cached("DELETE FROM finding WHERE key = ?1")?.execute([gone.as_str()])?;
        change(transaction, round.at, gone, "", "")?;
    }
    opening(transaction, round)
}

/// Alike in everything that is stored with the finding.
fn same(old: &Finding, new: &Finding) -> bool {
    Finding { rank: old.rank, ..new.clone() } == *old
}

fn change(
    transaction: &Transaction<'_>,
    at: Timestamp,
    key: &FindingKey,
    verdict: &str,
    title: &str,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO change (at, key, verdict, title) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (key, at) DO UPDATE SET verdict = excluded.verdict, title = excluded.title",
        )?
        .execute(params![millis(at), key.as_str(), verdict, title])?;
    Ok(())
}

fn opening(transaction: &Transaction<'_>, round: &Round) -> rusqlite::Result<()> {
    let count = |verdict| i64::try_from(round.count(verdict)).unwrap_or(i64::MAX);
    transaction.execute(
        "INSERT INTO round (at, operator, ok, due, broken, unknown) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (at) DO NOTHING",
        params![millis(round.at), round.operator.as_str(), count(Verdict::Ok), count(Verdict::Due), count(Verdict::Broken), count(Verdict::Unknown)],
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
    let mut findings = all(connection)?;
    for finding in &mut findings {
        finding.rank = ranks.get(finding.key.as_str()).copied().unwrap_or(u32::MAX);
    }
    findings.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.key.cmp(&b.key)));
    let sources: Vec<SourceLine> = serde_json::from_str(&sources).map_err(unreadable)?;
    Ok(Some(Round::new(time(at), operator.into(), sources, findings)))
}

fn verdict(word: &str) -> rusqlite::Result<Verdict> {
    serde_json::from_value(serde_json::Value::from(word)).map_err(unreadable)
}
