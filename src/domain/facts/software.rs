//! What was chosen to be on a server, and what nobody knows where it comes from.

use serde::{Deserialize, Serialize};

use super::Read;
use crate::domain::Shown;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSoftware {
    /// Packages that somebody asked for; the rest came because these need them.
    pub chosen: Read<Vec<Shown>>,
    /// Packages that no repository offers in the version that is installed, nor in a newer one.
    pub unsourced: Read<Vec<Shown>>,
    /// Packages whose programs listen.
    pub listening: Read<Vec<Listens>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listens {
    pub package: Shown,
    /// As ss names it.
    pub program: Shown,
}
