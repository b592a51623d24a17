//! Which days somebody signed: four weeks in one line.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::domain::Shown;

const WEEKS: i64 = 4;

/// `✓✓✓✓✓·· ✓·✓✓✓·· ···✓✓·· ✓✓   4 weekdays nobody signed`: Monday first, this week last, up to today. Days before the
/// first signature are nobody's; whether a day was a holiday is not known here, so none is called missed.
pub fn weeks(signed: &[Timestamp], today: Date, zone: &TimeZone) -> Option<Shown> {
    let mut days: Vec<Date> = signed.iter().map(|at| zone.to_datetime(*at).date()).collect();
    days.sort_unstable();
    let first = *days.first()?;
    let since_monday = i64::from(today.weekday().to_monday_zero_offset());
    let begin = today.checked_sub((since_monday + 7 * (WEEKS - 1)).days()).ok()?;
    let (mut strip, mut unsigned) = (String::new(), 0);
    for day in begin.series(1.day()).take_while(|day| *day <= today) {
        if day.weekday() == Weekday::Monday && day != begin {
            strip.push(' ');
        }
        let is_signed = days.binary_search(&day).is_ok();
        strip.push(if is_signed { '✓' } else { '·' });
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        unsigned += usize::from(!is_signed && !weekend && day < today && day > first);
    }
    let said = match unsigned {
        0 => String::new(),
        1 => "   1 weekday nobody signed".to_owned(),
        many => format!("   {many} weekdays nobody signed"),
    };
    Some((strip + &said).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(days: &[&str]) -> Vec<Timestamp> {
        days.iter().map(|day| format!("{day}T07:00:00Z").parse().unwrap()).collect()
    }

    #[test]
    fn four_weeks_are_one_line_and_weekends_are_nobodys() {
        // A Wednesday.
        let today = "2026-11-25".parse().unwrap();
        let line = |days: &[&str]| weeks(&signed(days), today, &TimeZone::UTC).map(|line| line.to_string());
        assert_eq!(line(&[]), None);
        let all = ["2026-11-02", "2026-11-03", "2026-11-05", "2026-11-06", "2026-11-24"];
        assert_eq!(line(&all).unwrap(), "✓✓·✓✓·· ······· ······· ·✓·   12 weekdays nobody signed");
        assert_eq!(line(&["2026-11-23", "2026-11-24", "2026-11-25"]).unwrap(), "······· ······· ······· ✓✓✓");
        // A signature of last year says since when days count.
        assert_eq!(line(&["2025-01-07", "2026-11-24"]).unwrap().matches('·').count(), 23);
    }

    #[test]
    fn a_day_is_the_operators_day() {
        let late = ["2026-11-24T23:30:00Z".parse().unwrap()];
        let vienna = TimeZone::get("Europe/Vienna").unwrap();
        let line = weeks(&late, "2026-11-25".parse().unwrap(), &vienna).unwrap();
        assert_eq!(line, "······· ······· ······· ··✓");
    }
}
