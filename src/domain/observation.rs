//! [`Observation`]: what was seen, by which source, when; and [`Declared`]: what the register says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Shown, Subject};

/// What one source saw of one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub subject: Subject,
    pub at: Timestamp,
    pub fact: Fact,
}

/// What the register says of a subject. It is known without asking anybody, so that a source that never answered still
/// has its subjects, and they are unknown rather than missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Declared {
    pub subject: Subject,
    pub fact: Fact,
    /// File and line, or "built in".
    pub place: Shown,
}
