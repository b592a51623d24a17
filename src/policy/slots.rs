//! Slots: whether the snapshots that exist stand where they should.
//!
//! **Last night** is everything from 18:00 of yesterday until now, in the operator's zone. Until 06:00 a run may still be
//! under way: a night that holds nothing yet is [`Standing::Running`] if the night before held something, and missing
//! otherwise (a backup that has been dead for weeks doesn't come back to life at midnight).
//!
//! **So long ago** takes a snapshot within a quarter of that time, at least twelve hours: a week ± 42 h, two weeks ± 84 h. A
//! quarter, because two weeks ± 3.5 days always holds one of a weekly series, on whichever weekday somebody looks. Where
//! all snapshots are younger than that, the backup is [`Standing::Young`]: from the list alone a new backup and one whose
//! old snapshots were deleted look the same, so it is never filled.
//!
//! A snapshot from the future fills nothing; what it means for the verdict is [`judge`]'s.

mod clock;
mod encrypted;
mod held;
pub mod judge;
pub mod picture;
#[cfg(test)]
mod questions;
#[cfg(test)]
pub mod scene;
mod shape;
mod stopped;
mod strangers;
mod verified;
mod whose;
mod words;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::Period;
use crate::domain::facts::Slot;

/// Clocks differ by this much without anybody noticing.
pub const SLACK: SignedDuration = SignedDuration::from_mins(5);
/// A night begins at this hour of the day before, and its runs are over at [`ENDS`].
const BEGINS: i8 = 18;
const ENDS: i8 = 6;

/// How a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// By the snapshot of this moment.
    Filled(Timestamp),
    /// Last night's run may still come.
    Running,
    /// Every snapshot is younger than the slot.
    Young,
    Missing,
}

/// How one slot stands, given when the snapshots were made, in any order.
pub fn standing(slot: Slot, made: &[Timestamp], now: Timestamp, zone: &TimeZone) -> Standing {
    // Reckoned once: a thousand snapshots of five hundred backups are held against it.
    let latest = now + SLACK;
    let made: Vec<Timestamp> = made.iter().copied().filter(|at| *at <= latest).collect();
    match slot {
        Slot::LastNight => last_night(&made, now, zone),
        Slot::Ago(period) => ago(period, &made, now),
    }
}

fn last_night(made: &[Timestamp], now: Timestamp, zone: &TimeZone) -> Standing {
    let today = zone.to_datetime(now).date();
    let Some(from) = night_begins(today, zone) else { return Standing::Missing };
    if let Some(at) = made.iter().filter(|at| **at >= from).max() {
        return Standing::Filled(*at);
    }
    let over = night_ends(today, zone).is_none_or(|end| now >= end);
    if !over && alive(made, now, zone) { Standing::Running } else { Standing::Missing }
}

/// Whether there is one of last night or the night before.
pub fn alive(made: &[Timestamp], now: Timestamp, zone: &TimeZone) -> bool {
    let yesterday = zone.to_datetime(now).date().yesterday().ok();
    let before = yesterday.and_then(|yesterday| night_begins(yesterday, zone));
    let latest = now + SLACK;
    before.is_some_and(|before| made.iter().any(|at| (before..=latest).contains(at)))
}

fn ago(period: Period, made: &[Timestamp], now: Timestamp) -> Standing {
    let (from, until) = around(period, now);
    let target = now - period.as_duration();
    let within = made.iter().filter(|at| (from..=until).contains(at));
    match (within.min_by_key(|at| (far(**at, target), **at)), made.iter().min()) {
        (Some(at), _) => Standing::Filled(*at),
        (None, Some(oldest)) if *oldest > until => Standing::Young,
        _ => Standing::Missing,
    }
}

/// Between which moments a snapshot of this age lies.
pub fn around(period: Period, now: Timestamp) -> (Timestamp, Timestamp) {
    let tolerance = SignedDuration::from_secs((period.as_seconds() / 4).max(12 * 3_600));
    let target = now - period.as_duration();
    (target - tolerance, target + tolerance)
}

/// When the night that leads to this date begins: nights follow each other without gap or overlap.
pub fn night_begins(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(date.yesterday().ok()?.at(BEGINS, 0, 0, 0)).ok()
}

/// When the runs of the night that leads to this date are over.
pub fn night_ends(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(date.at(ENDS, 0, 0, 0)).ok()
}

/// Since when last night's snapshots have been missing, given the newest that there is: the end of the first night after it.
pub fn missing_since(newest: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let date = zone.to_datetime(newest).date();
    let night = match night_begins(date.tomorrow().ok()?, zone) {
        Some(next) if newest >= next => date.tomorrow().ok()?,
        _ => date,
    };
    night_ends(night.tomorrow().ok()?, zone)
}

/// How far apart two moments are.
pub fn far(one: Timestamp, other: Timestamp) -> SignedDuration {
    one.duration_since(other).abs()
}

#[cfg(test)]
mod tests;
