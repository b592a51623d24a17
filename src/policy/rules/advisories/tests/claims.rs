//! What puts an advisory before others; from where on it counts as likely exploited, and what that does to a decision on it.

use std::sync::Arc;

use jiff::SignedDuration;

use super::lists::{fixed, kev, list, open, standings, truth, vulnerable};
use super::*;
use crate::domain::facts::{HostExposure, Likelihoods, Listener, Listening, Percent, TruthDeclared, cve_number};
use crate::domain::{Basis, Decided, Decision, DecisionKind, Extent, Recorded, Standing};
use crate::policy::decisions::{Present, Roles, decided};

/// The advisory while its vulnerability is likelier exploited than so many hundredths of a percent of all.
fn at_percentile(limit: Option<u8>, percentile: u16) -> Judgement {
    let percentiles = vec![(cve_number("CVE-2026-1").unwrap(), percentile)];
    let mut scores = truth("epss", Fact::Likelihoods(Arc::new(Likelihoods { date: None, percentiles })));
    let Fact::TruthDeclared(TruthDeclared { likely, .. }) = &mut scores.declared[0].fact else {
        panic!("another fact")
    };
    *likely = limit.map(Percent);
    of(&judged(vec![list(), scores, vulnerable("web1")]), "DSA-6321-1").clone()
}

fn asking(judgement: &Judgement) -> Vec<Standing> {
    judgement.standings.each.iter().filter(|one| one.asks).cloned().collect()
}

#[test]
fn what_is_likely_is_what_the_configuration_says() {
    let asked = |limit: Option<u8>, percentile| {
        let one = at_percentile(limit, percentile);
        let asked = asking(&one).into_iter().find(|one| one.item == "likely exploited");
        let because = one.because.iter().find(|because| because.source == "register.toml:1");
        let said =
            because.filter(|because| because.said.as_str().starts_with("likely")).map(|one| one.said.to_string());
        assert_eq!(said, limit.filter(|_| asked.is_some()).map(|limit| format!("likely = {limit}%")));
        asked.map(|one| one.word.to_string())
    };
    assert_eq!(asked(None, 9_499), None);
    assert_eq!(asked(None, 9_500).unwrap(), "more than 95 % of all");
    assert_eq!(asked(Some(80), 7_999), None);
    assert_eq!(asked(Some(80), 8_000).unwrap(), "more than 80 % of all");
    assert_eq!(asked(Some(99), 9_712), None);
}

#[test]
fn a_decision_asks_again_when_the_likelihood_crosses_the_limit_that_is_configured() {
    let later = |limit: Option<u8>| -> Decided {
        let (then, now) = (at_percentile(limit, 7_000), at_percentile(limit, 8_712));
        let decision = Decision {
            key: then.key(),
            kind: DecisionKind::Accept,
            extent: Extent::Finding,
            reason: "on Thursday".into(),
            until: super::now() + SignedDuration::from_hours(72),
            to: None,
            link: None,
            second: None,
            basis: Basis { verdict: then.verdict, asked: asking(&then) },
        };
        let recorded = Recorded { seq: 1, at: super::now(), by: "mona".into(), decision, agreed: None };
        let (key, standings) = (now.key(), &now.standings.each);
        let present = Present { key: &key, kind: now.subject.kind, verdict: now.verdict, standings };
        decided(&present, &[recorded], &Roles::default(), super::now()).unwrap()
    };
    assert_eq!(later(Some(80)).open.unwrap(), "likely exploited: more than 80 % of all");
    assert!(later(None).holds() && later(Some(90)).holds());
}

#[test]
fn what_is_exploited_is_named_wherever_it_stands() {
    let judgements = judged(vec![list(), open(), kev(&["CVE-2026-2", "CVE-2026-3"]), vulnerable("web1")]);
    let line = of(&judgements, "no fix yet");
    assert_eq!(line.verdict, Verdict::Due);
    assert!(line.title.as_str().contains("1 exploited"), "{}", line.title);
    assert_eq!(standings(line), ["exploited CVE-2026-3 no fix yet!"]);
    let row = of(&judgements, "CVE-2026-2");
    assert_eq!(row.verdict, Verdict::Broken);
    assert_eq!(row.title, "exploited · 1 server vulnerable · fixed by openssl 3.0.13-1~deb12u1 in bookworm");
    // By its server and its package it is found too.
    let stands = standings(row);
    assert!(stands.contains(&"host web1 vulnerable!".to_owned()), "{stands:?}");
    assert!(stands.contains(&"fix openssl bookworm 3.0.13-1~deb12u1".to_owned()), "{stands:?}");
}

#[test]
fn the_chain_names_what_puts_an_advisory_before_others() {
    let likely = |percentile: u16| {
        let percentiles = vec![(cve_number("CVE-2026-1").unwrap(), percentile)];
        truth("epss", Fact::Likelihoods(Arc::new(Likelihoods { date: None, percentiles })))
    };
    let scores = likely(9_712);
    let listener = |address: &str| Listener {
        port: "tcp/443".parse().unwrap(),
        address: address.into(),
        programs: vec!["openssl".into()],
    };
    let exposed = |address: &str| {
        let listening = Listening { listeners: vec![listener(address)], unnamed: None };
        let fact = HostExposure { listening: Read::Seen(listening), filter: Read::unreadable("not asked") };
        let mut server = vulnerable("web1");
        let seen = Observation { fact: Fact::HostExposure(Box::new(fact)), ..server.seen[0].clone() };
        server.seen.push(seen);
        server
    };
    let judgements = judged(vec![list(), scores.clone(), open(), exposed("0.0.0.0")]);
    let one = of(&judgements, "DSA-6321-1");
    let said: Vec<String> = one.because.iter().map(|because| format!("{}: {}", because.source, because.said)).collect();
    assert!(said.contains(&"servers/web1: openssl listens on tcp/443 of web1".to_owned()), "{said:?}");
    assert!(
        said.contains(&"advisories/epss: CVE-2026-1 is more likely to be exploited than 97 % of all".to_owned()),
        "{said:?}"
    );
    // Either of them opens what was decided before it was so.
    let hidden = judged(vec![list(), scores.clone(), open(), exposed("127.0.0.1")]);
    let asks = |judgements: &[Judgement], item: &str| {
        standings(of(judgements, "DSA-6321-1")).iter().any(|one| one.starts_with(item) && one.ends_with('!'))
    };
    assert!(asks(&judgements, "exposed") && asks(&judgements, "likely exploited more than 95 % of all"));
    assert!(!asks(&hidden, "exposed") && asks(&hidden, "likely exploited"));
    let cured = judged(vec![list(), scores, open(), fixed("web1")]);
    assert!(!asks(&cured, "likely exploited"));
    let unlikely = judged(vec![list(), likely(9_499), open(), vulnerable("web1")]);
    assert!(!asks(&unlikely, "likely exploited"));
    let plain = judged(vec![list(), vulnerable("web1")]);
    let weight = |judgements: &[Judgement]| of(judgements, "DSA-6321-1").weight;
    assert!(weight(&judgements) > weight(&hidden) && weight(&hidden) > weight(&plain));
    let exploited = judged(vec![list(), kev(&["CVE-2026-1"]), vulnerable("web1")]);
    assert!(weight(&exploited) > weight(&judgements));
}
