//! [`Attestation`]: a person vouches for what no probe can see: a training, a revised document, a verified backup.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Account, Shown, Step, StepState};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Id of a [`Measure`](super::Measure).
    pub measure: Shown,
    /// Name of whom it concerns.
    pub subject: Shown,
    pub until: Timestamp,
    pub note: Shown,
    /// SHA-256 of a file that proves it, with the file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<(Shown, Shown)>,
    /// A restore that was tried, in figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<Drill>,
}

/// A restore that was tried into a scratch folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// The `[[backup]]` and its snapshot.
    pub backup: Shown,
    pub snapshot: Shown,
    pub seconds: u64,
    pub files: u64,
    pub bytes: u64,
    /// False where only some paths were restored: then its time says little of the whole.
    pub whole: bool,
    /// Files that are the same on the server, and those that changed there since or are gone.
    pub same: u64,
    pub changed: u64,
    /// Files that can't be read there or here, so that nothing is known of them.
    #[serde(default)]
    pub unread: u64,
    /// What failed: it did not restore, or a file that nobody touched is another.
    pub failed: Option<Shown>,
}

/// An attestation as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    pub seq: u64,
    pub at: Timestamp,
    pub by: Shown,
    pub attestation: Attestation,
}

/// Something that was done to a server, after somebody confirmed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// `reboot`, `upgrade`, `one-time login`.
    pub action: Shown,
    pub targets: Vec<Shown>,
    /// The command as it was confirmed; never a secret or a login link.
    pub command: Shown,
    pub outcome: Shown,
    /// SHA-256 of the transcript that the store keeps beside the record, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<Shown>,
}

impl Done {
    /// What the record keeps of an account: never what a command said, which may be a login link.
    pub fn of(account: &Account) -> Self {
        let mut targets: Vec<Shown> = account.deed.steps().map(|step| step.server.clone()).collect();
        targets.dedup();
        let mut commands: Vec<Shown> = account.deed.steps().map(Step::line).collect();
        commands.dedup();
        let lines: Vec<&str> = commands.iter().map(Shown::as_str).collect();
        let count = |state| account.reports.iter().filter(|report| report.state == state).count();
        let waits = account.reports.iter().all(|report| report.state == StepState::Waiting) && !account.ended;
        let outcome = if waits {
            "begun".to_owned()
        } else {
            format!("{} of {} seen to be done", count(StepState::Done), account.reports.len())
        };
        Self {
            action: account.deed.title.clone(),
            targets,
            command: Shown::text(&lines.join("\n")),
            outcome: outcome.into(),
            transcript: None,
        }
    }
}
