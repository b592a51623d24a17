//! What sources answered before, for who looks back: each answer that differs from the one before it. What they told is kept
//! once per content and packed, for most of an answer is as it was.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::sources::{kept, kind, kind_word};
use super::{clock, course, millis, time, unreadable};
use crate::domain::{Fact, Observation, SourceId, Subject};
use crate::store::{Answers, Kept};

/// What was told of one subject: after so many milliseconds, the fact with this digest.
#[derive(Serialize, Deserialize)]
struct Told<'a>(&'a str, &'a str, i64, i64);

/// Keeps an answer, unless it is the one before. Each comes with its fact as it is stored.
pub(super) fn keep<'a>(
    transaction: &Transaction<'_>,
    id: &SourceId,
    at: Timestamp,
    told: impl Iterator<Item = (&'a Observation, &'a str)>,
) -> rusqlite::Result<()> {
    let (collector, name) = (id.collector.as_str(), id.name.as_str());
    let told: Vec<_> = told
        .filter(|(observation, _)| !observation.fact.is_public())
        .map(|(observation, json)| (observation, json, kind_word(observation.subject.kind), digest(json.as_bytes())))
        .collect();
    // When a collector came to it, to the millisecond, is other each time.
    let same: Vec<_> = told.iter().map(|(one, _, kind, digest)| (kind, one.subject.name.as_str(), digest)).collect();
    let whole = digest(&serde_json::to_vec(&same).map_err(unreadable)?);
    let before: Option<(i64, i64)> = transaction
        .prepare_cached("SELECT at, digest FROM answer WHERE collector = ?1 AND name = ?2 ORDER BY at DESC LIMIT 1")?
        .query_row([collector, name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((last, _)) = before.filter(|(last, _)| *last > millis(at))
        && !clock::is_behind(transaction, at)?
    {
        put_right(transaction, id, (last, millis(at)))?;
    }
    if before.is_some_and(|(_, digest)| digest == whole) {
        return Ok(());
    }
    let mut named =
        transaction.prepare_cached("UPDATE past_fact SET named_at = max(named_at, ?2) WHERE digest = ?1")?;
    let mut fact =
        transaction.prepare_cached("INSERT INTO past_fact (digest, named_at, packed) VALUES (?1, ?2, ?3)")?;
    for (_, json, _, digest) in &told {
        if named.execute([*digest, millis(at)])? == 0 {
            fact.execute(params![digest, millis(at), packed(json.as_bytes())?])?;
        }
    }
    let listed = told.iter().map(|(observation, _, kind, digest)| {
        Told(kind, observation.subject.name.as_str(), millis(observation.at) - millis(at), *digest)
    });
    let listed = serde_json::to_vec(&listed.collect::<Vec<_>>()).map_err(unreadable)?;
    transaction
        .prepare_cached(
            "INSERT INTO answer (collector, name, at, digest, listed) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (collector, name, at) DO UPDATE SET digest = excluded.digest, listed = excluded.listed",
        )?
        .execute(params![collector, name, millis(at), whole, packed(&listed)?])?;
    Ok(())
}

/// The last answer came while a clock was ahead: it was there by now, as the last one.
fn put_right(transaction: &Transaction<'_>, id: &SourceId, (last, now): (i64, i64)) -> rusqlite::Result<()> {
    let of = params![id.collector.as_str(), id.name.as_str(), now, last];
    transaction.execute("DELETE FROM answer WHERE collector = ?1 AND name = ?2 AND at >= ?3 AND at < ?4", of)?;
    transaction.execute("UPDATE answer SET at = ?3 WHERE collector = ?1 AND name = ?2 AND at = ?4", of)?;
    Ok(())
}

/// What every source had answered then.
pub(super) fn then(connection: &Connection, at: Timestamp) -> rusqlite::Result<Answers> {
    let mut today: HashMap<SourceId, Kept> =
        kept(connection)?.into_iter().map(|kept| (kept.id.clone(), kept)).collect();
    let (mut facts, mut answers) = (HashMap::new(), Answers { kept: Vec::new(), is_whole: true });
    for line in course::then(connection, at)? {
        let mut seen = today.remove(&line.id).map_or_else(Vec::new, |kept| kept.seen);
        let before = before(connection, (&line.id, at), &mut facts)?;
        // Of a source that answered last before answers were kept, that answer still is there.
        let is_kept = before.is_some() || seen.iter().all(|one| one.at <= at);
        seen.retain(|one| one.fact.is_public() || (before.is_none() && one.at <= at));
        seen.extend(before.into_iter().flatten());
        answers.is_whole &= is_kept || line.at.is_none();
        answers.kept.push(Kept {
            id: line.id,
            asked_at: line.at,
            good_at: line.at.filter(|_| is_kept),
            took_ms: line.took_ms,
            failures: u32::from(line.fault.is_some()),
            fault: line.fault,
            memory: None,
            seen,
        });
    }
    Ok(answers)
}

/// The last answer of a source until then, if one is kept.
fn before(
    connection: &Connection,
    (id, at): (&SourceId, Timestamp),
    facts: &mut HashMap<i64, Fact>,
) -> rusqlite::Result<Option<Vec<Observation>>> {
    let last = connection
        .prepare_cached(
            "SELECT at, listed FROM answer WHERE collector = ?1 AND name = ?2 AND at <= ?3 ORDER BY at DESC LIMIT 1",
        )?
        .query_row(params![id.collector.as_str(), id.name.as_str(), millis(at)], |row| {
            Ok((row.get::<_, i64>(0)?, unpacked(row.get_ref(1)?.as_blob()?)?))
        })
        .optional()?;
    let Some((asked_at, listed)) = last else { return Ok(None) };
    let listed: Vec<Told<'_>> = serde_json::from_slice(&listed).map_err(unreadable)?;
    let mut packed = connection.prepare_cached("SELECT packed FROM past_fact WHERE digest = ?1")?;
    let told = listed.into_iter().map(|Told(word, name, after, digest)| {
        let fact = if let Some(fact) = facts.get(&digest) {
            fact.clone()
        } else {
            let json = packed.query_row([digest], |row| unpacked(row.get_ref(0)?.as_blob()?))?;
            let fact: Fact = serde_json::from_slice(&json).map_err(unreadable)?;
            if fact.is_shared() {
                facts.insert(digest, fact.clone());
            }
            fact
        };
        Ok(Observation { subject: Subject::new(kind(word)?, name), at: time(asked_at.saturating_add(after)), fact })
    });
    told.collect::<rusqlite::Result<_>>().map(Some)
}

/// Forgets the answers that others had followed by then, and what only they told.
pub(super) fn forget(transaction: &Transaction<'_>, until: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM answer WHERE at < ?1 AND EXISTS
             (SELECT 1 FROM answer l WHERE l.collector = answer.collector AND l.name = answer.name
              AND l.at > answer.at AND l.at <= ?1)",
        [until],
    )?;
    let mut still = transaction.prepare("SELECT listed FROM answer WHERE at < ?1")?;
    let mut named = transaction.prepare("UPDATE past_fact SET named_at = max(named_at, ?2) WHERE digest = ?1")?;
    let mut rows = still.query([until])?;
    while let Some(row) = rows.next()? {
        let listed = unpacked(row.get_ref(0)?.as_blob()?)?;
        let listed: Vec<Told<'_>> = serde_json::from_slice(&listed).map_err(unreadable)?;
        for Told(.., digest) in listed {
            named.execute([digest, until])?;
        }
    }
    transaction.execute("DELETE FROM past_fact WHERE named_at < ?1", [until])?;
    Ok(())
}

fn digest(bytes: &[u8]) -> i64 {
    Sha256::digest(bytes).first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

fn packed(bytes: &[u8]) -> rusqlite::Result<Vec<u8>> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).and_then(|()| packed.finish()).map_err(unreadable)
}

fn unpacked(packed: &[u8]) -> rusqlite::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(packed).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
