//! Who is on the VPN.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Hours, Read, Shown};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnDeclared {
    /// `openvpn` or `wireguard`.
    pub protocol: Shown,
    /// When it is usual to connect; empty: always.
    #[serde(default)]
    pub hours: Vec<Hours>,
}

/// A peer in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerDeclared {
    /// Whose it is: the name of a person of the register.
    pub person: Option<Shown>,
    /// OpenVPN certificates' common name.
    pub common_name: Option<Shown>,
    /// WireGuard public key.
    pub public_key: Option<Shown>,
    /// When it is usual to connect with it, in place of the VPN's own.
    #[serde(default)]
    pub hours: Vec<Hours>,
}

/// One reading of a VPN server's list of clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnClients {
    /// When the server wrote the list; a list much older than the reading is not the present.
    pub written_at: Read<Timestamp>,
    pub clients: Vec<VpnClient>,
    /// Rows that could not be read without guessing, such as a comma inside a name in status version 1 or 2.
    pub ambiguous: Vec<Shown>,
    /// What told it: `status file gate:/run/status.log, version 2`, and why not what was asked first, if so.
    #[serde(default)]
    pub told_by: Shown,
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

    /// Where it comes from, without protocol and port. OpenVPN 2.7 writes `udp4:192.0.2.1:1194` and
    /// `udp6:[2001:db8::1]:1194`, 2.6 `192.0.2.1:1194` but `2001:db8::1` without a port, 2.4 `::ffff:192.0.2.1`. What is
    /// none of these is given as it is.
    pub fn address(&self) -> Shown {
        let text = self.real_address.as_str();
        let bare = match text.split_once(':') {
            Some((protocol, rest)) if protocol.starts_with("udp") || protocol.starts_with("tcp") => rest,
            _ => text,
        };
        let bracketed = bare.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
        let without_port = bare.rsplit_once(':').map(|(address, _)| address);
        [bracketed, Some(bare), without_port]
            .into_iter()
            .flatten()
            .find_map(|candidate| candidate.parse::<IpAddr>().ok())
            .map_or_else(|| self.real_address.clone(), |address| address.to_canonical().to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_is_read() {
        for (real, address) in [
            ("192.0.2.1:1194", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("udp4:192.0.2.1:1194", "192.0.2.1"),
            ("udp6:192.0.2.1:1194", "192.0.2.1"),
            ("udp6:[2001:db8::1]:1194", "2001:db8::1"),
            ("tcp6-server:[2001:db8::1]:1194", "2001:db8::1"),
            ("tcp4-server:192.0.2.1:1194", "192.0.2.1"),
            ("", ""),
            ("udp4:", "udp4:"),
            ("somewhere", "somewhere"),
        ] {
            let client = VpnClient {
                common_name: "roman".into(),
                username: None,
                real_address: real.into(),
                virtual_addresses: Vec::new(),
                since: None,
                bytes_received: 0,
                bytes_sent: 0,
            };
            assert_eq!(client.address(), address, "{real}");
        }
    }
}
