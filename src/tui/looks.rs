//! [`Looks`]: what has been read because somebody looked: findings' particulars, history and pictures, and what a filter
//! found. Until an answer comes, and while a newer one is on its way, what was there before stays.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::domain::{Exhibit, Finding, FindingKey, Particulars, Seek, Shown, Subject, Turn};
use crate::round::{Exhibited, Looked, Order};

/// How many subjects are remembered: enough to go back and forth.
const KEPT: usize = 32;

/// What is known by looking, and what has been asked for.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    /// The newest first.
    of: VecDeque<Look>,
    /// The subject asked for and not yet answered.
    asked: Option<Subject>,
    pub sought: Sought,
    pub stands: Stands,
}

/// How everything stands that the findings of a measure speak of.
#[derive(Debug, Clone, Default)]
pub struct Stands {
    /// `None` until it is read for the first time.
    pub turns: Option<Arc<[Turn]>>,
    asked: bool,
}

/// What has been read of one subject.
#[derive(Debug, Clone)]
struct Look {
    subject: Subject,
    particulars: BTreeMap<FindingKey, Particulars>,
    turns: Vec<Turn>,
    exhibits: Vec<(Shown, Exhibit)>,
    has_faded: bool,
    /// Whether it is of the round that is shown.
    fresh: bool,
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
    fn of(&self, subject: &Subject) -> Option<&Look> {
        self.of.iter().find(|look| look.subject == *subject)
    }

    /// The subject's look, made the newest.
    fn renewed(&mut self, subject: Subject) -> &mut Look {
        let at = self.of.iter().position(|look| look.subject == subject);
        let look = at.and_then(|at| self.of.remove(at)).unwrap_or_else(|| Look {
            subject,
            particulars: BTreeMap::new(),
            turns: Vec::new(),
            exhibits: Vec::new(),
            has_faded: false,
            fresh: false,
        });
        self.of.truncate(KEPT - 1);
        self.of.push_front(look);
        &mut self.of[0]
    }

    /// What a finding says beyond its title, once that has been read.
    pub fn particulars(&self, finding: &Finding) -> Option<&Particulars> {
        self.of(&finding.subject)?.particulars.get(&finding.key)
    }

    /// What turned in a finding, the newest first.
    pub fn turns<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = &'a Turn> {
        let all = self.of(&finding.subject).map_or(&[][..], |look| &look.turns);
        all.iter().filter(|turn| turn.key == finding.key)
    }

    /// The pictures that the rule of a finding has of its subject.
    pub fn exhibits<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = &'a Exhibit> {
        let all = self.of(&finding.subject).map_or(&[][..], |look| &look.exhibits);
        all.iter().filter(|(measure, _)| *measure == finding.measure).map(|(_, exhibit)| exhibit)
    }

    pub fn take(&mut self, looked: Looked) {
        if self.asked.as_ref() == Some(&looked.subject) {
            self.asked = None;
        }
        let look = self.renewed(looked.subject);
        (look.particulars, look.turns, look.fresh) = (looked.particulars, looked.turns, true);
    }

    pub fn take_exhibits(&mut self, taken: Exhibited) {
        let look = self.renewed(taken.subject);
        look.has_faded = taken.exhibits.is_empty() && !taken.is_whole;
        look.exhibits = taken.exhibits;
    }

    /// Whether there may have been pictures of a subject, of which nothing is kept any more.
    pub fn have_faded(&self, subject: &Subject) -> bool {
        self.of(subject).is_some_and(|look| look.has_faded)
    }

    pub fn take_sought(&mut self, found: Vec<(Seek, HashSet<FindingKey>)>) {
        self.sought.found = found;
    }

    /// Another round has come: everything is read anew as it is needed.
    pub fn outdate(&mut self) {
        self.asked = None;
        self.sought.asked = None;
        self.stands.asked = false;
        self.of.iter_mut().for_each(|look| look.fresh = false);
    }

    /// What has to be ordered to look at a subject, if anything.
    pub fn want(&mut self, subject: &Subject) -> Option<Order> {
        if self.asked.as_ref() == Some(subject) || self.of(subject).is_some_and(|look| look.fresh) {
            return None;
        }
        self.asked = Some(subject.clone());
        Some(Order::Look(subject.clone()))
    }

    /// What has to be ordered to group by what the findings of this measure speak of, if anything.
    pub fn want_stands(&mut self, measure: &'static str) -> Option<Order> {
        (!std::mem::replace(&mut self.stands.asked, true)).then_some(Order::Stand(measure))
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
