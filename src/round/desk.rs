//! [`Desk`]: where evidence, rules and the store meet.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::said::{roles, said_of};
use super::{Chronicle, Exhibited, Order, Plan, Survey, Update, answer};
use crate::domain::{
    Evidence, Exhibit, Fault, Finding, FindingKey, Judgement, Observation, Particulars, Round, Shown, SourceId,
    SourceLine, SourceRecord, Standing, Subject, Verdict,
};
use crate::log::Record;
use crate::policy::decisions::Roles;
use crate::policy::{self, Case};
use crate::store::{Attempt, Kept, Outcome, Store, StoreError};

/// All evidence in memory, and the store beneath it. The only place that evaluates: the console, `round`, `check` and
/// the reports ask it.
pub struct Desk {
    pub plan: Plan,
    pub(super) store: Box<dyn Store>,
    pub(super) evidence: Evidence,
    /// Whether sources told of new things since the evidence knows since when each has been there.
    pub(super) unsighted: bool,
    /// Whether what sources saw is in the store only: see [`Desk::cleared`].
    pub(super) is_clear: bool,
    /// What a cleared desk could not keep in the store.
    pub(super) unkept: HashMap<SourceId, Vec<Observation>>,
    memories: HashMap<SourceId, String>,
    pub(super) record: Record,
    /// Of the findings that are not ok, as they were judged last.
    pub(super) presents: HashMap<FindingKey, Judged>,
    /// Lines of the log that could not be used, told once.
    pub(super) damage: Vec<Shown>,
    /// Channels that nothing reaches, told once.
    pub(super) unreached: Vec<Fault>,
}

/// What of a judgement a decision hangs on.
pub(super) struct Judged {
    /// Since when it is so.
    since: Timestamp,
    verdict: Verdict,
    standings: Vec<Standing>,
}

impl Judged {
    fn of(judgement: &Judgement, now: Timestamp) -> Self {
        Self { since: now, verdict: judgement.verdict, standings: judgement.standings.each.clone() }
    }

    /// The same in memory of its own: what is alike is there once.
    pub(super) fn interned(&self, texts: &mut HashSet<Shown>) -> Self {
        let mut interned = |text: &Shown| {
            let apart = texts.get(text).cloned().unwrap_or_else(|| text.apart());
            texts.insert(apart.clone());
            apart
        };
        let standings = self.standings.iter();
        let standings = standings.map(|one| Standing { item: interned(&one.item), word: interned(&one.word), ..*one });
        Self { since: self.since, verdict: self.verdict, standings: standings.collect() }
    }

    /// Whether a person is asked the same question.
    fn asks_as(&self, other: &Self) -> bool {
        let asking = |judged: &Self| -> Vec<Standing> {
            judged.standings.iter().filter(|standing| standing.asks).cloned().collect()
        };
        self.verdict == other.verdict && asking(self) == asking(other)
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Desk {
    /// Lays out what is kept of the plan's sources.
    pub fn open(plan: Plan, store: Box<dyn Store>) -> Result<Self, StoreError> {
        let kept = store.kept()?;
        let mut desk = Self::on(plan, store, kept);
        desk.read_log()?;
        desk.read_past()?;
        Ok(desk)
    }

    /// A desk on these answers, which knows nothing of the past yet.
    pub(super) fn on(plan: Plan, store: Box<dyn Store>, kept: Vec<Kept>) -> Self {
        let mut kept: HashMap<SourceId, Kept> = kept.into_iter().map(|kept| (kept.id.clone(), kept)).collect();
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
        let register = plan.register.clone();
        let evidence = Evidence { sources, register, configured: plan.configured, ..Evidence::default() };
        let mut desk = Self::replay(plan, store, evidence);
        desk.memories = memories;
        desk.unsighted = true;
        desk
    }

    /// A desk on evidence that was recorded elsewhere.
    pub fn replay(plan: Plan, store: Box<dyn Store>, evidence: Evidence) -> Self {
        Self {
            plan,
            store,
            evidence,
            unsighted: false,
            is_clear: false,
            unkept: HashMap::new(),
            memories: HashMap::new(),
            record: Record::default(),
            presents: HashMap::new(),
            damage: Vec::new(),
            unreached: Vec::new(),
        }
    }

    /// What people decided and signed.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Lines of the log that could not be used; each is told once.
    pub fn damage(&mut self) -> Vec<Shown> {
        std::mem::take(&mut self.damage)
    }

    /// Takes what was added to the log, here or by another process; whether there was anything.
    pub fn read_log(&mut self) -> Result<bool, StoreError> {
        let lines = self.store.log(self.record.head.seq)?;
        for (seq, line) in &lines {
            if let Err(said) = self.record.take(*seq, line) {
                self.damage.push(said.into());
            }
        }
        if let (false, Err(said)) = (lines.is_empty(), self.record.last_check_in(&self.plan.operator)) {
            self.damage.push(said.into());
        }
        self.evidence.attested.clone_from(&self.record.attested);
        Ok(!lines.is_empty())
    }

    /// Forgets what turned after that moment.
    pub(super) fn forget_after(&mut self, at: Timestamp) {
        self.evidence.turns.retain(|turn| turn.at <= at);
    }

    /// Since when things have been there, and how they turned.
    pub(super) fn read_past(&mut self) -> Result<(), StoreError> {
        self.read_sightings()?;
        self.read_turns()
    }

    fn read_sightings(&mut self) -> Result<(), StoreError> {
        if self.unsighted {
            self.evidence.first_seen = self.store.sightings()?;
            self.unsighted = false;
        }
        Ok(())
    }

    /// The newest of the history that rules judge by; what is here already is not read again.
    pub(super) fn read_turns(&mut self) -> Result<(), StoreError> {
        let since = self.evidence.turns.last().map_or(Timestamp::UNIX_EPOCH, |turn| turn.at);
        let mut newer = Vec::new();
        for item in ["host ", "fix ", "withdrawn"] {
            newer.extend(self.store.turns_about("advisories", item, since)?);
        }
        newer.sort_by_key(|turn| turn.at);
        let known = self.evidence.turns.iter().rposition(|turn| turn.at < since).map_or(0, |last| last + 1);
        self.evidence.turns.truncate(known);
        self.evidence.turns.extend(newer);
        Ok(())
    }

    /// How the things stand that a finding speaks of.
    pub fn standings(&self, key: &FindingKey) -> &[Standing] {
        self.presents.get(key).map_or(&[], |judged| &judged.standings)
    }

    /// When what a decision would be about was first judged as it is; of what this desk found so at its start, the beginning
    /// of time.
    pub fn changed_at(&self, key: &FindingKey) -> Option<Timestamp> {
        self.presents.get(key).map(|judged| judged.since)
    }

    pub fn roles(&self) -> Roles {
        roles(&self.plan)
    }

    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Which sources told of the subject that an order is about. Where that can't be read, those count that are there for it.
    pub(super) fn tellers(&self, order: &Order) -> HashSet<SourceId> {
        match order {
            Order::RefreshSubject(subject) => self.store.tellers(subject).unwrap_or_default(),
            _ => HashSet::new(),
        }
    }

    /// What the source's last good answer left for the next time; only while that answer is still here.
    pub fn memory(&self, id: &SourceId) -> Option<String> {
        let has_answer = self.evidence.sources.iter().any(|source| source.id == *id && source.good_at.is_some());
        self.memories.get(id).filter(|_| has_answer).cloned()
    }

    /// Takes what a try brought: into the store first, then into the evidence.
    pub fn take(&mut self, attempt: Attempt) -> Result<(), StoreError> {
        let kept = self.store.keep(&attempt);
        self.apply(attempt, kept.is_ok());
        kept
    }

    fn apply(&mut self, attempt: Attempt, is_kept: bool) {
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
                source.fault = None;
                source.failures = 0;
                self.unsighted = true;
                match (self.is_clear, is_kept) {
                    (false, _) => source.seen = observations,
                    (true, false) => drop(self.unkept.insert(attempt.id.clone(), observations)),
                    (true, true) => drop(self.unkept.remove(&attempt.id)),
                }
                // With it the source might say that nothing has changed, of an answer that the store never got.
                match memory.filter(|_| is_kept) {
                    Some(memory) => self.memories.insert(attempt.id, memory),
                    None => self.memories.remove(&attempt.id),
                };
            }
        }
    }

    /// Judges, without keeping anything.
    pub fn judge(&self, now: Timestamp) -> Vec<Judgement> {
        policy::evaluate(&self.case(now))
    }

    fn case(&self, now: Timestamp) -> Case<'_> {
        Case { evidence: &self.evidence, limits: &self.plan.limits, now, zone: &self.plan.zone }
    }

    /// Judges, gives the judgements their history, and keeps them as the last round.
    pub fn evaluate(&mut self, now: Timestamp) -> Result<Round, StoreError> {
        let round = self.judge_and_keep(now)?;
        Ok(self.decide_on(round, now))
    }

    pub(super) fn judge_and_keep(&mut self, now: Timestamp) -> Result<Round, StoreError> {
        self.read_log()?;
        self.put_right(now)?;
        self.read_sightings()?;
        let judgements = self.judge(now);
        self.remember(&judgements, now);
        let round = self.store.record(now, &self.plan.operator, self.lines(now), judgements)?;
        self.read_turns()?;
        Ok(round)
    }

    /// Judges at this moment without keeping anything; histories begin now.
    pub fn glance(&mut self, now: Timestamp) -> Round {
        // What is new counts from now on then; that the store can't be read is told by whoever keeps the round.
        self.read_sightings().ok();
        self.look_over(now, &HashMap::new()).0
    }

    /// Judges at this moment without keeping anything, with the histories that the store knows: what a report tells of.
    pub fn survey(&mut self, now: Timestamp) -> Result<Survey, StoreError> {
        self.read_sightings()?;
        let last = self.store.last()?;
        let last_round = last.as_ref().map(|round| round.at);
        let known = last.into_iter().flat_map(|round| round.findings);
        let (round, particulars) = self.look_over(now, &known.map(|finding| (finding.key.clone(), finding)).collect());
        Ok(Survey { round, particulars, last_round })
    }

    pub(super) fn look_over(
        &mut self,
        now: Timestamp,
        known: &HashMap<FindingKey, Finding>,
    ) -> (Round, BTreeMap<FindingKey, Particulars>) {
        let judgements = self.judge(now);
        self.remember(&judgements, now);
        let (mut findings, mut particulars) = (Vec::with_capacity(judgements.len()), BTreeMap::new());
        for (judgement, rank) in judgements.into_iter().zip(1..) {
            let before = known.get(&judgement.key());
            let (finding, said, _) = judgement.with_history(rank, now, before);
            particulars.insert(finding.key.clone(), said);
            findings.push(finding);
        }
        let round = Round::new(now, self.plan.operator.clone(), self.lines(now), findings);
        (self.decide_on(round, now), particulars)
    }

    fn remember(&mut self, judgements: &[Judgement], now: Timestamp) {
        let first = self.presents.is_empty();
        let open = judgements.iter().filter(|one| one.verdict != Verdict::Ok);
        let judged = open.map(|one| {
            let (key, mut judged) = (one.key(), Judged::of(one, now));
            match self.presents.get(&key) {
                Some(before) if before.asks_as(&judged) => judged.since = before.since,
                None if first => judged.since = Timestamp::MIN,
                _ => {}
            }
            (key, judged)
        });
        self.presents = judged.collect();
    }

    /// The same findings with what people have said of them by now.
    pub fn decide_on(&self, round: Round, now: Timestamp) -> Round {
        self.restless(said_of(round, &self.record, (&self.roles(), &|key| self.standings(key)), now), now)
    }

    /// What the findings of the last round say beyond their titles.
    pub fn particulars(&self) -> Result<BTreeMap<FindingKey, Particulars>, StoreError> {
        self.store.particulars()
    }

    /// What was recorded from then on and before that moment, and what it took to patch.
    pub fn chronicle(&self, (from, until): (Timestamp, Timestamp), now: Timestamp) -> Result<Chronicle, StoreError> {
        /// Years of them are a picture that nobody reads.
        const MONTHS: usize = 24;
        let mut backups = self.store.verdicts_of("backup-on-site", until)?;
        backups.extend(self.store.verdicts_of("backup-off-site", until)?);
        let (tallies, latency) = (self.store.tallies(from, until)?, policy::patch_latency(&self.case(now), MONTHS));
        Ok(Chronicle { tallies, backups, latency })
    }

    /// Answers who looks closer, where nobody else does.
    pub fn answer(&self, order: &Order, now: Timestamp) -> Vec<Update> {
        answer(self.store.as_ref(), order).into_iter().chain(self.exhibit(order, now)).collect()
    }

    /// Takes the pictures of a subject out of the evidence, for who looks at it.
    pub fn exhibit(&self, order: &Order, now: Timestamp) -> Option<Update> {
        let Order::Look(subject) = order else { return None };
        let exhibits = self.pictures(subject, now);
        Some(Update::Exhibited(Exhibited { subject: subject.clone(), exhibits, then: None, is_whole: true }))
    }

    /// The pictures of a subject, each with its rule's measure.
    pub(super) fn pictures(&self, subject: &Subject, now: Timestamp) -> Vec<(Shown, Exhibit)> {
        let taken = policy::exhibits(&self.case(now), subject);
        taken.into_iter().map(|(measure, exhibit)| (measure.into(), exhibit)).collect()
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
