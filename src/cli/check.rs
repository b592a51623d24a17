//! `matins check`.

use super::edge::{Edge, End, Ended, USAGE, desk, now, print, returned};
use super::when;
use crate::domain::Verdict;
use crate::policy;
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this measure, such as security-updates.
    measure: Option<String>,
    /// Only this subject of it, such as web1.
    subject: Option<String>,
    /// Of then instead of now: as the last round before judged it. `7d` ago, a day (at its end), or RFC 3339.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
}

/// Judges what is kept, at this moment, without asking anybody: as quick as monitoring wants it, and what has become
/// stale since the last round is unknown.
pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    if let Some(wanted) = &arguments.measure {
        let known: Vec<String> = policy::measures().into_iter().map(|measure| measure.id).collect();
        if !known.contains(wanted) {
            return Err(End::new(USAGE, format!("there is no measure `{wanted}`; there are: {}", known.join(", "))));
        }
    }
    let (settings, plan, store) = edge.plan()?;
    let mut desk = desk(plan, store)?;
    let mut round = match &arguments.as_of {
        Some(text) => returned(&mut desk, when::past(text, &settings.zone, now())?)?.round,
        None => desk.glance(now()),
    };
    round.findings.retain(|finding| {
        arguments.measure.as_ref().is_none_or(|measure| finding.measure == **measure)
            && arguments.subject.as_ref().is_none_or(|subject| finding.subject.name == **subject)
    });
    // Nothing under these words: nothing is known of it.
    let verdict = if round.findings.is_empty() { Verdict::Unknown } else { round.verdict() };
    print(&(report::plugin(&round.findings, verdict) + "\n"))?;
    Ok(verdict.exit_code())
}
