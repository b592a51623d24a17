//! [`Ends`]: until when a decision lasts: one of those that are offered, or one that is typed, never later than is allowed.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::widgets::input::TextInput;
use crate::domain::when::parse_ahead;
use crate::domain::{Period, Shown};

/// Ends that are offered, in days.
const OFFERED: [i64; 6] = [1, 3, 7, 14, 30, 90];
/// An end in days falls on the hour at which mornings begin.
const MORNING: i8 = 6;

#[derive(Debug, Clone)]
pub struct Ends {
    offered: Vec<Timestamp>,
    /// Which of them.
    at: usize,
    furthest: Timestamp,
    longest: Period,
    /// Counts instead, where something is typed.
    pub typed: TextInput,
}

impl Ends {
    /// Tomorrow, in three days, in a week …, each in the morning; the last is the furthest that is allowed.
    pub fn new(now: Timestamp, zone: &TimeZone, longest: Period) -> Self {
        let furthest = now.checked_add(longest.as_duration()).unwrap_or(Timestamp::MAX);
        let morning = |days: i64| {
            let day = zone.to_datetime(now).date().checked_add(SignedDuration::from_hours(24 * days)).ok()?;
            Some(day.at(MORNING, 0, 0, 0).to_zoned_datetime(zone.clone()).ok()?.timestamp())
        };
        let mut offered: Vec<Timestamp> =
            OFFERED.iter().filter_map(|days| morning(*days)).filter(|end| *end <= furthest).collect();
        if offered.last().is_none_or(|last| furthest.duration_since(*last).as_hours() > 24) {
            offered.push(furthest);
        }
        // A week, where that is offered.
        let at = offered.len().saturating_sub(1).min(2);
        Self { offered, at, furthest, longest, typed: TextInput::default() }
    }

    /// The next one of those that are offered, or the one before; what was typed is gone.
    pub fn turn(&mut self, forward: bool) {
        let of = self.offered.len().max(1);
        self.at = (self.at + if forward { 1 } else { of - 1 }) % of;
        self.typed = TextInput::default();
    }

    /// The end, or what is wrong with what was typed.
    pub fn until(&self, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, Shown> {
        if self.typed.is_empty() {
            return self.offered.get(self.at).copied().ok_or_else(|| "there is no end to offer".into());
        }
        match parse_ahead(self.typed.value(), zone, now) {
            Ok(end) if end <= now => Err("that is over: give an end that is still to come".into()),
            Ok(end) if end > self.furthest => {
                Err(format!("a decision may last {} at most (limits.decision)", self.longest).into())
            }
            Ok(end) => Ok(end),
            Err(wrong) => Err(wrong.into()),
        }
    }
}
