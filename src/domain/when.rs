//! Moments as people type them: on a command line, in the console.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::{Period, Shown};

/// A moment to come: `7d` from now, a day from its midnight on in this zone, a day and a time there, or a moment as RFC 3339
/// has it.
pub fn parse_ahead(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, String> {
    let begin = |day: Date| zone.to_timestamp(day.at(0, 0, 0, 0)).ok();
    moment(text, zone, |period| now.checked_add(period.as_duration()).ok(), begin)
}

/// A moment that was: `7d` ago, a day at its end, or else as [`parse_ahead`] reads it. The end of today is now.
pub fn parse_past(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, String> {
    let end = |day: Date| {
        let next = zone.to_timestamp(day.tomorrow().ok()?.at(0, 0, 0, 0)).ok()?;
        let end = next.checked_sub(1.millisecond()).ok()?;
        Some(if zone.to_datetime(now).date() == day { now } else { end })
    };
    let then = moment(text, zone, |period| now.checked_sub(period.as_duration()).ok(), end)?;
    if then > now {
        return Err(format!("`{}` is still to come: nothing is known of it", Shown::line(text).cut(40)));
    }
    Ok(then)
}

fn moment(
    text: &str,
    zone: &TimeZone,
    shifted: impl Fn(Period) -> Option<Timestamp>,
    of_day: impl Fn(Date) -> Option<Timestamp>,
) -> Result<Timestamp, String> {
    let text = text.trim();
    let read = if let Ok(period) = text.parse::<Period>() {
        shifted(period)
    } else if let Ok(moment) = text.parse::<Timestamp>() {
        Some(moment)
    } else if !text.contains([':', 'T', 't']) {
        text.parse().ok().and_then(of_day)
    } else {
        text.parse::<DateTime>().ok().and_then(|local| zone.to_timestamp(local).ok())
    };
    let wrong = || {
        let typed = Shown::line(text).cut(40);
        format!("`{typed}` is no time: write 7d, 2026-12-24 or 2026-12-24T08:00:00+01:00")
    };
    read.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_when_it_is_to_come_and_ends_when_it_was() {
        let zone = TimeZone::get("Europe/Vienna").unwrap();
        let now: Timestamp = "2026-11-25T07:00:00Z".parse().unwrap();
        let ahead = |text: &str| parse_ahead(text, &zone, now).map(|at| at.to_string());
        let past = |text: &str| parse_past(text, &zone, now).map(|at| at.to_string());
        assert_eq!(ahead("2026-12-24").unwrap(), "2026-12-23T23:00:00Z");
        assert_eq!(ahead("7d").unwrap(), "2026-12-02T07:00:00Z");
        assert_eq!(ahead("2026-12-24 08:00").unwrap(), "2026-12-24T07:00:00Z");
        assert_eq!(ahead("2026-12-24T08:00:00+02:00").unwrap(), "2026-12-24T06:00:00Z");
        assert_eq!(past("2026-11-20").unwrap(), "2026-11-20T22:59:59.999Z");
        assert_eq!(past("2026-11-25").unwrap(), "2026-11-25T07:00:00Z");
        assert_eq!(past("7d").unwrap(), "2026-11-18T07:00:00Z");
        assert_eq!(past("2026-11-20 08:00").unwrap(), "2026-11-20T07:00:00Z");
        assert!(past("2026-11-26").unwrap_err().contains("still to come"));
        // The night on which the clocks go back has 25 hours.
        assert_eq!(past("2026-10-25").unwrap(), "2026-10-25T22:59:59.999Z");
        for text in ["", "soon", "-7d", "2026-13-01", "2026-11-20T", "9999999y", "\u{1b}[2J"] {
            assert!(ahead(text).is_err() && past(text).is_err(), "{text}");
        }
    }
}
