//! Times as the console says them: ages that rarely change, and clock times in the operator's zone.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{Shown, age};

/// An age, and until when it reads the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Age {
    pub said: Shown,
    pub until: Timestamp,
}

/// How long ago `then` was. Below a minute it says `now`, so that no picture changes more than once a minute.
pub fn since(then: Timestamp, now: Timestamp) -> Age {
    let seconds = now.duration_since(then).as_secs();
    // The steps in which `domain::age` counts.
    let step = match seconds {
        ..7_200 => 60,
        7_200..172_800 => 3_600,
        _ => 86_400,
    };
    let said = if (0..60).contains(&seconds) { "now".into() } else { age(then, now).into() };
    let left = (step - seconds.rem_euclid(step)).max(1);
    let until = now.checked_add(SignedDuration::from_secs(left)).unwrap_or(Timestamp::MAX);
    Age { said, until }
}

/// `08:04` on the same day as `now`, `21 Nov 08:04` in the same year, else with the year.
pub fn clock(then: Timestamp, now: Timestamp, zone: &TimeZone) -> Shown {
    let (then, now) = (then.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone.clone()));
    let format = if then.date() == now.date() {
        "%H:%M"
    } else if then.year() == now.year() {
        "%-d %b %H:%M"
    } else {
        "%-d %b %Y %H:%M"
    };
    then.strftime(format).to_string().into()
}

/// `Mon 23 Nov 2026`, and until when that is true.
pub fn day(now: Timestamp, zone: &TimeZone) -> Age {
    let local = now.to_zoned_datetime(zone.clone());
    let midnight = local.tomorrow().and_then(|tomorrow| tomorrow.start_of_day());
    let until = midnight.map_or(Timestamp::MAX, |midnight| midnight.timestamp());
    Age { said: local.strftime("%a %-d %b %Y").to_string().into(), until }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_age_tells_until_when_it_reads_the_same() {
        let now = at("2026-11-23T08:04:00Z");
        for (then, said, until) in [
            ("2026-11-23T08:03:30Z", "now", "2026-11-23T08:04:30Z"),
            ("2026-11-23T08:00:30Z", "3 m", "2026-11-23T08:04:30Z"),
            ("2026-11-23T02:30:00Z", "5 h", "2026-11-23T08:30:00Z"),
            ("2026-11-20T09:04:00Z", "2 d", "2026-11-23T09:04:00Z"),
        ] {
            let age = since(at(then), now);
            assert_eq!((age.said.as_str(), age.until), (said, at(until)), "{then}");
            assert_eq!(since(at(then), age.until - SignedDuration::from_secs(1)).said, age.said, "{then}");
        }
    }

    #[test]
    fn the_end_of_time_does_no_harm() {
        since(Timestamp::MIN, Timestamp::MAX);
        since(Timestamp::MAX, Timestamp::MIN);
        day(Timestamp::MAX, &TimeZone::UTC);
    }

    #[test]
    fn clock_times_say_as_much_as_is_needed() {
        let (now, zone) = (at("2026-11-23T08:04:00Z"), TimeZone::get("Europe/Vienna").unwrap());
        assert_eq!(clock(at("2026-11-23T07:04:00Z"), now, &zone), "08:04");
        assert_eq!(clock(at("2026-11-20T07:11:00Z"), now, &zone), "20 Nov 08:11");
        assert_eq!(clock(at("2025-11-20T07:11:00Z"), now, &zone), "20 Nov 2025 08:11");
        let today = day(now, &zone);
        assert_eq!((today.said.as_str(), today.until), ("Mon 23 Nov 2026", at("2026-11-23T23:00:00Z")));
    }
}
