//! A folder of snapshots, on this machine or on a server.
//!
//! Folders among the snapshots are listed in their turn: rsnapshot touches `alpha.0` also when a host failed, and only the
//! missing folder of that host tells; a snapshot's folder with nothing in it is no snapshot.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::names::parse_name;
use super::thin::thinned;
use crate::collect::tools::Tools;
use crate::collect::tools::shell::FolderEntry;
use crate::collect::{Answer, Ask, Asked, observed};
use crate::domain::facts::{Snapshot, Snapshots};
use crate::domain::register::Place;
use crate::domain::{Fact, Fault, Shown, Subject};

/// As many of the newest snapshots' folders are looked into; each is one more listing.
const LOOKED_INTO: usize = 40;
/// Listings at once; over ssh they share one connection.
const AT_ONCE: usize = 4;
/// Names kept of what a snapshot's folder contains.
const NAMES: usize = 64;

#[derive(Debug)]
struct DirectoryBackup {
    subject: Subject,
    place: Place,
}

pub fn source_of(subject: Subject, place: Place) -> Arc<dyn Ask> {
    Arc::new(DirectoryBackup { subject, place })
}

impl Ask for DirectoryBackup {
    fn ask<'a>(&'a self, tools: &'a Tools, _memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async move {
            // Guessing it could let a snapshot of yesterday afternoon pass for last night's.
            let zone = tools.zone.as_ref().ok_or_else(|| Fault::new("which timezone its names are in is not known"))?;
            let folder = parse_folder(&tools.shell.list_folder(&self.place).await?, zone);
            let named = look_into(folder.named, &self.place, tools).await;
            let list = snapshots_of(named, folder.unnamed);
            Ok(Answer::seen(vec![observed(self.subject.clone(), (tools.now)(), Fact::Snapshots(list))]))
        })
    }
}

/// What a listing tells.
#[derive(Debug)]
pub struct Folder {
    /// Newest first.
    pub named: Vec<Named>,
    /// Entries whose names fit nothing.
    pub unnamed: u32,
}

/// An entry whose name says when it was made.
#[derive(Debug)]
pub struct Named {
    name: String,
    at: Timestamp,
    before: Option<Shown>,
    folder: bool,
    /// What is in it, once it was looked into.
    inside: Option<Result<Vec<FolderEntry>, Fault>>,
}

impl Named {
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn looked_into(self, inside: Result<Vec<FolderEntry>, Fault>) -> Self {
        Self { inside: Some(inside), ..self }
    }
}

pub fn parse_folder(entries: &[FolderEntry], zone: &TimeZone) -> Folder {
    let mut folder = Folder { named: Vec::new(), unnamed: 0 };
    for entry in entries {
        // Hidden entries are a tool's own: rsnapshot's .sync, .zfs, lost work.
        if entry.name.starts_with(b".") {
            continue;
        }
        match named(entry, zone) {
            Some(named) => folder.named.push(named),
            None => folder.unnamed += 1,
        }
    }
    folder.named.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.name.cmp(&b.name)));
    folder
}

fn named(entry: &FolderEntry, zone: &TimeZone) -> Option<Named> {
    let name = std::str::from_utf8(&entry.name).ok()?;
    let (stamp, before) = parse_name(name, entry.folder)?;
    Some(Named {
        name: name.to_owned(),
        at: stamp.resolve(entry.modified, zone)?,
        before: before.map(Shown::line),
        folder: entry.folder,
        inside: None,
    })
}

async fn look_into(named: Vec<Named>, place: &Place, tools: &Tools) -> Vec<Named> {
    let looked = named.into_iter().enumerate().map(|(position, named)| async move {
        if !named.folder || position >= LOOKED_INTO {
            return named;
        }
        let path = format!("{}/{}", place.path.trim_end_matches('/'), named.name());
        let inside = tools.shell.list_folder(&Place { server: place.server.clone(), path }).await;
        named.looked_into(inside)
    });
    stream::iter(looked).buffered(AT_ONCE).collect().await
}

pub fn snapshots_of(named: Vec<Named>, unnamed: u32) -> Snapshots {
    let closed = named.iter().find_map(|named| match &named.inside {
        Some(Err(fault)) => Some(Shown::from(format!("{} could not be looked into: {fault}", named.name))),
        _ => None,
    });
    let snapshots = named.into_iter().map(snapshot_of).collect();
    Snapshots { snapshots: thinned(snapshots), degraded: closed, unnamed }
}

fn snapshot_of(named: Named) -> Snapshot {
    let inside = named.inside.and_then(Result::ok);
    let folders = inside.iter().flatten().filter(|entry| entry.folder && !entry.name.starts_with(b"."));
    Snapshot {
        id: Shown::line(&named.name),
        at: named.at,
        host: named.before,
        paths: folders.take(NAMES).map(|entry| Shown::bytes(&entry.name)).collect(),
        bytes: None,
        files: inside.as_ref().filter(|entries| entries.is_empty()).map(|_| 0),
    }
}
