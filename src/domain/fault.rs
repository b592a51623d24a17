//! [`Fault`]: why a source did not answer, in words for the person who can mend it.

use serde::{Deserialize, Serialize};

use super::Shown;

/// What went wrong while asking a source, and the one line that mends it where we know one. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{said}")]
pub struct Fault {
    pub said: Shown,
    pub mend: Option<Shown>,
    /// Worth another try within the same round: refused, reset, timed out. A wrong password is not.
    pub passing: bool,
}

impl Fault {
    pub fn new(said: impl Into<Shown>) -> Self {
        Self { said: said.into(), mend: None, passing: false }
    }

    /// A fault that may be gone in a moment.
    pub fn passing(said: impl Into<Shown>) -> Self {
        Self { said: said.into(), mend: None, passing: true }
    }

    #[must_use]
    pub fn mend(mut self, mend: impl Into<Shown>) -> Self {
        self.mend = Some(mend.into());
        self
    }
}
