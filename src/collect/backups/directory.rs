//! A folder of snapshots, on this machine or on a server.
//!
//! Folders among the snapshots are listed in their turn: rsnapshot touches `alpha.0` also when a host failed, and only the
//! missing folder of that host tells; a snapshot's folder with nothing in it is no snapshot, nor is a file of no bytes.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kind::{Given, Kind, Listing, Lists, Planned};
use super::names::{Stamp, is_beside, parse_name, undated};
use crate::collect::tools::Tools;
use crate::collect::tools::shell::FolderEntry;
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::register::Place;
use crate::domain::settings::Misfit;
use crate::domain::{Fault, Shown};

pub const KIND: Kind = Kind {
    word: "directory",
    keys: || schemars::schema_for!(Keys),
    encryption: || Encryption::Plain("a plain folder".into()),
    plan,
    parse: |said| Ok(parse_listing(said)),
};

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// directory: the folder of the snapshots: PATH, or SERVER:PATH.
    path: String,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let place = given.place("path", &keys.path)?;
    Ok(Planned::new(DirectoryBackup { place }, Duration::from_secs(60)))
}

/// As many of the newest snapshots' folders are looked into; each is one more listing.
const LOOKED_INTO: usize = 40;
/// Listings at once; over ssh they share one connection.
const AT_ONCE: usize = 4;
/// Names kept of what a snapshot's folder contains.
const NAMES: usize = 64;

#[derive(Debug)]
struct DirectoryBackup {
    place: Place,
}

impl Lists for DirectoryBackup {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            // Guessing it could let a snapshot of yesterday afternoon pass for last night's.
            let zone = tools.zone.as_ref().ok_or_else(|| Fault::new("which timezone its names are in is not known"))?;
            let folder = parse_folder(&tools.shell.list_folder(&self.place).await?, zone);
            let named = look_into(folder.named, &self.place, tools).await;
            Ok(snapshots_of(named, folder.unnamed))
        })
    }
}

/// A listing as one name a line, every other a folder.
fn parse_listing(said: &[u8]) -> Snapshots {
    let names = said.split(|byte| *byte == b'\n').filter(|name| !name.is_empty()).enumerate();
    let entry = |(index, name): (usize, &[u8])| FolderEntry {
        name: name.to_vec(),
        folder: index % 2 == 0,
        bytes: (index % 2 == 1).then_some(1),
        modified: Timestamp::UNIX_EPOCH,
    };
    let folder = parse_folder(&names.map(entry).collect::<Vec<_>>(), &TimeZone::UTC);
    snapshots_of(folder.named, folder.unnamed)
}

/// What a listing tells.
#[derive(Debug)]
pub struct Folder {
    /// Newest first.
    pub named: Vec<Named>,
    /// Entries whose names fit nothing, or are those of no finished snapshot.
    pub unnamed: u32,
}

/// An entry whose name says when it was made.
#[derive(Debug)]
pub struct Named {
    name: String,
    at: Timestamp,
    /// Whether its time is all that tells when it was made.
    rotated: bool,
    before: Option<Shown>,
    folder: bool,
    bytes: Option<u64>,
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
    let (stamp, before) = parse_name(name, entry.folder).filter(|_| !is_beside(name))?;
    Some(Named {
        name: name.to_owned(),
        at: stamp.resolve(entry.modified, zone)?,
        rotated: stamp == Stamp::Rotated,
        before: before.map(Shown::line),
        folder: entry.folder,
        bytes: entry.bytes,
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
    let degraded = copied(&named).or(closed);
    let snapshots = named.into_iter().map(snapshot_of).collect();
    Snapshots { snapshots, degraded, unnamed, ..Snapshots::default() }
}

/// Folders that say nothing but their own time, and all say the same: whoever copied them here without their times made
/// them look as fresh as the copy.
fn copied(named: &[Named]) -> Option<Shown> {
    let rotated: Vec<&Named> = named.iter().filter(|named| named.rotated).collect();
    let (first, last) = (rotated.first()?, rotated.last()?);
    (rotated.len() > 2 && first.at == last.at)
        .then(|| format!("{} to {} all carry the same time: copied without their times", first.name, last.name).into())
}

fn snapshot_of(named: Named) -> Snapshot {
    let inside = named.inside.and_then(Result::ok);
    let folders = inside.iter().flatten().filter(|entry| entry.folder && !entry.name.starts_with(b"."));
    let mut paths: Vec<Shown> = folders.take(NAMES).map(|entry| Shown::bytes(&entry.name)).collect();
    // Dumps of different things lie in the same folder: what a name says beside its date tells them apart.
    if paths.is_empty() && !named.rotated {
        paths.extend(undated(&named.name).map(|name| Shown::line(&name)));
    }
    Snapshot {
        host: named.before,
        paths,
        // A folder of nothing but files is as large as they are; of others only the first level is known.
        bytes: named
            .bytes
            .or_else(|| inside.as_ref()?.iter().try_fold(0_u64, |sum, entry| Some(sum.saturating_add(entry.bytes?)))),
        files: inside.as_ref().filter(|entries| entries.is_empty()).map(|_| 0),
        ..Snapshot::new(Shown::line(&named.name), named.at)
    }
}
