//! What findings say to who looks closer.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, Row, Transaction, params};
use sha2::{Digest as _, Sha256};

use super::sources::kind_word;
use super::{stored, unreadable};
use crate::domain::{Because, FindingKey, Link, Particulars, Seek, Shown, Standing, Subject};

/// Of what is in the file, so that a round writes only what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digests {
    pub particulars: i64,
    pub standings: i64,
}

/// Writes them unless they are what `before` is the digest of; returns their digests.
pub(super) fn keep(
    transaction: &Transaction<'_>,
    key: &FindingKey,
    (particulars, standings): (&Particulars, &[Standing]),
    before: Option<Digests>,
) -> rusqlite::Result<Digests> {
    let chain = serde_json::to_string(&particulars.because).map_err(unreadable)?;
    let mend = particulars.mend.as_ref().map(Shown::as_str);
    let link = particulars.link.as_ref().map(Link::as_str);
    let now = Digests {
        particulars: digest([particulars.detail.as_str(), mend.unwrap_or(""), link.unwrap_or(""), &chain].into_iter()),
        standings: digest(standings.iter().flat_map(|standing| {
            [standing.item.as_str(), standing.word.as_str(), if standing.asks { "asks" } else { "" }]
        })),
    };
    if before != Some(now) {
        transaction
            .prepare_cached(
                "INSERT INTO particulars (key, digest, detail, mend, link, chain, standings) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, detail = excluded.detail, mend = excluded.mend,
                 link = excluded.link, chain = excluded.chain, standings = excluded.standings",
            )?
            .execute(params![
                key.as_str(),
                now.particulars,
                particulars.detail.as_str(),
                mend,
                link,
                chain,
                now.standings
            ])?;
    }
    Ok(now)
}

/// Keeps them for who looks back.
pub(super) fn preserve(transaction: &Transaction<'_>, digest: i64, said: &Particulars) -> rusqlite::Result<()> {
    let chain = serde_json::to_string(&said.because).map_err(unreadable)?;
    transaction
        .prepare_cached(
            "INSERT INTO said (digest, detail, mend, link, chain) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (digest) DO NOTHING",
        )?
        .execute(params![
            digest,
            said.detail.as_str(),
            said.mend.as_ref().map(Shown::as_str),
            said.link.as_ref().map(Link::as_str),
            chain
        ])?;
    Ok(())
}

/// Of nothing it is 0, as where nothing was ever written.
fn digest<'a>(parts: impl Iterator<Item = &'a str>) -> i64 {
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return 0;
    }
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

pub(super) fn digests(connection: &Connection) -> rusqlite::Result<HashMap<String, Digests>> {
    let mut statement = connection.prepare("SELECT key, digest, standings FROM particulars")?;
    let digests = |row: &Row<'_>| Ok((row.get(0)?, Digests { particulars: row.get(1)?, standings: row.get(2)? }));
    statement.query_map([], digests)?.collect()
}

pub(super) fn forget(transaction: &Transaction<'_>, key: &FindingKey) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM particulars WHERE key = ?1")?.execute([key.as_str()])?;
    Ok(())
}

const COLUMNS: &str = "p.key, p.detail, p.mend, p.link, p.chain FROM particulars p";

pub(super) fn all(connection: &Connection) -> rusqlite::Result<BTreeMap<FindingKey, Particulars>> {
    connection.prepare(&format!("SELECT {COLUMNS}"))?.query_map([], keyed)?.collect()
}

pub(super) fn of(connection: &Connection, subject: &Subject) -> rusqlite::Result<BTreeMap<FindingKey, Particulars>> {
    connection
        .prepare(&format!(
            "SELECT {COLUMNS} JOIN finding f ON f.key = p.key WHERE f.subject_kind = ?1 AND f.subject = ?2"
        ))?
        .query_map(params![kind_word(subject.kind), subject.name.as_str()], keyed)?
        .collect()
}

fn keyed(row: &Row<'_>) -> rusqlite::Result<(FindingKey, Particulars)> {
    Ok((stored(row.get_ref(0)?.as_str()?)?, read(row)?))
}

/// Out of the second to the fifth column: detail, mend, link, chain.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Particulars> {
    let link: Option<String> = row.get(3)?;
    Ok(Particulars {
        detail: Shown::text(row.get_ref(1)?.as_str()?),
        mend: row.get_ref(2)?.as_str_or_null()?.map(Shown::line),
        because: serde_json::from_str(row.get_ref(4)?.as_str()?).map_err(unreadable)?,
        link: link.and_then(|link| Link::parse(&link)),
    })
}

/// Which findings have it in their particulars.
pub(super) fn seek(connection: &Connection, seek: &Seek) -> rusqlite::Result<HashSet<FindingKey>> {
    let column = match seek {
        Seek::Word(_) => "detail",
        Seek::Source(_) => "chain",
    };
    let mut statement = connection.prepare(&format!("SELECT key, {column} FROM particulars"))?;
    let mut rows = statement.query([])?;
    let mut found = HashSet::new();
    while let Some(row) = rows.next()? {
        let text = row.get_ref(1)?.as_str()?;
        let fits = match seek {
            Seek::Word(_) => seek.fits(text),
            Seek::Source(_) => {
                let chain: Vec<Because> = serde_json::from_str(text).map_err(unreadable)?;
                chain.iter().any(|because| seek.fits(because.source.as_str()))
            }
        };
        if fits {
            found.insert(stored(row.get_ref(0)?.as_str()?)?);
        }
    }
    Ok(found)
}
