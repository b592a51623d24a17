//! One row of a VPN's list, whatever its protocol.

use jiff::Timestamp;

use super::reading::moment;
use crate::domain::Shown;
use crate::domain::facts::{Handshake, VpnClient, WireguardPeer};
use crate::policy::Case;

#[derive(Debug, Clone, Copy)]
pub(super) enum Client<'a> {
    Openvpn(&'a VpnClient),
    Wireguard(&'a WireguardPeer, Handshake),
}

/// What tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    CommonName(&'a Shown),
    PublicKey(&'a Shown),
}

impl<'a> Client<'a> {
    pub(super) fn key(&self) -> Key<'a> {
        match self {
            Self::Openvpn(client) => Key::CommonName(&client.common_name),
            Self::Wireguard(peer, _) => Key::PublicKey(&peer.public_key),
        }
    }

    /// The same as text.
    pub(super) fn name(&self) -> &'a Shown {
        match self {
            Self::Openvpn(client) => &client.common_name,
            Self::Wireguard(peer, _) => &peer.public_key,
        }
    }

    pub(super) fn connected(&self) -> bool {
        match self {
            Self::Openvpn(client) => client.connected(),
            Self::Wireguard(_, handshake) => *handshake == Handshake::Active,
        }
    }

    /// Without a name and without an address: a handshake, or what a port scan leaves.
    pub(super) fn is_nobody(&self) -> bool {
        matches!(self, Self::Openvpn(client) if client.common_name == "UNDEF" && !client.connected())
    }

    pub(super) fn address(&self) -> Shown {
        match self {
            Self::Openvpn(client) => client.address(),
            Self::Wireguard(peer, _) => peer.address().unwrap_or_else(|| "an untold address".into()),
        }
    }

    /// When it says that it began; WireGuard does not.
    pub(super) fn began(&self) -> Option<Timestamp> {
        match self {
            Self::Openvpn(client) => client.since,
            Self::Wireguard(..) => None,
        }
    }

    /// Its last handshake, when that is over.
    pub(super) fn last(&self) -> Option<Timestamp> {
        match self {
            Self::Wireguard(_, Handshake::Idle(at)) => Some(*at),
            _ => None,
        }
    }

    /// What its last handshake tells can't be: nobody knows whether it is there.
    pub(super) fn implausible(&self, case: &Case<'_>) -> Option<String> {
        match self {
            Self::Wireguard(_, Handshake::Implausible(at)) => {
                Some(format!("its last handshake is dated {}, which can't be", moment(case, *at)))
            }
            _ => None,
        }
    }

    /// Where it is: `connected from 192.0.2.1 since 07:58 · 10.8.0.3`, `not connected, last handshake Tue 14:02`.
    pub(super) fn said(&self, case: &Case<'_>, seen_since: Option<Timestamp>) -> String {
        if let Some(implausible) = self.implausible(case) {
            return implausible;
        }
        let address = self.address();
        match self {
            Self::Openvpn(client) if !client.connected() => {
                format!("not connected, login pending or failed from {address}")
            }
            Self::Wireguard(_, Handshake::Idle(at)) => format!("not connected, last handshake {}", moment(case, *at)),
            Self::Wireguard(_, Handshake::Never) => "never connected since its interface came up".to_owned(),
            _ => {
                // Version 1 does not tell, nor does WireGuard; what the store has seen does.
                let since = match (self.began(), seen_since) {
                    (Some(since), _) => format!("since {}", moment(case, since)),
                    (None, Some(seen)) => format!("seen since {}", moment(case, seen)),
                    (None, None) => "since an untold time".to_owned(),
                };
                let inside = self.inside().first().map_or_else(String::new, |inside| format!(" · {inside}"));
                format!("connected from {address} {since}{inside}")
            }
        }
    }

    /// The same with name, user, traffic and all addresses.
    pub(super) fn session(&self, case: &Case<'_>, seen_since: Option<Timestamp>) -> String {
        let (user, received, sent) = match self {
            Self::Openvpn(client) => (client.username.as_ref(), client.bytes_received, client.bytes_sent),
            Self::Wireguard(peer, _) => (Some(&peer.interface), peer.bytes_received, peer.bytes_sent),
        };
        let word = if matches!(self, Self::Openvpn(_)) { "user" } else { "on" };
        let user = user.filter(|user| *user != self.name()).map_or_else(String::new, |user| format!(", {word} {user}"));
        let traffic = format!("{} in, {} out", bytes(received), bytes(sent));
        let said: Vec<String> = [self.said(case, seen_since)]
            .into_iter()
            .chain(self.inside().iter().skip(1).map(ToString::to_string))
            .collect();
        format!("{}{user}: {} · {traffic}", self.name().cut(64), said.join(" "))
    }

    /// Its addresses inside the VPN.
    fn inside(&self) -> &'a [Shown] {
        match self {
            Self::Openvpn(client) => &client.virtual_addresses,
            Self::Wireguard(peer, _) => &peer.allowed,
        }
    }
}

/// `512 B`, `1.4 MB`.
pub(super) fn bytes(count: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.into_iter().find(|(_, size)| count >= *size) {
        Some((unit, size)) => format!("{}.{} {unit}", count / size, count % size * 10 / size),
        None => format!("{count} B"),
    }
}
