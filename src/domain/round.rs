//! [`Round`]: one pass, judged.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fault, Finding, Shown, SourceId, SourceState, Verdict};

/// How one source did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLine {
    pub id: SourceId,
    pub state: SourceState,
    /// The last good answer.
    pub at: Option<Timestamp>,
    pub took_ms: Option<u64>,
    pub fault: Option<Fault>,
}

/// One pass of the sources with everything that was judged from it, ordered by rank. The console, `check` and the
/// reports all read this; they cannot disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    pub at: Timestamp,
    pub operator: Shown,
    pub sources: Vec<SourceLine>,
    pub findings: Vec<Finding>,
}

impl Round {
    /// The worst verdict; without a single finding nothing is known.
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Unknown)
    }

    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }
}
