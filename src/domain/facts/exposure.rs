//! Where a server can be reached, as it says itself: what listens, and its packet filter.

use serde::{Deserialize, Serialize};

use super::Read;
use crate::domain::packet_filter::parse_packet_filter;
use crate::domain::{Fault, Port, Shown};

/// The ports of one server, seen from inside. Each part can be unreadable on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostExposure {
    pub listening: Read<Listening>,
    pub filter: Read<Filter>,
}

impl HostExposure {
    /// That its packet filter can be read, and as which rules: both together tell since when they are others.
    pub(super) fn sightings(&self) -> Vec<Shown> {
        let filter = self.filter.seen().and_then(|filter| parse_packet_filter(filter).ok());
        filter.map_or_else(Vec::new, |filter| vec!["packet filter".into(), format!("rules {}", filter.digest).into()])
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    pub listeners: Vec<Listener>,
    /// Why the programs behind them are not named, where they are not: it needs root.
    pub unnamed: Option<Fault>,
}

/// A tcp socket that listens, or a udp socket without a peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listener {
    pub port: Port,
    /// As ss writes it, without brackets: `0.0.0.0`, `::1`, `127.0.0.53%lo`; `*` is every address, v4 and v6.
    pub address: Shown,
    /// `nginx`; empty for the kernel's own sockets (WireGuard, NFS), and where [`Listening::unnamed`] says why.
    pub programs: Vec<Shown>,
}

/// What each of the server's packet filters says. Empty where no program for one is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub rules: Vec<FilterRules>,
}

/// Rules as their program prints them, without what is counted in them. Raw: clean it before it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterRules {
    pub program: FilterProgram,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterProgram {
    /// `nft -s -j list ruleset`: JSON, iptables' rules among them unless they are of the old kind.
    Nft,
    /// `iptables-save`, or `iptables-legacy-save`.
    Iptables,
    /// The same for IPv6.
    Ip6tables,
}
