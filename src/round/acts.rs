//! What a person does at the desk: decide, take back, agree, sign, vouch. Each becomes one entry of the log.

use jiff::Timestamp;

use super::Desk;
use crate::domain::{
    Account, Attestation, Basis, CheckIn, Decision, DecisionKind, Done, Extent, Fact, Fault, FindingKey, Recorded,
    Round, Shown, Signing, SubjectKind, Verdict,
};
use crate::log::{Act, Agreed, Entry, Head, Stamp, Undone, hash};
use crate::policy::DECISION;
use crate::store::{Signature, StoreError};

/// A decision as somebody wishes it, not yet held against the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub key: FindingKey,
    pub kind: DecisionKind,
    pub extent: Extent,
    pub reason: Shown,
    pub until: Timestamp,
    pub to: Option<Shown>,
    pub link: Option<Shown>,
    pub second: Option<Shown>,
    /// The moment of the round in which the person saw it: what has changed since they have not decided on.
    pub seen: Timestamp,
}

/// What the console wants recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Decide(Wish),
    Undo,
    Sign(Signing),
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// In a line.
    pub said: Shown,
    /// The entry of a check-in, which a key may sign now.
    pub check_in: Option<u64>,
}

/// An entry that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub head: Head,
    pub line: String,
}

/// Why nothing was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unrecorded {
    /// What was asked for can't be.
    #[error("{0}")]
    Refused(#[from] Fault),
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Unrecorded {
    /// With how far it had come.
    fn after(self, done: &str) -> Self {
        let said = |said: &Shown| format!("{said} ({done})").into();
        match self {
            Self::Refused(fault) => Self::Refused(Fault { said: said(&fault.said), ..fault }),
            Self::Store(error) => Self::Store(StoreError { said: said(&error.said), ..error }),
        }
    }
}

impl From<Unrecorded> for Fault {
    fn from(why: Unrecorded) -> Self {
        match why {
            Unrecorded::Refused(fault) => fault,
            Unrecorded::Store(error) => error.into(),
        }
    }
}

/// What was taken back, the newest first, in a line.
pub fn taken_back(all: &[Recorded]) -> String {
    match all {
        [] => "nothing was taken back".to_owned(),
        [one] => format!("taken back: {} {} (entry {})", one.decision.key, one.decision.kind.done(), one.seq),
        [newest, .., oldest] => {
            let (many, done) = (all.len(), newest.decision.kind.done());
            format!("taken back: {many} {done} at once (entries {} to {})", oldest.seq, newest.seq)
        }
    }
}

impl Desk {
    /// The latest moment at which a decision made now may end.
    pub fn furthest_end(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.plan.limits.of(&DECISION).as_duration()).unwrap_or(Timestamp::MAX)
    }

    /// Records what somebody at the console wants; what was recorded.
    pub fn request(&mut self, round: &Round, request: Request, now: Timestamp) -> Result<Answer, Fault> {
        let mut check_in = None;
        let said = match request {
            Request::Decide(wish) => {
                let (key, done, until) = (wish.key.clone(), wish.kind.done(), wish.until);
                let entry = self.decide(round, wish, now)?.head.seq;
                let until = until.to_zoned_datetime(self.plan.zone.clone()).strftime("%a %-d %b %H:%M").to_string();
                format!("{key} {done} until {until} (entry {entry}); u takes it back")
            }
            Request::Undo => taken_back(&self.undo(now)?),
            Request::Sign(signing) => {
                let whom = signing.stands_for.as_ref().map_or_else(String::new, |whom| format!(", in place of {whom}"));
                let entry = self.sign(round, signing, now)?.head.seq;
                check_in = Some(entry);
                format!("signed: entry {entry} of the record{whom}")
            }
        };
        Ok(Answer { said: said.into(), check_in })
    }

    /// Records a decision on a finding of `round`, which this desk judged last.
    pub fn decide(&mut self, round: &Round, wish: Wish, now: Timestamp) -> Result<Written, Unrecorded> {
        let finding = round.findings.iter().find(|finding| finding.key == wish.key);
        let finding = finding.ok_or_else(|| unheard_of(round, &wish.key))?;
        if finding.verdict == Verdict::Ok {
            return Err(Fault::new(format!("{} is ok: there is nothing to decide", wish.key)).into());
        }
        if self.changed_at(&wish.key).is_some_and(|at| at > wish.seen) {
            let fault = Fault::new(format!("{} has changed since you looked", wish.key));
            return Err(fault.mend("look again, then decide").into());
        }
        self.check(&wish, finding.subject.kind, now)?;
        let asked = self.standings(&wish.key).iter().filter(|standing| standing.asks).cloned().collect();
        let decision = Decision {
            key: wish.key,
            kind: wish.kind,
            extent: wish.extent,
            reason: wish.reason,
            until: wish.until,
            to: wish.to,
            link: wish.link,
            second: wish.second,
            basis: Basis { verdict: finding.verdict, asked },
        };
        self.write(&Act::Decide(decision), now)
    }

    fn check(&self, wish: &Wish, kind: SubjectKind, now: Timestamp) -> Result<(), Fault> {
        let furthest = self.furthest_end(now);
        if wish.reason.as_str().trim().is_empty() {
            return Err(Fault::new("a decision needs a reason").mend("say in a few words why this is right"));
        }
        if wish.until <= now {
            return Err(Fault::new("the decision would end in the past").mend("give an end that is still to come"));
        }
        if wish.until > furthest {
            let limit = self.plan.limits.of(&DECISION);
            return Err(Fault::new(format!("a decision may last {limit} at most (limits.decision)"))
                .mend("give an earlier end; it will ask again then"));
        }
        if wish.kind == DecisionKind::Assign && wish.to.is_none() {
            return Err(Fault::new("to whom is it assigned?").mend("name a person of the register"));
        }
        if let Some(person) = [&wish.to, &wish.second].into_iter().flatten().find(|person| !self.knows(person, now)) {
            return Err(
                Fault::new(format!("the register has no person {person}")).mend("see [[person]] in the configuration")
            );
        }
        if wish.second.as_ref() == Some(&self.plan.operator) {
            return Err(
                Fault::new("nobody agrees with themselves: four eyes are two people").mend("name somebody else")
            );
        }
        if let Extent::Role(role) = &wish.extent {
            let (_, subject, _) = wish.key.parts();
            let roles = self.roles();
            let fits = match kind {
                SubjectKind::Host => roles.get(subject) == Some(role),
                _ => roles.values().any(|one| one == role),
            };
            if !fits {
                return Err(Fault::new(format!("{} is on no server of the role {role}", wish.key)));
            }
        }
        if let Extent::Host(host) = &wish.extent {
            let item = format!("host {host}");
            if !self.standings(&wish.key).iter().any(|standing| standing.item == *item) {
                return Err(Fault::new(format!("{} does not concern {host}", wish.key)));
            }
        }
        Ok(())
    }

    /// Somebody who is still here; without a register of persons every name is good.
    fn knows(&self, person: &Shown, now: Timestamp) -> bool {
        let today = self.plan.zone.to_datetime(now).date();
        let here = |fact: &Fact| !matches!(fact, Fact::PersonDeclared(person) if person.has_left(today));
        let register = &self.plan.register;
        register.is_empty() || register.iter().any(|one| one.subject.name == *person && here(&one.fact))
    }

    /// Takes back the operator's last decision, with all that were made by the same act; they are returned, the newest first.
    /// The log keeps both.
    pub fn undo(&mut self, now: Timestamp) -> Result<Vec<Recorded>, Unrecorded> {
        self.read_log()?;
        let last: Vec<Recorded> = self.record().last_by(&self.plan.operator).into_iter().cloned().collect();
        if last.is_empty() {
            return Err(Fault::new(format!("{} has no decision to take back", self.plan.operator)).into());
        }
        for (done, one) in last.iter().enumerate() {
            let known = self.record().head.clone();
            let written = self.write_after(Some(&known), (&Act::Undo(Undone { entry: one.seq }), None), now);
            written.map_err(|why| match done {
                0 => why,
                _ => why.after(&format!("{done} of {} taken back", last.len())),
            })?;
        }
        Ok(last)
    }

    /// Agrees with a decision that waits for the operator.
    pub fn agree(&mut self, entry: u64, now: Timestamp) -> Result<Recorded, Unrecorded> {
        self.read_log()?;
        let operator = self.plan.operator.clone();
        let one = self.record().decisions.iter().find(|one| one.seq == entry).cloned();
        let one = one.ok_or_else(|| Fault::new(format!("entry {entry} is no decision that is in force")))?;
        if one.decision.second.as_ref() != Some(&operator) || one.by == operator {
            let who = one.decision.second.as_ref().map_or_else(|| "nobody".to_owned(), Shown::to_string);
            return Err(Fault::new(format!("entry {entry} waits for {who}, not for {operator}")).into());
        }
        if one.agreed.is_some() {
            return Err(Fault::new(format!("{operator} has agreed with entry {entry} already")).into());
        }
        if one.decision.until <= now {
            return Err(Fault::new(format!("entry {entry} has ended")).mend("decide anew").into());
        }
        self.write(&Act::Agree(Agreed { entry }), now)?;
        Ok(one)
    }

    /// Signs the state of everything as it is in `round`. Whoever signs in another's place has looked themselves: what that
    /// other one has not seen stays news to them.
    pub fn sign(&mut self, round: &Round, signing: Signing, now: Timestamp) -> Result<Written, Unrecorded> {
        if let Some(whom) = &signing.stands_for {
            if *whom == self.plan.operator {
                return Err(Fault::new(format!("{whom} needs nobody to stand in: that is who signs")).into());
            }
            if !self.knows(whom, now) {
                let fault = Fault::new(format!("the register has no person {whom}"));
                return Err(fault.mend("see [[person]] in the configuration").into());
            }
        }
        self.write(&Act::CheckIn(CheckIn::of(round, signing)), now)
    }

    pub fn attest(&mut self, attestation: Attestation, now: Timestamp) -> Result<Written, Unrecorded> {
        if attestation.until <= now {
            let fault = Fault::new("the attestation would end in the past");
            return Err(fault.mend("give an end that is still to come").into());
        }
        self.write(&Act::Attest(attestation), now)
    }

    /// Records that something is being done to servers, or was: then the transcript is kept, and its hash in the entry.
    pub fn note_done(&mut self, account: &Account, now: Timestamp) -> Result<Written, Unrecorded> {
        let mut done = Done::of(account);
        if !account.ended {
            return self.write(&Act::Action(done), now);
        }
        let transcript = account.transcript();
        done.transcript = Some(hash(transcript.as_bytes()).into());
        self.write_after(None, (&Act::Action(done), Some(&transcript)), now)
    }

    /// Keeps the signature that was made under an entry.
    pub fn keep_signature(&mut self, signature: &Signature) -> Result<(), Fault> {
        Ok(self.store.keep_signature(signature)?)
    }

    fn write(&mut self, act: &Act, now: Timestamp) -> Result<Written, Unrecorded> {
        self.write_after(None, (act, None), now)
    }

    /// With `known`, only if nobody wrote since; an act that names a transcript together with it.
    fn write_after(
        &mut self,
        known: Option<&Head>,
        (act, transcript): (&Act, Option<&str>),
        now: Timestamp,
    ) -> Result<Written, Unrecorded> {
        let zone = &self.plan.zone;
        let stamp = Stamp {
            time: now,
            zone: zone.iana_name().map_or_else(|| zone.to_offset(now).to_string(), str::to_owned),
            actor: self.plan.operator.clone(),
            host: self.plan.machine.clone(),
        };
        let mut made = Err(Fault::new("the log took nothing"));
        let mut next = |last: Option<(u64, &str)>| {
            let head = last.map_or_else(Head::default, |(seq, line)| Head::at(seq, line));
            if known.is_some_and(|known| *known != head) {
                made = Err(Fault::new("somebody else wrote at the same moment").mend("look again, then try once more"));
                return None;
            }
            let line = Entry::line(&head, &stamp, act);
            made = match &line {
                Ok(line) => Ok(Written { head: Head::at(head.seq + 1, line), line: line.clone() }),
                Err(error) => Err(Fault::new(format!("the entry can't be written as JSON: {error}"))),
            };
            line.ok()
        };
        self.store.append(&mut next, transcript)?;
        // It is on disk, and must not be written twice: what can't be read now is read, or complained of, when it is judged next.
        self.read_log().ok();
        Ok(made?)
    }
}

/// Nothing is called so; what has these letters in its key may be meant.
fn unheard_of(round: &Round, key: &FindingKey) -> Fault {
    let meant = round.findings.iter().map(|finding| finding.key.as_str()).filter(|one| one.contains(key.as_str()));
    let meant = meant.take(3).collect::<Vec<_>>().join(" or ");
    let fault = Fault::new(format!("there is no finding {key}"));
    if meant.is_empty() { fault.mend("`matins report` names every key") } else { fault.mend(format!("is it {meant}?")) }
}
