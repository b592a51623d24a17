//! A year of 100 servers: rounds every morning, each signed; and then two months of a console that is open day and night.
//! Prints how large the store became and how long a round takes to be written; judges nothing. `cargo bench --bench year`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints its figures"
)]

#[allow(dead_code, reason = "shared with the other benches, which use more of it")]
mod fleet;

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use matins::config::{self, Location};
use matins::domain::facts::{Advisory, Fact, FeedKind, FeedSeen};
use matins::domain::{Fault, Observation, SourceId, Subject, SubjectKind};
use matins::round::{Desk, Plan, owners};
use matins::store::{Attempt, Outcome, Sqlite, Store as _};

const SERVERS: usize = 100;
/// Advisories that a feed holds, one of them new each day.
const HELD: usize = 300;

fn main() {
    let folder = fleet::folder("year");
    let mut life = Life::begin(&folder, "2025-11-25T05:00:00Z".parse().unwrap());
    println!("{SERVERS} servers, a round each morning, signed on weekdays:");
    for day in 1..=365 {
        life.round(day);
        life.sign();
        life.at += SignedDuration::from_hours(24);
        if day % 73 == 0 {
            life.say(&format!("after {day} days"));
        }
    }
    println!("then a console day and night, a round each hour:");
    for hour in 1..=60 * 24 {
        life.round(365 + hour / 24);
        if hour % 24 == 0 {
            life.sign();
        }
        life.at += SignedDuration::from_hours(1);
        if hour % (20 * 24) == 0 {
            life.say(&format!("after {} days more", hour / 24));
        }
    }
    life.look_back();
    std::fs::remove_dir_all(&folder).unwrap();
}

struct Life {
    desk: Desk,
    store: std::path::PathBuf,
    began: Timestamp,
    at: Timestamp,
    random: fastrand::Rng,
    rounds: Vec<Duration>,
    thinned: Vec<Duration>,
    findings: usize,
}

impl Life {
    fn begin(folder: &Path, at: Timestamp) -> Self {
        let paths = fleet::paths(folder);
        std::fs::create_dir_all(&paths.config).unwrap();
        std::fs::write(paths.config.join("matins.toml"), toml()).unwrap();
        let settings = config::load(&Location::Usual, &paths, &owners()).unwrap();
        let plan = Plan::new(&settings).unwrap();
        let desk = Desk::open(plan, Box::new(Sqlite::open(&settings.store).unwrap())).unwrap();
        Self {
            desk,
            store: settings.store,
            began: at,
            at,
            random: fastrand::Rng::with_seed(7),
            rounds: Vec::new(),
            thinned: Vec::new(),
            findings: 0,
        }
    }

    /// Everything answers, but for two of a hundred servers; a server gets updates every other week.
    fn round(&mut self, day: usize) {
        let started = Instant::now();
        let ids: Vec<SourceId> = self.desk.plan.sources.iter().map(|source| source.id.clone()).collect();
        for (number, id) in ids.into_iter().enumerate() {
            let observations = match id.collector.as_str() {
                "servers" => fleet::host(&id, number + (day + number) / 14, self.at),
                "feeds" => advisories(day, (self.began, self.at)),
                "backups" => fleet::snapshots(&id, self.at - SignedDuration::from_hours(self.random.i64(0..3))),
                _ => Vec::new(),
            };
            let silent = id.collector == "servers" && self.random.u8(..50) == 0;
            let outcome = if silent {
                Outcome::Failed(Fault::new("ssh: connection timed out"))
            } else {
                Outcome::Seen { observations, memory: None }
            };
            self.desk.take(Attempt { id, asked_at: self.at, took_ms: self.random.u64(50..900), outcome }).unwrap();
        }
        self.findings = self.desk.evaluate(self.at).unwrap().findings.len();
        self.rounds.push(started.elapsed());
        let started = Instant::now();
        self.desk.thin_out(self.at).unwrap();
        self.thinned.push(started.elapsed());
    }

    fn sign(&mut self) {
        let round = self.desk.glance(self.at);
        self.desk.sign(&round, "all quiet".into(), self.at).unwrap();
    }

    fn say(&mut self, when: &str) {
        let size = |ending: &str| {
            let file = format!("{}{ending}", self.store.display());
            std::fs::metadata(file).map_or(0.0, |meta| f64::from(u32::try_from(meta.len() >> 10).unwrap()) / 1024.0)
        };
        let median = |times: &mut Vec<Duration>| {
            times.sort_unstable();
            let (middle, longest) = (times[times.len() / 2], times[times.len() - 1]);
            times.clear();
            format!("{:.0} ms (longest {:.0})", middle.as_secs_f64() * 1e3, longest.as_secs_f64() * 1e3)
        };
        let (rounds, thinned) = (median(&mut self.rounds), median(&mut self.thinned));
        println!(
            "  {when}: {:.1} MiB and {:.1} in the WAL, {} findings; a round kept, judged and written in {rounds}, thinned out in {thinned}",
            size(""),
            size("-wal"),
            self.findings
        );
    }

    fn look_back(&self) {
        for days in [1, 20, 60, 200, 400] {
            let store = Sqlite::open(&self.store).unwrap();
            let started = Instant::now();
            let past = store.past(self.at - SignedDuration::from_hours(24 * days)).unwrap().unwrap();
            let took = started.elapsed().as_secs_f64() * 1e3;
            println!("  {days} days back: {} findings in {took:.0} ms", past.round.findings.len());
            let started = Instant::now();
            let answers = store.answers(past.round.at).unwrap();
            let (took, seen) = (started.elapsed().as_secs_f64() * 1e3, answers.kept.iter().map(|one| one.seen.len()));
            println!("    {} observations in {took:.0} ms, whole: {}", seen.sum::<usize>(), answers.is_whole);
        }
        let connection = rusqlite::Connection::open(&self.store).unwrap();
        let mut tables = connection
            .prepare(
                "SELECT name, sum(pgsize) / 1048576.0, sum(ncell) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12",
            )
            .unwrap();
        let mut rows = tables.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (name, size): (String, f64) = (row.get(0).unwrap(), row.get(1).unwrap());
            println!("  {name:<36} {size:>7.1} MiB");
        }
    }
}

/// The feed of a day: what came before, and one more.
fn advisories(day: usize, (began, now): (Timestamp, Timestamp)) -> Vec<Observation> {
    let one = |n: usize| {
        let published = began + SignedDuration::from_hours(24 * (i64::try_from(n).unwrap() - 300));
        let fact = Fact::Advisory(Advisory {
            feed: FeedKind::Debian,
            title: format!("DSA-{n}-1 package{n} security update").into(),
            published: Some(published),
            packages: vec![format!("package{}", n % 1_500).into()],
            aliases: Vec::new(),
            risk: None,
            affected: None,
            summary: "Several vulnerabilities were found, which may lead to the execution of arbitrary code.".into(),
            links: Vec::new(),
        });
        Observation { subject: Subject::new(SubjectKind::Advisory, format!("DSA-{n}-1")), at: now, fact }
    };
    let feed = Fact::FeedSeen(FeedSeen { items: u32::try_from(HELD).unwrap(), left_out: 0 });
    let mut all: Vec<Observation> = (day..day + HELD).map(one).collect();
    all.push(Observation { subject: Subject::new(SubjectKind::Feed, "one"), at: now, fact: feed });
    all
}

fn toml() -> String {
    let mut text = String::from("[console]\ntimezone = \"Europe/Vienna\"\n");
    writeln!(text, "[[feed]]\nname = \"one\"\nkind = \"debian\"\nurl = \"https://127.0.0.1:1/one\"\nevery = \"12h\"")
        .unwrap();
    for server in 0..SERVERS {
        writeln!(text, "[[server]]\nname = \"server{server:03}\"\nssh = \"127.0.0.1\"").unwrap();
        writeln!(text, "[[backup]]\nname = \"snapshots {server:03}\"\nof = [\"server{server:03}\"]\nkind = \"directory\"\npath = \"/nonexistent/{server}\"\nslots = [\"last night\"]").unwrap();
    }
    text
}
