//! [`Hours`]: when something is usual, as people write it in the configuration.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{DateTime, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shown;

/// Usual hours: `06:00-20:00`, `Mon-Fri 06:00-20:00`, `Sat,Sun 22:00-02:00` (over midnight: named by the day on which
/// they begin).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Hours {
    /// By their place in the week, Monday first.
    days: [bool; 7],
    /// Minutes of the day; `until` may be 24:00, and at or before `from` it is the next day's.
    from: u16,
    until: u16,
    text: String,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Hours {
    /// Whether that moment of the week is inside.
    pub fn contain(&self, at: DateTime) -> bool {
        let minute = u16::try_from(i16::from(at.hour()) * 60 + i16::from(at.minute())).unwrap_or(0);
        let on = |day: Weekday| self.days[usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)];
        if self.from < self.until {
            return on(at.weekday()) && (self.from..self.until).contains(&minute);
        }
        (on(at.weekday()) && minute >= self.from) || (on(at.weekday().previous()) && minute < self.until)
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (days, span) = match text.trim().split_once(' ') {
                Some((days, span)) => (parse_days(days)?, span.trim()),
                None => ([true; 7], text.trim()),
            };
            let (from, until) = span.split_once('-')?;
            let (from, until) = (parse_minute(from)?, parse_minute(until)?);
            (from < 24 * 60 && from != until).then_some((days, from, until))
        };
        let (days, from, until) = read().ok_or_else(|| {
            format!(
                "`{}` are no hours: write them as in \"Mon-Fri 06:00-20:00\" or \"06:00-20:00\"",
                Shown::line(text).cut(60)
            )
        })?;
        Ok(Self { days, from, until, text: text.trim().to_owned() })
    }
}

/// `Mon`, `Mon-Fri`, `Sat,Sun`, `Sat-Mon`.
fn parse_days(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| DAYS.iter().position(|day| name.eq_ignore_ascii_case(day));
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day(first)?, day(last)?);
        days[at] = true;
        while at != last {
            at = (at + 1) % 7;
            days[at] = true;
        }
    }
    Some(days)
}

fn parse_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    ((hour < 24 && minute < 60) || (hour == 24 && minute == 0)).then_some(hour * 60 + minute)
}

impl TryFrom<String> for Hours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.text
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn hours(text: &str) -> Hours {
        text.parse().unwrap()
    }

    /// Monday is the 23rd.
    fn at(day: i8, hour: i8, minute: i8) -> DateTime {
        date(2026, 11, day).at(hour, minute, 0, 0)
    }

    #[test]
    fn hours_of_the_day_and_of_the_week_are_told_apart() {
        let week = hours("Mon-Fri 06:00-20:00");
        for (when, inside) in [
            (at(23, 6, 0), true),
            (at(23, 5, 59), false),
            (at(27, 19, 59), true),
            (at(27, 20, 0), false),
            (at(28, 12, 0), false),
        ] {
            assert_eq!(week.contain(when), inside, "{when}");
        }
        assert!(hours("sat,SUN 00:00-24:00").contain(at(29, 23, 59)));
        assert!(hours("06:00-20:00").contain(at(29, 12, 0)));
        assert!(hours("Sat-Mon 06:00-20:00").contain(at(23, 12, 0)));
        assert!(!hours("Sat-Mon 06:00-20:00").contain(at(24, 12, 0)));
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
        let night = hours("Sun 22:00-02:00");
        assert!(night.contain(at(29, 22, 0)) && night.contain(at(23, 1, 59)));
        assert!(!night.contain(at(29, 1, 59)) && !night.contain(at(23, 22, 0)) && !night.contain(at(23, 2, 0)));
    }

    #[test]
    fn what_is_no_hours_is_refused_with_an_example() {
        for wrong in [
            "",
            "always",
            "6-20",
            "06:00",
            "06:00-25:00",
            "06:00-06:00",
            "Mon 6:00-20:00",
            "Foo 06:00-20:00",
            "24:00-06:00",
            "06:60-20:00",
            "Mon- 06:00-20:00",
            "-06:00-20:00",
            "Mon Tue 06:00-20:00",
            "06:00-24:01",
            "Mön 06:00-20:00",
        ] {
            assert!(wrong.parse::<Hours>().is_err_and(|said| said.contains("Mon-Fri 06:00-20:00")), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_hours_or_refused(text in "[A-Za-z0-9:, -]{0,24}|\\PC{0,12}") {
            if let Ok(hours) = text.parse::<Hours>() {
                prop_assert_eq!(&hours.to_string().parse::<Hours>().unwrap(), &hours);
            }
        }
    }
}
