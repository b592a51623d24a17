//! Judgement. Pure: the same evidence, limits and `now` give the same findings. It cannot fail, log or read a clock.

pub mod decisions;
mod drupal;
mod exposed;
mod latency;
mod looks;
pub mod matching;
mod measures;
mod rank;
pub mod rules;
mod silence;
mod slots;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{Evidence, Exhibit, Judgement, Limit, Limits, Month, Period, Subject, SubjectKind};

pub use measures::measures;
pub use rank::ranked;
pub use slots::{night_begins, night_ends};

/// What a rule judges by.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub evidence: &'a Evidence,
    pub limits: &'a Limits,
    pub now: Timestamp,
    /// The operator's: what "last night" means.
    pub zone: &'a TimeZone,
}

/// One rule: which measure it judges, by which limits, and how; and which pictures it has.
///
/// A rule offers pictures by a function that is called when somebody looks at a subject: it takes the figures out of the
/// evidence again, for this one subject, and gives none for a subject that is not its own. It may take a moment, for it
/// runs behind the screen. What it gives is drawn under the rule's finding on that subject.
///
/// ```ignore
/// pub const RULE: Rule = Rule { measure: MEASURE, limits: &[], judge, exhibits };
///
/// fn exhibits(case: &Case<'_>, subject: &Subject) -> Vec<Exhibit> {
///     if subject.kind != SubjectKind::Peer { return Vec::new() }
///     let points = traffic(case.evidence, subject);   // Vec<(Timestamp, u64)>
///     vec![Exhibit { title: "traffic".into(), picture: Picture::Trend { unit: Unit::Bytes, points } }]
/// }
/// ```
#[derive(Debug)]
pub struct Rule {
    /// Id in `assets/measures.toml`.
    pub measure: &'static str,
    pub limits: &'static [&'static Limit],
    pub judge: fn(&Case<'_>) -> Vec<Judgement>,
    /// [`no_exhibits`] where a rule has no pictures.
    pub exhibits: fn(&Case<'_>, &Subject) -> Vec<Exhibit>,
}

/// Of a rule without pictures.
pub fn no_exhibits(_: &Case<'_>, _: &Subject) -> Vec<Exhibit> {
    Vec::new()
}

/// The longest that a decision may last. No rule judges by it; it is offered where people decide.
pub const DECISION: Limit =
    Limit { key: "decision", default: Period::days(90), help: "the longest that a decision may last" };

/// How soon what is fixed has to be installed; more than one rule judges by it.
pub const SECURITY_UPDATE: Limit = Limit {
    key: "security_update",
    default: Period::hours(24),
    help: "a security update is installed within this time",
};

/// How long before its end a certificate is due; more than one rule judges certificates.
pub const CERTIFICATE: Limit = Limit {
    key: "certificate",
    default: Period::days(21),
    help: "how long before it expires a certificate is due for renewal",
};

/// What subjects are of which a rule may have pictures; of others none is asked.
pub const PICTURED: &[SubjectKind] =
    &[SubjectKind::Backup, SubjectKind::Host, SubjectKind::Organisation, SubjectKind::Peer];

/// Judges everything, in the order in which it needs a person.
pub fn evaluate(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements: Vec<Judgement> = rules::ALL.iter().flat_map(|rule| (rule.judge)(case)).collect();
    silence::asks(case, &mut judgements);
    ranked(judgements)
}

/// How long it took from an advisory until the last affected server had its fix, by month: at most `most` months.
pub fn patch_latency(case: &Case<'_>, most: usize) -> Vec<Month> {
    let truth = matching::Truth::of(case.evidence, case.now);
    latency::months(&latency::measured(case, &truth), most)
}

/// The pictures that the rules have of a subject, each with its rule's measure.
pub fn exhibits(case: &Case<'_>, subject: &Subject) -> Vec<(&'static str, Exhibit)> {
    if !PICTURED.contains(&subject.kind) {
        return Vec::new();
    }
    let of = |rule: &Rule| (rule.exhibits)(case, subject).into_iter().map(|exhibit| (rule.measure, exhibit)).collect();
    rules::ALL.iter().flat_map(|rule| -> Vec<_> { of(rule) }).collect()
}

#[cfg(test)]
mod tests;
