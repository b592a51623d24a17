//! What a server tells of itself.

use jiff::Timestamp;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{AptSeen, Read};
use crate::domain::{DeclaredPort, Fault, Shown};

/// Why [`HostSeen::outdated_services`] can't be read on a server as Debian installs it: a program is missing, which is a
/// fact, and no riddle.
pub const NO_NEEDRESTART: &str = "needrestart is not installed";

/// What the register says of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostDeclared {
    /// The ssh destination; `None` is this machine.
    pub ssh: Option<Shown>,
    pub role: Option<Shown>,
    /// Names of its Drupal sites.
    pub sites: Vec<Shown>,
    /// Where it may answer, its own or its role's; `None` where the register does not say.
    #[serde(default)]
    pub ports: Option<Vec<DeclaredPort>>,
    /// Packages that belong to its role, shared by its servers; `None` where nobody wrote them down.
    #[serde(default)]
    pub packages: Option<Arc<[Shown]>>,
}

/// One probe of a server. Each part can be unreadable on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSeen {
    pub release: Read<Release>,
    pub kernel: Read<Kernel>,
    pub pending: Read<Vec<Pending>>,
    /// When the package lists were last new: the newest list's time on the server, which apt sets to when the repository
    /// last changed it; so never later than the last fetch.
    pub lists_at: Read<Timestamp>,
    pub reboot: Read<Reboot>,
    pub unattended: Read<Unattended>,
    /// Packages that dpkg holds half installed, unpacked, or with pending triggers (`dpkg --audit`'s states), each with
    /// that state behind its name.
    pub half_configured: Read<Vec<Shown>>,
    pub held: Read<Vec<Shown>>,
    /// When it was observed; while nothing else changes, it is not observed again.
    pub uptime_seconds: Read<u64>,
    /// The server's clock minus ours when its answer came in, in whole seconds towards zero.
    pub clock_skew_seconds: Read<i64>,
    #[serde(default = "unasked")]
    pub apt: Read<AptSeen>,
    /// Services that still run libraries which have been replaced.
    #[serde(default = "unasked")]
    pub outdated_services: Read<Vec<Shown>>,
}

/// Of what was seen before the probe asked for it.
fn unasked<T>() -> Read<T> {
    Read::unreadable("not asked for yet")
}

impl HostSeen {
    pub(super) fn sightings(&self) -> Vec<Shown> {
        let pending = self.pending.seen().into_iter().flatten().map(Pending::sighting);
        let reboot = self.reboot.seen().filter(|reboot| reboot.required()).map(|_| "reboot".into());
        pending.chain(reboot).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// `ID` of os-release: `debian`.
    pub id: Shown,
    pub version: Shown,
    pub codename: Shown,
    /// `PRETTY_NAME`.
    pub pretty: Shown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// `uname -r`.
    pub running: Shown,
    /// Newest installed image's release, in Debian's version order; `None` where no image is installed (containers).
    pub installed: Option<Shown>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub package: Shown,
    pub installed: Option<Shown>,
    pub candidate: Shown,
    /// True when any version after the installed one, up to the candidate, is offered by a security suite.
    pub security: bool,
    /// A pin keeps the candidate back: apt itself would not install it.
    #[serde(default)]
    pub pinned: bool,
    /// Where the candidate (or the security version) comes from, as apt names it: `Debian-Security:12/oldstable-security`.
    pub origin: Shown,
}

impl Pending {
    /// The name under which the store remembers since when it has been pending: the installed version stands in it, not
    /// the candidate, so that a newer candidate does not make an old omission young; and a security update is another
    /// thing than the update that it was before.
    pub fn sighting(&self) -> Shown {
        let kind = if self.security { "security update" } else { "update" };
        let installed = self.installed.as_ref().map_or("", Shown::as_str);
        format!("{kind} {} {installed}", self.package).into()
    }
}

/// What says that a reboot is needed. They can disagree; each is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reboot {
    /// `/run/reboot-required` exists; the packages named in `.pkgs`.
    pub flag: Option<Vec<Shown>>,
    /// A newer kernel is installed than runs.
    pub kernel: bool,
    /// needrestart's `NEEDRESTART-KSTA` is 2 or 3; `None` where it is not installed or says nothing.
    pub needrestart: Option<bool>,
}

impl Reboot {
    pub fn required(&self) -> bool {
        self.flag.is_some() || self.kernel || self.needrestart == Some(true)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unattended {
    pub installed: bool,
    /// `APT::Periodic::Unattended-Upgrade` is neither 0 nor absent, and the lists are updated periodically.
    pub enabled: bool,
    /// Whether its origins take updates from every security suite that is there; `None` where that can't be told.
    #[serde(default)]
    pub covers_security: Option<bool>,
    /// Why its origins can't be read.
    #[serde(default)]
    pub covers_doubt: Option<Fault>,
    /// The last run that its log tells of.
    pub last: Read<Option<UnattendedRun>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnattendedRun {
    pub at: Timestamp,
    pub failed: bool,
    /// The log's own words: "All upgrades installed", or the error that ended it.
    pub said: Shown,
    /// `PACKAGE: why`, of every package that was to be upgraded and was not.
    #[serde(default)]
    pub causes: Vec<Shown>,
    /// `PACKAGE is blacklisted`, of what was left alone.
    #[serde(default)]
    pub kept: Vec<Shown>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packages {
    pub packages: Vec<Package>,
}

/// One installed binary package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub name: Shown,
    pub version: Shown,
    pub source: Shown,
    pub source_version: Shown,
}

impl Package {
    /// The release of a package that holds a kernel image: `linux-image-6.1.0-49-amd64` is `6.1.0-49-amd64`. The packages
    /// that only point to the newest image have no number there, or (Proxmox) no `-pve`; debugging symbols are no image.
    pub fn kernel_release(&self) -> Option<&str> {
        let name = self.name.as_str();
        if let Some(release) = ["proxmox-kernel-", "pve-kernel-"].iter().find_map(|start| name.strip_prefix(start)) {
            let release = release.strip_suffix("-signed").unwrap_or(release);
            return release.ends_with("-pve").then_some(release);
        }
        let release = name.strip_prefix("linux-image-")?;
        let release = release.strip_prefix("unsigned-").unwrap_or(release);
        let image = release.starts_with(|first: char| first.is_ascii_digit())
            && !release.ends_with("-dbg")
            && !release.ends_with("-dbgsym");
        image.then(|| release.strip_suffix("-unsigned").unwrap_or(release))
    }
}
