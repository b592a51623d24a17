//! The world as it was: the last round before a moment, with what had been decided and signed by then.

use jiff::Timestamp;

use super::apart::apart;
use super::flapping::count_turns;
use super::said::{roles, said_of};
use super::{Desk, Exhibited, Plan, Survey, Update};
use crate::domain::{Fault, FindingKey, Round, Subject};
use crate::log::{self, Record};
use crate::policy::PICTURED;
use crate::store::{Store, StoreError};

/// So many days are thinned out after one round at most. One would do.
const DAYS: usize = 3;

/// The world as it was then; `None` before the first round. What was judged then stands as it was judged then; roles are
/// those of today's register.
pub fn past(plan: &Plan, store: &dyn Store, at: Timestamp) -> Result<Option<Survey>, StoreError> {
    let Some(past) = store.past(at)? else { return Ok(None) };
    let mut record = Record::default();
    let lines = store.log(0)?;
    for (seq, line) in log::until(&lines, at) {
        // What can't be used is told of the record as it is now.
        record.take(*seq, line).ok();
    }
    let round = Round { operator: plan.operator.clone(), ..past.round };
    let standings = |key: &FindingKey| past.asking.get(key).map_or(&[][..], Vec::as_slice);
    let last_round = Some(round.at);
    let mut round = said_of(round, &record, (&roles(plan), &standings), at);
    count_turns(store, &mut round, at)?;
    Ok(Some(Survey { round, particulars: past.particulars, last_round }))
}

/// The pictures of a subject as they were then, taken out of what the sources had answered by then; whether all of that is
/// still kept.
pub(super) fn pictures(
    plan: &Plan,
    store: &dyn Store,
    (subject, at): (&Subject, Timestamp),
) -> Result<Option<Update>, Fault> {
    let second = if PICTURED.contains(&subject.kind) { store.again()? } else { None };
    let Some(second) = second else { return Ok(None) };
    let (drawn, _ballast) = apart(|| {
        let answers = second.answers(at)?;
        let mut desk = Desk::on(plan.clone(), second, answers.kept);
        desk.read_past()?;
        desk.forget_after(at);
        Ok::<_, StoreError>((desk.pictures(subject, at), answers.is_whole))
    })?;
    let (exhibits, is_whole) = drawn?;
    Ok(Some(Update::Exhibited(Exhibited { subject: subject.clone(), exhibits, then: Some(at), is_whole })))
}

/// That nothing is known of then: no morning on which all is well.
pub fn no_past(plan: &Plan, store: &dyn Store, at: Timestamp) -> Result<Fault, StoreError> {
    let said = |at: Timestamp| at.to_zoned_datetime(plan.zone.clone()).strftime("%a %-d %b %Y %H:%M").to_string();
    let first = store.tallies(Timestamp::UNIX_EPOCH, Timestamp::MAX)?.first().map_or_else(
        || "there was no round yet: run `matins round` first".to_owned(),
        |first| format!("the first round was {}", said(first.at)),
    );
    Ok(Fault::new(format!("nothing is known of {}: {first}", said(at))))
}

impl Desk {
    /// What was dated while a clock was ahead is read anew.
    pub(super) fn put_right(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.store.put_right(now)? {
            self.unsighted = true;
            self.evidence.turns.clear();
            self.read_turns()?;
        }
        Ok(())
    }

    /// Thins out what is older than what the store keeps in full; of a long time only a part, for the clock may be wrong.
    pub fn thin_out(&mut self, now: Timestamp) -> Result<(), StoreError> {
        for _ in 0..DAYS {
            if !self.store.thin_out(now)? {
                break;
            }
        }
        Ok(())
    }

    /// The same of one day, for whom somebody waits.
    pub(super) fn thin_out_a_day(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        self.store.thin_out(now)
    }

    /// The same; afterwards this desk knows nothing of what came later, and chronicles only what was before.
    pub fn return_to(&mut self, at: Timestamp) -> Result<Option<Survey>, StoreError> {
        self.forget_after(at);
        past(&self.plan, self.store.as_ref(), at)
    }

    /// That nothing is known of then.
    pub fn no_past(&self, at: Timestamp) -> Result<Fault, StoreError> {
        no_past(&self.plan, self.store.as_ref(), at)
    }
}
