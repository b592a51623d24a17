//! What is kept between rounds: the last good answer of each source, since when things have been so, and the findings.
//!
//! One trait, one folder per database, one suite of tests that every database passes. A store keeps and returns; it never
//! judges.
//!
//! # How long
//!
//! | what | all of it | then |
//! |---|---|---|
//! | decisions, check-ins, attestations, what was done, their signatures | for ever | |
//! | findings: each new verdict, with its title and what it said; each turn of what they speak of | for ever | |
//! | the same verdict in other words | 30 days | the last title of each day |
//! | how each source did | 30 days | each change, and the last of each day |
//! | what each round counted | 30 days | the last of each quarter of an hour |
//! | what a source answered, where it differs from its answer before | 30 days | what changed, as turns of the findings |
//! | trackers and catalogues, which anybody can look up | until the next one | what they say of us, in the findings |
//!
//! Thinned out a day at a time, each in a transaction of its own, after `matins round` and behind the console; counted back
//! from the last round that is a day old, for a clock may be ahead. What was dated while it was is dated again by the first
//! round after it was put right, at that round's moment; where that is more than a day of rounds, the clock is behind now, and
//! nothing is.

mod sqlite;
#[cfg(test)]
mod suite;
mod watch;

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use crate::domain::{
    Fault, FindingKey, Judgement, Observation, Particulars, Round, Seek, Shown, Sighting, SourceId, SourceLine,
    Standing, Subject, Tally, Turn,
};

pub use sqlite::Sqlite;
pub use watch::Watch;

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

/// The log with what belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archive {
    pub lines: Vec<(u64, String)>,
    pub signatures: Vec<Signature>,
    /// What was said while something was done to servers, with the number of the entry that holds its hash.
    pub transcripts: Vec<(u64, String)>,
}

/// A signature under a line of the log, as `ssh-keygen -Y sign` makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub seq: u64,
    pub armor: String,
    /// The public key that it was made with, as `authorized_keys(5)` has it.
    pub public_key: String,
    /// When it was kept here; nothing proves it. Of those of older versions nobody knows.
    pub at: Option<Timestamp>,
}

/// The world as it was, as far as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// The last round before, without what people said of it.
    pub round: Round,
    pub particulars: BTreeMap<FindingKey, Particulars>,
    /// What asked for a person, by finding.
    pub asking: HashMap<FindingKey, Vec<Standing>>,
}

/// What the sources had answered at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// With what anybody can look up (see [`Fact::is_public`](crate::domain::Fact::is_public)) as it is today.
    pub kept: Vec<Kept>,
    /// Whether the answer of each source that had answered by then is there.
    pub is_whole: bool,
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

/// Makes the line that follows the last one of the log, given its number and text.
pub type NextLine<'a> = dyn FnMut(Option<(u64, &str)>) -> Option<String> + 'a;

/// A database. Every method is one transaction: it happens wholly or not at all.
pub trait Store: Send {
    /// The same store once more; `None` where there is no second way in.
    fn again(&self) -> Result<Option<Box<dyn Store>>, StoreError>;

    /// How every source does, without what it saw.
    fn sources(&self) -> Result<Vec<Kept>, StoreError>;

    /// Which sources' last good answers tell of this subject.
    fn tellers(&self, subject: &Subject) -> Result<HashSet<SourceId>, StoreError>;

    /// What is kept of every source.
    fn kept(&self) -> Result<Vec<Kept>, StoreError>;

    /// Since when each thing has been there without a break.
    fn sightings(&self) -> Result<BTreeMap<Sighting, Timestamp>, StoreError>;

    /// Keeps what a try brought. A failure keeps the last good answer; a partial answer never comes here.
    fn keep(&mut self, attempt: &Attempt) -> Result<(), StoreError>;

    /// Dates at this moment what was dated later, if a clock was ahead; whether there was anything. [`record`](Self::record)
    /// does so too; who judges by what turned does it before.
    fn put_right(&mut self, now: Timestamp) -> Result<bool, StoreError>;

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

    /// The world as the last round until then left it; `None` before the first one.
    fn past(&self, at: Timestamp) -> Result<Option<Past>, StoreError>;

    /// What the sources had answered then, as far as it is kept.
    fn answers(&self, then: Timestamp) -> Result<Answers, StoreError>;

    /// Thins out the oldest day that is older than what is kept in full; false when there is none. See the room for what counts.
    fn thin_out(&mut self, now: Timestamp) -> Result<bool, StoreError>;

    /// The lines of the log after this one, with their numbers.
    fn log(&self, after: u64) -> Result<Vec<(u64, String)>, StoreError>;

    /// Adds a line to the log, safely on disk before it returns: a person was told that it counts. `next` makes it from
    /// the last line's number and text, or refuses; nobody else can write in between.
    /// Together with it, if there is one, the transcript of which the line holds the hash: no crash keeps only one of them.
    fn append(&mut self, next: &mut NextLine<'_>, transcript: Option<&str>) -> Result<(), StoreError>;

    /// The signatures of lines: number, who made it with which public key, the armored signature.
    fn signatures(&self) -> Result<Vec<Signature>, StoreError>;

    /// Keeps the signature of a line. A second one of the same line is refused.
    fn keep_signature(&mut self, signature: &Signature) -> Result<(), StoreError>;

    /// All of the log at one moment, whoever writes meanwhile.
    fn archive(&self) -> Result<Archive, StoreError>;

    /// What all findings of the last round say to who looks closer.
    fn particulars(&self) -> Result<BTreeMap<FindingKey, Particulars>, StoreError>;

    /// The same of one subject's findings.
    fn particulars_of(&self, subject: &Subject) -> Result<BTreeMap<FindingKey, Particulars>, StoreError>;

    /// Of the last round, what asks for a person, by finding.
    fn asking(&self) -> Result<HashMap<FindingKey, Vec<Standing>>, StoreError>;

    /// How everything stood then that findings of a measure speak of, and since when, in the order of their keys.
    fn stands(&self, measure: &str, then: Timestamp) -> Result<Vec<Turn>, StoreError>;

    /// What turned until then in the history of one subject's findings: how the things stand that they speak of, and under
    /// the item `verdict` they themselves. The newest first, and not without end.
    fn turns_of(&self, subject: &Subject, until: Timestamp) -> Result<Vec<Turn>, StoreError>;

    /// What turned in all findings of one measure since then, of items that begin so; the oldest first.
    fn turns_about(&self, measure: &str, item: &str, since: Timestamp) -> Result<Vec<Turn>, StoreError>;

    /// What a channel remembers of what it was told last.
    fn told(&self, channel: &str) -> Result<Option<String>, StoreError>;

    /// Keeps what a channel was told.
    fn keep_told(&mut self, channel: &str, memory: &str) -> Result<(), StoreError>;

    /// How the verdicts of one measure's findings changed before that moment, under the item `verdict`; the oldest first.
    fn verdicts_of(&self, measure: &str, until: Timestamp) -> Result<Vec<Turn>, StoreError>;

    /// Which findings' verdicts changed often between the two moments, the first excluded, and how often.
    fn restless(&self, after: Timestamp, until: Timestamp) -> Result<BTreeMap<FindingKey, u32>, StoreError>;

    /// What each round counted, from then on and before that moment; the oldest first.
    fn tallies(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Tally>, StoreError>;

    /// Which findings of the last round have this in their particulars.
    fn seek(&self, seek: &Seek) -> Result<HashSet<FindingKey>, StoreError>;
}
