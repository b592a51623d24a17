//! The chain: each line holds the hash of the one before. [`verify`] names the first line that does not fit.

use std::fmt::Write as _;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::entry::Entry;
use crate::domain::Shown;

/// The end of a log: its last entry's number and the SHA-256 of its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    /// In hexadecimal; of an empty log 64 zeros.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { seq: 0, hash: "0".repeat(64) }
    }
}

impl Head {
    /// The head when `line` has become the last one.
    #[must_use]
    pub fn at(seq: u64, line: &str) -> Self {
        Self { seq, hash: hash(line.as_bytes()) }
    }
}

/// SHA-256 in hexadecimal, as `sha256sum` prints it.
pub fn hash(bytes: &[u8]) -> String {
    let mut hash = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        write!(hash, "{byte:02x}").ok();
    }
    hash
}

/// A head written down outside, so that a log which was cut off at its end can't pass:
/// `matins-checkin-log v1 seq=412 head=sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor(pub Head);

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "matins-checkin-log v1 seq={} head=sha256:{}", self.0.seq, self.0.hash)
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it is no anchor: expected `matins-checkin-log v1 seq=N head=sha256:…`".to_owned();
        let rest = text.trim().strip_prefix("matins-checkin-log v1 seq=").ok_or_else(wrong)?;
        let (seq, hash) = rest.split_once(" head=sha256:").ok_or_else(wrong)?;
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return Err(wrong());
        }
        Ok(Self(Head { seq: seq.parse().map_err(|_| wrong())?, hash: hash.to_owned() }))
    }
}

/// The first line that does not fit, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq}: {said}")]
pub struct Break {
    /// Where it should stand, counted from 1.
    pub seq: u64,
    pub said: Shown,
}

/// Holds every line against the one before, and what was written down outside against what is here.
pub fn verify<'a>(lines: impl IntoIterator<Item = &'a str>, anchors: &[Anchor]) -> Result<Head, Break> {
    let mut head = Head::default();
    for line in lines {
        let seq = head.seq + 1;
        let wrong = |said: String| Break { seq, said: Shown::line(&said) };
        // A byte beyond ASCII was not written by us: a line is what it hashes to, and how it may look elsewhere too.
        if !line.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err(wrong("it holds bytes that no entry has".into()));
        }
        let entry = Entry::parse(line).map_err(wrong)?;
        if entry.prev != head.hash {
            let said = if seq == 1 {
                "it is not the first entry: something before it is missing"
            } else {
                "it does not follow the entry before: that one was changed, or one was removed, added or moved here"
            };
            return Err(wrong(said.into()));
        }
        if entry.seq != seq {
            return Err(wrong(format!("it says that it is entry {}", entry.seq)));
        }
        head = Head::at(seq, line);
        if let Some(Anchor(anchor)) = anchors.iter().find(|anchor| anchor.0.seq == seq && anchor.0 != head) {
            return Err(wrong(format!("it is not the one that was written down: that was {}", anchor.hash)));
        }
    }
    match anchors.iter().map(|anchor| anchor.0.seq).max() {
        Some(end) if end > head.seq => {
            Err(Break { seq: head.seq + 1, said: format!("it is missing: the log once went up to entry {end}").into() })
        }
        _ => Ok(head),
    }
}
