//! How slots and moments are said.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::facts::Slot;

/// `Sat 21 Nov 02:14`, with the year where it isn't this one.
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (zone.to_datetime(at), zone.to_datetime(now));
    let form = if at.year() == now.year() { "%a %-d %b %H:%M" } else { "%a %-d %b %Y %H:%M" };
    at.strftime(form).to_string()
}

/// `Sat 21 Nov`.
pub fn day(date: Date) -> String {
    date.strftime("%a %-d %b").to_string()
}

/// `last night`, `1 week ago`.
pub fn slot(slot: Slot) -> String {
    match slot {
        Slot::LastNight => slot.to_string(),
        Slot::Ago(_) => format!("{slot} ago"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 snapshot`, `12 snapshots`.
pub fn snapshots(count: usize) -> String {
    format!("{count} snapshot{}", if count == 1 { "" } else { "s" })
}
