//! restic's list of snapshots, and its three lies.
//!
//! Exit status 0 proves nothing: restic 0.14 prints `[]` with status 0 for a repository whose snapshots are damaged or may
//! not be read, and only its standard error tells. So an empty list is believed only from a restic that didn't complain, and
//! a list beside a complaint may not be whole.

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
    let complaint = parse_complaint(complaints);
    if status != Some(0) {
        return Err(fault_of(status, complaint.as_deref()));
    }
    let listed: Vec<serde_json::Value> = serde_json::from_slice(output).map_err(|error| match &complaint {
        Some(_) => fault_of(status, complaint.as_deref()),
        None => {
            Fault::new(format!("restic's list can't be read: {error}")).mend("run `restic snapshots --json` by hand")
        }
    })?;
    if let (true, Some(complaint)) = (listed.is_empty(), &complaint) {
        let fault = fault_of(status, Some(complaint));
        return Err(Fault { said: format!("it lists no snapshot, but complains: {complaint}").into(), ..fault });
    }
    let all = listed.len();
    let snapshots: Vec<Snapshot> = listed.into_iter().filter_map(snapshot_of).collect();
    let lost = all - snapshots.len();
    let unread = (lost > 0).then(|| format!("{lost} of {all} entries could not be read"));
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

/// An error as newer versions print it.
#[derive(Deserialize)]
struct Message {
    message: String,
}

/// The first thing on standard error that says something. From 0.17 on it may be a JSON line.
fn parse_complaint(complaints: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(complaints);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    // Retries only announce what comes after them.
    let line = lines().find(|line| !line.contains("returned error, retrying after")).or_else(|| lines().next())?;
    let said = serde_json::from_str::<Message>(line).map_or_else(|_| line.to_owned(), |message| message.message);
    let said = said.trim_start_matches("Fatal: ").trim_start_matches("subprocess ssh: ");
    Some(said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it complained without words").to_owned())
}

/// What restic's words mean for a person; the first row whose words occur. Words, because 0.14 exits with 1 for everything.
struct Trouble {
    words: &'static [&'static str],
    said: &'static str,
    mend: &'static str,
    passing: bool,
}

const TROUBLES: &[Trouble] = &[
    Trouble {
        words: &["wrong password"],
        said: "wrong password",
        mend: "store the repository's password where `password` points to",
        passing: false,
    },
    Trouble {
        words: &["host key verification failed", "host identification has changed"],
        said: "ssh refused the host key",
        mend: "connect with ssh by hand and compare the key's fingerprint with the server's",
        passing: false,
    },
    Trouble {
        words: &["permission denied (", "too many authentication failures"],
        said: "ssh was refused the login",
        mend: "let ssh log in without asking: a key in the agent, or in ssh's configuration for this host",
        passing: false,
    },
    Trouble {
        words: &[
            "connection refused",
            "connection reset",
            "timed out",
            "timeout",
            "no route to host",
            "unreachable",
            "no such host",
            "could not resolve",
            "connection closed by",
        ],
        said: "the repository can't be reached",
        mend: "see that its host is up and that this machine may reach it",
        passing: true,
    },
    Trouble {
        words: &["already locked", "unable to create lock"],
        said: "the repository is locked",
        mend: "wait for the run that holds it; if there is none, `restic unlock`",
        passing: true,
    },
    Trouble {
        words: &["permission denied", "access denied", "forbidden", "unauthorized"],
        said: "the repository may not be read",
        mend: "give this account read access to the repository",
        passing: false,
    },
    Trouble {
        words: &["repository does not exist", "no such file or directory", "is there a repository"],
        said: "there is no repository",
        mend: "see that `repository` is right and that its disk or share is mounted",
        passing: false,
    },
    Trouble {
        words: &["ciphertext verification failed", "invalid data returned", "damaged", "unmarshal", "could not load"],
        said: "the repository is damaged",
        mend: "run `restic check`, and mend or replace the repository",
        passing: false,
    },
];

/// From 0.17 on the exit status tells some of it, whatever the words.
const STATUSES: &[(i32, &str)] = &[(10, "repository does not exist"), (11, "already locked"), (12, "wrong password")];

fn fault_of(status: Option<i32>, complaint: Option<&str>) -> Fault {
    let Some(status) = status else { return Fault::passing("restic was ended by a signal") };
    let said = complaint.unwrap_or("it said nothing");
    let by_status = STATUSES.iter().find(|(code, _)| *code == status).map_or("", |(_, words)| words);
    let lower = format!("{by_status} {said}").to_lowercase();
    match TROUBLES.iter().find(|trouble| trouble.words.iter().any(|words| lower.contains(words))) {
        Some(trouble) => Fault {
            said: if said.to_lowercase().starts_with(trouble.said) {
                said.into()
            } else {
                format!("{}: {said}", trouble.said).into()
            },
            mend: Some(trouble.mend.into()),
            passing: trouble.passing,
        },
        None => Fault::new(format!("restic failed with status {status}: {said}"))
            .mend("run `restic snapshots` by hand with the same repository"),
    }
}

/// What a source of this kind asks.
pub fn source_of(subject: Subject, repository: Repository, password: SecretRef) -> Arc<dyn Ask> {
    Arc::new(ResticBackup { subject, repository, password, restic: Restic::default() })
}

#[cfg(test)]
mod tests;
