//! One pass: ask the collectors under their deadlines, keep what they saw, evaluate, record; and the schedule of passes.

mod ask;
mod deeds;
mod desk;
mod pass;
mod plan;
mod recording;
mod schedule;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{Account, Deed, Fault, OneTime, Round, SourceId, Subject, Wish};

pub use desk::Desk;
pub use pass::{Pass, Step, pass};
pub use plan::{Plan, owners};
pub use recording::Recording;
pub use schedule::{Schedule, run};

/// What the console hears from the schedule.
#[derive(Debug, Clone)]
pub enum Update {
    /// A new evaluation: after an answer, a failure, or because time alone changed a verdict.
    Round(Arc<Round>),
    Progress(Progress),
    /// Something that belongs to no source, such as a store that can't be written.
    Trouble(Fault),
    /// What a wish would take, or why it can't be done.
    Prepared(Result<Deed, Fault>),
    /// How a deed goes.
    Deed(Account),
    /// To be shown once.
    Issued(OneTime),
}

/// How far the refresh is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub refreshing: usize,
    /// When the schedule asks something next.
    pub next: Option<Timestamp>,
}

/// What the console asks of the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    RefreshAll,
    Refresh(SourceId),
    /// Ask the sources that tell of this subject.
    RefreshSubject(Subject),
    /// Look what a wish would take; nothing is changed.
    Prepare(Wish),
    /// Do what a person has confirmed.
    Do(Deed),
}
