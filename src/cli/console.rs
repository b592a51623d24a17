//! `matins`: the console.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::edge::{CONFIG, Edge, End, Ended, USAGE, now, runtime};
use super::when;
use crate::collect::tools::Tools;
use crate::config::{Location, Settings};
use crate::domain::{Fact, Round, Shown};
use crate::policy::DECISION;
use crate::round::{Desk, Plan, Schedule, Update, opening, read_for, run as schedule};
use crate::store::{Sqlite, Store, StoreError, Watch};
use crate::tui::{self, Console, Fleet, Start, TuiError, resolve_theme};

/// How long the schedule is waited for when the console closes: it ends at once unless it is judging.
const PARTING: Duration = Duration::from_millis(300);
/// How long for the end of something that was done to a server to come into the record.
const RECORDING: Duration = Duration::from_secs(5);

impl From<TuiError> for End {
    fn from(error: TuiError) -> Self {
        Self::new(USAGE, error.to_string())
    }
}

/// Opens on what is stored; the evidence is loaded and the sources are asked behind it.
pub(super) fn run(edge: &Edge, as_of: Option<&str>) -> Ended {
    let (settings, plan, store) = edge.plan()?;
    let as_of = as_of.map(|text| when::past(text, &settings.zone, now())).transpose()?;
    let theme =
        resolve_theme(&settings.theme, Some(&settings.themes)).map_err(|error| End::new(CONFIG, error.to_string()))?;
    let fleet = Fleet {
        servers: settings.register.servers.clone().into(),
        actions: settings.actions,
        persons: persons(&plan),
        longest: plan.limits.of(&DECISION),
        signs: settings.operator.signing_key.is_some(),
    };
    let (zone, file, hints) = (settings.zone.clone(), settings.store.clone(), hints(&settings, edge)?);
    // The tables of a large register would lie in memory all day.
    drop(settings);
    let opening = opening(&plan, &store, now())?.unwrap_or_else(|| empty(&plan));
    let start = Start { round: Arc::new(opening), now: now(), zone: zone.clone(), theme, demo: false, hints, fleet };
    let tools = Arc::new(Tools::new(now)?.in_zone(zone));
    let (orders, for_reader) = unbounded_channel();
    let (onward, inbox) = unbounded_channel();
    let (updates, heard) = unbounded_channel();
    let runtime = runtime()?;
    let (read, answers, of) = (file.clone(), updates.clone(), plan.clone());
    runtime.spawn_blocking(move || {
        let open = || Ok::<_, StoreError>(Box::new(Sqlite::open(&read)?) as Box<dyn Store>);
        read_for(for_reader, &onward, &answers, &of, open);
    });
    let (curtain, opened) = oneshot::channel();
    let (owed, mut owing) = watch::channel(0);
    let own = runtime.handle().clone();
    // A thread of its own: judging takes a moment, in which nobody else waits.
    let scheduling = runtime.spawn_blocking(move || {
        // The screen comes first, on a machine with one processor as well.
        opened.blocking_recv().ok();
        match Desk::cleared(plan, Box::new(store)) {
            Ok(desk) => own.block_on(async {
                let watch = Watch::on(&file).ok();
                schedule(Schedule { desk, tools, orders: inbox, updates, watch, away: as_of.is_some(), owed }).await;
            }),
            // Nobody listens any more when this fails.
            Err(error) => drop(updates.send(Update::Trouble(error.into()))),
        }
    });
    let console =
        Console { start, updates: heard, orders, clock: Arc::new(now), curtain, as_of, signing: signing(edge) };
    let ending = runtime.block_on(async {
        let ending = tui::run(console).await;
        // Hung up, the schedule ends by itself; one that still sleeps while its timers are taken away panics.
        timeout(PARTING, scheduling).await.ok();
        // Judging or not: it says when nothing is owed any more, or is gone.
        timeout(RECORDING, owing.wait_for(|owed| *owed == 0)).await.ok();
        ending
    });
    // A name that doesn't resolve holds a thread of the runtime: nobody waits for it.
    runtime.shutdown_background();
    Ok(ending?.exit_code())
}

/// The same program, with the same configuration.
fn signing(edge: &Edge) -> Vec<OsString> {
    let own = std::env::current_exe().map_or_else(|_| "matins".into(), PathBuf::into_os_string);
    let config = match &edge.location {
        Location::Named(path) => vec!["--config".into(), path.clone().into_os_string()],
        Location::Usual => Vec::new(),
    };
    [vec![own], config, vec!["log".into(), "sign".into()]].concat()
}

/// Who can be named: whoever is still here.
fn persons(plan: &Plan) -> Arc<[Shown]> {
    let today = plan.zone.to_datetime(now()).date();
    let here = |fact: &Fact| !matches!(fact, Fact::PersonDeclared(person) if person.has_left(today));
    plan.register.iter().filter(|one| here(&one.fact)).map(|one| one.subject.name.clone()).collect()
}

/// Before the first round.
fn empty(plan: &Plan) -> Round {
    Round::new(now(), plan.operator.clone(), Vec::new(), Vec::new())
}

/// What else could be configured, for who sees the console for the first time.
fn hints(settings: &Settings, edge: &Edge) -> Result<Vec<Shown>, End> {
    if settings.configured {
        return Ok(Vec::new());
    }
    let folder = format!("`matins init` proposes more; it goes into {}/*.toml:", edge.paths()?.config.display());
    let lines = [
        "No configuration yet: this machine and the public feeds are watched.",
        &folder,
        "  [[server]]  name = \"web1\"           any destination your ssh understands",
        "  [[backup]]  of = [\"web1\"]           restic repositories, snapshot folders",
        "  [[vpn]], [[peer]]                   OpenVPN's status file, who may be on it",
        "  [[service]]                         approved services and their certificates",
        "matins config schema describes every key; matins demo shows a whole fleet.",
    ];
    Ok(lines.into_iter().map(Shown::line).collect())
}
