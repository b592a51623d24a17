//! When a snapshot was made, by its name.

use super::*;

#[test]
fn rotated_folders_that_all_carry_one_time_were_copied() {
    let entries = [entry_named("alpha.0", true), entry_named("alpha.1", true), entry_named("alpha.2", true)];
    let folder = parse_folder(&entries, &vienna());
    let list = snapshots_of(folder.named, 0);
    assert_eq!(list.degraded.unwrap(), "alpha.0 to alpha.2 all carry the same time: copied without their times");
}

#[test]
fn a_name_older_than_its_file_system_says_counts_as_it_says() {
    let of = |name: &str| names::not_newer_than_named(at("2026-11-23T19:40:33Z"), name, &vienna()).to_string();
    assert_eq!(of("root.2026-11-09T03:00"), "2026-11-09T02:00:00Z");
    assert_eq!(of("root.2026-11-23T03:00"), "2026-11-23T19:40:33Z", "zones differ by so much");
    assert_eq!(of("root.2030-01-01"), "2026-11-23T19:40:33Z", "a name can't make it newer");
    assert_eq!(of("before upgrade"), "2026-11-23T19:40:33Z");
}

#[test]
fn dated_names_are_read() {
    for (name, made) in [
        ("2026-11-22T0214", "2026-11-22T01:14:00Z"),
        ("2026-11-22T02:14:07", "2026-11-22T01:14:07Z"),
        ("2026-11-22_02-14", "2026-11-22T01:14:00Z"),
        ("20261122-021400", "2026-11-22T01:14:00Z"),
        ("20261122021400", "2026-11-22T01:14:00Z"),
        ("db1-2026_11_22-021400.sql.gz", "2026-11-22T01:14:00Z"),
        ("2026-11-22T02:14:00Z", "2026-11-22T02:14:00Z"),
        ("2026-11-22T02:14:00.123456+01:00.tar", "2026-11-22T01:14:00Z"),
        ("zfs-auto-2026-11-22-0214Z", "2026-11-22T02:14:00Z"),
        ("web1-2026-07-01T0214", "2026-07-01T00:14:00Z"),
        // Only a date: the first moment of it, since the entry was touched long after.
        ("2026-11-22", "2026-11-21T23:00:00Z"),
        ("20261122", "2026-11-21T23:00:00Z"),
        ("web1-2026-11-22.tar.gz", "2026-11-21T23:00:00Z"),
        ("2026.11.22", "2026-11-21T23:00:00Z"),
        ("2026-11-22-2", "2026-11-21T23:00:00Z"),
        ("2026-11-22_9999", "2026-11-21T23:00:00Z"),
        ("2026-11-15_to_2026-11-22", "2026-11-14T23:00:00Z"),
        ("2028-02-29", "2028-02-28T23:00:00Z"),
    ] {
        assert_eq!(read(name).as_deref(), Some(made), "{name}");
    }
}

#[test]
fn names_without_a_date_are_not_guessed_at() {
    for name in [
        "README",
        "alpha.0.log",
        "22-11-2026",
        "1795462883",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-02-29",
        "1026-11-22",
        "12026-11-22",
        "202611221",
        "2026-11-223",
        "v2026.1.22",
        "",
        "日本語",
    ] {
        assert_eq!(read(name), None, "{name}");
    }
}

#[test]
fn a_bare_date_takes_the_entrys_own_time_only_where_it_fits() {
    let day = |modified| resolved("2026-11-22", modified).unwrap();
    assert_eq!(day("2026-11-22T01:14:00Z"), "2026-11-22T01:14:00Z", "on that date");
    assert_eq!(day("2026-11-22T23:40:00Z"), "2026-11-22T23:40:00Z", "a run over midnight");
    assert_eq!(day("2026-11-23T07:00:00Z"), "2026-11-21T23:00:00Z", "somebody touched it the morning after");
    assert_eq!(day("2019-01-01T00:00:00Z"), "2026-11-21T23:00:00Z", "rsync kept the time of its source");
    assert_eq!(day("2026-11-21T22:00:00Z"), "2026-11-21T23:00:00Z", "before that date");
}

#[test]
fn what_stands_before_the_date_is_kept() {
    assert_eq!(parse_name("web1-2026-11-22.tar.gz", false).unwrap().1, Some("web1"));
    assert_eq!(parse_name("2026-11-22", true).unwrap().1, None);
    assert_eq!(parse_name("größe_2026-11-22", true).unwrap().1, Some("größe"));
}

#[test]
fn rotated_names_are_folders_with_a_number() {
    for name in ["alpha.0", "daily.12", "beta-2.3"] {
        assert!(parse_name(name, true).is_some(), "{name}");
        assert!(parse_name(name, false).is_none(), "{name} as a file is a rotated log");
    }
    for name in ["_delete.2214", ".sync", "alpha.", "alpha", "alpha.x", "alpha.0.1", "0.1", "alpha.12345"] {
        assert!(parse_name(name, true).is_none(), "{name}");
    }
}

proptest! {
    #[test]
    fn no_name_panics_and_a_date_is_never_stretched_beyond_the_next_morning(
        name in "\\PC{0,24}|[0-9TZ:+_. -]{0,24}|20[0-9]{2}-[01][0-9]-[0-3][0-9][0-9T:_Z+-]{0,12}",
        touched in 631_152_000_i64..4_000_000_000,
    ) {
        let modified = Timestamp::from_second(touched).unwrap();
        if let Some((stamp, before)) = parse_name(&name, true) {
            prop_assert!(before.is_none_or(|before| name.starts_with(before)));
            let made = stamp.resolve(modified, &vienna());
            if let (Stamp::Day(day), Some(made)) = (stamp, made) {
                let local = vienna().to_datetime(made);
                prop_assert!(local >= day.at(0, 0, 0, 0) && local < day.tomorrow().unwrap().at(6, 0, 0, 0));
            }
        }
    }
}
