//! How the things stand that findings speak of, and every change of that.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, params};

use super::sources::kind_word;
use super::{millis, stored, time};
use crate::domain::{FindingKey, Shown, Standing, Subject, Turn};

/// How much of a finding's history is read when somebody looks.
const TOLD: usize = 200;
/// Under this name a finding's own verdict stands in its history.
pub(super) const VERDICT: &str = "verdict";

/// Writes what turned since `key` was recorded last.
pub(super) fn keep(
    transaction: &Transaction<'_>,
    at: Timestamp,
    key: &FindingKey,
    standings: &[Standing],
) -> rusqlite::Result<()> {
    let mut before: HashMap<String, (String, bool)> = transaction
        .prepare_cached("SELECT item, word, asks FROM standing WHERE key = ?1")?
        .query_map([key.as_str()], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
        .collect::<rusqlite::Result<_>>()?;
    for Standing { item, word, asks } in standings {
        let old = before.remove(item.as_str());
        if old.as_ref().is_some_and(|(_, asked)| *asked) != *asks {
            ask(transaction, at, key, (item.as_str(), *asks))?;
        }
        let same_word = old.as_ref().is_some_and(|(old, _)| *word == **old);
        if same_word && old.is_some_and(|(_, asked)| asked == *asks) {
            continue;
        }
        transaction
            .prepare_cached(
                "INSERT INTO standing (key, item, word, asks) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key, item) DO UPDATE SET word = excluded.word, asks = excluded.asks",
            )?
            .execute(params![key.as_str(), item.as_str(), word.as_str(), asks])?;
        if !same_word {
            turn(transaction, at, key, (item.as_str(), Some(word.as_str())))?;
        }
    }
    for (item, (_, asked)) in &before {
        if *asked {
            ask(transaction, at, key, (item, false))?;
        }
        transaction
            .prepare_cached("DELETE FROM standing WHERE key = ?1 AND item = ?2")?
            .execute([key.as_str(), item])?;
        turn(transaction, at, key, (item, None))?;
    }
    Ok(())
}

fn turn(
    transaction: &Transaction<'_>,
    at: Timestamp,
    key: &FindingKey,
    (item, word): (&str, Option<&str>),
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO turn (key, at, item, word) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (key, at, item) DO UPDATE SET word = excluded.word",
        )?
        .execute(params![key.as_str(), millis(at), item, word])?;
    Ok(())
}

fn ask(
    transaction: &Transaction<'_>,
    at: Timestamp,
    key: &FindingKey,
    (item, asks): (&str, bool),
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO asked (key, item, at, asks) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (key, item, at) DO UPDATE SET asks = excluded.asks",
        )?
        .execute(params![key.as_str(), item, millis(at), asks])?;
    Ok(())
}

/// What asked for a person then, by finding.
pub(super) fn asking_then(
    connection: &Connection,
    at: Timestamp,
) -> rusqlite::Result<HashMap<FindingKey, Vec<Standing>>> {
    let mut statement = connection.prepare(
        "SELECT a.key, a.item, (SELECT t.word FROM turn t WHERE t.key = a.key AND t.item = a.item AND t.at <= ?1
                                ORDER BY t.at DESC LIMIT 1)
         FROM asked a JOIN (SELECT key, item, max(at) AS at FROM asked WHERE at <= ?1 GROUP BY key, item) l
           ON l.key = a.key AND l.item = a.item AND l.at = a.at
         WHERE a.asks <> 0 ORDER BY a.key, a.item",
    )?;
    let mut rows = statement.query([millis(at)])?;
    let mut asking: HashMap<FindingKey, Vec<Standing>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let Some(word) = row.get_ref(2)?.as_str_or_null()? else { continue };
        let standing = Standing { item: shown(row, 1)?, word: Shown::line(word), asks: true };
        asking.entry(stored(row.get_ref(0)?.as_str()?)?).or_default().push(standing);
    }
    Ok(asking)
}

/// What asks for a person, by finding.
pub(super) fn asking(connection: &Connection) -> rusqlite::Result<HashMap<FindingKey, Vec<Standing>>> {
    let mut statement = connection.prepare("SELECT key, item, word FROM standing WHERE asks ORDER BY key, item")?;
    let mut rows = statement.query([])?;
    let mut asking: HashMap<FindingKey, Vec<Standing>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let standing = Standing { item: shown(row, 1)?, word: shown(row, 2)?, asks: true };
        asking.entry(stored(row.get_ref(0)?.as_str()?)?).or_default().push(standing);
    }
    Ok(asking)
}

/// What turned in a subject's findings up to then, the newest first, their own verdicts among it.
pub(super) fn turns(connection: &Connection, subject: &Subject, until: Timestamp) -> rusqlite::Result<Vec<Turn>> {
    let mut statement = connection.prepare(
        "SELECT t.at, t.key, t.item, t.word FROM turn t JOIN spoken f ON f.key = t.key
         WHERE f.subject_kind = ?1 AND f.subject = ?2 AND t.at <= ?5
         UNION ALL
         SELECT c.at, c.key, ?3, nullif(c.verdict, '') FROM change c JOIN spoken f ON f.key = c.key
         WHERE f.subject_kind = ?1 AND f.subject = ?2 AND c.at <= ?5
         ORDER BY 1 DESC, 3 LIMIT ?4",
    )?;
    let told = i64::try_from(TOLD).unwrap_or(i64::MAX);
    let whom = kind_word(subject.kind);
    let rows = statement.query_map(params![whom, subject.name.as_str(), VERDICT, told, millis(until)], read)?;
    rows.collect()
}

/// How everything stood then that findings of a measure speak of, and since when.
pub(super) fn stands(connection: &Connection, measure: &str, then: Timestamp) -> rusqlite::Result<Vec<Turn>> {
    let mut statement = connection.prepare(
        "SELECT t.at, t.key, t.item, t.word FROM turn t
         JOIN (SELECT key, item, max(at) AS at FROM turn
               WHERE key >= ?1 || '/' AND key < ?1 || '0' AND at <= ?2 GROUP BY key, item) l
         ON l.key = t.key AND l.at = t.at AND l.item = t.item
         WHERE t.word IS NOT NULL ORDER BY t.key, t.item",
    )?;
    statement.query_map(params![measure, millis(then)], read)?.collect()
}

/// What turned in all findings of a measure, the oldest first.
pub(super) fn turns_about(
    connection: &Connection,
    measure: &str,
    item: &str,
    since: Timestamp,
) -> rusqlite::Result<Vec<Turn>> {
    // `0` comes after `/`: all keys of the measure, found by the index.
    let mut statement = connection.prepare_cached(
        "SELECT at, key, item, word FROM turn
         WHERE key >= ?1 || '/' AND key < ?1 || '0' AND at >= ?2 AND substr(item, 1, length(?3)) = ?3
         ORDER BY at, key, item",
    )?;
    let rows = statement.query_map(params![measure, millis(since), item], read)?;
    rows.collect()
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Turn> {
    Ok(Turn {
        at: time(row.get(0)?),
        key: stored(row.get_ref(1)?.as_str()?)?,
        item: shown(row, 2)?,
        word: row.get_ref(3)?.as_str_or_null()?.map(Shown::line),
    })
}

fn shown(row: &Row<'_>, column: usize) -> rusqlite::Result<Shown> {
    Ok(Shown::line(row.get_ref(column)?.as_str()?))
}
