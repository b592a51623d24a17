//! Services: the approved list, its agreements and certificates.

use super::Panel;
use crate::domain::SubjectKind;
use crate::tui::pivot::Pivot;

pub const PANEL: Panel = Panel {
    title: "Services",
    measures: &["approved-services", "encrypted-communication"],
    kinds: &[SubjectKind::Service, SubjectKind::Organisation, SubjectKind::Person],
    pivots: &[Pivot::Saying],
    empty: "No service is watched. Name one with [[service]].",
};
