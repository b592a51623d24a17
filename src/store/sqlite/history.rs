//! What the rounds counted, and how findings changed, for who looks back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::sources::kind_word;
use super::standings::{VERDICT, read};
use super::{millis, particulars, stored, time};
use crate::domain::{Finding, FindingKey, Particulars, Tally, Turn};

/// What a round says under a key.
pub(super) struct Word<'a> {
    pub at: Timestamp,
    pub finding: &'a Finding,
    pub weight: u32,
    /// What it says to who looks closer, and the digest of that.
    pub said: (&'a Particulars, i64),
}

/// Writes a new verdict, or the same one in other words.
pub(super) fn keep(transaction: &Transaction<'_>, word: &Word<'_>, before: Option<&Finding>) -> rusqlite::Result<()> {
    let Word { at, finding, weight, said: (said, digest) } = word;
    let turned = before.is_none_or(|before| before.verdict != finding.verdict);
    if !turned && before.is_some_and(|before| before.title == finding.title) {
        return Ok(());
    }
    particulars::preserve(transaction, *digest, said)?;
    let (key, title) = (finding.key.as_str(), finding.title.as_str());
    let (at, since) = (millis(*at), millis(finding.since));
    if !turned {
        transaction
            .prepare_cached(
                "INSERT INTO wording (key, at, title, since, weight, said) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (key, at) DO UPDATE SET title = excluded.title, since = excluded.since,
                 weight = excluded.weight, said = excluded.said",
            )?
            .execute(params![key, at, title, since, weight, digest])?;
        return Ok(());
    }
    transaction
        .prepare_cached(
            "INSERT INTO change (at, key, verdict, title, since, weight, said) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (key, at) DO UPDATE SET verdict = excluded.verdict, title = excluded.title,
             since = excluded.since, weight = excluded.weight, said = excluded.said",
        )?
        .execute(params![at, key, finding.verdict.word(), title, since, weight, digest])?;
    if before.is_none_or(|before| before.subject != finding.subject) {
        transaction
            .prepare_cached(
                "INSERT INTO spoken (key, subject_kind, subject) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET subject_kind = excluded.subject_kind, subject = excluded.subject",
            )?
            .execute(params![key, kind_word(finding.subject.kind), finding.subject.name.as_str()])?;
    }
    Ok(())
}

/// Nothing is said under a key any more.
pub(super) fn end(transaction: &Transaction<'_>, at: Timestamp, key: &FindingKey) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO change (at, key, verdict, title) VALUES (?1, ?2, '', '')
             ON CONFLICT (key, at) DO UPDATE SET verdict = '', title = '', said = NULL",
        )?
        .execute(params![millis(at), key.as_str()])?;
    Ok(())
}

/// What each round counted from then on and before that moment, the oldest first.
pub(super) fn tallies(connection: &Connection, from: Timestamp, until: Timestamp) -> rusqlite::Result<Vec<Tally>> {
    let mut statement =
        connection.prepare("SELECT at, ok, due, broken, unknown FROM round WHERE at >= ?1 AND at < ?2 ORDER BY at")?;
    let rows = statement.query_map(params![millis(from), millis(until)], |row| {
        // A negative number was not written by us.
        let count = |column| row.get::<_, i64>(column).map(|count| usize::try_from(count).unwrap_or_default());
        Ok(Tally { at: time(row.get(0)?), ok: count(1)?, due: count(2)?, broken: count(3)?, unknown: count(4)? })
    })?;
    rows.collect()
}

/// How the verdicts of a measure's findings changed before that moment, the oldest first.
pub(super) fn verdicts(connection: &Connection, measure: &str, until: Timestamp) -> rusqlite::Result<Vec<Turn>> {
    // `0` comes after `/`: all keys of the measure, found by the index.
    let mut statement = connection.prepare(
        "SELECT at, key, ?2, nullif(verdict, '') FROM change
         WHERE key >= ?1 || '/' AND key < ?1 || '0' AND at < ?3 ORDER BY at, key",
    )?;
    let rows = statement.query_map(params![measure, VERDICT, millis(until)], read)?;
    rows.collect()
}

/// From so many changes on, one is told of how many there were.
const OFTEN: u32 = 3;

/// Which findings' verdicts changed often in that time; that one came or went is a change too.
pub(super) fn restless(
    connection: &Connection,
    after: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<BTreeMap<FindingKey, u32>> {
    let mut statement = connection.prepare_cached(
        "SELECT key, count(*) FROM change WHERE at > ?1 AND at <= ?2 GROUP BY key HAVING count(*) >= ?3",
    )?;
    let rows = statement.query_map(params![millis(after), millis(until), OFTEN], |row| {
        Ok((stored(row.get_ref(0)?.as_str()?)?, row.get(1)?))
    })?;
    rows.collect()
}
