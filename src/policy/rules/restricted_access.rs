//! `restricted-access`: only administrators have full access.
//!
//! One finding for each key and each account that belongs to nobody, on however many servers it is; one for each person of
//! the register: what they may, and what remains of those who left; one for each server whose accounts can't all be seen.

mod hosts;
mod persons;
mod strangers;
#[cfg(test)]
mod tests;

use crate::domain::{Judgement, Shown, Subject, SubjectKind, Verdict};
use crate::policy::{Case, Rule, no_exhibits};
use hosts::Host;
use persons::People;

pub const RULE: Rule = Rule { measure: MEASURE, limits: &[], judge, exhibits: no_exhibits };

const MEASURE: &str = "restricted-access";

/// How many hosts a title names before it counts them.
const NAMED: usize = 3;

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let hosts = Host::all(case);
    let people = People::of(case);
    let mut judgements: Vec<Judgement> = hosts.iter().map(hosts::judge).collect();
    judgements.extend(strangers::second_roots(&hosts));
    if people.is_empty() {
        judgements.extend(undeclared(case, &hosts));
    } else {
        judgements.extend(strangers::judge(&hosts, &people));
        judgements.extend(persons::judge(case, &hosts, &people));
    }
    judgements
}

/// A register without persons: one cause, one row.
fn undeclared(case: &Case<'_>, hosts: &[Host<'_>]) -> Option<Judgement> {
    if !case.evidence.configured || hosts.is_empty() {
        return None;
    }
    let people = People::default();
    let strangers = strangers::judge(hosts, &people).len();
    let subject = Subject::new(SubjectKind::Organisation, "register");
    let title = format!("names no person: {strangers} keys or accounts with full access belong to nobody yet");
    let mend = "add a [[person]] with accounts and keys for everybody; matins then says what is nobody's";
    Some(Judgement::new(MEASURE, subject, Verdict::Unknown, title).mend(mend).weight(50))
}

fn counted(count: usize, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) if !what.ends_with("ey") => format!("{count} {stem}ies"),
        _ => format!("{count} {what}s"),
    }
}

/// `db1, web1`, or `12 hosts`.
fn places<'a>(hosts: impl Iterator<Item = &'a Shown>) -> String {
    let mut names: Vec<&Shown> = hosts.collect();
    names.sort();
    names.dedup();
    if names.len() > NAMED {
        return format!("{} hosts", names.len());
    }
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}
