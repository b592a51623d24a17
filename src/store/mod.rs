//! What is kept between rounds: the last good answer of each source, since when things have been so, and the findings.
//!
//! One trait, one folder per database, one suite of tests that every database passes. A store keeps and returns; it never
//! judges.

mod sqlite;
#[cfg(test)]
mod suite;

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use crate::domain::{
    Fault, FindingKey, Judgement, Observation, Particulars, Round, Seek, Shown, Sighting, SourceId, SourceLine, Subject,
};

pub use sqlite::Sqlite;

/// What is kept of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub id: SourceId,
    pub asked_at: Option<Timestamp>,
    pub good_at: Option<Timestamp>,
    pub took_ms: Option<u64>,
    pub failures: u32,
    pub fault: Option<Fault>,
    /// What its last good answer left for the next time.
    pub memory: Option<String>,
    /// Its last good answer.
    pub seen: Vec<Observation>,
}

/// One try to ask a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    pub id: SourceId,
    pub asked_at: Timestamp,
    pub took_ms: u64,
    pub outcome: Outcome,
}

/// How it went.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Seen {
        observations: Vec<Observation>,
        memory: Option<String>,
    },
    /// The last good answer still holds.
    Unchanged,
    Failed(Fault),
}

/// What the store could not do, for which file, and what helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store {file}: {said}; {mend}")]
pub struct StoreError {
    pub file: Shown,
    pub said: Shown,
    pub mend: Shown,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::new(format!("the store {}: {}", error.file, error.said)).mend(error.mend)
    }
}

/// A database. Every method is one transaction: it happens wholly or not at all.
pub trait Store: Send {
    /// What is kept of every source.
    fn kept(&self) -> Result<Vec<Kept>, StoreError>;

    /// Since when each thing has been there without a break.
    fn sightings(&self) -> Result<BTreeMap<Sighting, Timestamp>, StoreError>;

    /// Keeps what a try brought. A failure keeps the last good answer; a partial answer never comes here.
    fn keep(&mut self, attempt: &Attempt) -> Result<(), StoreError>;

    /// Gives judgements, which come in the order of their rank, their history, and keeps them as the last round.
    fn record(
        &mut self,
        at: Timestamp,
        operator: &Shown,
        sources: Vec<SourceLine>,
        judgements: Vec<Judgement>,
    ) -> Result<Round, StoreError>;

    /// The last round, as it was recorded.
    fn last(&self) -> Result<Option<Round>, StoreError>;

    /// What all findings of the last round say to who looks closer.
    fn particulars(&self) -> Result<BTreeMap<FindingKey, Particulars>, StoreError>;

    /// The same of one subject's findings.
    fn particulars_of(&self, subject: &Subject) -> Result<BTreeMap<FindingKey, Particulars>, StoreError>;

    /// Which findings of the last round have this in their particulars.
    fn seek(&self, seek: &Seek) -> Result<HashSet<FindingKey>, StoreError>;
}
