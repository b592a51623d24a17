//! Patch latency: how long it takes from an advisory until the last affected server has the fix, out of the history of how
//! servers stood towards it.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::matching::{State, Truth, unreadable};
use super::{Case, SECURITY_UPDATE};
use crate::domain::{Evidence, Month, Shown, Turn};

/// One advisory, and how long it took until every affected server had got over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patched<'a> {
    pub id: &'a Shown,
    /// The end of the day of its publication: when it was certainly out.
    pub published: Timestamp,
    /// Until the last server had the fix; until now, where one is not known to have it.
    pub took: SignedDuration,
    pub open: bool,
}

/// Each advisory of Debian's lists whose history is known from its publication on, the oldest first.
pub fn patched<'a>(evidence: &Evidence, truth: &Truth<'a>, now: Timestamp) -> Vec<Patched<'a>> {
    let servers = evidence.turns.iter().filter(|turn| turn.item.as_str().starts_with("host "));
    let Some(began) = servers.clone().map(|turn| turn.at).min() else { return Vec::new() };
    let dark = unreadable(evidence);
    let mut histories: HashMap<&str, Vec<&Turn>> = HashMap::new();
    for turn in servers {
        if let Some(id) = turn.key.as_str().strip_prefix("advisories/") {
            histories.entry(id).or_default().push(turn);
        }
    }
    let bulletins = truth.bulletins.iter().flat_map(|list| &list.fact.bulletins);
    // What was withdrawn is nobody's to install.
    let bulletins = bulletins.filter(|bulletin| bulletin.withdrawn.is_none());
    let mut patched: Vec<Patched<'a>> = bulletins
        .filter_map(|bulletin| {
            let history = histories.get(bulletin.id.as_str())?;
            let published = end_of(bulletin.date?)?;
            let (at, open) = match over(history, &dark) {
                Over::Open => (now, true),
                Over::At(at) => (at, false),
                // It was fixed before anybody looked, unless somebody looked from the beginning.
                Over::Never(first) if began <= published => (first?, false),
                Over::Never(_) => return None,
            };
            let took = at.duration_since(published).max(SignedDuration::ZERO);
            Some(Patched { id: &bulletin.id, published, took, open })
        })
        .collect();
    patched.sort_by_key(|one| one.published);
    patched
}

/// Those that count: what is still open does as soon as it has taken too long, since until then it may be the fastest.
pub fn measured<'a>(case: &Case<'_>, truth: &Truth<'a>) -> Vec<Patched<'a>> {
    let limit = case.limits.of(&SECURITY_UPDATE).as_duration();
    let mut all = patched(case.evidence, truth, case.now);
    all.retain(|one| !one.open || one.took > limit);
    all
}

/// What a history tells of all servers.
enum Over {
    /// Some server is vulnerable, or was when it was known last.
    Open,
    /// The last server that was vulnerable is so no more.
    At(Timestamp),
    /// None ever was; when something was first known of one.
    Never(Option<Timestamp>),
}

fn over(history: &[&Turn], dark: &HashSet<&str>) -> Over {
    let mut servers: BTreeMap<&str, Vec<&Turn>> = BTreeMap::new();
    // That nobody knows is no cure.
    for turn in history.iter().filter(|turn| !is_unknown(turn)) {
        servers.entry(turn.item.as_str()).or_default().push(turn);
    }
    let mut cured = None;
    let mut first = None;
    for (item, turns) in &mut servers {
        turns.sort_by_key(|turn| turn.at);
        let known = turns.first().map(|turn| turn.at);
        first = first.into_iter().chain(known).min();
        let Some(last) = turns.iter().rposition(|turn| asks(turn)) else { continue };
        let after = &turns[last + 1..];
        // What comes next is the cure, and that it is spoken of no more is one only if the server is gone or still tells
        // what it has.
        let is_dark = item.strip_prefix("host ").is_some_and(|host| dark.contains(host));
        let cure = after.iter().find(|turn| turn.word.is_some()).or(after.first().filter(|_| !is_dark));
        match cure {
            Some(cure) => cured = cured.max(Some(cure.at)),
            None => return Over::Open,
        }
    }
    cured.map_or(Over::Never(first), Over::At)
}

fn is_unknown(turn: &Turn) -> bool {
    turn.word.as_ref().is_some_and(|word| word.as_str() == State::Unknown.word())
}

fn asks(turn: &Turn) -> bool {
    let asks = [State::Vulnerable, State::OldRuns].map(State::word);
    turn.word.as_ref().is_some_and(|word| asks.contains(&word.as_str()))
}

fn end_of(date: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date.tomorrow().ok()?.at(0, 0, 0, 0)).ok()
}

/// Median and 95th percentile, by the nearest rank.
pub fn quantiles(mut all: Vec<SignedDuration>) -> Option<(SignedDuration, SignedDuration)> {
    all.sort();
    let rank = |hundredths: usize| all.get((all.len() * hundredths).div_ceil(100).saturating_sub(1)).copied();
    Some((rank(50)?, rank(95)?))
}

/// By the month of publication, the oldest first, at most `most` of them.
pub fn months(patched: &[Patched<'_>], most: usize) -> Vec<Month> {
    let mut by_month: BTreeMap<Date, Vec<SignedDuration>> = BTreeMap::new();
    for one in patched {
        // The end of a day is the beginning of the next.
        let day = TimeZone::UTC.to_datetime(one.published).date().yesterday().unwrap_or(Date::MIN);
        by_month.entry(day.first_of_month()).or_default().push(one.took);
    }
    let seconds = |took: SignedDuration| took.as_secs().unsigned_abs();
    let month = |(first, all): (Date, Vec<SignedDuration>)| {
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let (median, p95) = quantiles(all)?;
        Some(Month { first, median_seconds: seconds(median), p95_seconds: seconds(p95), count })
    };
    let mut months: Vec<Month> = by_month.into_iter().filter_map(month).collect();
    months.drain(..months.len().saturating_sub(most));
    months
}

#[cfg(test)]
mod tests;
