//! What nobody knows was decided on for one cause: another one asks again.

use matins::domain::facts::Fact;
use matins::domain::{DecisionKind, Extent, Fault, FindingKey, Observation, Read, Round, Same, Verdict};
use matins::round::Wish;

use super::{Week, agree, time};

const SILENT: &[&str] = &["silent", "never answered"];

/// Every source is silent like this.
fn silent(week: &mut Week, at: &str, fault: &Fault) -> Round {
    week.round(at, |_, _| Err(fault.clone()))
}

/// Every server answers, and nothing that needs root can be read.
fn unread(week: &mut Week, at: &str, fault: &Fault) -> Round {
    let hide = |one: &mut Observation| match &mut one.fact {
        Fact::HostSeen(host) => {
            host.unattended = Read::Unreadable(fault.clone());
            host.half_configured = Read::Unreadable(fault.clone());
            host.reboot = Read::Unreadable(fault.clone());
            host.clock_skew_seconds = Read::Unreadable(fault.clone());
            host.outdated_services = Read::Unreadable(fault.clone());
        }
        Fact::HostPower(power) => power.sudoers = Read::Unreadable(fault.clone()),
        Fact::HostSoftware(software) => software.chosen = Read::Unreadable(fault.clone()),
        Fact::HostExposure(exposure) => {
            exposure.listening = Read::Unreadable(fault.clone());
            exposure.filter = Read::Unreadable(fault.clone());
        }
        Fact::Views(views) => views.views.iter_mut().for_each(|view| view.tried = Read::Unreadable(fault.clone())),
        _ => {}
    };
    week.round(at, |_, mut seen| {
        seen.iter_mut().for_each(hide);
        Ok(seen)
    })
}

/// All that is unknown for what these words name, accepted.
fn accept(week: &mut Week, round: &Round, words: &[&str]) -> Vec<FindingKey> {
    let unknown: Vec<FindingKey> = round
        .findings
        .iter()
        .filter(|one| one.verdict == Verdict::Unknown && words.iter().any(|word| one.title.as_str().contains(word)))
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
    let (keys, apart) = (accept(&mut week, &round, SILENT), rows(&round));
    assert!(keys.len() > 15, "{keys:?}");

    let flaps = silent(&mut week, "2026-11-24 09:00", &unreached);
    assert_eq!(resting(&flaps, &keys), keys);

    let other = silent(&mut week, "2026-11-24 10:00", &changed);
    assert_eq!(resting(&other, &keys), []);
    assert_eq!(rows(&other), apart, "what was one row is one row");
    agree(&mut week, &other);
    let because = other.decisions[&FindingKey::from("security-updates/web1")].open.clone().unwrap();
    assert_eq!(because, "servers, its host key changed, ssh refused to log in: silent");

    accept(&mut week, &other, SILENT);
    let still = silent(&mut week, "2026-11-25 08:00", &changed);
    assert_eq!(resting(&still, &keys), keys);
    let third = silent(&mut week, "2026-11-25 09:00", &denied);
    assert_eq!(resting(&third, &keys), []);
}

#[test]
fn what_cannot_be_read_for_another_reason_asks_again() {
    let (password, perl) = (Fault::new("sudo: a password is required"), Fault::new("perl is not installed there"));
    let mut week = Week::begin();
    let round = unread(&mut week, "2026-11-24 08:00", &password);
    let (keys, apart) = (accept(&mut week, &round, &["a password is required"]), rows(&round));
    let measures: std::collections::BTreeSet<&str> = keys.iter().map(|key| key.parts().0).collect();
    assert_eq!(
        measures.into_iter().collect::<Vec<_>>(),
        ["admin-via-vpn", "firewall", "restricted-access", "security-updates", "software-selection"]
    );
    assert_eq!(resting(&unread(&mut week, "2026-11-24 09:00", &password), &keys), keys);
    let other = unread(&mut week, "2026-11-24 10:00", &perl);
    assert_eq!(resting(&other, &keys), []);
    assert_eq!(rows(&other), apart, "what was one row is one row");
    agree(&mut week, &other);
}
