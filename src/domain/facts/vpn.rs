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
    /// Where its certificates are read, if they are.
    #[serde(default)]
    pub pki: Option<Shown>,
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
    /// OpenVPN's number of this session, since 2.4.
    #[serde(default)]
    pub id: Option<u64>,
}

impl VpnClient {
    pub fn connected(&self) -> bool {
        !self.virtual_addresses.is_empty()
    }

    /// Where it comes from, without protocol and port.
    pub fn address(&self) -> Shown {
        bare_address(&self.real_address)
    }
}

/// An address without protocol and port. OpenVPN 2.7 writes `udp4:192.0.2.1:1194` and `udp6:[2001:db8::1]:1194`, 2.6
/// `192.0.2.1:1194` but `2001:db8::1` without a port, 2.4 `::ffff:192.0.2.1`; WireGuard `192.0.2.1:1194` and
/// `[2001:db8::1]:1194`. What is none of these is given as it is.
fn bare_address(told: &Shown) -> Shown {
    let text = told.as_str();
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
        .map_or_else(|| told.clone(), |address| address.to_canonical().to_string().into())
}

/// One look at the WireGuard peers of a server. WireGuard has no sessions: a peer is there while handshakes succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireguardPeers {
    /// By the server's own clock, which dates the handshakes too.
    pub asked_at: Timestamp,
    pub peers: Vec<WireguardPeer>,
    /// Rows of a form that is not known. What is in them may be a key, so it is not kept.
    #[serde(default)]
    pub odd_rows: u32,
    /// `wg show all dump on gate, interface wg0`.
    #[serde(default)]
    pub told_by: Shown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireguardPeer {
    pub interface: Shown,
    pub public_key: Shown,
    /// Where its last packet came from, with the port.
    pub endpoint: Option<Shown>,
    pub allowed: Vec<Shown>,
    /// `None`: never since the interface came up.
    pub handshake: Option<Timestamp>,
    pub bytes_received: u64,
    pub bytes_sent: u64,
}

/// What the last handshake tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// Less than three minutes ago. WireGuard renews every two while there is traffic, and takes no packet of an older one.
    Active,
    Idle(Timestamp),
    Never,
    /// In the future, or before WireGuard was written: the clock was set in between.
    Implausible(Timestamp),
}

impl WireguardPeers {
    const ACTIVE: i64 = 180;
    /// The clock is read just before the peers are.
    const AHEAD: i64 = 10;
    /// 2016: before, there was no WireGuard.
    const FIRST: i64 = 1_451_606_400;

    pub fn state(&self, peer: &WireguardPeer) -> Handshake {
        let Some(at) = peer.handshake else { return Handshake::Never };
        match self.asked_at.as_second().saturating_sub(at.as_second()) {
            _ if at.as_second() < Self::FIRST => Handshake::Implausible(at),
            ..0 if at.as_second() - self.asked_at.as_second() > Self::AHEAD => Handshake::Implausible(at),
            ..Self::ACTIVE => Handshake::Active,
            _ => Handshake::Idle(at),
        }
    }

    pub(super) fn sightings(&self) -> Vec<Shown> {
        let active = self.peers.iter().filter(|peer| self.state(peer) == Handshake::Active);
        active.map(|peer| format!("client {}", peer.public_key).into()).collect()
    }
}

impl WireguardPeer {
    pub fn address(&self) -> Option<Shown> {
        self.endpoint.as_ref().map(bare_address)
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
            ("[2001:db8::1]:51820", "2001:db8::1"),
        ] {
            assert_eq!(bare_address(&real.into()), address, "{real}");
        }
    }

    #[test]
    fn a_handshake_is_active_for_three_minutes_and_never_one_of_the_future() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let peers = WireguardPeers {
            asked_at: at("2026-11-23T07:00:00Z"),
            peers: Vec::new(),
            odd_rows: 0,
            told_by: Shown::default(),
        };
        let state = |handshake: Option<&str>| {
            peers.state(&WireguardPeer {
                interface: "wg0".into(),
                public_key: "key".into(),
                endpoint: None,
                allowed: Vec::new(),
                handshake: handshake.map(at),
                bytes_received: 0,
                bytes_sent: 0,
            })
        };
        assert_eq!(state(None), Handshake::Never);
        assert_eq!(state(Some("2026-11-23T06:57:01Z")), Handshake::Active);
        assert_eq!(state(Some("2026-11-23T06:57:00Z")), Handshake::Idle(at("2026-11-23T06:57:00Z")));
        assert_eq!(state(Some("2026-11-23T07:00:09Z")), Handshake::Active);
        for wrong in ["2026-11-23T07:00:11Z", "2030-01-01T00:00:00Z", "1970-01-01T00:00:07Z"] {
            assert_eq!(state(Some(wrong)), Handshake::Implausible(at(wrong)));
        }
    }
}
