//! [`Round`]: one pass, judged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Decided, Fault, Finding, FindingKey, Shown, Since, SourceId, SourceState, Verdict};

/// With fewer sources than this, the silence of most of them says nothing about us.
const FEW: usize = 3;

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

/// What a round counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub at: Timestamp,
    pub ok: usize,
    pub due: usize,
    pub broken: usize,
    pub unknown: usize,
}

/// One pass of the sources with everything that was judged from it, ordered by rank. The console, `check` and the
/// reports all read this; they cannot disagree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    pub at: Timestamp,
    pub operator: Shown,
    pub sources: Vec<SourceLine>,
    pub findings: Vec<Finding>,
    /// What people said of findings that are not ok, and whether it still holds.
    #[serde(default)]
    pub decisions: BTreeMap<FindingKey, Decided>,
    /// What changed since the operator signed last.
    #[serde(default)]
    pub since: Since,
}

impl Round {
    /// A round on which nobody decided anything yet.
    pub fn new(at: Timestamp, operator: Shown, sources: Vec<SourceLine>, findings: Vec<Finding>) -> Self {
        Self { at, operator, sources, findings, ..Self::default() }
    }

    /// The worst verdict; without a single finding nothing is known.
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Unknown)
    }

    /// Whether the operator need not look at it: it is ok, or a decision on it holds.
    pub fn rests(&self, finding: &Finding) -> bool {
        finding.verdict == Verdict::Ok
            || self.decisions.get(&finding.key).is_some_and(|decided| decided.rests_for(self.operator.as_str()))
    }

    /// How many of how many sources fail, when it is most of them: then it is more likely us than all of them.
    pub fn outage(&self) -> Option<(usize, usize)> {
        let failing =
            self.sources.iter().filter(|line| line.state == SourceState::Silent && line.fault.is_some()).count();
        let all = self.sources.len();
        (all >= FEW && failing * 2 > all).then_some((failing, all))
    }

    /// Whether there is anything to sign: some source was asked, be it in vain, or there is none to ask and something was
    /// judged all the same.
    pub fn is_looked_at(&self) -> bool {
        match self.sources.as_slice() {
            [] => !self.findings.is_empty(),
            sources => sources.iter().any(|source| source.at.is_some() || source.fault.is_some()),
        }
    }

    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }
}
