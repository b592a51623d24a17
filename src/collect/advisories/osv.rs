//! The Drupal security team's database: an archive of some hundred small records in OSV form, read as it comes. Nothing of
//! it is written anywhere.
//!
//! A record that cannot be read is named in the fact, so that who has its package is not told that all is well; many of
//! them are a damaged archive.

mod record;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tar::{Archive, Entry, EntryType};

use super::{Kind, Parsed, json};
use crate::domain::facts::{DrupalDatabase, DrupalRecord, UnreadRecord};
use crate::domain::{Fact, Fault, Period, Shown};

pub(super) const KIND: Kind = Kind {
    key: "drupal_osv",
    url: "https://github.com/DrupalSecurityTeam/drupal-advisory-database/archive/refs/heads/main.tar.gz",
    // Without a configuration there are no sites that it could concern.
    built_in: false,
    every: Period::hours(3),
    cap: 64 << 20,
    total: Duration::from_secs(60),
    noun: "advisories",
    least: 100,
    parse,
};

/// Most entries of an archive, of whatever kind. The real one has some twelve hundred.
const ENTRIES: usize = 50_000;
/// Most bytes of one record. The longest real one has 6 kB.
const LONGEST: u64 = 256 << 10;
/// So many records may be unreadable, or one of [`PART`]; more is a damaged archive.
const UNREAD: usize = 10;
const PART: usize = 20;
/// The length of everything in such an archive is a multiple of this; two empty ones are its end.
const BLOCK: u64 = 512;

fn parse(source: &mut dyn BufRead) -> Result<Parsed, Fault> {
    json::not_a_page(source)?;
    if source.fill_buf().is_ok_and(|start| start.starts_with(b"PK")) {
        return Err(Fault::new("a zip archive, which is not read here").mend("name the same address with .tar.gz"));
    }
    let mut archive = Archive::new(Ending { source, zeros: 0 });
    let mut database = Reading::default();
    for (number, entry) in (1..).zip(archive.entries().map_err(|error| torn(&error, 0))?) {
        if number > ENTRIES {
            return Err(Fault::new(format!("more than {ENTRIES} entries: no archive of advisories")));
        }
        database.take(&mut entry.map_err(|error| torn(&error, number))?, number)?;
    }
    if archive.into_inner().zeros < BLOCK {
        return Err(Fault::new("the archive ends in the middle: its end mark is missing"));
    }
    database.finished()
}

fn torn(error: &io::Error, number: usize) -> Fault {
    let said = Shown::line(&error.to_string()).cut(120);
    Fault::new(format!("no whole tar archive, at its entry {number}: {said}"))
}

#[derive(Default)]
struct Reading {
    /// When each was changed last, and what it says; of two with the same id the newer.
    records: BTreeMap<Shown, (Timestamp, DrupalRecord)>,
    unread: Vec<UnreadRecord>,
}

impl Reading {
    /// Folders, links, devices and what else an archive may hold are no records.
    fn take<R: Read>(&mut self, entry: &mut Entry<'_, R>, number: usize) -> Result<(), Fault> {
        let path = entry.path_bytes();
        let Some(place) =
            place(&String::from_utf8_lossy(&path)).filter(|_| entry.header().entry_type() == EntryType::Regular)
        else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        entry.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| torn(&error, number))?;
        let read =
            if bytes.len() as u64 > LONGEST { Err("is longer than any record".into()) } else { record::parse(&bytes) };
        match read {
            Ok((modified, record)) => self.keep(modified, record),
            Err(why) => self.unread.push(UnreadRecord { name: place.name, package: place.package, why }),
        }
        Ok(())
    }

    fn keep(&mut self, modified: Timestamp, record: DrupalRecord) {
        let older = self.records.get(&record.id).is_none_or(|(known, _)| *known <= modified);
        if older {
            self.records.insert(record.id.clone(), (modified, record));
        }
    }

    fn finished(self) -> Result<Parsed, Fault> {
        let (count, unread) = (self.records.len(), self.unread.len());
        if let Some(first) = self.unread.first().filter(|_| unread > UNREAD.max((count + unread) / PART)) {
            let said =
                format!("{unread} of {} records cannot be read, first {}: {}", count + unread, first.name, first.why);
            return Err(Fault::new(said));
        }
        let newest = self.records.values().map(|(modified, _)| day(*modified)).max();
        let records = self.records.into_values().map(|(_, record)| record).collect();
        let fact = Fact::DrupalDatabase(Arc::new(DrupalDatabase { records, unread: self.unread, newest }));
        // One record of the future is that record's fault: the archive says no day of its own.
        Ok(Parsed { fact, count: count as u64, day: None })
    }
}

fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// Where a record lies in the archive.
struct Place {
    name: Shown,
    package: Option<Shown>,
}

/// Records are the JSON files below `advisories`, each in the folder of its project, and whatever is called `DRUPAL-….json`.
fn place(path: &str) -> Option<Place> {
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop()?;
    let below = parts.iter().rposition(|part| *part == "advisories");
    let json = file.strip_suffix(".json").is_some();
    if !json || below.is_none() && !file.starts_with("DRUPAL-") {
        return None;
    }
    let project = below.and_then(|at| parts.get(at + 1)).filter(|project| record::is_name(project));
    let name = below.map_or_else(|| file.to_owned(), |at| format!("{}/{file}", parts[at..].join("/")));
    let name = Shown::line(&name).cut(120);
    Some(Place { name, package: project.map(|project| format!("drupal/{project}").into()) })
}

/// Remembers how many zeros came last: an archive that was cut between two entries lacks its end mark, and nothing else.
struct Ending<'a> {
    source: &'a mut dyn BufRead,
    zeros: u64,
}

impl Read for Ending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let zeros = buffer[..count].iter().rev().take_while(|byte| **byte == 0).count();
        self.zeros = if zeros == count { self.zeros + zeros as u64 } else { zeros as u64 };
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
