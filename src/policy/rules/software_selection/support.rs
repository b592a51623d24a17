//! Packages with less security support than their release: those whose support ended, and those that have it for some uses
//! only. One finding for each of the two, whatever the number of servers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::releases::{RELEASE_END, day};
use super::{MEASURE, on_servers};
use crate::domain::facts::{Support, SupportEnded};
use crate::domain::{Evidence, Fact, Judgement, Shown, Subject, SubjectKind, Verdict};
use crate::policy::Case;
use crate::policy::matching::{Fleet, Told};

/// How many packages a title names.
const NAMED: usize = 3;

pub(super) fn judge(case: &Case<'_>, told: &Told<'_, Support>, fleet: &Fleet<'_>) -> Vec<Judgement> {
    let numbers = numbers(case.evidence);
    let (mut ended, mut limited) = (BTreeMap::new(), BTreeMap::new());
    let (today, soon) = (day(case.now), day(case.now + case.limits.of(&RELEASE_END).as_duration()));
    for (source, triples) in fleet.sources() {
        for triple in triples {
            let Some(number) = numbers.get(triple.release) else { continue };
            let on = || fleet.names(&triple.sets);
            // One that ends some day is supported until then, and asks when that day is near.
            let near = |entry: &&SupportEnded| entry.ended.is_none_or(|day| day <= soon);
            if let Some(entry) = told.fact.ended(number, source).filter(near) {
                let words = ended_words(entry.ended, &entry.why, today);
                let lost = ended.entry((source, triple.release)).or_insert_with(|| Lost::new(words));
                lost.soon = entry.ended.is_some_and(|day| day > today);
                lost.take(triple.version, on());
            } else if let Some(entry) = told.fact.limited(number, source) {
                let words = if entry.why.is_empty() { "for some uses only".to_owned() } else { entry.why.to_string() };
                let lost = limited.entry((source, triple.release)).or_insert_with(|| Lost::new(words));
                lost.take(triple.version, on());
            }
        }
    }
    // What only servers carry that can't be judged now is theirs to tell.
    ended.retain(|_, lost: &mut Lost<'_>| !lost.servers.is_empty());
    limited.retain(|_, lost: &mut Lost<'_>| !lost.servers.is_empty());
    let (known, unknown): (Vec<usize>, Vec<usize>) =
        (0..fleet.sets.len()).partition(|set| is_listed(told.fact, numbers.get(fleet.sets[*set].release).copied()));
    // Where no server is of a release that the lists know, they say nothing.
    let servers = fleet.names(&known);
    let asked = !servers.is_empty() || fleet.names(&unknown).is_empty();
    let kinds = [(ENDED, ended), (LIMITED, limited)].into_iter().filter(|_| asked);
    let rows = kinds.map(|(kind, found)| row(told, &servers, &kind, &found));
    rows.chain(unlisted(told, fleet, &unknown)).collect()
}

/// One of the two findings.
struct Kind {
    subject: &'static str,
    /// "without security support".
    how: &'static str,
    mend: &'static str,
    weight: u8,
}

const ENDED: Kind = Kind {
    subject: "unsupported packages",
    how: "without security support",
    mend: "replace or purge them; or accept them for a time",
    weight: 30,
};

const LIMITED: Kind = Kind {
    subject: "packages of limited support",
    how: "with security support for some uses only",
    mend: "see whether yours is among the supported uses, and accept what is",
    weight: 10,
};

/// A source package of one release, as the fleet has it.
struct Lost<'a> {
    words: String,
    /// Its support ends some day, and has not yet.
    soon: bool,
    versions: BTreeSet<&'a str>,
    servers: Vec<&'a str>,
}

impl<'a> Lost<'a> {
    fn new(words: String) -> Self {
        Self { words, soon: false, versions: BTreeSet::new(), servers: Vec::new() }
    }

    fn take(&mut self, version: &'a str, servers: Vec<&'a str>) {
        if !servers.is_empty() {
            self.versions.insert(version);
        }
        self.servers.extend(servers);
        self.servers.sort_unstable();
        self.servers.dedup();
    }
}

/// Source package and release.
type Found<'a> = BTreeMap<(&'a str, &'a str), Lost<'a>>;

fn row(told: &Told<'_, Support>, servers: &[&str], kind: &Kind, found: &Found<'_>) -> Judgement {
    let names: Vec<&str> = found.keys().map(|(source, _)| *source).collect::<BTreeSet<_>>().into_iter().collect();
    let doubt = told.doubt.as_ref().map(|doubt| format!("the list is {doubt}"));
    let heard = on_servers(servers, 0);
    let (verdict, title) = if !names.is_empty() {
        let more = if names.len() > NAMED { ", …" } else { "" };
        let packages = if names.len() == 1 { "package" } else { "packages" };
        let first = names[..names.len().min(NAMED)].join(", ");
        let soon = if found.values().any(|lost| lost.soon) { ", now or soon" } else { "" };
        (Verdict::Due, format!("{} {packages} {}{soon}: {first}{more}", names.len(), kind.how))
    } else if let Some(doubt) = &doubt {
        (Verdict::Unknown, format!("packages {}: {doubt}", kind.how))
    } else {
        (Verdict::Ok, format!("no package {} on {heard}", kind.how))
    };
    let lists = format!("Debian's lists for {}", listed(&told.fact.releases));
    let said = doubt.map_or_else(|| lists.clone(), |doubt| format!("{lists}; {doubt}"));
    let subject = Subject::new(SubjectKind::Organisation, kind.subject);
    let mut judged = Judgement::new(MEASURE, subject, verdict, title)
        .because(told.source.id.to_string(), told.source.good_at, said)
        .weight(kind.weight);
    let lines = found.iter().map(|((source, release), lost)| {
        let versions: Vec<&str> = lost.versions.iter().copied().collect();
        format!("{source} {} ({release}): {} · {}", versions.join(", "), lost.words, on_servers(&lost.servers, 3))
    });
    let lines: Vec<String> = lines.collect();
    for line in lines.iter().take(6) {
        judged = judged.because("servers", None, line.clone());
    }
    for ((source, release), lost) in found {
        judged = judged.asking(format!("package {source} of {release}"), lost.words.clone());
    }
    if names.is_empty() { judged } else { judged.detail(&lines.join("\n")).mend(kind.mend) }
}

fn ended_words(ended: Option<Date>, why: &Shown, today: Date) -> String {
    let when = match ended {
        Some(day) if day > today => format!("support ends {day}"),
        Some(day) => format!("support ended {day}"),
        None => "support ended".to_owned(),
    };
    if why.is_empty() { when } else { format!("{when}, {why}") }
}

fn listed(releases: &[Shown]) -> String {
    releases.iter().map(Shown::as_str).collect::<Vec<_>>().join(", ")
}

fn is_listed(support: &Support, number: Option<&str>) -> bool {
    support.releases.iter().any(|listed| *listed == *number.unwrap_or_default())
}

/// Releases of servers that Debian's lists leave out: one finding that hides nothing of the others.
fn unlisted(told: &Told<'_, Support>, fleet: &Fleet<'_>, sets: &[usize]) -> Option<Judgement> {
    let servers = fleet.names(sets);
    if servers.is_empty() {
        return None;
    }
    let names: BTreeSet<&str> = sets.iter().map(|set| fleet.sets[*set].release).collect();
    let of = names.iter().copied().collect::<Vec<_>>().join(", ");
    let title = format!("there is no list of support for {of} · {}", on_servers(&servers, 3));
    let subject = Subject::new(SubjectKind::Organisation, "releases without a list of support");
    let judged = Judgement::new(MEASURE, subject, Verdict::Unknown, title)
        .because(
            told.source.id.to_string(),
            told.source.good_at,
            format!("Debian's lists for {}", listed(&told.fact.releases)),
        )
        .because("servers", None, on_servers(&servers, 12))
        .mend("nobody promises support for it: move to a supported release, or accept it")
        .weight(10);
    Some(servers.iter().fold(judged, |judged, server| judged.asking(format!("host {server}"), of.clone())))
}

/// Codename → number, as the servers themselves say.
fn numbers(evidence: &Evidence) -> BTreeMap<&str, &str> {
    let seen = evidence.sources.iter().flat_map(|source| &source.seen);
    let releases = seen.filter_map(|seen| match &seen.fact {
        Fact::HostSeen(host) => host.release.seen(),
        _ => None,
    });
    releases.map(|release| (release.codename.as_str(), release.version.as_str())).collect()
}

#[cfg(test)]
mod tests;
