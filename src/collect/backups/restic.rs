//! restic's list of snapshots, and its three lies.
//!
//! Exit status 0 proves nothing: restic 0.14 prints `[]` with status 0 for a repository whose snapshots are damaged or may
//! not be read, and only its standard error tells. So an empty list is believed only from a restic that didn't complain, and
//! a list beside a complaint may not be whole.

mod troubles;

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use super::thin::thinned;
use crate::collect::tools::Tools;
use crate::collect::tools::restic::{Repository, Restic};
use crate::collect::{Answer, Ask, Asked, observed};
use crate::domain::facts::{Snapshot, Snapshots};
use crate::domain::{Fact, Fault, SecretRef, Shown, Subject};
use troubles::{fault_of, parse_complaints};

/// A repository and where its password is kept.
#[derive(Debug)]
pub struct ResticBackup {
    pub subject: Subject,
    pub repository: Repository,
    pub password: SecretRef,
    pub restic: Restic,
}

impl ResticBackup {
    async fn list(&self, password: SecretString) -> Result<Snapshots, Fault> {
        let ran = self.restic.snapshots(&self.repository, &password).await?;
        let mut list = parse_snapshots(ran.status, &ran.output, &ran.complaints)?;
        list.snapshots = thinned(list.snapshots);
        Ok(list)
    }
}

impl Ask for ResticBackup {
    fn ask<'a>(&'a self, tools: &'a Tools, _memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async move {
            let list = self.list(tools.secrets.read(&self.password).await?).await?;
            Ok(Answer::seen(vec![observed(self.subject.clone(), (tools.now)(), Fact::Snapshots(list))]))
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
    Ok(Snapshots { snapshots, degraded: complaint.or(unread).map(Shown::from), unnamed: 0 })
}

fn snapshot_of(value: serde_json::Value) -> Option<Snapshot> {
    let listed: Listed = serde_json::from_value(value).ok()?;
    let at: Timestamp = listed.time.parse().ok()?;
    let (bytes, files) =
        listed.summary.map_or((None, None), |summary| (summary.total_bytes_processed, summary.total_files_processed));
    Some(Snapshot {
        id: Shown::line(&listed.id).cut(8 + 1),
        at,
        host: listed.hostname.filter(|host| !host.is_empty()).map(|host| Shown::line(&host)),
        paths: listed.paths.iter().flatten().take(16).map(|path| Shown::line(path)).collect(),
        bytes,
        files,
    })
}

/// What a source of this kind asks.
pub fn source_of(subject: Subject, repository: Repository, password: SecretRef) -> Arc<dyn Ask> {
    Arc::new(ResticBackup { subject, repository, password, restic: Restic::default() })
}

#[cfg(test)]
mod tests;
