//! Backups: what is expected, and which snapshots there are.

use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Period, Shown};

/// When a snapshot is expected to exist: `last night`, `1 week`, `2 weeks`, `3 days`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Slot {
    LastNight,
    /// This long ago, within a tolerance.
    Ago(Period),
}

impl FromStr for Slot {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a slot: write \"last night\", \"1 week\", \"2 weeks\" or \"3 days\"");
        if text == "last night" {
            return Ok(Self::LastNight);
        }
        let (count, unit) = text.split_once(' ').ok_or_else(wrong)?;
        let count: u32 = count.parse().ok().filter(|count| (1..=500).contains(count)).ok_or_else(wrong)?;
        match unit {
            "day" | "days" => Ok(Self::Ago(Period::days(count))),
            "week" | "weeks" => Ok(Self::Ago(Period::days(7 * count))),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Slot {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Slot> for String {
    fn from(slot: Slot) -> Self {
        slot.to_string()
    }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Ago(period) = self else { return f.write_str("last night") };
        let days = period.as_seconds() / 86_400;
        match (days % 7, days) {
            (0, 7) => f.write_str("1 week"),
            (0, _) => write!(f, "{} weeks", days / 7),
            (_, 1) => f.write_str("1 day"),
            _ => write!(f, "{days} days"),
        }
    }
}

/// What the register says of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupDeclared {
    /// `restic`, `directory` …
    pub tool: Shown,
    /// The servers whose data it keeps.
    pub of: Vec<Shown>,
    pub slots: Vec<Slot>,
    pub offsite: bool,
    #[serde(default)]
    pub expect: BackupExpect,
    /// What is so of every repository of this kind.
    #[serde(default)]
    pub encryption: Encryption,
}

/// What a backup promises besides its slots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BackupExpect {
    /// A snapshot this much smaller than is usual is suspicious; 30% where nothing is said.
    pub shrink: Option<Percent>,
    /// The repository was verified within this time.
    pub verified: Option<Period>,
    /// A restore was tried within this time.
    pub drill: Option<Period>,
    /// A restore takes no longer than this.
    pub restore_within: Option<Period>,
}

/// `30%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]{1,3}%$"))]
pub struct Percent(pub u8);

impl TryFrom<String> for Percent {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let count = digits.and_then(|digits| digits.parse().ok()).filter(|count| (1..=100).contains(count));
        count.map(Self).ok_or_else(|| format!("`{}` is not a share: write 1% to 100%", Shown::line(&text).cut(40)))
    }
}

impl From<Percent> for String {
    fn from(percent: Percent) -> Self {
        format!("{}%", percent.0)
    }
}

/// The snapshots that the repository itself lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshots {
    pub snapshots: Vec<Snapshot>,
    /// Something the tool complained about while it answered: the list may not be whole.
    pub degraded: Option<Shown>,
    /// Entries beside the snapshots: their names don't say when they were made, or are those of no finished snapshot.
    #[serde(default)]
    pub unnamed: u32,
    /// Older ones of the list that were not kept here: of each of their days one was.
    #[serde(default)]
    pub left_out: usize,
    #[serde(default)]
    pub encryption: Encryption,
    /// A run that is under way or holds the repository, in the tool's words; not every tool tells.
    #[serde(default)]
    pub running: Option<Shown>,
    /// When the tool itself last verified what is stored, where it leaves a trace of that.
    #[serde(default)]
    pub verified_at: Option<Timestamp>,
}

/// What the repository says of its own encryption.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    #[default]
    Untold,
    /// Whoever carries it off can read it; in words, such as `a plain folder`.
    Plain(Shown),
    /// The mode, such as `repokey-blake2`.
    By(Shown),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub id: Shown,
    pub at: Timestamp,
    /// The host that it says it was made on; remote text, never used to connect.
    pub host: Option<Shown>,
    pub paths: Vec<Shown>,
    /// What it restores to, or what comes closest to that where the tool tells something else.
    pub bytes: Option<u64>,
    /// Nothing at all is 0: such a snapshot proves nothing. `None` where the tool doesn't tell.
    pub files: Option<u64>,
    /// How long it took to make.
    #[serde(default)]
    pub took_seconds: Option<u64>,
}

impl Snapshot {
    /// One of which nothing more is known.
    pub fn new(id: impl Into<Shown>, at: Timestamp) -> Self {
        Self { id: id.into(), at, host: None, paths: Vec::new(), bytes: None, files: None, took_seconds: None }
    }

    /// Of the same host and the same paths as another.
    pub fn is_of_series(&self, other: &Self) -> bool {
        self.host == other.host && self.paths == other.paths
    }
}
