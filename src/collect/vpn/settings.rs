//! `[[vpn]]` and `[[peer]]`: what the configuration says of VPNs and who may be on them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::wireguard;
use crate::domain::register::{Place, Register, Server};
use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Hours, Interface, Management, Period, SecretRef, Shown};

/// A VPN server whose clients are watched.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VpnEntry {
    /// What findings call it.
    pub name: String,
    pub kind: Kind,
    /// OpenVPN's status file, `SERVER:PATH` or an absolute `PATH` here; versions 1, 2 and 3, best 3. Asked first when
    /// `management` is there too: anybody may read it at any time.
    pub status: Option<String>,
    /// OpenVPN's management interface, `unix:/PATH` or `tcp:127.0.0.1:PORT`, behind `SERVER:` where it is on a server:
    /// there it needs perl and no forwarding. It is held for one short exchange. With `status`, asked only when that file can't be read, and for the end of a client's session. Not with `management-signal` in OpenVPN's own
    /// configuration: there, the end of every exchange restarts it.
    pub management: Option<String>,
    /// Where the management interface's password is kept, when it asks for one.
    pub password: Option<SecretRef>,
    /// Of WireGuard: the `[[server]]` whose peers are asked for, with `wg show all dump`; this machine when absent. That
    /// needs root: an unprivileged login needs a line in sudoers, which the finding says when it is missing.
    pub server: Option<String>,
    /// Of WireGuard: the only interface that is meant, as in `wg0`; all when absent.
    pub interface: Option<String>,
    /// Its easy-rsa folder, `SERVER:PATH` or `PATH`: `index.txt`, `ca.crt`, `issued` and `crl.pem` are read, no key is.
    pub pki: Option<String>,
    /// How often it is asked; `refresh` of `[console]` when absent.
    pub every: Option<Period>,
    /// When it is usual to connect, in the console's timezone: `["Mon-Fri 06:00-20:00"]`. A session that begins at another
    /// time is a finding. Without it no time is unusual.
    #[serde(default)]
    pub hours: Vec<Hours>,
}

/// Protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Openvpn,
    Wireguard,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Openvpn => "openvpn",
            Self::Wireguard => "wireguard",
        }
    }
}

/// Somebody, or somebody's device, that may be on the VPN.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerEntry {
    /// What findings call it.
    pub name: String,
    /// Whose it is: the name of a `[[person]]`. Once there are persons, a peer without one is a finding.
    pub person: Option<String>,
    /// The common name of its OpenVPN certificate.
    pub common_name: Option<String>,
    /// Its `WireGuard` public key.
    pub public_key: Option<String>,
    /// Its own usual hours, in place of the VPN's: `["00:00-24:00"]` for a machine that works at night.
    #[serde(default)]
    pub hours: Vec<Hours>,
}

/// Where a VPN's clients are read.
#[derive(Debug, Clone)]
pub struct Ways {
    pub status: Option<Place>,
    pub interface: Option<Interface>,
    pub pki: Option<Place>,
}

/// Whose `WireGuard` peers are asked for.
#[derive(Debug, Clone)]
pub struct Tunnels {
    pub server: Server,
    pub interface: Option<String>,
}

impl VpnEntry {
    /// Reads a `[[vpn]]`. What stands where a secret's place belongs is never repeated: it may be the secret.
    pub fn of(entry: &Entry) -> Result<Self, Misfit> {
        if entry.value.get("password").is_some_and(|password| !password.is_object()) {
            return Err(entry.misfit(Some("password"), SecretRef::FOUR));
        }
        entry.read()
    }
}

impl Ways {
    pub fn of(entry: &Entry, vpn: &VpnEntry, register: &Register) -> Result<Self, Misfit> {
        let place = |key: &str, text: &Option<String>| {
            let place = text.as_ref().map(|text| register.place(text)).transpose();
            place.map_err(|message| entry.misfit(Some(key), message))
        };
        let interface = vpn.management.as_ref().map(|text| interface(vpn, text, register)).transpose();
        let ways = Self {
            status: place("status", &vpn.status)?,
            interface: interface.map_err(|message| entry.misfit(Some("management"), message))?,
            pki: place("pki", &vpn.pki)?,
        };
        if vpn.kind == Kind::Openvpn && ways.status.is_none() && ways.interface.is_none() {
            return Err(entry.misfit(None, "say where its clients are listed: `status`, `management`, or both"));
        }
        for (key, there) in [("server", vpn.server.is_some()), ("interface", vpn.interface.is_some())] {
            if vpn.kind == Kind::Openvpn && there {
                let message =
                    format!("`{key}` is WireGuard's; OpenVPN's clients are listed at `status` or `management`");
                return Err(entry.misfit(Some(key), message));
            }
        }
        if vpn.password.is_some() && ways.interface.is_none() {
            return Err(
                entry.misfit(Some("password"), "`password` is for the `management` interface, which is not named")
            );
        }
        Ok(ways)
    }
}

/// `unix:/PATH`, `tcp:127.0.0.1:PORT`, or one of these behind the name of a server.
fn interface(vpn: &VpnEntry, text: &str, register: &Register) -> Result<Interface, String> {
    let (server, at) = match text.split_once(':') {
        Some((name, rest)) if rest.starts_with("unix:") || rest.starts_with("tcp:") => {
            let shown = Shown::line(name).cut(64);
            let server = register.server(name).cloned();
            (server.ok_or_else(|| format!("`{shown}` is no [[server]] of the register"))?, rest)
        }
        _ => (Server::local(), text),
    };
    let (vpn, password) = (vpn.name.as_str().into(), vpn.password.clone());
    Ok(Interface { vpn, server, at: Management::parse(at)?, password })
}

impl Tunnels {
    pub fn of(entry: &Entry, vpn: &VpnEntry, register: &Register) -> Result<Self, Misfit> {
        let foreign = [
            ("status", vpn.status.is_some()),
            ("management", vpn.management.is_some()),
            ("password", vpn.password.is_some()),
            ("pki", vpn.pki.is_some()),
        ];
        if let Some((key, _)) = foreign.iter().find(|(_, there)| *there) {
            let message = format!("`{key}` is OpenVPN's; WireGuard is asked on its `server`, with `wg`");
            return Err(entry.misfit(Some(key), message));
        }
        let server = match &vpn.server {
            None => Server::local(),
            Some(name) => register.server(name).cloned().ok_or_else(|| {
                entry
                    .misfit(Some("server"), format!("`{}` is no [[server]] of the register", Shown::line(name).cut(64)))
            })?,
        };
        let fits = |name: &String| (1..16).contains(&name.len()) && !name.contains(['/', ' ', '\t', '\n']);
        if !vpn.interface.iter().all(fits) {
            return Err(entry.misfit(Some("interface"), "this is no interface's name: write one as in wg0"));
        }
        Ok(Self { server, interface: vpn.interface.clone() })
    }
}

/// Reads a `[[peer]]`: it needs something by which it can be recognised.
pub fn peer(entry: &Entry) -> Result<PeerEntry, Misfit> {
    let peer: PeerEntry = entry.read()?;
    if peer.common_name.is_none() && peer.public_key.is_none() {
        return Err(entry.misfit(None, "say how it is recognised: `common_name` (OpenVPN) or `public_key` (WireGuard)"));
    }
    // What OpenVPN writes for a client without a name can't name one.
    if matches!(peer.common_name.as_deref(), Some("" | "UNDEF")) {
        return Err(entry.misfit(Some("common_name"), "this is nobody's common name"));
    }
    if peer.public_key.as_ref().is_some_and(|key| !wireguard::is_key(key)) {
        return Err(entry.misfit(Some("public_key"), "a WireGuard key has 44 characters, the last of them `=`"));
    }
    Ok(peer)
}
