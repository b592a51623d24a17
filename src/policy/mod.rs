//! Judgement. Pure: the same evidence, limits and `now` give the same findings. It cannot fail, log or read a clock.

pub mod decisions;
mod drupal;
mod looks;
pub mod matching;
mod measures;
mod rank;
pub mod rules;
mod slots;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{Evidence, Judgement, Limit, Limits, Period};

pub use measures::measures;
pub use rank::ranked;

/// What a rule judges by.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub evidence: &'a Evidence,
    pub limits: &'a Limits,
    pub now: Timestamp,
    /// The operator's: what "last night" means.
    pub zone: &'a TimeZone,
}

/// One rule: which measure it judges, by which limits, and how.
#[derive(Debug)]
pub struct Rule {
    /// Id in `assets/measures.toml`.
    pub measure: &'static str,
    pub limits: &'static [&'static Limit],
    pub judge: fn(&Case<'_>) -> Vec<Judgement>,
}

/// The longest that a decision may last. No rule judges by it; it is offered where people decide.
pub const DECISION: Limit =
    Limit { key: "decision", default: Period::days(90), help: "the longest that a decision may last" };

/// Judges everything, in the order in which it needs a person.
pub fn evaluate(case: &Case<'_>) -> Vec<Judgement> {
    ranked(rules::ALL.iter().flat_map(|rule| (rule.judge)(case)).collect())
}
