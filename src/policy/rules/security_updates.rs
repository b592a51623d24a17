//! `security-updates`: security updates install themselves, others regularly.
//!
//! Per host: what is pending and since when, whether unattended-upgrades does its work, whether a reboot is due, what
//! dpkg left half done, and whether its clock can be believed. Of a host whose source isn't trusted one finding says so.

mod latency;
mod pending;
mod sources;
mod unattended;
mod upkeep;

use jiff::{SignedDuration, Timestamp};

use crate::domain::facts::HostSeen;
use crate::domain::{
    Declared, Fact, Fault, Judgement, Limit, Observation, Period, Shown, SourceRecord, Subject, SubjectKind, Verdict,
    age,
};
use crate::policy::silence::unread;
use crate::policy::{Case, Rule, SECURITY_UPDATE};

pub const RULE: Rule = Rule {
    measure: MEASURE,
    limits: &[&SECURITY_UPDATE, &OTHER_UPDATE, &PACKAGE_LISTS, &UNATTENDED_RUN, &REBOOT, &CLOCK, &FROZEN_MIRROR],
    judge,
    exhibits: latency::exhibits,
};

const MEASURE: &str = "security-updates";

const OTHER_UPDATE: Limit = Limit {
    key: "other_update",
    default: Period::days(14),
    help: "another update may be pending this long before it is due",
};
const PACKAGE_LISTS: Limit = Limit {
    key: "package_lists",
    default: Period::days(2),
    help: "a server's package lists may be this old before nothing is concluded from them",
};
const UNATTENDED_RUN: Limit = Limit {
    key: "unattended_run",
    default: Period::days(3),
    help: "the last run of unattended-upgrades may be this long ago before it is broken",
};
const REBOOT: Limit =
    Limit { key: "reboot", default: Period::days(7), help: "a reboot may be due this long before it is broken" };
const CLOCK: Limit = Limit {
    key: "clock",
    default: Period::minutes(2),
    help: "a server's clock may differ this much from ours before it is due",
};

const FROZEN_MIRROR: Limit = Limit {
    key: "frozen_mirror",
    default: Period::days(10),
    help: "a security suite that does not say until when it is valid may be dated this long ago",
};

/// What a server dates by its own clock may be this far ahead of it.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// One host, seen and trusted.
#[derive(Clone, Copy)]
struct Host<'a> {
    case: &'a Case<'a>,
    source: &'a SourceRecord,
    subject: &'a Subject,
    at: Timestamp,
    seen: &'a HostSeen,
}

impl Host<'_> {
    fn judgement(&self, verdict: Verdict, title: impl Into<Shown>) -> Judgement {
        Judgement::new(MEASURE, self.subject.clone(), verdict, title)
    }

    /// A part that could not be read: nobody knows.
    fn unreadable(&self, what: &str, fault: &Fault) -> Judgement {
        let judgement = self.judgement(Verdict::Unknown, format!("{what} unknown: {}", fault.said)).because(
            self.name(),
            Some(self.at),
            fault.said.clone(),
        );
        unread(Judgement { mend: fault.mend.clone(), ..judgement }, fault)
    }

    fn name(&self) -> Shown {
        self.source.id.to_string().into()
    }

    fn limit(&self, limit: &Limit) -> (Period, String) {
        (self.case.limits.of(limit), format!("limits.{}", limit.key))
    }

    /// Since when the evidence holds this item of the host; now, when it has just appeared.
    fn since(&self, item: &str) -> Timestamp {
        let since = self.case.evidence.first_seen(SubjectKind::Host, &self.subject.name, item);
        since.unwrap_or(self.at).min(self.case.now)
    }

    /// How long ago, in words that stay for an hour; `None` while they would not.
    fn long(&self, since: Timestamp) -> Option<String> {
        (self.lasts(since) >= SignedDuration::from_hours(2)).then(|| age(since, self.case.now))
    }

    /// What its own clock says now, as far as that is known: what it wrote itself is dated by that.
    fn there(&self) -> Timestamp {
        let skew = self.seen.clock_skew_seconds.seen().copied().unwrap_or(0);
        self.case.now.saturating_add(SignedDuration::from_secs(skew)).unwrap_or(self.case.now)
    }

    fn lasts(&self, since: Timestamp) -> SignedDuration {
        self.case.now.duration_since(since)
    }
}

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    case.evidence
        .of("servers")
        .flat_map(|source| source.declared.iter().filter(|declared| is_host(declared)).map(move |host| (source, host)))
        .flat_map(|(source, host)| judge_host(case, source, host))
        .chain(latency::latency(case))
        .collect()
}

fn is_host(declared: &Declared) -> bool {
    matches!(declared.fact, Fact::HostDeclared(_))
}

fn judge_host(case: &Case<'_>, source: &SourceRecord, declared: &Declared) -> Vec<Judgement> {
    let subject = &declared.subject;
    let silent = |doubt: Shown, mend: Option<Shown>| {
        let judgement = Judgement::new(MEASURE, subject.clone(), Verdict::Unknown, doubt.clone())
            .because(declared.place.clone(), None, format!("{subject} is a server of the register"))
            .because(source.id.to_string(), source.good_at, doubt);
        vec![Judgement { mend, ..judgement }.weight(60)]
    };
    let observations = match source.trusted(case.now) {
        Ok(observations) => observations,
        Err(doubt) => return silent(doubt, source.fault.as_ref().and_then(|fault| fault.mend.clone())),
    };
    let Some((at, seen)) = observations.iter().find_map(|observation| host_seen(observation, subject)) else {
        return silent("its last answer says nothing of this host".into(), None);
    };
    let host = Host { case, source, subject, at, seen };
    let parts = [
        unattended::unattended(&host),
        upkeep::reboot(&host),
        upkeep::packages(&host),
        sources::sources(&host),
        upkeep::clock(&host),
        upkeep::services(&host),
    ];
    let same_cause = |part: &Judgement| match seen.pending.as_result() {
        Err(fault) => part.verdict == Verdict::Unknown && part.because.iter().any(|link| link.said == fault.said),
        Ok(_) => false,
    };
    // One cause is one row: an empty dpkg database makes everything unknown, which the first says for all.
    std::iter::once(pending::pending(&host)).chain(parts.into_iter().filter(|part| !same_cause(part))).collect()
}

fn host_seen<'a>(observation: &'a Observation, subject: &Subject) -> Option<(Timestamp, &'a HostSeen)> {
    match &observation.fact {
        Fact::HostSeen(seen) if observation.subject == *subject => Some((observation.at, seen)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
