//! [`Period`]: a length of time as people write it in the configuration.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length of time: `90s`, `15m`, `24h`, `14d`, `2w`, `1y` (a day is 24 hours, a year 365 days).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "period", "pattern" = "^[0-9]+(s|m|h|d|w|y)$"))]
pub struct Period(u32);

const UNITS: [(char, u32); 6] = [('y', 31_536_000), ('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Period {
    pub const fn seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes * 60)
    }

    pub const fn hours(hours: u32) -> Self {
        Self(hours * 3_600)
    }

    pub const fn days(days: u32) -> Self {
        Self(days * 86_400)
    }

    pub fn as_seconds(self) -> i64 {
        i64::from(self.0)
    }

    pub fn as_duration(self) -> SignedDuration {
        SignedDuration::from_secs(self.as_seconds())
    }

    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!("`{text}` is not a length of time: write a number and one of s, m, h, d, w, y, as in 24h or 14d")
        };
        let unit = text.chars().last().ok_or_else(wrong)?;
        let factor = UNITS.iter().find(|(letter, _)| *letter == unit).ok_or_else(wrong)?.1;
        let digits = &text[..text.len() - unit.len_utf8()];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let count: u32 = digits.parse().map_err(|_| format!("`{text}` is too long a time"))?;
        count.checked_mul(factor).map(Self).ok_or_else(|| format!("`{text}` is too long a time"))
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The largest unit that leaves no rest, but days rather than weeks: `14d` is what people wrote.
        let (unit, factor) = UNITS
            .into_iter()
            .filter(|(unit, _)| *unit != 'w')
            .find(|(_, factor)| self.0.is_multiple_of(*factor))
            .unwrap_or(('s', 1));
        if self.0 == 0 { f.write_str("0s") } else { write!(f, "{}{unit}", self.0 / factor) }
    }
}

/// How long ago `then` was, the way a person says it: `20 s`, `15 m`, `2 h`, `3 d`; `in 4 m` when it is ahead.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs();
    let ahead = if seconds < 0 { "in " } else { "" };
    let (count, unit) = match seconds.unsigned_abs() {
        s @ 0..60 => (s, "s"),
        s @ 60..7_200 => (s / 60, "m"),
        s @ 7_200..172_800 => (s / 3_600, "h"),
        s @ 172_800..86_400_000 => (s / 86_400, "d"),
        // Four digits of days are more than anybody reads, and than a column holds.
        s => (s / (365 * 86_400), "y"),
    };
    format!("{ahead}{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_read_and_print() {
        for text in ["90s", "15m", "24h", "14d", "1y"] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
        }
        assert_eq!("24h".parse::<Period>().unwrap(), Period::days(1));
        for wrong in ["", "d", "15", "-3d", "1.5h", "3 d", "99999999999d", "5ü", "+3d"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }
    #[test]
    fn an_age_has_at_most_three_digits_for_a_hundred_years() {
        let then = Timestamp::UNIX_EPOCH;
        for (seconds, said) in [
            (59, "59 s"),
            (7_199, "119 m"),
            (172_799, "47 h"),
            (999 * 86_400, "999 d"),
            (1_000 * 86_400, "2 y"),
            (-60, "in 1 m"),
        ] {
            assert_eq!(age(then, then + SignedDuration::from_secs(seconds)), said);
        }
    }
}
