//! How the sources did, round by round.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{millis, stored, time, unreadable};
use crate::domain::{Fault, Round, SourceId, SourceLine, SourceState};

/// Writes what is other than in the last round.
pub(super) fn keep(transaction: &Transaction<'_>, round: &Round) -> rusqlite::Result<()> {
    let before: Option<String> =
        transaction.query_row("SELECT sources FROM opening WHERE one = 1", [], |row| row.get(0)).optional()?;
    // What can't be read any more is written anew.
    let before: Vec<SourceLine> = before.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    let mut before: HashMap<&SourceId, &SourceLine> = before.iter().map(|line| (&line.id, line)).collect();
    for line in &round.sources {
        if before.remove(&line.id) == Some(line) {
            continue;
        }
        let fault = line.fault.as_ref().map(serde_json::to_string).transpose().map_err(unreadable)?;
        let took = line.took_ms.and_then(|ms| i64::try_from(ms).ok());
        let (collector, name) = (line.id.collector.as_str(), line.id.name.as_str());
        insert(transaction)?.execute(params![
            collector,
            name,
            millis(round.at),
            word(line.state),
            line.at.map(millis),
            took,
            fault
        ])?;
    }
    for gone in before.into_keys() {
        let (collector, name) = (gone.collector.as_str(), gone.name.as_str());
        let none: Option<i64> = None;
        insert(transaction)?.execute(params![collector, name, millis(round.at), "", none, none, none])?;
    }
    Ok(())
}

fn insert<'t>(transaction: &'t Transaction<'_>) -> rusqlite::Result<rusqlite::CachedStatement<'t>> {
    transaction.prepare_cached(
        "INSERT INTO course (collector, name, at, state, good_at, took_ms, fault) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (collector, name, at) DO UPDATE SET state = excluded.state, good_at = excluded.good_at,
         took_ms = excluded.took_ms, fault = excluded.fault",
    )
}

fn word(state: SourceState) -> &'static str {
    match state {
        SourceState::Fresh => "fresh",
        SourceState::Stale => "stale",
        SourceState::Silent => "silent",
    }
}

/// How each source did then.
pub(super) fn then(connection: &Connection, at: Timestamp) -> rusqlite::Result<Vec<SourceLine>> {
    let mut statement = connection.prepare(
        "SELECT c.collector, c.name, c.state, c.good_at, c.took_ms, c.fault
         FROM course c JOIN (SELECT collector, name, max(at) AS at FROM course WHERE at <= ?1 GROUP BY collector, name) l
           ON l.collector = c.collector AND l.name = c.name AND l.at = c.at
         WHERE c.state <> '' ORDER BY c.collector, c.name",
    )?;
    let rows = statement.query_map([millis(at)], |row| {
        let fault: Option<String> = row.get(5)?;
        Ok(SourceLine {
            id: SourceId::new(&row.get::<_, String>(0)?, row.get::<_, String>(1)?),
            state: stored(row.get_ref(2)?.as_str()?)?,
            at: row.get::<_, Option<i64>>(3)?.map(time),
            took_ms: row.get::<_, Option<i64>>(4)?.and_then(|ms| u64::try_from(ms).ok()),
            fault: fault.map(|json| serde_json::from_str::<Fault>(&json)).transpose().map_err(unreadable)?,
        })
    })?;
    rows.collect()
}
