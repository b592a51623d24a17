//! Moments as people type them on a command line.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::edge::{End, USAGE};
use crate::domain::Period;

/// `7d` from now, a day from its midnight on in the operator's zone, or a moment as RFC 3339 has it.
pub(super) fn ahead(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, End> {
    moment(text, zone, |period: Period| now.checked_add(period.as_duration()).ok())
}

fn moment(text: &str, zone: &TimeZone, shifted: impl Fn(Period) -> Option<Timestamp>) -> Result<Timestamp, End> {
    let wrong = || End::new(USAGE, format!("`{text}` is no time: write 7d, 2026-12-24 or 2026-12-24T08:00:00+01:00"));
    if let Ok(period) = text.parse::<Period>() {
        return shifted(period).ok_or_else(wrong);
    }
    if let Ok(date) = text.parse::<Date>()
        && !text.contains(['T', 't', ' '])
    {
        return date.to_zoned_datetime(zone.clone()).map(|zoned| zoned.timestamp()).map_err(|_| wrong());
    }
    text.parse().map_err(|_| wrong())
}
