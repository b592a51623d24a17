//! SQLite, in WAL mode, in a file that nobody else may read.

mod answers;
mod clock;
mod course;
mod findings;
mod history;
mod log;
mod open;
mod particulars;
mod past;
mod retention;
mod sources;
mod standings;
#[cfg(test)]
mod tests;
mod told;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

use super::watch::touch;
use super::{Answers, Archive, Attempt, Kept, NextLine, Past, Signature, Store, StoreError};
use crate::domain::{
    FindingKey, Judgement, Particulars, Round, Seek, Shown, Sighting, SourceId, SourceLine, Standing, Subject, Tally,
    Turn,
};

/// A store in one SQLite file, or in memory.
#[derive(Debug)]
pub struct Sqlite {
    file: Shown,
    connection: Connection,
    /// The findings as they are in the file, so that a round writes only what changed.
    known: HashMap<FindingKey, findings::Known>,
    /// `PRAGMA data_version` when `known` was read or written: another console may have written since.
    version: Option<i64>,
}

impl Sqlite {
    /// Opens the file, making it (mode 0600, its folder 0700) and bringing its schema up to date as needed.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = Shown::line(&path.to_string_lossy());
        Self::of(file, open::connection(path))
    }

    /// The same for whom nobody waits: it waits so long for whoever is writing. One who has not ended by then may never end,
    /// and from then on it waits no longer than others do.
    pub fn patient(self, patience: Duration) -> Result<Self, StoreError> {
        self.connection.busy_timeout(patience).map_err(|error| self.fault(&error))?;
        Ok(self)
    }

    /// A store that is gone when it is dropped.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::of(Shown::line("in memory"), open::memory())
    }

    fn of(file: Shown, opened: Result<Connection, (Shown, Shown)>) -> Result<Self, StoreError> {
        match opened {
            Ok(connection) => Ok(Self { file, connection, known: HashMap::new(), version: None }),
            Err((said, mend)) => Err(StoreError { file, said, mend }),
        }
    }

    fn fault(&self, error: &rusqlite::Error) -> StoreError {
        let (said, mend) = open::explain(error);
        StoreError { file: self.file.clone(), said, mend }
    }

    /// Runs `work` in a transaction that has the write lock from its first statement on: one that starts by reading and
    /// then writes can fail at once when another console wrote in between, whatever the time-out says.
    fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let done = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        if done.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)) {
            // A timeout that can't be set stays what it was.
            self.connection.busy_timeout(open::BRIEFLY).ok();
        }
        done.map_err(|error| self.fault(&error))
    }

    /// As [`write`](Self::write), and on disk when it returns: a power cut loses nothing that somebody was told.
    fn write_safely<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let level = |connection: &Connection, word| connection.pragma_update(None, "synchronous", word);
        level(&self.connection, "FULL").map_err(|error| self.fault(&error))?;
        let done = self.write(work);
        // What is written is written; the next ones are only slower then.
        level(&self.connection, "NORMAL").ok();
        if let (Ok(_), Some(path)) = (&done, self.connection.path()) {
            touch(Path::new(path));
        }
        done
    }
}

impl Store for Sqlite {
    fn again(&self) -> Result<Option<Box<dyn Store>>, StoreError> {
        let Some(path) = self.connection.path().filter(|path| !path.is_empty()) else { return Ok(None) };
        Ok(Some(Box::new(Self::of(self.file.clone(), open::again(Path::new(path)))?)))
    }

    fn sources(&self) -> Result<Vec<Kept>, StoreError> {
        sources::all(&self.connection).map_err(|error| self.fault(&error))
    }

    fn tellers(&self, subject: &Subject) -> Result<HashSet<SourceId>, StoreError> {
        sources::tellers(&self.connection, subject).map_err(|error| self.fault(&error))
    }

    fn kept(&self) -> Result<Vec<Kept>, StoreError> {
        sources::kept(&self.connection).map_err(|error| self.fault(&error))
    }

    fn sightings(&self) -> Result<BTreeMap<Sighting, Timestamp>, StoreError> {
        sources::sightings(&self.connection).map_err(|error| self.fault(&error))
    }

    fn keep(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        self.write(|transaction| sources::keep(transaction, attempt))
    }

    fn put_right(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        // Nobody waits for the lock on any other day.
        if !clock::was_ahead(&self.connection, now).map_err(|error| self.fault(&error))? {
            return Ok(false);
        }
        self.version = None;
        self.write(|transaction| clock::put_right(transaction, now))
    }

    fn record(
        &mut self,
        at: Timestamp,
        operator: &Shown,
        sources: Vec<SourceLine>,
        judgements: Vec<Judgement>,
    ) -> Result<Round, StoreError> {
        let round = Round::new(at, operator.clone(), sources, Vec::with_capacity(judgements.len()));
        // Until it is written, nothing is known of what the file holds.
        let (before, version) = (std::mem::take(&mut self.known), self.version.take());
        let (round, known, version) = self.write(|transaction| {
            // Under the lock: whoever held it until now may have written a round.
            let now = transaction.query_row("PRAGMA data_version", [], |row| row.get(0))?;
            let is_known = !clock::put_right(transaction, at)? && version == Some(now);
            let before = if is_known { before } else { findings::known(transaction, at)? };
            let (round, known) = findings::record(transaction, round, judgements, before)?;
            Ok((round, known, now))
        })?;
        (self.known, self.version) = (known, Some(version));
        Ok(round)
    }

    fn last(&self) -> Result<Option<Round>, StoreError> {
        findings::last(&self.connection).map_err(|error| self.fault(&error))
    }

    fn past(&self, at: Timestamp) -> Result<Option<Past>, StoreError> {
        past::read(&self.connection, at).map_err(|error| self.fault(&error))
    }

    fn answers(&self, then: Timestamp) -> Result<Answers, StoreError> {
        answers::then(&self.connection, then).map_err(|error| self.fault(&error))
    }

    fn thin_out(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let Some(day) = retention::due(&self.connection, now).map_err(|error| self.fault(&error))? else {
            return Ok(false);
        };
        self.write(|transaction| retention::thin(transaction, day))?;
        Ok(true)
    }

    fn log(&self, after: u64) -> Result<Vec<(u64, String)>, StoreError> {
        log::after(&self.connection, after).map_err(|error| self.fault(&error))
    }

    fn append(&mut self, next: &mut NextLine<'_>, transcript: Option<&str>) -> Result<(), StoreError> {
        self.write_safely(|transaction| log::append(transaction, next, transcript))
    }

    fn signatures(&self) -> Result<Vec<Signature>, StoreError> {
        log::signatures(&self.connection).map_err(|error| self.fault(&error))
    }

    fn keep_signature(&mut self, signature: &Signature) -> Result<(), StoreError> {
        self.write_safely(|transaction| log::keep_signature(transaction, signature))
    }

    fn archive(&self) -> Result<Archive, StoreError> {
        log::archive(&self.connection).map_err(|error| self.fault(&error))
    }

    fn particulars(&self) -> Result<BTreeMap<FindingKey, Particulars>, StoreError> {
        particulars::all(&self.connection).map_err(|error| self.fault(&error))
    }

    fn particulars_of(&self, subject: &Subject) -> Result<BTreeMap<FindingKey, Particulars>, StoreError> {
        particulars::of(&self.connection, subject).map_err(|error| self.fault(&error))
    }

    fn asking(&self) -> Result<HashMap<FindingKey, Vec<Standing>>, StoreError> {
        standings::asking(&self.connection).map_err(|error| self.fault(&error))
    }

    fn stands(&self, measure: &str, then: Timestamp) -> Result<Vec<Turn>, StoreError> {
        standings::stands(&self.connection, measure, then).map_err(|error| self.fault(&error))
    }

    fn turns_about(&self, measure: &str, item: &str, since: Timestamp) -> Result<Vec<Turn>, StoreError> {
        standings::turns_about(&self.connection, measure, item, since).map_err(|error| self.fault(&error))
    }

    fn verdicts_of(&self, measure: &str, until: Timestamp) -> Result<Vec<Turn>, StoreError> {
        history::verdicts(&self.connection, measure, until).map_err(|error| self.fault(&error))
    }

    fn tallies(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Tally>, StoreError> {
        history::tallies(&self.connection, from, until).map_err(|error| self.fault(&error))
    }

    fn restless(&self, after: Timestamp, until: Timestamp) -> Result<BTreeMap<FindingKey, u32>, StoreError> {
        history::restless(&self.connection, after, until).map_err(|error| self.fault(&error))
    }

    fn turns_of(&self, subject: &Subject, until: Timestamp) -> Result<Vec<Turn>, StoreError> {
        standings::turns(&self.connection, subject, until).map_err(|error| self.fault(&error))
    }

    fn told(&self, channel: &str) -> Result<Option<String>, StoreError> {
        told::read(&self.connection, channel).map_err(|error| self.fault(&error))
    }

    fn keep_told(&mut self, channel: &str, memory: &str) -> Result<(), StoreError> {
        self.write(|transaction| told::keep(transaction, channel, memory))
    }

    fn seek(&self, seek: &Seek) -> Result<HashSet<FindingKey>, StoreError> {
        particulars::seek(&self.connection, seek).map_err(|error| self.fault(&error))
    }
}

/// Milliseconds since 1970, the form in which times are stored.
fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A stored time. One outside what a clock can say was not written by us: it is read as 1970, which is stale everywhere.
fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A column that can't be read as what it was written from: the file is damaged there.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}

/// A word of the domain as it was stored: a key, a kind, a verdict.
fn stored<'a, T: Deserialize<'a>>(word: &'a str) -> rusqlite::Result<T> {
    T::deserialize(StrDeserializer::<Error>::new(word)).map_err(unreadable)
}
