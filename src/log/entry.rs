//! [`Entry`]: one line of the log. Form: one JSON object in ASCII on one line, without its line feed; the hash of the
//! line before it, as bytes, is in it, so that `sha256sum` alone can check the chain.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::chain::Head;
use crate::domain::{Attestation, CheckIn, Decision, Done, Presence, Shown};

/// Who writes, when and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    pub time: Timestamp,
    /// IANA name of the operator's timezone.
    pub zone: String,
    pub actor: Shown,
    /// The machine on which it was written.
    pub host: Shown,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", content = "of", rename_all = "lowercase")]
pub enum Act {
    Decide(Decision),
    Undo(Undone),
    /// Somebody agrees with a decision that needed it.
    Agree(Agreed),
    CheckIn(CheckIn),
    Attest(Attestation),
    /// Something was done to servers, confirmed by a person.
    Action(Done),
    /// Of a newer version: kept, shown by its name, not understood.
    #[serde(skip)]
    Other(Shown),
}

/// The decision that is taken back, by the number of its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    pub entry: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    pub entry: u64,
}

/// One line, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: u64,
    /// SHA-256 of the line before, in hexadecimal; of the first entry 64 zeros.
    pub prev: String,
    pub time: Timestamp,
    pub actor: Shown,
    pub host: Shown,
    pub act: Act,
}

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    seq: u64,
    prev: &'a str,
    time: Timestamp,
    tz: &'a str,
    actor: &'a Shown,
    host: &'a Shown,
    matins: &'static str,
    #[serde(flatten)]
    act: &'a Act,
}

/// A line whose content is not read yet: a check-in of a large fleet is long, and seldom is more than its last one wanted.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    v: u32,
    seq: u64,
    prev: String,
    pub time: Timestamp,
    pub actor: Shown,
    host: Shown,
    kind: String,
    #[serde(borrow)]
    of: &'a RawValue,
}

impl<'a> Envelope<'a> {
    pub fn parse(line: &'a str) -> Result<Self, String> {
        let envelope: Self = serde_json::from_str(line).map_err(|error| format!("it is no entry: {error}"))?;
        if envelope.v != 1 {
            return Err(format!("it has form {}, which this version does not know", envelope.v));
        }
        Ok(envelope)
    }

    /// Whether it is the entry after `head`.
    pub fn follows(&self, head: &Head) -> bool {
        self.prev == head.hash && self.seq == head.seq + 1
    }

    pub fn is_check_in(&self) -> bool {
        self.kind == "checkin"
    }

    /// Who signed, of a check-in, without what stood open: that is long, and seldom wanted.
    pub fn presence(&self) -> Result<Presence, String> {
        #[derive(Deserialize)]
        struct Heading {
            #[serde(rename = "for", default)]
            stands_for: Option<Shown>,
            #[serde(default)]
            note: Shown,
        }
        let of = self.of.get();
        // Within a text a quote is escaped, so this can only be the name behind the heading; by another hand it may be elsewhere.
        let heading = of.split_once(",\"measures\":").map(|(heading, _)| format!("{heading}}}"));
        let read = |text: &str| serde_json::from_str::<Heading>(text);
        let Heading { stands_for, note } = heading
            .and_then(|heading| read(&heading).ok())
            .map_or_else(|| read(of), Ok)
            .map_err(|error| format!("its content can't be read: {error}"))?;
        Ok(Presence { at: self.time, by: self.actor.clone(), stands_for, note })
    }

    pub fn open(self) -> Result<Entry, String> {
        let wrong = |error: serde_json::Error| format!("its content can't be read: {error}");
        let of = self.of.get();
        let act = match self.kind.as_str() {
            "decide" => Act::Decide(serde_json::from_str(of).map_err(wrong)?),
            "undo" => Act::Undo(serde_json::from_str(of).map_err(wrong)?),
            "agree" => Act::Agree(serde_json::from_str(of).map_err(wrong)?),
            "checkin" => Act::CheckIn(serde_json::from_str(of).map_err(wrong)?),
            "attest" => Act::Attest(serde_json::from_str(of).map_err(wrong)?),
            "action" => Act::Action(serde_json::from_str(of).map_err(wrong)?),
            other => Act::Other(Shown::line(other)),
        };
        let Self { seq, prev, time, actor, host, .. } = self;
        Ok(Entry { seq, prev, time, actor, host, act })
    }
}

impl Entry {
    /// The next line after `head`.
    pub fn line(head: &Head, stamp: &Stamp, act: &Act) -> serde_json::Result<String> {
        serde_json::to_string(&Written {
            v: 1,
            seq: head.seq + 1,
            prev: &head.hash,
            time: stamp.time,
            tz: &stamp.zone,
            actor: &stamp.actor,
            host: &stamp.host,
            matins: env!("CARGO_PKG_VERSION"),
            act,
        })
        .map(|json| ascii(&json))
    }

    /// Reads a line; what is wrong with it, in words, if it is none of ours.
    pub fn parse(line: &str) -> Result<Self, String> {
        Envelope::parse(line)?.open()
    }
}

/// A text as it stands between its quotes in an entry.
pub(super) fn written(text: &Shown) -> String {
    let json = serde_json::Value::from(text.as_str()).to_string();
    ascii(json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&json))
}

/// JSON whose every character beyond ASCII is escaped, as RFC 8259 §7 has it.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        // DEL is ASCII, but no terminal shows it.
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                write!(out, "\\u{unit:04x}").ok();
            }
        }
    }
    out
}
