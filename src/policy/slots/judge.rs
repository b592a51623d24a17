//! The judgement on a server's backups, for both measures: on site and off site.
//!
//! Which verdict wins: a source that can't be trusted, a list that may not be whole, snapshots that can't be told apart or
//! one from the future make everything **unknown**, also where a slot is empty: the snapshot that seems to be missing may be
//! the one that can't be read, or the one whose clock was wrong. After that, an empty slot is broken; one that may still be
//! filled, or that the backup is too young for, is due.

use jiff::Timestamp;

use super::encrypted::encrypted;
use super::held::{Backup, Seen, declared, snapshots_in, stands};
use super::shape::{self, Shape, shapes};
use super::stopped::stopped;
use super::strangers::strangers;
use super::verified::verified;
use super::whose::{Servers, Share, Shares};
use super::{Standing, around, clock, far, missing_since, night_begins, words};
use crate::domain::facts::{BackupDeclared, Encryption, Slot, Snapshot, Snapshots};
use crate::domain::{Declared, Fact, Judgement, Shown, Subject, Verdict, age};
use crate::policy::Case;
use crate::policy::silence::steady;

/// What tells the two measures apart.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    pub measure: &'static str,
    pub offsite: bool,
    /// `on-site`, `off-site`.
    pub word: &'static str,
}

/// Judges every backup of this kind, for every server that it names.
pub fn backups(case: &Case<'_>, site: Site) -> Vec<Judgement> {
    let servers = Servers::of(case.evidence);
    let mut judgements = Vec::new();
    for backup in declared(case).filter(|backup| backup.says.offsite == site.offsite) {
        let list = backup.source.trusted(case.now).map(|seen| snapshots_in(seen));
        let shares = list.as_ref().map(|list| list.map(|list| (list, Shares::of(&list.snapshots, &servers))));
        if let Some(every) = backup.says.expect.verified {
            let list = list.as_ref().ok().copied().flatten();
            judgements.push(verified(case, site.measure, backup.declared, every, list));
        }
        for server in &backup.says.of {
            let judgement = match &shares {
                Ok(Some((list, shares))) => match shares.share(server, backup.says.of.len() == 1) {
                    Share::These(these) => {
                        let seen = Seen::new(case.now, list, &these);
                        judgements.extend(shaped(site, &backup, server, &seen));
                        judgements.extend(stopped(case, site, &backup, (server, &servers), &seen));
                        let said = judged(case, &backup, &seen);
                        strangers(misled(case, server, said), &backup, server, shares)
                    }
                    Share::Untold => untold(list),
                },
                Ok(None) => {
                    let mut said = Said::new(Verdict::Unknown, "its answer held no list of snapshots");
                    said.ask("list", "not told");
                    said
                }
                Err(doubt) => doubted(&backup, doubt),
            };
            judgements.push(finished(case, site, &backup, server, judgement));
        }
    }
    judgements
}

/// The servers of the register that no backup of this kind names.
pub fn unnamed<'a>(case: &Case<'a>, named: impl Fn(&BackupDeclared) -> bool) -> Vec<&'a Declared> {
    let named: std::collections::HashSet<&Shown> =
        declared(case).filter(|backup| named(backup.says)).flat_map(|backup| &backup.says.of).collect();
    let hosts = case.evidence.declared().filter(|declared| matches!(declared.fact, Fact::HostDeclared(_)));
    hosts.filter(|host| !named.contains(&host.subject.name)).collect()
}

/// Whether the register has a backup of this kind at all.
pub fn any(case: &Case<'_>, offsite: bool) -> bool {
    declared(case).any(|backup| backup.says.offsite == offsite)
}

/// A judgement that doesn't know its subject yet.
pub(super) struct Said {
    pub verdict: Verdict,
    pub title: String,
    pub detail: Vec<String>,
    pub mend: Option<Shown>,
    /// What a decision must know of to cover it: see [`Judgement::asking`].
    asks: Vec<(Shown, Shown)>,
    because: Vec<(Shown, Option<Timestamp>, Shown)>,
    since: Option<Timestamp>,
}

impl Said {
    fn new(verdict: Verdict, title: impl Into<String>) -> Self {
        let (detail, asks, because) = (Vec::new(), Vec::new(), Vec::new());
        Self { verdict, title: title.into(), detail, mend: None, asks, because, since: None }
    }

    pub fn ask(&mut self, item: impl Into<Shown>, word: impl Into<Shown>) {
        self.asks.push((item.into(), word.into()));
    }

    fn mend(mut self, mend: impl Into<Shown>) -> Self {
        self.mend = Some(mend.into());
        self
    }
}

fn doubted(backup: &Backup<'_>, doubt: &Shown) -> Said {
    let mut said = Said::new(Verdict::Unknown, doubt.as_str());
    said.mend = backup.source.fault.as_ref().and_then(|fault| fault.mend.clone());
    said
}

fn untold(list: &Snapshots) -> Said {
    let mut hosts: Vec<String> =
        list.snapshots.iter().filter_map(|s| s.host.as_ref()).map(ToString::to_string).collect();
    hosts.sort();
    hosts.dedup();
    let mut said = Said::new(Verdict::Unknown, "which of its snapshots are this server's can't be told")
        .mend("make them with --host and the server's name, or write a [[backup]] of its own for each server");
    said.ask("snapshots", "whose they are can't be told");
    if !hosts.is_empty() {
        said.detail.push(format!("They say to be of {}.", words::listed(&hosts)));
    }
    said
}

fn judged(case: &Case<'_>, backup: &Backup<'_>, seen: &Seen<'_>) -> Said {
    let made: Vec<Timestamp> = seen.counted.iter().map(|snapshot| snapshot.at).collect();
    let slots: Vec<(Slot, Standing)> =
        backup.says.slots.iter().map(|slot| (*slot, stands(case, *slot, &made, seen.list))).collect();
    let mut said = slots_said(case, &slots, &made, seen.list.running.as_ref());
    if let Some(complaint) = &seen.list.degraded {
        said = Said::new(Verdict::Unknown, format!("the list may not be whole: {complaint}")).mend(
            match backup.says.tool.as_str() {
                "restic" => "run `restic check`, and mend or replace the repository",
                "borg" => "run `borg check`, and mend or replace the repository",
                _ => "let the account that matins uses read the folder and what is in it",
            },
        );
    } else if let Some(ahead) = seen.future.first() {
        said = from_the_future(case, &said, ahead);
    }
    said.asks = asks(&slots, seen);
    said.detail = detail(case, &slots, seen);
    let limits = slots.iter().map(|(slot, _)| window(case, *slot));
    said.because.extend(limits.map(|(slot, window)| (slot.into(), None, window.into())));
    said.because.push((backup.source.id.to_string().into(), backup.source.good_at, count(case, seen).into()));
    said
}

/// What somebody who decides on this list decides on. Last night's run that may still come is none of it: it comes to that
/// every night, and what does not come is another verdict.
fn asks(slots: &[(Slot, Standing)], seen: &Seen<'_>) -> Vec<(Shown, Shown)> {
    let word = |standing: &Standing| match standing {
        Standing::Missing => Some("missing"),
        Standing::Young => Some("every snapshot is younger"),
        Standing::Filled(_) | Standing::Running => None,
    };
    let slots =
        slots.iter().filter_map(|(slot, standing)| Some((format!("slot {slot}").into(), word(standing)?.into())));
    let degraded = seen.list.degraded.iter().map(|complaint| ("list".into(), steady(complaint.as_str())));
    let ahead = seen.future.first().map(|_| ("snapshots".into(), "dated ahead".into()));
    slots.chain(degraded).chain(ahead).collect()
}

/// What a wrong clock makes of it: a slot that seems to be filled may not be.
fn misled(case: &Case<'_>, server: &Shown, mut said: Said) -> Said {
    let Some(skew) = clock::ahead(case.evidence, server, case.now) else { return said };
    let words = clock::words(skew);
    said.detail.push(format!("The clock of {server} is {words}."));
    if said.verdict < Verdict::Unknown {
        said.title =
            format!("the clock of {server} is {words}, so its snapshots' times can't be believed; {}", said.title);
        said.verdict = Verdict::Unknown;
        said.ask("clock", if skew.is_negative() { "behind" } else { "ahead" });
        said.mend = Some(format!("set the clock of {server}: is its time service running?").into());
    }
    said
}

/// The shape of a server's newest snapshots, as a finding of its own.
fn shaped(site: Site, backup: &Backup<'_>, server: &Shown, seen: &Seen<'_>) -> Option<Judgement> {
    let name = &backup.declared.subject.name;
    let judgement = |verdict, title: String| {
        Judgement::new(site.measure, Subject::host(server.clone()), verdict, title).part(format!("{name} shape"))
    };
    if !shape::told(&seen.counted) {
        let shrink = backup.says.expect.shrink.filter(|_| !seen.counted.is_empty())?;
        let share = String::from(shrink);
        return Some(
            judgement(
                Verdict::Unknown,
                format!("neither size nor number of files is told; shrinkage by {share} would not be seen"),
            )
            .mend("take `shrink` out of expect; else borg: sizes = true; restic: 0.17 or newer where backups are made")
            .because(backup.declared.place.clone(), None, format!("{name} expects shrink = {share}")),
        );
    }
    let found = shapes(&seen.counted, &backup.says.expect);
    let worst = found.first()?;
    let said = |shape: &Shape| {
        if shape.series.is_empty() { shape.said.clone() } else { format!("{}: {}", shape.series, shape.said) }
    };
    let lines: Vec<String> = found.iter().map(said).collect();
    let judged = judgement(worst.verdict, said(worst)).detail(&lines.join("\n"));
    let asks = found.iter().filter_map(Shape::asks);
    let judged = asks.fold(judged, |judged, (item, word)| judged.asking(item, word)).because(
        backup.source.id.to_string(),
        backup.source.good_at,
        format!("snapshot {}", seen.counted.first()?.id),
    );
    Some(match worst.verdict {
        Verdict::Ok => judged,
        Verdict::Broken => {
            judged.mend("see what the newest snapshot lacks (a mount, a dump, an exclude), and run the backup again")
        }
        _ => judged.mend("see what grew: a log, a cache, or a mount that does not belong there"),
    })
}

fn slots_said(case: &Case<'_>, slots: &[(Slot, Standing)], made: &[Timestamp], running: Option<&Shown>) -> Said {
    let like = |standing: Standing| -> Vec<String> {
        slots.iter().filter(|(_, stands)| *stands == standing).map(|(slot, _)| words::slot(*slot)).collect()
    };
    let at = |at| words::moment(at, case.now, case.zone);
    let (missing, late, young) = (like(Standing::Missing), like(Standing::Running), like(Standing::Young));
    if let Some((slot, _)) = slots.iter().find(|(_, stands)| *stands == Standing::Missing) {
        let nearest = nearest(*slot, made, case.now)
            .map_or_else(|| "there is none at all".into(), |near| format!("nearest {}", at(near)));
        let mut said = Said::new(Verdict::Broken, format!("no snapshot from {}; {nearest}", words::listed(&missing)))
            .mend("read the log of the last run, mend what it says, and run the backup now");
        let last_night = slots.contains(&(Slot::LastNight, Standing::Missing));
        said.since = made.iter().max().filter(|_| last_night).and_then(|newest| missing_since(*newest, case.zone));
        return said;
    }
    if !late.is_empty() {
        let newest = made.iter().max().map_or_else(String::new, |newest| format!("; newest {}", at(*newest)));
        let (run, mend) = match running {
            Some(run) => {
                (format!(", a run is under way ({run})"), "nothing yet; if no run is under way, somebody left a lock")
            }
            None => (String::new(), "nothing yet: a run has until 06:00"),
        };
        return Said::new(Verdict::Due, format!("no snapshot from last night yet{run}{newest}")).mend(mend);
    }
    if let (false, Some(oldest)) = (young.is_empty(), made.iter().min()) {
        return Said::new(
            Verdict::Due,
            format!("too young for {}: the oldest snapshot is of {}", words::listed(&young), at(*oldest)),
        )
        .mend("nothing, if it is new; else find out who deleted the older snapshots");
    }
    let filled: Vec<String> = slots.iter().map(|(slot, _)| slot.to_string()).collect();
    let newest = made.iter().max().map_or_else(String::new, |newest| format!("; newest {}", at(*newest)));
    Said::new(Verdict::Ok, format!("{}{newest}", filled.join(", ")))
}

/// The snapshot that comes closest to a slot.
fn nearest(slot: Slot, made: &[Timestamp], now: Timestamp) -> Option<Timestamp> {
    match slot {
        Slot::LastNight => made.iter().copied().max(),
        Slot::Ago(period) => made.iter().copied().min_by_key(|at| (far(*at, now - period.as_duration()), *at)),
    }
}

fn from_the_future(case: &Case<'_>, said: &Said, ahead: &Snapshot) -> Said {
    let host = ahead.host.as_ref().map_or_else(|| "the machine that made it".into(), ToString::to_string);
    let also = if said.verdict == Verdict::Ok { String::new() } else { format!("; {}", said.title) };
    Said::new(
        Verdict::Unknown,
        format!(
            "a snapshot is dated {} ahead: {}{also}",
            age(case.now, ahead.at),
            words::moment(ahead.at, case.now, case.zone)
        ),
    )
    .mend(format!("set the clock of {host} (or of this machine), then remove snapshot {}", ahead.id))
}

/// A slot's name and the time in which a snapshot fills it.
fn window(case: &Case<'_>, slot: Slot) -> (String, String) {
    let at = |at| words::moment(at, case.now, case.zone);
    let window = match slot {
        Slot::LastNight => night_begins(case.zone.to_datetime(case.now).date(), case.zone)
            .map_or_else(|| "there is no such night".into(), |from| format!("from {} until now", at(from))),
        Slot::Ago(period) => {
            let (from, until) = around(period, case.now);
            format!("from {} until {}", at(from), at(until))
        }
    };
    (format!("slot {slot}"), window)
}

fn count(case: &Case<'_>, seen: &Seen<'_>) -> String {
    let at = |snapshot: &Snapshot| words::moment(snapshot.at, case.now, case.zone);
    match (seen.counted.first(), seen.counted.last()) {
        (Some(newest), Some(oldest)) => {
            format!("{}, newest {}, oldest {}", words::snapshots(seen.counted.len()), at(newest), at(oldest))
        }
        _ => "no snapshot of this server".into(),
    }
}

fn detail(case: &Case<'_>, slots: &[(Slot, Standing)], seen: &Seen<'_>) -> Vec<String> {
    let at = |at| words::moment(at, case.now, case.zone);
    let mut lines: Vec<String> = slots
        .iter()
        .map(|(slot, standing)| match standing {
            Standing::Filled(filled) => format!("{slot}: {}", at(*filled)),
            Standing::Running => format!("{slot}: not yet"),
            Standing::Young => format!("{slot}: every snapshot is younger ({})", window(case, *slot).1),
            Standing::Missing => format!("{slot}: none ({})", window(case, *slot).1),
        })
        .collect();
    lines.push(count(case, seen));
    if let Some(running) = &seen.list.running {
        lines.push(format!("a run: {running}"));
    }
    for ahead in &seen.future {
        lines.push(format!("dated in the future, counts for nothing: {} {}", ahead.id, at(ahead.at)));
    }
    if seen.empty > 0 {
        lines.push(format!("{} with nothing in them, which count for nothing", words::snapshots(seen.empty)));
    }
    if seen.list.left_out > 0 {
        let left_out = words::snapshots(seen.list.left_out);
        lines.push(format!("{left_out} more in the list, of older days of which one is kept here"));
    }
    if seen.list.unnamed > 0 {
        lines.push(format!("{} more names, of no finished snapshot or without when it was made", seen.list.unnamed));
    }
    lines
}

/// What is known of the repository's encryption: by its kind, else by its last answer, however old.
fn encryption<'a>(backup: &Backup<'a>) -> &'a Encryption {
    match &backup.says.encryption {
        Encryption::Untold => snapshots_in(&backup.source.seen).map_or(&Encryption::Untold, |list| &list.encryption),
        told => told,
    }
}

/// Puts together what was said and whom it concerns.
fn finished(case: &Case<'_>, site: Site, backup: &Backup<'_>, server: &Shown, mut said: Said) -> Judgement {
    let (name, tool) = (&backup.declared.subject.name, &backup.says.tool);
    said.detail.insert(0, format!("{name}, kind {tool}, {}", site.word));
    if site.offsite {
        said = encrypted(said, encryption(backup));
    }
    let mut detail = said.detail;
    detail.push("That a snapshot is there does not prove that it is whole, or that it can be restored.".into());
    let slots: Vec<String> = backup.says.slots.iter().map(ToString::to_string).collect();
    let mut judgement = Judgement::new(site.measure, Subject::host(server.clone()), said.verdict, said.title)
        .part(name.clone())
        .detail(&detail.join("\n"))
        .since(said.since)
        .weight(60)
        .because(backup.declared.place.clone(), None, format!("{name} keeps {server}; slots {}", slots.join(", ")));
    if let Some(fault) = &backup.source.fault {
        judgement = judgement.because(backup.source.id.to_string(), backup.source.asked_at, fault.said.clone());
    }
    for (source, at, words) in said.because {
        judgement = judgement.because(source, at, words);
    }
    if backup.source.good_at.is_none() && backup.source.fault.is_none() {
        judgement = judgement.because(backup.source.id.to_string(), Some(case.now), "not asked yet");
    }
    judgement.mend = said.mend;
    said.asks.into_iter().fold(judgement, |judgement, (item, word)| judgement.asking(item, word))
}
