//! What nobody knows was decided on for one cause: another one asks again.

use matins::domain::{DecisionKind, Extent, Fault, FindingKey, Round, Same, Verdict};
use matins::round::Wish;

use super::{Week, agree, time};

/// Every source is silent like this.
fn silent(week: &mut Week, at: &str, fault: &Fault) -> Round {
    week.round(at, |_, _| Err(fault.clone()))
}

/// All that is unknown, accepted.
fn accept(week: &mut Week, round: &Round) -> Vec<FindingKey> {
    let unknown: Vec<FindingKey> = round
        .findings
        .iter()
        .filter(|one| {
            one.verdict == Verdict::Unknown
                && ["silent", "never answered"].iter().any(|word| one.title.as_str().contains(word))
        })
        .map(|one| one.key.clone())
        .collect();
    for key in &unknown {
        let wish = Wish {
            key: key.clone(),
            kind: DecisionKind::Accept,
            extent: Extent::Finding,
            reason: "they move".into(),
            until: time("2026-12-20 08:00"),
            to: None,
            link: None,
            second: None,
            seen: round.at,
        };
        week.desk().decide(round, wish, round.at).unwrap();
    }
    unknown
}

fn resting(round: &Round, keys: &[FindingKey]) -> Vec<FindingKey> {
    let theirs = round.findings.iter().filter(|one| keys.contains(&one.key) && round.rests(one));
    theirs.map(|one| one.key.clone()).collect()
}

fn rows(round: &Round) -> usize {
    let same = Same::of(round.findings.iter().enumerate());
    (0..round.findings.len()).filter(|at| same.first(*at).is_none()).count()
}

#[test]
fn another_cause_of_silence_asks_again_whatever_was_accepted_and_a_flapping_network_does_not() {
    let refused = Fault::passing("connection refused").mend("is sshd running there?");
    let unreached = Fault::passing("no route to host").mend("is it up?");
    let changed = Fault::new("its host key changed, ssh refused to log in").mend("compare its fingerprint");
    let denied = Fault::new("login refused: permission denied").mend("is the key there?");
    let mut week = Week::begin();
    let round = silent(&mut week, "2026-11-24 08:00", &refused);
    let (keys, apart) = (accept(&mut week, &round), rows(&round));
    assert!(keys.len() > 15, "{keys:?}");

    let flaps = silent(&mut week, "2026-11-24 09:00", &unreached);
    assert_eq!(resting(&flaps, &keys), keys);

    let other = silent(&mut week, "2026-11-24 10:00", &changed);
    assert_eq!(resting(&other, &keys), []);
    assert_eq!(rows(&other), apart, "what was one row is one row");
    agree(&mut week, &other);
    let because = other.decisions[&FindingKey::from("security-updates/web1")].open.clone().unwrap();
    assert_eq!(because, "servers, its host key changed, ssh refused to log in: silent");

    accept(&mut week, &other);
    let still = silent(&mut week, "2026-11-25 08:00", &changed);
    assert_eq!(resting(&still, &keys), keys);
    let third = silent(&mut week, "2026-11-25 09:00", &denied);
    assert_eq!(resting(&third, &keys), []);
}
