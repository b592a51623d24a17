//! One pass: ask the collectors under their deadlines, keep what they saw, evaluate, record; and the schedule of passes.

mod acts;
mod alerts;
mod apart;
mod ask;
mod deeds;
mod desk;
mod flapping;
mod pass;
mod past;
mod plan;
mod reader;
mod recording;
mod said;
mod schedule;
mod telling;
#[cfg(test)]
mod tests;
mod times;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{
    Account, Chime, Deed, Errand, Exhibit, Fault, FindingKey, Month, OneTime, Particulars, Round, Seek, Shown,
    SourceId, Subject, Tally, Turn,
};

pub use acts::{Answer, Request, Unrecorded, Wish, Written, taken_back};
pub use desk::Desk;
pub use pass::{Pass, Passed, Step, pass};
pub use past::{no_past, past};
pub use plan::{Plan, owners};
pub use reader::{answer, read_for};
pub use recording::Recording;
pub use said::opening;
pub use schedule::{Schedule, run};
pub use telling::tell;

/// What the console hears.
#[derive(Debug, Clone)]
pub enum Update {
    /// A new evaluation: after an answer, a failure, or because time alone changed a verdict.
    Round(Arc<Round>),
    Progress(Progress),
    /// What somebody wanted to see closer.
    Looked(Looked),
    /// What a rule takes out of the evidence for who looks at this subject, with the rule's measure. It comes after what was
    /// [`Looked`](Self::Looked) up, for the evidence is the schedule's, and that may be judging.
    Exhibited(Exhibited),
    /// How everything stands that findings of a measure speak of, or stood at a moment of the past.
    Stands(Option<Timestamp>, Vec<Turn>),
    /// What was found of what a filter looks for.
    Sought(Vec<(Seek, HashSet<FindingKey>)>),
    /// How what a person wanted recorded went; what is said here is on disk.
    Answered(Result<Answer, Fault>),
    /// The terminal is to be given this chime, with a title.
    Alert(Chime, Shown),
    /// Something that belongs to no source, such as a store that can't be written.
    Trouble(Fault),
    /// What an errand would take, or why it can't be done.
    Prepared(Errand, Result<Deed, Fault>),
    /// How a deed goes.
    Deed(Account),
    /// To be shown once.
    Issued(OneTime),
    /// The world as it was at a moment, or why it can't be shown.
    Then(Result<(Timestamp, Arc<Round>), Fault>),
}

/// How far the refresh is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub refreshing: usize,
    /// When the schedule asks something next.
    pub next: Option<Timestamp>,
}

/// What one subject's findings say beyond their titles, as the store has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    pub subject: Subject,
    pub particulars: BTreeMap<FindingKey, Particulars>,
    /// What turned, the newest first.
    pub turns: Vec<Turn>,
    /// The moment of the past that it is of.
    pub then: Option<Timestamp>,
}

/// The pictures that there are of one subject, each with its rule's measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhibited {
    pub subject: Subject,
    pub exhibits: Vec<(Shown, Exhibit)>,
    /// The moment of the past that they are of.
    pub then: Option<Timestamp>,
    /// Whether all of what they are drawn from is still kept.
    pub is_whole: bool,
}

/// What is kept, judged at one moment; nothing of it was written.
#[derive(Debug, Clone)]
pub struct Survey {
    pub round: Round,
    pub particulars: BTreeMap<FindingKey, Particulars>,
    /// When the last round was recorded, if there was one.
    pub last_round: Option<Timestamp>,
}

/// What was recorded of a span of time.
#[derive(Debug, Clone)]
pub struct Chronicle {
    pub tallies: Vec<Tally>,
    /// How the verdicts on backups changed, from the beginning to the end of the span.
    pub backups: Vec<Turn>,
    /// Of all months that are known.
    pub latency: Vec<Month>,
}

/// What the console asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    RefreshAll,
    Refresh(SourceId),
    /// Ask the sources that tell of this subject.
    RefreshSubject(Subject),
    /// Record something; what one act decided of many things has one moment, by which it is taken back as one.
    Request(Vec<Request>),
    /// Look what an errand would take; nothing is changed.
    Prepare(Errand),
    /// Do what a person has confirmed.
    Do(Deed),
    /// Read what this subject's findings say. Of several only the newest is answered.
    Look(Subject),
    /// Read how everything stands that findings of this measure speak of.
    Stand(&'static str),
    /// Find what a filter looks for. Of several only the newest is answered.
    Seek(Vec<Seek>),
    /// Show the world as it was then, and ask nobody until it is to be shown as it is again.
    AsOf(Option<Timestamp>),
}
