//! [`Evidence`]: all that has been seen, with how much of it can be trusted.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attested, Declared, Fault, Observation, Period, Shown, SubjectKind, Turn, age};

/// A source by its collector and its name in the register, printed as `servers/web1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId {
    pub collector: Shown,
    pub name: Shown,
}

impl SourceId {
    pub fn new(collector: &str, name: impl Into<Shown>) -> Self {
        Self { collector: collector.into(), name: name.into() }
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collector, self.name)
    }
}

/// How a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// It answered the last time it was asked, recently enough.
    Fresh,
    /// Its last good answer is older than its limit.
    Stale,
    /// It failed the last time it was asked, or was never asked.
    Silent,
}

/// One source: what the register says of its subjects, its last good answer, and how the last try went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceRecord {
    pub id: SourceId,
    pub declared: Vec<Declared>,
    /// The last good answer, kept when a later try fails.
    pub seen: Vec<Observation>,
    pub good_at: Option<Timestamp>,
    pub asked_at: Option<Timestamp>,
    pub took_ms: Option<u64>,
    pub fault: Option<Fault>,
    /// Tries that failed in a row.
    pub failures: u32,
    /// Older than this, its last good answer is not believed any more.
    pub stale_after: Period,
}

impl SourceRecord {
    pub fn state(&self, now: Timestamp) -> SourceState {
        match (&self.fault, self.good_at) {
            (Some(_), _) | (None, None) => SourceState::Silent,
            (None, Some(_)) if self.doubt(now).is_some() => SourceState::Stale,
            (None, Some(_)) => SourceState::Fresh,
        }
    }

    /// Why its last good answer can't be judged by, if so. A rule asks this first; a doubt makes its verdict unknown.
    pub fn doubt(&self, now: Timestamp) -> Option<Shown> {
        let said = self.fault.as_ref().map_or_else(String::new, |fault| format!(": {}", fault.said));
        let Some(good) = self.good_at else {
            return Some(match &self.fault {
                Some(_) => format!("never answered{said}").into(),
                None => "not asked yet".into(),
            });
        };
        if good > now + Period::minutes(5).as_duration() {
            return Some("its last answer is dated in the future: the clock here went back".into());
        }
        let old = now.duration_since(good) > self.stale_after.as_duration();
        old.then(|| {
            if self.fault.is_some() {
                format!("silent for {}{said}", age(good, now)).into()
            } else {
                format!("stale: last answer {} ago", age(good, now)).into()
            }
        })
    }

    /// Its last good answer, or why there is none to judge by.
    pub fn trusted(&self, now: Timestamp) -> Result<&[Observation], Shown> {
        self.doubt(now).map_or(Ok(&self.seen), Err)
    }

    /// The same, with what mends it. A decision on its silence is asked about for all rules at once, so this asks nothing.
    pub fn believed(&self, now: Timestamp) -> Result<&[Observation], Fault> {
        let mend = || self.fault.as_ref().and_then(|fault| fault.mend.clone());
        self.trusted(now).map_err(|said| Fault { said, mend: mend(), passing: true })
    }
}

/// A thing that a fact contains and whose age matters: a pending update, an advisory, a peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sighting {
    pub kind: SubjectKind,
    pub subject: Shown,
    pub item: Shown,
}

/// All evidence there is at one moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    pub sources: Vec<SourceRecord>,
    /// What the register says of subjects that no source asks about: persons.
    #[serde(default)]
    pub register: Vec<Declared>,
    /// What people vouch for, in the order in which they did.
    #[serde(default)]
    pub attested: Vec<Attested>,
    /// False while there is no configuration: then the register is not empty on purpose.
    pub configured: bool,
    /// Since when each [`Sighting`] has been there without a break.
    #[serde(with = "sightings")]
    pub first_seen: BTreeMap<Sighting, Timestamp>,
    /// How the servers stood towards each advisory, what was said to fix it and whether it was withdrawn, turn by turn, the
    /// oldest first.
    #[serde(default)]
    pub turns: Vec<Turn>,
}

impl Evidence {
    /// The sources of one collector.
    pub fn of<'a>(&'a self, collector: &'a str) -> impl Iterator<Item = &'a SourceRecord> {
        self.sources.iter().filter(move |source| source.id.collector == *collector)
    }

    /// What the register says, whichever source it belongs to.
    pub fn declared(&self) -> impl Iterator<Item = &Declared> {
        self.register.iter().chain(self.sources.iter().flat_map(|source| &source.declared))
    }

    /// The newest word on this measure and subject.
    pub fn attested(&self, measure: &str, subject: &str) -> Option<&Attested> {
        let about = |one: &&Attested| one.attestation.measure == *measure && one.attestation.subject == *subject;
        self.attested.iter().rev().find(about)
    }

    pub fn first_seen(&self, kind: SubjectKind, subject: &Shown, item: &str) -> Option<Timestamp> {
        self.first_seen.get(&Sighting { kind, subject: subject.clone(), item: item.into() }).copied()
    }
}

/// JSON has no maps with structured keys: a list of pairs.
mod sightings {
    use super::{BTreeMap, Sighting, Timestamp};
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub fn serialize<S: Serializer>(map: &BTreeMap<Sighting, Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Sighting, Timestamp>, D::Error> {
        Ok(Vec::<(Sighting, Timestamp)>::deserialize(deserializer)?.into_iter().collect())
    }
}
