//! `firewall`: everything is blocked but the ports that the services need.
//!
//! One finding for each server: what is declared, what listens and what answers from each side are held against each
//! other, and the difference is told with the program behind it. A second one is about its packet filter. The port of ssh
//! belongs to `admin-via-vpn`.

mod differences;
mod filter;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::facts::Side;
use crate::domain::{Fault, Judgement, Limit, Period, Port, Shown, Verdict};
use crate::policy::exposed::{Exposed, exposed};
use crate::policy::silence::unread;
use crate::policy::{Case, Rule, no_exhibits};
use differences::Difference;

pub const RULE: Rule = Rule { measure: MEASURE, limits: &[&FILTER_CHANGE], judge, exhibits: no_exhibits };

const MEASURE: &str = "firewall";

const FILTER_CHANGE: Limit = Limit {
    key: "filter_change",
    default: Period::days(7),
    help: "a change of a server's packet filter is due for a look this long",
};

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    // Without a register nothing is declared, and nobody promised anything.
    if !case.evidence.configured {
        return Vec::new();
    }
    let servers = exposed(case);
    servers.iter().flat_map(|host| [Some(judge_ports(host)), filter::judge(case, host)]).flatten().collect()
}

fn judge_ports(host: &Exposed<'_>) -> Judgement {
    let Some(declared) = host.declared else { return undeclared(host) };
    let mut found = differences::all(host, declared);
    found.sort_by_key(|difference| std::cmp::Reverse((difference.verdict, difference.weight)));
    let verdict = found.first().map_or(Verdict::Ok, |worst| worst.verdict);
    let title = match &found[..] {
        [] => ok_title(host),
        [only] => only.said.clone(),
        [worst, rest @ ..] => format!("{}, and {} more", worst.said, rest.len()),
    };
    let lines: Vec<String> = found.iter().map(|difference| difference.said.clone()).chain(seen(host)).collect();
    let mut judgement = Judgement::new(MEASURE, host.subject.clone(), verdict, title).detail(&lines.join("\n"));
    if let Some(Difference { mend, weight, .. }) = found.first() {
        judgement.mend.clone_from(mend);
        judgement = judgement.weight(*weight);
    }
    let mut stands: BTreeMap<Port, BTreeSet<&str>> = BTreeMap::new();
    for (port, word) in found.iter().filter_map(|difference| difference.stands) {
        stands.entry(port).or_default().insert(word);
    }
    for (port, words) in stands {
        judgement = judgement.asking(port.to_string(), words.into_iter().collect::<Vec<_>>().join("; "));
    }
    let faults: BTreeMap<&Shown, &Fault> =
        found.iter().filter_map(|difference| difference.unread.as_ref()).map(|fault| (&fault.said, fault)).collect();
    host.because(faults.into_values().fold(judgement, unread))
}

fn ok_title(host: &Exposed<'_>) -> String {
    let open: Vec<String> = host.declared.unwrap_or_default().iter().map(ToString::to_string).collect();
    if open.is_empty() {
        "nothing answers, as declared".into()
    } else {
        format!("answers as declared: {}", open.join(", "))
    }
}

/// What the register would have to say, from what listens.
fn undeclared(host: &Exposed<'_>) -> Judgement {
    let judgement =
        Judgement::new(MEASURE, host.subject.clone(), Verdict::Unknown, "nobody declared its ports").weight(20);
    let listeners = host.listeners().unwrap_or_default();
    let mut ports: Vec<String> = listeners.iter().map(|listener| format!("\"{}\"", listener.port)).collect();
    ports.sort();
    ports.dedup();
    let example = if ports.is_empty() { "\"tcp/443\", \"tcp/22 from vpn\"".to_owned() } else { ports.join(", ") };
    let lines: Vec<String> = seen(host).collect();
    let mend = format!("write what it is meant to answer on into the server or its role: ports = [{example}]");
    host.because(judgement.detail(&lines.join("\n")).mend(mend))
}

/// What listens and what answers, for the particulars.
fn seen<'a>(host: &'a Exposed<'_>) -> impl Iterator<Item = String> + 'a {
    let listeners = host.listeners().unwrap_or_default();
    let listening = listeners.into_iter().map(|listener| {
        let programs: Vec<&str> = listener.programs.iter().map(Shown::as_str).collect();
        format!("listens: {} on {} {}", listener.port, listener.address, programs.join(", "))
    });
    let sides = [Side::Outside, Side::Here, Side::Vpn].into_iter().filter_map(|side| host.seen_from(side).ok());
    listening.chain(sides.map(|sight| {
        let mut open: Vec<String> = sight
            .tried
            .iter()
            .filter(|one| sight.open(one.port).contains(&one.address))
            .map(|one| one.port.to_string())
            .collect();
        open.dedup();
        let open = if open.is_empty() { "nothing".to_owned() } else { open.join(", ") };
        format!("{} ({}): {open}", sight.side.word(), sight.view.by)
    }))
}
