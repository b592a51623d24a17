//! Debian's releases and how long each is supported: `debian.csv` of distro-info-data.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use super::lines::Lines;
use super::{Kind, Parsed};
use crate::domain::facts::{ReleaseSupport, Releases};
use crate::domain::{Fact, Fault, Period, Shown};

pub(super) const KIND: Kind = Kind {
    key: "debian_releases",
    url: "https://salsa.debian.org/debian/distro-info-data/-/raw/main/debian.csv",
    built_in: true,
    every: Period::hours(24),
    cap: 1 << 20,
    total: Duration::from_secs(30),
    archive: false,
    noun: "releases",
    least: 10,
    parse,
};

/// Where the columns stand that are read.
struct Columns {
    version: usize,
    series: usize,
    release: usize,
    eol: usize,
    lts: usize,
}

impl Columns {
    fn of(head: &str) -> Result<Self, String> {
        let at = |name: &str| {
            let found = head.split(',').position(|column| column.trim() == name);
            found.ok_or_else(|| format!("names no column `{name}`: {}", Shown::line(head).cut(80)))
        };
        let (version, series, release) = (at("version")?, at("series")?, at("release")?);
        Ok(Self { version, series, release, eol: at("eol")?, lts: at("eol-lts")? })
    }

    fn read(&self, line: &str) -> Result<(Shown, ReleaseSupport), String> {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        // Columns at the end are left out where they are empty.
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        let series = cell(self.series);
        if series.is_empty() || !series.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
            return Err(format!("names no release: {}", Shown::line(line).cut(80)));
        }
        let (released, ends) = (day(cell(self.release))?, day(cell(self.eol))?);
        let lts_ends = day(cell(self.lts))?;
        Ok((series.into(), ReleaseSupport { version: Shown::line(cell(self.version)), released, ends, lts_ends }))
    }
}

fn day(text: &str) -> Result<Option<Date>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("has `{}`, which is no day", Shown::line(text).cut(40)))
}

fn parse(source: &mut dyn BufRead) -> Result<Parsed, Fault> {
    let mut lines = Lines::new(source)?;
    let head = lines.next()?.map(|head| Columns::of(head.trim_start_matches('\u{feff}')));
    let columns = head.unwrap_or_else(|| Err("is missing".to_owned())).map_err(|said| lines.fault(&said))?;
    let mut releases = BTreeMap::new();
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            continue;
        }
        let read = columns.read(line);
        let (series, support) = read.map_err(|said| lines.fault(&said))?;
        releases.insert(series, support);
    }
    let count = releases.len() as u64;
    Ok(Parsed { fact: Fact::DebianReleases(Arc::new(Releases { releases })), count, day: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "version,codename,series,created,release,eol,eol-lts,eol-elts\n\
        11,Bullseye,bullseye,2019-07-06,2021-08-14,2024-08-14,2026-08-31,2031-06-30\n\
        12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30,2033-06-30\n\
        14,Forky,forky,2025-08-09\n,Sid,sid,1993-08-16\n";

    fn read(text: &str) -> Result<Releases, Fault> {
        parse(&mut text.as_bytes()).map(|parsed| match parsed.fact {
            Fact::DebianReleases(releases) => (*releases).clone(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn releases_have_their_ends() {
        let releases = read(LIST).unwrap().releases;
        let day = |text: &str| text.parse::<Date>().ok();
        let bookworm = &releases["bookworm"];
        assert_eq!((bookworm.version.as_str(), bookworm.released), ("12", day("2023-06-10")));
        assert_eq!((bookworm.ends, bookworm.lts_ends), (day("2026-07-11"), day("2028-06-30")));
        assert_eq!((releases["forky"].released, releases["sid"].version.as_str()), (None, ""));
        // Columns may stand in another order, and more of them.
        let other =
            read("series,eol-lts,x,eol,release,version\nbookworm,2028-06-30,,2026-07-11,2023-06-10,12\n").unwrap();
        assert_eq!(&other.releases["bookworm"], bookworm);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let said = |text: &str| read(text).unwrap_err().said.to_string();
        assert_eq!(said("series,release\n"), "line 1 names no column `version`: series,release");
        assert_eq!(said(&format!("{LIST}13,T,trixie,x,soon\n")), "line 6 has `soon`, which is no day");
        assert_eq!(said(&format!("{LIST}13\n")), "line 6 names no release: 13");
        assert_eq!(said(""), "line 1 is missing");
        assert_eq!(said("<html>"), "a web page instead of data");
    }

    #[test]
    fn the_real_list_is_read() {
        let path = "/usr/share/distro-info/debian.csv";
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("left out: {path} is not there");
            return;
        };
        let releases = read(&text).unwrap().releases;
        assert!(releases.len() >= 20 && releases["trixie"].ends.is_some(), "{releases:?}");
    }
}
