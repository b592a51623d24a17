use jiff::civil::date;
use jiff::{Span, ToSpan as _};
use proptest::prelude::*;

use super::*;

const ZONES: [&str; 5] = ["Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// `2026-11-23 08:04` in Vienna.
fn vienna(text: &str) -> Timestamp {
    local(text, "Europe/Vienna")
}

fn local(text: &str, name: &str) -> Timestamp {
    zone(name).to_timestamp(text.parse().unwrap()).unwrap()
}

fn night(made: &[&str], now: &str) -> Standing {
    let made: Vec<Timestamp> = made.iter().map(|text| vienna(text)).collect();
    standing(Slot::LastNight, &made, vienna(now), &zone("Europe/Vienna"))
}

fn weeks(count: u32) -> Slot {
    Slot::Ago(Period::days(7 * count))
}

fn filled(text: &str) -> Standing {
    Standing::Filled(vienna(text))
}

#[test]
fn last_night_begins_at_six_in_the_evening() {
    assert_eq!(night(&["2026-11-22 18:00"], "2026-11-23 08:04"), filled("2026-11-22 18:00"));
    assert_eq!(night(&["2026-11-22 17:59:59"], "2026-11-23 08:04"), Standing::Missing);
    assert_eq!(night(&["2026-11-23 02:14", "2026-11-22 23:00"], "2026-11-23 08:04"), filled("2026-11-23 02:14"));
    assert_eq!(night(&["2026-11-21 02:14"], "2026-11-23 08:04"), Standing::Missing);
    assert_eq!(night(&[], "2026-11-23 08:04"), Standing::Missing);
}

#[test]
fn before_six_a_run_may_still_come_if_the_night_before_had_one() {
    for (now, expected) in [
        ("2026-11-23 00:30", Standing::Running),
        ("2026-11-23 05:59:59", Standing::Running),
        ("2026-11-23 06:00", Standing::Missing),
        ("2026-11-23 08:04", Standing::Missing),
    ] {
        assert_eq!(night(&["2026-11-22 02:14"], now), expected, "{now}");
        assert_eq!(night(&["2026-11-20 02:14"], now), Standing::Missing, "dead since Friday, at {now}");
    }
    assert_eq!(night(&["2026-11-22 02:14"], "2026-11-22 23:00"), filled("2026-11-22 02:14"));
    assert_eq!(night(&["2026-11-22 20:14"], "2026-11-23 00:30"), filled("2026-11-22 20:14"));
}

#[test]
fn a_snapshot_from_the_future_fills_nothing() {
    assert_eq!(night(&["2026-11-23 08:09:01"], "2026-11-23 08:04"), Standing::Missing);
    assert_eq!(night(&["2026-11-23 08:08"], "2026-11-23 08:04"), filled("2026-11-23 08:08"), "clocks differ a little");
    assert_eq!(night(&["2030-01-01 02:14"], "2026-11-23 08:04"), Standing::Missing);
}

#[test]
fn so_long_ago_takes_what_is_within_a_quarter_of_it() {
    let now = vienna("2026-11-23 08:04");
    let at = |slot, ago: Span| {
        let made = [(now.to_zoned_datetime(TimeZone::UTC) - ago).timestamp(), now];
        matches!(standing(slot, &made, now, &TimeZone::UTC), Standing::Filled(found) if found == made[0])
    };
    assert!(at(weeks(1), 7.days()) && at(weeks(1), 126.hours()) && at(weeks(1), 210.hours()));
    assert!(!at(weeks(1), 125.hours()) && !at(weeks(1), 211.hours()));
    assert!(at(weeks(2), 252.hours()) && !at(weeks(2), 251.hours()) && !at(weeks(2), 421.hours()));
    assert!(at(Slot::Ago(Period::days(1)), 12.hours()) && !at(Slot::Ago(Period::days(1)), 37.hours()));
}

#[test]
fn a_weekly_series_fills_two_weeks_on_every_weekday() {
    let sundays: Vec<Timestamp> =
        (0..6).map(|week| vienna("2026-11-22 02:14") - Period::days(7 * week).as_duration()).collect();
    for hour in 0..7 * 24 {
        let now = vienna("2026-11-22 03:00") + Period::hours(hour).as_duration();
        assert!(matches!(standing(weeks(2), &sundays, now, &TimeZone::UTC), Standing::Filled(_)), "{now}");
    }
}

#[test]
fn a_young_backup_is_neither_missing_nor_filled() {
    let now = vienna("2026-11-23 08:04");
    let made = [vienna("2026-11-20 02:14"), vienna("2026-11-23 02:14")];
    assert_eq!(standing(weeks(1), &made, now, &TimeZone::UTC), Standing::Young);
    assert_eq!(standing(weeks(1), &[], now, &TimeZone::UTC), Standing::Missing, "nothing proves that it is young");
    let gap = [vienna("2026-10-01 02:14"), vienna("2026-11-23 02:14")];
    assert_eq!(standing(weeks(1), &gap, now, &TimeZone::UTC), Standing::Missing);
}

#[test]
fn nights_in_which_the_clock_is_set_have_their_true_length() {
    for (name, day, hours) in [
        ("Europe/Vienna", date(2026, 3, 29), 13.0),
        ("Europe/Vienna", date(2026, 10, 25), 15.0),
        ("America/New_York", date(2026, 3, 8), 13.0),
        ("America/New_York", date(2026, 11, 1), 15.0),
        // Half an hour only.
        ("Australia/Lord_Howe", date(2026, 10, 4), 13.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 14.5),
        ("Europe/Vienna", date(2026, 11, 23), 14.0),
    ] {
        let begins = night_begins(day, &zone(name)).unwrap();
        let eight = zone(name).to_timestamp(day.at(8, 0, 0, 0)).unwrap();
        assert!((eight.duration_since(begins).as_secs_f64() - hours * 3_600.0).abs() < 1.0, "{name} {day}");
    }
}

#[test]
fn a_snapshot_in_the_hour_that_comes_twice_or_never_counts() {
    let zone = zone("Europe/Vienna");
    let now = vienna("2026-10-25 08:04");
    for made in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"] {
        let made: Timestamp = made.parse().unwrap();
        assert_eq!(standing(Slot::LastNight, &[made], now, &zone), Standing::Filled(made));
    }
    let made: Timestamp = "2026-03-29T01:30:00Z".parse().unwrap();
    assert_eq!(standing(Slot::LastNight, &[made], vienna("2026-03-29 08:04"), &zone), Standing::Filled(made));
}

#[test]
fn leap_days_and_the_turn_of_the_year_are_days_like_others() {
    assert_eq!(night(&["2028-02-28 19:00"], "2028-02-29 08:00"), filled("2028-02-28 19:00"));
    assert_eq!(night(&["2028-02-29 19:00"], "2028-03-01 08:00"), filled("2028-02-29 19:00"));
    assert_eq!(night(&["2026-12-31 23:59"], "2027-01-01 08:00"), filled("2026-12-31 23:59"));
    let made = [vienna("2026-12-18 02:14"), vienna("2026-12-25 02:14")];
    let new_year = vienna("2027-01-01 08:00");
    assert_eq!(standing(weeks(2), &made, new_year, &TimeZone::UTC), Standing::Filled(made[0]));
    assert_eq!(standing(weeks(1), &made, new_year, &TimeZone::UTC), Standing::Filled(made[1]));
}

#[test]
fn a_missed_night_is_dated_by_its_morning() {
    let zone = zone("Europe/Vienna");
    for (newest, since) in [
        ("2026-11-21 02:14", "2026-11-22 06:00"),
        ("2026-11-21 14:00", "2026-11-22 06:00"),
        ("2026-11-21 19:00", "2026-11-23 06:00"),
    ] {
        assert_eq!(missing_since(vienna(newest), &zone), Some(vienna(since)), "{newest}");
    }
}

#[test]
fn snapshots_of_the_first_and_last_moment_do_no_harm() {
    let made = [Timestamp::MIN, Timestamp::MAX];
    let now = vienna("2026-11-23 08:04");
    for slot in [Slot::LastNight, weeks(1)] {
        assert_eq!(standing(slot, &made, now, &zone("Pacific/Apia")), Standing::Missing);
    }
    assert!(missing_since(Timestamp::MAX, &zone("Pacific/Apia")).is_none());
}

prop_compose! {
    fn instants()(seconds in proptest::collection::vec(0_i64..2_208_988_800, 0..12)) -> Vec<Timestamp> {
        seconds.into_iter().map(|second| Timestamp::from_second(second).unwrap()).collect()
    }
}

fn slots() -> impl Strategy<Value = Slot> {
    prop_oneof![Just(Slot::LastNight), (1_u32..60).prop_map(|days| Slot::Ago(Period::days(days)))]
}

/// A now, and snapshots around it.
fn around_now() -> impl Strategy<Value = (Timestamp, Vec<Timestamp>)> {
    (100_000_000_i64..2_208_988_800, proptest::collection::vec(-40 * 86_400_i64..3 * 86_400, 0..10)).prop_map(
        |(now, offsets)| {
            let at = |second| Timestamp::from_second(second).unwrap();
            (at(now), offsets.into_iter().map(|offset| at(now + offset)).collect())
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_snapshots_never_matters((now, made) in around_now(), slot in slots(), turn in 0_usize..10, zone in 0_usize..5) {
        let zone = super::tests::zone(ZONES[zone]);
        let mut turned = made.clone();
        turned.reverse();
        if !turned.is_empty() {
            let middle = turn % turned.len();
            turned.rotate_left(middle);
        }
        prop_assert_eq!(standing(slot, &made, now, &zone), standing(slot, &turned, now, &zone));
    }

    #[test]
    fn an_older_snapshot_never_fills_last_night((now, mut made) in around_now(), older in 0_i64..40 * 86_400, zone in 0_usize..5) {
        let zone = super::tests::zone(ZONES[zone]);
        let before = standing(Slot::LastNight, &made, now, &zone);
        let begins = night_begins(zone.to_datetime(now).date(), &zone).unwrap();
        let the_night_before = night_begins(zone.to_datetime(now).date().yesterday().unwrap(), &zone).unwrap();
        let added = begins - SignedDuration::from_secs(older + 1);
        made.push(added);
        let after = standing(Slot::LastNight, &made, now, &zone);
        if added < the_night_before {
            prop_assert_eq!(before, after);
        } else {
            // One of the night before can only show that the backup was alive until then.
            prop_assert!(before == after || (before, after) == (Standing::Missing, Standing::Running));
        }
    }

    #[test]
    fn a_future_date_never_changes_how_a_slot_stands((now, mut made) in around_now(), slot in slots(), ahead in 301_i64..100_000_000, zone in 0_usize..5) {
        let zone = super::tests::zone(ZONES[zone]);
        let before = standing(slot, &made, now, &zone);
        made.push(now + SignedDuration::from_secs(ahead));
        prop_assert_eq!(before, standing(slot, &made, now, &zone));
    }

    #[test]
    fn without_a_snapshot_nothing_is_ever_filled((now, made) in around_now(), slot in slots(), zone in 0_usize..5) {
        let zone = super::tests::zone(ZONES[zone]);
        prop_assert_eq!(standing(slot, &[], now, &zone), Standing::Missing);
        if let Standing::Filled(by) = standing(slot, &made, now, &zone) {
            prop_assert!(made.contains(&by) && by <= now + SLACK);
        }
    }

    #[test]
    fn nights_follow_each_other_without_gap_or_overlap(day in 0_i32..25_000, at in 0_i64..3 * 86_400, zone in 0_usize..5) {
        let zone = super::tests::zone(ZONES[zone]);
        let day = date(1970, 1, 2).checked_add(day.days()).unwrap();
        let begins = |day: Date| night_begins(day, &zone).unwrap();
        let (one, two, three) = (begins(day), begins(day.tomorrow().unwrap()), begins(day.tomorrow().unwrap().tomorrow().unwrap()));
        prop_assert!(one < two || zone.iana_name() == Some("Pacific/Apia"), "Samoa left out a day in 2011");
        let moment = one + SignedDuration::from_secs(at);
        let nights = [(one, two), (two, three)].iter().filter(|(from, to)| (*from..*to).contains(&moment)).count();
        prop_assert_eq!(nights, usize::from(moment < three));
    }

    #[test]
    fn any_instants_can_be_judged(made in instants(), now in 0_i64..2_208_988_800, slot in slots()) {
        let now = Timestamp::from_second(now).unwrap();
        standing(slot, &made, now, &zone("America/New_York"));
    }
}
