//! `software-selection`: servers run only the software they need.
//!
//! One finding for each server: the packages that somebody asked for there beyond its role's baseline, those that listen
//! first; what no repository offers; what the role should have and the server has not. For all servers together: how long
//! their releases are supported, and which packages have less support than those.

mod releases;
mod support;

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use crate::domain::facts::{HostDeclared, HostSoftware};
use crate::domain::{Declared, Fact, Judgement, Observation, Shown, SourceRecord, Verdict};
use crate::policy::matching::{Fleet, Truth};
use crate::policy::silence::unread;
use crate::policy::{Case, Rule, no_exhibits};

pub const RULE: Rule = Rule { measure: MEASURE, limits: &[&releases::RELEASE_END], judge, exhibits: no_exhibits };

const MEASURE: &str = "software-selection";
/// How many packages a title names.
const NAMED: usize = 3;

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let sources = case.evidence.of("servers").flat_map(|source| source.declared.iter().map(move |one| (source, one)));
    let hosts = sources.filter_map(|(source, declared)| match &declared.fact {
        Fact::HostDeclared(host) => Some(judge_host(case, source, declared, host)),
        _ => None,
    });
    hosts.chain(judge_support(case)).collect()
}

/// What is the same for whoever runs a release. Sources that were never read have rows of their own.
fn judge_support(case: &Case<'_>) -> Vec<Judgement> {
    let truth = Truth::of(case.evidence, case.now);
    if truth.releases.is_none() && truth.support.is_none() {
        return Vec::new();
    }
    let fleet = Fleet::of(case.evidence, case.now);
    if fleet.heard() == 0 {
        return Vec::new();
    }
    let releases = truth.releases.iter().flat_map(|told| releases::judge(case, told, &fleet));
    let support = truth.support.iter().flat_map(|told| support::judge(case, told, &fleet));
    releases.chain(support).collect()
}

/// `37 servers: web1, web2 and 35 more`.
fn on_servers(names: &[&str], most: usize) -> String {
    let count = names.len();
    let servers = if count == 1 { "server" } else { "servers" };
    let shown = names[..count.min(most)].join(", ");
    match (most, count.saturating_sub(most)) {
        (0, _) => format!("{count} {servers}"),
        (_, 0) => format!("{count} {servers}: {shown}"),
        (_, more) => format!("{count} {servers}: {shown} and {more} more"),
    }
}

fn judge_host(case: &Case<'_>, source: &SourceRecord, declared: &Declared, host: &HostDeclared) -> Judgement {
    let id = source.id.to_string();
    let unknown = |said: Shown, mend: Option<Shown>| {
        let judgement = Judgement::new(MEASURE, declared.subject.clone(), Verdict::Unknown, said.clone())
            .because(declared.place.clone(), None, format!("{} is a server of the register", declared.subject))
            .because(id.clone(), source.good_at, said);
        Judgement { mend, ..judgement }.weight(20)
    };
    let observations = match source.trusted(case.now) {
        Ok(observations) => observations,
        Err(doubt) => return unknown(doubt, source.fault.as_ref().and_then(|fault| fault.mend.clone())),
    };
    let seen = observations.iter().find_map(|observation| match &observation.fact {
        Fact::HostSoftware(software) if observation.subject == declared.subject => {
            Some((observation.at, software.as_ref()))
        }
        _ => None,
    });
    let Some((at, software)) = seen else { return unknown("its software is not asked for yet".into(), None) };
    let (chosen, unsourced) = match (software.chosen.as_result(), software.unsourced.as_result()) {
        (Ok(chosen), Ok(unsourced)) => (chosen, unsourced),
        (Err(fault), _) | (_, Err(fault)) => return unread(unknown(fault.said.clone(), fault.mend.clone()), fault),
    };
    let Some(baseline) = &host.packages else {
        let (said, mend) = without_baseline(host);
        let asked = match chosen.len() {
            1 => "apt: 1 package was asked for".to_owned(),
            count => format!("apt: {count} packages were asked for"),
        };
        return unknown(said, Some(mend)).because(id, Some(at), asked);
    };
    let drift = Drift::of((chosen, unsourced), baseline, software, present(observations, declared).as_ref());
    if drift.extra.is_empty() && drift.missing.is_none() {
        return unknown("its packages were not read".into(), None);
    }
    judged(&drift, declared, (&id, at))
}

fn without_baseline(host: &HostDeclared) -> (Shown, Shown) {
    match &host.role {
        Some(role) => (
            // Without a number: the same of each of its servers.
            format!("role {role} has no baseline").into(),
            format!("matins baseline learn {role}, review what it prints, put it into the register").into(),
        ),
        None => ("it has no role to compare with".into(), "give it a role, then matins baseline learn ROLE".into()),
    }
}

/// Every installed package; `None` where its answer does not tell them.
fn present<'a>(observations: &'a [Observation], declared: &Declared) -> Option<HashSet<&'a Shown>> {
    let lists = observations.iter().filter(|observation| observation.subject == declared.subject);
    let packages = lists.filter_map(|observation| match &observation.fact {
        Fact::Packages(packages) => Some(packages),
        _ => None,
    });
    let names: HashSet<&Shown> =
        packages.flat_map(|packages| &packages.packages).map(|package| &package.name).collect();
    (!names.is_empty()).then_some(names)
}

/// One package that does not belong, and what matters of it, most first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Extra {
    quiet: bool,
    sourced: bool,
    name: Shown,
    words: String,
}

#[derive(Debug)]
struct Drift {
    extra: Vec<Extra>,
    /// `None` where nobody knows what is installed.
    missing: Option<Vec<Shown>>,
    /// Why nobody knows which of them listen.
    unheard: Option<Shown>,
}

impl Drift {
    fn of(
        (chosen, unsourced): (&[Shown], &[Shown]),
        baseline: &[Shown],
        software: &HostSoftware,
        present: Option<&HashSet<&Shown>>,
    ) -> Self {
        let listening = software.listening.as_result();
        let usual: HashSet<&Shown> = baseline.iter().collect();
        let names: BTreeSet<&Shown> = chosen.iter().chain(unsourced).filter(|name| !usual.contains(name)).collect();
        let extra = names.into_iter().filter(|name| !is_kernel(name)).map(|name| {
            let heard = listening.iter().flat_map(|all| all.iter()).filter(|one| one.package == *name);
            let programs: Vec<&str> = heard.map(|one| one.program.as_str()).collect();
            let sourced = !unsourced.contains(name);
            let mut words = Vec::new();
            words.extend((!programs.is_empty()).then(|| format!("{} listens", programs.join(", "))));
            words.extend((!sourced).then(|| "of no known source".to_owned()));
            Extra { quiet: programs.is_empty(), sourced, name: name.clone(), words: words.join(", ") }
        });
        let mut extra: Vec<Extra> = extra.collect();
        extra.sort();
        let missing = present.map(|present| baseline.iter().filter(|name| !present.contains(name)).cloned().collect());
        Self { extra, missing, unheard: listening.err().map(|fault| fault.said.clone()) }
    }
}

/// Kernels come and go with every update; the package that chooses them has no number.
pub fn is_kernel(name: &Shown) -> bool {
    let release = ["linux-image-", "linux-headers-"].iter().find_map(|start| name.as_str().strip_prefix(start));
    release.is_some_and(|release| release.starts_with(|first: char| first.is_ascii_digit()))
}

fn judged(drift: &Drift, declared: &Declared, (id, at): (&str, Timestamp)) -> Judgement {
    let judgement = |verdict, title: String| {
        Judgement::new(MEASURE, declared.subject.clone(), verdict, title)
            .because(declared.place.clone(), None, "its role's baseline")
            .detail(&detail(drift))
    };
    let Some(first) = drift.extra.first() else {
        let missing = drift.missing.as_deref().unwrap_or_default();
        let Some(name) = missing.first() else {
            return judgement(Verdict::Ok, "nothing beyond its role's baseline".into())
                .because(id, Some(at), "apt names nothing else as asked for")
                .weight(10);
        };
        let judgement = judgement(Verdict::Due, format!("{} of its role's packages missing: {name}", missing.len()))
            .because(id, Some(at), "dpkg lists them not")
            .mend("install them, or learn the baseline anew")
            .weight(15);
        return missing
            .iter()
            .fold(judgement, |judgement, name| judgement.asking(format!("package {name}"), "missing"));
    };
    let name = |extra: &Extra| match extra.words.as_str() {
        "" => extra.name.to_string(),
        words => format!("{} ({words})", extra.name),
    };
    let named: Vec<String> = drift.extra.iter().take(NAMED).map(name).collect();
    let more = if drift.extra.len() > NAMED { ", …" } else { "" };
    let count = drift.extra.len();
    let plural = if count == 1 { "package" } else { "packages" };
    let title = format!("{count} {plural} beyond its role: {}{more}", named.join(", "));
    let (verdict, weight) = if first.quiet { (Verdict::Due, 25) } else { (Verdict::Broken, 50) };
    let judgement = judgement(verdict, title)
        .because(id, Some(at), format!("apt: {} was asked for", first.name))
        .mend(format!("apt-get purge what nobody needs, or add it to the role's packages: {}", first.name))
        .weight(weight);
    drift.extra.iter().fold(judgement, |judgement, extra| {
        let word = if extra.words.is_empty() { "extra" } else { &extra.words };
        judgement.asking(format!("package {}", extra.name), word)
    })
}

fn detail(drift: &Drift) -> String {
    let mut lines: Vec<String> =
        drift.extra.iter().map(|extra| format!("{} {}", extra.name, extra.words).trim_end().to_owned()).collect();
    lines.extend(drift.missing.iter().flatten().map(|name| format!("missing: {name}")));
    lines.extend(drift.unheard.iter().map(|said| format!("which of them listen is unknown: {said}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests;
