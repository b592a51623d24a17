//! Looks: the services of the register, each with the last look at its URL.

use jiff::Timestamp;

use crate::domain::facts::{ServiceDeclared, ServiceSeen};
use crate::domain::{Declared, Evidence, Fact, Fault, Judgement, Link, Shown, SourceRecord, Verdict};

/// A service of the register, and the source that looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Registered<'a> {
    source: &'a SourceRecord,
    pub declared: &'a Declared,
    pub service: &'a ServiceDeclared,
}

/// Every service of the register.
pub fn registered(evidence: &Evidence) -> impl Iterator<Item = Registered<'_>> {
    evidence.of("services").flat_map(|source| {
        source.declared.iter().filter_map(move |declared| match &declared.fact {
            Fact::ServiceDeclared(service) => Some(Registered { source, declared, service }),
            _ => None,
        })
    })
}

impl<'a> Registered<'a> {
    /// The last look at `url`, if it can be judged by; else why not, and what mends it.
    pub fn seen(&self, url: &Link, now: Timestamp) -> Result<(Timestamp, &'a ServiceSeen), Fault> {
        let observations = self.source.believed(now)?;
        let looks = observations.iter().filter(|observation| observation.subject == self.declared.subject);
        let mut seen = looks.filter_map(|observation| match &observation.fact {
            Fact::ServiceSeen(seen) => Some((observation.at, seen)),
            _ => None,
        });
        match seen.next_back() {
            Some((at, seen)) if seen.url == *url => Ok((at, seen)),
            Some(_) => Err(Fault::new("not looked at since its URL changed")),
            None => Err(Fault::new("not looked at yet")),
        }
    }

    /// A judgement on it that says where it comes from.
    pub fn judged(&self, measure: &'static str, verdict: Verdict, title: impl Into<Shown>) -> Judgement {
        Judgement::new(measure, self.declared.subject.clone(), verdict, title).link(self.service.url.clone())
    }

    /// The verdict when there is nothing to judge by.
    pub fn unknown(&self, measure: &'static str, fault: &Fault) -> Judgement {
        let mut judgement = self.judged(measure, Verdict::Unknown, fault.said.clone());
        judgement.mend.clone_from(&fault.mend);
        self.looked(judgement, self.source.good_at, "the last good look")
    }

    /// Adds the look to the chain, and that a later one failed, if it did.
    pub fn looked(&self, judgement: Judgement, at: Option<Timestamp>, said: &str) -> Judgement {
        let id = self.source.id.to_string();
        let judgement = match at {
            Some(at) => judgement.because(id.as_str(), Some(at), said),
            None => judgement,
        };
        match &self.source.fault {
            Some(fault) => judgement.because(id, self.source.asked_at, format!("the last try failed: {}", fault.said)),
            None => judgement,
        }
    }
}
