//! What the evidence holds of each `[[backup]]`.

use jiff::Timestamp;

use super::{SLACK, Standing, alive, standing};
use crate::domain::facts::{BackupDeclared, Slot, Snapshot, Snapshots};
use crate::domain::{Declared, Fact, Observation, SourceRecord};
use crate::policy::Case;

/// One `[[backup]]`, with its source.
pub struct Backup<'a> {
    pub source: &'a SourceRecord,
    pub declared: &'a Declared,
    pub says: &'a BackupDeclared,
}

pub fn declared<'a>(case: &Case<'a>) -> impl Iterator<Item = Backup<'a>> {
    case.evidence.sources.iter().flat_map(|source| {
        source.declared.iter().filter_map(move |declared| match &declared.fact {
            Fact::BackupDeclared(says) => Some(Backup { source, declared, says }),
            _ => None,
        })
    })
}

pub fn snapshots_in(seen: &[Observation]) -> Option<&Snapshots> {
    seen.iter().find_map(|observation| match &observation.fact {
        Fact::Snapshots(list) => Some(list),
        _ => None,
    })
}

/// A server's snapshots, sorted by what they are worth.
pub struct Seen<'a> {
    pub list: &'a Snapshots,
    /// Those that count, newest first.
    pub counted: Vec<&'a Snapshot>,
    pub future: Vec<&'a Snapshot>,
    pub empty: usize,
}

impl<'a> Seen<'a> {
    pub fn new(now: Timestamp, list: &'a Snapshots, these: &[&'a Snapshot]) -> Self {
        let latest = now + SLACK;
        let (mut future, mut counted, mut empty) = (Vec::new(), Vec::with_capacity(these.len()), 0);
        for snapshot in these {
            if snapshot.at > latest {
                future.push(*snapshot);
            } else if snapshot.files == Some(0) || snapshot.bytes == Some(0) {
                empty += 1;
            } else {
                counted.push(*snapshot);
            }
        }
        // Sorted by everything that is shown, so that the order of the list never matters.
        counted.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
        future.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
        Self { list, counted, future, empty }
    }
}

/// A run that is under way may still fill last night's slot, as long as the backup was alive the night before: a lock that
/// somebody left does not.
pub fn stands(case: &Case<'_>, slot: Slot, made: &[Timestamp], list: &Snapshots) -> Standing {
    match standing(slot, made, case.now, case.zone) {
        Standing::Missing if slot == Slot::LastNight && list.running.is_some() && alive(made, case.now, case.zone) => {
            Standing::Running
        }
        other => other,
    }
}
