//! The log's lines, their signatures and their transcripts.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{millis, time};
use crate::store::{Archive, NextLine, Signature};

pub(super) fn after(connection: &Connection, seq: u64) -> rusqlite::Result<Vec<(u64, String)>> {
    let mut statement = connection.prepare_cached("SELECT seq, line FROM log WHERE seq > ?1 ORDER BY seq")?;
    let rows = statement.query_map([i64::try_from(seq).unwrap_or(i64::MAX)], |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
    })?;
    rows.collect()
}

pub(super) fn append(
    transaction: &Transaction<'_>,
    next: &mut NextLine<'_>,
    transcript: Option<&str>,
) -> rusqlite::Result<()> {
    let last: Option<(i64, String)> = transaction
        .query_row("SELECT seq, line FROM log ORDER BY seq DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let last = last.as_ref().map(|(seq, line)| (seq.cast_unsigned(), line.as_str()));
    let seq = last.map_or(0, |(seq, _)| seq) + 1;
    let Some(line) = next(last) else { return Ok(()) };
    transaction.execute("INSERT INTO log (seq, line) VALUES (?1, ?2)", params![seq.cast_signed(), line])?;
    if let Some(text) = transcript {
        transaction.execute("INSERT INTO transcript (seq, text) VALUES (?1, ?2)", params![seq.cast_signed(), text])?;
    }
    Ok(())
}

pub(super) fn signatures(connection: &Connection) -> rusqlite::Result<Vec<Signature>> {
    let mut statement = connection.prepare("SELECT seq, armor, public_key, at FROM signature ORDER BY seq")?;
    let rows = statement.query_map([], |row| {
        let seq = row.get::<_, i64>(0)?.cast_unsigned();
        let at = row.get::<_, Option<i64>>(3)?.map(time);
        Ok(Signature { seq, armor: row.get(1)?, public_key: row.get(2)?, at })
    })?;
    rows.collect()
}

pub(super) fn keep_signature(transaction: &Transaction<'_>, signature: &Signature) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO signature (seq, armor, public_key, at) VALUES (?1, ?2, ?3, ?4)",
        params![signature.seq.cast_signed(), signature.armor, signature.public_key, signature.at.map(millis)],
    )?;
    Ok(())
}

/// In one transaction that only reads: a signature never comes without its line.
pub(super) fn archive(connection: &Connection) -> rusqlite::Result<Archive> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let lines = after(&transaction, 0)?;
    Ok(Archive { lines, signatures: signatures(&transaction)?, transcripts: transcripts(&transaction)? })
}

fn transcripts(connection: &Connection) -> rusqlite::Result<Vec<(u64, String)>> {
    let mut statement = connection.prepare("SELECT seq, text FROM transcript ORDER BY seq")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?;
    rows.collect()
}
