//! [`Standing`]: how one thing that a finding speaks of stands; [`Turn`]: when that changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FindingKey, Shown};

/// How one thing stands: `host web1` is `vulnerable`, `fix bookworm` is `3.0.2-1`, `session` is `since 07:58 from
/// 203.0.113.9`. A rule attaches them to its judgement; the store keeps every change for ever, so they hold only what
/// changes seldom and is worth knowing in a year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Standing {
    pub item: Shown,
    pub word: Shown,
    /// Whether it asks for a person: a decision that did not know of it is open again. `host web1` is `vulnerable` asks,
    /// `host web1` is `fixed` does not.
    #[serde(default)]
    pub asks: bool,
}

/// Everything that a judgement speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standings {
    pub each: Vec<Standing>,
    /// What they come to, in words that are the same for all subjects with the same standings, where the title says more of
    /// each: those subjects are one row then.
    pub alike: Option<Shown>,
}

impl std::ops::Deref for Standings {
    type Target = [Standing];

    fn deref(&self) -> &[Standing] {
        &self.each
    }
}

/// A change of a [`Standing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    pub at: Timestamp,
    pub key: FindingKey,
    pub item: Shown,
    /// `None`: the finding speaks of it no more.
    pub word: Option<Shown>,
}
