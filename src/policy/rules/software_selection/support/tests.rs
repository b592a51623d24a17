//! A fleet and Debian's word on how long what is supported.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::judge_support;
use super::*;
use crate::domain::facts::{
    AptSeen, HostDeclared, HostSeen, Package, Packages, Reboot, Release, ReleaseSupport, Releases, SupportEnded,
    SupportLimited, TruthDeclared, Unattended,
};
use crate::domain::{Declared, Fault, Limits, Observation, Period, Read, SourceId, SourceRecord};

fn now() -> Timestamp {
    "2026-11-25T08:00:00Z".parse().unwrap()
}

fn record(id: SourceId, subject: Subject, declared: Fact, seen: Vec<Fact>) -> SourceRecord {
    let observed = |fact| Observation { subject: subject.clone(), at: now(), fact };
    SourceRecord {
        id,
        seen: seen.into_iter().map(observed).collect(),
        declared: vec![Declared { subject, fact: declared, place: "register.toml:1".into() }],
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(2),
    }
}

fn silent(mut source: SourceRecord) -> SourceRecord {
    source.good_at = Some("2026-11-20T08:00:00Z".parse().unwrap());
    source.fault = Some(Fault::new("refused"));
    source
}

fn server(name: &str, codename: &str, number: &str, packages: &[(&str, &str)]) -> SourceRecord {
    let missing = || Fault::new("not asked");
    let release = Release {
        id: "debian".into(),
        version: number.into(),
        codename: codename.into(),
        pretty: format!("Debian GNU/Linux {number}").into(),
    };
    let unattended = Unattended {
        installed: true,
        enabled: true,
        covers_security: Some(true),
        covers_doubt: None,
        last: Err(missing()).into(),
    };
    let host = HostSeen {
        release: Read::Seen(release),
        kernel: Err(missing()).into(),
        pending: Read::Seen(Vec::new()),
        lists_at: Read::Seen(now()),
        reboot: Read::Seen(Reboot { flag: None, kernel: false, needrestart: None }),
        unattended: Read::Seen(unattended),
        half_configured: Read::Seen(Vec::new()),
        held: Read::Seen(Vec::new()),
        uptime_seconds: Read::Seen(1),
        apt: Read::Seen(AptSeen::default()),
        outdated_services: Read::Seen(Vec::new()),
        clock_skew_seconds: Read::Seen(0),
    };
    let package = |(source, version): &(&str, &str)| Package {
        name: (*source).into(),
        version: (*version).into(),
        source: (*source).into(),
        source_version: (*version).into(),
    };
    let packages = Packages { packages: packages.iter().map(package).collect() };
    let seen = vec![Fact::HostSeen(Box::new(host)), Fact::Packages(packages.into())];
    let declared = Fact::HostDeclared(HostDeclared::default());
    record(SourceId::new("servers", name), Subject::host(name), declared, seen)
}

fn truth(key: &str, fact: Fact) -> SourceRecord {
    let declared = Fact::TruthDeclared(TruthDeclared {
        key: key.into(),
        url: "https://x.example/".into(),
        ..TruthDeclared::default()
    });
    record(SourceId::new("advisories", key), Subject::new(SubjectKind::Feed, key), declared, vec![fact])
}

fn releases() -> SourceRecord {
    let day = |text: &str| text.parse().ok();
    let release = |(series, version, released, ends, lts): (&str, &str, &str, &str, &str)| {
        let support =
            ReleaseSupport { version: version.into(), released: day(released), ends: day(ends), lts_ends: day(lts) };
        (Shown::from(series), support)
    };
    let releases = [
        ("buster", "10", "2019-07-06", "2022-09-10", "2024-06-30"),
        ("bookworm", "12", "2023-06-10", "2026-07-11", "2028-06-30"),
        ("trixie", "13", "2025-08-09", "2028-08-09", "2030-06-30"),
        ("forky", "14", "", "", ""),
    ];
    let releases = releases.into_iter().map(release).collect();
    truth("debian_releases", Fact::DebianReleases(Arc::new(Releases { releases })))
}

fn lists() -> SourceRecord {
    let ended = |source: &str, ended: &str| SupportEnded {
        release: "12".into(),
        source: source.into(),
        last_version: "0".into(),
        ended: ended.parse().ok(),
        why: "no upstream".into(),
    };
    let limited = SupportLimited { release: Some("12".into()), source: "golang.*".into(), why: "static".into() };
    let support = Support {
        releases: vec!["12".into(), "13".into()],
        ended: vec![ended("pdns", "2025-10-01"), ended("lxd", "2027-01-01")],
        limited: vec![limited],
        kept: Vec::new(),
    };
    truth("debian_support", Fact::DebianSupport(Arc::new(support)))
}

fn judged(sources: Vec<SourceRecord>, at: &str) -> Vec<(Verdict, String, Judgement)> {
    let evidence = Evidence { sources, configured: true, ..Evidence::default() };
    let (limits, now) = (Limits::default(), at.parse().unwrap());
    let all = judge_support(&Case { evidence: &evidence, limits: &limits, now, zone: &TimeZone::UTC });
    all.into_iter().map(|one| (one.verdict, one.title.to_string(), one)).collect()
}

/// The row on the release of one server.
fn on(codename: &str, number: &str, at: &str) -> (Verdict, String) {
    let mut server = server("web1", codename, number, &[("bash", "5")]);
    let mut list = releases();
    (server.good_at, list.good_at) = (at.parse().ok(), at.parse().ok());
    let (verdict, title, _) = judged(vec![server, list], at).remove(0);
    (verdict, title)
}

const TODAY: &str = "2026-11-25T08:00:00Z";

#[test]
fn a_release_is_due_in_lts_and_broken_after_it() {
    let title = |text: &str| format!("{text} · 1 server: web1");
    let said = on("bookworm", "12", TODAY);
    let lts = title("bookworm (12): security support ended 2026-07-11, LTS until 2028-06-30");
    assert_eq!(said, (Verdict::Due, lts));
    assert_eq!(on("buster", "10", TODAY), (Verdict::Broken, title("buster (10): support ended 2024-06-30")));
    assert_eq!(on("trixie", "13", TODAY), (Verdict::Ok, title("trixie (13): supported until 2028-08-09")));
    let unreleased = title("forky (14): not released: nobody promises security support");
    assert_eq!(on("forky", "14", TODAY), (Verdict::Due, unreleased));
    let unlisted = title("etch: the list of releases does not name it");
    assert_eq!(on("etch", "4", TODAY), (Verdict::Unknown, unlisted));
}

#[test]
fn its_last_day_is_still_a_day_of_support() {
    assert_eq!(on("bookworm", "12", "2026-04-01T08:00:00Z").0, Verdict::Ok);
    let (verdict, title) = on("bookworm", "12", "2026-07-11T23:59:59Z");
    assert!(verdict == Verdict::Due && title.contains("supported until 2026-07-11"), "{title}");
    assert!(on("bookworm", "12", "2026-07-12T00:00:00Z").1.contains("ended 2026-07-11"));
    assert_eq!(on("bookworm", "12", "2028-06-30T23:59:59Z").0, Verdict::Due);
    assert_eq!(on("bookworm", "12", "2028-07-01T00:00:00Z").0, Verdict::Broken);
}

#[test]
fn a_release_is_one_row_for_all_its_servers_and_each_of_them_asks() {
    let web = |name| server(name, "bookworm", "12", &[("bash", "5")]);
    let rows = judged(vec![web("b"), web("a"), web("d"), web("c"), web("e"), silent(web("x")), releases()], TODAY);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].1.ends_with(" · 5 servers: a, b, c and 2 more"), "{}", rows[0].1);
    assert_eq!(rows[0].2.standings.len(), 5);
    assert_eq!(rows[0].2.mend.as_ref().unwrap(), &"upgrade to trixie, or accept it until then");
}

#[test]
fn what_lost_its_support_is_one_row_for_the_fleet() {
    let rows = judged(
        vec![
            server("dns", "bookworm", "12", &[("pdns", "4.7.3-2"), ("golang-1.19", "1.19.8-2")]),
            server("dns2", "bookworm", "12", &[("pdns", "4.7.3-2"), ("lxd", "5.0.2-5")]),
            server("new", "trixie", "13", &[("pdns", "4.9")]),
            lists(),
        ],
        TODAY,
    );
    assert_eq!(rows[0].0, Verdict::Due);
    assert_eq!(rows[0].1, "2 packages without security support, now or soon: lxd, pdns");
    assert_eq!(
        rows[0].2.detail,
        "lxd 5.0.2-5 (bookworm): support ends 2027-01-01, no upstream · 1 server: dns2\n\
         pdns 4.7.3-2 (bookworm): support ended 2025-10-01, no upstream · 2 servers: dns, dns2"
    );
    assert_eq!(rows[0].2.standings.len(), 2);
    assert_eq!(rows[1].1, "1 package with security support for some uses only: golang-1.19");
}

#[test]
fn support_that_ends_some_day_is_support_until_it_is_near() {
    let lxd = |at: &str| {
        let (mut server, mut list) = (server("web1", "bookworm", "12", &[("lxd", "5.0.2-5")]), lists());
        (server.good_at, list.good_at) = (at.parse().ok(), at.parse().ok());
        judged(vec![server, list], at).remove(0)
    };
    assert_eq!(lxd("2026-09-01T08:00:00Z").0, Verdict::Ok);
    assert_eq!(lxd(TODAY).1, "1 package without security support, now or soon: lxd");
    assert_eq!(lxd("2027-01-02T08:00:00Z").1, "1 package without security support: lxd");
}

#[test]
fn without_such_packages_it_is_ok_and_with_an_old_list_unknown() {
    let fine = || server("web1", "bookworm", "12", &[("bash", "5")]);
    let verdicts = |sources| judged(sources, TODAY).into_iter().map(|row| row.0).collect::<Vec<_>>();
    assert_eq!(verdicts(vec![fine(), lists()]), [Verdict::Ok; 2]);
    assert_eq!(judged(vec![fine(), lists()], TODAY)[0].1, "no package without security support on 1 server");
    assert_eq!(verdicts(vec![fine(), silent(lists())]), [Verdict::Unknown; 2]);
    let next = server("web2", "forky", "14", &[("bash", "5")]);
    let rows = judged(vec![fine(), next, lists()], TODAY);
    // It is unknown for that server, and hides nothing of the others.
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [Verdict::Ok, Verdict::Ok, Verdict::Unknown]);
    assert_eq!(rows[0].1, "no package without security support on 1 server");
    assert_eq!(rows[2].1, "there is no list of support for forky · 1 server: web2");
    let alone = judged(vec![server("web2", "forky", "", &[("bash", "5")]), lists()], TODAY);
    assert_eq!(alone.iter().map(|row| row.0).collect::<Vec<_>>(), [Verdict::Unknown], "of no server it can be said");
    // What an old list says has ended has ended; only that nothing else has can't be said.
    let pdns = || server("dns", "bookworm", "12", &[("pdns", "4.7.3-2")]);
    assert_eq!(verdicts(vec![pdns(), silent(lists())])[0], Verdict::Due);
    assert_eq!(judged(vec![silent(pdns()), fine(), lists()], TODAY)[0].0, Verdict::Ok, "its own row says it");
    assert!(verdicts(vec![silent(pdns()), lists(), releases()]).is_empty(), "nobody was heard");
}
