//! Sources, their last good answers and sightings.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, params};
use sha2::{Digest as _, Sha256};

use super::{answers, clock, millis, stored, time, unreadable};
use crate::domain::{Fact, Fault, Observation, Sighting, SourceId, Subject, SubjectKind};
use crate::store::{Attempt, Kept, Outcome};

pub(super) fn kept(connection: &Connection) -> rusqlite::Result<Vec<Kept>> {
    let mut seen = observations(connection)?;
    let mut sources = all(connection)?;
    for source in sources.iter_mut().filter(|source| source.good_at.is_some()) {
        match seen.remove(&source.id) {
            Some(None) => *source = lost(source.id.clone()),
            Some(Some(seen)) => source.seen = seen,
            None => {}
        }
    }
    Ok(sources)
}

/// A source of which something can't be read counts as one that never answered: unknown, and asked anew for all of it.
fn lost(id: SourceId) -> Kept {
    let fault =
        Fault::new("what the store kept of it can't be read").mend("the next answer takes its place: matins round");
    Kept {
        id,
        asked_at: None,
        good_at: None,
        took_ms: None,
        failures: 0,
        fault: Some(fault),
        memory: None,
        seen: Vec::new(),
    }
}

pub(super) fn tellers(connection: &Connection, subject: &Subject) -> rusqlite::Result<HashSet<SourceId>> {
    connection
        .prepare("SELECT DISTINCT collector, name FROM observation WHERE subject_kind = ?1 AND subject = ?2")?
        .query_map(params![kind_word(subject.kind), subject.name.as_str()], |row| {
            Ok(SourceId::new(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?))
        })?
        .collect()
}

/// How each does, without what it saw.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Kept>> {
    let mut statement = connection.prepare("SELECT collector, name, asked_at, good_at, took_ms, failures, fault, memory FROM source ORDER BY collector, name")?;
    let rows = statement.query_map([], |row| {
        let id = SourceId::new(&row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        Ok(source(row, &id).unwrap_or_else(|_| lost(id)))
    })?;
    rows.collect()
}

fn source(row: &Row<'_>, id: &SourceId) -> rusqlite::Result<Kept> {
    let fault: Option<String> = row.get(6)?;
    Ok(Kept {
        id: id.clone(),
        seen: Vec::new(),
        asked_at: row.get::<_, Option<i64>>(2)?.map(time),
        good_at: row.get::<_, Option<i64>>(3)?.map(time),
        took_ms: row.get::<_, Option<i64>>(4)?.and_then(|ms| u64::try_from(ms).ok()),
        failures: row.get(5)?,
        fault: fault.map(|json| serde_json::from_str::<Fault>(&json)).transpose().map_err(unreadable)?,
        memory: row.get(7)?,
    })
}

/// What each saw; of one of which something can't be read, nothing.
fn observations(connection: &Connection) -> rusqlite::Result<HashMap<SourceId, Option<Vec<Observation>>>> {
    let mut statement = connection.prepare(
        "SELECT o.collector, o.name, o.subject_kind, o.subject, o.at, o.digest, b.json
         FROM observation o LEFT JOIN body b ON b.digest = o.digest ORDER BY o.collector, o.name, o.position",
    )?;
    let mut facts: HashMap<String, Fact> = HashMap::new();
    let mut all: HashMap<SourceId, Option<Vec<Observation>>> = HashMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = SourceId::new(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
        let seen = all.entry(id).or_insert_with(|| Some(Vec::new()));
        match (observation(row, &mut facts), seen.as_mut()) {
            (Ok(one), Some(seen)) => seen.push(one),
            (Err(_), _) => *seen = None,
            (Ok(_), None) => {}
        }
    }
    Ok(all)
}

fn observation(row: &Row<'_>, facts: &mut HashMap<String, Fact>) -> rusqlite::Result<Observation> {
    let digest: String = row.get(5)?;
    let fact = if let Some(fact) = facts.get(&digest) {
        fact.clone()
    } else {
        let fact: Fact = serde_json::from_str(row.get_ref(6)?.as_str()?).map_err(unreadable)?;
        if fact.is_shared() {
            facts.insert(digest, fact.clone());
        }
        fact
    };
    let subject = Subject::new(kind(row.get_ref(2)?.as_str()?)?, row.get_ref(3)?.as_str()?);
    Ok(Observation { subject, at: time(row.get(4)?), fact })
}

pub(super) fn sightings(connection: &Connection) -> rusqlite::Result<BTreeMap<Sighting, Timestamp>> {
    // Two feeds may tell of one advisory: the one that told first counts.
    let mut statement = connection.prepare(
        "SELECT subject_kind, subject, item, min(first_seen) FROM sighting GROUP BY subject_kind, subject, item",
    )?;
    let rows = statement.query_map([], |row| {
        let sighting = Sighting {
            kind: kind(row.get_ref(0)?.as_str()?)?,
            subject: row.get_ref(1)?.as_str()?.into(),
            item: row.get_ref(2)?.as_str()?.into(),
        };
        Ok((sighting, time(row.get(3)?)))
    })?;
    rows.collect()
}

pub(super) fn keep(transaction: &Transaction<'_>, attempt: &Attempt) -> rusqlite::Result<()> {
    let Attempt { id, asked_at, took_ms, outcome } = attempt;
    let (collector, name) = (id.collector.as_str(), id.name.as_str());
    let took = i64::try_from(*took_ms).unwrap_or(i64::MAX);
    match outcome {
        Outcome::Failed(fault) => {
            transaction.execute(
                "INSERT INTO source (collector, name, asked_at, took_ms, failures, fault) VALUES (?1, ?2, ?3, ?4, 1, ?5)
                 ON CONFLICT (collector, name) DO UPDATE SET asked_at = excluded.asked_at, took_ms = excluded.took_ms,
                 failures = source.failures + 1, fault = excluded.fault",
                params![collector, name, millis(*asked_at), took, serde_json::to_string(fault).map_err(unreadable)?],
            )?;
        }
        Outcome::Unchanged => {
            transaction.execute(
                "UPDATE source SET asked_at = ?3, good_at = ?3, took_ms = ?4, failures = 0, fault = NULL WHERE collector = ?1 AND name = ?2",
                params![collector, name, millis(*asked_at), took],
            )?;
            if !clock::is_behind(transaction, *asked_at)? {
                transaction
                    .prepare_cached(
                        "UPDATE sighting SET first_seen = ?3 WHERE collector = ?1 AND name = ?2 AND first_seen > ?3",
                    )?
                    .execute(params![collector, name, millis(*asked_at)])?;
            }
        }
        Outcome::Seen { observations, memory } => {
            transaction.execute(
                "INSERT INTO source (collector, name, asked_at, good_at, took_ms, failures, memory) VALUES (?1, ?2, ?3, ?3, ?4, 0, ?5)
                 ON CONFLICT (collector, name) DO UPDATE SET asked_at = excluded.asked_at, good_at = excluded.good_at,
                 took_ms = excluded.took_ms, failures = 0, fault = NULL, memory = excluded.memory",
                params![collector, name, millis(*asked_at), took, memory],
            )?;
            replace(transaction, (id, *asked_at), observations)?;
            sight(transaction, (id, *asked_at), observations)?;
        }
    }
    Ok(())
}

fn replace(
    transaction: &Transaction<'_>,
    (id, asked_at): (&SourceId, Timestamp),
    observations: &[Observation],
) -> rusqlite::Result<()> {
    let (collector, name) = (id.collector.as_str(), id.name.as_str());
    let before: BTreeSet<String> = transaction
        .prepare_cached("SELECT digest FROM observation WHERE collector = ?1 AND name = ?2")?
        .query_map([collector, name], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    transaction.execute("DELETE FROM observation WHERE collector = ?1 AND name = ?2", [collector, name])?;
    // What is other than its digest says was damaged.
    let mut body = transaction.prepare_cached(
        "INSERT INTO body (digest, json) VALUES (?1, ?2)
         ON CONFLICT (digest) DO UPDATE SET json = excluded.json WHERE body.json <> excluded.json",
    )?;
    let mut row = transaction.prepare_cached(
        "INSERT INTO observation (collector, name, position, subject_kind, subject, at, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let facts = observations.iter().map(|observation| serde_json::to_string(&observation.fact));
    let facts: Vec<String> = facts.collect::<Result<_, _>>().map_err(unreadable)?;
    answers::keep(transaction, id, asked_at, observations.iter().zip(facts.iter().map(String::as_str)))?;
    for (position, (observation, json)) in (0_i64..).zip(observations.iter().zip(facts)) {
        let digest = hex(&Sha256::digest(json.as_bytes()));
        body.execute(params![digest, json])?;
        row.execute(params![
            collector,
            name,
            position,
            kind_word(observation.subject.kind),
            observation.subject.name.as_str(),
            millis(observation.at),
            digest
        ])?;
    }
    let mut sweep = transaction.prepare_cached(
        "DELETE FROM body WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM observation WHERE digest = ?1)",
    )?;
    for digest in before {
        sweep.execute([digest])?;
    }
    Ok(())
}

/// New things get this observation's time; what is gone is forgotten, so that its return counts anew. What was there first in
/// what is still to come was seen by a clock that was ahead: its time is this one's at the latest.
fn sight(
    transaction: &Transaction<'_>,
    (id, asked_at): (&SourceId, Timestamp),
    observations: &[Observation],
) -> rusqlite::Result<()> {
    let was_ahead = !clock::is_behind(transaction, asked_at)?;
    let (collector, name) = (id.collector.as_str(), id.name.as_str());
    let mut gone: BTreeMap<(String, String, String), i64> = transaction
        .prepare_cached(
            "SELECT subject_kind, subject, item, first_seen FROM sighting WHERE collector = ?1 AND name = ?2",
        )?
        .query_map([collector, name], |row| Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut keep = transaction.prepare_cached(
        "INSERT INTO sighting (collector, name, subject_kind, subject, item, first_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (collector, name, subject_kind, subject, item) DO UPDATE SET first_seen = excluded.first_seen
         WHERE sighting.first_seen > excluded.first_seen",
    )?;
    for observation in observations {
        let at = millis(observation.at);
        for item in observation.fact.sightings() {
            let (kind, subject) = (kind_word(observation.subject.kind), observation.subject.name.to_string());
            if gone
                .remove(&(kind.clone(), subject.clone(), item.to_string()))
                .is_none_or(|first| was_ahead && first > at)
            {
                keep.execute(params![collector, name, kind, subject, item.as_str(), at])?;
            }
        }
    }
    let mut delete = transaction.prepare_cached(
        "DELETE FROM sighting WHERE collector = ?1 AND name = ?2 AND subject_kind = ?3 AND subject = ?4 AND item = ?5",
    )?;
    for (kind, subject, item) in gone.into_keys() {
        delete.execute(params![collector, name, kind, subject, item])?;
    }
    Ok(())
}

/// The word under which a kind of subject is stored.
pub(super) fn kind_word(kind: SubjectKind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_else(|| "organisation".into())
}

pub(super) fn kind(word: &str) -> rusqlite::Result<SubjectKind> {
    stored(word)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}
