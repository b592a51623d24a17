//! The lists of debian-security-support: packages whose support ends before their release's, or is for some uses only.
//!
//! Up to bookworm they are `security-support-ended.deb12` and one `security-support-limited`; since trixie
//! `security-support.deb13` says both. All are read out of one archive.

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use super::{Kind, Parsed, archive};
use crate::domain::facts::{Support, SupportEnded, SupportLimited};
use crate::domain::version::is_version;
use crate::domain::{Fact, Fault, Period, Shown};

pub(super) const KIND: Kind = Kind {
    key: "debian_support",
    url: "https://salsa.debian.org/debian/debian-security-support/-/archive/master/debian-security-support-master.tar.gz",
    built_in: true,
    every: Period::hours(24),
    cap: 64 << 20,
    total: Duration::from_secs(60),
    archive: true,
    noun: "packages",
    least: 20,
    parse,
};

/// One of the files, with the release that it is of.
#[derive(Debug, PartialEq)]
enum List {
    Both(Shown),
    Ended(Shown),
    /// Of every release.
    Limited,
}

impl List {
    fn named(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let release = |text: &str| {
            let number = !text.is_empty() && text.len() < 4 && text.bytes().all(|byte| byte.is_ascii_digit());
            number.then(|| Shown::line(text))
        };
        if let Some(text) = name.strip_prefix("security-support.deb") {
            return release(text).map(Self::Both);
        }
        if let Some(text) = name.strip_prefix("security-support-ended.deb") {
            return release(text).map(Self::Ended);
        }
        (name == "security-support-limited").then_some(Self::Limited)
    }
}

fn parse(source: &mut dyn BufRead) -> Result<Parsed, Fault> {
    let mut support = Support::default();
    let named = |path: &str| Some((Shown::line(path.rsplit('/').next()?), List::named(path)?));
    archive::read(source, named, |(name, list), bytes| {
        let read = bytes.and_then(|bytes| std::str::from_utf8(bytes).map_err(|_| "is no text in UTF-8".into()));
        let text = read.map_err(|why| Fault::new(format!("{name} {why}")))?;
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = || Fault::new(format!("{name}, line {number} is no entry: {}", Shown::line(line).cut(80)));
            if !line.trim().is_empty() && !line.starts_with('#') {
                entry(&list, line, &mut support).ok_or_else(wrong)?;
            }
        }
        if let List::Both(release) | List::Ended(release) = list {
            support.releases.push(release);
        }
        Ok(())
    })?;
    support.releases.sort();
    support.releases.dedup();
    let count = (support.ended.len() + support.limited.len()) as u64;
    Ok(Parsed { fact: Fact::DebianSupport(Arc::new(support)), count, day: None })
}

/// The first word, and what stands behind the space after it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace).map_or((text, ""), |(first, rest)| (first, rest.trim()))
}

fn entry(list: &List, line: &str, support: &mut Support) -> Option<()> {
    let (source, rest) = word(line);
    if !source.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._*".contains(&byte)) {
        return None;
    }
    let source = Shown::line(source);
    match list {
        List::Limited => support.limited.push(SupportLimited { release: None, source, why: Shown::line(rest) }),
        List::Ended(release) => support.ended.push(ended(release, source, rest)?),
        List::Both(release) => match word(rest) {
            ("non-supported", rest) => support.ended.push(ended(release, source, rest)?),
            ("limited", why) => {
                support.limited.push(SupportLimited { release: Some(release.clone()), source, why: Shown::line(why) });
            }
            ("supported", _) => support.kept.push((release.clone(), source)),
            _ => return None,
        },
    }
    Some(())
}

/// `4.7.3-2  2025-10-01  No security support upstream`.
fn ended(release: &Shown, source: Shown, text: &str) -> Option<SupportEnded> {
    let (version, rest) = word(text);
    let (date, why) = word(rest);
    let last_version = is_version(version).then(|| Shown::line(version))?;
    let ended = Some(date.parse().ok()?);
    Some(SupportEnded { release: release.clone(), source, last_version, ended, why: Shown::line(why) })
}

#[cfg(test)]
mod tests;
