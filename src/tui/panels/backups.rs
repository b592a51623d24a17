//! Backups: which slots are filled.

use super::Panel;
use crate::domain::SubjectKind;
use crate::tui::pivot::Pivot;

pub const PANEL: Panel = Panel {
    title: "Backups",
    measures: &["backup-on-site", "backup-off-site", "restore"],
    kinds: &[SubjectKind::Backup],
    pivots: &[Pivot::Saying],
    empty: "No backup is watched. Name one with [[backup]].",
};
