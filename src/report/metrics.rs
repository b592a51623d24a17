//! A round for Prometheus: the text format that both it and `OpenMetrics` read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::{Round, Shown, SourceState, Verdict};

/// Findings by measure and verdict, what still asks for a person, and how old each source's answer is. An alert on
/// `matins_round_timestamp_seconds` notices when nobody looks any more.
pub fn metrics(round: &Round) -> String {
    let mut out = String::new();
    family(&mut out, "matins_round_timestamp_seconds", "When the last round was judged.");
    sample(&mut out, "matins_round_timestamp_seconds", "", &seconds(round.at));
    family(&mut out, "matins_findings", "Findings of the last round.");
    let mut counts: BTreeMap<(&Shown, Verdict), (usize, usize)> = BTreeMap::new();
    for finding in &round.findings {
        for verdict in Verdict::ALL {
            counts.entry((&finding.measure, verdict)).or_default();
        }
        let (all, asking) = counts.entry((&finding.measure, finding.verdict)).or_default();
        *all += 1;
        *asking += usize::from(!round.rests(finding));
    }
    let labels = |measure: &Shown, verdict: Verdict| {
        format!("{{measure=\"{}\",verdict=\"{}\"}}", escaped(measure), verdict.word())
    };
    for ((measure, verdict), (all, _)) in &counts {
        sample(&mut out, "matins_findings", &labels(measure, *verdict), &all.to_string());
    }
    family(&mut out, "matins_findings_asking", "Findings that are not ok and on which nobody decided.");
    for ((measure, verdict), (_, asking)) in counts.iter().filter(|((_, verdict), _)| *verdict != Verdict::Ok) {
        sample(&mut out, "matins_findings_asking", &labels(measure, *verdict), &asking.to_string());
    }
    let source = |line: &crate::domain::SourceLine| {
        format!("{{collector=\"{}\",source=\"{}\"}}", escaped(&line.id.collector), escaped(&line.id.name))
    };
    family(&mut out, "matins_source_fresh", "Whether the source answered, and recently enough to be believed.");
    for line in &round.sources {
        let fresh = if line.state == SourceState::Fresh { "1" } else { "0" };
        sample(&mut out, "matins_source_fresh", &source(line), fresh);
    }
    family(&mut out, "matins_source_answer_timestamp_seconds", "When the source last answered.");
    for (line, at) in round.sources.iter().filter_map(|line| Some((line, line.at?))) {
        sample(&mut out, "matins_source_answer_timestamp_seconds", &source(line), &seconds(at));
    }
    out.push_str("# EOF\n");
    out
}

fn family(out: &mut String, name: &str, help: &str) {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge").ok();
}

fn sample(out: &mut String, name: &str, labels: &str, value: &str) {
    writeln!(out, "{name}{labels} {value}").ok();
}

fn seconds(at: jiff::Timestamp) -> String {
    format!("{}.{:03}", at.as_second(), at.subsec_millisecond())
}

/// Of a label's value: backslash, quote and newline.
fn escaped(text: &Shown) -> String {
    text.as_str().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
