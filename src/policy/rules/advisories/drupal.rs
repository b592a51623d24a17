//! Drupal's advisories against the sites of the register.

use std::collections::{BTreeMap, BTreeSet};

use super::claims;
use super::order::Claim;
use super::past::{Changed, Past, told_of_change};
use super::told::Told;
use super::{Asked, begin, counted, listed, named, packages, titled, with_mend};
use crate::domain::composer::{ComposerConstraint, ComposerVersion};
use crate::domain::facts::{Advisory, ComposerPackage, DrupalRecord};
use crate::domain::{Judgement, Limit, Period, Shown, Verdict};
use crate::policy::Case;
use crate::policy::drupal::{Site, Touch, touches};
use crate::policy::matching::Truth;

/// The same number that the rule on sites reads.
pub(super) const SITE_UPDATE: Limit = Limit {
    key: "site_update",
    default: Period::days(2),
    help: "a security release is installed on a site within this time after its advisory",
};

/// How the sites stand towards one advisory, each that has any of its packages.
#[derive(Default)]
struct Concern<'s> {
    heard: Vec<(&'s Site<'s>, &'s ComposerPackage, Touch)>,
    /// Sites that are silent now and were affected when they were read last.
    lost: Vec<&'s Site<'s>>,
}

impl Concern<'_> {
    /// Each site once, by the worst of its packages.
    fn worst(&self) -> BTreeMap<&Shown, Touch> {
        let mut worst = BTreeMap::new();
        for (site, _, touch) in &self.heard {
            let kept = worst.entry(site.name()).or_insert(*touch);
            *kept = (*kept).max(*touch);
        }
        worst
    }

    /// What each site has, the worst first, and how each stands.
    fn told(&self, mut judged: Judgement, told: &Told<'_>) -> Judgement {
        for (site, package, touch) in self.heard.iter().take(6) {
            let at = site.seen.map(|(_, at)| at);
            let said = format!("{} {}: {}", package.name, package.version, word(*touch));
            judged = judged.because(site.source.id.to_string(), at, said);
        }
        if !self.is_nowhere() {
            judged = packages(told, judged);
        }
        for (site, touch) in self.worst() {
            let (item, word) = (format!("site {site}"), word(touch));
            judged = if touch == Touch::Affected { judged.asking(item, word) } else { judged.standing(item, word) };
        }
        judged
    }

    fn is_nowhere(&self) -> bool {
        self.heard.is_empty() && self.lost.is_empty()
    }
}

/// `None` where no site could be read at all: each says so in a row of its own.
pub(super) fn judge(case: &Case<'_>, asked: &Asked<'_>, told: &Told<'_>) -> Option<Judgement> {
    let (record, sites) = (record(asked.truth, told), asked.sites);
    if record.is_some_and(|record| record.withdrawn) {
        return Some(withdrawn(asked.truth, told));
    }
    let concern = concern(sites, told.best, record);
    let mends = mends(asked.past, told, fixes(&concern, record));
    let heard = sites.iter().filter(|site| site.doubt.is_none()).count();
    let with = |touch| concern.heard.iter().filter(move |(_, _, is)| *is == touch);
    let (affected, unknown) = (with(Touch::Affected).count(), with(Touch::Unknown).count());
    let limit = case.limits.of(&SITE_UPDATE);
    let late = told.out_since.is_some_and(|since| case.now.duration_since(since) > limit.as_duration());
    let ids = ids(told.best, record);
    let exploited = claims::exploited(asked.truth, &ids).filter(|_| affected > 0);
    let verdict = match () {
        () if affected > 0 && (late || exploited.is_some()) => Verdict::Broken,
        () if unknown > 0 || !concern.lost.is_empty() => Verdict::Unknown,
        () if affected > 0 => Verdict::Due,
        () if heard == 0 => return None,
        () => Verdict::Ok,
    };
    let all = counted(heard, "site", "sites");
    let some = |count: usize, text: String| if count == 0 { String::new() } else { text };
    let fixed = concern.heard.len() - affected - unknown;
    let parts = [
        named(told.best),
        some(usize::from(exploited.is_some()), "exploited".to_owned()),
        some(affected, format!("{affected} of {all} vulnerable")),
        some(unknown, format!("{} run a branch that cannot be told", counted(unknown, "site", "sites"))),
        some(concern.lost.len(), format!("{} vulnerable when last read", concern.lost.len())),
        some(usize::from(affected + unknown == 0) * fixed, format!("not affected in the version of {fixed} of {all}")),
        some(usize::from(concern.is_nowhere()), format!("installed on none of {all}")),
    ];
    let changes = mends
        .iter()
        .filter_map(|mend| Some(format!("fixed by {}, which was {}", mend.fix, mend.changed.as_ref()?.was)));
    let parts: Vec<String> = parts.into_iter().chain(changes).collect();
    let fixable = affected > 0 && (!mends.is_empty() || is_bounded(told.best));
    let claim = Claim { fixable, servers: affected, ..claim(told.best) };
    let judged = in_database(asked.truth, record, begin(told, verdict, titled(&parts)));
    let judged = claims::by_ids(asked.truth, &ids, exploited.as_ref(), claim, judged);
    let judged = concern.told(mends.into_iter().fold(judged, Mend::told), told);
    Some(match verdict {
        Verdict::Ok => judged,
        Verdict::Unknown => with_mend(judged, mend(&concern)),
        Verdict::Due | Verdict::Broken => with_mend(judged.since(told.out_since), mend(&concern)).because(
            format!("limits.{}", SITE_UPDATE.key),
            None,
            format!("installed within {limit}"),
        ),
    })
}

/// Its own, and its vulnerabilities, which the feed of Drupal's core does not name.
fn ids(advisory: &Advisory, record: Option<&DrupalRecord>) -> Vec<Shown> {
    let known = record.map_or(&[][..], |record| &record.aliases);
    let more = known.iter().filter(|id| !advisory.aliases.contains(id));
    advisory.aliases.iter().chain(more).cloned().collect()
}

/// Whether there are versions that its publisher does not call affected.
fn is_bounded(advisory: &Advisory) -> bool {
    let constraint = advisory.affected.as_ref().and_then(|text| ComposerConstraint::parse(text.as_str()));
    constraint.is_some_and(|constraint| !constraint.is_any())
}

/// What its publisher says of it.
fn claim(advisory: &Advisory) -> Claim {
    let grade = advisory.risk.as_ref().and_then(|risk| risk.score).unwrap_or(0);
    Claim { grade, ..Claim::default() }
}

fn in_database(truth: &Truth<'_>, record: Option<&DrupalRecord>, judged: Judgement) -> Judgement {
    let Some((database, record)) = truth.drupal.as_ref().zip(record) else { return judged };
    let of = record.published.map_or_else(String::new, |date| format!(" of {date}"));
    let said = format!("{}{of} is in the security team's database", record.id);
    judged.because(database.source.id.to_string(), database.source.good_at, said)
}

fn word(touch: Touch) -> &'static str {
    match touch {
        Touch::Affected => "vulnerable",
        Touch::Unknown => "unknown",
        Touch::NotAffected => "not affected",
    }
}

fn mend(concern: &Concern<'_>) -> Option<Shown> {
    let affected = concern.heard.iter().filter(|(_, _, touch)| *touch == Touch::Affected);
    let names: Vec<String> = affected.map(|(site, _, _)| site.name().to_string()).collect();
    if !names.is_empty() {
        return Some(format!("composer update on {}", listed(&names, 4)).into());
    }
    if let Some(site) = concern.lost.first() {
        return Some(format!("make {} readable", site.name()).into());
    }
    let (site, package, _) = concern.heard.first()?;
    Some(format!("see whether {} of {} holds the fix", package.name, site.name()).into())
}

/// One that its publisher took back, whatever the feed still says.
fn withdrawn(truth: &Truth<'_>, told: &Told<'_>) -> Judgement {
    let said = "withdrawn by Drupal's security team";
    let judged = begin(told, Verdict::Ok, titled(&[named(told.best), said.to_owned()]));
    let judged = packages(told, judged).standing("withdrawn", said);
    match &truth.drupal {
        Some(database) => judged.because(database.source.id.to_string(), database.source.good_at, said),
        None => judged,
    }
}

/// The versions that hold its fix, of each project that a site has.
fn fixes(concern: &Concern<'_>, record: Option<&DrupalRecord>) -> Vec<(String, String)> {
    let carried: BTreeSet<&str> = concern.heard.iter().map(|(_, package, _)| package.name.as_str()).collect();
    let mut fixes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for affected in record.into_iter().flat_map(|record| &record.affected) {
        if let Some(name) = carried.get(affected.package.as_str()) {
            let project = name.strip_prefix("drupal/").unwrap_or(name).to_owned();
            let ends = affected.ranges.iter().filter_map(|range| range.fixed.as_ref()).map(ToString::to_string);
            fixes.entry(project).or_default().extend(ends);
        }
    }
    let fixes = fixes.into_iter().filter(|(_, versions)| !versions.is_empty());
    fixes.map(|(project, versions)| (project, versions.join(", "))).collect()
}

/// Which versions of a project hold the fix, and which were said to before.
struct Mend<'r> {
    project: String,
    fix: String,
    changed: Option<Changed<'r>>,
}

fn mends<'r>(past: &Past<'r>, told: &Told<'_>, fixes: Vec<(String, String)>) -> Vec<Mend<'r>> {
    let mend = |(project, fix): (String, String)| {
        let changed = past.before(told.subject.name.as_str(), &item(&project), &fix);
        Mend { project, fix, changed }
    };
    fixes.into_iter().map(mend).collect()
}

impl Mend<'_> {
    fn told(judged: Judgement, mend: Self) -> Judgement {
        let judged = match &mend.changed {
            Some(changed) => told_of_change(judged, changed, (&mend.project, &mend.fix)),
            None => judged,
        };
        judged.standing(item(&mend.project), mend.fix)
    }
}

/// Under this its history says which version holds the fix.
fn item(project: &str) -> String {
    format!("fix {project}")
}

/// The same advisory in the database.
fn record<'a>(truth: &Truth<'a>, told: &Told<'_>) -> Option<&'a DrupalRecord> {
    let records = &truth.drupal.as_ref()?.fact.records;
    records.iter().find(|record| record.id == told.subject.name)
}

fn concern<'s>(sites: &'s [Site<'s>], advisory: &Advisory, record: Option<&DrupalRecord>) -> Concern<'s> {
    let mut concern = Concern::default();
    for site in sites {
        for project in &advisory.packages {
            let Some(package) = site.package(&composer_name(project)) else { continue };
            let touch = touch(advisory, record, package);
            match site.doubt {
                None => concern.heard.push((site, package, touch)),
                Some(_) if touch == Touch::Affected => concern.lost.push(site),
                Some(_) => {}
            }
        }
    }
    concern.heard.sort_by_key(|(_, _, touch)| std::cmp::Reverse(*touch));
    concern
}

/// Feeds name projects as drupal.org does; Composer's name of the project `drupal` is `drupal/core`.
fn composer_name(project: &Shown) -> String {
    match project.as_str() {
        "drupal" | "core" => "drupal/core".to_owned(),
        project => format!("drupal/{project}"),
    }
}

fn touch(advisory: &Advisory, record: Option<&DrupalRecord>, package: &ComposerPackage) -> Touch {
    let Some(version) = ComposerVersion::parse(package.version.as_str()) else { return Touch::Unknown };
    let mine = record.into_iter().flat_map(|record| &record.affected).filter(|one| one.package == package.name);
    let constraint = advisory.affected.as_ref().and_then(|text| ComposerConstraint::parse(text.as_str()));
    let by_feed = constraint.map(|one| if one.holds(version) { Touch::Affected } else { Touch::NotAffected });
    mine.map(|affected| touches(affected, version)).chain(by_feed).max().unwrap_or(Touch::Unknown)
}
