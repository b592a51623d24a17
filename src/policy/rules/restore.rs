//! `restore`: a system comes back from a snapshot within its time, as the last drill of its class showed.
//!
//! A class is a role of the register; a server without one is its own. The calendar is the shortest `expect.drill` of the
//! backups that keep a class, the time the shortest `expect.restore_within`. Silent where no backup says how often.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::{Attested, Fact, Judgement, Period, Shown, Subject, SubjectKind, Verdict, age};
use crate::policy::{Case, Rule, no_exhibits};

pub const RULE: Rule = Rule { measure: "restore", limits: &[], judge, exhibits: no_exhibits };

/// What the register says of one class.
struct Class {
    subject: Subject,
    servers: BTreeSet<Shown>,
    every: Period,
    within: Option<Period>,
    /// Where it says so.
    place: Shown,
}

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    classes(case).into_values().map(|class| judged(case, &class)).collect()
}

fn classes(case: &Case<'_>) -> BTreeMap<Shown, Class> {
    let roles: BTreeMap<&Shown, &Shown> = case
        .evidence
        .declared()
        .filter_map(|declared| match &declared.fact {
            Fact::HostDeclared(host) => Some((&declared.subject.name, host.role.as_ref()?)),
            _ => None,
        })
        .collect();
    let mut classes: BTreeMap<Shown, Class> = BTreeMap::new();
    for declared in case.evidence.declared() {
        let Fact::BackupDeclared(backup) = &declared.fact else { continue };
        let Some(every) = backup.expect.drill else { continue };
        for server in &backup.of {
            let role = roles.get(server);
            let subject = role.map_or_else(
                || Subject::host(server.clone()),
                |role| Subject::new(SubjectKind::Organisation, format!("{role} servers")),
            );
            let class = classes.entry(subject.name.clone()).or_insert_with(|| Class {
                subject,
                servers: BTreeSet::new(),
                every,
                within: None,
                place: declared.place.clone(),
            });
            class.servers.insert(server.clone());
            class.every = class.every.min(every);
            class.within = [class.within, backup.expect.restore_within].into_iter().flatten().min();
        }
    }
    classes
}

fn judged(case: &Case<'_>, class: &Class) -> Judgement {
    let about = |one: &&Attested| {
        one.attestation.measure == *RULE.measure
            && (class.servers.contains(&one.attestation.subject) || one.attestation.subject == class.subject.name)
    };
    let last = case.evidence.attested.iter().filter(about).max_by_key(|one| (one.at, one.seq));
    let servers: Vec<&str> = class.servers.iter().map(Shown::as_str).collect();
    let expected = format!("a restore of {} is tried every {}", servers.join(", "), class.every);
    let say = |verdict, title: String| {
        Judgement::new(RULE.measure, class.subject.clone(), verdict, title)
            .because(class.place.clone(), None, expected.clone())
            .detail(&format!("One drill of any of its servers counts for the class: {}.", servers.join(", ")))
    };
    let Some(last) = last else {
        return say(Verdict::Due, "no restore was ever tried".into()).asking("drill", "never").mend(how(class));
    };
    let (verdict, title, word) = of_last(case.now, class, last);
    let judgement = say(verdict, title)
        .because(format!("log entry {}", last.seq), Some(last.at), format!("{}: {}", last.by, last.attestation.note))
        .since((verdict == Verdict::Due).then(|| last.at + class.every.as_duration()));
    if verdict == Verdict::Ok { judgement } else { judgement.asking("drill", word).mend(how(class)) }
}

/// What the last drill showed, and in a word what a decision on that must know of.
fn of_last(now: Timestamp, class: &Class, last: &Attested) -> (Verdict, String, String) {
    let drill = last.attestation.drill.as_ref();
    let past = now.duration_since(last.at);
    if past < -Period::minutes(5).as_duration() {
        let title = "the last drill is dated in the future: the clock here went back".to_owned();
        return (Verdict::Unknown, title, "dated ahead".to_owned());
    }
    let ago = format!("{} ago by {}", age(last.at, now), last.by);
    if let Some(failed) = drill.and_then(|drill| drill.failed.as_ref()) {
        return (Verdict::Broken, format!("the last drill, {ago}, failed: {failed}"), format!("failed: {failed}"));
    }
    let took = drill.filter(|drill| drill.whole).map(|drill| drill.seconds);
    let minutes = |seconds: u64| if seconds < 120 { format!("{seconds} s") } else { format!("{} m", seconds / 60) };
    if let (Some(seconds), Some(within)) = (took, class.within)
        && i64::try_from(seconds).unwrap_or(i64::MAX) > within.as_seconds()
    {
        let took = format!("took {}", minutes(seconds));
        return (Verdict::Broken, format!("the last drill, {ago}, {took}, promised within {within}"), took);
    }
    let took = took.map_or_else(String::new, |seconds| format!(", took {}", minutes(seconds)));
    let (verdict, title, word) = match past.as_secs() {
        past if past > class.every.as_seconds() * 2 => {
            (Verdict::Broken, format!("overdue: last drill {ago}, promised every {}", class.every), "too long ago")
        }
        past if past > class.every.as_seconds() => {
            (Verdict::Due, format!("due: last drill {ago}, promised every {}", class.every), "too long ago")
        }
        // A promise of time that nobody measured is kept by nobody.
        _ if class.within.is_some() && took.is_empty() => {
            let title = format!("last drill {ago}: how long the whole takes was not measured");
            (Verdict::Unknown, title, "its time was not measured")
        }
        _ => (Verdict::Ok, format!("last drill {ago}{took}"), ""),
    };
    (verdict, title, word.to_owned())
}

fn how(class: &Class) -> String {
    let server = class.servers.first().map_or("SERVER", Shown::as_str);
    format!("`matins drill BACKUP --server {server}`; what can't be restored into a folder: with `--by-hand`")
}

#[cfg(test)]
mod tests;
