//! Matching beside `debsecan`, the peer that does the same for one machine: the same packages, the same tracker, the same set
//! of (package, vulnerability). The packages are this machine's own, read by the probe; the tracker is made up for them,
//! once as our fact and once in debsecan's format, from versions whose order is known because they were made from each
//! other.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::{ALL, Answer};
use matins::domain::facts::{Fix, Issue, IssueState, Packages, Tracker, Urgency};
use matins::domain::register::Register;
use matins::domain::{Evidence, Fact, Observation, Period, Shown, SourceRecord};
use matins::policy::matching::{Fleet, open};

fn now() -> Timestamp {
    std::time::SystemTime::now().try_into().unwrap()
}

/// This machine as the console sees it.
fn this_machine() -> SourceRecord {
    let register = Register { configured: false, persons: Vec::new(), servers: Vec::new() };
    let collector = ALL.iter().find(|collector| collector.name == "servers").unwrap();
    let source = (collector.plan)(&[], &register, Period::minutes(15)).unwrap().remove(0);
    let tools = Tools::new(now).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Ok(Answer::Seen { observations, .. }) = runtime.block_on(source.ask.ask(&tools, None)) else {
        panic!("this machine did not answer")
    };
    SourceRecord {
        stale_after: source.stale_after(),
        id: source.id,
        declared: source.declared,
        seen: observations,
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: None,
        fault: None,
        failures: 0,
    }
}

fn packages(seen: &[Observation]) -> &Packages {
    let find = |observation: &Observation| matches!(observation.fact, Fact::Packages(_));
    match &seen.iter().find(|observation| find(observation)).unwrap().fact {
        Fact::Packages(packages) => packages,
        _ => unreachable!("it was just found"),
    }
}

/// One vulnerability of one source package, and which of the versions that Debian has of it hold the fix.
struct Made {
    issue: Issue,
    /// As debsecan wants it: the version of unstable that holds the fix, and versions of the release that do.
    unstable: String,
    others: Vec<String>,
    fixed: bool,
}

/// What may be so with an installed version `v`, beside which Debian has an older and a newer one.
fn make(random: &mut fastrand::Rng, number: usize, version: &str) -> Made {
    let (older, newer, sid) = (format!("{version}~old"), format!("{version}+deb12u9"), format!("{version}+sid1"));
    let all = || vec![older.clone(), version.to_owned(), newer.clone()];
    let (fix, unstable, others) = match random.u8(..7) {
        0 => (Fix::In(newer.clone().into()), sid, vec![newer]),
        1 => (Fix::In(version.into()), sid, vec![version.to_owned(), newer]),
        2 => (Fix::In(older.clone().into()), sid, all()),
        3 => (Fix::NotAffected, sid, all()),
        4 => (Fix::Open, sid, vec![]),
        5 => (Fix::Open, String::new(), vec![]),
        // Fixed in unstable before it came into the release.
        _ => (Fix::In(older.clone().into()), older, vec![]),
    };
    let fixed = matches!(fix, Fix::In(_));
    let state = IssueState { fix, urgency: Urgency::NotYetAssigned, no_dsa: None };
    let id = format!("CVE-2026-{}", 10_000 + number).into();
    Made { issue: Issue { id, remote: None, states: vec![(0, state)] }, unstable, others, fixed }
}

fn made(packages: &Packages) -> BTreeMap<String, Vec<Made>> {
    let mut random = fastrand::Rng::with_seed(20_261_125);
    let mut versions: BTreeMap<&str, &str> = BTreeMap::new();
    for package in &packages.packages {
        versions.insert(package.source.as_str(), package.source_version.as_str());
    }
    let mut number = 0;
    let mut of = |version: &str| -> Vec<Made> {
        let count = random.usize(1..12);
        (0..count)
            .map(|_| {
                number += 1;
                make(&mut random, number, version)
            })
            .collect()
    };
    versions.into_iter().map(|(source, version)| (source.to_owned(), of(version))).collect()
}

/// debsecan's own file: vulnerabilities, then source packages with their versions, then binaries of sources.
fn debsecan_file(made: &BTreeMap<String, Vec<Made>>) -> Vec<u8> {
    let (mut names, mut rows) = (String::from("VERSION 1\n"), String::new());
    for (number, (source, made)) in
        made.iter().flat_map(|(source, all)| all.iter().map(move |one| (source, one))).enumerate()
    {
        writeln!(names, "{},,made up", made.issue.id).unwrap();
        let fixed = if made.fixed { 'F' } else { ' ' };
        writeln!(rows, "{source},{number},S ?{fixed},{},{}", made.unstable, made.others.join(" ")).unwrap();
    }
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(format!("{names}\n{rows}\n\n").as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// Its answer: `CVE package` a line.
fn by_debsecan(folder: &Path, status: &Path) -> BTreeSet<(String, String)> {
    let source = format!("file://{}/", folder.display());
    let output = Command::new("debsecan")
        .args(["--config", "/dev/null", "--whitelist", "/nonexistent", "--suite", "bookworm", "--format", "simple"])
        .args(["--source", &source, "--status"])
        .arg(status)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let pair = |line: &str| line.split_once(' ').map(|(cve, package)| (package.to_owned(), cve.to_owned()));
    text.lines().filter_map(pair).collect()
}

fn ours(record: SourceRecord, tracker: &Tracker) -> BTreeSet<(String, String)> {
    let evidence = Evidence { sources: vec![record], configured: true, ..Evidence::default() };
    let fleet = Fleet::of(&evidence, now());
    let installed = packages(&evidence.sources[0].seen);
    let mut pairs = BTreeSet::new();
    for one in open(&fleet, tracker) {
        let carries = |package: &&matins::domain::facts::Package| {
            package.source == *one.source && package.source_version == *one.version
        };
        for package in installed.packages.iter().filter(carries) {
            pairs.insert((package.name.to_string(), one.issue.id.to_string()));
        }
    }
    pairs
}

#[test]
fn the_same_vulnerabilities_as_debsecan() {
    let status = Path::new("/var/lib/dpkg/status");
    if Command::new("debsecan").arg("--help").output().is_err() || !status.exists() {
        eprintln!("skipped: debsecan is not installed here");
        return;
    }
    let mut machine = this_machine();
    let host = machine.seen.iter_mut().find_map(|seen| match &mut seen.fact {
        Fact::HostSeen(host) => Some(host),
        _ => None,
    });
    // The tracker made here is of one release, whichever this machine has.
    if let matins::domain::Read::Seen(release) = &mut host.unwrap().release {
        (release.id, release.codename) = ("debian".into(), "bookworm".into());
    }
    let made = made(packages(&machine.seen));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bookworm"), debsecan_file(&made)).unwrap();
    let issues = |all: &Vec<Made>| all.iter().map(|one| one.issue.clone()).collect();
    let tracker = Tracker {
        releases: vec!["bookworm".into()],
        packages: made.iter().map(|(source, all)| (Shown::line(source), issues(all))).collect(),
    };
    let theirs = by_debsecan(folder.path(), status);
    let installed = Arc::new(packages(&machine.seen).clone());
    let ours = ours(machine, &tracker);
    let source_of = |name: &str| {
        let found = installed.packages.iter().find(|package| package.name == *name);
        found.map_or_else(String::new, |package| package.source.to_string())
    };
    let only_ours: Vec<_> = ours.difference(&theirs).collect();
    let only_theirs: Vec<_> = theirs.difference(&ours).collect();
    println!(
        "{} pairs of both, {} only ours, {} only debsecan's",
        ours.intersection(&theirs).count(),
        only_ours.len(),
        only_theirs.len()
    );
    assert!(theirs.len() > 500, "debsecan found only {}", theirs.len());
    assert_eq!(only_ours, Vec::<&(String, String)>::new());
    let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
    for (package, cve) in only_theirs {
        let source = source_of(package);
        // Headers and tools that are built from the kernel's source run no kernel: debsecan counts them, we don't.
        let kernel = source == "linux" || source.starts_with("linux-signed-") || source.starts_with("linux-6");
        let rebuilt = kernel && !package.starts_with("linux-image-");
        // Of a version from backports its release's tracker says nothing; debsecan measures it by unstable's.
        let backport =
            installed.packages.iter().any(|one| one.name == **package && one.source_version.as_str().contains("~bpo"));
        let why = match (rebuilt, backport) {
            (true, _) => "built from the kernel's source and no kernel",
            (_, true) => "from backports",
            _ => panic!("{package} ({source}): only debsecan calls {cve} vulnerable"),
        };
        *explained.entry(why).or_default() += 1;
    }
    for (why, count) in explained {
        println!("{count} only debsecan's: {why}");
    }
}
