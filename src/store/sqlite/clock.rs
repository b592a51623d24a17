//! A clock that was ahead. History is ordered by the moments of its rounds: what was dated later than now has happened by now.
//! Otherwise the last word before the clock was put right would become the last one again once its moment has come.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction};

use super::{millis, retention};

/// In this order. Of the rows that get one moment, the last stays; what a verdict was said in last then stands in its own row.
/// That there was a round is told by the one that is being written.
const BACK: [&str; 15] = [
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
    "DELETE FROM turn WHERE at >= ?1 AND EXISTS
         (SELECT 1 FROM turn l WHERE l.key = turn.key AND l.item = turn.item AND l.at > turn.at)",
    "UPDATE turn SET at = ?1 WHERE at > ?1",
    "DELETE FROM asked WHERE at >= ?1 AND EXISTS
         (SELECT 1 FROM asked l WHERE l.key = asked.key AND l.item = asked.item AND l.at > asked.at)",
    "UPDATE asked SET at = ?1 WHERE at > ?1",
    "DELETE FROM course WHERE at >= ?1 AND EXISTS
         (SELECT 1 FROM course l WHERE l.collector = course.collector AND l.name = course.name AND l.at > course.at)",
    "UPDATE course SET at = ?1 WHERE at > ?1",
    "DELETE FROM answer WHERE at >= ?1 AND EXISTS
         (SELECT 1 FROM answer l WHERE l.collector = answer.collector AND l.name = answer.name AND l.at > answer.at)",
    "UPDATE answer SET at = ?1 WHERE at > ?1",
    "DELETE FROM round WHERE at > ?1",
];

/// Dates at this moment what was dated later.
pub(super) fn put_right(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<()> {
    let now = millis(now);
    if !is_ahead(transaction, now)? {
        return Ok(());
    }
    let said = "SELECT said FROM change WHERE at >= ?1 AND said IS NOT NULL
                UNION SELECT said FROM wording WHERE at >= ?1 AND said IS NOT NULL";
    let said: Vec<i64> =
        transaction.prepare(said)?.query_map([now], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for statement in BACK {
        transaction.execute(statement, [now])?;
    }
    transaction.execute("UPDATE past_fact SET named_at = ?1 WHERE named_at > ?1", [now])?;
    retention::forget_unheld(transaction, &said)
}

/// Whether anything is dated later: all of it has the moment of a round that is still there, or of an answer.
fn is_ahead(connection: &Connection, now: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM round WHERE at > ?1) OR EXISTS (SELECT 1 FROM past_fact WHERE named_at > ?1)",
        )?
        .query_row([now], |row| row.get(0))
}
