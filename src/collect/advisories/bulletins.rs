//! Debian's own lists of advisories, `data/DSA/list` and `data/DLA/list`: which vulnerabilities, and where they are fixed.

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use super::lines::Lines;
use super::{Kind, Parsed};
use crate::domain::facts::{Bulletin, BulletinFix, Bulletins};
use crate::domain::version::is_version;
use crate::domain::{Fact, Fault, Period, Shown};

pub(super) const DSA: Kind = Kind {
    key: "debian_dsa",
    url: "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DSA/list",
    built_in: true,
    every: Period::hours(1),
    cap: 16 << 20,
    total: Duration::from_secs(30),
    archive: false,
    noun: "advisories",
    least: 100,
    parse,
};

pub(super) const DLA: Kind = Kind {
    key: "debian_dla",
    url: "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DLA/list",
    ..DSA
};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn parse(source: &mut dyn BufRead) -> Result<Parsed, Fault> {
    let mut lines = Lines::new(source)?;
    let mut bulletins: Vec<Bulletin> = Vec::new();
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            continue;
        }
        let taken = if line.starts_with('[') {
            head(line).map(|bulletin| bulletins.push(bulletin))
        } else {
            bulletins.last_mut().and_then(|bulletin| detail(line.trim(), bulletin))
        };
        if taken.is_none() {
            let said = format!("is no part of such a list: {}", Shown::line(line).cut(80));
            return Err(lines.fault(&said));
        }
        if !lines.is_whole() {
            return Err(lines.fault("has no end: the list broke off there"));
        }
    }
    let (count, day) = (bulletins.len() as u64, bulletins.iter().filter_map(|bulletin| bulletin.date).max());
    Ok(Parsed { fact: Fact::Bulletins(Arc::new(Bulletins { bulletins })), count, day })
}

/// `[29 Mar 2023] DSA-5380-1 xorg-server - security update`.
fn head(line: &str) -> Option<Bulletin> {
    let (date, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (id, title) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    let named = id.split_once('-').is_some_and(|(kind, number)| {
        kind.bytes().all(|byte| byte.is_ascii_uppercase()) && number.starts_with(|c: char| c.is_ascii_digit())
    });
    named.then(|| Bulletin {
        id: Shown::line(id),
        date: day(date),
        title: Shown::line(title.trim()),
        cves: Vec::new(),
        fixed: Vec::new(),
        withdrawn: None,
    })
}

fn day(text: &str) -> Option<Date> {
    let mut parts = text.split_whitespace();
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = i8::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    Date::new(year.parse().ok()?, month, day.parse().ok()?).ok()
}

/// A line below a head: `{CVE-… CVE-…}`, `[bullseye] - xorg-server 2:1.20.11-1+deb11u6`, or a note.
fn detail(line: &str, bulletin: &mut Bulletin) -> Option<()> {
    if let Some(ids) = line.strip_prefix('{') {
        let ids = ids.strip_suffix('}')?.split_whitespace().filter(|id| bulletin.id != **id);
        bulletin.cves.extend(ids.map(Shown::line));
        return Some(());
    }
    if line == "REJECTED" || line.starts_with("NOTE:") || line.starts_with("TODO:") {
        if let Some(said) = withdrawn(line) {
            bulletin.withdrawn = Some(said);
        }
        return Some(());
    }
    let (release, rest) = line.strip_prefix('[')?.split_once(']')?;
    let mut words = rest.trim_start().strip_prefix("- ")?.split_whitespace();
    let (source, fix) = (words.next()?, words.next()?);
    let fix = match fix {
        "<not-affected>" => BulletinFix::NotAffected,
        "<unfixed>" => BulletinFix::Unfixed,
        "<end-of-life>" => BulletinFix::EndOfLife,
        version if is_version(version) => BulletinFix::In(Shown::line(version)),
        _ => return None,
    };
    bulletin.fixed.push((Shown::line(release), Shown::line(source), fix));
    Some(())
}

/// What a line says of the whole advisory, if that: `REJECTED`, `NOTE: withdrawn, no update was needed`.
fn withdrawn(line: &str) -> Option<Shown> {
    let said = line.strip_prefix("NOTE:").unwrap_or(line).trim();
    let word = said.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_lowercase();
    let is = ["withdrawn", "rejected", "retracted", "revoked"].contains(&word.as_str());
    is.then(|| Shown::line(said).cut(120))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "[29 Mar 2023] DSA-5380-1 xorg-server - security update\n\t{CVE-2023-1393 DSA-5380-1}\n\
        \t[bullseye] - xorg-server  2:1.20.11-1+deb11u6\n\t[buster] - xorg-server <not-affected>\n\
        [18 Apr 2018] DSA-4205-1 jessie end-of-life\n\tNOTE: end of security support for jessie\n\
        [01 Aug 2002] DSA-141 mpack - buffer overflow\n\t[woody] - mpack <end-of-life> (old)\n\t[potato] - mpack <unfixed>\n";

    fn read(text: &[u8]) -> Result<Vec<Bulletin>, Fault> {
        let mut text = text;
        parse(&mut text).map(|parsed| match parsed.fact {
            Fact::Bulletins(bulletins) => bulletins.bulletins.clone(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_bulletin_ties_its_vulnerabilities_to_fixed_versions() {
        let bulletins = read(LIST.as_bytes()).unwrap();
        let first = &bulletins[0];
        assert_eq!((first.id.as_str(), first.title.as_str()), ("DSA-5380-1", "xorg-server - security update"));
        assert_eq!(first.date, Some("2023-03-29".parse().unwrap()));
        assert_eq!(first.cves, ["CVE-2023-1393"], "a bulletin that names itself is not its own alias");
        assert_eq!(first.fixed[0].2, BulletinFix::In("2:1.20.11-1+deb11u6".into()));
        assert_eq!(first.fixed[1].2, BulletinFix::NotAffected);
        assert!(bulletins[1].fixed.is_empty() && bulletins[1].cves.is_empty());
        let fixes = bulletins[2].fixed.iter().map(|(_, _, fix)| fix.clone()).collect::<Vec<_>>();
        assert_eq!((bulletins[2].id.as_str(), fixes), ("DSA-141", vec![BulletinFix::EndOfLife, BulletinFix::Unfixed]));
    }

    #[test]
    fn a_bulletin_that_was_withdrawn_says_so() {
        let said = |line: &str| {
            let bulletins = read(format!("{LIST}[1 Jan 2026] DSA-6000-1 xen - x\n\t{line}\n").as_bytes()).unwrap();
            assert!(bulletins[..3].iter().all(|one| one.withdrawn.is_none()));
            bulletins[3].withdrawn.as_ref().map(ToString::to_string)
        };
        assert_eq!(said("REJECTED").as_deref(), Some("REJECTED"));
        assert_eq!(said("NOTE: Withdrawn, no update was needed").as_deref(), Some("Withdrawn, no update was needed"));
        assert_eq!(said("NOTE: not withdrawn"), None);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let said = |line: &str| read(format!("{LIST}{line}\n").as_bytes()).unwrap_err().said.to_string();
        for line in
            ["\t[bullseye] - xen one_two", "\t{CVE-2026-1", "\t[bullseye] xen 1.0", "[1 Jan 2026] xen", "\thello"]
        {
            assert!(said(line).starts_with("line 10 is no part of such a list: "), "{line}: {}", said(line));
        }
        assert!(read(b"\t{CVE-2026-1}\n").is_err(), "details of nothing");
        let cut = &LIST[..LIST.find("+deb11u6").unwrap()];
        assert_eq!(read(cut.as_bytes()).unwrap_err().said, "line 3 has no end: the list broke off there");
        assert_eq!(read(b"<html>").unwrap_err().said, "a web page instead of data");
    }

    #[test]
    fn the_real_lists_are_read_to_their_ends() {
        for (name, heads) in [("DSA-list-2023-04", 5_406), ("DLA-list-2023-04", 3_534)] {
            let path = format!("../shared/data/debian-tracker/{name}");
            let Ok(bytes) = std::fs::read(&path) else {
                eprintln!("left out: {path} is not there");
                continue;
            };
            let bulletins = read(&bytes).unwrap();
            assert_eq!(bulletins.len(), heads, "{name}");
            assert!(bulletins.iter().all(|bulletin| bulletin.date.is_some()), "{name}");
        }
    }
}
