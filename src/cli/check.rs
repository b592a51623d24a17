//! `matins check`.

use std::collections::BTreeSet;

use super::edge::{Edge, End, Ended, USAGE, desk, now, print, returned};
use super::when;
use crate::domain::{Round, Shown, Verdict};
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
    let Some(measure) = &arguments.measure else { return told(&round) };
    round.findings.retain(|finding| finding.measure == **measure);
    if let Some(subject) = &arguments.subject {
        let judged: BTreeSet<String> = round.findings.iter().map(|finding| finding.subject.to_string()).collect();
        round.findings.retain(|finding| finding.subject.name == **subject);
        if round.findings.is_empty() {
            let judged = Vec::from_iter(judged).join(", ");
            let judged =
                if judged.is_empty() { "nothing else either".to_owned() } else { format!("there are: {judged}") };
            return nothing(&format!("{measure} judges nothing called `{}`; {judged}", Shown::line(subject)));
        }
    }
    if round.findings.is_empty() {
        return nothing(&format!(
            "{measure} has nothing to judge: nothing that it is about is configured, or was asked yet"
        ));
    }
    told(&round)
}

fn told(round: &Round) -> Ended {
    print(&(report::plugin(round) + "\n"))?;
    Ok(round.verdict().exit_code())
}

/// Of what is not there nothing is known: a plugin says so, and why.
fn nothing(said: &str) -> Ended {
    print(&(report::plugin_without(said) + "\n"))?;
    Ok(Verdict::Unknown.exit_code())
}
