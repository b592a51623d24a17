//! A drill: a snapshot restored into a scratch folder, timed, and a sample of it compared with the server it is of.
//!
//! A file that has another size or time on the server by now changed since and proves nothing; one that nobody touched must
//! be the same to the last byte. Whatever happens, the scratch folder goes: at the end, after a failure, and when the future
//! is dropped.

pub(super) mod sample;

use std::path::PathBuf;
use std::time::Duration;

use super::entry::{self, Meant};
use crate::collect::tools::Tools;
use crate::collect::tools::scratch::{Restore, Scratch};
use crate::domain::facts::{BackupExpect, Snapshot};
use crate::domain::register::{Register, Server};
use crate::domain::settings::Entry;
use crate::domain::{Drill, Fault, Shown};
use sample::{Compared, Found};

/// What is to be tried.
#[derive(Debug, Clone)]
pub struct Order {
    /// The `[[backup]]`.
    pub backup: String,
    /// Whose snapshot; needed where the backup keeps several servers.
    pub server: Option<String>,
    /// The newest where nothing is said.
    pub snapshot: Option<String>,
    /// Only these paths.
    pub paths: Vec<String>,
    /// As many files are compared.
    pub sample: usize,
    /// Where the scratch folder is made.
    pub within: Option<PathBuf>,
    pub deadline: Duration,
}

/// How it went.
#[derive(Debug, Clone)]
pub struct Tried {
    pub server: Shown,
    pub drill: Drill,
    pub expect: BackupExpect,
    pub offsite: bool,
}

/// A backup of the register, ready for a drill.
struct Ready {
    meant: Meant,
    server: Server,
    expect: BackupExpect,
    offsite: bool,
}

/// Tries a restore. A fault is that it could not be tried; that it was tried and failed is in [`Drill::failed`].
pub async fn try_restore(entries: &[Entry], register: &Register, order: &Order, tools: &Tools) -> Result<Tried, Fault> {
    let ready = ready(entries, register, order)?;
    let restores = ready.meant.planned.restores.as_ref().ok_or_else(|| {
        Fault::new(format!("kind {} can't be restored from here", ready.meant.kind.word))
            .mend("restore it yourself, with the stopwatch of `matins drill --by-hand`")
    })?;
    let (snapshot, bytes) = newest(&ready, order, tools).await?;
    let scratch = order.within.as_ref().map_or_else(Scratch::roomy, |folder| Scratch::within(folder))?;
    if let (Some(bytes), Some(room)) = (bytes.filter(|_| order.paths.is_empty()), scratch.room())
        && bytes > room
    {
        return Err(Fault::new(format!("the snapshot holds {bytes} bytes, and {room} are free"))
            .mend("name a folder with more room (--within), or some paths only (--path)"));
    }
    let mut drill = Drill {
        backup: Shown::line(&order.backup),
        snapshot: Shown::line(&snapshot).cut(80),
        seconds: 0,
        files: 0,
        bytes: 0,
        whole: order.paths.is_empty(),
        same: 0,
        changed: 0,
        unread: 0,
        failed: None,
    };
    let started = (tools.now)();
    let restore = Restore { snapshot: &snapshot, paths: &order.paths, into: scratch.path(), deadline: order.deadline };
    let outcome = restores.restore(tools, restore).await;
    drill.seconds = u64::try_from((tools.now)().duration_since(started).as_secs()).unwrap_or(0);
    match outcome {
        Err(fault) => drill.failed = Some(format!("it did not restore: {}", fault.said).into()),
        Ok(()) => compare(&mut drill, &scratch, &ready.server, order, tools).await?,
    }
    scratch.remove()?;
    Ok(Tried { server: ready.server.name, drill, expect: ready.expect, offsite: ready.offsite })
}

fn ready(entries: &[Entry], register: &Register, order: &Order) -> Result<Ready, Fault> {
    let shown = Shown::line(&order.backup).cut(80);
    let entry = entries.iter().find(|entry| entry.value["name"].as_str() == Some(&order.backup)).ok_or_else(|| {
        let names: Vec<&str> = entries.iter().filter_map(|entry| entry.value["name"].as_str()).collect();
        Fault::new(format!("there is no [[backup]] called {shown}; there are: {}", names.join(", ")))
    })?;
    let (backup, meant) = entry::read(entry, register).map_err(|misfits| {
        Fault::new(misfits.first().map_or("its entry can't be read", |misfit| misfit.message.as_str()))
    })?;
    let name = match (&order.server, backup.of.as_slice()) {
        (Some(name), of) if of.contains(name) => name,
        (None, [only]) => only,
        (None, of) => {
            return Err(Fault::new(format!("{shown} keeps {}", of.join(", "))).mend("say whose with --server"));
        }
        (Some(name), of) => {
            let name = Shown::line(name).cut(80);
            return Err(Fault::new(format!("{shown} does not keep {name}, but {}", of.join(", "))));
        }
    };
    let server = register.server(name).cloned().ok_or_else(|| Fault::new(format!("the register has no {name}")))?;
    Ok(Ready { meant, server, expect: backup.expect, offsite: backup.offsite })
}

/// What a person is going to restore.
#[derive(Debug)]
pub struct Chosen {
    pub server: Shown,
    pub expect: BackupExpect,
    pub offsite: bool,
    /// Its name, or why that is not known.
    pub snapshot: Result<String, Fault>,
}

/// Chooses what is to be restored by hand. A list that can't be read is no reason not to try.
pub async fn choose(entries: &[Entry], register: &Register, order: &Order, tools: &Tools) -> Result<Chosen, Fault> {
    let ready = ready(entries, register, order)?;
    let snapshot = newest(&ready, order, tools).await.map(|(name, _)| name);
    Ok(Chosen { server: ready.server.name, expect: ready.expect, offsite: ready.offsite, snapshot })
}

/// The snapshot's name for the tool, and how much it holds where that is known.
async fn newest(ready: &Ready, order: &Order, tools: &Tools) -> Result<(String, Option<u64>), Fault> {
    if let Some(named) = &order.snapshot {
        return Ok((named.clone(), None));
    }
    let list = ready.meant.planned.lists.list(tools).await?;
    let of = |snapshot: &&Snapshot| {
        let known = [Some(&ready.server.name), ready.server.ssh.as_ref().map(|ssh| Shown::line(ssh.as_str())).as_ref()]
            .into_iter()
            .flatten()
            .any(|name| snapshot.host.as_ref().is_some_and(|host| host == name || label(host) == label(name)));
        known || order.server.is_none()
    };
    let newest = list.snapshots.iter().filter(of).max_by_key(|snapshot| snapshot.at);
    let newest = newest.ok_or_else(|| {
        Fault::new(format!("no snapshot says to be of {}", ready.server.name)).mend("name one with --snapshot")
    })?;
    let id = newest.id.as_str();
    // restic's ids are shown cut, and may be given so.
    let whole = id.strip_suffix('…').unwrap_or(id);
    if whole.len() < id.len() && ready.meant.kind.word != "restic" {
        return Err(Fault::new("the newest snapshot's name is too long to be shown").mend("name it with --snapshot"));
    }
    Ok((whole.to_owned(), newest.bytes))
}

fn label(name: &Shown) -> &str {
    name.as_str().split('.').next().unwrap_or_default()
}

async fn compare(
    drill: &mut Drill,
    scratch: &Scratch,
    server: &Server,
    order: &Order,
    tools: &Tools,
) -> Result<(), Fault> {
    let root = scratch.path().to_owned();
    let (count, paths) = (order.sample, order.paths.clone());
    let found = tokio::task::spawn_blocking(move || sample::take(&root, &paths, count)).await;
    let Found { files, bytes, sample, unread: locked } =
        found.map_err(|_| Fault::new("what was restored could not be read"))??;
    (drill.files, drill.bytes) = (files, bytes);
    if files == 0 {
        drill.failed = Some("it restored nothing".into());
        return Ok(());
    }
    let Compared { same, changed, unread, different } = sample::compare(&sample, server, tools).await?;
    (drill.same, drill.changed, drill.unread) = (same, changed, unread + locked);
    if different.is_empty() && says_little(same, drill.unread) {
        let few = if same == 0 { "none".to_owned() } else { format!("only {same}") };
        return Err(Fault::new(format!(
            "{few} of the restored files could be compared with {}: {changed} changed there since, {} can't be read",
            server.name, drill.unread
        ))
        .mend("let the login read them there, or name some that nobody touches with --path"));
    }
    if let Some(first) = different.first() {
        let said = format!(
            "{} of {} files are not as on the server, though nobody touched them: {first}",
            different.len(),
            sample.len()
        );
        drill.failed = Some(said.into());
    }
    Ok(())
}

/// One file that is the same says little of fifty that nobody could read.
fn says_little(same: u64, unread: u64) -> bool {
    same == 0 || unread > same
}

#[cfg(test)]
mod tests;
