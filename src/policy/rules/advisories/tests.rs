//! Cases as mornings bring them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::domain::facts::{
    AptSeen, FeedDeclared, FeedSeen, HostDeclared, HostSeen, Package, Packages, Pending, Reboot, Release, Risk,
    Unattended,
};
use crate::domain::{Declared, Evidence, Fault, Limits, Observation, Read, Sighting, SourceId, Subject, SubjectKind};

mod claims;
mod drupal;
mod feeds;
mod lists;
mod same;
mod unsaid;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-23T08:00:00Z")
}

fn record(collector: &str, name: &str, declared: Fact, seen: Vec<(Subject, Fact)>) -> SourceRecord {
    let kind = if collector == "feeds" { SubjectKind::Feed } else { SubjectKind::Host };
    let subject = Subject::new(kind, name);
    SourceRecord {
        id: SourceId::new(collector, name),
        declared: vec![Declared { subject, fact: declared, place: "register.toml:1".into() }],
        seen: seen.into_iter().map(|(subject, fact)| Observation { subject, at: now(), fact }).collect(),
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: Some(10),
        fault: None,
        failures: 0,
        stale_after: Period::hours(2),
    }
}

fn silence(mut source: SourceRecord) -> SourceRecord {
    source.good_at = Some(at("2026-11-22T08:00:00Z"));
    source.fault = Some(Fault::passing("x.example refused the connection").mend("start it"));
    source
}

fn feed(name: &str, advisories: Vec<(&str, Advisory)>) -> SourceRecord {
    let declared = FeedDeclared { feed: FeedKind::Any, url: "https://x.example/feed".into() };
    let items = u32::try_from(advisories.len()).unwrap();
    let seen = Fact::FeedSeen(FeedSeen { items, left_out: 0 });
    let mut all = vec![(Subject::new(SubjectKind::Feed, name), seen)];
    for (id, advisory) in advisories {
        all.push((Subject::new(SubjectKind::Advisory, id), Fact::Advisory(advisory)));
    }
    record("feeds", name, Fact::FeedDeclared(declared), all)
}

fn advisory(feed: FeedKind, title: &str, packages: &[&str], published: &str) -> Advisory {
    Advisory {
        feed,
        title: title.into(),
        published: published.parse().ok(),
        packages: packages.iter().map(|name| Shown::line(name)).collect(),
        aliases: Vec::new(),
        risk: None,
        affected: None,
        summary: Shown::default(),
        links: Vec::new(),
    }
}

fn openssl() -> SourceRecord {
    let told = advisory(FeedKind::Debian, "DSA-6321-1 openssl - security update", &["openssl"], "2026-11-20T10:00:00Z");
    feed("Debian DSA", vec![("DSA-6321-1", told)])
}

/// A server with binary packages as `name source`, and pending security updates of some.
fn server(name: &str, packages: &[(&str, &str)], pending: &[&str]) -> SourceRecord {
    let pending = pending.iter().map(|package| Pending {
        package: Shown::line(package),
        installed: Some("1".into()),
        candidate: "2".into(),
        security: true,
        pinned: false,
        origin: "Debian-Security:12/stable-security".into(),
    });
    let missing = || Fault::new("not asked");
    let seen = HostSeen {
        release: Read::Seen(Release {
            id: "debian".into(),
            version: "12".into(),
            codename: "bookworm".into(),
            pretty: "Debian GNU/Linux 12 (bookworm)".into(),
        }),
        kernel: Err(missing()).into(),
        pending: Read::Seen(pending.collect()),
        lists_at: Read::Seen(at("2026-11-23T06:00:00Z")),
        reboot: Read::Seen(Reboot { flag: None, kernel: false, needrestart: None }),
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
    let packages = packages.iter().map(|(name, source)| Package {
        name: Shown::line(name),
        version: "1".into(),
        source: Shown::line(source),
        source_version: "1".into(),
    });
    let packages = Fact::Packages(Packages { packages: packages.collect() }.into());
    let declared = Fact::HostDeclared(HostDeclared { ssh: Some(name.into()), ..HostDeclared::default() });
    let subject = Subject::host(name);
    record("servers", name, declared, vec![(subject.clone(), Fact::HostSeen(Box::new(seen))), (subject, packages)])
}

fn host_seen(server: &mut SourceRecord) -> &mut HostSeen {
    let Fact::HostSeen(seen) = &mut server.seen[0].fact else { panic!("no server") };
    seen
}

const SSL: &[(&str, &str)] = &[("libssl3", "openssl"), ("openssl", "openssl"), ("bash", "bash")];
const BARE: &[(&str, &str)] = &[("bash", "bash")];

fn judged_with(
    sources: Vec<SourceRecord>,
    first_seen: BTreeMap<Sighting, Timestamp>,
    limits: &Limits,
) -> Vec<Judgement> {
    let evidence = Evidence { sources, configured: true, first_seen, ..Evidence::default() };
    judge(&Case { evidence: &evidence, limits, now: now(), zone: &TimeZone::UTC })
}

fn judged(sources: Vec<SourceRecord>) -> Vec<Judgement> {
    judged_with(sources, BTreeMap::new(), &Limits::default())
}

fn of<'a>(judgements: &'a [Judgement], name: &str) -> &'a Judgement {
    let mut found = judgements.iter().filter(|judgement| judgement.subject.name == *name);
    let one = found.next().unwrap_or_else(|| panic!("no finding on {name}"));
    assert!(found.next().is_none(), "two findings on {name}");
    one
}

fn on_openssl(servers: Vec<SourceRecord>) -> (Verdict, String) {
    let judgements = judged([vec![openssl()], servers].concat());
    let one = of(&judgements, "DSA-6321-1");
    (one.verdict, one.title.to_string())
}

#[test]
fn a_feed_that_answers_is_ok_and_a_silent_one_is_unknown() {
    let judgements = judged(vec![openssl(), silence(feed("Vendor", vec![]))]);
    let heard = of(&judgements, "Debian DSA");
    assert_eq!((heard.verdict, heard.title.as_str()), (Verdict::Ok, "1 advisory, newest 2 d ago"));
    assert_eq!(heard.key().as_str(), "advisories/Debian DSA");
    let silent = of(&judgements, "Vendor");
    assert_eq!(silent.verdict, Verdict::Unknown);
    assert_eq!(silent.title, "silent for 24 h: x.example refused the connection");
    assert_eq!(silent.mend.as_ref().unwrap(), &"start it");
    let mut never = feed("Never", vec![]);
    (never.good_at, never.asked_at, never.seen) = (None, None, Vec::new());
    assert_eq!(of(&judged(vec![never]), "Never").title, "not asked yet");
    let mut empty = feed("Empty", vec![]);
    empty.seen.clear();
    assert_eq!(of(&judged(vec![empty]), "Empty").verdict, Verdict::Unknown);
}

#[test]
fn a_pending_update_is_due_and_after_its_limit_broken() {
    let servers = || vec![server("web1", SSL, &["libssl3"]), server("web2", SSL, &[]), server("db1", BARE, &[])];
    let (verdict, title) = on_openssl(servers());
    assert_eq!(verdict, Verdict::Broken);
    assert_eq!(title, "openssl · installed on 2 of 3 servers · a security update is pending on 1");
    let mut limits = Limits::default();
    limits.set("security_update", Period::days(7));
    let judgements = judged_with([vec![openssl()], servers()].concat(), BTreeMap::new(), &limits);
    let due = of(&judgements, "DSA-6321-1");
    assert_eq!(due.verdict, Verdict::Due);
    assert_eq!(due.mend.as_ref().unwrap(), &"install the pending security update on web1");
    assert_eq!(due.since, Some(at("2026-11-20T10:00:00Z")));
    let said: Vec<String> = due.because.iter().map(|because| format!("{}: {}", because.source, because.said)).collect();
    assert_eq!(
        said,
        [
            "feeds/Debian DSA: DSA-6321-1 openssl - security update, published 2026-11-20T10:00:00Z",
            "servers/web1: libssl3 1 → 2 from Debian-Security:12/stable-security",
            "servers/web2: installed, nothing pending",
            "limits.security_update: installed within 7d",
        ]
    );
}

#[test]
fn a_day_without_a_time_counts_from_its_end() {
    let told = advisory(FeedKind::Debian, "DSA-1 openssl - security update", &["openssl"], "2026-11-22T00:00:00Z");
    let judgements = judged(vec![feed("d", vec![("DSA-1", told)]), server("web1", SSL, &["libssl3"])]);
    assert_eq!(of(&judgements, "DSA-1").verdict, Verdict::Due, "at 8 o'clock it may be 8 hours old");
}

#[test]
fn what_has_been_pending_for_long_is_broken_though_the_advisory_is_new() {
    let told = advisory(FeedKind::Debian, "DSA-1 openssl - security update", &["openssl"], "2026-11-23T07:00:00Z");
    let sources = vec![feed("d", vec![("DSA-1", told)]), server("web1", SSL, &["libssl3"])];
    let sighting =
        Sighting { kind: SubjectKind::Host, subject: "web1".into(), item: "security update libssl3 1".into() };
    let seen = BTreeMap::from([(sighting, at("2026-11-20T00:00:00Z"))]);
    assert_eq!(of(&judged(sources.clone()), "DSA-1").verdict, Verdict::Due);
    assert_eq!(of(&judged_with(sources, seen, &Limits::default()), "DSA-1").verdict, Verdict::Broken);
}

#[test]
fn nothing_pending_is_ok_only_where_the_lists_are_young_enough_to_tell() {
    let (verdict, title) = on_openssl(vec![server("web1", SSL, &[])]);
    assert_eq!(
        (verdict, title.as_str()),
        (Verdict::Ok, "openssl · installed on 1 of 1 server · no security update of it is pending")
    );
    let mut old = server("web1", SSL, &[]);
    host_seen(&mut old).lists_at = Read::Seen(at("2026-11-19T06:00:00Z"));
    let judgements = judged(vec![openssl(), old]);
    let one = of(&judgements, "DSA-6321-1");
    assert_eq!(
        (one.verdict, one.title.as_str()),
        (Verdict::Unknown, "openssl · installed on 1 of 1 server · 1 cannot tell yet")
    );
    assert!(
        one.because[1].said.as_str().contains("its package lists, 4 d old, are older than the advisory"),
        "{:?}",
        one.because
    );
    assert!(one.mend.as_ref().unwrap().as_str().starts_with("apt-get update on web1"));
    for unreadable in [true, false] {
        let mut blind = server("web1", SSL, &[]);
        if unreadable {
            host_seen(&mut blind).pending = Read::unreadable("apt is missing");
        } else {
            host_seen(&mut blind).lists_at = Read::unreadable("no lists");
        }
        assert_eq!(on_openssl(vec![blind]).0, Verdict::Unknown);
    }
}

#[test]
fn what_is_installed_nowhere_is_ok() {
    let (verdict, title) = on_openssl(vec![server("web1", BARE, &[]), server("web2", BARE, &["bash"])]);
    assert_eq!((verdict, title.as_str()), (Verdict::Ok, "openssl · not installed on any of 2 servers"));
    let (verdict, _) = on_openssl(vec![server("web1", SSL, &["libssl3"]), silence(server("web2", BARE, &[]))]);
    assert_eq!(verdict, Verdict::Broken, "what is known to be wrong is wrong");
}

#[test]
fn silent_servers_are_one_line_and_not_one_for_each_advisory() {
    let other = advisory(FeedKind::Debian, "DSA-7 curl - security update", &["curl"], "2026-11-20T10:00:00Z");
    let sources = vec![
        openssl(),
        feed("e", vec![("DSA-7", other)]),
        server("web1", BARE, &[]),
        silence(server("web2", BARE, &[])),
        silence(server("web3", SSL, &["libssl3"])),
    ];
    let judgements = judged(sources.clone());
    assert_eq!(of(&judgements, "DSA-7").verdict, Verdict::Ok);
    let folded = of(&judgements, "servers not judged");
    assert_eq!(
        (folded.verdict, folded.title.as_str()),
        (Verdict::Unknown, "2 of 3 servers · 2 advisories not judged there")
    );
    assert!(folded.because[0].said.as_str().starts_with("web2: silent for 24 h"), "{:?}", folded.because);
    // What was missing when the server was last heard is not forgotten.
    let lost = of(&judgements, "DSA-6321-1");
    assert_eq!(lost.verdict, Verdict::Unknown);
    assert!(lost.title.as_str().ends_with("it was pending on 1 when last heard"), "{}", lost.title);
    assert_eq!(lost.mend.as_ref().unwrap(), &"web3: start it");
    // Where nobody at all answers there is nothing to say of any advisory.
    let judgements = judged(vec![openssl(), silence(server("web1", SSL, &[]))]);
    assert!(judgements.iter().all(|one| one.subject.name != "DSA-6321-1"));
    assert_eq!(of(&judgements, "servers not judged").verdict, Verdict::Unknown);
    let judgements = judged(vec![openssl()]);
    let folded = of(&judgements, "servers not judged");
    assert_eq!(folded.title, "there is no server in the register · 1 advisory not judged there");
    assert_eq!(folded.mend.as_ref().unwrap(), &"add a [[server]] to the register");
}

#[test]
fn an_empty_package_list_is_not_a_server_without_packages() {
    let mut half = server("web1", SSL, &[]);
    half.seen.truncate(1);
    for server in [server("web1", &[], &[]), half] {
        let judgements = judged(vec![openssl(), server]);
        assert!(judgements.iter().all(|one| one.subject.name != "DSA-6321-1"));
        let folded = of(&judgements, "servers not judged");
        assert_eq!(folded.because[0].said, "web1: its packages could not be read");
    }
}

#[test]
fn a_signed_kernel_belongs_to_the_source_that_advisories_name() {
    let kernel =
        &[("linux-image-6.1.0-40-amd64", "linux-signed-amd64"), ("grub-efi-amd64-signed", "grub-efi-amd64-signed")];
    let told = advisory(FeedKind::Debian, "DSA-2 linux - security update", &["linux"], "2026-11-20T10:00:00Z");
    let grub = advisory(FeedKind::Debian, "DSA-3 grub2 - security update", &["grub2"], "2026-11-20T10:00:00Z");
    let judgements = judged(vec![
        feed("d", vec![("DSA-2", told), ("DSA-3", grub)]),
        server("web1", kernel, &["linux-image-6.1.0-40-amd64"]),
    ]);
    assert_eq!(of(&judgements, "DSA-2").verdict, Verdict::Broken);
    assert_eq!(
        of(&judgements, "DSA-3").title,
        "grub2 · installed on 1 of 1 server · no security update of it is pending"
    );
}

#[test]
fn emptying_any_source_never_makes_a_verdict_better() {
    let notice = advisory(FeedKind::Any, "Notice", &[], "2026-11-20T10:00:00Z");
    let drupal = advisory(FeedKind::Drupal, "Maps - SA-CORE-2026-001", &["maps"], "2026-11-18T10:00:00Z");
    let whole = vec![
        openssl(),
        feed("v", vec![("item-1", notice), ("SA-CORE-2026-001", drupal)]),
        server("web1", SSL, &["libssl3"]),
        server("web2", SSL, &[]),
        drupal::site("www.example.org", &[("drupal/maps", "dev-1.x")]),
        server("db1", BARE, &[]),
    ];
    let before = judged(whole.clone());
    for source in 0..whole.len() {
        let mut less = whole.clone();
        less[source] = silence(less[source].clone());
        let judgements = judged(less);
        let worst = |all: &[Judgement]| all.iter().map(|one| one.verdict).max();
        assert!(worst(&judgements) >= Some(Verdict::Unknown));
        // Broken and due have their reason in what was taken away: then it is unknown, which is not better.
        for after in judgements {
            let Some(was) = before.iter().find(|one| one.key() == after.key()).map(|one| one.verdict) else { continue };
            assert!(
                after.verdict >= was || after.verdict == Verdict::Unknown,
                "{}: {was:?} to {after:?}",
                after.subject
            );
        }
    }
}

#[test]
fn five_thousand_advisories_on_a_hundred_servers_are_one_finding_each() {
    let names: Vec<String> = (0..1_000).map(|n| format!("package{n}")).collect();
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let mut sources: Vec<_> =
        (0..100).map(|n| server(&format!("n{n}"), &packages, &["package1", "package2"])).collect();
    let ids: Vec<String> = (0..5_000).map(|n| format!("DSA-{n}")).collect();
    let told = |n: usize| advisory(FeedKind::Debian, "x", &[names[n % 1_000].as_str()], "2026-11-20T10:00:00Z");
    sources.push(feed("d", ids.iter().enumerate().map(|(n, id)| (id.as_str(), told(n))).collect()));
    assert_eq!(judged(sources).len(), 5_001);
}
