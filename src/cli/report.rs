//! `matins report`.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use tempfile::NamedTempFile;

use super::edge::{Edge, End, Ended, IO, USAGE, desk, now, print, returned};
use super::when;
use crate::log;
use crate::report::audit::{self, Proof};
use crate::report::month::{self, Span};
use crate::report::{self, Ledger, Material, Sheet, Table, findings, morning};
use crate::store::Store as _;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(value_enum, default_value = "morning")]
    what: What,
    /// Of `month`: which one, as in 2026-10. Default: the last thirty days.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    /// Tells of then instead of now: the last round before, with what was decided and signed by then. `7d` ago, a day
    /// (at its end), or RFC 3339.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Default: what the ending of the output's name says, else Markdown.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where to write, so that nobody else can read it, whole or not at all. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Put it in the place of a file that is there already.
    #[arg(long, requires = "output")]
    replace: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// What asks for you, why, and what was decided.
    Morning,
    /// Patch latency, backups by day, what stood open, check-ins made and missed.
    Month,
    /// Every measure with its evidence, findings, decisions and check-ins, and how to verify the record.
    Audit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Markdown.
    Md,
    /// One file without script or anything to fetch; prints well.
    Html,
    Json,
    /// One table: findings, or of a month its days.
    Csv,
}

/// Judges what is kept, at this moment, without asking anybody, as `check` does; writes nothing to the store.
pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let format = arguments.format.or_else(|| ending(arguments.output.as_deref())).unwrap_or(Format::Md);
    if arguments.month.is_some() && arguments.what != What::Month {
        return Err(End::new(USAGE, "--month belongs to `matins report month`"));
    }
    if let Some(path) = &arguments.output {
        // Before the work, not after it.
        vacant(path, arguments.replace)?;
    }
    let text = made(edge, arguments, format)?;
    match &arguments.output {
        Some(path) => write(path, &text, arguments.replace)?,
        None => print(&text)?,
    }
    Ok(0)
}

fn made(edge: &Edge, arguments: &Arguments, format: Format) -> Result<String, End> {
    let (settings, plan, store) = edge.plan()?;
    let zone = settings.zone;
    let (now, past) = match &arguments.as_of {
        Some(text) => (when::past(text, &zone, now())?, true),
        None => (now(), false),
    };
    let lines = store.log(0)?;
    let ledger = Ledger::of(&lines);
    // That it is damaged is said of the past too, wherever the damage is.
    let ledger = if past { Ledger { damage: ledger.damage, ..Ledger::of(log::until(&lines, now)) } } else { ledger };
    let (mut signatures, limits) = (store.signatures()?, plan.limits.clone());
    let there = |at: Option<Timestamp>| !past || at.is_none_or(|at| at <= now);
    signatures.retain(|signature| signature.seq <= ledger.head.seq && there(signature.at));
    let mut desk = desk(plan, store)?;
    let survey = if past { returned(&mut desk, now)? } else { desk.survey(now)? };
    let material = &Material { now, past, zone, survey, ledger };
    match arguments.what {
        What::Morning => {
            written(format, || morning::sheet(material), || morning::json(material), || findings::table(material))
        }
        What::Month => {
            let (first, last) = days(arguments.month.as_deref(), &material.zone, now)?;
            let (from, until) = moments(first, last, &material.zone)?;
            let until = if past { until.min(now.saturating_add(1.millisecond()).unwrap_or(now)) } else { until };
            let chronicle = desk.chronicle((from, until), now)?;
            let span = &Span { first, last, chronicle };
            written(
                format,
                || month::sheet(material, span),
                || month::json(material, span),
                || month::table(material, span),
            )
        }
        What::Audit => {
            let proof = &Proof { limits, signatures };
            written(
                format,
                || audit::sheet(material, proof),
                || audit::json(material, proof),
                || findings::table(material),
            )
        }
    }
}

fn written(
    format: Format,
    sheet: impl FnOnce() -> Sheet,
    json: impl FnOnce() -> serde_json::Result<String>,
    table: impl FnOnce() -> Table,
) -> Result<String, End> {
    Ok(match format {
        Format::Md => report::markdown(&sheet()),
        Format::Html => report::html(&sheet()),
        Format::Json => json().map_err(|error| End::new(IO, error.to_string()))? + "\n",
        Format::Csv => report::csv(&table()),
    })
}

/// First and last day: of the month that was named, or the last thirty days.
fn days(month: Option<&str>, zone: &TimeZone, now: Timestamp) -> Result<(Date, Date), End> {
    let today = zone.to_datetime(now).date();
    let Some(text) = month else {
        return Ok((today.saturating_sub(Span::DAYS), today));
    };
    let wrong = || End::new(USAGE, format!("`{text}` is no month: write it as 2026-10"));
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let (year, number) =
        text.split_once('-').filter(|(year, number)| digits(year, 4) && digits(number, 2)).ok_or_else(wrong)?;
    let first =
        Date::new(year.parse().map_err(|_| wrong())?, number.parse().map_err(|_| wrong())?, 1).map_err(|_| wrong())?;
    if first > today {
        return Err(End::new(USAGE, format!("{text} has not begun")));
    }
    Ok((first, first.last_of_month().min(today)))
}

/// From the first day's beginning to the last one's end.
fn moments(first: Date, last: Date, zone: &TimeZone) -> Result<(Timestamp, Timestamp), End> {
    let begins = |date: Date| zone.to_timestamp(date.at(0, 0, 0, 0));
    let span = begins(first).and_then(|from| Ok((from, begins(last.tomorrow()?)?)));
    span.map_err(|error| End::new(USAGE, error.to_string()))
}

fn ending(path: Option<&Path>) -> Option<Format> {
    let ending = path?.extension()?.to_str()?;
    <Format as clap::ValueEnum>::from_str(ending, true).ok()
}

/// Whether something may be put there: a folder, a device and a link to somewhere else are left alone.
fn vacant(path: &Path, replace: bool) -> Result<(), End> {
    let wrong = |said: &str| Err(End::new(USAGE, format!("{} {said}; nothing was written", path.display())));
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => wrong("is a folder: name a file in it"),
        Ok(there) if !there.is_file() => wrong("is no plain file: name another"),
        Ok(_) if !replace => wrong("is there already: name another file, or add --replace"),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => wrong(&format!("can't be looked at: {error}")),
    }
}

/// A file beside it that only we may read takes its name when all is on disk.
fn write(path: &Path, text: &str, replace: bool) -> Result<(), End> {
    let failed = |error: std::io::Error| {
        let said = if error.kind() == ErrorKind::AlreadyExists {
            "is there already: name another file, or add --replace".to_owned()
        } else {
            format!("can't be written: {error}")
        };
        End::new(IO, format!("{} {said}; nothing was written", path.display()))
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let placed = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    placed.map_err(|error| failed(error.error))?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| {
        End::new(IO, format!("{} is written, but a power cut may still undo it: {error}", path.display()))
    })
}
