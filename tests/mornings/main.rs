//! Whole mornings: a register, what its sources answer, what people did before; and the sheet and the exit status that
//! must come of it, in the file beside this one. `MATINS_MORNINGS=write` writes them anew, to be read before they count.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod causes;
mod days;
mod fleet;
mod random;
mod screen;

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use matins::config::{self, Location, Paths};
use matins::domain::{Fault, Finding, Observation, Round, Same, Verdict};
use matins::log::{self, Record};
use matins::report;
use matins::round::{Desk, Plan, owners};
use matins::store::{Attempt, Outcome, Sqlite, Store as _};
use serde_json::Value;

/// An organisation from one morning to the next; its store is a file, so that it can be opened again.
#[derive(Debug)]
struct Week {
    folder: tempfile::TempDir,
    desk: Desk,
}

/// How a source did: what it saw, or why not.
type Answered = Result<Vec<Observation>, Fault>;

impl Week {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        Self { folder, desk }
    }

    /// All sources are asked at once; `changed` says how those of that morning answer that differ from all is well.
    fn round(&mut self, at: &str, changed: impl Fn(&str, Vec<Observation>) -> Answered) -> Round {
        self.round_at(time(at), changed)
    }

    fn round_at(&mut self, now: Timestamp, changed: impl Fn(&str, Vec<Observation>) -> Answered) -> Round {
        for source in self.desk.plan.sources.clone() {
            let outcome = match changed(&source.id.to_string(), fleet::well(&source, now)) {
                Ok(observations) => Outcome::Seen { observations, memory: None },
                Err(fault) => Outcome::Failed(fault),
            };
            self.desk.take(Attempt { id: source.id, asked_at: now, took_ms: 100, outcome }).unwrap();
        }
        self.desk.evaluate(now).unwrap()
    }

    fn desk(&mut self) -> &mut Desk {
        &mut self.desk
    }

    /// What the entries of the log amount to, read one by one.
    fn replayed(&self) -> Record {
        let (_, store) = opened(self.folder.path());
        let (lines, mut record) = (store.log(0).unwrap(), Record::default());
        for (seq, line) in &lines {
            record.take(*seq, line).unwrap();
        }
        assert_eq!(log::verify(lines.iter().map(|(_, line)| line.as_str()), &[]).unwrap(), record.head);
        record
    }

    /// As after a restart.
    fn reopened(mut self) -> Self {
        self.desk = desk(self.folder.path());
        self
    }
}

fn desk(folder: &Path) -> Desk {
    let (plan, store) = opened(folder);
    Desk::open(plan, Box::new(store)).unwrap()
}

fn opened(folder: &Path) -> (Plan, Sqlite) {
    let paths = Paths {
        config: folder.join("config"),
        state: folder.join("state"),
        home: folder.to_owned(),
        login: "mona".into(),
    };
    std::fs::create_dir_all(&paths.config).unwrap();
    std::fs::write(paths.config.join("matins.toml"), fleet::REGISTER).unwrap();
    let settings = config::load(&Location::Usual, &paths, &owners()).unwrap_or_else(|error| panic!("{error}"));
    let mut plan = Plan::new(&settings).unwrap_or_else(|error| panic!("{error}"));
    plan.machine = "console".into();
    (plan, Sqlite::open(&settings.store).unwrap())
}

/// A time in Vienna: `2026-11-25 08:00`.
fn time(text: &str) -> Timestamp {
    let zone = jiff::tz::TimeZone::get("Europe/Vienna").unwrap();
    zone.to_ambiguous_timestamp(text.replace(' ', "T").parse().unwrap()).compatible().unwrap()
}

/// The sheet, which must be the one that is kept; and all who tell of this morning must tell the same.
fn shows(name: &str, week: &mut Week, round: &Round) {
    agree(week, round);
    screen::panels_agree(round);
    let mut sheet = report::plain(round);
    writeln!(sheet, "exit {}", round.verdict().exit_code()).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mornings").join(format!("{name}.txt"));
    if std::env::var_os("MATINS_MORNINGS").is_some_and(|wish| wish == "write") {
        std::fs::write(&file, &sheet).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(sheet == kept, "{} is not this morning's:\n--- kept\n{kept}--- now\n{sheet}", file.display());
}

/// Of one there is no plural.
fn speaks_well(text: &str) {
    for many in [
        "servers",
        "hosts",
        "advisories",
        "packages",
        "measures",
        "vulnerabilities",
        "sources",
        "updates",
        "clients",
        "rules",
        "certificates",
        "days",
    ] {
        for (at, _) in text.match_indices(many) {
            let before = &text[..at];
            let before =
                before.trim_end_matches("exploited ").trim_end_matches("security ").trim_end_matches("Drupal ");
            let one = before
                .strip_suffix("1 ")
                .is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_digit() || ".,".contains(c)));
            assert!(
                !one,
                "{}…{many}",
                before.chars().rev().take(60).collect::<Vec<_>>().iter().rev().collect::<String>()
            );
        }
    }
}

/// `check` judges what is stored anew; the reports, the counts for Prometheus and the console read the round.
fn agree(week: &mut Week, round: &Round) {
    let glance = week.desk().glance(round.at);
    let verdicts = |round: &Round| -> Vec<_> {
        round.findings.iter().map(|finding| (finding.key.clone(), finding.verdict, round.rests(finding))).collect()
    };
    assert_eq!(verdicts(&glance), verdicts(round));
    let json: Value = serde_json::from_str(&report::json(round, &week.desk().particulars().unwrap()).unwrap()).unwrap();
    let told = json["findings"].as_array().unwrap().iter().map(|one| (one["key"].clone(), one["verdict"].clone()));
    let ours = round.findings.iter().map(|one| (Value::from(one.key.as_str()), Value::from(one.verdict.word())));
    assert!(told.eq(ours));
    let (sheet, metrics) = (report::plain(round), report::metrics(round));
    let plugin = report::plugin(round);
    let summed = |family: &str, verdict: Verdict| -> usize {
        let ending = format!("verdict=\"{}\"}} ", verdict.word());
        let lines = metrics.lines().filter(|line| line.starts_with(family));
        lines.filter_map(|line| line.split_once(&ending)).map(|(_, count)| count.parse::<usize>().unwrap()).sum()
    };
    for verdict in Verdict::ALL {
        let counted = summed("matins_findings{", verdict);
        assert_eq!(counted, round.count(verdict));
        let asking = |finding: &&Finding| finding.verdict == verdict && !round.rests(finding);
        let asking = round.findings.iter().filter(asking).count();
        assert_eq!(summed("matins_findings_asking{", verdict), if verdict == Verdict::Ok { 0 } else { asking });
        assert!(plugin.contains(&format!(" {}={counted}", verdict.word())), "{plugin}");
    }
    screen::agrees(round, |verdict| summed("matins_findings_asking{", verdict), &sheet, &metrics);
    speaks_well(&[sheet.as_str(), &plugin, &json.to_string()].concat());
    // What stands under another row stands under one that is there, and that says the same.
    let open = || round.findings.iter().enumerate().filter(|(_, finding)| !round.rests(finding));
    let same = Same::of(open());
    for (at, finding) in open() {
        if let Some(first) = same.first(at) {
            let row = &round.findings[first];
            assert!(first < at && same.first(first).is_none() && !round.rests(row), "{}", finding.key);
            assert_eq!(row.verdict, finding.verdict, "{}", finding.key);
            assert!(row.asks == finding.asks || finding.verdict == Verdict::Unknown, "{}", finding.key);
        }
    }
    // Nothing that is broken and undecided is missing from the sheet.
    for finding in round.findings.iter().filter(|finding| finding.verdict == Verdict::Broken && !round.rests(finding)) {
        assert!(sheet.contains(finding.title.as_str()), "{}", finding.key);
    }
}
