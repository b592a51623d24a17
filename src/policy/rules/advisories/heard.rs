//! Whether the sources of advisories are heard: one row for each, behind which stands what hangs on it.

use jiff::Timestamp;
use jiff::civil::Date;

use super::bulletins::out;
use super::{MEASURE, counted};
use crate::domain::facts::{FeedDeclared, FeedKind};
use crate::domain::{Declared, Fact, Judgement, Period, Shown, SourceRecord, Verdict, age};
use crate::policy::Case;
use crate::policy::matching::Truth;

/// Whether a feed is heard.
pub(super) fn judge_feed(
    case: &Case<'_>,
    source: &SourceRecord,
    declared: &Declared,
    feed: &FeedDeclared,
) -> Judgement {
    judge(case, source, declared, &feed.url, heard(source, case.now))
}

/// Whether the machine-readable sources are heard, and what they hold. `listed` has a line on how much of each list of
/// advisories is installed here, by the name of its source.
pub(super) fn judge_truth(case: &Case<'_>, truth: &Truth<'_>, listed: &[(&SourceRecord, String)]) -> Vec<Judgement> {
    let one = |(source, declared, fact): &(&SourceRecord, &Declared, &crate::domain::facts::TruthDeclared)| {
        let listed = listed.iter().find(|(list, _)| list.id == source.id).map_or("", |(_, line)| line.as_str());
        let title = source.seen.iter().find_map(|seen| holds(&seen.fact));
        let title = title.map(|title| format!("{title}{listed}").into());
        judge(case, source, declared, &fact.url, title)
    };
    truth.declared.iter().map(one).collect()
}

fn judge(case: &Case<'_>, source: &SourceRecord, declared: &Declared, url: &Shown, holds: Option<Shown>) -> Judgement {
    let judgement = |verdict, title: Shown| {
        Judgement::new(MEASURE, declared.subject.clone(), verdict, title)
            .detail(&format!("{url}{}", unencrypted(url)))
            .because(declared.place.clone(), None, url.clone())
            .weight(40)
    };
    let tried = source.fault.as_ref().map(|fault| format!("the last try failed: {fault}"));
    let said = tried.unwrap_or_else(|| "answered".to_owned());
    let judged = match (source.trusted(case.now), holds) {
        (Ok(_), Some(holds)) if let Some(title) = frozen(source, case.now) => {
            let judged =
                judgement(Verdict::Unknown, title.into()).because(source.id.to_string(), source.good_at, holds);
            return judged.mend("open the address: is that the publisher's own, and what is its newest there?");
        }
        (Ok(_), Some(title)) => judgement(Verdict::Ok, title).because(source.id.to_string(), source.good_at, said),
        (Ok(_), None) => judgement(Verdict::Unknown, "answered, but nothing was read from it".into()),
        (Err(doubt), _) => {
            judgement(Verdict::Unknown, doubt.clone()).because(source.id.to_string(), source.good_at, doubt)
        }
    };
    match source.fault.as_ref().and_then(|fault| fault.mend.clone()) {
        Some(mend) => judged.mend(mend),
        None => judged,
    }
}

/// How old the newest entry of what brings something new all the time may be, before it must be a copy that stands still.
const LISTS_MOVE: Period = Period::days(45);
/// A feed on Drupal's core alone may say nothing for most of a year.
const DRUPAL_MOVES: Period = Period::days(400);
const SCORES_MOVE: Period = Period::days(7);

/// What answers each time and never says anything new lets everything look well.
fn frozen(source: &SourceRecord, now: Timestamp) -> Option<String> {
    let (newest, limit) = source.seen.iter().filter_map(|seen| moves(&seen.fact)).max()?;
    let old = now.duration_since(newest) > limit.as_duration();
    old.then(|| format!("its newest entry is {} old: a frozen copy?", age(newest, now)))
}

/// When the newest of a fact came, and how long that may be ago.
fn moves(fact: &Fact) -> Option<(Timestamp, Period)> {
    let of = |day: Option<Date>, limit| Some((out(day)?, limit));
    match fact {
        Fact::Bulletins(list) => of(list.bulletins.iter().filter_map(|one| one.date).max(), LISTS_MOVE),
        Fact::DrupalDatabase(database) => of(database.records.iter().filter_map(|one| one.published).max(), LISTS_MOVE),
        Fact::Exploited(catalogue) => of(catalogue.listed.values().copied().max().max(catalogue.released), LISTS_MOVE),
        Fact::Likelihoods(scores) => of(scores.date, SCORES_MOVE),
        // Of any other feed nobody knows how often it has something to say.
        Fact::Advisory(one) if one.feed == FeedKind::Debian => Some((one.published?, LISTS_MOVE)),
        Fact::Advisory(one) if one.feed == FeedKind::Drupal => Some((one.published?, DRUPAL_MOVES)),
        _ => None,
    }
}

fn unencrypted(url: &Shown) -> &'static str {
    if url.as_str().starts_with("http://") {
        "\nread over unencrypted http: anybody on the way can change it"
    } else {
        ""
    }
}

/// `14 advisories, newest 2 d ago`.
fn heard(source: &SourceRecord, now: Timestamp) -> Option<Shown> {
    let left_out = source.seen.iter().find_map(|seen| match &seen.fact {
        Fact::FeedSeen(feed) => Some(feed.left_out),
        _ => None,
    })?;
    let advisories = source.seen.iter().filter_map(|seen| match &seen.fact {
        Fact::Advisory(advisory) => Some(advisory),
        _ => None,
    });
    let count = advisories.clone().count();
    let newest = advisories.filter_map(|advisory| advisory.published).max();
    let newest = newest.map_or_else(|| "none with a date".to_owned(), |at| format!("newest {} ago", age(at, now)));
    let rest = if left_out == 0 { String::new() } else { format!(", {left_out} more left out") };
    Some(format!("{}, {newest}{rest}", counted(count, "advisory", "advisories")).into())
}

fn vulnerabilities(count: usize) -> String {
    counted(count, "vulnerability", "vulnerabilities")
}

fn packages(count: usize) -> String {
    counted(count, "package", "packages")
}

/// What a source holds. An empty answer is none: nothing would be vulnerable any more.
fn holds(fact: &Fact) -> Option<Shown> {
    let line = match fact {
        Fact::DebianTracker(tracker) if !tracker.packages.is_empty() => {
            let issues: usize = tracker.packages.values().map(Vec::len).sum();
            let releases: Vec<&str> = tracker.releases.iter().map(Shown::as_str).collect();
            let (issues, packages) = (vulnerabilities(issues), packages(tracker.packages.len()));
            format!("{issues} of {packages}, for {}", releases.join(", "))
        }
        Fact::Bulletins(list) if !list.bulletins.is_empty() => counted(list.bulletins.len(), "advisory", "advisories"),
        Fact::DrupalDatabase(database) if !database.records.is_empty() => {
            let newest = database.newest.map_or_else(String::new, |day| format!(", newest change {day}"));
            let unread = match database.unread.len() {
                0 => String::new(),
                count => format!(", {count} more could not be read"),
            };
            format!("{}{newest}{unread}", counted(database.records.len(), "advisory", "advisories"))
        }
        Fact::Exploited(catalogue) if !catalogue.listed.is_empty() => {
            counted(catalogue.listed.len(), "exploited vulnerability", "exploited vulnerabilities")
        }
        Fact::Likelihoods(scores) if !scores.percentiles.is_empty() => {
            let verb = if scores.percentiles.len() == 1 { "is" } else { "are" };
            format!("how likely {} {verb} exploited", vulnerabilities(scores.percentiles.len()))
        }
        Fact::DebianReleases(releases) if !releases.releases.is_empty() => {
            let verb = if releases.releases.len() == 1 { "is" } else { "are" };
            format!("how long {} {verb} supported", counted(releases.releases.len(), "release", "releases"))
        }
        Fact::DebianSupport(support) if !support.ended.is_empty() || !support.limited.is_empty() => {
            format!("{} with less support than their release", packages(support.ended.len() + support.limited.len()))
        }
        _ => return None,
    };
    Some(line.into())
}
