//! What puts an advisory of Debian's lists before others, each input with who says it and how old that is.

use super::bulletins::Row;
use super::order::Claim;
use crate::domain::facts::{HostExposure, Listener, Percent, TruthDeclared, Urgency};
use crate::domain::{Fact, Judgement, Observation, Shown, SourceRecord, SubjectKind, Verdict};
use crate::policy::matching::{State, Truth};
use jiff::civil::Date;

/// Who decided on an advisory before it was likelier exploited than this share of all is asked again, where the
/// configuration names no other share.
const LIKELY: Percent = Percent(95);

/// Programs that listen under another name than that of their source package.
const PROGRAMS: &[(&str, &str)] = &[
    ("sshd", "openssh"),
    ("mariadbd", "mariadb"),
    ("mysqld", "mariadb"),
    ("master", "postfix"),
    ("named", "bind9"),
    ("redis-server", "redis"),
    ("slapd", "openldap"),
    ("smbd", "samba"),
    ("proftpd", "proftpd-dfsg"),
    ("chronyd", "chrony"),
    ("dnsmasq", "dnsmasq"),
];

/// A place among others, and what it is made of.
pub(super) fn ranked(row: &Row<'_>, exploited: bool, mut judged: Judgement) -> Judgement {
    let fleet = row.judge.fleet;
    let wrong = |state: State| row.concern.count(fleet, state);
    let mut claim = Claim { exploited, servers: wrong(State::Vulnerable) + wrong(State::OldRuns), ..Claim::default() };
    claim.fixable = row.concern.carried.iter().any(|one| one.state == State::Vulnerable && one.fix.is_some());
    if claim.servers > 0
        && let Some((source, said)) = exposed(row)
    {
        claim.exposed = true;
        let told = judged.because(source.id.to_string(), source.good_at, said);
        judged = told.asking("exposed", "its package listens where others reach it");
    }
    (claim.percentile, judged) = likely(row.truth, &row.bulletin.cves, judged);
    if let Some((urgency, cve)) = urgency(row)
        && let Some(told) = &row.truth.tracker
    {
        claim.grade = grade(urgency);
        let said = format!("Debian grades {cve} as {}", word(urgency));
        judged = judged.because(told.source.id.to_string(), told.source.good_at, said);
    }
    judged.weigh(claim.weight())
}

/// The likeliest of some vulnerabilities.
fn likely(truth: &Truth<'_>, cves: &[Shown], judged: Judgement) -> (Option<u16>, Judgement) {
    let Some(told) = &truth.likelihoods else { return (None, judged) };
    let likelihoods = cves.iter().filter_map(|cve| Some((told.fact.percentile(cve.as_str())?, cve)));
    let Some((percentile, cve)) = likelihoods.max() else { return (None, judged) };
    let said = format!("{cve} is more likely to be exploited than {} % of all", percentile / 100);
    let judged = judged.because(told.source.id.to_string(), told.source.good_at, said);
    let (limit, place) = limit(told.source);
    // Both count in hundredths of a percent.
    if percentile < u16::from(limit.0) * 100 || judged.verdict == Verdict::Ok {
        return (Some(percentile), judged);
    }
    let judged = match place {
        Some(place) => judged.because(place.clone(), None, format!("likely = {}", String::from(limit))),
        None => judged,
    };
    (Some(percentile), judged.asking("likely exploited", format!("more than {} % of all", limit.0)))
}

/// From which share on it is likely, and where the configuration says so.
fn limit(source: &SourceRecord) -> (Percent, Option<&Shown>) {
    let said = source.declared.iter().find_map(|declared| match &declared.fact {
        Fact::TruthDeclared(TruthDeclared { likely: Some(likely), .. }) => Some((*likely, Some(&declared.place))),
        _ => None,
    });
    said.unwrap_or((LIKELY, None))
}

/// The first of some vulnerabilities that is known to be exploited, and since when that is known.
pub(super) fn exploited<'i>(truth: &Truth<'_>, ids: &'i [Shown]) -> Option<(&'i Shown, Date)> {
    let listed = ids.iter().filter_map(|id| Some((id, truth.exploited_since(id.as_str())?)));
    listed.min_by_key(|(_, since)| *since)
}

/// That it is exploited, and who says so.
pub(super) fn told_of(truth: &Truth<'_>, exploited: Option<&(&Shown, Date)>, judged: Judgement) -> Judgement {
    let Some(((cve, since), catalogue)) = exploited.zip(truth.exploited.as_ref()) else { return judged };
    let said = format!("{cve} is exploited, known since {since}");
    judged.because(catalogue.source.id.to_string(), catalogue.source.good_at, said)
}

/// The place of an advisory of which no server tells: by what is known of its vulnerabilities.
pub(super) fn by_ids(
    truth: &Truth<'_>,
    ids: &[Shown],
    exploited: Option<&(&Shown, Date)>,
    claim: Claim,
    judged: Judgement,
) -> Judgement {
    let (percentile, judged) = likely(truth, ids, told_of(truth, exploited, judged));
    let judged = match exploited {
        Some((cve, since)) => judged.asking("exploited", format!("{cve} since {since}")),
        None => judged,
    };
    judged.weigh(Claim { exploited: exploited.is_some(), percentile, ..claim }.weight())
}

/// The gravest of its vulnerabilities in what the servers have.
fn urgency<'r>(row: &Row<'r>) -> Option<(Urgency, &'r Shown)> {
    let tracker = row.truth.tracker.as_ref()?.fact;
    let carried = row.concern.carried.iter().filter(|one| one.state == State::Vulnerable);
    let issues = carried.flat_map(|one| tracker.issues(one.source, one.release));
    let mine = issues.filter_map(|(issue, state)| {
        let cve = row.bulletin.cves.iter().find(|cve| **cve == issue.id)?;
        Some((state.urgency, cve))
    });
    mine.filter(|(urgency, _)| grade(*urgency) > 0).max()
}

fn grade(urgency: Urgency) -> u8 {
    match urgency {
        Urgency::Unimportant | Urgency::NotYetAssigned | Urgency::EndOfLife => 0,
        Urgency::Low => 8,
        Urgency::Medium => 15,
        Urgency::High => 25,
    }
}

fn word(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::High => "high",
        Urgency::Medium => "medium",
        _ => "low",
    }
}

/// A vulnerable server on which one of the packages listens where others can reach it.
fn exposed<'r>(row: &Row<'r>) -> Option<(&'r SourceRecord, String)> {
    let fleet = row.judge.fleet;
    let servers = row.concern.heard(fleet, State::Vulnerable).chain(row.concern.heard(fleet, State::OldRuns));
    let mut servers = servers.map(|server| &fleet.servers[server]);
    servers.find_map(|server| {
        let mut mine = server.source.seen.iter().filter(|seen| seen.subject.name == *server.name);
        let listeners = &mine.find_map(exposure)?.listening.seen()?.listeners;
        let mine = listeners.iter().find(|one| reachable(one) && owned(row, one))?;
        let program = mine.programs.first()?;
        Some((server.source, format!("{program} listens on {} of {}", mine.port, server.name)))
    })
}

fn exposure(seen: &Observation) -> Option<&HostExposure> {
    match &seen.fact {
        Fact::HostExposure(exposure) if seen.subject.kind == SubjectKind::Host => Some(exposure),
        _ => None,
    }
}

fn reachable(listener: &Listener) -> bool {
    let address = listener.address.as_str();
    !address.starts_with("127.") && address != "::1" && !address.starts_with("::ffff:127.")
}

fn owned(row: &Row<'_>, listener: &Listener) -> bool {
    let source_of = |program: &str| -> String {
        let known = PROGRAMS.iter().find(|(name, _)| *name == program);
        known.map_or_else(|| program.to_owned(), |(_, source)| (*source).to_owned())
    };
    let sources: Vec<String> = listener.programs.iter().map(|program| source_of(program.as_str())).collect();
    // A source's name may carry the version of what it holds: postgresql-15, php8.2.
    let is = |of: &str| {
        sources.iter().any(|source| {
            of.strip_prefix(source.as_str())
                .is_some_and(|rest| !rest.starts_with(char::is_alphabetic) || rest.is_empty())
        })
    };
    row.concern.carried.iter().any(|one| is(one.source))
}
