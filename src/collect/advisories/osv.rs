//! The Drupal security team's database: an archive of some hundred small records in OSV form, read as it comes. Nothing of
//! it is written anywhere.
//!
//! A record that cannot be read is named in the fact, so that who has its package is not told that all is well; many of
//! them are a damaged archive.

mod record;

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Kind, Parsed, archive};
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
    archive: true,
    noun: "advisories",
    least: 100,
    parse,
};

/// So many records may be unreadable, or one of [`PART`]; more is a damaged archive.
const UNREAD: usize = 10;
const PART: usize = 20;

fn parse(source: &mut dyn BufRead) -> Result<Parsed, Fault> {
    let mut database = Reading::default();
    archive::read(source, place, |place, bytes| {
        database.take(place, bytes);
        Ok(())
    })?;
    database.finished()
}

#[derive(Default)]
struct Reading {
    /// When each was changed last, and what it says; of two with the same id the newer.
    records: BTreeMap<Shown, (Timestamp, DrupalRecord)>,
    unread: Vec<UnreadRecord>,
}

impl Reading {
    fn take(&mut self, place: Place, bytes: Result<&[u8], Shown>) {
        match bytes.and_then(record::parse) {
            Ok((modified, record)) => self.keep(modified, record),
            Err(why) => self.unread.push(UnreadRecord { name: place.name, package: place.package, why }),
        }
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

#[cfg(test)]
mod tests;
