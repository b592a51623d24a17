//! A clock that was ahead. History is ordered by the moments of its rounds: what was dated later than now has happened by now.
//! Otherwise the last word before the clock was put right would become the last one again once its moment has come.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction};

use super::{millis, retention};

/// Verdicts and their words, in this order. Of the rows that get one moment, the last stays; what a verdict was said in last
/// then stands in its own row.
const VERDICTS: [&str; 6] = [
    "DELETE FROM change WHERE at >= ?1 AND EXISTS (SELECT 1 FROM change l WHERE l.key = change.key AND l.at > change.at)",
    "DELETE FROM wording WHERE at >= ?1 AND EXISTS
         (SELECT 1 FROM wording l WHERE l.key = wording.key AND l.at > wording.at)",
    "UPDATE change SET (title, since, weight, said) =
         (SELECT w.title, w.since, w.weight, coalesce(w.said, change.said) FROM wording w
          WHERE w.key = change.key AND w.at > change.at)
     WHERE at >= ?1 AND EXISTS (SELECT 1 FROM wording w WHERE w.key = change.key AND w.at > change.at)",
    "DELETE FROM wording WHERE at >= ?1 AND EXISTS (SELECT 1 FROM change c WHERE c.key = wording.key AND c.at >= ?1)",
    "UPDATE wording SET at = ?1, since = CASE WHEN since > ?1 THEN ?1 ELSE since END WHERE at > ?1",
    "UPDATE change SET at = ?1, since = CASE WHEN since > ?1 THEN ?1 ELSE since END WHERE at > ?1",
];

/// What has nothing but its moment to put right, and by what its rows are told apart beside that: of each the last stays.
const MOMENTS: [(&str, &[&str]); 5] = [
    ("turn", &["key", "item"]),
    ("asked", &["key", "item"]),
    ("course", &["collector", "name"]),
    ("answer", &["collector", "name"]),
    ("round", &[]),
];

const REST: [&str; 3] = [
    "UPDATE past_fact SET named_at = ?1 WHERE named_at > ?1",
    "UPDATE finding SET since = CASE WHEN since > ?1 THEN ?1 ELSE since END,
         first_seen = CASE WHEN first_seen > ?1 THEN ?1 ELSE first_seen END WHERE since > ?1 OR first_seen > ?1",
    "UPDATE opening SET at = ?1 WHERE at > ?1",
];

/// Of a clock that was ahead, what is later than now spans the time for which it was, or by which, whichever is shorter.
const SHORT: i64 = 86_400_000;

/// Dates at this moment what was dated later, if a clock was ahead; whether there was anything.
pub(super) fn put_right(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<bool> {
    if !was_ahead(transaction, now)? {
        return Ok(false);
    }
    let now = millis(now);
    let said = "SELECT said FROM change WHERE at >= ?1 AND said IS NOT NULL
                UNION SELECT said FROM wording WHERE at >= ?1 AND said IS NOT NULL";
    let said: Vec<i64> =
        transaction.prepare(said)?.query_map([now], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for statement in VERDICTS {
        transaction.execute(statement, [now])?;
    }
    for (table, keys) in MOMENTS {
        let same = keys.iter().map(|key| format!("l.{key} = {table}.{key} AND ")).collect::<Vec<_>>().concat();
        let earlier = format!("EXISTS (SELECT 1 FROM {table} l WHERE {same}l.at > {table}.at)");
        transaction.execute(&format!("DELETE FROM {table} WHERE at >= ?1 AND {earlier}"), [now])?;
        transaction.execute(&format!("UPDATE {table} SET at = ?1 WHERE at > ?1"), [now])?;
    }
    for statement in REST {
        transaction.execute(statement, [now])?;
    }
    retention::forget_unheld(transaction, &said)?;
    Ok(true)
}

/// Whether anything is dated later than now: all of it has the moment of a round that is still there, or of an answer.
pub(super) fn was_ahead(connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    let is_later = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM round WHERE at > ?1) OR EXISTS (SELECT 1 FROM past_fact WHERE named_at > ?1)",
        )?
        .query_row([millis(now)], |row| row.get(0))?;
    Ok(is_later && !is_behind(connection, now)?)
}

/// Whether rounds of more than a day are later than now: then it is now that the clock is wrong, and what it says changes
/// nothing that is kept.
pub(super) fn is_behind(connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT coalesce(max(at) - min(at) > ?2, 1 = 0) FROM round WHERE at > ?1")?
        .query_row([millis(now), SHORT], |row| row.get(0))
}
