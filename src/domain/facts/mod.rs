//! [`Fact`]: what can be seen or declared, a file for each kind.

mod advisory;
mod apt;
mod backup;
mod exposure;
mod host;
mod person;
mod pki;
mod power;
mod service;
mod site;
mod software;
mod support;
mod view;
mod vpn;
mod vpn_history;
mod vulnerability;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Fault, Shown};

pub use advisory::{Advisory, FeedDeclared, FeedKind, FeedSeen, Risk};
pub use apt::{AptSeen, Repository, Signature};
pub use backup::{BackupDeclared, BackupExpect, Encryption, Percent, Slot, Snapshot, Snapshots};
pub use exposure::{Filter, FilterProgram, FilterRules, HostExposure, Listener, Listening};
pub use host::{
    HostDeclared, HostSeen, Kernel, NO_NEEDRESTART, Package, Packages, Pending, Reboot, Release, Unattended,
    UnattendedRun,
};
pub use person::PersonDeclared;
pub use pki::{PkiCertificate, RevocationList, VpnPki};
pub use power::{Account, AuthorizedKey, Group, HostPower, KeysSeen, Login, MIGHTY_GROUPS, RemoteLogin, SudoRule};
pub use service::{CertificateSeen, Reached, ServiceDeclared, ServiceSeen};
pub use site::{ComposerPackage, SiteDeclared, SiteSeen};
pub use software::{HostSoftware, Listens};
pub use support::{ReleaseSupport, Releases, Support, SupportEnded, SupportLimited};
pub use view::{PortAnswer, Protocol, Side, Speech, Tried, Unheard, View, Views, ViewsDeclared};
pub use vpn::{Handshake, PeerDeclared, VpnClient, VpnClients, VpnDeclared, WireguardPeer, WireguardPeers};
pub use vpn_history::{PastSession, PeerHistory, VpnHistory};
pub use vulnerability::{
    Bulletin, BulletinFix, Bulletins, DrupalAffected, DrupalDatabase, DrupalRecord, Exploited, Fix, Issue, IssueState,
    Likelihoods, NoDsa, Tracker, TruthDeclared, UnreadRecord, Urgency, VersionRange, cve_number,
};

/// One thing that was seen or declared. Stored as JSON, tagged with its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fact {
    Advisory(Advisory),
    FeedDeclared(FeedDeclared),
    FeedSeen(FeedSeen),
    HostDeclared(HostDeclared),
    HostSeen(Box<HostSeen>),
    HostExposure(Box<HostExposure>),
    HostPower(Box<HostPower>),
    HostSoftware(Box<HostSoftware>),
    /// Shared: servers of one role have the same list, which is stored and held in memory once.
    Packages(Arc<Packages>),
    ViewsDeclared(ViewsDeclared),
    Views(Views),
    VpnDeclared(VpnDeclared),
    VpnClients(VpnClients),
    WireguardPeers(WireguardPeers),
    VpnPki(VpnPki),
    VpnHistory(VpnHistory),
    PeerDeclared(PeerDeclared),
    BackupDeclared(BackupDeclared),
    Snapshots(Snapshots),
    ServiceDeclared(ServiceDeclared),
    ServiceSeen(ServiceSeen),
    PersonDeclared(PersonDeclared),
    SiteDeclared(SiteDeclared),
    SiteSeen(SiteSeen),
    TruthDeclared(TruthDeclared),
    /// Shared, as all that is as large: nobody copies them.
    DebianTracker(Arc<Tracker>),
    Bulletins(Arc<Bulletins>),
    DrupalDatabase(Arc<DrupalDatabase>),
    Exploited(Arc<Exploited>),
    Likelihoods(Arc<Likelihoods>),
    DebianReleases(Arc<Releases>),
    DebianSupport(Arc<Support>),
}

impl Fact {
    /// Whether many observations may hold the same one, in one place.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Packages(_)) || self.is_public()
    }

    /// What anybody can look up at any time, and what is as large: trackers, catalogues, lists of releases.
    pub fn is_public(&self) -> bool {
        matches!(
            self,
            Self::DebianTracker(_)
                | Self::Bulletins(_)
                | Self::DrupalDatabase(_)
                | Self::Exploited(_)
                | Self::Likelihoods(_)
                | Self::DebianReleases(_)
                | Self::DebianSupport(_)
        )
    }

    /// Names of what it contains whose age matters; the store remembers since when each has been there.
    pub fn sightings(&self) -> Vec<Shown> {
        match self {
            Self::HostSeen(host) => host.sightings(),
            Self::HostExposure(exposure) => exposure.sightings(),
            Self::Advisory(_) => vec!["published".into()],
            Self::VpnClients(clients) => clients.sightings(),
            Self::WireguardPeers(peers) => peers.sightings(),
            _ => Vec::new(),
        }
    }
}

/// A part of an observation that may be unreadable on its own: no `ss`, no rights, implausible. Never an empty value
/// instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Read<T> {
    Seen(T),
    Unreadable(Fault),
}

impl<T> Read<T> {
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(value) => Some(value),
            Self::Unreadable(_) => None,
        }
    }

    pub fn unreadable(said: impl Into<Shown>) -> Self {
        Self::Unreadable(Fault::new(said))
    }

    pub fn as_result(&self) -> Result<&T, &Fault> {
        match self {
            Self::Seen(value) => Ok(value),
            Self::Unreadable(fault) => Err(fault),
        }
    }
}

impl<T> From<Result<T, Fault>> for Read<T> {
    fn from(result: Result<T, Fault>) -> Self {
        match result {
            Ok(value) => Self::Seen(value),
            Err(fault) => Self::Unreadable(fault),
        }
    }
}
