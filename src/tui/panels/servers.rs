//! Servers: this machine and what ssh reaches.

use super::Panel;
use crate::domain::SubjectKind;

pub const PANEL: Panel = Panel {
    title: "Servers",
    measures: &[
        "security-updates",
        "site-updates",
        "firewall",
        "encrypted-communication",
        "restricted-access",
        "software-selection",
    ],
    kinds: &[SubjectKind::Host, SubjectKind::Site, SubjectKind::Device],
    empty: "No server is watched. Name one with [[server]].",
};
