//! Patch latency: how long it takes from an advisory until the last affected server has the fix, out of the history of how
//! servers stood towards it.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::matching::{State, Truth};
use crate::domain::{Evidence, Month, Shown, Turn};

/// One advisory that every affected server has got over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patched<'a> {
    pub id: &'a Shown,
    /// The end of the day of its publication: when it was certainly out.
    pub published: Timestamp,
    pub took: SignedDuration,
}

/// Each advisory of Debian's lists whose history is known from its publication on, the oldest first.
pub fn patched<'a>(evidence: &Evidence, truth: &Truth<'a>) -> Vec<Patched<'a>> {
    let Some(began) = evidence.turns.iter().map(|turn| turn.at).min() else { return Vec::new() };
    let mut histories: HashMap<&str, Vec<&Turn>> = HashMap::new();
    for turn in evidence.turns.iter().filter(|turn| turn.item.as_str().starts_with("host ")) {
        if let Some(id) = turn.key.as_str().strip_prefix("advisories/") {
            histories.entry(id).or_default().push(turn);
        }
    }
    let bulletins = truth.bulletins.iter().flat_map(|list| &list.fact.bulletins);
    let mut patched: Vec<Patched<'a>> = bulletins
        .filter_map(|bulletin| {
            let history = histories.get(bulletin.id.as_str())?;
            let published = end_of(bulletin.date?)?;
            let at = everywhere_since(history, began <= published)?;
            let took = at.duration_since(published).max(SignedDuration::ZERO);
            Some(Patched { id: &bulletin.id, published, took })
        })
        .collect();
    patched.sort_by_key(|one| one.published);
    patched
}

/// Since when no server is vulnerable any more; `None` while one is. An advisory that no server was ever seen vulnerable
/// towards counts only where `watched` it from the beginning: else it was fixed before anybody looked.
fn everywhere_since(history: &[&Turn], watched: bool) -> Option<Timestamp> {
    let mut servers: BTreeMap<&str, Vec<&Turn>> = BTreeMap::new();
    for turn in history {
        servers.entry(turn.item.as_str()).or_default().push(turn);
    }
    let mut cured = None;
    for turns in servers.values_mut() {
        turns.sort_by_key(|turn| turn.at);
        if let Some(last) = turns.iter().rposition(|turn| asks(turn)) {
            // What comes next is the cure; after that it may only be spoken of no more.
            cured = cured.max(Some(turns.get(last + 1)?.at));
        }
    }
    cured.or_else(|| history.iter().map(|turn| turn.at).min().filter(|_| watched))
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
