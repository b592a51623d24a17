//! Where a server's packages come from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::Shown;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AptSeen {
    pub repositories: Vec<Repository>,
    /// Sources, with the file that says so, that are believed without a signature.
    pub unsigned: Vec<Shown>,
    /// Sources, with the file that says so, whose lists apt takes after the end that is signed in them.
    #[serde(default)]
    pub unending: Vec<Shown>,
}

/// One repository, by the list that apt keeps of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Its list's name in /var/lib/apt/lists.
    pub file: Shown,
    /// As apt names it: `Debian-Security:12/oldstable-security`.
    pub origin: Shown,
    /// `Debian`.
    pub vendor: Shown,
    pub codename: Shown,
    pub security: bool,
    /// When the repository made the list that is here.
    pub dated: Option<Timestamp>,
    /// After this it does not vouch for it any more.
    pub valid_until: Option<Timestamp>,
    /// apt is told to take it after that too.
    #[serde(default)]
    pub unending: bool,
    pub signature: Signature,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signature {
    Good,
    /// Made by a key that has expired: apt will take no new list.
    Expired,
    Revoked,
    Bad,
    /// The list has none.
    Missing,
    /// There is no gpgv, or the key is where only apt finds it. apt itself has checked it when it took the list.
    Unchecked,
    /// It was looked at, and what was said of it settles nothing.
    Unknown(Shown),
}
