//! [`Looks`]: what has been read of the store because somebody looked: findings' particulars, and what a filter found in
//! them. Until an answer comes, and while a newer one is on its way, what was there before stays.

use std::collections::{HashSet, VecDeque};

use crate::domain::{Finding, FindingKey, Particulars, Seek, Subject};
use crate::round::{Looked, Order};

/// How many subjects are remembered: enough to go back and forth.
const KEPT: usize = 32;

/// What is known by looking, and what has been asked for.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    /// The newest first, each with whether it is of the round that is shown.
    of: VecDeque<(Looked, bool)>,
    /// The subject asked for and not yet answered.
    asked: Option<Subject>,
    pub sought: Sought,
}

/// What was found of a filter's words in the particulars.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    found: Vec<(Seek, HashSet<FindingKey>)>,
    asked: Option<Vec<Seek>>,
}

impl Sought {
    pub fn fits(&self, seek: &Seek, key: &FindingKey) -> bool {
        self.found.iter().any(|(sought, keys)| sought == seek && keys.contains(key))
    }
}

impl Looks {
    /// What a finding says beyond its title, once that has been read.
    pub fn particulars(&self, finding: &Finding) -> Option<&Particulars> {
        self.of(&finding.subject)?.particulars.get(&finding.key)
    }

    /// What has been read of a subject.
    pub fn of(&self, subject: &Subject) -> Option<&Looked> {
        self.of.iter().map(|(looked, _)| looked).find(|looked| looked.subject == *subject)
    }

    pub fn take(&mut self, looked: Looked) {
        if self.asked.as_ref() == Some(&looked.subject) {
            self.asked = None;
        }
        self.of.retain(|(earlier, _)| earlier.subject != looked.subject);
        self.of.push_front((looked, true));
        self.of.truncate(KEPT);
    }

    pub fn take_sought(&mut self, found: Vec<(Seek, HashSet<FindingKey>)>) {
        self.sought.found = found;
    }

    /// Another round has come: everything is read anew as it is needed.
    pub fn outdate(&mut self) {
        self.asked = None;
        self.sought.asked = None;
        self.of.iter_mut().for_each(|(_, fresh)| *fresh = false);
    }

    /// What has to be ordered to look at a subject, if anything.
    pub fn want(&mut self, subject: &Subject) -> Option<Order> {
        let here = self.of.iter().any(|(looked, fresh)| *fresh && looked.subject == *subject);
        if here || self.asked.as_ref() == Some(subject) {
            return None;
        }
        self.asked = Some(subject.clone());
        Some(Order::Look(subject.clone()))
    }

    /// What has to be ordered for a filter, if anything.
    pub fn want_sought(&mut self, seeks: Vec<Seek>) -> Option<Order> {
        if self.sought.asked.as_ref() == Some(&seeks) {
            return None;
        }
        self.sought.asked = Some(seeks.clone());
        if seeks.is_empty() {
            self.sought.found.clear();
            return None;
        }
        Some(Order::Seek(seeks))
    }
}
