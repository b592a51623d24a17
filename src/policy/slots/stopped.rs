//! A series that has stopped beside others that go on: theirs fill the slots, so nothing else would tell.
//!
//! Late is what stays away longer than it did in its last seven days by [`LATE`]: so one of workdays, of noon or of every
//! hour has its own measure, and what thins old snapshots only makes it more patient. A weekly one never has [`FEWEST`]
//! days in two weeks; nor has one that was given up, two weeks after, so this ends by itself.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::held::{Backup, Seen, stands};
use super::judge::Site;
use super::whose::Servers;
use super::{Standing, missing_since, words};
use crate::domain::facts::{Slot, Snapshot};
use crate::domain::{Judgement, Shown, Subject, Verdict};
use crate::policy::Case;

/// As many days with a snapshot are looked at, and as few within [`RECENT`] suffice.
const LOOKED_AT: usize = 7;
const FEWEST: usize = 4;
const RECENT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A series that never was seen for so long may have gaps that nobody knows yet: a weekend.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(6 * 24 - 4);
/// Runs begin and end at other times every night.
const LATE: SignedDuration = SignedDuration::from_hours(4);

/// What has stopped, as a finding of its own: who decides that it was meant decides on nothing else.
pub fn stopped(
    case: &Case<'_>,
    site: Site,
    backup: &Backup<'_>,
    (server, servers): (&Shown, &Servers),
    seen: &Seen<'_>,
) -> Option<Judgement> {
    let stopped = those(case, servers, seen);
    let (first, newest) = stopped.first()?;
    let at = |at| words::moment(at, case.now, case.zone);
    let more = match stopped.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let name = &backup.declared.subject.name;
    let title = format!("none from last night of {}, last {}{more}, while others go on", named(first), at(*newest));
    let lines: Vec<String> =
        stopped.iter().map(|(paths, newest)| format!("{}: last {}", named(paths), at(*newest))).collect();
    let judgement = Judgement::new(site.measure, Subject::host(server.clone()), Verdict::Due, title)
        .part(format!("{name} series"))
        .detail(&lines.join("\n"))
        .since(missing_since(*newest, case.zone))
        .because(backup.source.id.to_string(), backup.source.good_at, lines.join("; "))
        .mend("read the log of its last run, and whether its timer still runs; if it was given up, decide so");
    Some(stopped.iter().fold(judgement, |judgement, (paths, _)| judgement.asking(named(paths), "has stopped")))
}

fn named(paths: &[Shown]) -> String {
    let words: Vec<&str> = paths.iter().map(Shown::as_str).collect();
    format!("`{}`", words.join(" "))
}

/// The paths of each series that has stopped, with its newest snapshot.
fn those<'a>(case: &Case<'_>, servers: &Servers, seen: &Seen<'a>) -> Vec<(&'a [Shown], Timestamp)> {
    let mut series: BTreeMap<(&[Shown], Option<&Shown>), Vec<&Snapshot>> = BTreeMap::new();
    for run in seen.counted.chunk_by(|one, next| one.is_of_series(next)) {
        series.entry((&run[0].paths, run[0].host.as_ref())).or_default().extend(run);
    }
    let (mut living, mut late) = (Vec::new(), Vec::new());
    for ((paths, _), all) in series {
        let days = days(case, &all);
        match stands(case, Slot::LastNight, &days, seen.list) {
            Standing::Filled(_) => living.extend(paths),
            // What a snapshot of several servers lacks is an empty slot of the other.
            Standing::Missing if is_late(&days, case.now) && !servers.is_shared(all[0]) => late.push((paths, days[0])),
            _ => {}
        }
    }
    late.retain(|(paths, _)| !living.is_empty() && !is_covered(paths, &living));
    late
}

/// The newest of each day, from one evening to the next, newest first.
fn days(case: &Case<'_>, newest_first: &[&Snapshot]) -> Vec<Timestamp> {
    let date =
        |at: Timestamp| case.zone.to_datetime(at.saturating_add(SignedDuration::from_hours(6)).unwrap_or(at)).date();
    let each = newest_first.chunk_by(|one, next| date(one.at) == date(next.at));
    each.take(LOOKED_AT).map(|day| day[0].at).collect()
}

fn is_late(days: &[Timestamp], now: Timestamp) -> bool {
    let (Some(newest), Some(oldest)) = (days.first(), days.last()) else { return false };
    let recent = days.iter().filter(|at| now.duration_since(**at) <= RECENT).count();
    let longest = days.windows(2).map(|pair| pair[0].duration_since(pair[1])).max().unwrap_or_default();
    recent >= FEWEST
        && newest.duration_since(*oldest) >= KNOWN_FOR
        && now.duration_since(*newest) > longest.saturating_add(LATE)
}

/// Whether all of it is in what goes on: another name of the host, or more paths, is no loss.
fn is_covered(paths: &[Shown], living: &[&Shown]) -> bool {
    let within = |path: &str, folder: &str| {
        let below = |rest: &str| rest.starts_with('/');
        path == folder || (path.starts_with('/') && path.strip_prefix(folder.trim_end_matches('/')).is_some_and(below))
    };
    paths.iter().all(|path| living.iter().any(|folder| within(path.as_str(), folder.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::Snapshots;
    use crate::policy::decisions::scene::reopened;
    use crate::policy::rules;
    use crate::policy::slots::scene::{Scene, list, says, vienna};

    /// What is said on the morning of the 23rd; each series: host, paths, and how many days ago its snapshots were made.
    fn said_at(now: &str, series: &[(&str, &[&str], &[i64])]) -> Option<Judgement> {
        let of = |host: &str, paths: &[&str], days: i64| Snapshot {
            host: Some(host.into()),
            paths: paths.iter().map(|path| Shown::line(path)).collect(),
            ..Snapshot::new(
                format!("{host}{paths:?}{days}"),
                vienna("2026-11-23 02:14") - SignedDuration::from_hours(24 * days),
            )
        };
        let all = series.iter().flat_map(|(host, paths, days)| days.iter().map(|day| of(host, paths, *day)));
        let made: Snapshots = list(&all.collect::<Vec<_>>());
        let says = says("restic", &["web1"], &["last night", "1 week"], false);
        let scene = Scene::new(&["web1", "db1"]).at(now).backup("nas", says, Ok(made));
        let judged = scene.judged(rules::ALL.iter().find(|rule| rule.measure == "backup-on-site").unwrap());
        judged.into_iter().find(|one| one.part.as_ref().is_some_and(|part| *part == "nas series"))
    }

    fn said(series: &[(&str, &[&str], &[i64])]) -> Option<String> {
        said_at("2026-11-23 08:04", series).map(|one| one.title.to_string())
    }

    const NIGHTLY: &[i64] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    #[test]
    fn a_folder_that_is_no_longer_backed_up_beside_one_that_is_is_due() {
        let living: (&str, &[&str], &[i64]) = ("web1", &["/etc"], NIGHTLY);
        let stopped = |days: usize| said(&[living, ("web1", &["/etc", "/srv"], &NIGHTLY[days..])]);
        assert_eq!(stopped(0), None);
        assert_eq!(
            stopped(1).unwrap(),
            "none from last night of `/etc /srv`, last Sun 22 Nov 02:14, while others go on"
        );
        assert!(stopped(7).unwrap().contains("last Mon 16 Nov"));
        assert_eq!(stopped(11), None, "what was given up ends by itself");
        let dumps = said(&[("wiki", &["wiki-*.sql"], NIGHTLY), ("shop", &["shop-*.sql"], &NIGHTLY[5..])]);
        assert!(dumps.unwrap().contains("`shop-*.sql`, last Wed 18 Nov"));
    }

    #[test]
    fn what_is_seldom_thinned_wider_or_renamed_is_not_late() {
        let beside = |host: &str, paths: &[&str], days: &[i64]| {
            said(&[("web1", &["/etc", "/srv/www"], NIGHTLY), (host, paths, days)])
        };
        for (why, days) in [
            ("weekly", &[6, 13, 20, 27][..]),
            ("every other night", &[1, 3, 5, 7, 9, 11, 13]),
            ("after workdays, on a Monday", &[2, 3, 4, 5, 6, 9, 10]),
            ("thinned to four days, then weeks", &[1, 2, 3, 4, 10, 17, 24]),
            ("new", &[1, 2, 3, 4]),
        ] {
            assert_eq!(beside("web1", &["/home"], days), None, "{why}");
        }
        assert_eq!(beside("web1", &["/etc"], &NIGHTLY[3..]), None, "the same in fewer snapshots");
        assert_eq!(beside("web1.example.org", &["/srv/www/shop"], &NIGHTLY[3..]), None, "within another");
        assert_eq!(beside("web1", &[], &NIGHTLY[3..]), None, "nobody knows what was in it");
        assert_eq!(beside("", &["web1/etc", "db1/etc"], &NIGHTLY[3..]), None, "what db1 lacks is db1's");
    }

    #[test]
    fn a_run_that_may_still_come_is_not_late() {
        let at = |now| said_at(now, &[("web1", &["/etc"], NIGHTLY), ("web1", &["/srv"], &NIGHTLY[1..])]);
        assert!(at("2026-11-23 05:00").is_none() && at("2026-11-23 06:00").is_none());
        assert!(at("2026-11-23 06:30").is_some());
        assert!(said(&[("web1", &["/srv"], &NIGHTLY[3..])]).is_none(), "that nothing goes on is the slots' to say");
    }

    #[test]
    fn a_second_series_that_stops_asks_who_accepted_the_first() {
        let at = |days: usize| {
            let (etc, srv): (&[&str], &[&str]) = (&["/etc"], &["/srv"]);
            said_at(
                "2026-11-23 08:04",
                &[("web1", etc, NIGHTLY), ("web1", srv, &NIGHTLY[2..]), ("web1", &["/home"], &NIGHTLY[days..])],
            )
        };
        let (one, both) = (at(0).unwrap(), at(1).unwrap());
        assert_eq!((reopened(&one, &one), reopened(&both, &one)), (None, None));
        assert_eq!(reopened(&one, &both).unwrap().to_string(), "`/home`: has stopped");
    }
}
