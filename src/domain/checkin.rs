//! [`CheckIn`]: what a person's signature stands under; [`Since`]: what changed after it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DecisionKind, FindingKey, Round, Shown, SourceState, Verdict};

/// The state of everything at the moment of signing. What was not looked at is in it: a check-in says with which sources
/// dark it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckIn {
    /// When the round was judged that it is about.
    pub round: Timestamp,
    #[serde(default)]
    pub note: Shown,
    /// Whom the one who signs stands in for.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<Shown>,
    pub measures: Vec<MeasureCount>,
    /// Every finding that is not ok.
    pub open: Vec<OpenItem>,
    pub sources: Vec<SignedSource>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureCount {
    pub measure: Shown,
    pub ok: usize,
    pub due: usize,
    pub broken: usize,
    pub unknown: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenItem {
    pub key: FindingKey,
    pub verdict: Verdict,
    pub title: Shown,
    /// Number of the entry with the decision that holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<DecidedItem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedItem {
    pub entry: u64,
    pub decision: DecisionKind,
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedSource {
    pub name: Shown,
    pub state: SourceState,
    /// Its last good answer.
    pub at: Option<Timestamp>,
}

impl Signed {
    /// `anna`, or `anna for mona`.
    pub fn who(&self) -> Shown {
        match &self.check_in.stands_for {
            Some(whom) => format!("{} for {whom}", self.by).into(),
            None => self.by.clone(),
        }
    }
}

impl CheckIn {
    /// The record of a round as it stands.
    pub fn of(round: &Round, signing: Signing) -> Self {
        let Signing { note, stands_for } = signing;
        let mut measures: Vec<MeasureCount> = Vec::new();
        for finding in &round.findings {
            let at = measures.iter().position(|count| count.measure == finding.measure).unwrap_or_else(|| {
                let measure = finding.measure.clone();
                measures.push(MeasureCount { measure, ok: 0, due: 0, broken: 0, unknown: 0 });
                measures.len() - 1
            });
            match finding.verdict {
                Verdict::Ok => measures[at].ok += 1,
                Verdict::Due => measures[at].due += 1,
                Verdict::Broken => measures[at].broken += 1,
                Verdict::Unknown => measures[at].unknown += 1,
            }
        }
        measures.sort_by(|a, b| a.measure.cmp(&b.measure));
        let open = round.findings.iter().filter(|finding| finding.verdict != Verdict::Ok).map(|finding| OpenItem {
            key: finding.key.clone(),
            verdict: finding.verdict,
            title: finding.title.clone(),
            decided: round.decisions.get(&finding.key).filter(|decided| decided.holds()).map(|decided| DecidedItem {
                entry: decided.seq,
                decision: decided.kind,
                until: decided.until,
            }),
        });
        let sources = round.sources.iter().map(|line| SignedSource {
            name: line.id.to_string().into(),
            state: line.state,
            at: line.at,
        });
        Self { round: round.at, note, stands_for, measures, open: open.collect(), sources: sources.collect() }
    }
}

/// What a person adds to what was judged when they sign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signing {
    /// What the next one should know.
    pub note: Shown,
    /// Whom they stand in for.
    pub stands_for: Option<Shown>,
}

impl From<&str> for Signing {
    fn from(note: &str) -> Self {
        Self { note: note.into(), stands_for: None }
    }
}

/// That somebody signed, without what stood open then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub at: Timestamp,
    pub by: Shown,
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<Shown>,
    #[serde(default)]
    pub note: Shown,
}

/// A check-in as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub seq: u64,
    pub at: Timestamp,
    pub by: Shown,
    pub check_in: CheckIn,
}

/// What changed since the operator signed last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Since {
    /// When, and which entry.
    pub signed: Option<(Timestamp, u64)>,
    pub news: Vec<News>,
    /// When anybody signed for the first time ever.
    #[serde(default)]
    pub began: Option<Timestamp>,
    /// Who signed in the last four weeks; and who left word, or stood in for the operator, since these signed last.
    #[serde(default)]
    pub days: Vec<Presence>,
    /// What changed its verdict often, and how often.
    #[serde(default)]
    pub restless: BTreeMap<FindingKey, u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    pub key: FindingKey,
    pub change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    New,
    Worse,
    Better,
    /// It is ok now, or nothing speaks of it any more.
    Gone,
    /// Its decision ended or was overtaken by the facts.
    Reopened,
}

impl Change {
    pub const ALL: [Self; 5] = [Self::New, Self::Worse, Self::Reopened, Self::Better, Self::Gone];

    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Gone => "gone",
            Self::Reopened => "reopened",
        }
    }
}

impl Since {
    pub fn of(signed: Option<&Signed>, round: &Round) -> Self {
        let Some(signed) = signed else { return Self::default() };
        let before: std::collections::HashMap<&FindingKey, &OpenItem> =
            signed.check_in.open.iter().map(|item| (&item.key, item)).collect();
        let mut news = Vec::new();
        let mut still = std::collections::HashSet::new();
        for finding in round.findings.iter().filter(|finding| finding.verdict != Verdict::Ok) {
            still.insert(&finding.key);
            let reopened = round.decisions.get(&finding.key).is_some_and(|decided| decided.open.is_some());
            let change = match before.get(&finding.key) {
                None => Change::New,
                Some(item) if finding.verdict > item.verdict => Change::Worse,
                Some(item) if item.decided.is_some() && reopened => Change::Reopened,
                Some(item) if finding.verdict < item.verdict => Change::Better,
                Some(_) => continue,
            };
            news.push(News { key: finding.key.clone(), change });
        }
        let gone = signed.check_in.open.iter().filter(|item| !still.contains(&item.key));
        news.extend(gone.map(|item| News { key: item.key.clone(), change: Change::Gone }));
        Self { signed: Some((signed.at, signed.seq)), news, ..Self::default() }
    }

    /// How many changed so; what went to and fro counts as that alone.
    pub fn count(&self, change: Change) -> usize {
        self.news.iter().filter(|news| news.change == change && !self.restless.contains_key(&news.key)).count()
    }

    /// What others left word of since, the newest first.
    pub fn notes<'a>(&'a self, operator: &'a Shown) -> impl Iterator<Item = &'a Presence> {
        let since = self.signed.map_or(Timestamp::MIN, |(at, _)| at);
        self.days.iter().rev().filter(move |one| one.at > since && one.by != *operator && !one.note.is_empty())
    }

    /// The last time since then that somebody signed in the operator's place.
    pub fn deputy<'a>(&'a self, operator: &Shown) -> Option<&'a Presence> {
        let since = self.signed.map_or(Timestamp::MIN, |(at, _)| at);
        self.days.iter().rev().find(|one| one.at > since && one.stands_for.as_ref() == Some(operator))
    }

    pub fn of_key(&self, key: &FindingKey) -> Option<Change> {
        self.news.iter().find(|news| news.key == *key).map(|news| news.change)
    }
}
