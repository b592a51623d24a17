//! The last round before a moment, put together again out of what changed until then.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::sources::kind;
use super::{course, millis, particulars, standings, stored, time};
use crate::domain::{Because, Finding, FindingKey, Particulars, Round, Shown, Subject, SubjectKind, asked};
use crate::store::Past;

/// Of each key the last verdict until then, in the words that it had last; `first_seen` is the first of those that have not
/// been interrupted. What is not kept of a key's subject is an old store's: the organisation's then.
const FINDINGS: &str = "
    SELECT c.key, c.verdict, coalesce(w.title, c.title), coalesce(w.since, c.since, c.at), coalesce(w.weight, c.weight),
           (SELECT min(f.at) FROM change f WHERE f.key = c.key AND f.at <= ?1 AND f.at >
                coalesce((SELECT max(g.at) FROM change g WHERE g.key = c.key AND g.verdict = '' AND g.at <= ?1), -1)),
           s.subject_kind, s.subject, coalesce(w.said, c.said), c.at, w.at IS NOT NULL AND w.said IS NULL
    FROM change c
    JOIN (SELECT key, max(at) AS at FROM change WHERE at <= ?1 GROUP BY key) l ON l.key = c.key AND l.at = c.at
    LEFT JOIN wording w ON w.key = c.key
        AND w.at = (SELECT max(v.at) FROM wording v WHERE v.key = c.key AND v.at <= ?1 AND v.at > c.at)
    LEFT JOIN spoken s ON s.key = c.key
    WHERE c.verdict <> ''";

pub(super) fn read(connection: &Connection, at: Timestamp) -> rusqlite::Result<Option<Past>> {
    let last = connection
        .query_row("SELECT at, operator FROM round WHERE at <= ?1 ORDER BY at DESC LIMIT 1", [millis(at)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let Some((round, operator)) = last else { return Ok(None) };
    let (mut findings, mut particulars) = (Vec::new(), BTreeMap::new());
    let mut statement = connection.prepare(FINDINGS)?;
    let mut rows = statement.query([millis(at)])?;
    while let Some(row) = rows.next()? {
        let (weight, finding) = (row.get::<_, i64>(4)?, finding(row)?);
        let mut told = told(connection, row.get(8)?)?;
        if row.get(10)? {
            told.because.push(older(time(row.get(9)?)));
        }
        particulars.insert(finding.key.clone(), told);
        findings.push((weight, finding));
    }
    findings.sort_by(|(weight, a), (other, b)| {
        (Reverse(a.verdict), Reverse(weight), Reverse(a.since), &a.key).cmp(&(
            Reverse(b.verdict),
            Reverse(other),
            Reverse(b.since),
            &b.key,
        ))
    });
    let asking = standings::asking_then(connection, at)?;
    let ranked = findings.into_iter().zip(1..).map(|((_, finding), rank)| {
        let asks = asking.get(&finding.key).map_or(0, |standings| asked(standings));
        Finding { rank, asks, ..finding }
    });
    let round = Round::new(time(round), operator.into(), course::then(connection, at)?, ranked.collect());
    Ok(Some(Past { round, particulars, asking }))
}

fn finding(row: &Row<'_>) -> rusqlite::Result<Finding> {
    let key: FindingKey = stored(row.get_ref(0)?.as_str()?)?;
    let (measure, name, _) = key.parts();
    let subject = match (row.get_ref(6)?.as_str_or_null()?, row.get_ref(7)?.as_str_or_null()?) {
        (Some(word), Some(name)) => Subject::new(kind(word)?, name),
        _ => Subject::new(SubjectKind::Organisation, name),
    };
    Ok(Finding {
        measure: Shown::line(measure),
        subject,
        verdict: stored(row.get_ref(1)?.as_str()?)?,
        rank: 0,
        title: row.get_ref(2)?.as_str()?.into(),
        since: time(row.get(3)?),
        first_seen: time(row.get(5)?),
        // Of the past the titles are enough to say what is the same.
        alike: None,
        asks: 0,
        key,
    })
}

/// Of what was said long ago, only the titles are kept beside the changes.
fn older(at: Timestamp) -> Because {
    let said = "what stands here besides the title is from then: of what was said later only the title is kept";
    Because { source: "the store".into(), at: Some(at), said: said.into() }
}

/// What was said to who looked closer; of an old store, nothing is kept.
fn told(connection: &Connection, digest: Option<i64>) -> rusqlite::Result<Particulars> {
    let mut statement =
        connection.prepare_cached("SELECT NULL, detail, mend, link, chain FROM said WHERE digest = ?1")?;
    Ok(statement.query_row([digest], particulars::read).optional()?.unwrap_or_default())
}
