//! Versions against fixes, as servers have them.

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::domain::facts::{
    AptSeen, Bulletin, BulletinFix, Fact, Fix, HostDeclared, HostSeen, Issue, IssueState, Kernel, Package, Packages,
    Reboot, Release, Tracker, Unattended, Urgency,
};
use crate::domain::{Declared, Evidence, Fault, Observation, Period, Read, SourceId, SourceRecord, Subject};

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

/// A server by its release, its packages as `name source version`, the kernel that runs, and whether a newer one waits.
fn server(name: &str, release: &str, packages: &Arc<Packages>, kernel: Option<(&str, bool)>) -> SourceRecord {
    let missing = || Fault::new("not asked");
    let seen = HostSeen {
        release: Read::Seen(Release {
            id: "debian".into(),
            version: "12".into(),
            codename: release.into(),
            pretty: "Debian".into(),
        }),
        kernel: kernel
            .map(|(running, _)| Kernel { running: running.into(), installed: None })
            .ok_or_else(missing)
            .into(),
        pending: Read::Seen(Vec::new()),
        lists_at: Read::Seen(now()),
        reboot: Read::Seen(Reboot { flag: None, kernel: kernel.is_some_and(|(_, waits)| waits), needrestart: None }),
        unattended: Read::Seen(Unattended {
            installed: true,
            enabled: true,
            covers_security: Some(true),
            covers_doubt: None,
            last: Err(missing()).into(),
        }),
        half_configured: Read::Seen(Vec::new()),
        held: Read::Seen(Vec::new()),
        uptime_seconds: Read::Seen(1),
        apt: Read::Seen(AptSeen::default()),
        outdated_services: Read::Seen(Vec::new()),
        clock_skew_seconds: Read::Seen(0),
    };
    let subject = Subject::host(name);
    let observed = |fact| Observation { subject: subject.clone(), at: now(), fact };
    SourceRecord {
        id: SourceId::new("servers", name),
        declared: vec![Declared {
            subject: subject.clone(),
            fact: Fact::HostDeclared(HostDeclared::default()),
            place: "register.toml:1".into(),
        }],
        seen: vec![observed(Fact::HostSeen(Box::new(seen))), observed(Fact::Packages(packages.clone()))],
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(2),
    }
}

fn packages(lines: &[&str]) -> Arc<Packages> {
    let package = |line: &&str| {
        let words: Vec<&str> = line.split(' ').collect();
        Package {
            name: words[0].into(),
            version: words[2].into(),
            source: words[1].into(),
            source_version: words.get(3).unwrap_or(&words[2]).to_owned().into(),
        }
    };
    Arc::new(Packages { packages: lines.iter().map(package).collect() })
}

fn evidence(servers: Vec<SourceRecord>) -> Evidence {
    Evidence { sources: servers, configured: true, ..Evidence::default() }
}

fn fixed_in(release: &str, source: &str, version: &str) -> Bulletin {
    Bulletin {
        withdrawn: None,
        id: "DSA-1-1".into(),
        date: None,
        title: "x".into(),
        cves: vec!["CVE-2026-1".into(), "CVE-2026-2".into()],
        fixed: vec![(release.into(), source.into(), BulletinFix::In(version.into()))],
    }
}

fn tracker(releases: &[&str], source: &str, issues: &[(&str, &[(u8, Fix)])]) -> Tracker {
    let state = |fix: &Fix| IssueState { fix: fix.clone(), urgency: Urgency::NotYetAssigned, no_dsa: None };
    let issue = |(id, states): &(&str, &[(u8, Fix)])| Issue {
        id: (*id).into(),
        remote: None,
        states: states.iter().map(|(release, fix)| (*release, state(fix))).collect(),
    };
    Tracker {
        releases: releases.iter().map(|name| (*name).into()).collect(),
        packages: [(source.into(), issues.iter().map(issue).collect())].into(),
    }
}

/// How the only server stands.
fn stands(server: SourceRecord, bulletin: &Bulletin, tracker: Option<Tracker>) -> State {
    let mut sources = vec![server];
    if let Some(tracker) = tracker {
        let mut source = sources[0].clone();
        source.id = SourceId::new("advisories", "debian_tracker");
        source.declared.clear();
        source.seen = vec![Observation { fact: Fact::DebianTracker(Arc::new(tracker)), ..source.seen[0].clone() }];
        sources.push(source);
    }
    let evidence = evidence(sources);
    let (fleet, truth) = (Fleet::of(&evidence, now()), Truth::of(&evidence, now()));
    let judge = Judge::new(&fleet, &truth);
    let mut concern = judge.concern(bulletin, true).unwrap();
    assert!(concern.states.is_empty(), "most advisories are never laid out over the servers");
    judge.place(&mut concern);
    assert_eq!(concern.states.len(), 1);
    concern.states[0].1
}

fn program(line: &str) -> SourceRecord {
    server("web1", "bookworm", &packages(&[line]), Some(("6.1.0-40-amd64", false)))
}

#[test]
fn the_source_version_decides_and_not_the_binarys() {
    let fix = fixed_in("bookworm", "perl", "5.36.0-7+deb12u2");
    assert_eq!(stands(program("libperl5.36 perl 5.36.0-7+deb12u1"), &fix, None), State::Vulnerable);
    assert_eq!(stands(program("libperl5.36 perl 5.36.0-7+deb12u2"), &fix, None), State::Fixed);
    assert_eq!(stands(program("libperl5.36 perl 5.36.0-7+deb12u10"), &fix, None), State::Fixed);
    // Built again for another library: the binary's version grew, its source's did not.
    assert_eq!(stands(program("libperl5.36 perl 5.36.0-7+deb12u2+b1 5.36.0-7+deb12u1"), &fix, None), State::Vulnerable);
    // A binary with a version of its own.
    assert_eq!(stands(program("libx perl 9:1.0 5.36.0-7+deb12u1"), &fix, None), State::Vulnerable);
}

#[test]
fn of_two_versions_of_one_source_the_worse_counts() {
    let fix = fixed_in("bookworm", "icu", "72.1-3+deb12u1");
    let both = packages(&["libicu72 icu 72.1-3+deb12u1", "libicu-dev icu 72.1-3"]);
    assert_eq!(stands(server("web1", "bookworm", &both, Some(("x", false))), &fix, None), State::Vulnerable);
}

#[test]
fn a_release_that_the_advisory_does_not_name_is_told_by_the_tracker() {
    let fix = fixed_in("trixie", "perl", "5.40.1-6");
    let perl = || program("perl perl 5.36.0-7");
    assert_eq!(stands(perl(), &fix, None), State::Untold, "nobody tells");
    let told = |states: &[(&str, &[(u8, Fix)])]| stands(perl(), &fix, Some(tracker(&["bookworm"], "perl", states)));
    let fine = |id| (id, &[(0, Fix::NotAffected)][..]);
    assert_eq!(told(&[fine("CVE-2026-1"), fine("CVE-2026-2")]), State::NotAffected);
    assert_eq!(told(&[("CVE-2026-1", &[]), ("CVE-2026-2", &[])]), State::NotAffected, "looked at, and not affected");
    assert_eq!(told(&[("CVE-2026-1", &[(0, Fix::Open)]), ("CVE-2026-2", &[(0, Fix::NotAffected)])]), State::NoFix);
    assert_eq!(told(&[("CVE-2026-2", &[(0, Fix::In("5.36.0-7+deb12u1".into()))])]), State::Vulnerable);
    assert_eq!(told(&[("CVE-2026-3", &[(0, Fix::Open)])]), State::Untold, "another vulnerability");
    assert_eq!(told(&[fine("CVE-2026-1")]), State::Untold, "this copy never heard of the other one");
    let elsewhere = tracker(&["trixie"], "perl", &[("CVE-2026-1", &[(0, Fix::Open)])]);
    assert_eq!(stands(perl(), &fix, Some(elsewhere)), State::Untold, "the tracker does not keep bookworm");
}

#[test]
fn a_vulnerability_that_was_taken_back_is_no_doubt_in_a_copy_that_knows_the_advisory() {
    let fix = fixed_in("trixie", "perl", "5.40.1-6");
    let stands = |fixed: Fix| {
        let known: &[(u8, Fix)] = &[(0, Fix::NotAffected), (1, fixed)];
        let tracker = tracker(&["bookworm", "trixie"], "perl", &[("CVE-2026-1", known)]);
        stands(program("perl perl 5.36.0-7"), &fix, Some(tracker))
    };
    assert_eq!(stands(Fix::In("5.40.1-6".into())), State::NotAffected);
    assert_eq!(stands(Fix::Open), State::Untold, "of before the advisory");
}

#[test]
fn an_advisory_without_vulnerabilities_leaves_older_versions_of_other_releases_untold() {
    let bare = |id: &str| Bulletin { id: id.into(), cves: Vec::new(), ..fixed_in("trixie", "perl", "5.40.1-6") };
    let known = || tracker(&["bookworm"], "perl", &[("CVE-2026-1", &[(0, Fix::NotAffected)])]);
    let stands = |id: &str, line: &str| stands(program(line), &bare(id), Some(known()));
    assert_eq!(stands("DSA-1-1", "perl perl 5.36.0-7"), State::Untold);
    assert_eq!(stands("DSA-1-1", "perl perl 5.42.0-1"), State::NotAffected, "newer than what it was fixed in");
    assert_eq!(stands("DSA-1-2", "perl perl 5.36.0-7"), State::NotAffected, "it mends the fix of the one before");
}

#[test]
fn a_version_from_backports_is_not_measured_by_its_releases_fix() {
    let fix = fixed_in("bookworm", "nginx", "1.22.1-9+deb12u1");
    let backport = || program("nginx nginx 1.26.0-1~bpo12+1");
    assert_eq!(stands(backport(), &fix, None), State::Untold, "1.26 is newer than 1.22 and yet not known to be fixed");
    let sid = |version: &str| {
        let (fix, other) = ([(1, Fix::In(version.into()))], [(1, Fix::NotAffected)]);
        stands(
            backport(),
            &fixed_in("bookworm", "nginx", "1.22.1-9+deb12u1"),
            Some(tracker(&["bookworm", "sid"], "nginx", &[("CVE-2026-1", &fix), ("CVE-2026-2", &other)])),
        )
    };
    assert_eq!(sid("1.26.0-2"), State::Vulnerable);
    assert_eq!(sid("1.26.0-1"), State::Fixed, "the backport of the version that holds the fix holds it");
}

#[test]
fn a_version_of_another_repository_is_not_measured_by_debians_fix_however_high_it_is() {
    let fix = fixed_in("bookworm", "nodejs", "18.20.4+dfsg-1~deb12u9");
    let with = |version: &str| stands(program(&format!("nodejs nodejs {version}")), &fix, None);
    assert_eq!(with("18.20.4+dfsg-1~deb12u9"), State::Fixed);
    for version in ["20.20.2-1nodesource1+repack1", "20.20.2-1~bookworm", "20.20.2-1.pgdg120+1", "18.1.0+maria~deb12"] {
        assert_eq!(with(version), State::Untold, "{version}");
    }
}

const OLD: &str = "linux-image-6.1.0-39-amd64 linux-signed-amd64 6.1.148-1 6.1.148+1";
const NEW: &str = "linux-image-6.1.0-40-amd64 linux-signed-amd64 6.1.153-1 6.1.153+1";

fn kernel(images: &[&str], running: &str, waits: bool) -> State {
    let fix = fixed_in("bookworm", "linux", "6.1.153-1");
    stands(server("web1", "bookworm", &packages(images), Some((running, waits))), &fix, None)
}

#[test]
fn a_kernel_has_three_outcomes() {
    assert_eq!(kernel(&[OLD], "6.1.0-39-amd64", false), State::Vulnerable, "vulnerable and running");
    assert_eq!(kernel(&[OLD, NEW], "6.1.0-39-amd64", true), State::OldRuns, "fixed, and the old one runs");
    assert_eq!(kernel(&[OLD, NEW], "6.1.0-40-amd64", false), State::OldOnDisk, "the old one merely lies there");
    assert_eq!(kernel(&[NEW], "6.1.0-40-amd64", false), State::Fixed);
}

#[test]
fn a_kernel_that_is_not_among_the_images_is_told_by_whether_a_newer_one_waits() {
    assert_eq!(kernel(&[NEW], "6.1.0-38-amd64", true), State::OldRuns, "the package of the running one was removed");
    assert_eq!(kernel(&[OLD], "6.1.0-38-amd64", true), State::Vulnerable);
    assert_eq!(kernel(&[OLD], "6.18.44-vendor", false), State::OldOnDisk, "a newer one from elsewhere runs");
    assert_eq!(kernel(&[NEW], "6.1.0-40-amd64", true), State::OldRuns, "built again under the same name");
    let unread = server("web1", "bookworm", &packages(&[OLD, NEW]), None);
    assert_eq!(stands(unread, &fixed_in("bookworm", "linux", "6.1.153-1"), None), State::Untold);
    let unread = server("web1", "bookworm", &packages(&[OLD]), None);
    assert_eq!(stands(unread, &fixed_in("bookworm", "linux", "6.1.153-1"), None), State::Vulnerable);
}

#[test]
fn without_knowing_whether_a_newer_kernel_waits_nothing_is_fixed() {
    let fix = fixed_in("bookworm", "linux", "6.1.153-1");
    let blind = |images: &[&str], running: &str| {
        let mut host = server("web1", "bookworm", &packages(images), Some((running, false)));
        let Fact::HostSeen(seen) = &mut host.seen[0].fact else { panic!("no host") };
        seen.reboot = Read::unreadable("needs root");
        host
    };
    for (images, running, state) in [
        // It may have been built again under the same name, and the old code run.
        (&[NEW][..], "6.1.0-40-amd64", State::Untold),
        (&[OLD, NEW], "6.1.0-40-amd64", State::Untold),
        (&[OLD, NEW], "6.1.0-39-amd64", State::OldRuns),
        (&[OLD], "6.1.0-39-amd64", State::Vulnerable),
        (&[NEW], "6.1.0-38-amd64", State::Untold),
    ] {
        assert_eq!(stands(blind(images, running), &fix, None), state, "{images:?} {running}");
    }
    let evidence = evidence(vec![blind(&[NEW], "6.1.0-40-amd64"), program("perl perl 1")]);
    assert_eq!(Fleet::of(&evidence, now()).dark_kernels(), [0], "a server without kernels has none that is unknown");
}

#[test]
fn a_running_kernel_that_is_not_installed_any_more_lacks_at_least_what_the_newest_lacks() {
    let tracker = tracker(&["bookworm"], "linux", &[("CVE-2026-1", &[(0, Fix::In("6.1.160-1".into()))])]);
    let found = |waits| {
        let host = server("web1", "bookworm", &packages(&[NEW]), Some(("6.1.0-38-amd64", waits)));
        let evidence = evidence(vec![host]);
        let fleet = Fleet::of(&evidence, now());
        (open(&fleet, &tracker).len(), fleet.dark_kernels().len())
    };
    assert_eq!(found(true), (1, 1));
    assert_eq!(found(false), (0, 0), "one from elsewhere runs, and Debian's merely lies there");
}

#[test]
fn headers_and_tools_of_the_kernels_source_are_no_kernel() {
    let evidence = evidence(vec![program("linux-libc-dev linux 6.1.148-1")]);
    let (fleet, truth) = (Fleet::of(&evidence, now()), Truth::default());
    assert!(Judge::new(&fleet, &truth).concern(&fixed_in("bookworm", "linux", "6.1.153-1"), true).is_none());
    let newer = "linux-image-6.1.0-0.deb11.21-amd64 linux-signed-6.1-amd64 6.1.90-1~deb11u1 6.1.90+1~deb11u1";
    let host = server("web1", "bullseye", &packages(&[newer]), Some(("6.1.0-0.deb11.21-amd64", false)));
    assert_eq!(stands(host, &fixed_in("bullseye", "linux-6.1", "6.1.99-1~deb11u1"), None), State::Vulnerable);
}

#[test]
fn servers_with_the_same_packages_are_judged_once() {
    let shared = packages(&["openssl openssl 3.0.15-1", "bash bash 5.2"]);
    let servers: Vec<_> = (0..100)
        .map(|number| server(&format!("n{number}"), "bookworm", &shared, Some(("6.1.0-40-amd64", number % 2 == 0))))
        .collect();
    let evidence = evidence(servers);
    let fleet = Fleet::of(&evidence, now());
    assert_eq!((fleet.servers.len(), fleet.sets.len(), fleet.classes.len()), (100, 1, 2));
    assert_eq!(fleet.carried("openssl").len(), 1);
    let tracker = tracker(&["bookworm"], "openssl", &[("CVE-2026-1", &[(0, Fix::Open)])]);
    let found = open(&fleet, &tracker);
    assert_eq!(found.len(), 1);
    assert_eq!(fleet.heard_in(&found[0].sets), 100);
}

#[test]
fn of_text_that_is_no_version_nobody_can_tell() {
    let stand = |version: &str, fix: &str| {
        let one =
            Package { name: "x".into(), version: version.into(), source: "x".into(), source_version: version.into() };
        let host = server("web1", "bookworm", &Arc::new(Packages { packages: vec![one] }), Some(("x", false)));
        stands(host, &fixed_in("bookworm", "x", fix), None)
    };
    // By their letters alone most of these would be newer than any fix.
    for version in ["", "~", "-", ":", "not a version", "1.0_1", "\u{1f600}", "zz top"] {
        assert_eq!(stand(version, "1.0-1"), State::Unknown, "{version}");
    }
    for version in ["0:", "9999999999999999999999999999", "1:1:1", "r2026-1"] {
        assert_eq!(stand(version, version), State::Fixed, "{version} is not older than itself");
    }
}
