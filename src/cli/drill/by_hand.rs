//! `matins drill --by-hand`: a person restores, matins says what is promised, holds the stopwatch and records how it went.
//! For what can't be restored into a folder here: a provider's image, a virtual machine, a whole server.

use std::io::{BufRead, Read as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{span, verdict};
use crate::cli::edge::{End, INTERRUPTED, IO, now, print};
use crate::collect::backups::drill::{Chosen, Tried};
use crate::domain::{Drill, Shown};

/// Leads through it. Whatever ends it early, the end of the input too, records nothing.
pub(super) fn lead(chosen: Chosen, backup: &str, zone: &TimeZone) -> Result<(Tried, Shown), End> {
    let mut input = std::io::stdin().lock();
    introduce(&chosen, backup)?;
    line(&mut input)?;
    let started = now();
    let clock = |at: Timestamp| zone.to_datetime(at).strftime("%H:%M:%S").to_string();
    let until = chosen.expect.restore_within.and_then(|within| started.checked_add(within.as_duration()).ok());
    let until = until.map_or_else(String::new, |at| format!(", promised until {}", clock(at)));
    print(&format!("started at {}{until}. Enter when it is back; `f` and Enter if it failed\n", clock(started)))?;
    let failed = loop {
        match line(&mut input)?.as_str() {
            "" => break false,
            "f" | "F" => break true,
            // Half an hour is not thrown away for a slip of the hand.
            other => print(&format!("`{}`? Enter, or `f` and Enter\n", Shown::line(other).cut(40)))?,
        }
    };
    let took = now().duration_since(started).as_secs();
    let seconds = u64::try_from(took).map_err(|_| {
        End::new(
            IO,
            "the clock of this machine was set back meanwhile: how long it took is not known; nothing is recorded",
        )
    })?;
    print(&format!(
        "{} after {}. In one line: {}\n",
        if failed { "failed" } else { "back" },
        span(seconds),
        asked(failed)
    ))?;
    let told = Shown::line(&line(&mut input)?).cut(300);
    if told.is_empty() {
        return Err(End::new(INTERRUPTED, "without a word on what was seen nothing is recorded"));
    }
    let drill = Drill {
        backup: Shown::line(backup),
        snapshot: chosen.snapshot.as_ref().map_or_else(|_| "not known".into(), |name| Shown::line(name).cut(80)),
        seconds,
        files: 0,
        bytes: 0,
        whole: true,
        same: 0,
        changed: 0,
        unread: 0,
        failed: failed.then(|| told.clone()),
    };
    let Chosen { server, expect, offsite, .. } = chosen;
    let tried = Tried { server, drill, expect, offsite };
    let how = verdict(&tried).unwrap_or_else(|said| said);
    let note = if failed { format!("by hand: {told}") } else { format!("by hand: {how}; {told}") };
    Ok((tried, note.into()))
}

/// What there is to do, and within which time.
fn introduce(chosen: &Chosen, backup: &str) -> Result<(), End> {
    let Chosen { server, expect, snapshot, .. } = chosen;
    let which = match snapshot {
        Ok(snapshot) => format!("snapshot {snapshot}"),
        Err(fault) => format!("which snapshot is not known ({}); name it with --snapshot", fault.said),
    };
    let promise = expect.restore_within.map_or_else(
        || "No time is promised (`expect.restore_within`).".to_owned(),
        |within| format!("Promised within {within}."),
    );
    print(&format!(
        "A restore of {server} from {backup}, by hand: {which}. {promise}\n\
         1. Make ready where it is restored to. Never {server} itself: what runs there stays as it is.\n\
         2. Restore the whole of it, until it answers as {server} does.\n\
         Enter starts the stopwatch; Ctrl-C ends without a record.\n"
    ))
}

fn asked(failed: bool) -> &'static str {
    if failed { "what failed?" } else { "by what did you see that it is whole?" }
}

/// A line of a person; its end without one is the end of the drill.
fn line(input: &mut impl BufRead) -> Result<String, End> {
    let mut said = String::new();
    let read = input.by_ref().take(4_096).read_line(&mut said);
    match read.map_err(|error| End::new(IO, format!("standard input can't be read: {error}")))? {
        0 => Err(End::new(INTERRUPTED, "ended without an answer; nothing is recorded")),
        _ => Ok(said.trim().to_owned()),
    }
}
