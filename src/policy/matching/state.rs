//! [`State`]: how one server stands towards one vulnerability or advisory.

use std::cmp::Ordering;

use crate::domain::facts::{BulletinFix, Fix};
use crate::domain::version;

/// Worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    NotAffected,
    Fixed,
    /// Fixed, and an old kernel lies on the disk that nobody runs.
    OldOnDisk,
    /// Nobody tells, for a reason that is the same for many advisories: they do not name its release and no tracker that
    /// can be believed keeps it or knows all of their vulnerabilities, or which kernel runs is not known.
    Untold,
    /// Nobody has looked yet whether it is affected.
    Unknown,
    /// Affected, and no fix is out for its release.
    NoFix,
    /// Fixed on the disk; the code that runs is the old one.
    OldRuns,
    Vulnerable,
}

impl State {
    /// As a standing says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAffected => "not affected",
            Self::Fixed => "fixed",
            Self::OldOnDisk => "fixed, an old kernel on the disk",
            Self::Untold | Self::Unknown => "unknown",
            Self::NoFix => "no fix yet",
            Self::OldRuns => "fixed, the old code still runs",
            Self::Vulnerable => "vulnerable",
        }
    }

    /// The state that a standing says.
    pub fn said(word: &str) -> Option<Self> {
        use State::{Fixed, NoFix, NotAffected, OldOnDisk, OldRuns, Unknown, Vulnerable};
        [NotAffected, Fixed, OldOnDisk, Unknown, NoFix, OldRuns, Vulnerable]
            .into_iter()
            .find(|state| state.word() == word)
    }

    /// Whether it is a person's turn.
    pub fn asks(self) -> bool {
        matches!(self, Self::OldRuns | Self::Vulnerable)
    }

    /// A version against the one that holds the fix. Of text that is none nobody can tell.
    fn since(version: &str, fixed: &str) -> Self {
        if !version::is_version(version) {
            return Self::Unknown;
        }
        if version::compare(version, fixed) == Ordering::Less { Self::Vulnerable } else { Self::Fixed }
    }

    pub(super) fn by_tracker(version: &str, fix: &Fix) -> Self {
        match fix {
            Fix::In(fixed) => Self::since(version, fixed.as_str()),
            Fix::NotAffected => Self::NotAffected,
            Fix::Open => Self::NoFix,
            Fix::Undetermined => Self::Unknown,
        }
    }

    pub(super) fn by_bulletin(version: &str, fix: &BulletinFix) -> Self {
        match fix {
            BulletinFix::In(fixed) => Self::since(version, fixed.as_str()),
            BulletinFix::NotAffected => Self::NotAffected,
            BulletinFix::Unfixed | BulletinFix::EndOfLife => Self::NoFix,
        }
    }
}

/// What other repositories put into the versions of packages that Debian has too; some name the release (`1.27.1-1~bookworm` of
/// nginx.org), which Debian does by number.
const ELSEWHERE: &[&str] =
    &["nodesource", ".pgdg", "+maria~", "sury.org", "~bullseye", "~bookworm", "~trixie", "~focal", "~jammy", "~noble"];

/// A version that is not Debian's: what Debian's advisories fix in theirs says nothing of it, however high its number.
pub fn is_elsewhere(version: &str) -> bool {
    ELSEWHERE.iter().any(|mark| version.contains(mark))
}

/// A version from backports without what marks it as one: `1.26.0-1~bpo12+1` is a rebuild of `1.26.0-1`, and has the fixes
/// of that, not those of the release that it was rebuilt for.
pub fn backported(version: &str) -> Option<&str> {
    version.rfind("~bpo").map(|at| &version[..at])
}

/// By which release's fixes a version is measured, and as which version.
pub fn measured<'v>(release: &'v str, version: &'v str) -> (&'v str, &'v str) {
    backported(version).map_or((release, version), |original| ("sid", original))
}
