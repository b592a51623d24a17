//! Advisories that the Drupal security team's database holds and no feed tells of (any more): a feed has only the newest.

use std::collections::{BTreeMap, HashSet};

use super::bulletins::out;
use super::told::{self, Told};
use super::{Asked, KEPT, drupal};
use crate::domain::facts::{Advisory, DrupalRecord, FeedKind};
use crate::domain::{Judgement, Link, Shown, SourceRecord, Subject, SubjectKind, Verdict};
use crate::policy::Case;
use crate::policy::drupal::{Site, gives_up};
use crate::policy::matching::Truth;

/// Those on what a site has: the young ones, and what is not ok. A module that was given up is the site's own finding.
pub(super) fn judge(case: &Case<'_>, asked: &Asked<'_>, told: &[Told<'_>]) -> Vec<Judgement> {
    let Some(database) = &asked.truth.drupal else { return Vec::new() };
    let told: HashSet<&str> = told.iter().map(|told| told.subject.name.as_str()).collect();
    let carried = carried(asked.sites);
    let concerns = |record: &&DrupalRecord| {
        let mut mine = record.affected.iter().map(|affected| affected.package.as_str());
        mine.any(|package| carried.contains(package) && !gives_up(record, package))
    };
    let records = database.fact.records.iter().filter(|record| !told.contains(record.id.as_str()));
    let kept = case.limits.of(&KEPT).as_duration();
    let judged = records.filter(concerns).filter_map(|record| {
        let advisory = advisory(record);
        let out_since = out(record.published);
        let subject = Subject::new(SubjectKind::Advisory, record.id.clone());
        let told = Told { subject, best: &advisory, by: Vec::new(), out_since };
        let judged = drupal::judge(case, asked, &told)?;
        let young = out_since.is_none_or(|out| case.now.duration_since(out) <= kept);
        (young || judged.verdict != Verdict::Ok)
            .then(|| judged.detail(&told::detail(&advisory)).link(advisory.links.first().cloned()))
    });
    judged.collect()
}

/// How many of its advisories concern what a site has, and how many none has.
pub(super) fn installed<'a>(truth: &Truth<'a>, sites: &[Site<'_>]) -> Vec<(&'a SourceRecord, String)> {
    let Some(database) = truth.drupal.as_ref().filter(|_| !sites.is_empty()) else { return Vec::new() };
    let carried = carried(sites);
    let is_carried = |record: &&DrupalRecord| record.affected.iter().any(|one| carried.contains(one.package.as_str()));
    let all = database.fact.records.len();
    let concerning = database.fact.records.iter().filter(is_carried).count();
    let everybody = sites.iter().all(|site| site.doubt.is_none());
    let nowhere = if everybody { "not installed anywhere" } else { "not installed where a site could be read" };
    vec![(database.source, format!(" · {concerning} on what a site has · {} {nowhere}", all - concerning))]
}

/// The packages that any site has, or had when it was read last.
fn carried<'s>(sites: &[Site<'s>]) -> HashSet<&'s str> {
    let seen = sites.iter().filter_map(|site| site.seen).flat_map(|(seen, _)| &seen.packages);
    seen.map(|package| package.name.as_str()).collect()
}

/// As a feed would tell it.
fn advisory(record: &DrupalRecord) -> Advisory {
    let mut packages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for affected in &record.affected {
        let name = affected.package.as_str();
        let constraints = packages.entry(name.strip_prefix("drupal/").unwrap_or(name)).or_default();
        constraints.extend(affected.constraint.as_ref().map(Shown::as_str));
    }
    let affected = packages.iter().filter(|(_, all)| !all.is_empty());
    let affected: Vec<String> = affected.map(|(name, all)| format!("{name} {}", all.join(" || "))).collect();
    Advisory {
        feed: FeedKind::Drupal,
        title: record.id.clone(),
        published: None,
        packages: packages.into_keys().map(Shown::line).collect(),
        aliases: record.aliases.clone(),
        risk: None,
        // What it affects is read from the record; this is for people.
        affected: None,
        summary: Shown::line(&affected.join(", ")),
        links: Link::parse(&format!("https://www.drupal.org/{}", record.id.as_str().to_lowercase()))
            .into_iter()
            .collect(),
    }
}
