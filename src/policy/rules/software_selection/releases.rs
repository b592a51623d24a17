//! How long the servers' releases are supported: one finding for each release, whoever runs it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{MEASURE, on_servers};
use crate::domain::facts::{ReleaseSupport, Releases};
use crate::domain::{Judgement, Limit, Period, Subject, SubjectKind, Verdict};
use crate::policy::Case;
use crate::policy::matching::{Fleet, Told};

pub(super) const RELEASE_END: Limit = Limit {
    key: "release_end",
    default: Period::days(90),
    help: "how long before its support ends a Debian release is due for an upgrade",
};

pub(super) fn judge(case: &Case<'_>, told: &Told<'_, Releases>, fleet: &Fleet<'_>) -> Vec<Judgement> {
    let names: BTreeSet<&str> = fleet.sets.iter().map(|set| set.release).collect();
    names.into_iter().filter_map(|name| judge_release(case, told, fleet, name)).collect()
}

fn judge_release(case: &Case<'_>, told: &Told<'_, Releases>, fleet: &Fleet<'_>, name: &str) -> Option<Judgement> {
    let sets: Vec<usize> = (0..fleet.sets.len()).filter(|set| fleet.sets[*set].release == name).collect();
    let servers = fleet.names(&sets);
    if servers.is_empty() {
        return None;
    }
    let limit = case.limits.of(&RELEASE_END);
    let support = told.fact.releases.iter().find(|(series, _)| **series == *name).map(|(_, support)| support);
    let Stand { verdict, words, since } = Stand::of(support, case.now, limit.as_duration());
    let verdict = if verdict == Verdict::Ok && told.doubt.is_some() { Verdict::Unknown } else { verdict };
    let number = support.map_or_else(String::new, |support| format!(" ({})", support.version));
    let title = format!("{name}{number}: {words} · {}", on_servers(&servers, 3));
    let subject = Subject::new(SubjectKind::Organisation, format!("Debian {name}"));
    let doubt = told.doubt.as_ref().map(|doubt| format!("; that list is {doubt}")).unwrap_or_default();
    let judged = Judgement::new(MEASURE, subject, verdict, title)
        .because(told.source.id.to_string(), told.source.good_at, format!("{words}{doubt}"))
        .because("servers", None, on_servers(&servers, 12))
        .since(since)
        .weight(if verdict == Verdict::Broken { 60 } else { 20 });
    if verdict == Verdict::Ok {
        return Some(judged);
    }
    let judged = servers.iter().fold(judged, |judged, server| judged.asking(format!("host {server}"), name));
    let limited = judged.because(format!("limits.{}", RELEASE_END.key), None, format!("due {limit} before its end"));
    Some(match newest(told.fact, case.now).filter(|newest| *newest != name) {
        Some(newest) => limited.mend(format!("upgrade to {newest}, or accept it until then")),
        None => limited.mend("say why this release, or move to a supported one"),
    })
}

/// How a release stands today.
struct Stand {
    verdict: Verdict,
    words: String,
    since: Option<Timestamp>,
}

impl Stand {
    fn of(support: Option<&ReleaseSupport>, now: Timestamp, before: jiff::SignedDuration) -> Self {
        let says = |verdict, words: String| Self { verdict, words, since: None };
        let Some(support) = support else {
            return says(Verdict::Unknown, "the list of releases does not name it".to_owned());
        };
        let today = day(now);
        if support.released.is_none_or(|released| released > today) {
            return says(Verdict::Due, "not released: nobody promises security support".to_owned());
        }
        let Some(ends) = support.ends else {
            return says(Verdict::Ok, "no end of its support is announced".to_owned());
        };
        let over = |end: Date| after(end).is_some_and(|after| after <= now);
        let lts = support.lts_ends.filter(|lts| *lts > ends);
        if over(ends) {
            return match lts {
                Some(lts) if !over(lts) => {
                    let words = format!("security support ended {ends}, LTS until {lts}");
                    Self { verdict: Verdict::Due, words, since: after(ends) }
                }
                last => {
                    let last = last.unwrap_or(ends);
                    Self { verdict: Verdict::Broken, words: format!("support ended {last}"), since: after(last) }
                }
            };
        }
        let near = after(ends).is_some_and(|after| after.duration_since(now) <= before);
        says(if near { Verdict::Due } else { Verdict::Ok }, format!("supported until {ends}"))
    }
}

/// The end of a day, in UTC: until then it was still supported.
fn after(day: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.tomorrow().ok()?.at(0, 0, 0, 0)).ok()
}

pub(super) fn day(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// The release to upgrade to.
fn newest(releases: &Releases, now: Timestamp) -> Option<&str> {
    let out = |support: &ReleaseSupport| support.released.filter(|released| *released <= day(now));
    let known = releases.releases.iter().filter_map(|(series, support)| Some((out(support)?, series)));
    known.max().map(|(_, series)| series.as_str())
}
