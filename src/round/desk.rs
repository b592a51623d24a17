//! [`Desk`]: where evidence, rules and the store meet.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{Order, Plan, Update, answer};
use crate::domain::{Evidence, FindingKey, Judgement, Particulars, Round, SourceId, SourceLine, SourceRecord};
use crate::policy::{self, Case};
use crate::store::{Attempt, Kept, Outcome, Store, StoreError};

/// All evidence in memory, and the store beneath it. The only place that evaluates: the console, `round`, `check` and
/// the reports ask it.
pub struct Desk {
    pub plan: Plan,
    store: Box<dyn Store>,
    evidence: Evidence,
    memories: HashMap<SourceId, String>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Desk {
    /// Lays out what is kept of the plan's sources.
    pub fn open(plan: Plan, store: Box<dyn Store>) -> Result<Self, StoreError> {
        let mut kept: HashMap<SourceId, Kept> = store.kept()?.into_iter().map(|kept| (kept.id.clone(), kept)).collect();
        let mut memories = HashMap::new();
        let sources = plan
            .sources
            .iter()
            .map(|source| {
                let kept = kept.remove(&source.id);
                if let Some(memory) = kept.as_ref().and_then(|kept| kept.memory.clone()) {
                    memories.insert(source.id.clone(), memory);
                }
                SourceRecord {
                    id: source.id.clone(),
                    declared: source.declared.clone(),
                    stale_after: source.stale_after(),
                    good_at: kept.as_ref().and_then(|kept| kept.good_at),
                    asked_at: kept.as_ref().and_then(|kept| kept.asked_at),
                    took_ms: kept.as_ref().and_then(|kept| kept.took_ms),
                    fault: kept.as_ref().and_then(|kept| kept.fault.clone()),
                    failures: kept.as_ref().map_or(0, |kept| kept.failures),
                    seen: kept.map_or_else(Vec::new, |kept| kept.seen),
                }
            })
            .collect();
        let (register, first_seen) = (plan.register.clone(), store.sightings()?);
        let evidence = Evidence { sources, register, configured: plan.configured, first_seen };
        Ok(Self { plan, store, evidence, memories })
    }

    /// A desk on evidence that was recorded elsewhere.
    pub fn replay(plan: Plan, store: Box<dyn Store>, evidence: Evidence) -> Self {
        Self { plan, store, evidence, memories: HashMap::new() }
    }

    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What the source's last good answer left for the next time; only while that answer is still here.
    pub fn memory(&self, id: &SourceId) -> Option<String> {
        let has_answer = self.evidence.sources.iter().any(|source| source.id == *id && source.good_at.is_some());
        self.memories.get(id).filter(|_| has_answer).cloned()
    }

    /// Takes what a try brought: into the store first, then into the evidence.
    pub fn take(&mut self, attempt: Attempt) -> Result<(), StoreError> {
        let kept = self.store.keep(&attempt);
        let sightings = matches!(attempt.outcome, Outcome::Seen { .. });
        self.apply(attempt);
        kept?;
        if sightings {
            self.evidence.first_seen = self.store.sightings()?;
        }
        Ok(())
    }

    fn apply(&mut self, attempt: Attempt) {
        let Some(source) = self.evidence.sources.iter_mut().find(|source| source.id == attempt.id) else { return };
        source.asked_at = Some(attempt.asked_at);
        source.took_ms = Some(attempt.took_ms);
        match attempt.outcome {
            Outcome::Failed(fault) => {
                source.fault = Some(fault);
                source.failures += 1;
            }
            Outcome::Unchanged => {
                source.good_at = Some(attempt.asked_at);
                source.fault = None;
                source.failures = 0;
            }
            Outcome::Seen { observations, memory } => {
                source.good_at = Some(attempt.asked_at);
                source.seen = observations;
                source.fault = None;
                source.failures = 0;
                match memory {
                    Some(memory) => self.memories.insert(attempt.id, memory),
                    None => self.memories.remove(&attempt.id),
                };
            }
        }
    }

    /// Judges, without keeping anything.
    pub fn judge(&self, now: Timestamp) -> Vec<Judgement> {
        policy::evaluate(&Case { evidence: &self.evidence, limits: &self.plan.limits, now, zone: &self.plan.zone })
    }

    /// Judges, gives the judgements their history, and keeps them as the last round.
    pub fn evaluate(&mut self, now: Timestamp) -> Result<Round, StoreError> {
        let judgements = self.judge(now);
        self.store.record(now, &self.plan.operator, self.lines(now), judgements)
    }

    /// Judges at this moment without keeping anything; histories begin now.
    pub fn glance(&self, now: Timestamp) -> Round {
        let findings = self
            .judge(now)
            .into_iter()
            .zip(1..)
            .map(|(judgement, rank)| judgement.with_history(rank, now, None).0)
            .collect();
        Round { at: now, operator: self.plan.operator.clone(), sources: self.lines(now), findings }
    }

    /// What the findings of the last round say beyond their titles.
    pub fn particulars(&self) -> Result<BTreeMap<FindingKey, Particulars>, StoreError> {
        self.store.particulars()
    }

    /// Answers who looks closer, where nobody else does.
    pub fn answer(&self, order: &Order) -> Option<Update> {
        answer(self.store.as_ref(), order)
    }

    /// How each source is doing.
    pub fn lines(&self, now: Timestamp) -> Vec<SourceLine> {
        let line = |source: &SourceRecord| SourceLine {
            id: source.id.clone(),
            state: source.state(now),
            at: source.good_at,
            took_ms: source.took_ms,
            fault: source.fault.clone(),
        };
        self.evidence.sources.iter().map(line).collect()
    }
}
