//! The persons of the register: what they may, and what remains of those who left.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::hosts::Host;
use super::strangers::joined;
use super::{MEASURE, counted, places};
use crate::domain::facts::PersonDeclared;
use crate::domain::{Declared, Fact, Judgement, Shown, Verdict};
use crate::policy::Case;

/// Everybody who is declared.
#[derive(Default)]
pub(super) struct People<'a>(Vec<(&'a Declared, &'a PersonDeclared)>);

impl<'a> People<'a> {
    pub fn of(case: &Case<'a>) -> Self {
        let person = |declared: &'a Declared| match &declared.fact {
            Fact::PersonDeclared(person) => Some((declared, person)),
            _ => None,
        };
        Self(case.evidence.declared().filter_map(person).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn of_account(&self, account: &Shown) -> Option<&'a PersonDeclared> {
        self.0.iter().find(|(_, person)| person.accounts.contains(account)).map(|(_, person)| *person)
    }

    pub fn of_key(&self, fingerprint: &Shown) -> Option<&'a PersonDeclared> {
        self.0.iter().find(|(_, person)| person.keys.contains(fingerprint)).map(|(_, person)| *person)
    }
}

/// What there is of one person on one server.
#[derive(Default)]
struct Traces {
    /// By what they have full access.
    power: BTreeSet<String>,
    /// What else there is: an account, a key.
    other: BTreeSet<String>,
}

impl Traces {
    fn all(&self) -> BTreeSet<String> {
        self.power.union(&self.other).cloned().collect()
    }
}

pub(super) fn judge(case: &Case<'_>, hosts: &[Host<'_>], people: &People<'_>) -> Vec<Judgement> {
    let today = case.zone.to_datetime(case.now).date();
    let unread: Vec<&Shown> = hosts.iter().filter(|host| host.hidden().is_some()).map(Host::name).collect();
    people
        .0
        .iter()
        .map(|(declared, person)| judge_person(declared, person, &found(hosts, person), (today, &unread)))
        .collect()
}

fn found<'a>(hosts: &[Host<'a>], person: &PersonDeclared) -> BTreeMap<&'a Shown, Traces> {
    let mut found: BTreeMap<&Shown, Traces> = BTreeMap::new();
    for host in hosts {
        let mut traces = Traces::default();
        for account in host.accounts().filter(|account| person.accounts.contains(&account.name)) {
            traces.other.insert(format!("account {}", account.name));
        }
        for (account, why) in host.mighty.iter().filter(|(account, _)| person.accounts.contains(account)) {
            // Who is declared to be root need not be told that root is uid 0.
            traces.power.extend(why.iter().filter(|why| **account != *"root" || *why != "uid 0").cloned());
        }
        for key in host.keys().filter(|key| person.keys.contains(&key.fingerprint)) {
            let said = format!("key opens {}", key.account);
            if host.mighty.contains_key(&key.account) {
                traces.power.insert(said)
            } else {
                traces.other.insert(said)
            };
        }
        if !traces.power.is_empty() || !traces.other.is_empty() {
            found.insert(host.name(), traces);
        }
    }
    found
}

fn judge_person(
    declared: &Declared,
    person: &PersonDeclared,
    found: &BTreeMap<&Shown, Traces>,
    (today, unread): (Date, &[&Shown]),
) -> Judgement {
    let mighty: Vec<&Shown> =
        found.iter().filter(|(_, traces)| !traces.power.is_empty()).map(|(host, _)| *host).collect();
    let unseen = if unread.is_empty() {
        String::new()
    } else {
        format!("; not all of {} could be read", places(unread.iter().copied()))
    };
    let gone = person.left.filter(|_| person.has_left(today));
    let (verdict, title, weight) = match gone {
        Some(left) if !found.is_empty() => (Verdict::Broken, remains(left, found), 85),
        Some(left) if unread.is_empty() => (Verdict::Ok, format!("left on {left}, nothing remains"), 10),
        Some(left) => (Verdict::Unknown, format!("left on {left}{unseen}"), 30),
        None if !mighty.is_empty() && !person.is_administrator() => {
            let places = places(mighty.iter().copied());
            (Verdict::Broken, format!("is no administrator and has full access on {places}"), 80)
        }
        None if !mighty.is_empty() => {
            (Verdict::Ok, format!("administrator, full access on {}", counted(mighty.len(), "host")), 10)
        }
        None if unread.is_empty() => (Verdict::Ok, "no full access anywhere".into(), 10),
        None => (Verdict::Unknown, format!("no full access seen{unseen}"), 15),
    };
    let lines: Vec<String> = found.iter().map(|(host, traces)| format!("{host}: {}", joined(&traces.all()))).collect();
    let mut judgement = Judgement::new(MEASURE, declared.subject.clone(), verdict, title)
        .detail(&lines.join("\n"))
        .because(declared.place.clone(), None, said(person))
        .weight(weight);
    if verdict == Verdict::Broken {
        judgement = judgement.mend(mend(gone));
    }
    found.iter().fold(judgement, |judgement, (host, traces)| {
        let word = joined(&traces.all());
        let judgement = judgement.because(format!("servers/{host}"), None, word.clone());
        let item = format!("host {host}");
        if verdict == Verdict::Broken { judgement.asking(item, word) } else { judgement.standing(item, word) }
    })
}

/// `left on 2026-03-31, still in sudo on db1`: what gives most comes first.
fn remains(left: Date, found: &BTreeMap<&Shown, Traces>) -> String {
    let mighty: BTreeMap<_, _> = found.iter().filter(|(_, traces)| !traces.power.is_empty()).collect();
    let (words, hosts): (BTreeSet<String>, Vec<&Shown>) = if mighty.is_empty() {
        (found.values().flat_map(|traces| traces.other.clone()).collect(), found.keys().copied().collect())
    } else {
        (mighty.values().flat_map(|traces| traces.power.clone()).collect(), mighty.keys().map(|host| **host).collect())
    };
    let more = found.len() - hosts.len();
    let more = if more > 0 { format!(", and more on {}", counted(more, "other host")) } else { String::new() };
    format!("left on {left}, still {} on {}{more}", joined(&words), places(hosts.into_iter()))
}

fn said(person: &PersonDeclared) -> String {
    let role = person.role.as_ref().map_or("no role", Shown::as_str);
    let left = person.left.map_or_else(String::new, |left| format!(", left on {left}"));
    format!("{role}, {}, {}{left}", counted(person.accounts.len(), "account"), counted(person.keys.len(), "key"))
}

fn mend(gone: Option<Date>) -> &'static str {
    if gone.is_some() {
        "remove account and keys there: deluser NAME, and the line in authorized_keys"
    } else {
        "take it away: deluser NAME GROUP, or the key; or declare role = \"administrator\""
    }
}
