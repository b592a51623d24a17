//! `matins report`.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::edge::{Edge, End, Ended, IO, USAGE, desk, now, print};
use crate::report::{self, Ledger, Material, morning};
use crate::store::Store as _;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(value_enum, default_value = "morning")]
    what: What,
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Markdown.
    Md,
    /// One file without script or anything to fetch; prints well.
    Html,
    Json,
    /// The findings as one table.
    Csv,
}

/// Judges what is kept, at this moment, without asking anybody, as `check` does; writes nothing to the store.
pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let format = arguments.format.or_else(|| ending(arguments.output.as_deref())).unwrap_or(Format::Md);
    if let Some(path) = &arguments.output {
        // Before the work, not after it.
        vacant(path, arguments.replace)?;
    }
    let material = material(edge)?;
    let text = match arguments.what {
        What::Morning => match format {
            Format::Md => report::markdown(&morning::sheet(&material)),
            Format::Html => report::html(&morning::sheet(&material)),
            Format::Json => morning::json(&material).map_err(|error| End::new(IO, error.to_string()))? + "\n",
            Format::Csv => report::csv(&morning::table(&material)),
        },
    };
    match &arguments.output {
        Some(path) => write(path, &text, arguments.replace)?,
        None => print(&text)?,
    }
    Ok(0)
}

fn ending(path: Option<&Path>) -> Option<Format> {
    let ending = path?.extension()?.to_str()?;
    <Format as clap::ValueEnum>::from_str(ending, true).ok()
}

fn material(edge: &Edge) -> Result<Material, End> {
    let (settings, plan, store) = edge.plan()?;
    let ledger = Ledger::of(&store.log(0)?);
    let now = now();
    let survey = desk(plan, store)?.survey(now)?;
    Ok(Material { now, zone: settings.zone, survey, ledger })
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
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}
