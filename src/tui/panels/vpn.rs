//! VPN: gates, and who is connected.

use super::Panel;
use crate::domain::SubjectKind;

pub const PANEL: Panel = Panel {
    title: "VPN",
    measures: &["admin-via-vpn"],
    kinds: &[SubjectKind::Vpn, SubjectKind::Peer],
    empty: "No VPN is watched. Name one with [[vpn]], and its peers with [[peer]].",
};
