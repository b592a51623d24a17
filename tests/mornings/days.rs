//! The mornings.

use std::sync::Arc;

use matins::domain::facts::{Account, Bulletins, Fact};
use matins::domain::{DecisionKind, Extent, Fault, FindingKey, Observation, Read};
use matins::round::Wish;

use super::{Answered, Week, fleet, shows, time};

#[allow(clippy::unnecessary_wraps, reason = "one of those who may refuse")]
fn well(_: &str, seen: Vec<Observation>) -> Answered {
    Ok(seen)
}

/// One source answers with this instead.
fn but(id: &'static str, fact: impl Fn() -> Fact) -> impl Fn(&str, Vec<Observation>) -> Answered {
    move |source, mut seen| {
        if source == id {
            seen[0].fact = fact();
        }
        Ok(seen)
    }
}

fn refused(id: &'static str) -> impl Fn(&str, Vec<Observation>) -> Answered {
    move |source, seen| {
        if source.ends_with(id) {
            Err(Fault::passing("connection refused").mend("see whether it runs"))
        } else {
            Ok(seen)
        }
    }
}

/// The day before was quiet, and signed.
fn after_a_quiet_day() -> Week {
    let mut week = Week::begin();
    let round = week.round("2026-11-24 08:00", well);
    week.desk().sign(&round, "quiet".into(), time("2026-11-24 08:05")).unwrap();
    week
}

fn decide(week: &mut Week, round: &matins::domain::Round, key: &str, until: &str) {
    let wish = Wish {
        key: key.into(),
        kind: DecisionKind::Accept,
        extent: Extent::Finding,
        reason: "the disk comes on Thursday".into(),
        until: time(until),
        to: None,
        link: None,
        second: None,
        seen: round.at,
    };
    week.desk().decide(round, wish, round.at).unwrap();
}

fn missed() -> Fact {
    Fact::Snapshots(fleet::nights(time("2026-11-25 08:00"), 1..15))
}

#[test]
fn quiet() {
    let mut week = after_a_quiet_day();
    let round = week.round("2026-11-25 08:00", well);
    shows("quiet", &mut week, &round);
}

#[test]
fn a_missed_backup() {
    let mut week = after_a_quiet_day();
    let round = week.round("2026-11-25 08:00", but("backups/db1 dumps", missed));
    shows("a_missed_backup", &mut week, &round);
}

#[test]
fn an_advisory_that_is_exploited_overnight() {
    let mut week = after_a_quiet_day();
    let now = time("2026-11-25 08:00");
    let round = week.round("2026-11-25 08:00", |source, mut seen| {
        match source {
            "advisories/debian_dsa" => {
                let old = fleet::bulletin("DSA-6001-1", now, "CVE-2026-1001", "openssl", "3.0.17-1~deb12u3");
                let new = fleet::bulletin("DSA-6002-1", now, "CVE-2026-2002", "nginx", "1.22.1-9+deb12u4");
                seen[0].fact = Fact::Bulletins(Arc::new(Bulletins { bulletins: vec![old, new] }));
            }
            "advisories/kev" => seen[0].fact = Fact::Exploited(Arc::new(fleet::exploited(now, &["CVE-2026-2002"]))),
            "servers/web1" => seen[0].fact = pending(now, &["nginx"]),
            _ => {}
        }
        Ok(seen)
    });
    shows("an_advisory_that_is_exploited_overnight", &mut week, &round);
}

fn pending(now: jiff::Timestamp, packages: &[&str]) -> Fact {
    let mut host = fleet::seen(now);
    host.pending = Read::Seen(packages.iter().map(|package| fleet::pending(package, "1.22.1-9+deb12u4")).collect());
    Fact::HostSeen(Box::new(host))
}

#[test]
fn a_silent_host() {
    let mut week = after_a_quiet_day();
    let round = week.round("2026-11-25 08:00", refused("s/web2"));
    shows("a_silent_host", &mut week, &round);
}

#[test]
fn the_vpn_does_not_answer() {
    let mut week = after_a_quiet_day();
    let round = week.round("2026-11-25 08:00", refused("vpn/gate"));
    shows("the_vpn_does_not_answer", &mut week, &round);
}

#[test]
fn somebody_unknown_on_the_vpn() {
    let mut week = after_a_quiet_day();
    let now = time("2026-11-25 08:00");
    let round =
        week.round("2026-11-25 08:00", but("vpn/gate", || Fact::VpnClients(fleet::clients(now, &["mona", "mallory"]))));
    shows("somebody_unknown_on_the_vpn", &mut week, &round);
}

#[test]
fn after_three_weeks_of_holiday() {
    let mut week = Week::begin();
    let round = week.round("2026-11-03 08:00", well);
    week.desk().sign(&round, "anna stands in".into(), time("2026-11-03 08:05")).unwrap();
    // What came and went meanwhile leaves no row; what came and stayed is dated from its day.
    week.round("2026-11-10 08:00", refused("s/db1"));
    week.round("2026-11-12 08:00", well);
    let mut week = week.reopened();
    week.round("2026-11-20 08:00", |source, mut seen| {
        if source == "servers/web1" {
            seen[0].fact = pending(time("2026-11-20 08:00"), &["nginx"]);
        }
        Ok(seen)
    });
    let round = week.round("2026-11-25 08:00", |source, mut seen| {
        let now = time("2026-11-25 08:00");
        match source {
            "servers/web1" => seen[0].fact = pending(now, &["nginx"]),
            "services/cloud" => seen[0].fact = Fact::ServiceSeen(fleet::answers(now, 9)),
            _ => {}
        }
        Ok(seen)
    });
    shows("after_three_weeks_of_holiday", &mut week, &round);
}

#[test]
fn a_decision_that_holds_and_one_that_ended() {
    let mut week = after_a_quiet_day();
    let both = |source: &str, mut seen: Vec<Observation>| {
        if source == "backups/db1 dumps" || source == "backups/web1 dumps" {
            seen[0].fact = Fact::Snapshots(fleet::nights(seen[0].at, 1..15));
        }
        Ok(seen)
    };
    let round = week.round("2026-11-24 09:00", both);
    decide(&mut week, &round, "backup-on-site/db1/db1 dumps", "2026-11-25 06:00");
    decide(&mut week, &round, "backup-on-site/web1/web1 dumps", "2026-11-30 06:00");
    let mut week = week.reopened();
    let round = week.round("2026-11-25 08:00", both);
    shows("a_decision_that_holds_and_one_that_ended", &mut week, &round);
}

#[test]
fn a_decision_that_the_facts_overtook() {
    let mut week = after_a_quiet_day();
    let with = |packages: &'static [&'static str]| {
        move |source: &str, mut seen: Vec<Observation>| {
            if source == "servers/web1" {
                seen[0].fact = pending(seen[0].at, packages);
            }
            Ok(seen)
        }
    };
    let round = week.round("2026-11-24 09:00", with(&["nginx"]));
    decide(&mut week, &round, "security-updates/web1", "2026-11-30 06:00");
    let round = week.round("2026-11-24 12:00", with(&["nginx"]));
    assert!(round.decisions[&FindingKey::from("security-updates/web1")].holds());
    let round = week.round("2026-11-25 08:00", with(&["nginx", "openssl"]));
    shows("a_decision_that_the_facts_overtook", &mut week, &round);
}

#[test]
fn somebody_became_root() {
    let mut week = after_a_quiet_day();
    let round = week.round("2026-11-25 08:00", |source, mut seen| {
        if source == "servers/web2" {
            let mut power = fleet::power();
            let eve = Account { name: "eve".into(), uid: 0, gid: 0, home: "/home/eve".into(), shell: "/bin/sh".into() };
            if let Read::Seen(accounts) = &mut power.accounts {
                accounts.push(eve);
            }
            seen.iter_mut().filter(|one| matches!(one.fact, Fact::HostPower(_))).for_each(|one| {
                one.fact = Fact::HostPower(Box::new(power.clone()));
            });
        }
        Ok(seen)
    });
    shows("somebody_became_root", &mut week, &round);
}

#[test]
fn the_night_on_which_the_clocks_go_back() {
    let mut week = Week::begin();
    week.round("2026-10-24 08:00", well);
    let round = week.round("2026-10-25 08:00", well);
    shows("the_night_on_which_the_clocks_go_back", &mut week, &round);
}

#[test]
fn the_night_on_which_the_clocks_go_forward() {
    let mut week = Week::begin();
    week.round("2026-03-28 08:00", well);
    // 02:10 does not exist in this night: what ran then is dated 03:10.
    let round = week.round(
        "2026-03-29 08:00",
        but("backups/db1 dumps", || Fact::Snapshots(fleet::nights(time("2026-03-29 08:00"), 1..15))),
    );
    shows("the_night_on_which_the_clocks_go_forward", &mut week, &round);
}

#[test]
fn the_first_start_ever() {
    let mut week = Week::begin();
    let round = week.desk().evaluate(time("2026-11-25 08:00")).unwrap();
    shows("the_first_start_ever", &mut week, &round);
}

#[test]
fn the_network_is_down() {
    let mut week = after_a_quiet_day();
    let round = week.round("2026-11-25 08:00", |_, _| Err(Fault::passing("no network")));
    shows("the_network_is_down", &mut week, &round);
}

#[test]
fn the_console_slept_for_two_days() {
    let mut week = after_a_quiet_day().reopened();
    let round = week.desk().evaluate(time("2026-11-26 08:00")).unwrap();
    shows("the_console_slept_for_two_days", &mut week, &round);
}

#[test]
fn the_clock_here_went_back() {
    let mut week = after_a_quiet_day().reopened();
    let round = week.desk().evaluate(time("2026-11-20 08:00")).unwrap();
    shows("the_clock_here_went_back", &mut week, &round);
}
