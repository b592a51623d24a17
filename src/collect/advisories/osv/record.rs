//! One record in OSV form, as Drupal's security team writes it, into what matching needs.

use std::marker::PhantomData;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::collect::advisories::json;
use crate::domain::Shown;
use crate::domain::composer::{ComposerConstraint, ComposerVersion};
use crate::domain::facts::{DrupalAffected, DrupalRecord, VersionRange};

#[derive(Deserialize)]
struct Written {
    id: String,
    modified: String,
    published: Option<String>,
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    affected: Vec<Affected>,
}

#[derive(Deserialize)]
struct Affected {
    package: Package,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
    database_specific: Option<Specific>,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    events: Vec<Event>,
}

/// One of these.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
    /// Where looking for it ends. It says nothing about versions that were not looked at.
    Limit(IgnoredAny),
}

#[derive(Deserialize)]
struct Specific {
    affected_versions: Option<String>,
}

/// When it was changed last, and what it says; or why it says nothing that can be judged by.
pub(super) fn parse(bytes: &[u8]) -> Result<(Timestamp, DrupalRecord), Shown> {
    let mut source = bytes;
    let written = json::read(&mut source, PhantomData::<Written>, || None).map_err(|fault| fault.said)?;
    let id = advisory(&written.id).ok_or_else(|| wrong(&written.id, "no id of an advisory"))?;
    let modified = time(&written.modified)?;
    let published = written.published.as_deref().map(time).transpose()?;
    let withdrawn = written.withdrawn.as_deref().map(time).transpose()?.is_some();
    let affected = written.affected.into_iter().filter(|one| ecosystem(&one.package.ecosystem) == "Packagist");
    let affected = affected.map(read).collect::<Result<Vec<_>, _>>()?;
    if affected.is_empty() && !withdrawn {
        return Err("names no Composer package".into());
    }
    // An advisory that names itself is not its own alias.
    let mut aliases: Vec<Shown> = written.aliases.iter().map(|alias| Shown::line(alias.trim())).collect();
    aliases.retain(|alias| !alias.is_empty() && advisory(alias.as_str()).as_ref() != Some(&id));
    aliases.sort();
    aliases.dedup();
    let published = published.map(super::day);
    Ok((modified, DrupalRecord { id, aliases, published, withdrawn, affected }))
}

fn wrong(text: &str, what: &str) -> Shown {
    format!("`{}` is {what}", Shown::line(text).cut(60)).into()
}

/// `DRUPAL-CORE-2023-003` is the database's name for what everybody else calls `SA-CORE-2023-003`.
fn advisory(id: &str) -> Option<Shown> {
    let good = id.contains('-') && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    good.then(|| id.strip_prefix("DRUPAL-").map_or_else(|| Shown::line(id), |rest| format!("SA-{rest}").into()))
}

fn time(text: &str) -> Result<Timestamp, Shown> {
    text.trim().parse().map_err(|_| wrong(text, "no time"))
}

/// `Packagist:https://packages.drupal.org/8` is Packagist's, from another address.
fn ecosystem(text: &str) -> &str {
    text.split_once(':').map_or(text, |(name, _)| name).trim()
}

/// What may stand as a part of a Composer package's name.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

fn read(written: Affected) -> Result<DrupalAffected, Shown> {
    let name = written.package.name.trim().to_ascii_lowercase();
    if !name.split_once('/').is_some_and(|(vendor, package)| is_name(vendor) && is_name(package)) {
        return Err(wrong(&written.package.name, "no name of a Composer package"));
    }
    let mut ranges = Vec::new();
    // Ranges of commits can't be compared with a version; the others can.
    for range in written.ranges.into_iter().filter(|range| range.kind != "GIT") {
        ranges.extend(between(range.events)?);
    }
    ranges.extend(written.versions.iter().map(|version| {
        let version = Shown::line(version.trim());
        VersionRange { introduced: version.clone(), fixed: None, last_affected: Some(version) }
    }));
    let constraint = written.database_specific.and_then(|specific| specific.affected_versions);
    let told = constraint.as_deref().is_some_and(|text| ComposerConstraint::parse(text).is_some());
    if !told {
        judged_by(&ranges)?;
    }
    Ok(DrupalAffected { package: name.into(), ranges, constraint: constraint.as_deref().map(Shown::line) })
}

/// Where the publisher's own constraint tells nothing, every bound of the ranges must.
fn judged_by(ranges: &[VersionRange]) -> Result<(), Shown> {
    if ranges.is_empty() {
        return Err("says of a package nothing about its versions".into());
    }
    let bounds = ranges.iter().flat_map(|range| {
        let from = (range.introduced != "0").then_some(&range.introduced);
        [from, range.fixed.as_ref(), range.last_affected.as_ref()].into_iter().flatten()
    });
    match bounds.into_iter().find(|bound| ComposerVersion::parse(bound.as_str()).is_none()) {
        Some(bound) => Err(wrong(bound.as_str(), "no version")),
        None => Ok(()),
    }
}

/// Each `introduced` goes on until the next `fixed` or `last_affected`, or for ever.
fn between(events: Vec<Event>) -> Result<Vec<VersionRange>, Shown> {
    let mut ranges: Vec<VersionRange> = Vec::new();
    let mut ended = 0;
    for event in events {
        let (fixed, last_affected) = match event {
            Event::Introduced(from) => {
                ranges.push(VersionRange { introduced: Shown::line(from.trim()), fixed: None, last_affected: None });
                continue;
            }
            Event::Limit(_) => continue,
            Event::Fixed(version) => (Some(Shown::line(version.trim())), None),
            Event::LastAffected(version) => (None, Some(Shown::line(version.trim()))),
        };
        if ended == ranges.len() {
            return Err("ends what did not begin: a version is fixed before any was affected".into());
        }
        for range in &mut ranges[ended..] {
            (range.fixed, range.last_affected) = (fixed.clone(), last_affected.clone());
        }
        ended = ranges.len();
    }
    Ok(ranges)
}
