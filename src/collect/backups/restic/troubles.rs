//! What restic complains of, in words for the person who can mend it.

use serde::Deserialize;

use super::super::troubles::{ON_THE_WAY, Trouble, find};
use crate::domain::Fault;

/// An error as newer versions print it.
#[derive(Deserialize)]
struct Message {
    message: String,
}

/// The lines of standard error that say something. From 0.17 on they may be JSON.
pub fn parse_complaints(complaints: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(complaints);
    let lines: Vec<String> = text.lines().map(plain).filter(|line| !line.is_empty()).collect();
    // Retries only announce what comes after them.
    let (retries, others): (Vec<_>, Vec<_>) =
        lines.into_iter().partition(|line| line.contains("returned error, retrying after"));
    if others.is_empty() { retries } else { others }
}

fn plain(line: &str) -> String {
    let said = serde_json::from_str::<Message>(line).map_or_else(|_| line.to_owned(), |message| message.message);
    let said = said.trim().trim_start_matches("Fatal: ").trim_start_matches("subprocess ssh: ");
    said.replace('\n', " ")
}

/// What restic's words mean for a person. Words, because 0.14 exits with 1 for everything.
const TROUBLES: &[Trouble] = &[
    Trouble {
        words: &["wrong password"],
        said: "wrong password",
        mend: "store the repository's password where `password` points to",
        passing: false,
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
        words: &[
            "repository does not exist",
            "no such file or directory",
            "file does not exist",
            "is there a repository",
        ],
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
    Trouble {
        words: &["unable to start the sftp session"],
        said: "ssh did not get there",
        mend: "connect with ssh by hand: it must neither ask for a password nor about the host key",
        passing: true,
    },
];

/// From 0.17 on the exit status tells some of it, whatever the words.
const STATUSES: &[(i32, &str)] = &[(10, "repository does not exist"), (11, "already locked"), (12, "wrong password")];

/// Why restic did not answer: the first trouble whose words are on any line, said in that line's words.
pub fn fault_of(status: Option<i32>, complaints: &[String]) -> Fault {
    let Some(status) = status else { return Fault::passing("restic was ended by a signal") };
    let first = complaints.first().map_or("it said nothing", String::as_str);
    let by_status = STATUSES.iter().find(|(code, _)| *code == status).map(|(_, words)| (*words, first));
    let lines: Vec<(String, &str)> = by_status
        .into_iter()
        .map(|(words, line)| (words.to_owned(), line))
        .chain(complaints.iter().map(|line| (line.to_lowercase(), line.as_str())))
        .collect();
    match find(&[ON_THE_WAY, TROUBLES], &lines) {
        Some((trouble, line)) => trouble.fault(line),
        None => Fault::new(format!("restic failed with status {status}: {first}"))
            .mend("run `restic snapshots` by hand with the same repository"),
    }
}
