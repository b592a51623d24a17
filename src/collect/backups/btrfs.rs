//! Snapshots of a btrfs file system: `btrfs subvolume list -s`, which wants root.
//!
//! A snapshot that was received with `btrfs receive` is as old as its arrival; the date in its name tells when the data
//! are of, so the older of both counts.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kind::{Given, Kind, Listing, Lists, Planned};
use super::names::not_newer_than_named;
use super::scripted::{self, DEADLINE, Line, words};
use crate::collect::tools::Tools;
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::register::Place;
use crate::domain::settings::Misfit;
use crate::domain::{Fault, Shown};

pub const KIND: Kind = Kind {
    word: "btrfs",
    keys: || schemars::schema_for!(Keys),
    encryption: || Encryption::Plain("a btrfs file system".into()),
    plan,
};

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// btrfs: where the file system is mounted: PATH, or SERVER:PATH.
    path: String,
    /// btrfs: only snapshots whose path begins so, as in "@snapshots/root.".
    #[serde(default)]
    prefix: String,
    /// btrfs, snapper, zfs: run the tool as root through sudo, which must not ask for a password.
    #[serde(default)]
    sudo: bool,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let place = given.place("path", &keys.path)?;
    Ok(Planned::new(Btrfs { place, prefix: keys.prefix, sudo: keys.sudo }, DEADLINE))
}

struct Btrfs {
    place: Place,
    prefix: String,
    sudo: bool,
}

impl Lists for Btrfs {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let script = words(self.sudo, &["btrfs", "subvolume", "list", "-s", &self.place.path]);
            let said = scripted::ask(tools, &self.place.server, &Line { program: "btrfs", script }).await?;
            parse_subvolumes(&said, &self.prefix, tools.zone.as_ref().unwrap_or(&TimeZone::UTC))
        })
    }
}

/// Lines such as `ID 258 gen 8 cgen 8 top level 5 otime 2026-11-23 19:40:33 path @snapshots/root.2026-11-09`, in UTC.
pub fn parse_subvolumes(said: &[u8], prefix: &str, zone: &TimeZone) -> Result<Snapshots, Fault> {
    let text = String::from_utf8_lossy(said);
    let mut list = Snapshots::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (path, at) = parse_line(line).ok_or_else(|| {
            Fault::new(format!("btrfs's list can't be read: {}", Shown::line(line).cut(80)))
                .mend("run `btrfs subvolume list -s` by hand")
        })?;
        if !path.starts_with(prefix) {
            continue;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let at = not_newer_than_named(at, name, zone);
        list.snapshots.push(Snapshot { paths: vec![Shown::line(path)], ..Snapshot::new(path, at) });
    }
    Ok(list)
}

fn parse_line(line: &str) -> Option<(&str, Timestamp)> {
    // The path is last, and may hold anything.
    let (before, path) = line.split_once(" path ")?;
    let (_, otime) = before.split_once(" otime ")?;
    let at: DateTime = otime.get(..19)?.parse().ok()?;
    Some((path, TimeZone::UTC.to_timestamp(at).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "ID 258 gen 8 cgen 8 top level 5 otime 2026-11-23 19:40:33 path @snapshots/root.2026-11-09T03:00\n\
        ID 260 gen 10 cgen 10 top level 5 otime 2026-11-23 03:00:07 path @snapshots/root.2026-11-23T03:00\n\
        ID 262 gen 12 cgen 12 top level 5 otime 2026-11-23 19:40:37 parent_uuid f1 uuid dc path @snapshots/var before path b\n";

    fn made(said: &str, prefix: &str) -> Vec<(String, String)> {
        let list = parse_subvolumes(said.as_bytes(), prefix, &TimeZone::UTC).unwrap();
        list.snapshots.iter().map(|snapshot| (snapshot.id.to_string(), snapshot.at.to_string())).collect()
    }

    #[test]
    fn a_snapshot_that_arrived_later_is_as_old_as_its_name_says() {
        assert_eq!(
            made(LIST, ""),
            [
                ("@snapshots/root.2026-11-09T03:00".into(), "2026-11-09T03:00:00Z".into()),
                ("@snapshots/root.2026-11-23T03:00".into(), "2026-11-23T03:00:07Z".into()),
                ("@snapshots/var before path b".into(), "2026-11-23T19:40:37Z".into()),
            ]
        );
        assert_eq!(made(LIST, "@snapshots/var").len(), 1);
        assert_eq!(made("", ""), []);
    }

    #[test]
    fn what_is_no_list_is_a_fault() {
        for said in ["nonsense", "ID 258 otime yesterday path x", "ID 258 gen 8 path x", "ID 1 otime 2026-11-23 path x"]
        {
            assert!(parse_subvolumes(said.as_bytes(), "", &TimeZone::UTC).is_err(), "{said}");
        }
    }

    #[test]
    fn the_real_list_is_read() {
        let Some(said) = super::super::tests::real("btrfs/subvolume-list-s.txt") else { return };
        assert_eq!(made(&said, "").len(), 5);
    }
}
