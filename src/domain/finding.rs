//! [`Finding`]: the judgement on one measure and subject.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::same::asked;
use super::{Link, Shown, Standing, Standings, Subject, Verdict};

/// `MEASURE/SUBJECT`, with a third part where a subject has several. Stable from round to round: decisions hang on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingKey(Shown);

impl FindingKey {
    pub fn new(measure: &str, subject: &Subject, part: Option<&Shown>) -> Self {
        // A slash inside a name must not look like a part.
        let name = subject.name.as_str().replace('/', "∕");
        Self(match part {
            Some(part) => Shown::line(&format!("{measure}/{name}/{}", part.as_str().replace('/', "∕"))),
            None => Shown::line(&format!("{measure}/{name}")),
        })
    }

    pub fn shown(&self) -> &Shown {
        &self.0
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The same key in memory of its own.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self(self.0.apart())
    }

    /// Measure, subject and part, as they stand in the key.
    pub fn parts(&self) -> (&str, &str, Option<&str>) {
        let mut parts = self.0.as_str().splitn(3, '/');
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next())
    }
}

impl From<&str> for FindingKey {
    /// As a person types it; it names a finding only if there is one.
    fn from(text: &str) -> Self {
        Self(Shown::line(text))
    }
}

impl fmt::Display for FindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One link of the chain from evidence to verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// Who says so: a source (`servers/web1`), the register (`register.toml:12`), a limit (`limits.certificate`).
    pub source: Shown,
    pub at: Option<Timestamp>,
    pub said: Shown,
}

/// What a rule says: a finding that does not know its own history yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub measure: &'static str,
    pub subject: Subject,
    pub part: Option<Shown>,
    pub verdict: Verdict,
    /// One line beside the subject's name: what is so, not what to feel about it.
    pub title: Shown,
    /// Several lines: the particulars.
    pub detail: Shown,
    /// What would make it ok, in one line.
    pub mend: Option<Shown>,
    pub because: Vec<Because>,
    pub link: Option<Link>,
    /// When what is wrong began, where the evidence tells; else the round that first saw it counts.
    pub since: Option<Timestamp>,
    /// Order among findings of the same verdict: higher first. 0 to 1,000,000.
    pub weight: u32,
    /// How the things that it speaks of stand; the store keeps their changes.
    pub standings: Standings,
}

impl Judgement {
    pub fn new(measure: &'static str, subject: Subject, verdict: Verdict, title: impl Into<Shown>) -> Self {
        Self {
            measure,
            subject,
            part: None,
            verdict,
            title: title.into(),
            detail: Shown::default(),
            mend: None,
            because: Vec::new(),
            link: None,
            since: None,
            weight: 500_000,
            standings: Standings::default(),
        }
    }

    #[must_use]
    pub fn part(mut self, part: impl Into<Shown>) -> Self {
        self.part = Some(part.into());
        self
    }

    /// Words for all subjects that stand alike.
    #[must_use]
    pub fn alike(mut self, said: impl Into<Shown>) -> Self {
        self.standings.alike = Some(said.into());
        self
    }

    #[must_use]
    pub fn detail(mut self, text: &str) -> Self {
        self.detail = Shown::text(text);
        self
    }

    #[must_use]
    pub fn mend(mut self, mend: impl Into<Shown>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    #[must_use]
    pub fn because(mut self, source: impl Into<Shown>, at: Option<Timestamp>, said: impl Into<Shown>) -> Self {
        self.because.push(Because { source: source.into(), at, said: said.into() });
        self
    }

    #[must_use]
    pub fn link(mut self, link: Option<Link>) -> Self {
        self.link = link;
        self
    }

    #[must_use]
    pub fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    /// Between 0 and 100.
    #[must_use]
    pub fn weight(self, weight: u8) -> Self {
        self.weigh(u32::from(weight) * 10_000)
    }

    /// The same, finer: in ten-thousandths.
    #[must_use]
    pub fn weigh(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// How one thing stands that this judgement speaks of.
    #[must_use]
    pub fn standing(mut self, item: impl Into<Shown>, word: impl Into<Shown>) -> Self {
        self.standings.each.push(Standing { item: item.into(), word: word.into(), asks: false });
        self
    }

    /// The same of a thing that asks for a person: a decision made before it came, or before it stood so, is open again.
    #[must_use]
    pub fn asking(mut self, item: impl Into<Shown>, word: impl Into<Shown>) -> Self {
        self.standings.each.push(Standing { item: item.into(), word: word.into(), asks: true });
        self
    }

    /// How many things stand, at once.
    #[must_use]
    pub fn stand(mut self, all: impl IntoIterator<Item = Standing>) -> Self {
        self.standings.each.extend(all);
        self
    }

    /// The judgement as a finding, its particulars and its standings: `before` is what was known under its key.
    pub fn with_history(
        self,
        rank: u32,
        at: Timestamp,
        before: Option<&Finding>,
    ) -> (Finding, Particulars, Vec<Standing>) {
        let unchanged = before.filter(|before| before.verdict == self.verdict);
        let finding = Finding {
            key: self.key(),
            measure: self.measure.into(),
            // What is dated by its day alone began before that day is over.
            since: self.since.filter(|since| *since <= at).or(unchanged.map(|before| before.since)).unwrap_or(at),
            first_seen: before.map_or(at, |before| before.first_seen),
            subject: self.subject,
            verdict: self.verdict,
            rank,
            title: self.title,
            alike: self.standings.alike.clone(),
            asks: asked(&self.standings),
        };
        let Self { detail, mend, because, link, standings, .. } = self;
        (finding, Particulars { detail, mend, because, link }, standings.each)
    }

    pub fn key(&self) -> FindingKey {
        FindingKey::new(self.measure, &self.subject, self.part.as_ref())
    }
}

/// A judgement with its history: what lists show, the reports print and decisions refer to. Ten thousand of them are in
/// memory; what only a closer look needs is in its [`Particulars`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub key: FindingKey,
    pub measure: Shown,
    pub subject: Subject,
    pub verdict: Verdict,
    /// 1 comes first.
    pub rank: u32,
    pub title: Shown,
    /// When it got this verdict.
    pub since: Timestamp,
    /// When a round first said anything under this key.
    pub first_seen: Timestamp,
    /// What is so of several subjects at once, where the title says more of each.
    #[serde(default)]
    pub alike: Option<Shown>,
    /// A digest of what it asks of a person: see [`Same`](super::Same).
    #[serde(default)]
    pub asks: i64,
}

/// What a finding says to who looks closer, kept in the store and read then.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Particulars {
    /// Several lines.
    pub detail: Shown,
    /// What would make it ok, in one line.
    pub mend: Option<Shown>,
    /// The chain from evidence to verdict.
    pub because: Vec<Because>,
    pub link: Option<Link>,
}
