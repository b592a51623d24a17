//! Who was on a VPN, as its source remembers from look to look.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::Shown;

/// What is remembered of one VPN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnHistory {
    /// When the first look was.
    pub since: Timestamp,
    /// As of when the last list was.
    pub last_look: Timestamp,
    pub peers: Vec<PeerHistory>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerHistory {
    /// A common name, or a WireGuard key.
    pub name: Shown,
    pub last_seen: Timestamp,
    /// Bytes in and out by the counters of the last look; WireGuard's count on from session to session.
    #[serde(default)]
    pub counted: (u64, u64),
    /// The oldest first.
    pub sessions: Vec<PastSession>,
}

/// From the look that first saw it, or when it says that it began, to the last that did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastSession {
    pub began: Timestamp,
    pub last_seen: Timestamp,
    pub from: Shown,
    pub received: u64,
    pub sent: u64,
}

impl VpnHistory {
    pub fn of(&self, name: &Shown) -> Option<&PeerHistory> {
        self.peers.iter().find(|peer| peer.name == *name)
    }
}
