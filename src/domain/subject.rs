//! [`Subject`]: whom a measure concerns.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Shown;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    Advisory,
    Backup,
    Device,
    Feed,
    Host,
    Organisation,
    Peer,
    Person,
    Service,
    Site,
    Vpn,
}

/// Whom a measure concerns, by the name that the register gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    pub kind: SubjectKind,
    pub name: Shown,
}

impl Subject {
    pub fn new(kind: SubjectKind, name: impl Into<Shown>) -> Self {
        Self { kind, name: name.into() }
    }

    pub fn host(name: impl Into<Shown>) -> Self {
        Self::new(SubjectKind::Host, name)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}
