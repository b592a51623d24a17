//! VPN: gates, and who is connected.

use super::Panel;
use crate::domain::SubjectKind;
use crate::tui::pivot::Pivot;

pub const PANEL: Panel = Panel {
    title: "VPN",
    measures: &["admin-via-vpn"],
    kinds: &[SubjectKind::Vpn, SubjectKind::Peer],
    pivots: &[Pivot::Saying],
    empty: "No VPN is watched. Name one with [[vpn]], and its peers with [[peer]].",
};
