//! The picture of a server's backups: a line for each that keeps it, on site and off site side by side, over three weeks;
//! and how large its snapshots are.

use jiff::{SignedDuration, Timestamp};

use super::held::{Backup, Seen, declared, snapshots_in, stands};
use super::whose::{Servers, Share, Shares};
use super::{SLACK, Standing, around, night_begins, night_ends, words};
use crate::domain::facts::{Slot, Snapshot};
use crate::domain::{AxisLine, Exhibit, Mark, Picture, Shown, Subject, SubjectKind, Unit, Verdict, Window};
use crate::policy::Case;

const DAYS: i64 = 21;
/// Values in the picture of sizes.
const SIZES: usize = 60;

/// Of a server: all that keeps it, whichever measure asks. Of a backup: all whom it keeps.
pub fn exhibits(case: &Case<'_>, subject: &Subject) -> Vec<Exhibit> {
    let servers = Servers::of(case.evidence);
    let from = case.now - SignedDuration::from_hours(24 * DAYS);
    let (mut lines, mut sizes) = (Vec::new(), Vec::new());
    for backup in declared(case) {
        for server in concerned(&backup, subject) {
            let name = match subject.kind {
                SubjectKind::Host => {
                    let place = if backup.says.offsite { "off site" } else { "on site" };
                    format!("{}, {place}", backup.declared.subject.name)
                }
                _ => server.to_string(),
            };
            let counted = counted(case, &backup, server, &servers);
            sizes.extend(trend(&name, counted.as_deref().unwrap_or_default()));
            lines.push(line(case, &backup, name, from, counted.as_deref()));
        }
    }
    if lines.is_empty() {
        return Vec::new();
    }
    let picture = Picture::Axis { from, until: case.now, lines };
    std::iter::once(Exhibit { title: "snapshots of three weeks".into(), picture }).chain(sizes).collect()
}

fn concerned<'a>(backup: &Backup<'a>, subject: &Subject) -> Vec<&'a Shown> {
    match subject.kind {
        SubjectKind::Host => backup.says.of.iter().filter(|server| **server == subject.name).collect(),
        SubjectKind::Backup if backup.declared.subject == *subject => backup.says.of.iter().collect(),
        _ => Vec::new(),
    }
}

/// The snapshots that count for this server, newest first; `None` where that can't be told.
fn counted<'a>(case: &Case<'_>, backup: &Backup<'a>, server: &Shown, servers: &Servers) -> Option<Vec<&'a Snapshot>> {
    let list = snapshots_in(&backup.source.seen)?;
    match Shares::of(&list.snapshots, servers).share(server, backup.says.of.len() == 1) {
        Share::These(these) => Some(Seen::new(case.now, list, &these).counted),
        Share::Untold => None,
    }
}

fn line(
    case: &Case<'_>,
    backup: &Backup<'_>,
    name: String,
    from: Timestamp,
    counted: Option<&[&Snapshot]>,
) -> AxisLine {
    let shown = counted.unwrap_or_default().iter().rev().filter(|snapshot| snapshot.at >= from);
    let marks = shown.map(|snapshot| Mark { at: snapshot.at, size: snapshot.bytes }).collect();
    // An answer that can't be believed still shows what it held, but no slot is filled by it.
    let believed = counted.filter(|_| backup.source.trusted(case.now).is_ok());
    let mut windows: Vec<Window> =
        backup.says.slots.iter().filter_map(|slot| window(case, backup, *slot, believed)).collect();
    if let Some(believed) = believed.filter(|_| backup.says.slots.contains(&Slot::LastNight)) {
        windows.extend(missed(case, believed));
    }
    windows.sort_by_key(|window| (window.from, window.until));
    AxisLine { name: name.into(), marks, windows }
}

fn window(case: &Case<'_>, backup: &Backup<'_>, slot: Slot, believed: Option<&[&Snapshot]>) -> Option<Window> {
    let (from, until) = match slot {
        Slot::LastNight => (night_begins(case.zone.to_datetime(case.now).date(), case.zone)?, case.now),
        Slot::Ago(period) => around(period, case.now),
    };
    let verdict = match (believed, snapshots_in(&backup.source.seen)) {
        (Some(counted), Some(list)) if list.degraded.is_none() => {
            let made: Vec<Timestamp> = counted.iter().map(|snapshot| snapshot.at).collect();
            match stands(case, slot, &made, list) {
                Standing::Filled(_) => Verdict::Ok,
                Standing::Running | Standing::Young => Verdict::Due,
                Standing::Missing => Verdict::Broken,
            }
        }
        _ => Verdict::Unknown,
    };
    Some(Window { from, until, name: slot.to_string().into(), verdict })
}

/// The nights before last that hold nothing, back to the oldest snapshot.
fn missed(case: &Case<'_>, counted: &[&Snapshot]) -> Vec<Window> {
    let Some(oldest) = counted.last().map(|snapshot| snapshot.at) else { return Vec::new() };
    let mut date = case.zone.to_datetime(case.now).date();
    let mut windows = Vec::new();
    for _ in 0..DAYS {
        let Ok(before) = date.yesterday() else { break };
        let (begins, next) = (night_begins(before, case.zone), night_begins(date, case.zone));
        let (Some(begins), Some(next), Some(ends)) = (begins, next, night_ends(before, case.zone)) else { break };
        if begins < oldest - SLACK {
            break;
        }
        if !counted.iter().any(|snapshot| (begins..next).contains(&snapshot.at)) {
            let name = format!("night to {}", words::day(before));
            windows.push(Window { from: begins, until: ends, name: name.into(), verdict: Verdict::Broken });
        }
        date = before;
    }
    windows
}

/// The sizes of the series that the newest snapshot belongs to.
fn trend(name: &str, counted: &[&Snapshot]) -> Option<Exhibit> {
    let newest = counted.first()?;
    let alike = counted.iter().filter(|other| other.host == newest.host && other.paths == newest.paths);
    let mut points: Vec<(Timestamp, u64)> =
        alike.filter_map(|snapshot| Some((snapshot.at, snapshot.bytes?))).take(SIZES).collect();
    points.reverse();
    (points.len() > 1).then(|| Exhibit {
        title: format!("sizes, {name}").into(),
        picture: Picture::Trend { unit: Unit::Bytes, points },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::Snapshots;
    use crate::domain::{Fault, Limits};
    use crate::policy::slots::scene::{Scene, nightly, says, vienna};

    fn drawn(scene: &Scene, subject: &Subject) -> Vec<Exhibit> {
        let limits = Limits::default();
        exhibits(&Case { evidence: &scene.evidence, limits: &limits, now: scene.now, zone: &scene.zone }, subject)
    }

    fn lines(scene: &Scene, subject: &Subject) -> Vec<AxisLine> {
        match drawn(scene, subject).into_iter().next().unwrap().picture {
            Picture::Axis { lines, .. } => lines,
            other => panic!("{other:?}"),
        }
    }

    fn windows(line: &AxisLine) -> Vec<String> {
        line.windows.iter().map(|window| format!("{} {}", window.verdict.word(), window.name)).collect()
    }

    #[test]
    fn on_site_and_off_site_of_one_server_stand_side_by_side() {
        let mut gap = nightly("web1", 20);
        gap.snapshots
            .retain(|snapshot| snapshot.at < vienna("2026-11-19 12:00") || snapshot.at > vienna("2026-11-21 12:00"));
        let scene = Scene::new(&["web1", "db1"])
            .backup("nas", says("restic", &["web1"], &["last night", "1 week"], false), Ok(gap))
            .backup("office", says("borg", &["web1"], &["last night"], true), Err(Fault::new("no route to host")))
            .backup("dumps", says("directory", &["db1"], &["last night"], false), Ok(nightly("", 3)));
        let both = lines(&scene, &Subject::host("web1"));
        assert_eq!(
            both.iter().map(|line| line.name.to_string()).collect::<Vec<_>>(),
            ["nas, on site", "office, off site"]
        );
        assert_eq!(
            windows(&both[0]),
            ["ok 1 week", "broken night to Fri 20 Nov", "broken night to Sat 21 Nov", "ok last night"]
        );
        assert_eq!(both[0].marks.len(), 18);
        assert!(both[0].marks.is_sorted_by_key(|mark| mark.at));
        assert_eq!((windows(&both[1]), both[1].marks.len()), (vec!["unknown last night".to_owned()], 0));
        assert_eq!(lines(&scene, &Subject::new(SubjectKind::Backup, "dumps"))[0].name, "db1");
        assert_eq!(drawn(&scene, &Subject::host("mail")), []);
    }

    #[test]
    fn an_answer_that_is_not_believed_shows_its_marks_and_fills_nothing() {
        let mut scene = Scene::new(&["web1"]).backup(
            "nas",
            says("restic", &["web1"], &["last night"], false),
            Ok(nightly("web1", 20)),
        );
        scene.evidence.sources[1].good_at = Some(vienna("2026-11-22 08:00"));
        let line = &lines(&scene, &Subject::host("web1"))[0];
        assert_eq!((windows(line), line.marks.len()), (vec!["unknown last night".to_owned()], 20));
        let whole = Snapshots { degraded: Some("half of it".into()), ..nightly("web1", 20) };
        let scene = Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], &["last night"], false), Ok(whole));
        assert_eq!(windows(&lines(&scene, &Subject::host("web1"))[0]), ["unknown last night"]);
    }

    #[test]
    fn sizes_are_drawn_where_they_are_told() {
        let mut made = nightly("web1", 5);
        for (night, snapshot) in (1..).zip(&mut made.snapshots) {
            snapshot.bytes = Some(night * 1_000);
        }
        let scene = Scene::new(&["web1"]).backup("nas", says("restic", &["web1"], &["last night"], false), Ok(made));
        let drawn = drawn(&scene, &Subject::host("web1"));
        let Picture::Trend { points, .. } = &drawn[1].picture else { panic!("{drawn:?}") };
        assert_eq!(points.iter().map(|(_, size)| *size).collect::<Vec<_>>(), [5_000, 4_000, 3_000, 2_000, 1_000]);
        assert!(points.is_sorted());
    }
}
