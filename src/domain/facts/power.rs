//! Who has power on a server: accounts, groups, sudo's rules, keys that open an account.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Read;
use crate::domain::Shown;

/// Members of these are root, or can make themselves so: by sudo, by a container that mounts the disk, by the disk itself,
/// by the hashes of all passwords.
pub const MIGHTY_GROUPS: &[&str] =
    &["root", "sudo", "admin", "wheel", "docker", "lxd", "incus-admin", "libvirt", "disk", "shadow"];

/// Each part can be unreadable on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPower {
    /// Those that somebody can log in with, and those that are uid 0.
    pub accounts: Read<Vec<Account>>,
    /// Groups that have members, those that sudo names, and [`MIGHTY_GROUPS`].
    pub groups: Read<Vec<Group>>,
    pub sudoers: Read<Vec<SudoRule>>,
    pub keys: Read<KeysSeen>,
    pub logins: Read<Vec<Login>>,
    /// Who had a terminal at that moment, from another machine. `None`: it has no `last`, which a Debian need not have.
    #[serde(default = "not_asked")]
    pub remote_logins: Read<Option<Vec<RemoteLogin>>>,
    /// Fingerprint of the key that we ourselves asked with, where the register names one.
    pub own_key: Option<Shown>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub name: Shown,
    pub uid: u32,
    pub gid: u32,
    pub home: Shown,
    pub shell: Shown,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    pub name: Shown,
    pub gid: u32,
    pub members: Vec<Shown>,
}

impl Group {
    /// Whether who a rule of sudoers is about is this group: `%sudo`, `%#27`.
    pub fn is_named_by(&self, who: &Shown) -> bool {
        let Some(name) = who.as_str().strip_prefix('%') else { return false };
        match name.strip_prefix('#') {
            Some(gid) => gid.parse() == Ok(self.gid),
            None => name == self.name.as_str(),
        }
    }
}

/// Whom a rule of sudoers allows what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SudoRule {
    /// `anna`, `%sudo`, `ALL`, `#1000`.
    pub who: Shown,
    /// Every command as root, or one that opens the way to every one: a shell.
    pub all: bool,
    /// The commands, where it is not every one; `(www-data) ALL` as somebody who has no power.
    pub commands: Vec<Shown>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysSeen {
    pub keys: Vec<AuthorizedKey>,
    /// Homes and files that could not be looked into: forbidden, behind a link, or too deep for sudo's rules. What sshd is
    /// told of other places, as its configuration has it: `AuthorizedKeysFile /etc/ssh/keys/%u`.
    pub hidden: Vec<Shown>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AuthorizedKey {
    /// `SHA256:…`.
    pub fingerprint: Shown,
    /// The account that it opens, or its file where no account has that home.
    pub account: Shown,
    /// Whatever its owner wrote behind it: proves nothing.
    pub comment: Shown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    pub account: Shown,
    pub at: Timestamp,
}

/// A terminal over the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteLogin {
    pub account: Shown,
    pub from: IpAddr,
    pub began: Timestamp,
}

fn not_asked() -> Read<Option<Vec<RemoteLogin>>> {
    Read::unreadable("not asked yet")
}
