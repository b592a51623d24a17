//! A mirror that rsync keeps, with a stamp file that the run writes last: one snapshot, as old as the stamp.
//!
//! The stamp's first line may be a time (RFC 3339, or seconds since 1970): written at the source and carried over with the
//! data, it tells when the data are of. The older of that and the file's own time counts, so that a mirror that runs every
//! night from a source that stopped does not look fresh.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kind::{Given, Kind, Listing, Lists, Planned};
use crate::collect::tools::Tools;
use crate::collect::tools::shell::FileRead;
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::register::Place;
use crate::domain::settings::Misfit;
use crate::domain::{Fault, Shown};

pub const KIND: Kind = Kind {
    word: "mirror",
    keys: || schemars::schema_for!(Keys),
    encryption: || Encryption::Plain("a plain folder".into()),
    plan,
};

/// A stamp holds a line; something larger is another file.
const CAP: usize = 64 << 10;

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// mirror: the stamp file that the run writes last: PATH, or SERVER:PATH.
    stamp: String,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let place = given.place("stamp", &keys.stamp)?;
    Ok(Planned::new(Mirror { place }, Duration::from_secs(40)))
}

struct Mirror {
    place: Place,
}

impl Lists for Mirror {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let file = tools.shell.read_file(&self.place, CAP).await?;
            let at = parse_stamp(&file)?;
            let name = self.place.path.rsplit('/').next().unwrap_or("stamp");
            Ok(Snapshots { snapshots: vec![Snapshot::new(name, at)], ..Snapshots::default() })
        })
    }
}

pub fn parse_stamp(file: &FileRead) -> Result<Timestamp, Fault> {
    let text = String::from_utf8_lossy(&file.bytes);
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Ok(file.modified);
    }
    let seconds = || line.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let said: Timestamp = line.parse().ok().or_else(seconds).ok_or_else(|| {
        Fault::new(format!("the stamp's first line is no time: {}", Shown::line(line).cut(60)))
            .mend("write `date -Is` into it, or leave it empty")
    })?;
    Ok(said.min(file.modified))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Result<String, Fault> {
        let modified = "2026-11-23T03:00:00Z".parse().unwrap();
        parse_stamp(&FileRead { bytes: text.into(), modified }).map(|at| at.to_string())
    }

    #[test]
    fn the_older_of_what_the_stamp_says_and_its_own_time_counts() {
        assert_eq!(stamp("").unwrap(), "2026-11-23T03:00:00Z");
        assert_eq!(stamp("2026-11-20T02:14:00+01:00\nrest").unwrap(), "2026-11-20T01:14:00Z");
        assert_eq!(stamp("1795142040\n").unwrap(), "2026-11-20T02:34:00Z");
        assert_eq!(stamp("2030-01-01T00:00:00Z").unwrap(), "2026-11-23T03:00:00Z", "a stamp is no promise");
    }

    #[test]
    fn a_stamp_that_says_something_else_is_a_fault() {
        for text in ["done", "gestern\n", "2026-11-20", "99999999999999999", "\u{1b}[2J"] {
            assert!(stamp(text).unwrap_err().mend.is_some(), "{text}");
        }
    }
}
