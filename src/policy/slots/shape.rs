//! The shape of a backup: size, number of files and duration of the newest snapshot, against the median of those before it.
//!
//! Snapshots of the same host and the same paths are one series; one folder's size says nothing about another's. A median
//! of [`FEWEST`] at least: from two or three nights nobody can tell what is usual.

use std::collections::BTreeMap;

use crate::domain::facts::{BackupExpect, Snapshot};
use crate::domain::{Shown, Verdict};

/// As many snapshots before the newest are looked at, and as few suffice.
const TRAILING: usize = 14;
const FEWEST: usize = 4;
/// A snapshot smaller by this share is suspicious, where the register says nothing.
const SHRINK: u8 = 30;
/// Below the median by more than this share, it is another question than one that shrank.
const NEARLY_ALL: u128 = 90;
/// One larger by this factor is, too.
const GROWTH: u64 = 3;

/// A figure of a snapshot, and what makes a change of it worth a word.
struct Figure {
    name: &'static str,
    of: fn(&Snapshot) -> Option<u64>,
    said: fn(u64) -> String,
    /// Less of it is missing data.
    shrinks: bool,
    /// Below this nothing is said of a shrinkage, unless the register asks for it.
    small: u64,
    /// Growth by less than this is nothing.
    step: u64,
}

const FIGURES: &[Figure] = &[
    Figure { name: "size", of: |s| s.bytes, said: bytes, shrinks: true, small: 1_000_000, step: 100_000_000 },
    Figure { name: "files", of: |s| s.files, said: |n| n.to_string(), shrinks: true, small: 20, step: 1_000 },
    Figure { name: "duration", of: |s| s.took_seconds, said: minutes, shrinks: false, small: 0, step: 1_800 },
];

/// What was found of one figure of one series.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    pub verdict: Verdict,
    /// `size 1.2 GB, 71% below the median 4.1 GB of 14`.
    pub said: String,
    /// The series, where there are several.
    pub series: String,
    figure: &'static str,
    /// What it did, where that is worth a word.
    did: Option<&'static str>,
}

impl Shape {
    /// What a decision on it must know of.
    pub fn asks(&self) -> Option<(String, &'static str)> {
        let of = if self.series.is_empty() { String::new() } else { format!(" of {}", self.series) };
        Some((format!("{}{of}", self.figure), self.did?))
    }
}

/// Compares the newest of each series; `counted` is newest first.
pub fn shapes(counted: &[&Snapshot], expect: &BackupExpect) -> Vec<Shape> {
    let mut series: BTreeMap<(Option<&Shown>, &[Shown]), Vec<&Snapshot>> = BTreeMap::new();
    for run in counted.chunk_by(|one, next| one.is_of_series(next)) {
        let alike = series.entry((run[0].host.as_ref(), &run[0].paths)).or_default();
        alike.extend(run.iter().take(1 + TRAILING - alike.len()));
    }
    let several = series.len() > 1;
    let mut shapes = Vec::new();
    for ((host, paths), alike) in &series {
        let name = || {
            let words = host.iter().map(|host| host.as_str()).chain(paths.iter().map(Shown::as_str));
            words.collect::<Vec<_>>().join(" ")
        };
        let found = FIGURES.iter().filter_map(|figure| compared(figure, alike, expect));
        shapes.extend(found.map(|shape| Shape { series: if several { name() } else { String::new() }, ..shape }));
    }
    // The worst first; those that are alike in the order of series and figures.
    shapes.sort_by_key(|shape| std::cmp::Reverse(shape.verdict));
    shapes
}

/// Whether any snapshot tells a size or a number of files.
pub fn told(counted: &[&Snapshot]) -> bool {
    counted.iter().any(|snapshot| snapshot.bytes.is_some() || snapshot.files.is_some())
}

fn compared(figure: &Figure, alike: &[&Snapshot], expect: &BackupExpect) -> Option<Shape> {
    let (newest, before) = alike.split_first()?;
    let now = (figure.of)(newest)?;
    let mut values: Vec<u64> = before.iter().filter_map(|snapshot| (figure.of)(snapshot)).collect();
    if values.len() < FEWEST {
        return None;
    }
    values.sort_unstable();
    let median = values[values.len() / 2];
    let (share, asked) = expect.shrink.map_or((SHRINK, false), |percent| (percent.0, true));
    let floor = u128::from(median) * u128::from(100 - share.min(100));
    let shrunk = figure.shrinks && u128::from(now) * 100 < floor && (asked || median >= figure.small);
    let grown = now > median.saturating_mul(GROWTH) && now - median >= figure.step;
    let (said, usual) = ((figure.said)(now), (figure.said)(median));
    let (verdict, did, compares) = if shrunk {
        let below = 100 - u128::from(now) * 100 / u128::from(median.max(1));
        let did = if below > NEARLY_ALL { "nearly nothing is left" } else { "shrunk" };
        (Verdict::Broken, Some(did), format!("{below}% below the median"))
    } else if grown {
        (Verdict::Due, Some("grown"), format!("{} times the median", now / median.max(1)))
    } else {
        (Verdict::Ok, None, "median".to_owned())
    };
    let said = format!("{} {said}, {compares} {usual} of {}", figure.name, values.len());
    Some(Shape { verdict, said, series: String::new(), figure: figure.name, did })
}

/// `4.1 GB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.iter().find(|(_, unit)| count >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", count / unit, count % unit / (unit / 10)),
        None => format!("{count} B"),
    }
}

/// `45 s`, `12 m`, `3 h 05 m`.
pub fn minutes(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} m", seconds / 60),
        _ => format!("{} h {:02} m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::facts::Percent;

    fn series(values: &[(u64, u64, u64)]) -> Vec<Snapshot> {
        let one = |(night, (bytes, files, seconds)): (i64, &(u64, u64, u64))| Snapshot {
            bytes: Some(*bytes),
            files: Some(*files),
            took_seconds: Some(*seconds),
            ..Snapshot::new(format!("{night}"), Timestamp::from_second(1_795_402_807 - night * 86_400).unwrap())
        };
        (0..).zip(values).map(one).collect()
    }

    fn said(values: &[(u64, u64, u64)], shrink: Option<u8>) -> Vec<String> {
        let snapshots = series(values);
        let counted: Vec<&Snapshot> = snapshots.iter().collect();
        let expect = BackupExpect { shrink: shrink.map(Percent), ..BackupExpect::default() };
        shapes(&counted, &expect).iter().map(|shape| format!("{} {}", shape.verdict.word(), shape.said)).collect()
    }

    const USUAL: (u64, u64, u64) = (4_100_000_000, 67_000, 300);

    fn after(newest: (u64, u64, u64)) -> Vec<(u64, u64, u64)> {
        std::iter::once(newest).chain(std::iter::repeat_n(USUAL, 14)).collect()
    }

    #[test]
    fn a_shrunken_snapshot_is_broken_and_says_by_how_much() {
        assert_eq!(
            said(&after((1_200_000_000, 66_000, 290)), None),
            [
                "broken size 1.2 GB, 71% below the median 4.1 GB of 14",
                "ok files 66000, median 67000 of 14",
                "ok duration 290 s, median 300 s of 14".replace("290 s", "4 m").replace("300 s", "5 m").as_str(),
            ]
        );
        let files = said(&after((4_100_000_000, 40, 300)), None);
        assert_eq!(files[0], "broken files 40, 100% below the median 67000 of 14");
    }

    #[test]
    fn the_register_says_how_much_is_suspicious() {
        assert!(said(&after((3_000_000_000, 67_000, 300)), None)[0].starts_with("ok"));
        assert!(said(&after((3_000_000_000, 67_000, 300)), Some(20))[0].starts_with("broken size 3.0 GB, 27% below"));
        assert!(said(&after((0, 67_000, 300)), Some(100))[0].starts_with("ok"), "only less than nothing");
    }

    #[test]
    fn an_explosion_and_a_run_that_takes_hours_are_due() {
        let found = said(&after((16_400_000_001, 67_000, 11_100)), None);
        assert_eq!(found[0], "due size 16.4 GB, 4 times the median 4.1 GB of 14");
        assert_eq!(found[1], "due duration 3 h 05 m, 37 times the median 5 m of 14");
    }

    #[test]
    fn small_numbers_jump_and_mean_nothing_and_few_nights_are_no_custom() {
        let small = |newest| std::iter::once(newest).chain(std::iter::repeat_n((9_000, 4, 1), 6)).collect::<Vec<_>>();
        assert!(said(&small((2_000, 1, 60)), None).iter().all(|said| said.starts_with("ok")));
        assert!(said(&small((90_000, 40, 60)), None).iter().all(|said| said.starts_with("ok")));
        assert!(said(&small((2_000, 4, 1)), Some(30))[0].starts_with("broken"), "unless the register asks");
        assert_eq!(said(&after(USUAL)[..4], None), Vec::<String>::new());
    }

    #[test]
    fn another_folders_size_is_another_series() {
        let mut snapshots = series(&after(USUAL));
        let mut other = series(&after((1_000, 10, 5)));
        for (at, snapshot) in other.iter_mut().enumerate() {
            snapshot.paths = vec!["/etc".into()];
            snapshot.bytes = Some(if at == 0 { 10_000_000 } else { 50_000_000 });
        }
        snapshots.append(&mut other);
        let counted: Vec<&Snapshot> = snapshots.iter().collect();
        let found = shapes(&counted, &BackupExpect::default());
        assert_eq!((found[0].verdict, found[0].series.as_str()), (Verdict::Broken, "/etc"));
        assert_eq!(found.iter().filter(|shape| shape.verdict != Verdict::Ok).count(), 1 + 1, "size and files of /etc");
    }

    #[test]
    fn figures_are_said_in_units_that_people_use() {
        let all = [0, 999, 1_000, 1_250_000, 4_100_000_000, u64::MAX].map(bytes);
        assert_eq!(all, ["0 B", "999 B", "1.0 kB", "1.2 MB", "4.1 GB", "18446744.0 TB"]);
    }

    proptest! {
        #[test]
        fn any_figures_can_be_compared(values in proptest::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..20), shrink in proptest::option::of(1_u8..=100)) {
            said(&values, shrink);
        }
    }
}
