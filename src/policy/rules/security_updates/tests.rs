mod explained;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::domain::facts::{AptSeen, HostDeclared, Kernel, Pending, Reboot, Release, Unattended, UnattendedRun};
use crate::domain::{Evidence, Limits, Read, Sighting, SourceId};

fn now() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

fn ago(period: &str) -> Timestamp {
    now() - period.parse::<Period>().unwrap().as_duration()
}

fn update(package: &str, security: bool) -> Pending {
    Pending {
        package: package.into(),
        installed: Some("1.0".into()),
        candidate: "1.2".into(),
        security,
        pinned: false,
        origin: "Debian:12/stable".into(),
    }
}

/// A host with nothing to complain about.
fn good() -> HostSeen {
    HostSeen {
        release: Read::Seen(Release {
            id: "debian".into(),
            version: "12".into(),
            codename: "bookworm".into(),
            pretty: "Debian GNU/Linux 12 (bookworm)".into(),
        }),
        kernel: Read::Seen(Kernel { running: "6.1.0-49-amd64".into(), installed: Some("6.1.0-49-amd64".into()) }),
        pending: Read::Seen(Vec::new()),
        lists_at: Read::Seen(ago("6h")),
        reboot: Read::Seen(Reboot { flag: None, kernel: false, needrestart: None }),
        unattended: Read::Seen(Unattended {
            installed: true,
            enabled: true,
            covers_security: Some(true),
            covers_doubt: None,
            last: Read::Seen(Some(UnattendedRun {
                at: ago("5h"),
                failed: false,
                said: "All upgrades installed".into(),
                causes: Vec::new(),
                kept: Vec::new(),
            })),
        }),
        half_configured: Read::Seen(Vec::new()),
        held: Read::Seen(Vec::new()),
        uptime_seconds: Read::Seen(86_400),
        apt: Read::Seen(AptSeen { repositories: vec![explained::security()], ..AptSeen::default() }),
        outdated_services: Read::Seen(Vec::new()),
        clock_skew_seconds: Read::Seen(0),
    }
}

fn record(seen: HostSeen) -> SourceRecord {
    let subject = Subject::host("web1");
    let fact = Fact::HostDeclared(HostDeclared { ssh: Some("web1".into()), ..HostDeclared::default() });
    SourceRecord {
        id: SourceId::new("servers", "web1"),
        declared: vec![Declared { subject: subject.clone(), fact, place: "register.toml:3".into() }],
        seen: vec![Observation { subject, at: ago("5m"), fact: Fact::HostSeen(Box::new(seen)) }],
        good_at: Some(ago("5m")),
        asked_at: Some(ago("5m")),
        took_ms: Some(30),
        fault: None,
        failures: 0,
        stale_after: Period::hours(1),
    }
}

/// Judges one host, with the ages of what it holds.
fn judged(record: SourceRecord, ages: &[(&str, &str)]) -> Vec<Judgement> {
    let first_seen = ages.iter().map(|(item, age)| {
        (Sighting { kind: SubjectKind::Host, subject: "web1".into(), item: (*item).into() }, ago(age))
    });
    let evidence =
        Evidence { sources: vec![record], configured: true, first_seen: first_seen.collect(), ..Evidence::default() };
    let case = Case { evidence: &evidence, limits: &Limits::default(), now: now(), zone: &TimeZone::UTC };
    judge(&case)
}

fn part<'a>(judgements: &'a [Judgement], part: Option<&str>) -> &'a Judgement {
    judgements.iter().find(|judgement| judgement.part.as_ref().map(Shown::as_str) == part).unwrap()
}

fn seen(change: impl FnOnce(&mut HostSeen)) -> Vec<Judgement> {
    let mut host = good();
    change(&mut host);
    judged(record(host), &[])
}

#[test]
fn a_host_with_nothing_to_do_is_ok_in_every_part() {
    let judgements = seen(|_| {});
    assert_eq!(judgements.len(), 7);
    for judgement in &judgements {
        assert_eq!(judgement.verdict, Verdict::Ok, "{judgement:?}");
        assert!(judgement.mend.is_none() && !judgement.because.is_empty(), "{judgement:?}");
    }
    let keys: Vec<String> = judgements.iter().map(|judgement| judgement.key().to_string()).collect();
    assert_eq!(keys[0], "security-updates/web1");
    assert!(keys.contains(&"security-updates/web1/reboot".to_owned()));
    assert_eq!(judgements[0].title, "no updates pending");
}

#[test]
fn servers_are_alike_where_the_same_mends_them() {
    let alike = |pending: Vec<Pending>, held: &[&str]| {
        let judged = seen(|host| {
            host.pending = Read::Seen(pending);
            host.held = Read::Seen(held.iter().map(|name| (*name).into()).collect());
        });
        judged[0].standings.alike.clone().unwrap_or_default().to_string()
    };
    let security = || vec![update("curl", true), update("openssl", true)];
    assert_eq!(alike(security(), &[]), "the same 2 security updates: curl, openssl");
    assert_eq!(alike(security(), &["openssl"]), "the same 2 security updates: openssl (held), curl");
    let other = |name| vec![update(name, false)];
    assert_ne!(alike(other("tzdata"), &[]), alike(other("vim"), &[]));
}

#[test]
fn a_security_update_is_due_for_a_day_and_broken_after_it() {
    let host = || {
        let mut host = good();
        host.pending = Read::Seen(vec![update("openssl", true), update("tzdata", false)]);
        record(host)
    };
    let due = judged(host(), &[("security update openssl 1.0", "23h"), ("update tzdata 1.0", "3d")]);
    assert_eq!((due[0].verdict, due[0].title.as_str()), (Verdict::Due, "1 security update, 23 h · 1 other"));
    let broken = judged(host(), &[("security update openssl 1.0", "25h"), ("update tzdata 1.0", "3d")]);
    assert_eq!(broken[0].verdict, Verdict::Broken);
    assert_eq!(broken[0].since, Some(ago("25h")));
    let said = "security, from Debian:12/stable:\n  openssl 1.0 → 1.2, since 23 Nov 07:00\nother, from";
    assert!(broken[0].detail.as_str().starts_with(said), "{}", broken[0].detail);
    assert!(broken[0].because.iter().any(|because| because.source == "limits.security_update"));
    // However long it waits and whatever else does, it is the same update.
    let alike = |judged: &[Judgement]| judged[0].standings.alike.clone();
    assert_eq!(alike(&due), Some("the same security update: openssl".into()));
    assert_eq!(alike(&broken), alike(&due));
    assert_eq!(alike(&seen(|_| {})), None);
    // A sighting of another installed version is not this one.
    assert_eq!(judged(host(), &[("security update openssl 0.9", "30d")])[0].verdict, Verdict::Due);
}

#[test]
fn each_security_update_asks_so_that_a_decision_on_one_hides_no_other() {
    let two = seen(|host| {
        host.pending = Read::Seen(vec![update("openssl", true), update("tzdata", false), update("curl", true)]);
    });
    let asks = |judgement: &Judgement| {
        let asks = judgement.standings.iter().filter(|one| one.asks);
        asks.map(|one| format!("{} {}", one.item, one.word)).collect::<Vec<_>>()
    };
    assert_eq!(asks(&two[0]), ["package openssl 1.2", "package curl 1.2"]);
    // Nobody knows their ages yet, and the title is no clock.
    assert_eq!(two[0].title, "2 security updates, just seen · 1 other");
    let old = seen(|host| {
        host.pending = Read::Seen(vec![update("openssl", true)]);
        host.lists_at = Read::Seen(ago("3d"));
    });
    assert_eq!(old[0].verdict, Verdict::Unknown);
    assert_eq!(asks(&old[0]), ["package openssl 1.2", "unread, package lists are … d old not known"]);
    let held = seen(|host| host.held = Read::Seen(vec!["nginx".into(), "libc6".into()]));
    assert_eq!(asks(part(&held, Some("packages"))), ["package nginx held", "package libc6 held"]);
    let half = seen(|host| host.half_configured = Read::Seen(vec!["nginx half configured".into()]));
    assert_eq!(asks(part(&half, Some("packages"))), ["package nginx half configured"]);
}

#[test]
fn a_reboot_that_has_just_become_due_has_a_calm_title() {
    let flagged =
        seen(|host| host.reboot = Read::Seen(Reboot { flag: Some(Vec::new()), kernel: true, needrestart: None }));
    assert_eq!(part(&flagged, Some("reboot")).title, "reboot due, just seen");
}

#[test]
fn other_updates_are_ok_for_two_weeks_and_due_after_them() {
    let mut host = good();
    host.pending = Read::Seen(vec![update("tzdata", false), update("rsync", false)]);
    let fresh = judged(record(host.clone()), &[("update tzdata 1.0", "13d")]);
    assert_eq!(
        (fresh[0].verdict, fresh[0].title.as_str()),
        (Verdict::Ok, "2 other updates, oldest 13 d, no security update")
    );
    assert_eq!(judged(record(host), &[("update tzdata 1.0", "15d")])[0].verdict, Verdict::Due);
}

#[test]
fn old_or_impossible_package_lists_cannot_say_that_nothing_is_pending() {
    let old = seen(|host| host.lists_at = Read::Seen(ago("3d")));
    assert_eq!((old[0].verdict, old[0].title.as_str()), (Verdict::Unknown, "package lists are 3 d old"));
    assert!(old[0].mend.is_some());
    assert_eq!(
        seen(|host| host.lists_at = Read::Seen(now() + SignedDuration::from_hours(5)))[0].verdict,
        Verdict::Unknown
    );
    let none = seen(|host| host.lists_at = Read::unreadable("none of its package lists is a security suite's"));
    assert_eq!(none[0].verdict, Verdict::Unknown);
}

#[test]
fn the_age_of_lists_counts_on_the_servers_own_clock() {
    // Its clock is five days slow, and so are its lists' times: they are fresh.
    let slow = seen(|host| {
        host.clock_skew_seconds = Read::Seen(-5 * 86_400);
        host.lists_at = Read::Seen(ago("5d"));
    });
    assert_eq!(slow[0].verdict, Verdict::Ok);
    assert_eq!(part(&slow, Some("clock")).verdict, Verdict::Due);
    assert_eq!(part(&slow, Some("clock")).title, "its clock is 5 d behind ours");
    // What is too little to matter is not in the title, which would be another each time.
    let titles = [0, 3, -7].map(|skew| {
        let judgements = seen(|host| host.clock_skew_seconds = Read::Seen(skew));
        part(&judgements, Some("clock")).title.to_string()
    });
    assert_eq!(titles, ["its clock agrees with ours"; 3]);
}

#[test]
fn what_is_known_to_be_broken_stays_broken_with_old_lists() {
    let mut host = good();
    host.pending = Read::Seen(vec![update("openssl", true)]);
    host.lists_at = Read::Seen(ago("9d"));
    assert_eq!(judged(record(host), &[("security update openssl 1.0", "9d")])[0].verdict, Verdict::Broken);
}

#[test]
fn a_silent_host_is_one_unknown_with_its_mend() {
    let mut record = record(good());
    record.fault = Some(Fault::new("its host key changed").mend("compare its fingerprint"));
    record.good_at = Some(ago("3h"));
    let judgements = judged(record, &[]);
    assert_eq!(judgements.len(), 1);
    assert_eq!(judgements[0].verdict, Verdict::Unknown);
    assert_eq!(judgements[0].title, "silent for 3 h: its host key changed");
    assert_eq!(judgements[0].mend.as_ref().unwrap(), &"compare its fingerprint");
    let mut never = super::tests::record(good());
    (never.good_at, never.seen) = (None, Vec::new());
    assert_eq!(judged(never, &[])[0].title, "not asked yet");
}

#[test]
fn unattended_upgrades_must_be_there_be_on_and_end_well() {
    let with = |change: &dyn Fn(&mut Unattended)| {
        let judgements = seen(|host| {
            let Read::Seen(unattended) = &mut host.unattended else { unreachable!() };
            change(unattended);
        });
        let judgement = part(&judgements, Some("unattended-upgrades"));
        (judgement.verdict, judgement.title.to_string())
    };
    let run = |at, failed, said: &str| {
        Read::Seen(Some(UnattendedRun { at, failed, said: said.into(), causes: Vec::new(), kept: Vec::new() }))
    };
    assert_eq!(with(&|unattended| unattended.installed = false).0, Verdict::Broken);
    assert_eq!(with(&|unattended| unattended.enabled = false).0, Verdict::Broken);
    assert_eq!(with(&|unattended| unattended.last = Read::Seen(None)).0, Verdict::Unknown);
    assert_eq!(with(&|unattended| unattended.last = Read::unreadable("denied")).0, Verdict::Unknown);
    assert_eq!(
        with(&|unattended| unattended.last = run(ago("9d"), false, "All upgrades installed")).0,
        Verdict::Broken
    );
    // A log from tomorrow is no log of last night, unless the server's clock is there already.
    let ahead = now() + SignedDuration::from_hours(20);
    let future = |skew: i64| {
        let judgements = seen(|host| {
            let Read::Seen(unattended) = &mut host.unattended else { unreachable!() };
            unattended.last = run(ahead, false, "All upgrades installed");
            host.clock_skew_seconds = Read::Seen(skew);
        });
        part(&judgements, Some("unattended-upgrades")).verdict
    };
    assert_eq!((future(0), future(24 * 3_600)), (Verdict::Unknown, Verdict::Ok));
    let (verdict, title) =
        with(&|unattended| unattended.last = run(ago("5h"), true, "Installing the upgrades failed!"));
    assert_eq!(
        (verdict, title.as_str()),
        (Verdict::Broken, "unattended-upgrades failed 5 h ago: Installing the upgrades failed!")
    );
}

#[test]
fn a_reboot_is_due_and_broken_after_a_week_and_says_who_disagrees() {
    let host = |reboot: Reboot, age: &str| {
        let mut host = good();
        host.reboot = Read::Seen(reboot);
        let judgements = judged(record(host), &[("reboot", age)]);
        let judgement = part(&judgements, Some("reboot"));
        (judgement.verdict, judgement.title.to_string())
    };
    let flag = || Some(vec!["linux-image-amd64".into()]);
    let all = Reboot { flag: flag(), kernel: true, needrestart: Some(true) };
    assert_eq!(host(all.clone(), "2d"), (Verdict::Due, "reboot due for 2 d".into()));
    assert_eq!(host(all, "8d").0, Verdict::Broken);
    let apart = Reboot { flag: None, kernel: false, needrestart: Some(true) };
    assert_eq!(host(apart, "2d"), (Verdict::Due, "reboot due for 2 d (its sources disagree)".into()));
}

#[test]
fn half_configured_is_broken_and_held_is_due() {
    let half = seen(|host| host.half_configured = Read::Seen(vec!["nginx half configured".into()]));
    assert_eq!(part(&half, Some("packages")).verdict, Verdict::Broken);
    let held = seen(|host| host.held = Read::Seen(vec!["nginx".into(), "libc6".into()]));
    let judgement = part(&held, Some("packages"));
    assert_eq!((judgement.verdict, judgement.title.as_str()), (Verdict::Due, "2 packages held: no updates reach them"));
}

/// Any host, good or bad in any part, and the ages of what it holds.
fn any_host() -> impl Strategy<Value = (HostSeen, u32)> {
    let updates = proptest::collection::vec((0..4usize, any::<bool>()), 0..4);
    let parts = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (updates, parts, -1_000i64..1_000, 0u32..400, 0u32..20).prop_map(|(updates, parts, skew, lists_hours, age_days)| {
        let (flag, kernel, installed, failed, half, held) = parts;
        let mut host = good();
        let update = |(n, security): (usize, bool)| update(["openssl", "tzdata", "rsync", "apt"][n], security);
        host.pending = Read::Seen(updates.into_iter().map(update).collect());
        host.lists_at = Read::Seen(ago(&format!("{lists_hours}h")));
        host.reboot = Read::Seen(Reboot { flag: flag.then(Vec::new), kernel, needrestart: None });
        let last = Read::Seen(Some(UnattendedRun {
            at: ago("5h"),
            failed,
            said: "x".into(),
            causes: Vec::new(),
            kept: Vec::new(),
        }));
        host.unattended =
            Read::Seen(Unattended { installed, enabled: true, covers_security: None, covers_doubt: None, last });
        host.half_configured = Read::Seen(half.then(|| "a half configured".into()).into_iter().collect());
        host.held = Read::Seen(held.then(|| "a".into()).into_iter().collect());
        host.clock_skew_seconds = Read::Seen(skew);
        (host, age_days)
    })
}

/// Makes one part unreadable; the parts that follow from no judgement change nothing.
fn darken(host: &mut HostSeen, which: usize) {
    let fault = Fault::new("gone");
    match which {
        0 => host.release = Read::Unreadable(fault),
        1 => host.kernel = Read::Unreadable(fault),
        2 => host.pending = Read::Unreadable(fault),
        3 => host.lists_at = Read::Unreadable(fault),
        4 => host.reboot = Read::Unreadable(fault),
        5 => host.unattended = Read::Unreadable(fault),
        6 => host.half_configured = Read::Unreadable(fault),
        7 => host.held = Read::Unreadable(fault),
        8 => host.uptime_seconds = Read::Unreadable(fault),
        9 => host.clock_skew_seconds = Read::Unreadable(fault),
        _ => {
            if let Read::Seen(unattended) = &mut host.unattended {
                unattended.last = Read::Unreadable(fault);
            }
        }
    }
}

proptest! {
    #[test]
    fn what_can_no_longer_be_read_is_never_better_than_before((host, age) in any_host(), which in 0usize..11) {
        let age = format!("{age}d");
        let names = ["openssl", "tzdata", "rsync", "apt"];
        let items: Vec<String> = names
            .iter()
            .flat_map(|name| [format!("update {name} 1.0"), format!("security update {name} 1.0")])
            .chain(["reboot".to_owned()])
            .collect();
        let ages: Vec<(&str, &str)> = items.iter().map(|item| (item.as_str(), age.as_str())).collect();
        let worst = |judgements: &[Judgement]| judgements.iter().map(|judgement| judgement.verdict).max();
        let before = judged(record(host.clone()), &ages);
        let mut dark = host;
        darken(&mut dark, which);
        let after = judged(record(dark.clone()), &ages);
        // Broken can only become unknown: what nobody sees any more can't be called broken, and is never called ok or due.
        prop_assert!(worst(&after) >= worst(&before).min(Some(Verdict::Unknown)), "{:?} {:?}", before, after);
        for (one, other) in before.iter().zip(&after) {
            prop_assert_eq!(one.key(), other.key());
            prop_assert!(other.verdict >= one.verdict.min(Verdict::Unknown), "{:?} {:?}", one, other);
        }
        // Without the host's own answer, or without any: one finding, unknown.
        let mut gone = record(dark);
        gone.seen.clear();
        prop_assert_eq!(worst(&judged(gone, &ages)), Some(Verdict::Unknown));
    }

    #[test]
    fn the_same_evidence_gives_the_same_judgements((host, _) in any_host()) {
        prop_assert_eq!(judged(record(host.clone()), &[]), judged(record(host), &[]));
    }
}
