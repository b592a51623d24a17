//! Advisories: what Debian, Drupal and other feeds published, and whom it concerns.

use super::Panel;
use crate::domain::SubjectKind;

pub const PANEL: Panel = Panel {
    title: "Advisories",
    measures: &["advisories"],
    kinds: &[SubjectKind::Advisory, SubjectKind::Feed],
    empty: "No advisory concerns anything here. [[feed]] and [advisories] say what is followed.",
};
