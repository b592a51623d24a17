//! Who belongs to the organisation.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::Shown;

/// What the register says of a person; the subject's name is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonDeclared {
    /// `administrator` may be uid 0, in sudo, on the VPN.
    pub role: Option<Shown>,
    /// Login names on servers.
    pub accounts: Vec<Shown>,
    /// Fingerprints of ssh keys, `SHA256:…`.
    pub keys: Vec<Shown>,
    pub joined: Option<Date>,
    /// From this day on, everything that remains of theirs is a finding.
    pub left: Option<Date>,
}

impl PersonDeclared {
    pub fn is_administrator(&self) -> bool {
        self.role.as_ref().is_some_and(|role| *role == *"administrator")
    }

    /// Whether they are gone on that day.
    pub fn has_left(&self, today: Date) -> bool {
        self.left.is_some_and(|left| left <= today)
    }
}
