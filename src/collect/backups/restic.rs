//! restic's list of snapshots, and its three lies.
//!
//! Exit status 0 proves nothing: restic 0.14 prints `[]` with status 0 for a repository whose snapshots are damaged or may
//! not be read, and only its standard error tells. So an empty list is believed only from a restic that didn't complain, and
//! a list beside a complaint may not be whole.

pub(super) mod locks;
pub(super) mod troubles;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::kind::{Given, Kind, Listing, Lists, Planned, Restores, Restoring};
use crate::collect::tools::Tools;
use crate::collect::tools::restic::{DEADLINE, LOCKS, Repository, Restic};
use crate::collect::tools::scratch::Restore;
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::settings::Misfit;
use crate::domain::{Fault, SecretRef, Shown};
use troubles::{fault_of, parse_complaints};

pub const KIND: Kind = Kind {
    word: "restic",
    keys: || schemars::schema_for!(Keys),
    encryption: || Encryption::By("restic".into()),
    plan,
    parse: |said| parse_snapshots(Some(0), said, b""),
};

/// Locks cost a question more, and who works in a repository matters only where last night's snapshot may still come.
const FRESH: SignedDuration = SignedDuration::from_hours(18);
/// Of as many locks is asked whose they are.
const LOOKED_INTO: usize = 2;

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// restic: where the repository is, as in sftp:office:/backup/restic.
    repository: String,
    /// The repository's password: where it is kept.
    password: SecretRef,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let repository = Repository::parse(&keys.repository).map_err(given.at("repository"))?;
    let backup = ResticBackup { repository, password: keys.password, restic: Restic::default() };
    Ok(Planned::restoring(backup, DEADLINE + 3 * LOCKS + Duration::from_secs(15)))
}

/// A repository and where its password is kept.
#[derive(Debug)]
pub struct ResticBackup {
    pub repository: Repository,
    pub password: SecretRef,
    pub restic: Restic,
}

impl ResticBackup {
    async fn read(&self, password: &SecretString) -> Result<Snapshots, Fault> {
        let ran = self.restic.snapshots(&self.repository, password).await?;
        parse_snapshots(ran.status, &ran.output, &ran.complaints)
    }

    /// Who works in the repository. Where that can't be told, nobody is.
    async fn holder(&self, password: &SecretString, now: Timestamp) -> Option<Shown> {
        let listed = self.restic.locks(&self.repository, password, &["list", "locks"]).await.ok()?;
        for id in locks::parse_ids(&listed).take(LOOKED_INTO) {
            let said = self.restic.locks(&self.repository, password, &["cat", "lock", id]).await;
            let lock = said.ok().and_then(|said| locks::parse_lock(&said));
            if let Some(lock) = lock.filter(|lock| lock.lives(now)) {
                return Some(format!("held by {}", lock.host()).into());
            }
        }
        None
    }
}

impl Lists for ResticBackup {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let password = tools.secrets.read(&self.password).await?;
            let mut list = self.read(&password).await?;
            let now = (tools.now)();
            let fresh = list.snapshots.iter().any(|snapshot| now.duration_since(snapshot.at) < FRESH);
            if !fresh {
                list.running = self.holder(&password, now).await;
            }
            Ok(list)
        })
    }
}

impl Restores for ResticBackup {
    fn restore<'a>(&'a self, tools: &'a Tools, order: Restore<'a>) -> Restoring<'a> {
        Box::pin(async move {
            if order.snapshot.len() < 8 || !order.snapshot.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Fault::new(format!("`{}` is no snapshot's id", Shown::line(order.snapshot).cut(40))));
            }
            let password = tools.secrets.read(&self.password).await?;
            let ran = self.restic.restore(&self.repository, &password, &order).await?;
            if ran.status == Some(0) { Ok(()) } else { Err(fault_of(ran.status, &parse_complaints(&ran.complaints))) }
        })
    }
}

/// One element of `restic snapshots --json`. Unknown keys are newer versions' and are passed over.
#[derive(Deserialize)]
struct Listed {
    time: String,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default)]
    paths: Option<Vec<String>>,
    id: String,
    /// Since 0.17.
    #[serde(default)]
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(default)]
    total_files_processed: Option<u64>,
    #[serde(default)]
    total_bytes_processed: Option<u64>,
    #[serde(default)]
    backup_start: Option<String>,
    #[serde(default)]
    backup_end: Option<String>,
}

impl Summary {
    fn took_seconds(&self) -> Option<u64> {
        let at = |text: &Option<String>| text.as_deref()?.parse::<Timestamp>().ok();
        u64::try_from(at(&self.backup_end)?.duration_since(at(&self.backup_start)?).as_secs()).ok()
    }
}

/// Reads how restic ended and what it said on its standard output and error. Every doubt is a fault or makes the list
/// [degraded](Snapshots::degraded).
pub fn parse_snapshots(status: Option<i32>, output: &[u8], complaints: &[u8]) -> Result<Snapshots, Fault> {
    let complaints = parse_complaints(complaints);
    if status != Some(0) {
        return Err(fault_of(status, &complaints));
    }
    let listed: Vec<serde_json::Value> = match serde_json::from_slice(output) {
        Ok(listed) => listed,
        Err(_) if !complaints.is_empty() => return Err(fault_of(status, &complaints)),
        Err(error) => {
            let fault = Fault::new(format!("restic's list can't be read: {error}"));
            return Err(fault.mend("run `restic snapshots --json` by hand"));
        }
    };
    if listed.is_empty() && !complaints.is_empty() {
        let fault = fault_of(status, &complaints);
        return Err(Fault { said: format!("it lists no snapshot, but complains: {}", fault.said).into(), ..fault });
    }
    let all = listed.len();
    let snapshots: Vec<Snapshot> = listed.into_iter().filter_map(snapshot_of).collect();
    let lost = all - snapshots.len();
    let unread = (lost > 0).then(|| format!("{lost} of {all} entries could not be read"));
    let complaint = complaints.into_iter().next();
    Ok(Snapshots { snapshots, degraded: complaint.or(unread).map(Shown::from), ..Snapshots::default() })
}

fn snapshot_of(value: serde_json::Value) -> Option<Snapshot> {
    let listed: Listed = serde_json::from_value(value).ok()?;
    let at: Timestamp = listed.time.parse().ok()?;
    let summary = listed.summary.as_ref();
    Some(Snapshot {
        host: listed.hostname.filter(|host| !host.is_empty()).map(|host| Shown::line(&host)),
        paths: listed.paths.iter().flatten().take(16).map(|path| Shown::line(path)).collect(),
        bytes: summary.and_then(|summary| summary.total_bytes_processed),
        files: summary.and_then(|summary| summary.total_files_processed),
        took_seconds: summary.and_then(Summary::took_seconds),
        ..Snapshot::new(Shown::line(&listed.id).cut(8 + 1), at)
    })
}

#[cfg(test)]
mod tests;
