//! What the rounds counted, and how findings' verdicts changed, for who looks back.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::standings::{VERDICT, read};
use super::{millis, time};
use crate::domain::{Tally, Turn};

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
