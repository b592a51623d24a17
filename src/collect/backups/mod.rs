//! The collector `backups`: which snapshots each `[[backup]]` of the register holds, as its repository itself tells.
//!
//! Each kind of repository has a file here. Nothing here knows what a slot means: that is policy's.

mod beside;
mod borg;
mod btrfs;
mod command;
mod directory;
pub mod drill;
mod entry;
mod hetzner;
mod kind;
mod mirror;
mod names;
mod proxmox;
mod restic;
mod scripted;
mod snapper;
mod thin;
mod troubles;
mod zfs;

use std::sync::Arc;

use super::{Collector, Source};
use crate::domain::facts::{BackupDeclared, Snapshots};
use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Declared, Fact, Fault, Period, Shown, SourceId, Subject, SubjectKind};
pub use beside::parse_beside;
use entry::{BackupEntry, Meant};
use kind::Listed;

pub const COLLECTOR: Collector =
    Collector { name: "backups", sections: &[Section { name: "backup", many: true, schema: entry::schema }], plan };

/// What the tool of a kind prints, read, as its source would; `None` for a kind that there is not. For fuzzing.
pub fn parse(kind: &str, said: &[u8]) -> Option<Result<Snapshots, Fault>> {
    kind::ALL.iter().find(|known| known.word == kind).map(|known| (known.parse)(said))
}

fn plan(entries: &[Entry], register: &Register, every: Period) -> Result<Vec<Source>, Vec<Misfit>> {
    let mut sources = Vec::new();
    let mut misfits = Vec::new();
    for entry in entries {
        match entry::read(entry, register) {
            Ok((backup, meant)) => sources.push(source(entry, &backup, meant, every)),
            Err(found) => misfits.extend(found),
        }
    }
    if misfits.is_empty() { Ok(sources) } else { Err(misfits) }
}

fn source(entry: &Entry, backup: &BackupEntry, meant: Meant, every: Period) -> Source {
    let subject = Subject::new(SubjectKind::Backup, backup.name.as_str());
    let mut of: Vec<Shown> = Vec::new();
    for server in &backup.of {
        if !of.iter().any(|name| *name == *server.as_str()) {
            of.push(server.as_str().into());
        }
    }
    let declared = Declared {
        subject: subject.clone(),
        fact: Fact::BackupDeclared(BackupDeclared {
            tool: meant.kind.word.into(),
            of,
            slots: backup.slots.clone(),
            offsite: backup.offsite,
            expect: backup.expect,
            encryption: (meant.kind.encryption)(),
        }),
        place: entry.place.clone(),
    };
    Source {
        id: SourceId::new(COLLECTOR.name, backup.name.as_str()),
        every: backup.every.unwrap_or(every),
        deadline: meant.planned.deadline,
        declared: vec![declared],
        ask: Arc::new(Listed { subject, lists: meant.planned.lists }),
    }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
