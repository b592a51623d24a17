//! [`Verdict`]: one of four, everywhere the same.

use serde::{Deserialize, Serialize};

/// The judgement on one measure for one subject, mildest first. `Unknown` is worse than `Due`: what nobody knows is
/// never green, and may hide something broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Judged from fresh evidence, and as it should be.
    Ok,
    /// Wants a person soon.
    Due,
    /// Silent, stale, unreadable, implausible, not yet seen.
    Unknown,
    /// Not as the measures promise.
    Broken,
}

impl Verdict {
    pub const ALL: [Self; 4] = [Self::Ok, Self::Due, Self::Unknown, Self::Broken];

    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Due => "due",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }

    pub fn glyph(self) -> &'static str {
        match self {
            Self::Ok => "✓",
            Self::Due => "▲",
            Self::Unknown => "?",
            Self::Broken => "✖",
        }
    }

    /// Exit status of `matins round` and, as a monitoring plugin's, of `matins check`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Due => 1,
            Self::Broken => 2,
            Self::Unknown => 3,
        }
    }
}
