//! Keeps a list of snapshots within bounds.

use std::collections::HashSet;

use crate::domain::facts::Snapshot;

/// Every snapshot up to this many; then all of the newest, and of each older day one for each host.
const MANY: usize = 2_000;

/// Newest first. A repository with an hourly snapshot of forty servers has a third of a million a year; which of a day's
/// snapshots stays does not matter to a slot of weeks.
pub fn thinned(mut snapshots: Vec<Snapshot>) -> Vec<Snapshot> {
    snapshots.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    if snapshots.len() <= MANY {
        return snapshots;
    }
    let old = snapshots.split_off(MANY / 2);
    let mut days = HashSet::new();
    let kept = old.into_iter().filter(|snapshot| {
        let day = snapshot.at.as_second().div_euclid(86_400);
        days.insert((day, snapshot.host.clone(), snapshot.paths.clone()))
    });
    snapshots.extend(kept);
    snapshots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_thousand_the_newest_stay_and_one_of_each_older_day() {
        let hourly = (0..100_000).map(|hour| Snapshot {
            host: Some(if hour % 2 == 0 { "web1" } else { "db1" }.into()),
            ..Snapshot::new(format!("{hour}"), jiff::Timestamp::from_second(1_400_000_000 + hour * 3_600).unwrap())
        });
        let kept = thinned(hourly.collect());
        assert_eq!(kept[0].id, "99999");
        assert!(kept[..1_000].windows(2).all(|pair| pair[0].at.duration_since(pair[1].at).as_secs() == 3_600));
        let days = kept[1_000..].iter().map(|s| (s.at.as_second() / 86_400, s.host.clone())).collect::<Vec<_>>();
        assert_eq!(days.len(), days.iter().collect::<HashSet<_>>().len());
        // 99,000 hours are 4,125 days, perhaps cut at both ends; two hosts each.
        assert!((8_250..=8_254).contains(&days.len()), "{}", days.len());
    }
}
