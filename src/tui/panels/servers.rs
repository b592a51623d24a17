//! Servers: this machine and what ssh reaches.

use super::Panel;
use crate::domain::SubjectKind;
use crate::tui::pivot::Pivot;

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
    pivots: &[Pivot::Saying],
    empty: "No server is watched. Name one with [[server]].",
};
