//! Debian's lists and its tracker against the servers.

use std::sync::Arc;

use super::*;
use crate::domain::facts::{
    Bulletin, BulletinFix, Bulletins, Exploited, Fix, Issue, IssueState, Kernel, Likelihoods, NoDsa, Tracker,
    TruthDeclared, Urgency,
};

pub(super) fn truth(key: &str, fact: Fact) -> SourceRecord {
    let declared =
        TruthDeclared { key: key.into(), url: "https://tracker.example/x".into(), ..TruthDeclared::default() };
    let subject = Subject::new(SubjectKind::Feed, key);
    let mut source = record("advisories", key, Fact::TruthDeclared(declared), vec![(subject.clone(), fact)]);
    source.declared[0].subject = subject;
    source
}

pub(super) fn bulletin(id: &str, date: &str, cves: &[&str], fixed: &[(&str, &str, &str)]) -> Bulletin {
    Bulletin {
        withdrawn: None,
        id: id.into(),
        date: date.parse().ok(),
        title: "openssl - security update".into(),
        cves: cves.iter().map(|cve| (*cve).into()).collect(),
        fixed: fixed
            .iter()
            .map(|(release, source, version)| ((*release).into(), (*source).into(), BulletinFix::In((*version).into())))
            .collect(),
    }
}

pub(super) fn dsa_list(bulletins: Vec<Bulletin>) -> SourceRecord {
    truth("debian_dsa", Fact::Bulletins(Arc::new(Bulletins { bulletins })))
}

pub(super) fn list() -> SourceRecord {
    dsa_list(vec![bulletin(
        "DSA-6321-1",
        "2026-11-20",
        &["CVE-2026-1"],
        &[("bookworm", "openssl", "3.0.15-1~deb12u1")],
    )])
}

pub(super) fn kev(cves: &[&str]) -> SourceRecord {
    let listed = cves.iter().map(|cve| ((*cve).into(), "2026-11-21".parse().unwrap())).collect();
    truth("kev", Fact::Exploited(Arc::new(Exploited { released: None, listed })))
}

pub(super) fn at_version(name: &str, version: &str) -> SourceRecord {
    let mut server = server(name, SSL, &[]);
    let Fact::Packages(packages) = &mut server.seen[1].fact else { panic!("no packages") };
    for package in &mut Arc::make_mut(packages).packages {
        if package.source == "openssl" {
            (package.version, package.source_version) = (version.into(), version.into());
        }
    }
    server
}

pub(super) fn fixed(name: &str) -> SourceRecord {
    at_version(name, "3.0.15-1~deb12u1")
}

pub(super) fn vulnerable(name: &str) -> SourceRecord {
    at_version(name, "3.0.11-1~deb12u2")
}

pub(super) fn standings(judgement: &Judgement) -> Vec<String> {
    let line = |one: &crate::domain::Standing| format!("{} {}{}", one.item, one.word, if one.asks { "!" } else { "" });
    judgement.standings.iter().map(line).collect()
}

#[test]
fn an_advisory_is_judged_by_the_versions_that_servers_have() {
    let judgements = judged(vec![list(), vulnerable("web1"), fixed("web2"), server("db1", BARE, &[])]);
    let one = of(&judgements, "DSA-6321-1");
    assert_eq!(one.verdict, Verdict::Broken, "out for longer than a day");
    assert_eq!(one.title, "openssl · 1 of 3 servers vulnerable · fix 3.0.15-1~deb12u1");
    assert_eq!(one.mend.as_ref().unwrap(), &"apt-get update and apt-get upgrade on web1");
    assert_eq!(one.since, Some(at("2026-11-21T00:00:00Z")));
    assert_eq!(standings(one), ["fix openssl bookworm 3.0.15-1~deb12u1", "host web1 vulnerable!", "host web2 fixed"]);
    let said: Vec<String> = one.because.iter().map(|because| format!("{}: {}", because.source, because.said)).collect();
    assert_eq!(
        said,
        [
            "advisories/debian_dsa: DSA-6321-1 of 2026-11-20 is fixed by openssl 3.0.15-1~deb12u1 in bookworm",
            "servers/web1: openssl 3.0.11-1~deb12u2 on bookworm: vulnerable",
            "servers/web2: openssl 3.0.15-1~deb12u1 on bookworm: fixed",
            "limits.security_update: installed within 1d",
        ]
    );
    let judgements = judged(vec![list(), fixed("web1"), fixed("web2")]);
    let one = of(&judgements, "DSA-6321-1");
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Ok, "openssl · fixed on 2 of 2 servers"));
    assert_eq!(of(&judgements, "debian_dsa").title, "1 advisory · 1 on software that is installed here");
}

#[test]
fn what_is_exploited_is_broken_at_once() {
    let new =
        || dsa_list(vec![bulletin("DSA-9-1", "2026-11-22", &["CVE-2026-1"], &[("bookworm", "openssl", "3.0.15-1")])]);
    let judgements = judged(vec![new(), vulnerable("web1")]);
    assert_eq!(of(&judgements, "DSA-9-1").verdict, Verdict::Due);
    let judgements = judged(vec![new(), kev(&["CVE-2026-1"]), vulnerable("web1")]);
    let one = of(&judgements, "DSA-9-1");
    assert_eq!(one.verdict, Verdict::Broken);
    assert!(one.title.as_str().starts_with("openssl · exploited · 1 of 1 server vulnerable"), "{}", one.title);
    assert!(standings(one).contains(&"exploited CVE-2026-1 since 2026-11-21!".to_owned()));
    assert_eq!(one.because[1].said, "CVE-2026-1 is exploited, known since 2026-11-21");
    let judgements = judged(vec![new(), kev(&["CVE-2026-1"]), at_version("web1", "3.0.15-1")]);
    assert_eq!(of(&judgements, "DSA-9-1").verdict, Verdict::Ok);
}

#[test]
fn the_feed_and_the_list_make_one_row() {
    let judgements = judged(vec![openssl(), list(), vulnerable("web1")]);
    let one = of(&judgements, "DSA-6321-1");
    assert_eq!(one.because[0].source, "feeds/Debian DSA");
    assert_eq!(one.because[1].source, "advisories/debian_dsa");
    // Pending or not: the version decides.
    assert_eq!(one.verdict, Verdict::Broken);
}

#[test]
fn old_advisories_are_rows_only_where_something_is_wrong() {
    let old = || bulletin("DSA-1-1", "2019-01-01", &["CVE-2019-1"], &[("bookworm", "openssl", "3.0.11-1~deb12u2")]);
    let elsewhere = bulletin("DSA-2-1", "2026-11-01", &["CVE-2019-2"], &[("bookworm", "chromium", "1")]);
    let judgements = judged(vec![dsa_list(vec![old(), elsewhere]), fixed("web1")]);
    assert!(judgements.iter().all(|one| !one.subject.name.as_str().starts_with("DSA-")));
    assert_eq!(
        of(&judgements, "debian_dsa").title,
        "2 advisories · 1 on software that is installed here · 1 not installed anywhere"
    );
    let judgements = judged(vec![dsa_list(vec![old()]), at_version("web1", "3.0.1")]);
    assert_eq!(of(&judgements, "DSA-1-1").verdict, Verdict::Broken);
}

#[test]
fn a_server_that_was_vulnerable_and_fell_silent_is_unknown() {
    let judgements = judged(vec![list(), silence(vulnerable("web1")), fixed("web2"), silence(fixed("web3"))]);
    let one = of(&judgements, "DSA-6321-1");
    assert_eq!(one.verdict, Verdict::Unknown);
    assert_eq!(one.title, "openssl · 1 vulnerable when last heard · fixed on 1 of 1 server");
    assert_eq!(one.mend.as_ref().unwrap(), &"make web1 answer");
    let judgements = judged(vec![list(), fixed("web2"), silence(fixed("web3"))]);
    assert_eq!(of(&judgements, "DSA-6321-1").verdict, Verdict::Ok);
    assert_eq!(of(&judgements, "servers not judged").verdict, Verdict::Unknown);
}

#[test]
fn a_fixed_kernel_asks_for_a_reboot_while_the_old_one_runs() {
    let images =
        &[("linux-image-6.1.0-39-amd64", "linux-signed-amd64"), ("linux-image-6.1.0-40-amd64", "linux-signed-amd64")];
    let mut host = server("web1", images, &[]);
    host_seen(&mut host).kernel = Read::Seen(Kernel { running: "6.1.0-39-amd64".into(), installed: None });
    host_seen(&mut host).reboot = Read::Seen(Reboot { flag: None, kernel: true, needrestart: None });
    let Fact::Packages(packages) = &mut host.seen[1].fact else { panic!("no packages") };
    let packages = &mut Arc::make_mut(packages).packages;
    (packages[0].version, packages[1].version) = ("6.1.148-1".into(), "6.1.153-1".into());
    let list = dsa_list(vec![bulletin("DSA-9-1", "2026-11-22", &[], &[("bookworm", "linux", "6.1.153-1")])]);
    let judgements = judged(vec![list.clone(), host.clone()]);
    let one = of(&judgements, "DSA-9-1");
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Due, "linux · the old code still runs on 1"));
    assert_eq!(one.mend.as_ref().unwrap(), &"restart web1: the fix is installed");
    assert!(standings(one).contains(&"host web1 fixed, the old code still runs!".to_owned()));
    host_seen(&mut host).kernel = Read::Seen(Kernel { running: "6.1.0-40-amd64".into(), installed: None });
    host_seen(&mut host).reboot = Read::Seen(Reboot { flag: None, kernel: false, needrestart: None });
    let judgements = judged(vec![list, host]);
    let one = of(&judgements, "DSA-9-1");
    assert_eq!(one.verdict, Verdict::Ok);
    assert_eq!(one.title, "linux · fixed on 1 of 1 server · an old kernel lies on the disk of 1");
}

fn tracker(issues: &[(&str, Fix, Urgency, Option<NoDsa>)]) -> SourceRecord {
    let issue = |(id, fix, urgency, no_dsa): &(&str, Fix, Urgency, Option<NoDsa>)| Issue {
        id: (*id).into(),
        remote: None,
        states: vec![(0, IssueState { fix: fix.clone(), urgency: *urgency, no_dsa: *no_dsa })],
    };
    let packages = [("openssl".into(), issues.iter().map(issue).collect())].into();
    truth("debian_tracker", Fact::DebianTracker(Arc::new(Tracker { releases: vec!["bookworm".into()], packages })))
}

pub(super) fn open() -> SourceRecord {
    let fixed = |version: &str| Fix::In(version.into());
    tracker(&[
        ("CVE-2026-1", fixed("3.0.15-1~deb12u1"), Urgency::NotYetAssigned, None),
        ("CVE-2026-2", fixed("3.0.13-1~deb12u1"), Urgency::Low, Some(NoDsa::Minor)),
        ("CVE-2026-3", Fix::Open, Urgency::NotYetAssigned, Some(NoDsa::Minor)),
        ("CVE-2026-4", Fix::Open, Urgency::Unimportant, None),
        ("CVE-2026-5", Fix::NotAffected, Urgency::High, None),
    ])
}

#[test]
fn what_no_advisory_tells_is_one_line_with_its_number() {
    let judgements = judged(vec![list(), open(), kev(&[]), vulnerable("web1"), vulnerable("web2")]);
    let line = of(&judgements, "no fix yet");
    assert_eq!(line.verdict, Verdict::Ok);
    assert_eq!(
        line.title,
        "1 vulnerability of 1 package without a fix · none exploited · no advisory is planned for 1"
    );
    assert!(
        line.detail.as_str().contains("and 2 that Debian calls unimportant")
            || line.detail.as_str().contains("and 1 that")
    );
    let line = of(&judgements, "fixes without an advisory");
    assert_eq!(line.verdict, Verdict::Due);
    assert_eq!(line.title, "1 vulnerability of 1 package fixed in newer versions · 2 servers behind");
    assert_eq!(of(&judgements, "debian_tracker").title, "5 vulnerabilities of 1 package, for bookworm");
    let judgements = judged(vec![list(), open(), fixed("web1")]);
    assert_eq!(of(&judgements, "fixes without an advisory").verdict, Verdict::Ok);
    // A catalogue that is silent does not say that none is exploited.
    let judgements = judged(vec![list(), open(), silence(kev(&["CVE-1999-1"])), vulnerable("web1")]);
    let line = of(&judgements, "no fix yet");
    assert!(!line.title.as_str().contains("none exploited"), "{}", line.title);
    assert!(line.because.iter().all(|because| !because.said.as_str().starts_with("none of them")), "{line:?}");
}

#[test]
fn a_silent_tracker_is_one_row() {
    let judgements = judged(vec![list(), silence(open()), kev(&["CVE-1999-1"]), fixed("web1")]);
    let unknown: Vec<&str> =
        judgements.iter().filter(|one| one.verdict == Verdict::Unknown).map(|one| one.subject.name.as_str()).collect();
    assert_eq!(unknown, ["debian_tracker"]);
    assert_eq!(of(&judgements, "DSA-6321-1").verdict, Verdict::Ok, "the list and the server tell it all");
    // One that never answered has nothing to be judged by: its own row says so.
    let mut never = open();
    (never.good_at, never.seen) = (None, Vec::new());
    let judgements = judged(vec![list(), never, fixed("web1")]);
    assert_eq!(judgements.iter().filter(|one| one.verdict == Verdict::Unknown).count(), 1);
    // An empty answer is no answer.
    let judgements = judged(vec![dsa_list(vec![]), tracker(&[]), fixed("web1")]);
    assert_eq!(of(&judgements, "debian_dsa").verdict, Verdict::Unknown);
}

#[test]
fn a_copy_that_stands_still_is_unknown_however_well_it_answers() {
    let row = |source: SourceRecord| {
        let name = source.id.name.clone();
        let judgements = judged(vec![source, fixed("web1")]);
        let row = of(&judgements, name.as_str());
        assert_eq!(row.mend.is_some(), row.verdict == Verdict::Unknown);
        (row.verdict, row.title.to_string())
    };
    let list = |day: &str| dsa_list(vec![bulletin("DSA-1-1", day, &[], &[("bookworm", "chromium", "1")])]);
    assert_eq!(row(list("2026-10-20")).0, Verdict::Ok);
    assert_eq!(row(list("2026-09-20")), (Verdict::Unknown, "its newest entry is 63 d old: a frozen copy?".into()));
    assert_eq!(row(kev(&["CVE-2026-1"])).0, Verdict::Ok);
    let old = [("CVE-2026-1".into(), "2026-08-01".parse().unwrap())].into();
    let exploited = |released: Option<&str>| {
        let released = released.map(|day| day.parse().unwrap());
        truth("kev", Fact::Exploited(Arc::new(Exploited { released, listed: std::collections::BTreeMap::clone(&old) })))
    };
    assert_eq!(row(exploited(None)).0, Verdict::Unknown);
    assert_eq!(row(exploited(Some("2026-11-20"))).0, Verdict::Ok, "it was published anew, with nothing new in it");
    let scores = |day: &str| {
        let likelihoods = Likelihoods { date: day.parse().ok(), percentiles: vec![(1, 1)] };
        truth("epss", Fact::Likelihoods(Arc::new(likelihoods)))
    };
    assert_eq!((row(scores("2026-11-20")).0, row(scores("2026-11-10")).0), (Verdict::Ok, Verdict::Unknown));
    // Drupal's core may have nothing to tell for most of a year; Debian always has.
    let told =
        |kind, day: &str| row(feed("x", vec![("X-1", advisory(kind, "X-1", &["x"], &format!("{day}T10:00:00Z")))])).0;
    assert_eq!(told(FeedKind::Drupal, "2026-02-01"), Verdict::Ok);
    assert_eq!(told(FeedKind::Drupal, "2025-09-01"), Verdict::Unknown);
    assert_eq!(told(FeedKind::Debian, "2026-09-20"), Verdict::Unknown);
}

#[test]
fn servers_whose_running_kernel_is_unknown_are_one_line_and_not_a_row_each() {
    let linux = |id: &str| bulletin(id, "2026-11-20", &["CVE-2026-9"], &[("bookworm", "linux", "6.1.153-1")]);
    let mut host = server("web1", &[("linux-image-6.1.0-40-amd64", "linux")], &[]);
    let Fact::Packages(packages) = &mut host.seen[1].fact else { panic!("no packages") };
    for package in &mut Arc::make_mut(packages).packages {
        (package.version, package.source_version) = ("6.1.153-1".into(), "6.1.153-1".into());
    }
    host_seen(&mut host).kernel = Read::unreadable("gone");
    let judgements = judged(vec![dsa_list(vec![linux("DSA-1-1"), linux("DSA-2-1")]), host]);
    assert!(judgements.iter().all(|one| !one.subject.name.as_str().starts_with("DSA-")), "{judgements:#?}");
    let line = of(&judgements, "servers not judged");
    let title = "the running kernel of 1 server · 2 advisories not judged there";
    assert_eq!((line.verdict, line.title.as_str()), (Verdict::Unknown, title));
    assert!(line.because.iter().any(|because| because.said.as_str().ends_with(": web1")), "{line:?}");
}

#[test]
fn what_nobody_tells_of_an_advisory_is_never_not_affected() {
    let elsewhere =
        || dsa_list(vec![bulletin("DSA-7-1", "2026-11-20", &["CVE-2026-7"], &[("trixie", "openssl", "3.5.1-1")])]);
    // Without a tracker, or by one that is silent, all of them are one row.
    for tracker in [Vec::new(), vec![silence(open())]] {
        let judgements = judged([vec![elsewhere(), fixed("web1")], tracker].concat());
        assert!(judgements.iter().all(|one| one.subject.name != *"DSA-7-1"), "{judgements:#?}");
        let line = of(&judgements, "servers not judged");
        assert_eq!(
            (line.verdict, line.title.as_str()),
            (Verdict::Unknown, "of 1 advisory only the tracker could tell")
        );
        assert_eq!(line.mend.as_ref().unwrap(), &"make debian_tracker of [advisories] answer; its own row says how");
    }
    // What a silent one says is wrong is still wrong.
    let known = || tracker(&[("CVE-2026-7", Fix::In("3.0.19-1".into()), Urgency::Low, None)]);
    let judgements = judged(vec![elsewhere(), silence(known()), fixed("web1")]);
    assert_eq!(of(&judgements, "DSA-7-1").verdict, Verdict::Broken);
    // Nobody has looked yet: that asks for a row of its own.
    let undetermined = tracker(&[("CVE-2026-7", Fix::Undetermined, Urgency::Low, None)]);
    let judgements = judged(vec![elsewhere(), undetermined, fixed("web1")]);
    let row = of(&judgements, "DSA-7-1");
    assert_eq!((row.verdict, row.title.as_str()), (Verdict::Unknown, "openssl · 1 of 1 server cannot be told"));
    assert_eq!(row.mend.as_ref().unwrap(), &"wait until Debian has looked at it, or update web1");
    assert_eq!(standings(row), ["host web1 unknown"]);
}

fn trixie(name: &str, version: &str) -> SourceRecord {
    let mut server = at_version(name, version);
    let Read::Seen(release) = &mut host_seen(&mut server).release else { panic!("no release") };
    release.codename = "trixie".into();
    server
}

#[test]
fn what_an_old_advisory_does_not_name_is_left_to_the_tracker() {
    let old = bulletin("DSA-1-1", "2025-01-01", &["CVE-2026-1"], &[("bookworm", "openssl", "3.0.15-1~deb12u1")]);
    let state =
        |version: &str| IssueState { fix: Fix::In(version.into()), urgency: Urgency::NotYetAssigned, no_dsa: None };
    let issue = Issue {
        id: "CVE-2026-1".into(),
        remote: None,
        states: vec![(0, state("3.0.15-1~deb12u1")), (1, state("3.5.1-1"))],
    };
    let tracker = Tracker {
        releases: vec!["bookworm".into(), "trixie".into()],
        packages: [("openssl".into(), vec![issue])].into(),
    };
    let tracker = truth("debian_tracker", Fact::DebianTracker(Arc::new(tracker)));
    let judgements = judged(vec![dsa_list(vec![old]), tracker, vulnerable("web1"), trixie("db1", "3.5.0-1")]);
    assert_eq!(of(&judgements, "DSA-1-1").verdict, Verdict::Broken);
    let line = of(&judgements, "fixes without an advisory");
    assert_eq!(line.verdict, Verdict::Due);
    assert_eq!(line.title, "1 vulnerability of 1 package fixed in newer versions · 1 server behind");
    assert!(line.detail.as_str().contains("(trixie)") && !line.detail.as_str().contains("(bookworm)"));
}

#[test]
fn servers_of_another_distribution_or_release_are_said_in_one_line() {
    let mut ubuntu = vulnerable("web1");
    let mut old = fixed("web2");
    let release = |id: &str, codename: &str| {
        Read::Seen(Release {
            id: id.into(),
            version: "1".into(),
            codename: codename.into(),
            pretty: "Ubuntu 24.04".into(),
        })
    };
    host_seen(&mut ubuntu).release = release("ubuntu", "noble");
    host_seen(&mut old).release = release("debian", "stretch");
    let judgements = judged(vec![list(), open(), ubuntu, old, fixed("web3"), at_version("web4", "3.2.1-1~bpo12+1")]);
    let line = of(&judgements, "servers not judged");
    assert_eq!(
        line.title,
        "1 of 4 servers · 1 server of a release that is not kept · 1 package from backports · 1 advisory not judged there"
    );
    let said: Vec<&str> = line.because.iter().map(|because| because.said.as_str()).collect();
    assert_eq!(
        said,
        [
            "web1: Ubuntu 24.04 is not Debian, whose advisories say nothing of it",
            "web2: the tracker's copy here does not hold stretch",
            "from backports: openssl 3.2.1-1~bpo12+1",
        ]
    );
}

#[test]
fn a_package_with_a_version_that_is_none_is_unknown_and_no_other_server_suffers() {
    let judgements = judged(vec![list(), at_version("web1", "no version"), fixed("web2"), vulnerable("web3")]);
    let one = of(&judgements, "DSA-6321-1");
    let title = "openssl · 1 of 3 servers vulnerable · fix 3.0.15-1~deb12u1 · 1 of 3 servers cannot be told";
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Broken, title));
    let judgements = judged(vec![list(), at_version("web1", "no version"), fixed("web2")]);
    assert_eq!(of(&judgements, "DSA-6321-1").verdict, Verdict::Unknown);
}
