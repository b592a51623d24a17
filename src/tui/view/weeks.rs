//! Which days somebody signed: four weeks in one line.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::domain::{Shown, Since};

const WEEKS: i64 = 4;

/// `✓✓✓✓✓·· ✓·✓✓✓·· ···✓✓·· ✓✓   4 weekdays nobody signed`: Monday first, this week last, up to today. Days before the
/// first signature are nobody's; whether a day was a holiday is not known here, so none is called missed. A day on which
/// nobody signed but in the operator's place is `◇`.
pub fn weeks(since: &Since, operator: &Shown, today: Date, zone: &TimeZone) -> Option<Shown> {
    let mut days: BTreeMap<Date, bool> = BTreeMap::new();
    for one in &since.days {
        let deputy = one.stands_for.as_ref() == Some(operator);
        days.entry(zone.to_datetime(one.at).date()).and_modify(|only| *only &= deputy).or_insert(deputy);
    }
    let first = zone.to_datetime(since.began?).date();
    let since_monday = i64::from(today.weekday().to_monday_zero_offset());
    let begin = today.checked_sub((since_monday + 7 * (WEEKS - 1)).days()).ok()?;
    let (mut strip, mut unsigned, mut deputies) = (String::new(), 0, 0);
    for day in begin.series(1.day()).take_while(|day| *day <= today) {
        if day.weekday() == Weekday::Monday && day != begin {
            strip.push(' ');
        }
        let is_signed = days.contains_key(&day);
        let deputy = days.get(&day) == Some(&true);
        strip.push(if deputy {
            '◇'
        } else if is_signed {
            '✓'
        } else {
            '·'
        });
        deputies += usize::from(deputy);
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        unsigned += usize::from(!is_signed && !weekend && day < today && day > first);
    }
    let said = match unsigned {
        0 => String::new(),
        1 => "   1 weekday nobody signed".to_owned(),
        many => format!("   {many} weekdays nobody signed"),
    };
    let deputies = if deputies == 0 { "" } else { "   ◇ in your place" };
    Some((strip + &said + deputies).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Presence;

    fn presence(at: &str, stands_for: Option<&str>) -> Presence {
        let (by, stands_for) = ("anna".into(), stands_for.map(Shown::from));
        Presence { at: at.parse().unwrap(), by, stands_for, note: Shown::default() }
    }

    fn since(days: Vec<Presence>) -> Since {
        Since { began: days.first().map(|one| one.at), days, ..Since::default() }
    }

    fn signed(days: &[&str]) -> Since {
        since(days.iter().map(|day| presence(&format!("{day}T07:00:00Z"), None)).collect())
    }

    #[test]
    fn four_weeks_are_one_line_and_weekends_are_nobodys() {
        // A Wednesday.
        let today = "2026-11-25".parse().unwrap();
        let line =
            |days: &[&str]| weeks(&signed(days), &"mona".into(), today, &TimeZone::UTC).map(|line| line.to_string());
        assert_eq!(line(&[]), None);
        let all = ["2026-11-02", "2026-11-03", "2026-11-05", "2026-11-06", "2026-11-24"];
        assert_eq!(line(&all).unwrap(), "✓✓·✓✓·· ······· ······· ·✓·   12 weekdays nobody signed");
        assert_eq!(line(&["2026-11-23", "2026-11-24", "2026-11-25"]).unwrap(), "······· ······· ······· ✓✓✓");
        // A signature of last year says since when days count.
        assert_eq!(line(&["2025-01-07", "2026-11-24"]).unwrap().matches('·').count(), 23);
    }

    #[test]
    fn a_day_is_the_operators_day() {
        let late = since(vec![presence("2026-11-24T23:30:00Z", None)]);
        let vienna = TimeZone::get("Europe/Vienna").unwrap();
        let line = weeks(&late, &"mona".into(), "2026-11-25".parse().unwrap(), &vienna).unwrap();
        assert_eq!(line, "······· ······· ······· ··✓");
    }

    #[test]
    fn a_day_on_which_only_a_deputy_signed_is_marked_for_whom_they_stood_in() {
        let days = since(vec![
            presence("2026-11-23T07:00:00Z", None),
            presence("2026-11-24T07:00:00Z", Some("mona")),
            presence("2026-11-25T07:00:00Z", Some("mona")),
            presence("2026-11-25T08:00:00Z", None),
        ]);
        let today = "2026-11-25".parse().unwrap();
        let line = |who: &str| weeks(&days, &who.into(), today, &TimeZone::UTC).unwrap().to_string();
        assert_eq!(line("mona"), "······· ······· ······· ✓◇✓   ◇ in your place");
        assert_eq!(line("roman"), "······· ······· ······· ✓✓✓");
    }
}
