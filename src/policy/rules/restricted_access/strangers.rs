//! Keys and accounts that belong to nobody of the register.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts::Host;
use super::persons::People;
use super::{MEASURE, places};
use crate::domain::{Judgement, Shown, Subject, SubjectKind, Verdict};

/// What a key does with an account, in front of its name.
const OPENS: &str = "opens ";

/// Where something is, and what it may there.
type Places<'a> = BTreeMap<&'a Shown, BTreeSet<String>>;

pub(super) fn judge(hosts: &[Host<'_>], people: &People<'_>) -> Vec<Judgement> {
    let mut keys: BTreeMap<&Shown, Places<'_>> = BTreeMap::new();
    let mut accounts: BTreeMap<&Shown, Places<'_>> = BTreeMap::new();
    let mut comments: BTreeMap<&Shown, &Shown> = BTreeMap::new();
    for host in hosts {
        for key in host.keys().filter(|key| people.of_key(&key.fingerprint).is_none()) {
            comments.insert(&key.fingerprint, &key.comment);
            let places = keys.entry(&key.fingerprint).or_default();
            places.entry(host.name()).or_default().insert(format!("{OPENS}{}", key.account));
        }
        for (account, why) in &host.mighty {
            if **account != *"root" && people.of_account(account).is_none() {
                accounts.entry(account).or_default().insert(host.name(), why.clone());
            }
        }
    }
    let keys = keys.into_iter().map(|(fingerprint, places)| {
        let comment = comments.get(fingerprint).map_or("", |comment| comment.as_str());
        stranger(fingerprint, &places, &format!("its comment says: {comment}"))
            .mend("take it out of authorized_keys, or add it to a [[person]]'s keys")
            .weight(75)
    });
    let accounts = accounts.into_iter().map(|(account, places)| {
        stranger(account, &places, "it has full access")
            .mend("take its power away, or add it to a [[person]]'s accounts")
            .weight(70)
    });
    accounts.chain(keys).collect()
}

fn stranger(name: &Shown, places: &Places<'_>, said: &str) -> Judgement {
    let whys: BTreeSet<&String> = places.values().flatten().collect();
    let title = format!("{} on {} and belongs to nobody", joined(whys), super::places(places.keys().copied()));
    let subject = Subject::new(SubjectKind::Person, name.clone());
    let lines: Vec<String> = places.iter().map(|(host, why)| format!("{host}: {}", joined(why))).collect();
    let judgement = Judgement::new(MEASURE, subject, Verdict::Broken, title)
        .detail(&format!("{said}\n{}", lines.join("\n")))
        .because("the register", None, format!("no [[person]] names {name}"));
    places.iter().fold(judgement, |judgement, (host, why)| {
        let why = joined(why);
        judgement.because(format!("servers/{host}"), None, why.clone()).asking(format!("host {host}"), why)
    })
}

/// Accounts that are root under another name: nobody looks for those.
pub(super) fn second_roots(hosts: &[Host<'_>]) -> Vec<Judgement> {
    let mut second: BTreeMap<&Shown, Vec<&Shown>> = BTreeMap::new();
    for host in hosts {
        for account in host.accounts().filter(|account| account.uid == 0 && account.name != *"root") {
            second.entry(&account.name).or_default().push(host.name());
        }
    }
    let judged = second.into_iter().map(|(account, hosts)| {
        let title = format!("is uid 0 besides root on {}", places(hosts.iter().copied()));
        let judgement =
            Judgement::new(MEASURE, Subject::new(SubjectKind::Person, account.clone()), Verdict::Broken, title)
                .part("uid 0")
                .mend("give it a uid of its own, or remove it: who is root should be named so")
                .weight(90);
        hosts.iter().fold(judgement, |judgement, host| {
            judgement
                .because(format!("servers/{host}"), None, format!("/etc/passwd gives {account} uid 0"))
                .asking(format!("host {host}"), "uid 0")
        })
    });
    judged.collect()
}

/// One after the other; of those that begin alike the beginning stands once: `opens anna, root`.
pub(super) fn joined<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    let mut said: Vec<&str> = Vec::new();
    let mut before = "";
    for word in words {
        let (begin, rest) = word.split_at(word.find(OPENS).map_or(0, |at| at + OPENS.len()));
        said.push(if begin.is_empty() || begin != before { word } else { rest });
        before = begin;
    }
    said.join(", ")
}
