//! Drupal sites against the security team's database: which of their packages are affected, and what mends it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::domain::composer::{ComposerConstraint, ComposerVersion};
use crate::domain::facts::{
    ComposerPackage, DrupalAffected, DrupalDatabase, DrupalRecord, SiteDeclared, SiteSeen, UnreadRecord, VersionRange,
};
use crate::domain::{Declared, Evidence, Fact, Shown, SourceRecord};

/// One site of the register.
#[derive(Debug)]
pub struct Site<'a> {
    pub declared: &'a Declared,
    pub register: &'a SiteDeclared,
    pub source: &'a SourceRecord,
    /// What its lock said last, and when.
    pub seen: Option<(&'a SiteSeen, Timestamp)>,
    /// Why that cannot be judged by now, if so.
    pub doubt: Option<Shown>,
}

impl<'a> Site<'a> {
    pub fn name(&self) -> &'a Shown {
        &self.declared.subject.name
    }

    pub fn package(&self, name: &str) -> Option<&'a ComposerPackage> {
        self.seen?.0.packages.iter().find(|package| package.name == *name)
    }
}

/// Every site of the register.
pub fn sites(evidence: &Evidence, now: Timestamp) -> Vec<Site<'_>> {
    let of = |source| move |declared| (source, declared);
    let declared = evidence.sources.iter().flat_map(|source| source.declared.iter().map(of(source)));
    declared
        .filter_map(|(source, declared): (&SourceRecord, &Declared)| {
            let Fact::SiteDeclared(site) = &declared.fact else { return None };
            let mine = source.seen.iter().filter(|seen| seen.subject == declared.subject);
            let seen = mine
                .filter_map(|seen| match &seen.fact {
                    Fact::SiteSeen(fact) => Some((fact, seen.at)),
                    _ => None,
                })
                .next_back();
            let nothing = || seen.is_none().then(|| "its last answer holds no composer.lock".into());
            Some(Site { declared, register: site, source, seen, doubt: source.doubt(now).or_else(nothing) })
        })
        .collect()
}

/// How one version stands towards one advisory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    NotAffected,
    /// The head of a branch, or bounds that nobody can read.
    Unknown,
    Affected,
}

/// The database, by package.
#[derive(Debug)]
pub struct Advised<'a> {
    by_package: HashMap<&'a str, Vec<(&'a DrupalRecord, &'a DrupalAffected)>>,
    /// What the security team took back.
    withdrawn: Vec<&'a DrupalRecord>,
    unread: &'a [UnreadRecord],
}

/// An advisory that a package of a site is affected by.
#[derive(Debug, Clone)]
pub struct Hit<'a> {
    pub record: &'a DrupalRecord,
    pub package: &'a ComposerPackage,
}

/// A package of a site of which nobody can tell whether it is affected.
#[derive(Debug, Clone, Copy)]
pub struct Untold<'a> {
    pub package: &'a ComposerPackage,
    pub why: Doubt<'a>,
}

#[derive(Debug, Clone, Copy)]
pub enum Doubt<'a> {
    /// Its version names the head of a branch.
    Branch,
    /// The advisory's bounds cannot be read.
    Bounds(&'a DrupalRecord),
    /// The whole advisory cannot be read.
    Unread(&'a UnreadRecord),
}

impl<'a> Advised<'a> {
    pub fn of(database: &'a DrupalDatabase) -> Self {
        let mut by_package: HashMap<&str, Vec<_>> = HashMap::new();
        let (withdrawn, records): (Vec<_>, Vec<_>) = database.records.iter().partition(|record| record.withdrawn);
        for record in records {
            for affected in &record.affected {
                by_package.entry(affected.package.as_str()).or_default().push((record, affected));
            }
        }
        Self { by_package, withdrawn, unread: &database.unread }
    }

    /// What concerns a package, in the database's order.
    fn on(&self, package: &str) -> &[(&'a DrupalRecord, &'a DrupalAffected)] {
        self.by_package.get(package).map_or(&[], Vec::as_slice)
    }

    pub fn hits(&self, seen: &'a SiteSeen) -> Vec<Hit<'a>> {
        let mut hits = Vec::new();
        for package in &seen.packages {
            let Some(version) = ComposerVersion::parse(package.version.as_str()) else { continue };
            let mine = self
                .on(package.name.as_str())
                .iter()
                .filter(|(_, affected)| touches(affected, version) == Touch::Affected);
            let records: BTreeMap<&Shown, &DrupalRecord> = mine.map(|(record, _)| (&record.id, *record)).collect();
            hits.extend(records.into_values().map(|record| Hit { record, package }));
        }
        hits
    }

    /// Advisories that a package of the site would be affected by, had they not been withdrawn.
    pub fn withdrawn(&self, seen: &'a SiteSeen) -> Vec<Hit<'a>> {
        let affected = |(record, package): &(&'a DrupalRecord, &'a ComposerPackage)| {
            let version = ComposerVersion::parse(package.version.as_str());
            let mine = record.affected.iter().filter(|affected| affected.package == package.name);
            version.is_some_and(|version| mine.map(|one| touches(one, version)).max() == Some(Touch::Affected))
        };
        let all = self.withdrawn.iter().flat_map(|record| seen.packages.iter().map(move |package| (*record, package)));
        all.filter(affected).map(|(record, package)| Hit { record, package }).collect()
    }

    /// Packages of which nobody can tell whether an advisory concerns them, none of which is known to.
    pub fn untold(&self, seen: &'a SiteSeen) -> Vec<Untold<'a>> {
        seen.packages.iter().filter_map(|package| self.doubts(package)).collect()
    }

    fn doubts(&self, package: &'a ComposerPackage) -> Option<Untold<'a>> {
        let mine = self.on(package.name.as_str());
        let unread = self.unread.iter().find(|record| may_concern(record, package));
        let Some(version) = ComposerVersion::parse(package.version.as_str()) else {
            let advised = !mine.is_empty() || unread.is_some();
            return advised.then_some(Untold { package, why: Doubt::Branch });
        };
        let worst = mine.iter().map(|(record, affected)| (touches(affected, version), *record));
        let why = match worst.max_by_key(|(touch, _)| *touch) {
            Some((Touch::Affected, _)) => return None,
            Some((Touch::Unknown, record)) => Doubt::Bounds(record),
            Some((Touch::NotAffected, _)) | None => Doubt::Unread(unread?),
        };
        Some(Untold { package, why })
    }

    /// The lowest version above the installed one that no advisory says is affected.
    pub fn fix(&self, package: &ComposerPackage) -> Option<&'a Shown> {
        let installed = ComposerVersion::parse(package.version.as_str())?;
        let records = self.on(package.name.as_str());
        let fixes = records.iter().flat_map(|(_, affected)| &affected.ranges).filter_map(|range| range.fixed.as_ref());
        let versions = fixes.filter_map(|fixed| Some((ComposerVersion::parse(fixed.as_str())?, fixed)));
        let safe = |version: ComposerVersion| {
            records.iter().all(|(_, affected)| touches(affected, version) != Touch::Affected)
        };
        let better = versions.filter(|(version, _)| *version > installed && safe(*version));
        better.min_by_key(|(version, _)| *version).map(|(_, fixed)| fixed)
    }
}

/// An advisory that cannot be read concerns whom its place names; without one, anything of Drupal's.
fn may_concern(record: &UnreadRecord, package: &ComposerPackage) -> bool {
    match &record.package {
        Some(name) => *name == package.name,
        None => package.name.as_str().starts_with("drupal/"),
    }
}

/// By its ranges and by the publisher's own constraint: what either calls affected is.
pub fn touches(affected: &DrupalAffected, version: ComposerVersion) -> Touch {
    let ranges = affected.ranges.iter().map(|range| within(range, version)).max().unwrap_or(Touch::NotAffected);
    let constraint = affected.constraint.as_ref().and_then(|text| ComposerConstraint::parse(text.as_str()));
    match constraint {
        Some(constraint) if constraint.holds(version) => Touch::Affected,
        // All that it says, and nobody can read it.
        None if affected.constraint.is_some() && affected.ranges.is_empty() => Touch::Unknown,
        _ => ranges,
    }
}

fn within(range: &VersionRange, version: ComposerVersion) -> Touch {
    let bound = |text: &Shown| ComposerVersion::parse(text.as_str());
    let begun = if range.introduced == "0" { Some(true) } else { bound(&range.introduced).map(|from| version >= from) };
    let over = match (&range.fixed, &range.last_affected) {
        (Some(fixed), _) => bound(fixed).map(|fixed| version >= fixed),
        (None, Some(last)) => bound(last).map(|last| version > last),
        (None, None) => Some(false),
    };
    match (begun, over) {
        (Some(false), _) | (_, Some(true)) => Touch::NotAffected,
        (Some(true), Some(false)) => Touch::Affected,
        _ => Touch::Unknown,
    }
}

/// Whether an advisory concerns every version there will ever be: the security team has given the module up.
pub fn gives_up(record: &DrupalRecord, package: &str) -> bool {
    let endless =
        |range: &VersionRange| range.introduced == "0" && range.fixed.is_none() && range.last_affected.is_none();
    let any = |affected: &&DrupalAffected| {
        let constraint = affected.constraint.as_ref().and_then(|text| ComposerConstraint::parse(text.as_str()));
        affected.ranges.iter().any(endless) || constraint.is_some_and(|constraint| constraint.is_any())
    };
    record.affected.iter().filter(|affected| affected.package == *package).any(|affected| any(&affected))
}
