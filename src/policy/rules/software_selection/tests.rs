use jiff::tz::TimeZone;

use super::*;
use crate::domain::facts::{Listens, Package, Packages};
use crate::domain::{Evidence, Fault, Limits, Observation, Period, Read, SourceId, Subject};

fn now() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

fn names(names: &[&str]) -> Vec<Shown> {
    names.iter().map(|name| Shown::line(name)).collect()
}

fn software(chosen: &[&str]) -> HostSoftware {
    let listens = |package: &str, program: &str| Listens { package: package.into(), program: program.into() };
    HostSoftware {
        chosen: Read::Seen(names(chosen)),
        unsourced: Read::Seen(Vec::new()),
        listening: Read::Seen(vec![listens("nginx", "nginx"), listens("redis-server", "redis-server")]),
    }
}

fn judged_host(baseline: Option<&[&str]>, software: Option<HostSoftware>) -> Judgement {
    with_packages(baseline, software, &["nginx", "vim", "libc6"])
}

fn with_packages(baseline: Option<&[&str]>, software: Option<HostSoftware>, installed: &[&str]) -> Judgement {
    let subject = Subject::host("web1");
    let host = HostDeclared {
        role: Some("web".into()),
        packages: baseline.map(|baseline| names(baseline).into()),
        ..HostDeclared::default()
    };
    let package = |name: &&str| Package {
        name: (*name).into(),
        version: "1".into(),
        source: (*name).into(),
        source_version: "1".into(),
    };
    let packages = Packages { packages: installed.iter().map(package).collect() };
    let mut seen = vec![Observation { subject: subject.clone(), at: now(), fact: Fact::Packages(packages.into()) }];
    seen.extend(software.map(|software| Observation {
        subject: subject.clone(),
        at: now(),
        fact: Fact::HostSoftware(software.into()),
    }));
    let record = SourceRecord {
        id: SourceId::new("servers", "web1"),
        declared: vec![Declared { subject, fact: Fact::HostDeclared(host), place: "register.toml:3".into() }],
        seen,
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(1),
    };
    let evidence = Evidence { sources: vec![record], configured: true, ..Evidence::default() };
    let case = Case { evidence: &evidence, limits: &Limits::default(), now: now(), zone: &TimeZone::UTC };
    judge(&case).remove(0)
}

#[test]
fn what_listens_comes_first_then_what_nobody_offers() {
    let mut extra = software(&["nginx", "vim", "redis-server", "aaa", "linux-image-6.1.0-49-amd64"]);
    extra.unsourced = Read::Seen(names(&["tool"]));
    let judgement = judged_host(Some(&["nginx"]), Some(extra));
    assert_eq!(
        judgement.title,
        "4 packages beyond its role: redis-server (redis-server listens), tool (of no known source), aaa, …"
    );
    assert_eq!(judgement.verdict, Verdict::Broken);
    assert_eq!(judgement.standings.len(), 4);
}

#[test]
fn extra_packages_that_keep_still_are_due_and_none_is_ok() {
    assert_eq!(judged_host(Some(&["nginx"]), Some(software(&["nginx", "vim"]))).verdict, Verdict::Due);
    assert_eq!(judged_host(Some(&["nginx", "vim"]), Some(software(&["nginx", "vim"]))).verdict, Verdict::Ok);
    // What the role has and this one has not.
    let judgement = judged_host(Some(&["nginx", "certbot"]), Some(software(&["nginx"])));
    assert_eq!(
        (judgement.verdict, judgement.title.as_str()),
        (Verdict::Due, "1 of its role's packages missing: certbot")
    );
    assert_eq!((judgement.standings.len(), judgement.standings[0].word.as_str()), (1, "missing"));
    // A package of no known source may belong to the role.
    let mut own = software(&["nginx"]);
    own.unsourced = Read::Seen(names(&["vim"]));
    assert_eq!(judged_host(Some(&["nginx", "vim"]), Some(own)).verdict, Verdict::Ok);
}

#[test]
fn without_a_baseline_or_without_an_answer_it_is_unknown() {
    let judgement = judged_host(None, Some(software(&["nginx"])));
    assert_eq!(judgement.verdict, Verdict::Unknown);
    assert!(judgement.mend.unwrap().as_str().contains("matins baseline learn web"));
    // The same words of each server of that role, however much is on it.
    assert_eq!(judgement.title, judged_host(None, Some(software(&["nginx", "vim"]))).title);
    // What is installed is not known: nothing can be said to be there.
    let blind = with_packages(Some(&["nginx"]), Some(software(&["nginx"])), &[]);
    assert_eq!((blind.verdict, blind.title.as_str()), (Verdict::Unknown, "its packages were not read"));
    assert_eq!(with_packages(Some(&["nginx"]), Some(software(&["vim"])), &[]).verdict, Verdict::Due);
    assert_eq!(judged_host(Some(&["nginx"]), None).verdict, Verdict::Unknown);
    let mut unread = software(&["nginx"]);
    unread.chosen = Read::Unreadable(Fault::new("apt-mark failed with 100"));
    assert_eq!(judged_host(Some(&["nginx"]), Some(unread)).verdict, Verdict::Unknown);
    // Which packages listen is not known: the drift is, and the particulars say what is not.
    let mut unheard = software(&["nginx", "vim"]);
    unheard.listening = Read::Unreadable(Fault::new("needs root"));
    let judgement = judged_host(Some(&["nginx"]), Some(unheard));
    assert_eq!(judgement.verdict, Verdict::Due);
    assert!(judgement.detail.as_str().contains("which of them listen is unknown"));
}
