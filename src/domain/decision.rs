//! [`Decision`]: what a person said of a finding. It never changes the verdict; it changes who is asked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FindingKey, Shown, Standing, Verdict};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionKind {
    /// Somebody has seen it and works on it.
    Acknowledge,
    /// It stays as it is.
    Accept,
    /// Not now.
    Snooze,
    /// Another person's: it is theirs alone until its end.
    Assign,
    /// A remark; everybody is asked as before.
    Note,
}

impl DecisionKind {
    pub const ALL: [Self; 5] = [Self::Acknowledge, Self::Accept, Self::Snooze, Self::Assign, Self::Note];

    pub fn word(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Accept => "accept",
            Self::Snooze => "snooze",
            Self::Assign => "assign",
            Self::Note => "note",
        }
    }

    /// `accepted until …`
    pub fn done(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::Accept => "accepted",
            Self::Snooze => "snoozed",
            Self::Assign => "assigned",
            Self::Note => "noted",
        }
    }
}

/// How far a decision goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// The finding as it stands; a further host opens it again.
    Finding,
    /// One host of a finding that concerns several, as it stands.
    Host(Shown),
    /// All servers of a role, also those that come later: the hosts of this finding, and the same measure and part on
    /// each server.
    Role(Shown),
    /// Whoever is concerned, also later: the hosts of this finding, and the same measure and part of every subject.
    Everywhere,
}

impl Extent {
    /// Behind the finding's name, in a record: ` on lab17 only`; of the finding as it stands nothing.
    pub fn said(&self) -> String {
        match self {
            Self::Finding => String::new(),
            Self::Host(host) => format!(" on {host} only"),
            Self::Role(role) => format!(" for all of role {role}"),
            Self::Everywhere => " everywhere".into(),
        }
    }
}

/// What was known when it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    pub verdict: Verdict,
    /// The standings that asked for a person.
    pub asked: Vec<Standing>,
}

/// What a person decides: the payload of an entry in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub key: FindingKey,
    #[serde(rename = "decision")]
    pub kind: DecisionKind,
    pub extent: Extent,
    pub reason: Shown,
    pub until: Timestamp,
    /// Whose it is now, when it was assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Shown>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Shown>,
    /// Who has to agree before it holds: four eyes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Shown>,
    pub basis: Basis,
}

/// A decision as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Number of its entry.
    pub seq: u64,
    pub at: Timestamp,
    pub by: Shown,
    pub decision: Decision,
    /// Who agreed, and when, where somebody had to.
    pub agreed: Option<(Shown, Timestamp)>,
}

/// How a finding is decided: the newest decision on it, and whether that still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Number of its entry in the log.
    #[serde(rename = "entry")]
    pub seq: u64,
    pub kind: DecisionKind,
    pub by: Shown,
    pub at: Timestamp,
    pub until: Timestamp,
    pub reason: Shown,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Shown>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Shown>,
    /// Why it asks again, or still asks: `it ended 2 h ago`, `web9 is vulnerable`, `anna has not agreed yet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Shown>,
}

impl Decided {
    /// Whether this person need not look: it holds, and it is not theirs.
    pub fn rests_for(&self, operator: &str) -> bool {
        let theirs = self.kind == DecisionKind::Assign && self.to.as_ref().is_some_and(|to| *to == *operator);
        self.holds() && !theirs
    }

    /// Whether it changes who is asked.
    pub fn holds(&self) -> bool {
        self.open.is_none() && self.kind != DecisionKind::Note
    }
}
