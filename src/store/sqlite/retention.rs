//! What is thinned out, and when. Everything else is kept for ever, or until the next answer takes its place: see the room.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{answers, millis, time};

const DAY: i64 = 86_400_000;
/// All is kept for so long before the last round that is a day old. The clock's own word is not enough: one that is ahead for
/// an hour would take everything away.
const WHOLE: i64 = 30 * DAY;

/// From when to when is to be thinned out now, if at all: one day, so that nobody who writes waits for long.
pub(super) fn due(connection: &Connection, now: Timestamp) -> rusqlite::Result<Option<(Timestamp, Timestamp)>> {
    let done: Option<i64> =
        connection.query_row("SELECT until FROM thinned WHERE one = 1", [], |row| row.get(0)).optional()?;
    // What a clock that was ahead took for done has been written to since.
    let done = done.filter(|done| *done <= millis(now));
    let oldest = "SELECT min(at) FROM (SELECT min(at) AS at FROM round UNION ALL SELECT min(at) FROM course
                  UNION ALL SELECT min(at) FROM wording UNION ALL SELECT min(at) FROM answer) AS all_of_them";
    let from = match done {
        Some(done) => Some(done),
        None => connection.query_row(oldest, [], |row| row.get(0))?,
    };
    let seen: Option<i64> =
        connection.query_row("SELECT max(at) FROM round WHERE at <= ?1", [millis(now) - DAY], |row| row.get(0))?;
    let (Some(from), Some(seen)) = (from, seen) else { return Ok(None) };
    let day = |at: i64| at - at.rem_euclid(DAY);
    let (from, last) = (day(from), day(seen - WHOLE));
    Ok((last > from).then(|| (time(from), time(from + DAY))))
}

/// Of the rounds of that day, the last of each quarter of an hour stays: in every time zone days begin with one. Of a verdict's
/// words, the day's last title. Of how a source did, each change and the day's last. Of answers, those that held at its end.
pub(super) fn thin(transaction: &Transaction<'_>, (from, until): (Timestamp, Timestamp)) -> rusqlite::Result<()> {
    let (from, until) = (millis(from), millis(until));
    let span = params![from, until];
    transaction.execute(
        "DELETE FROM round WHERE at >= ?1 AND at < ?2 AND EXISTS
             (SELECT 1 FROM round l WHERE l.at > round.at AND l.at < round.at - round.at % 900000 + 900000)",
        span,
    )?;
    let said: Vec<i64> = transaction
        .prepare("SELECT DISTINCT said FROM wording WHERE at >= ?1 AND at < ?2 AND said IS NOT NULL")?
        .query_map(span, |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    transaction.execute(
        "DELETE FROM wording WHERE at >= ?1 AND at < ?2 AND EXISTS
             (SELECT 1 FROM wording l WHERE l.key = wording.key AND l.at > wording.at AND l.at < ?2)",
        span,
    )?;
    transaction.execute("UPDATE wording SET said = NULL WHERE at >= ?1 AND at < ?2", span)?;
    forget_unheld(transaction, &said)?;
    transaction.execute(
        "DELETE FROM course WHERE at >= ?1 AND at < ?2 AND EXISTS
             (SELECT 1 FROM course l WHERE l.collector = course.collector AND l.name = course.name
              AND l.state = course.state AND l.fault IS NOT DISTINCT FROM course.fault
              AND l.at = (SELECT max(b.at) FROM course b WHERE b.collector = course.collector AND b.name = course.name
                          AND b.at < course.at))
         AND EXISTS (SELECT 1 FROM course n WHERE n.collector = course.collector AND n.name = course.name
                     AND n.at > course.at AND n.at < ?2)",
        span,
    )?;
    answers::forget(transaction, until)?;
    transaction.execute(
        "INSERT INTO thinned (one, until) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET until = excluded.until",
        [until],
    )?;
    Ok(())
}

/// Forgets those of them that nothing holds any more.
pub(super) fn forget_unheld(transaction: &Transaction<'_>, said: &[i64]) -> rusqlite::Result<()> {
    let mut unheld = transaction.prepare(
        "DELETE FROM said WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM change WHERE said = ?1)
         AND NOT EXISTS (SELECT 1 FROM wording WHERE said = ?1)",
    )?;
    for digest in said {
        unheld.execute([*digest])?;
    }
    Ok(())
}
