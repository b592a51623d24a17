//! The certificates behind a VPN.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Read, Shown};

/// One look at an easy-rsa folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnPki {
    pub authority: Read<PkiCertificate>,
    /// Those that may be a server's; `index.txt` alone does not tell.
    pub servers: Read<Vec<PkiCertificate>>,
    /// All that were ever issued, as `index.txt` has them.
    pub issued: Read<Vec<PkiCertificate>>,
    /// `None`: there is none.
    pub revocations: Read<Option<RevocationList>>,
    /// `gate:/etc/openvpn/easy-rsa/pki`.
    #[serde(default)]
    pub told_by: Shown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PkiCertificate {
    pub common_name: Shown,
    /// In hexadecimal, without leading zeros.
    pub serial: Shown,
    pub not_after: Timestamp,
    pub revoked: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationList {
    pub updated: Timestamp,
    /// From then on OpenVPN lets nobody in. `None`: it never ends.
    pub next_update: Option<Timestamp>,
    pub serials: Vec<Shown>,
}

impl VpnPki {
    /// Every certificate of that name, and whether it is revoked by `index.txt` or the list.
    pub fn of<'a>(&'a self, common_name: &'a Shown) -> impl Iterator<Item = &'a PkiCertificate> {
        self.issued.seen().into_iter().flatten().filter(move |certificate| certificate.common_name == *common_name)
    }
}
