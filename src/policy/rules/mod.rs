//! The table of rules. A new rule is one file here and one line in [`ALL`].

mod admin_via_vpn;
mod advisories;
mod approved_services;
mod backup_off_site;
mod backup_on_site;
mod encrypted_communication;
mod firewall;
mod restore;
mod restricted_access;
mod security_updates;
mod site_updates;
mod software_selection;
mod ssh_only_via_vpn;

use super::Rule;
pub use software_selection::is_kernel;

/// Every rule there is.
pub const ALL: &[Rule] = &[
    advisories::RULE,
    security_updates::RULE,
    site_updates::RULE,
    firewall::RULE,
    encrypted_communication::RULE,
    admin_via_vpn::RULE,
    ssh_only_via_vpn::RULE,
    backup_on_site::RULE,
    backup_off_site::RULE,
    restore::RULE,
    approved_services::RULE,
    restricted_access::RULE,
    software_selection::RULE,
];
