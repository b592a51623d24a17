//! [`Truth`]: the sources of vulnerabilities, each with how far it can be believed now.

use jiff::Timestamp;

use crate::domain::facts::{
    Bulletins, DrupalDatabase, Exploited, Likelihoods, Releases, Support, Tracker, TruthDeclared,
};
use crate::domain::{Declared, Evidence, Fact, Shown, SourceRecord};

/// What one source tells.
#[derive(Debug)]
pub struct Told<'a, T> {
    pub source: &'a SourceRecord,
    pub fact: &'a T,
    /// Why it may be out of date, if so. What it says is wrong is still wrong; that nothing else is cannot be said.
    pub doubt: Option<Shown>,
}

impl<'a, T> Told<'a, T> {
    /// Itself, where it can be believed.
    pub fn trusted(&self) -> Option<&Self> {
        self.doubt.is_none().then_some(self)
    }

    fn new(source: &'a SourceRecord, fact: &'a T, now: Timestamp) -> Self {
        Self { source, fact, doubt: source.doubt(now) }
    }
}

/// All there is. Where two sources tell the same kind of truth the younger answer counts.
#[derive(Debug, Default)]
pub struct Truth<'a> {
    pub declared: Vec<(&'a SourceRecord, &'a Declared, &'a TruthDeclared)>,
    pub tracker: Option<Told<'a, Tracker>>,
    pub bulletins: Vec<Told<'a, Bulletins>>,
    pub exploited: Option<Told<'a, Exploited>>,
    pub likelihoods: Option<Told<'a, Likelihoods>>,
    pub drupal: Option<Told<'a, DrupalDatabase>>,
    pub releases: Option<Told<'a, Releases>>,
    pub support: Option<Told<'a, Support>>,
}

impl<'a> Truth<'a> {
    pub fn of(evidence: &'a Evidence, now: Timestamp) -> Self {
        let mut truth = Self::default();
        for source in &evidence.sources {
            truth.declared.extend(source.declared.iter().filter_map(|declared| match &declared.fact {
                Fact::TruthDeclared(fact) => Some((source, declared, fact)),
                _ => None,
            }));
            for seen in &source.seen {
                truth.take(source, &seen.fact, now);
            }
        }
        truth
    }

    fn take(&mut self, source: &'a SourceRecord, fact: &'a Fact, now: Timestamp) {
        match fact {
            Fact::DebianTracker(fact) => younger(&mut self.tracker, Told::new(source, &**fact, now)),
            Fact::Bulletins(fact) => self.bulletins.push(Told::new(source, &**fact, now)),
            Fact::Exploited(fact) => younger(&mut self.exploited, Told::new(source, &**fact, now)),
            Fact::Likelihoods(fact) => younger(&mut self.likelihoods, Told::new(source, &**fact, now)),
            Fact::DrupalDatabase(fact) => younger(&mut self.drupal, Told::new(source, &**fact, now)),
            Fact::DebianReleases(fact) => younger(&mut self.releases, Told::new(source, &**fact, now)),
            Fact::DebianSupport(fact) => younger(&mut self.support, Told::new(source, &**fact, now)),
            _ => {}
        }
    }

    /// Since when a vulnerability is known to be exploited.
    pub fn exploited_since(&self, cve: &str) -> Option<jiff::civil::Date> {
        self.exploited.as_ref()?.fact.listed.get(cve).copied()
    }
}

fn younger<'a, T>(kept: &mut Option<Told<'a, T>>, told: Told<'a, T>) {
    if kept.as_ref().is_none_or(|kept| kept.source.good_at < told.source.good_at) {
        *kept = Some(told);
    }
}
