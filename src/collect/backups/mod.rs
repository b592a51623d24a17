//! The collector `backups`: which snapshots each `[[backup]]` of the register holds, as its repository itself tells.
//!
//! restic and plain folders are read; the other kinds are accepted, and say that they are not read yet, so that their
//! servers are unknown rather than forgotten. Nothing here knows what a slot means: that is policy's.

mod directory;
mod entry;
mod names;
mod restic;
mod thin;

use std::sync::Arc;
use std::time::Duration;

use super::tools::Tools;
use super::{Ask, Asked, Collector, Source};
use crate::domain::facts::BackupDeclared;
use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Declared, Fact, Fault, Period, Shown, SourceId, Subject, SubjectKind};
use entry::{BackupEntry, Meant};

pub const COLLECTOR: Collector = Collector {
    name: "backups",
    sections: &[Section { name: "backup", many: true, schema: || schemars::schema_for!(BackupEntry) }],
    plan,
};

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
            tool: backup.kind.word().into(),
            of,
            slots: backup.slots.clone(),
            offsite: backup.offsite,
        }),
        place: entry.place.clone(),
    };
    let (ask, deadline): (Arc<dyn Ask>, _) = match meant {
        Meant::Restic { repository, password } => {
            (restic::source_of(subject, repository, password), super::tools::restic::DEADLINE + Duration::from_secs(30))
        }
        Meant::Directory(place) => (directory::source_of(subject, place), Duration::from_secs(60)),
        Meant::Unread => (Arc::new(Unread(backup.kind.word())), Duration::from_secs(5)),
    };
    Source {
        id: SourceId::new(COLLECTOR.name, backup.name.as_str()),
        every: backup.every.unwrap_or(every),
        deadline,
        declared: vec![declared],
        ask,
    }
}

/// A kind that the configuration knows and this version can't read.
struct Unread(&'static str);

impl Ask for Unread {
    fn ask<'a>(&'a self, _tools: &'a Tools, _memory: Option<&'a str>) -> Asked<'a> {
        let fault = Fault::new(format!("kind {} is not read by this version", self.0))
            .mend("only the kinds restic and directory are read so far: look at this one by hand");
        Box::pin(async move { Err(fault) })
    }
}

#[cfg(test)]
mod tests;
