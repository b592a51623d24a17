//! From where on an advisory counts as likely exploited, and what that does to a decision on it.

use std::sync::Arc;

use jiff::SignedDuration;

use super::lists::{list, truth, vulnerable};
use super::*;
use crate::domain::facts::{Likelihoods, Percent, TruthDeclared, cve_number};
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
