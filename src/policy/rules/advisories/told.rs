//! [`Told`]: one advisory as all feeds together tell it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::facts::{Advisory, FeedKind};
use crate::domain::{Fact, Period, Shown, SourceRecord, Subject, SubjectKind};
use crate::policy::Case;

pub(super) struct Told<'a> {
    pub(super) subject: Subject,
    /// The record that says most.
    pub(super) best: &'a Advisory,
    pub(super) by: Vec<(&'a SourceRecord, &'a Advisory)>,
    /// When it was certainly out.
    pub(super) out_since: Option<Timestamp>,
}

/// Every advisory that any feed tells of, in the order of their names.
pub(super) fn told<'a>(case: &Case<'a>) -> Vec<Told<'a>> {
    let mut by_name: BTreeMap<&Shown, Vec<(&SourceRecord, &Advisory)>> = BTreeMap::new();
    for source in &case.evidence.sources {
        for seen in source.seen.iter().filter(|seen| seen.subject.kind == SubjectKind::Advisory) {
            if let Fact::Advisory(advisory) = &seen.fact {
                by_name.entry(&seen.subject.name).or_default().push((source, advisory));
            }
        }
    }
    by_name.into_iter().filter_map(|(name, by)| one(case, name, by)).collect()
}

fn one<'a>(case: &Case<'a>, name: &'a Shown, by: Vec<(&'a SourceRecord, &'a Advisory)>) -> Option<Told<'a>> {
    let best = by.iter().map(|(_, advisory)| *advisory).max_by_key(|advisory| worth(advisory))?;
    let published = by.iter().filter_map(|(_, advisory)| advisory.published).map(certain);
    let first_seen = case.evidence.first_seen(SubjectKind::Advisory, name, "published");
    let out_since = published.chain(first_seen).min();
    Some(Told { subject: Subject::new(SubjectKind::Advisory, name.clone()), best, by, out_since })
}

/// What can be judged by servers says more than what can only be read.
fn worth(advisory: &Advisory) -> (bool, bool, Option<Timestamp>) {
    (!advisory.packages.is_empty(), advisory.feed != FeedKind::Any, advisory.published)
}

/// A day without a time is kept as its midnight, when it may not have been out yet; at its end it certainly was.
fn certain(published: Timestamp) -> Timestamp {
    let day = Period::days(1);
    let is_day = published.as_second().rem_euclid(day.as_seconds()) == 0 && published.subsec_nanosecond() == 0;
    if is_day { published.saturating_add(day.as_duration()).unwrap_or(published) } else { published }
}

/// Its title without its own name in front or behind, which stands beside it anyway.
pub(super) fn bare_title(told: &Told<'_>) -> String {
    let title = told.best.title.as_str();
    let name = told.subject.name.as_str();
    let bare = title.strip_prefix(name).or_else(|| title.strip_suffix(name)).unwrap_or(title);
    let bare = bare.trim_matches([' ', '-', ':', '–', '·']);
    if bare.is_empty() { title.to_owned() } else { bare.to_owned() }
}

pub(super) fn detail(advisory: &Advisory) -> String {
    let mut lines = vec![advisory.title.to_string()];
    if let Some(affected) = &advisory.affected {
        lines.push(format!("affected: {affected}"));
    }
    if !advisory.aliases.is_empty() {
        let shown: Vec<&str> = advisory.aliases.iter().take(12).map(Shown::as_str).collect();
        let more = advisory.aliases.len() - shown.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        lines.push(format!("{}{more}", shown.join(" ")));
    }
    if !advisory.summary.is_empty() {
        lines.push(String::new());
        lines.push(advisory.summary.to_string());
    }
    if advisory.links.len() > 1 {
        lines.push(String::new());
        lines.extend(advisory.links.iter().map(ToString::to_string));
    }
    lines.join("\n")
}

/// Drupal's score of 25 as a part of 100; what has no score by who says it.
pub(super) fn weight(advisory: &Advisory) -> u8 {
    let score = advisory.risk.as_ref().and_then(|risk| risk.score);
    score.map_or(if advisory.packages.is_empty() { 30 } else { 60 }, |score| score.min(25) * 4)
}
