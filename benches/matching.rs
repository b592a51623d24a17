//! Matching a fleet against a tracker of full size: prints milliseconds, judges nothing. `cargo bench --bench matching`
//!
//! - 1,000 servers with 1,000 packages each, no two the same, against 4,000 source packages with 45,000 vulnerabilities
//!   and 6,000 advisories
//! - 10,000 servers that share those lists
//! - beside them debsecan, for one machine: this one

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints its figures")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use matins::domain::facts::{
    AptSeen, Bulletin, BulletinFix, Bulletins, Fix, HostDeclared, HostSeen, Issue, IssueState, Kernel, Package,
    Packages, Reboot, Release, Tracker, Unattended, Urgency,
};
use matins::domain::{
    Declared, Evidence, Fact, Fault, Limits, Observation, Period, Read, Shown, SourceId, SourceRecord, Subject,
    SubjectKind,
};
use matins::policy::matching::{Fleet, Judge, Truth, open};
use matins::policy::{Case, rules};

const SOURCES: usize = 4_000;
const ISSUES: usize = 45_000;
const BULLETINS: usize = 6_000;
const SERVERS: usize = 1_000;
const PACKAGES: usize = 1_000;
const RUNS: usize = 5;

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn main() {
    let mut random = fastrand::Rng::with_seed(7);
    let names: Vec<Shown> = (0..SOURCES).map(|number| format!("source-package-{number}").into()).collect();
    let truth = [tracker(&mut random, &names), bulletins(&mut random, &names)];
    let lists: Vec<Arc<Packages>> = (0..SERVERS).map(|_| list(&mut random, &names)).collect();
    let thousand = evidence(&truth, &lists, SERVERS);
    let ten = evidence(&truth, &lists, SERVERS * 10);
    println!(
        "{SERVERS} servers × {PACKAGES} packages, {SOURCES} sources, {ISSUES} vulnerabilities, {BULLETINS} advisories"
    );
    let (alone, shared) = (matched(&thousand), matched(&ten));
    println!("  matched, 1,000 different servers           {:>8.1} ms   (aim: under 200)", alone.whole());
    alone.print();
    println!(
        "  matched, 10,000 that share their packages  {:>8.1} ms   ({:.2} times; aim: under 1.3)",
        shared.whole(),
        shared.whole() / alone.whole()
    );
    shared.print();
    println!("the rule with all its rows, each naming its servers: matched as above, and judged");
    for (name, evidence, matched) in [("1,000", &thousand, alone), ("10,000", &ten, shared)] {
        let (rows, standings, took) = judged(evidence);
        let rest = took - matched.whole();
        println!(
            "  {name:>6} servers {took:>8.1} ms, of which judged {rest:>8.1} ms: {rows} rows, {standings} standings"
        );
    }
    debsecan();
}

/// The best of some runs, in milliseconds.
fn best(mut run: impl FnMut() -> usize) -> f64 {
    let time = |_| {
        let started = Instant::now();
        std::hint::black_box(run());
        milliseconds(started)
    };
    (0..RUNS).map(time).fold(f64::MAX, f64::min)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// What matching is made of, in milliseconds.
#[derive(Clone, Copy)]
struct Parts {
    /// Which versions of which sources there are.
    gathered: f64,
    /// Each of them against every vulnerability and every advisory, once.
    judged: f64,
    /// The advisories that concern them, server by server.
    placed: f64,
}

impl Parts {
    fn whole(self) -> f64 {
        self.gathered + self.judged + self.placed
    }

    fn print(self) {
        let Self { gathered, judged, placed } = self;
        println!(
            "    versions gathered {gathered:.1}, each judged once {judged:.1}, laid out over servers {placed:.1}"
        );
    }
}

/// Every advisory and every vulnerability against every server; the best of some runs.
fn matched(evidence: &Evidence) -> Parts {
    let run = |_| {
        let started = Instant::now();
        let (fleet, truth) = (Fleet::of(evidence, now()), Truth::of(evidence, now()));
        let gathered = milliseconds(started);
        let started = Instant::now();
        let judge = Judge::new(&fleet, &truth);
        std::hint::black_box(open(&fleet, truth.tracker.as_ref().unwrap().fact));
        let bulletins = truth.bulletins[0].fact.bulletins.iter();
        let recent = |bulletin: &Bulletin| bulletin.date > Some(date(2025, 11, 23));
        let mut concerns: Vec<_> = bulletins.filter_map(|bulletin| judge.concern(bulletin, recent(bulletin))).collect();
        let judged = milliseconds(started);
        let started = Instant::now();
        for concern in &mut concerns {
            judge.place(concern);
        }
        std::hint::black_box(&concerns);
        Parts { gathered, judged, placed: milliseconds(started) }
    };
    (0..RUNS).map(run).min_by(|a, b| a.whole().total_cmp(&b.whole())).unwrap()
}

/// How many rows the rule has, how many things they say of servers, and how long it takes.
fn judged(evidence: &Evidence) -> (usize, usize, f64) {
    let rule = rules::ALL.iter().find(|rule| rule.measure == "advisories").unwrap();
    let limits = Limits::default();
    let judge = || (rule.judge)(&Case { evidence, limits: &limits, now: now(), zone: &TimeZone::UTC });
    let rows = judge();
    let standings = rows.iter().map(|row| row.standings.len()).sum();
    (rows.len(), standings, best(|| judge().len()))
}

/// The same work for this machine, if debsecan is here: mostly the start of Python, and no network.
fn debsecan() {
    let folder = std::env::temp_dir().join(format!("matins-debsecan-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut vulnerabilities, mut rows) = (String::from("VERSION 1\n"), String::new());
    for number in 0..ISSUES {
        writeln!(vulnerabilities, "CVE-2026-{number},,x").unwrap();
        writeln!(rows, "source-package-{},{number},S ? ,1.0-1,1.0-1+deb12u1", random.usize(..SOURCES)).unwrap();
    }
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, format!("{vulnerabilities}\n{rows}\n\n").as_bytes()).unwrap();
    std::fs::write(folder.join("bookworm"), packed.finish().unwrap()).unwrap();
    let source = format!("file://{}/", folder.display());
    let run = || {
        let arguments = ["--config", "/dev/null", "--suite", "bookworm", "--format", "simple", "--source", &source];
        std::process::Command::new("debsecan").args(arguments).output().map(|output| output.stdout.len())
    };
    match run() {
        Err(_) => println!("  debsecan is not installed here"),
        Ok(_) => println!("  debsecan, one machine                      {:>8.1} ms", best(|| run().unwrap_or(0))),
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// `1.0-1`, `1.0-1+deb12u1` … `1.0-1+deb12u4`.
fn version(random: &mut fastrand::Rng) -> Shown {
    match random.u8(..5) {
        0 => "1.0-1".into(),
        update => format!("1.0-1+deb12u{update}").into(),
    }
}

/// As the real one is spread: most sources have a few vulnerabilities, one of ten has many.
fn tracker(random: &mut fastrand::Rng, names: &[Shown]) -> Fact {
    let mut packages: BTreeMap<Shown, Vec<Issue>> = BTreeMap::new();
    for number in 0..ISSUES {
        let source = if random.u8(..4) == 0 { random.usize(..SOURCES) } else { random.usize(..SOURCES / 10) };
        let state = |random: &mut fastrand::Rng| IssueState {
            fix: match random.u8(..10) {
                0 | 1 => Fix::Open,
                2..5 => Fix::NotAffected,
                _ => Fix::In(version(random)),
            },
            urgency: if random.u8(..4) == 0 { Urgency::Unimportant } else { Urgency::NotYetAssigned },
            no_dsa: None,
        };
        let states = (0..5).map(|release| (release, state(random))).collect();
        let id = format!("CVE-2026-{number}").into();
        packages.entry(names[source].clone()).or_default().push(Issue { id, remote: None, states });
    }
    let releases = ["bookworm", "bullseye", "trixie", "forky", "sid"].map(Shown::from).to_vec();
    Fact::DebianTracker(Arc::new(Tracker { releases, packages }))
}

fn bulletins(random: &mut fastrand::Rng, names: &[Shown]) -> Fact {
    let one = |number: usize| {
        let source = names[random.usize(..SOURCES)].clone();
        // Three hundred a year, the newest last.
        let days = i64::try_from((BULLETINS - number) * 6 / 5).unwrap();
        let fix = |random: &mut fastrand::Rng| BulletinFix::In(version(random));
        let fixed = ["bookworm", "bullseye"].map(|release| (release.into(), source.clone(), fix(random))).to_vec();
        Bulletin {
            withdrawn: None,
            id: format!("DSA-{number}-1").into(),
            date: date(2026, 11, 23).checked_sub(days.days()).ok(),
            title: "x - security update".into(),
            cves: (0..4).map(|_| format!("CVE-2026-{}", random.usize(..ISSUES)).into()).collect(),
            fixed,
        }
    };
    Fact::Bulletins(Arc::new(Bulletins { bulletins: (0..BULLETINS).map(one).collect() }))
}

fn list(random: &mut fastrand::Rng, names: &[Shown]) -> Arc<Packages> {
    let package = |number: usize| {
        // Three binaries of a source on average.
        let source = &names[number / 3 * 7 % SOURCES];
        let version = version(random);
        Package {
            name: format!("{source}-{number}").into(),
            version: version.clone(),
            source: source.clone(),
            source_version: version,
        }
    };
    Arc::new(Packages { packages: (0..PACKAGES).map(package).collect() })
}

fn evidence(truth: &[Fact], lists: &[Arc<Packages>], servers: usize) -> Evidence {
    let source = |collector: &str, name: &str, declared: Vec<Declared>, seen: Vec<Observation>| SourceRecord {
        id: SourceId::new(collector, name),
        declared,
        seen,
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(2),
    };
    let mut sources = Vec::new();
    for (number, fact) in truth.iter().enumerate() {
        let subject = Subject::new(SubjectKind::Feed, format!("truth{number}"));
        let seen = vec![Observation { subject, at: now(), fact: fact.clone() }];
        sources.push(source("advisories", &format!("truth{number}"), Vec::new(), seen));
    }
    for number in 0..servers {
        let subject = Subject::host(format!("server{number}"));
        let fact = Fact::HostDeclared(HostDeclared::default());
        let declared = vec![Declared { subject: subject.clone(), fact, place: "register.toml:1".into() }];
        let observed = |fact| Observation { subject: subject.clone(), at: now(), fact };
        let packages = Fact::Packages(lists[number % lists.len()].clone());
        sources.push(source(
            "servers",
            subject.name.as_str(),
            declared,
            vec![observed(Fact::HostSeen(Box::new(host()))), observed(packages)],
        ));
    }
    Evidence { sources, configured: true, ..Evidence::default() }
}

fn host() -> HostSeen {
    let missing = || Fault::new("not asked");
    HostSeen {
        release: Read::Seen(Release {
            id: "debian".into(),
            version: "12".into(),
            codename: "bookworm".into(),
            pretty: "Debian GNU/Linux 12 (bookworm)".into(),
        }),
        kernel: Read::Seen(Kernel { running: "6.1.0-40-amd64".into(), installed: None }),
        pending: Read::Seen(Vec::new()),
        lists_at: Read::Seen(now()),
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
        clock_skew_seconds: Read::Seen(0),
        apt: Read::Seen(AptSeen::default()),
        outdated_services: Read::Seen(Vec::new()),
    }
}
