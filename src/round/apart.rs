//! A cleared desk. A console is open all day and judges for a moment: reading what 500 servers told and judging it takes more
//! memory than everything else, and long-lived and short-lived pieces of it lie so mixed that an allocator gets none of it
//! back. So what sources saw stays in the store, and is laid out on a second desk, on a connection and in a thread of its
//! own, for as long as somebody works on it. What comes back is read from the store.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::thread;

use jiff::Timestamp;

use super::{Desk, Order, Plan, Update};
use crate::domain::{Fault, FindingKey, Particulars, Round, SourceRecord};
use crate::policy;
use crate::store::{Store, StoreError};

impl Desk {
    /// A desk on which nothing is laid out; where the store can be opened only once, everything is.
    pub fn cleared(plan: Plan, store: Box<dyn Store>) -> Result<Self, StoreError> {
        if store.again()?.is_none() {
            return Self::open(plan, store);
        }
        let kept = store.sources()?;
        let mut desk = Self::on(plan, store, kept);
        desk.is_clear = true;
        desk.read_log()?;
        Ok(desk)
    }

    /// Works with all evidence.
    pub(super) fn with_evidence<T: Send>(&mut self, work: impl FnOnce(&mut Self) -> T + Send) -> Result<T, Fault> {
        let second = if self.is_clear { self.store.again()? } else { None };
        let Some(store) = second else { return Ok(work(self)) };
        let (done, ballast) = apart(|| self.lend(store, work))?;
        let mut texts = HashSet::new();
        let copied = self.presents.iter().map(|(key, one)| (key.apart(), one.interned(&mut texts))).collect();
        let lent = std::mem::replace(&mut self.presents, copied);
        // Without a thread they are dropped all the same; less is given back then.
        thread::scope(|scope| drop(thread::Builder::new().spawn_scoped(scope, move || drop(lent))));
        drop(ballast);
        Ok(done?)
    }

    /// Lends what it knows to a second desk that has the evidence.
    fn lend<T>(&mut self, store: Box<dyn Store>, work: impl FnOnce(&mut Self) -> T) -> Result<T, StoreError> {
        let kept = store.kept()?;
        let mut desk = Self::on(self.plan.clone(), store, kept);
        desk.read_past()?;
        for (there, here) in desk.evidence.sources.iter_mut().zip(&mut self.evidence.sources) {
            // What could not be written is newer here, unless another process asked since and could write.
            let unkept = self.unkept.get(&there.id).filter(|_| here.good_at > there.good_at);
            if unkept.is_none() && there.good_at.is_none() && here.good_at.is_some() {
                // What it saw can't be read any more.
                *here = SourceRecord { seen: Vec::new(), ..there.clone() };
                continue;
            }
            let seen = unkept.cloned().unwrap_or_else(|| std::mem::take(&mut there.seen));
            if unkept.is_some() || here.asked_at > there.asked_at {
                *there = SourceRecord { seen, ..here.clone() };
            } else {
                there.seen = seen;
            }
        }
        desk.evidence.attested.clone_from(&self.evidence.attested);
        self.swap_what_is_known(&mut desk);
        let done = work(&mut desk);
        self.swap_what_is_known(&mut desk);
        Ok(done)
    }

    fn swap_what_is_known(&mut self, other: &mut Self) {
        std::mem::swap(&mut other.record, &mut self.record);
        std::mem::swap(&mut other.damage, &mut self.damage);
        std::mem::swap(&mut other.presents, &mut self.presents);
    }

    /// As [`evaluate`](Self::evaluate).
    pub(super) fn evaluate_apart(&mut self, now: Timestamp) -> Result<Round, Fault> {
        if !self.is_clear {
            return Ok(self.evaluate(now)?);
        }
        self.with_evidence(|desk| desk.judge_and_keep(now).map(drop))??;
        self.read_log()?;
        let round = self.store.last()?.unwrap_or_default();
        Ok(self.decide_on(Round { operator: self.plan.operator.clone(), sources: self.lines(now), ..round }, now))
    }

    /// As [`glance`](Self::glance), with the histories that the store knows. Where what is kept can't even be read, nothing is known, and everything says why.
    pub(super) fn glance_apart(&mut self, now: Timestamp) -> Round {
        match self.with_evidence(|desk| desk.glance_back(now).0) {
            Ok(round) => round,
            Err(fault) => {
                let mut blind = self.evidence.clone();
                for source in &mut blind.sources {
                    (source.good_at, source.fault) = (None, Some(fault.clone()));
                }
                let before = std::mem::replace(&mut self.evidence, blind);
                let round = self.glance(now);
                self.evidence = before;
                round
            }
        }
    }

    /// As [`glance`](Self::glance), with the histories that the store knows, where they can still be read although nothing can be kept there.
    pub(super) fn glance_back(&mut self, now: Timestamp) -> (Round, BTreeMap<FindingKey, Particulars>) {
        let survey = self.survey(now).map(|survey| (survey.round, survey.particulars));
        survey.unwrap_or_else(|_| self.look_over(now, &HashMap::new()))
    }

    /// As [`exhibit`](Self::exhibit).
    pub(super) fn exhibit_apart(&mut self, order: &Order, now: Timestamp) -> Option<Update> {
        let Order::Look(subject) = order else { return None };
        if !policy::PICTURED.contains(&subject.kind) {
            return None;
        }
        // That the store can't be read is told with the next evaluation.
        self.with_evidence(|desk| desk.exhibit(order, now)).ok().flatten()
    }
}

/// Works in a thread of its own, which gives back its memory once what it leaves behind is dropped too.
pub(super) fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> Result<(T, Ballast), Fault> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, || (work(), Ballast::new())).map_err(|error| {
            Fault::new(format!("nothing can be judged: no thread could be started ({error})"))
                .mend("see how many processes you may have: ulimit -u, or the cgroup's pids.max")
        })?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// What a thread leaves behind to be freed when it has ended. glibc gathers the small pieces that were freed in a thread's
/// memory, and returns what is free at its end to the system, only when a piece of 64 KiB or more is freed there
/// (`FASTBIN_CONSOLIDATION_THRESHOLD` in its malloc.c). Until then every thread that freed some of it keeps a few pieces
/// for itself, and the last of them decides how much is returned: so only threads that end free any.
pub(super) struct Ballast {
    _piece: Vec<u8>,
}

impl Ballast {
    fn new() -> Self {
        Self { _piece: Vec::with_capacity(96 << 10) }
    }
}

#[cfg(test)]
mod tests;
