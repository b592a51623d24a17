//! What borg prints, read.

use std::collections::HashMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::super::names::parse_name;
use super::super::troubles::{ON_THE_WAY, Trouble, find};
use crate::collect::tools::run::{Ran, is_gone};
use crate::domain::facts::{Encryption, Snapshot, Snapshots};
use crate::domain::{Fault, Shown};

/// `list --json` and `info --json`, or borg 2's `repo-list --json`, which have the same form; keys of newer versions are
/// passed over.
#[derive(Debug, Deserialize)]
struct Said {
    archives: Vec<Archive>,
    encryption: Mode,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Mode {
    One { mode: String },
    Two { encryption: String },
}

#[derive(Debug, Deserialize)]
struct Archive {
    id: String,
    name: String,
    #[serde(default)]
    start: Option<String>,
    /// borg 2: what the archive is dated, which is not when the run began if somebody said `--timestamp`.
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    end: Option<String>,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default)]
    stats: Option<Stats>,
    #[serde(default)]
    nfiles: Option<u64>,
    #[serde(default)]
    size: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Stats {
    nfiles: u64,
    original_size: u64,
}

impl Archive {
    fn stats(&self) -> Option<Stats> {
        self.stats.or_else(|| Some(Stats { nfiles: self.nfiles?, original_size: self.size? }))
    }
}

/// The archives by what is known of each.
#[derive(Debug)]
pub struct Archives {
    all: Vec<Archive>,
    mode: Mode,
    complaint: Option<Shown>,
}

/// Reads how borg ended and what it said. A warning (status 1) beside a list makes it degraded.
pub fn list(ran: &Ran) -> Result<Archives, Fault> {
    let complaints = complaints(&ran.complaints);
    if !matches!(ran.status, Some(0 | 1)) {
        return Err(fault_of(ran.status, &complaints));
    }
    let said: Said = serde_json::from_slice(&ran.output).map_err(|error| {
        if complaints.is_empty() {
            Fault::new(format!("borg's list can't be read: {error}")).mend("run `borg list --json` by hand")
        } else {
            fault_of(ran.status, &complaints)
        }
    })?;
    let complaint = complaints.into_iter().next().map(|complaint| Shown::line(&complaint.message));
    Ok(Archives { all: said.archives, mode: said.encryption, complaint })
}

/// How a command ended that prints nothing. Status 1 is a warning, as of a file that isn't there.
pub fn ended(ran: &Ran) -> Result<(), Fault> {
    if ran.status == Some(0) { Ok(()) } else { Err(fault_of(ran.status, &complaints(&ran.complaints))) }
}

impl Archives {
    /// Takes over what another list says more of the same archives.
    pub fn learn(&mut self, other: &Self) {
        let more: HashMap<&str, &Archive> = other.all.iter().map(|more| (more.id.as_str(), more)).collect();
        for archive in &mut self.all {
            if let Some(more) = more.get(archive.id.as_str()) {
                archive.hostname = archive.hostname.take().or_else(|| more.hostname.clone());
                archive.start = archive.start.take().or_else(|| more.start.clone());
                archive.end = archive.end.take().or_else(|| more.end.clone());
                archive.stats = archive.stats.or_else(|| more.stats());
            }
        }
        self.complaint = self.complaint.take().or_else(|| other.complaint.clone());
    }

    /// Hosts of archives that were not looked into are those of the others whose names begin alike.
    pub fn into_snapshots(self) -> Snapshots {
        let two = matches!(self.mode, Mode::Two { .. });
        // borg 2 calls all of a series the same.
        let series = |archive: &Archive| match parse_name(&archive.name, false) {
            Some((_, before)) => before.map(str::to_owned),
            None => two.then(|| archive.name.clone()),
        };
        let mut hosts: HashMap<String, Shown> = HashMap::new();
        for archive in &self.all {
            if let (Some(series), Some(host)) = (series(archive), &archive.hostname) {
                hosts.insert(series, Shown::line(host));
            }
        }
        let all = self.all.len();
        let snapshot = |archive: Archive| {
            let began = archive.start.as_deref().and_then(moment);
            let at = if two { archive.time.as_deref().and_then(moment)? } else { began? };
            let series = series(&archive);
            let told = archive.hostname.as_deref().filter(|host| !host.is_empty()).map(Shown::line);
            let ended = archive.end.as_deref().and_then(moment);
            let took = began.zip(ended).map(|(began, ended)| ended.duration_since(began).as_secs());
            // Names are many archives' there; this is what borg takes for one of them.
            let id = if two { format!("aid:{:.16}", archive.id) } else { archive.name.clone() };
            let stats = archive.stats();
            Some(Snapshot {
                host: told.or_else(|| hosts.get(series.as_ref()?).cloned()),
                // What the archive is called may tell whose it is better than the machine that made it.
                paths: series.iter().map(|series| Shown::line(series)).collect(),
                bytes: stats.map(|stats| stats.original_size),
                files: stats.map(|stats| stats.nfiles),
                took_seconds: took.and_then(|seconds| u64::try_from(seconds).ok()),
                ..Snapshot::new(Shown::line(&id).cut(80), at)
            })
        };
        let snapshots: Vec<Snapshot> = self.all.into_iter().filter_map(snapshot).collect();
        let lost = all - snapshots.len();
        let unread = (lost > 0).then(|| Shown::from(format!("{lost} of {all} archives have no date that can be read")));
        Snapshots {
            snapshots,
            degraded: self.complaint.or(unread),
            encryption: match &self.mode {
                Mode::One { mode } | Mode::Two { encryption: mode } => encryption(mode),
            },
            ..Snapshots::default()
        }
    }
}

/// `authenticated` modes sign what everybody may read.
fn encryption(mode: &str) -> Encryption {
    let shown = Shown::line(mode).cut(40);
    match mode {
        "" => Encryption::Untold,
        mode if mode == "none" || mode.starts_with("none-") => Encryption::Plain("borg without encryption".into()),
        mode if mode.starts_with("authenticated") => Encryption::Plain(format!("borg, {shown}, not encrypted").into()),
        _ => Encryption::By(shown),
    }
}

/// borg 2's lock, a file in `locks`.
#[derive(Debug, Deserialize)]
pub struct Lock {
    hostid: String,
    #[serde(rename = "processid")]
    pid: u32,
    time: String,
}

/// A run writes its lock anew every quarter of an hour, and borg itself takes one of this age for left behind.
const STALE: SignedDuration = SignedDuration::from_mins(30);

impl Lock {
    /// Whether somebody works behind it: it is young, and its process was not on this machine and is gone.
    pub fn lives(&self, now: Timestamp) -> bool {
        moment(&self.time).is_some_and(|at| now.duration_since(at) < STALE) && !is_gone(self.host(), self.pid)
    }

    pub fn host(&self) -> &str {
        self.hostid.split('@').next().unwrap_or_default()
    }
}

pub fn lock(said: &[u8]) -> Option<Lock> {
    serde_json::from_slice(said).ok()
}

/// borg was told to live in UTC, but newer versions print an offset.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<DateTime>().ok().and_then(|at| TimeZone::UTC.to_timestamp(at).ok()))
}

/// A line of `--log-json`.
#[derive(Debug, Deserialize)]
struct Complaint {
    /// `log_message`; also `question_prompt` and others, for questions that are answered by our environment.
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    levelname: String,
    message: String,
    #[serde(default)]
    msgid: Option<String>,
}

/// What borg 2 asks in plain text, and our environment answers.
const ASKED: &[&str] = &[
    "Attempting to access a previously unknown unencrypted repository",
    "(from BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK)",
];

fn complaints(bytes: &[u8]) -> Vec<Complaint> {
    let text = String::from_utf8_lossy(bytes);
    let plain = |line: &str| Complaint {
        kind: String::new(),
        levelname: "ERROR".into(),
        message: line.to_owned(),
        msgid: None,
    };
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !ASKED.iter().any(|asked| line.contains(asked)))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| plain(line)))
        .filter(|complaint: &Complaint| !complaint.kind.starts_with("question_"))
        .filter(|complaint| !matches!(complaint.levelname.as_str(), "DEBUG" | "INFO"))
        .collect()
}

/// By borg's own names of errors, and by words for what comes without one.
const TROUBLES: &[Trouble] = &[
    Trouble {
        words: &[
            "passphrasewrong",
            "passphrase supplied in",
            "passwordretriesexceeded",
            "passcommandfailure",
            "nopassphrasefailure",
        ],
        said: "wrong password",
        mend: "store the repository's password where `password` points to",
        passing: false,
    },
    Trouble {
        words: &["locktimeout", "lockfailed", "failed to create/acquire the lock"],
        said: "the repository is locked",
        mend: "wait for the run that holds it; if there is none, `borg break-lock`",
        passing: true,
    },
    Trouble {
        words: &[
            "repository.doesnotexist",
            "repository.invalidrepository",
            "repository.parentpathdoesnotexist",
            "is not a valid repository",
            "does not exist",
        ],
        said: "there is no repository",
        mend: "see that `repository` is right and that its disk or share is mounted",
        passing: false,
    },
    Trouble {
        words: &["keyfilenotfounderror", "no key file for repository"],
        said: "its key file is not on this machine",
        mend: "`borg key export` where it is, `borg key import` here",
        passing: false,
    },
    Trouble {
        words: &["integrityerror", "data integrity error", "checkneeded", "inconsistent", "corrupt"],
        said: "the repository is damaged",
        mend: "run `borg check`, and mend or replace the repository",
        passing: false,
    },
];

const LATER: &[Trouble] = &[
    Trouble {
        words: &["connectionclosed", "remote: "],
        said: "the repository can't be reached",
        mend: "run `borg list` by hand with the same repository: what does ssh say?",
        passing: true,
    },
    Trouble {
        words: &["permission denied", "permissionerror"],
        said: "the repository may not be read",
        mend: "give this account read access to the repository",
        passing: false,
    },
];

fn fault_of(status: Option<i32>, complaints: &[Complaint]) -> Fault {
    let Some(status) = status else { return Fault::passing("borg was ended by a signal") };
    let lines: Vec<(String, &str)> = complaints
        .iter()
        .map(|complaint| {
            let name = complaint.msgid.as_deref().unwrap_or_default();
            (format!("{name} {}", complaint.message).to_lowercase(), complaint.message.as_str())
        })
        .collect();
    if let Some((trouble, line)) = find(&[TROUBLES, ON_THE_WAY, LATER], &lines) {
        return trouble.fault(line);
    }
    let first = lines.first().map_or("it said nothing", |(_, line)| line);
    Fault::new(format!("borg failed with status {status}: {first}"))
        .mend("run `borg list` by hand with the same repository")
}
