//! `matins drill`: tries a restore and records how it went; `matins backup verified`: records that somebody checked a
//! repository.

mod by_hand;

use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::decide::refused;
use super::edge::{Edge, End, Ended, INTERRUPTED, USAGE, desk, interrupted, now, print, runtime, whole};
use crate::collect::backups::COLLECTOR;
use crate::collect::backups::drill::{Order, Tried, choose, try_restore};
use crate::collect::tools::Tools;
use crate::config::Settings;
use crate::domain::{Attestation, Fault, Period, Shown, counted};

/// How long a drill counts where the register says nothing.
const COUNTS: Period = Period::days(365);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The [[backup]] whose snapshot is restored into a scratch folder, which is removed again.
    name: String,
    /// Whose snapshot, where the backup keeps several servers.
    #[arg(long)]
    server: Option<String>,
    /// This snapshot instead of the newest.
    #[arg(long, value_name = "ID")]
    snapshot: Option<String>,
    /// Restore and compare only this; may be given several times.
    #[arg(long, value_name = "PATH")]
    path: Vec<String>,
    /// As many files are compared with the server's.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    sample: usize,
    /// Make the scratch folder in this folder.
    #[arg(long, value_name = "FOLDER")]
    within: Option<PathBuf>,
    /// Give up after this long.
    #[arg(long, value_name = "TIME", default_value = "4h")]
    deadline: Period,
    /// Restore it yourself, guided and with a stopwatch: for what can't be restored into a folder here.
    #[arg(long, conflicts_with_all = ["path", "within", "sample", "deadline"])]
    by_hand: bool,
    /// Print the result without recording it.
    #[arg(long)]
    no_record: bool,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum BackupCommand {
    /// Records that you checked a repository now (restic check --read-data, borg check --verify-data …).
    Verified {
        /// The [[backup]].
        name: String,
        /// How.
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let (settings, plan, store) = edge.plan()?;
    if let Some(path) = arguments.path.iter().find(|path| !path.starts_with('/')) {
        return Err(End::new(USAGE, format!("{}: write an absolute path", Shown::line(path).cut(200))));
    }
    let order = Order {
        backup: arguments.name.clone(),
        server: arguments.server.clone(),
        snapshot: arguments.snapshot.clone(),
        paths: arguments.path.clone(),
        sample: arguments.sample.clamp(1, 2_000),
        within: arguments.within.clone(),
        deadline: Duration::from_secs(u64::try_from(arguments.deadline.as_seconds()).unwrap_or(u64::MAX)),
    };
    let (tried, note) = if arguments.by_hand {
        led(&settings, &order)?
    } else {
        (runtime()?.block_on(interruptible(&settings, &order))?, None)
    };
    let verdict = verdict(&tried);
    let mut said = words(&tried, &verdict);
    if !arguments.no_record {
        let at = now();
        let ends = tried.expect.drill.unwrap_or(COUNTS).as_duration();
        let attestation = Attestation {
            measure: "restore".into(),
            subject: tried.server.clone(),
            until: at.checked_add(ends).unwrap_or(jiff::Timestamp::MAX),
            note: note.unwrap_or_else(|| Shown::line(verdict.as_ref().map_or_else(String::as_str, String::as_str))),
            file: None,
            drill: Some(tried.drill),
        };
        let written = desk(plan, store)?.attest(attestation, at).map_err(refused)?;
        said = format!("{said}recorded; entry {} {}\n", written.head.seq, written.head.hash);
    }
    print(&said)?;
    Ok(if verdict.is_ok() { 0 } else { 2 })
}

/// With what a person has to say to it.
fn led(settings: &Settings, order: &Order) -> Result<(Tried, Option<Shown>), End> {
    let tools = Tools::new(now)?.in_zone(settings.zone.clone());
    let entries = settings.entries(COLLECTOR.sections);
    let chosen = runtime()?.block_on(choose(&entries, &settings.register, order, &tools))?;
    let (tried, note) = by_hand::lead(chosen, &order.backup, &settings.zone)?;
    Ok((tried, Some(note)))
}

/// Ctrl-C and a polite end drop the drill, which removes what it made.
async fn interruptible(settings: &Settings, order: &Order) -> Result<Tried, End> {
    let tools = Tools::new(now)?.in_zone(settings.zone.clone());
    let entries = settings.entries(COLLECTOR.sections);
    let mut ended = signal(SignalKind::terminate()).map_err(|error| Fault::new(format!("signals: {error}")))?;
    tokio::select! {
        tried = try_restore(&entries, &settings.register, order, &tools) => Ok(tried?),
        () = interrupted() => Err(End::new(INTERRUPTED, "interrupted; the scratch folder is removed")),
        _ = ended.recv() => Err(End::new(INTERRUPTED, "ended; the scratch folder is removed")),
    }
}

/// How it went, in a line: well, or not.
fn verdict(tried: &Tried) -> Result<String, String> {
    let drill = &tried.drill;
    if let Some(failed) = &drill.failed {
        return Err(failed.to_string());
    }
    let took = format!("restored in {}", span(drill.seconds));
    let within = tried.expect.restore_within.filter(|_| drill.whole);
    match within {
        Some(within) if i64::try_from(drill.seconds).unwrap_or(i64::MAX) > within.as_seconds() => {
            Err(format!("{took}, promised within {within}"))
        }
        Some(within) => Ok(format!("{took}, promised within {within}")),
        None => Ok(took),
    }
}

fn words(tried: &Tried, verdict: &Result<String, String>) -> String {
    let drill = &tried.drill;
    let (word, line) = match verdict {
        Ok(said) => ("ok", said),
        Err(said) => ("broken", said),
    };
    let part = if drill.whole { "" } else { " (a part of it)" };
    let head = format!("{word}: {} of {} from {}{part}: {line}\n", drill.snapshot, tried.server, drill.backup);
    if drill.files == 0 {
        // By hand, or nothing came back: nothing was compared.
        return head;
    }
    let unread = if drill.unread == 0 { String::new() } else { format!(", {} can't be read", drill.unread) };
    format!(
        "{head}{}, {} bytes; {} as on the server, {} changed there since{unread}\n",
        counted(drill.files, "file", "files"),
        drill.bytes,
        drill.same,
        drill.changed
    )
}

fn span(seconds: u64) -> String {
    if seconds < 120 { format!("{seconds} s") } else { format!("{} m {:02} s", seconds / 60, seconds % 60) }
}

pub(super) fn backup(edge: &Edge, command: &BackupCommand) -> Ended {
    let BackupCommand::Verified { name, note } = command;
    let (settings, plan, store) = edge.plan()?;
    let entries = settings.entries(COLLECTOR.sections);
    let entry = entries.iter().find(|entry| entry.value["name"].as_str() == Some(name)).ok_or_else(|| {
        let names: Vec<&str> = entries.iter().filter_map(|entry| entry.value["name"].as_str()).collect();
        End::new(USAGE, format!("there is no [[backup]] called {name}; there are: {}", names.join(", ")))
    })?;
    let at = now();
    let period = entry.value["expect"]["verified"].as_str().and_then(|text| text.parse::<Period>().ok());
    let offsite = entry.value["offsite"].as_bool() == Some(true);
    let attestation = Attestation {
        measure: if offsite { "backup-off-site" } else { "backup-on-site" }.into(),
        subject: Shown::line(name),
        until: at.checked_add(period.unwrap_or(COUNTS).as_duration()).unwrap_or(jiff::Timestamp::MAX),
        note: whole("--note", note)?,
        file: None,
        drill: None,
    };
    let written = desk(plan, store)?.attest(attestation, at).map_err(refused)?;
    print(&format!("verified; entry {} {}\n", written.head.seq, written.head.hash))?;
    Ok(0)
}
