//! `matins round`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::edge::{Edge, End, Ended, INTERRUPTED, IO, USAGE, complain, desk, interrupted, now, print, runtime};
use super::lock::Lock;
use crate::collect::tools::Tools;
use crate::domain::Fault;
use crate::report;
use crate::round::{Desk, Pass, Passed, Recording, Step, pass, tell};

/// How long to wait for another process that writes: nobody waits for this one.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print the round as one JSON object.
    #[arg(long)]
    json: bool,
    /// Ask only these sources, by name, collector or collector/name; the rest is judged as it was.
    #[arg(long, value_name = "SOURCE", num_args = 1..)]
    only: Vec<String>,
    /// Also write the counts for Prometheus' textfile collector, over what is there.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Also write all evidence and its history to a new file, to be opened with `matins demo FILE`.
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let (settings, plan, store) = edge.plan()?;
    let wanted = Pass { only: arguments.only.clone() };
    if !plan.sources.iter().any(|source| wanted.wants(&source.id)) && !wanted.only.is_empty() {
        let names: Vec<String> = plan.sources.iter().map(|source| source.id.to_string()).collect();
        return Err(End::new(
            USAGE,
            format!("no source is called {}; there are: {}", wanted.only.join(" or "), names.join(", ")),
        ));
    }
    let lock = Lock::take(&settings.store)?;
    let mut desk = desk(plan, store.patient(PATIENCE)?)?;
    let tools = Arc::new(Tools::new(now)?.in_zone(settings.zone));
    let runtime = runtime()?;
    let passed = runtime.block_on(pass(&mut desk, &tools, &wanted, interrupted(), progress));
    if let Some(passed) = &passed {
        // A ping vouches for a round that is there afterwards.
        let complete = wanted.only.is_empty() && passed.unkept.is_none();
        let told = runtime.block_on(async {
            tokio::select! {
                told = tell(&mut desk, &tools, &passed.round, complete) => told,
                () = interrupted() => Ok(vec![Fault::new("interrupted: who was not told is told after the next round")]),
            }
        });
        // The round itself is good.
        for fault in told.unwrap_or_else(|error| vec![error.into()]) {
            complain(&End::from(fault).said);
        }
    }
    if passed.as_ref().is_none_or(|passed| passed.unkept.is_none())
        && let Err(error) = desk.thin_out(now())
    {
        // The next round tries again; nothing is lost by keeping too much.
        complain(&End::from(error).said);
    }
    drop(lock);
    let Some(passed) = passed else { return Err(End::new(INTERRUPTED, "interrupted; what had arrived is kept")) };
    written(&desk, passed, arguments)
}

/// Tells of the round in every way that was asked for, also of one that could not be kept: that is said last.
fn written(desk: &Desk, passed: Passed, arguments: &Arguments) -> Ended {
    let Passed { round, unkept, particulars } = passed;
    if let Some(path) = &arguments.evidence {
        write_evidence(path, &Recording::of(desk, &round)?)?;
    }
    if let Some(path) = &arguments.metrics {
        write_metrics(path, &report::metrics(&round))?;
    }
    let text = if arguments.json {
        let particulars = particulars.map_or_else(|| desk.particulars(), Ok)?;
        report::json(&round, &particulars).map_err(|error| End::new(IO, error.to_string()))? + "\n"
    } else {
        report::plain(&round)
    };
    print(&text)?;
    match unkept {
        None => Ok(round.verdict().exit_code()),
        Some(error) => {
            let End { code, said } = End::from(error);
            Err(End::new(code, format!("not all of this round could be kept: {said}")))
        }
    }
}

fn progress(step: Step<'_>) {
    let said = step.fault.map_or_else(|| "ok".to_owned(), |fault| fault.said.to_string());
    // Progress is for people; when nobody can read it the round goes on.
    writeln!(std::io::stderr().lock(), "[{}/{}] {} {} ms: {said}", step.done, step.of, step.id, step.took_ms).ok();
}

/// Never over something that is there.
fn write_evidence(path: &Path, recording: &Recording) -> Result<(), End> {
    let wrong = |error: &dyn std::fmt::Display| End::new(IO, format!("{} can't be written: {error}", path.display()));
    let json = serde_json::to_vec(recording).map_err(|error| wrong(&error))?;
    let mut file = std::fs::File::create_new(path).map_err(|error| wrong(&error))?;
    file.write_all(&json).and_then(|()| file.sync_all()).map_err(|error| wrong(&error))
}

/// Whole or not at all: the collector may read at any moment, as another user. There are only counts and the names of
/// sources in it.
fn write_metrics(path: &Path, text: &str) -> Result<(), End> {
    let wrong = |error: std::io::Error| End::new(IO, format!("{} can't be written: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".matins-").tempfile_in(folder).map_err(wrong)?;
    let readable = std::fs::Permissions::from_mode(0o644);
    let written = file.write_all(text.as_bytes()).and_then(|()| file.as_file().set_permissions(readable));
    written.and_then(|()| file.persist(path).map(drop).map_err(|error| error.error)).map_err(wrong)
}
