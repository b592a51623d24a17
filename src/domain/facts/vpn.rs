//! Who is on the VPN.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Read, Shown};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnDeclared {
    /// `openvpn` or `wireguard`.
    pub protocol: Shown,
}

/// A peer in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerDeclared {
    pub person: Option<Shown>,
    /// OpenVPN certificates' common name.
    pub common_name: Option<Shown>,
    /// WireGuard public key.
    pub public_key: Option<Shown>,
}

/// One reading of a VPN server's list of clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnClients {
    /// When the server wrote the list; a list much older than the reading is not the present.
    pub written_at: Read<Timestamp>,
    pub clients: Vec<VpnClient>,
    /// Rows that could not be read without guessing, such as a comma inside a name in status version 1 or 2.
    pub ambiguous: Vec<Shown>,
}

impl VpnClients {
    pub(super) fn sightings(&self) -> Vec<Shown> {
        self.clients.iter().map(|client| format!("client {}", client.common_name).into()).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnClient {
    pub common_name: Shown,
    pub username: Option<Shown>,
    pub real_address: Shown,
    /// Empty while a client is still logging in (or has just failed to): it is not connected.
    pub virtual_addresses: Vec<Shown>,
    pub since: Option<Timestamp>,
    pub bytes_received: u64,
    pub bytes_sent: u64,
}

impl VpnClient {
    pub fn connected(&self) -> bool {
        !self.virtual_addresses.is_empty()
    }
}
