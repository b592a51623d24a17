//! Advisories: what Debian, Drupal and other feeds published, and whom it concerns.

use super::Panel;
use crate::domain::SubjectKind;
use crate::tui::pivot::Pivot;

pub const PANEL: Panel = Panel {
    title: "Advisories",
    measures: &["advisories"],
    kinds: &[SubjectKind::Advisory, SubjectKind::Feed],
    pivots: &[Pivot::Package, Pivot::Host, Pivot::Site],
    empty: "No advisory concerns anything here. [[feed]] and [advisories] say what is followed.",
};
