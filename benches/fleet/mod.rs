//! A store as large as a real fleet's: 500 servers with ten package lists among them, 8,000 advisories, backups, VPN;
//! about 10,000 findings. Made through the same doors as real answers: configuration, desk, store.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use matins::config::{self, Location, Paths};
use matins::domain::facts::{
    Advisory, AptSeen, Fact, FeedKind, FeedSeen, HostSeen, Kernel, Package, Packages, Pending, Reboot, Release,
    Snapshot, Snapshots, Unattended, UnattendedRun,
};
use matins::domain::{Observation, Read, Round, Shown, SourceId, Subject, SubjectKind};
use matins::round::{Desk, Plan, owners};
use matins::store::{Attempt, Outcome, Sqlite};

pub const SERVERS: usize = 500;
const ADVISORIES: usize = 4_000;
const PACKAGES: usize = 1_000;

/// The folder of a fleet: `config/` and `state/` in it.
pub fn paths(folder: &Path) -> Paths {
    Paths {
        config: folder.join("config/matins"),
        state: folder.join("state/matins"),
        home: folder.to_owned(),
        login: "bench".into(),
    }
}

/// Writes the configuration and fills the store, as if everything had answered just now.
pub fn make(folder: &Path, now: Timestamp) -> Round {
    let paths = paths(folder);
    std::fs::create_dir_all(&paths.config).unwrap();
    std::fs::write(paths.config.join("matins.toml"), toml()).unwrap();
    let settings = config::load(&Location::Usual, &paths, &owners()).unwrap();
    let plan = Plan::new(&settings).unwrap();
    let ids: Vec<SourceId> = plan.sources.iter().map(|source| source.id.clone()).collect();
    let mut desk = Desk::open(plan, Box::new(Sqlite::open(&settings.store).unwrap())).unwrap();
    for (number, id) in ids.into_iter().enumerate() {
        let observations = match id.collector.as_str() {
            "servers" => host(&id, number, now),
            "feeds" => advisories(&id, now),
            "backups" => snapshots(&id, now),
            _ => Vec::new(),
        };
        desk.take(Attempt { id, asked_at: now, took_ms: 100, outcome: Outcome::Seen { observations, memory: None } })
            .unwrap();
    }
    desk.evaluate(now).unwrap()
}

/// Prints what opening is made of.
pub fn phases(folder: &Path) {
    let started = std::time::Instant::now();
    let say = |what: &str| println!("  {what:<42} after {:>7.1} ms", started.elapsed().as_secs_f64() * 1e3);
    let paths = paths(folder);
    let settings = config::load(&Location::Usual, &paths, &owners()).unwrap();
    say("configuration read");
    let plan = Plan::new(&settings).unwrap();
    say("planned");
    let store = Sqlite::open(&settings.store).unwrap();
    say("store opened");
    let round = matins::store::Store::last(&store).unwrap().unwrap();
    say("last round read");
    let mut desk = Desk::open(plan, Box::new(store)).unwrap();
    say("evidence read");
    desk.judge(round.at);
    say("judged");
    desk.evaluate(round.at).unwrap();
    say("judged again and recorded");
}

fn toml() -> String {
    let mut text = String::from("[console]\ntimezone = \"Europe/Vienna\"\nrefresh = \"12h\"\n");
    for feed in ["one", "two"] {
        writeln!(
            text,
            "[[feed]]\nname = \"{feed}\"\nkind = \"debian\"\nurl = \"https://127.0.0.1:1/{feed}\"\nevery = \"12h\""
        )
        .unwrap();
    }
    for server in 0..SERVERS {
        writeln!(text, "[[server]]\nname = \"server{server:03}\"\nssh = \"127.0.0.1\"").unwrap();
        writeln!(text, "[[backup]]\nname = \"snapshots {server:03}\"\nof = [\"server{server:03}\"]\nkind = \"directory\"\npath = \"/nonexistent/{server}\"\nslots = [\"last night\"]").unwrap();
    }
    text
}

/// What a server answers; the number says which of ten package lists it has, and what is pending.
pub fn host(id: &SourceId, number: usize, now: Timestamp) -> Vec<Observation> {
    let subject = Subject::host(id.name.clone());
    let pending = |n: usize| Pending {
        package: format!("package{n}").into(),
        installed: Some("1.0-1".into()),
        candidate: "1.0-1+deb12u1".into(),
        security: n.is_multiple_of(2),
        pinned: false,
        origin: "Debian-Security:12/stable-security".into(),
    };
    let seen = HostSeen {
        release: Read::Seen(Release {
            id: "debian".into(),
            version: "12".into(),
            codename: "bookworm".into(),
            pretty: "Debian GNU/Linux 12".into(),
        }),
        kernel: Read::Seen(Kernel { running: "6.1.0-40-amd64".into(), installed: Some("6.1.0-41-amd64".into()) }),
        pending: Read::Seen((0..number % 7).map(pending).collect()),
        lists_at: Read::Seen(now - SignedDuration::from_hours(3)),
        reboot: Read::Seen(Reboot { flag: None, kernel: number.is_multiple_of(3), needrestart: None }),
        unattended: Read::Seen(Unattended {
            installed: true,
            enabled: !number.is_multiple_of(50),
            covers_security: Some(true),
            covers_doubt: None,
            last: Read::Seen(Some(UnattendedRun {
                at: now - SignedDuration::from_hours(5),
                failed: false,
                said: "All upgrades installed".into(),
                causes: Vec::new(),
                kept: Vec::new(),
            })),
        }),
        half_configured: Read::Seen(Vec::new()),
        held: Read::Seen(Vec::new()),
        uptime_seconds: Read::Seen(1_000_000),
        apt: Read::Seen(AptSeen::default()),
        outdated_services: Read::Seen(Vec::new()),
        clock_skew_seconds: Read::Seen(0),
    };
    let list = (0..PACKAGES).map(|n| {
        let name: Shown = format!("package{}", n + number % 10).into();
        Package { name: name.clone(), version: "1.0-1".into(), source: name, source_version: "1.0-1".into() }
    });
    let packages = Packages { packages: list.collect() };
    vec![
        Observation { subject: subject.clone(), at: now, fact: Fact::HostSeen(Box::new(seen)) },
        Observation { subject, at: now, fact: Fact::Packages(packages.into()) },
    ]
}

fn advisories(id: &SourceId, now: Timestamp) -> Vec<Observation> {
    let start = if id.name == "one" { 0 } else { ADVISORIES };
    let one = |n: usize| {
        let fact = Fact::Advisory(Advisory {
            feed: FeedKind::Debian,
            title: format!("DSA-{n}-1 package{} security update", n % 1_500).into(),
            published: Some(now - SignedDuration::from_hours(i64::try_from(n).unwrap())),
            packages: vec![format!("package{}", n % 1_500).into()],
            aliases: Vec::new(),
            risk: None,
            affected: None,
            summary: "Several vulnerabilities were found, which may lead to the execution of arbitrary code.".into(),
            links: Vec::new(),
        });
        Observation { subject: Subject::new(SubjectKind::Advisory, format!("DSA-{n}-1")), at: now, fact }
    };
    let feed = Fact::FeedSeen(FeedSeen { items: u32::try_from(ADVISORIES).unwrap(), left_out: 0 });
    let mut all: Vec<Observation> = (start..start + ADVISORIES).map(one).collect();
    all.push(Observation { subject: Subject::new(SubjectKind::Feed, id.name.clone()), at: now, fact: feed });
    all
}

/// A folder of a snapshot each night.
pub fn snapshots(id: &SourceId, now: Timestamp) -> Vec<Observation> {
    let snapshots =
        (0..20_i64).map(|day| Snapshot::new(format!("night {day}"), now - SignedDuration::from_hours(24 * day + 4)));
    let fact = Fact::Snapshots(Snapshots { snapshots: snapshots.collect(), ..Snapshots::default() });
    vec![Observation { subject: Subject::new(SubjectKind::Backup, id.name.clone()), at: now, fact }]
}

/// A folder that is removed by the caller.
pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("matins-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
