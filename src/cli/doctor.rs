//! `matins doctor`: what keeps matins from seeing, and the one line that mends each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::edge::{Edge, End, Ended, INTERRUPTED, USAGE, interrupted, now, print, runtime};
use crate::collect::tools::Tools;
use crate::collect::tools::ssh_keygen::Key;
use crate::domain::{Fault, FindingKey, Particulars, Round, Shown, SourceState, Verdict, counted};
use crate::report;
use crate::round::{Desk, Pass, Plan, pass};
use crate::store::Sqlite;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this server, feed, VPN, backup or service.
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Asks everything once, and keeps nothing: the console's evidence stays as it is.
pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let settings = edge.settings()?;
    let plan = Plan::new(&settings)?;
    let wanted = Pass { only: arguments.name.iter().cloned().collect() };
    if !plan.sources.iter().any(|source| wanted.wants(&source.id)) {
        let names: Vec<String> = plan.sources.iter().map(|source| source.id.to_string()).collect();
        return Err(End::new(USAGE, format!("nothing is called so; there are: {}", names.join(", "))));
    }
    let mut desk = Desk::open(plan, Box::new(Sqlite::in_memory()?))?;
    let tools = Arc::new(Tools::new(now)?.in_zone(settings.zone.clone()));
    let passed = runtime()?.block_on(pass(&mut desk, &tools, &wanted, interrupted(), |_| {}));
    let Some(passed) = passed else { return Err(End::new(INTERRUPTED, "interrupted")) };
    let round = passed.kept()?;
    let (text, mut wrong) = told(&round, &desk.particulars()?, &wanted);
    print(&text)?;
    if let Some(fault) = settings.operator.signing_key.as_deref().map(Key::from).and_then(|key| key.trouble()) {
        wrong += 1;
        print(&line(&fault))?;
    }
    // What channels remember is in the store that rounds write, if there is one yet.
    if wanted.only.is_empty() && settings.store.exists() {
        let desk = Desk::open(Plan::new(&settings)?, Box::new(Sqlite::open(&settings.store)?))?;
        for fault in desk.unreached()? {
            wrong += 1;
            print(&line(&fault))?;
        }
    }
    Ok(if wrong == 0 { 0 } else { Verdict::Unknown.exit_code() })
}

fn line(fault: &Fault) -> String {
    let mend = fault.mend.as_ref().map_or_else(String::new, |mend| format!("   {mend}\n"));
    format!("{}\n{mend}", fault.said)
}

/// Silent sources first: what they leave unknown follows from them.
fn told(round: &Round, particulars: &BTreeMap<FindingKey, Particulars>, wanted: &Pass) -> (String, usize) {
    let asked: Vec<_> = round.sources.iter().filter(|line| wanted.wants(&line.id)).collect();
    let mut lines: Vec<(String, Shown, Option<Shown>)> = Vec::new();
    let mut silent: Vec<&Shown> = Vec::new();
    for line in asked.iter().filter(|line| line.state != SourceState::Fresh) {
        let fault = line.fault.as_ref();
        let said = fault.map_or_else(|| "did not answer".into(), |fault| fault.said.clone());
        silent.push(&line.id.name);
        lines.push((line.id.to_string(), said, fault.and_then(|fault| fault.mend.clone())));
    }
    for finding in round.findings.iter().filter(|finding| finding.verdict == Verdict::Unknown) {
        let rests_on = |said: &Particulars| {
            said.because.iter().any(|because| asked.iter().any(|line| because.source == *line.id.to_string()))
        };
        let ours = wanted.only.is_empty()
            || wanted.only.iter().any(|name| finding.subject.name == **name)
            || particulars.get(&finding.key).is_some_and(rests_on);
        if ours && !silent.contains(&&finding.subject.name) {
            lines.push((
                finding.subject.to_string(),
                finding.title.clone(),
                particulars.get(&finding.key).and_then(|said| said.mend.clone()),
            ));
        }
    }
    // One cause can make several measures unknown.
    lines.dedup();
    let mut text = String::new();
    text.extend(report::outage(round));
    for (who, said, mend) in &lines {
        // Writing to a String never fails.
        writeln!(text, "{who}: {said}").ok();
        if let Some(mend) = mend {
            writeln!(text, "   {mend}").ok();
        }
    }
    if lines.is_empty() {
        let all = counted(asked.len(), "source", "sources");
        writeln!(text, "nothing hides from matins: {} of {all} answered in full", asked.len()).ok();
    }
    (text, lines.len())
}
