//! The table of rules. A new rule is one file here and one line in [`ALL`].

mod admin_via_vpn;
mod advisories;
mod approved_services;
mod backup_off_site;
mod backup_on_site;
mod encrypted_communication;
mod restricted_access;
mod security_updates;

use super::Rule;

/// Every rule there is.
pub const ALL: &[Rule] = &[
    advisories::RULE,
    security_updates::RULE,
    encrypted_communication::RULE,
    admin_via_vpn::RULE,
    backup_on_site::RULE,
    backup_off_site::RULE,
    approved_services::RULE,
    restricted_access::RULE,
];
