//! Advisories against the lab's hosts: one with real pending security updates, and the same tree after apt installed them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use libtest_mimic::Trial;
use matins::collect::tools::Tools;
use matins::collect::tools::shell::Shell;
use matins::collect::{ALL, Answer};
use matins::domain::facts::{Bulletin, BulletinFix, Bulletins, Packages, TruthDeclared};
use matins::domain::register::{Destination, Register, Server};
use matins::domain::{
    Declared, Evidence, Fact, Judgement, Limits, Observation, Period, SourceId, SourceRecord, Subject, SubjectKind,
    Verdict,
};
use matins::policy::Case;

use super::Lab;

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let lab = lab.clone();
    let name = "advisories: what is vulnerable before apt installs it is fixed afterwards";
    vec![Trial::test(name, move || {
        before_and_after(&lab);
        Ok(())
    })]
}

fn now() -> Timestamp {
    std::time::SystemTime::now().try_into().unwrap()
}

fn record(id: SourceId, declared: Vec<Declared>, seen: Vec<Observation>) -> SourceRecord {
    SourceRecord {
        id,
        declared,
        seen,
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(1),
    }
}

/// The host as the collector sees it over ssh.
fn host(lab: &Lab, name: &str) -> SourceRecord {
    let mut server = Server::local();
    server.name = name.into();
    server.ssh = Some(Destination::parse(name).unwrap());
    let register = Register { configured: true, persons: Vec::new(), servers: vec![server] };
    let collector = ALL.iter().find(|collector| collector.name == "servers").unwrap();
    let source = (collector.plan)(&[], &register, Period::minutes(15)).unwrap().remove(0);
    let mut tools = Tools::new(now).unwrap();
    // No connection is kept: without a folder for sockets none can be.
    tools.shell = Shell::with(lab.path("bin/ssh"), None);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(source.ask.ask(&tools, None)).unwrap();
    let Answer::Seen { observations, .. } = answer else { panic!("{name} said nothing new") };
    record(source.id, source.declared, observations)
}

fn versions(host: &SourceRecord) -> BTreeMap<String, String> {
    let packages = |seen: &Observation| match &seen.fact {
        Fact::Packages(packages) => Some(packages.clone()),
        _ => None,
    };
    let packages: Arc<Packages> = host.seen.iter().find_map(packages).unwrap();
    packages.packages.iter().map(|one| (one.source.to_string(), one.source_version.to_string())).collect()
}

/// One advisory for each source package whose version in the security suite is newer than the first host's.
fn list(before: &SourceRecord, after: &SourceRecord) -> SourceRecord {
    let newer = versions(after);
    let differ = versions(before).into_iter().filter_map(|(source, old)| {
        let new = newer.get(&source).filter(|new| **new != old)?.clone();
        Some((source, new))
    });
    let bulletins: Vec<Bulletin> = differ
        .zip(9_001..)
        .map(|((source, fixed), number)| Bulletin {
            withdrawn: None,
            id: format!("DSA-{number}-1").into(),
            date: "2026-01-05".parse().ok(),
            title: format!("{source} - security update").into(),
            cves: Vec::new(),
            fixed: vec![("bookworm".into(), source.into(), BulletinFix::In(fixed.into()))],
        })
        .collect();
    let subject = Subject::new(SubjectKind::Feed, "debian_dsa");
    let fact = Fact::TruthDeclared(TruthDeclared {
        key: "debian_dsa".into(),
        url: "file:///list".into(),
        ..TruthDeclared::default()
    });
    let declared = vec![Declared { subject: subject.clone(), fact, place: "register.toml:1".into() }];
    let seen = Observation { subject, at: now(), fact: Fact::Bulletins(Arc::new(Bulletins { bulletins })) };
    record(SourceId::new("advisories", "debian_dsa"), declared, vec![seen])
}

fn judged(sources: Vec<SourceRecord>) -> Vec<Judgement> {
    let evidence = Evidence { sources, configured: true, ..Evidence::default() };
    let rule = matins::policy::rules::ALL.iter().find(|rule| rule.measure == "advisories").unwrap();
    let all = (rule.judge)(&Case { evidence: &evidence, limits: &Limits::default(), now: now(), zone: &TimeZone::UTC });
    all.into_iter().filter(|one| one.subject.name.as_str().starts_with("DSA-")).collect()
}

fn before_and_after(lab: &Lab) {
    let (before, after) = (host(lab, "lab2"), host(lab, "lab1"));
    let list = list(&before, &after);
    let rows = judged(vec![list.clone(), before.clone()]);
    assert!(!rows.is_empty(), "lab2 has no pending security updates");
    for row in &rows {
        assert_eq!(row.verdict, Verdict::Broken, "{}", row.title);
        assert!(row.title.as_str().contains("1 of 1 server vulnerable · fix "), "{}", row.title);
    }
    // The same tree after a real run of unattended-upgrades and apt-get dist-upgrade.
    for row in judged(vec![list.clone(), after.clone()]) {
        assert_eq!(row.verdict, Verdict::Ok, "{}", row.title);
        assert!(row.title.as_str().ends_with("fixed on 1 of 1 server"), "{}", row.title);
    }
    for row in judged(vec![list, before, after]) {
        assert!(row.title.as_str().contains("1 of 2 servers vulnerable"), "{}", row.title);
        let word = |item: &str| row.standings.iter().find(|one| one.item == *item).map(|one| one.word.to_string());
        assert_eq!(word("host lab2").as_deref(), Some("vulnerable"));
        assert_eq!(word("host lab1").as_deref(), Some("fixed"));
    }
}
