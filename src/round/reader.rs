//! Answers that need no judgement: read from the store, on a connection of their own, so that who looks at a finding does
//! not wait for the schedule.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::past::pictures;
use super::{Looked, Order, Plan, Survey, Update, no_past, past};
use crate::domain::{FindingKey, Particulars, Seek, Subject};
use crate::store::{Store, StoreError};

/// What the store answers to an order, if it is one for the store.
pub fn answer(store: &dyn Store, order: &Order) -> Option<Update> {
    let answered = match order {
        Order::Look(subject) => look(store, subject),
        Order::Seek(seeks) => seeks
            .iter()
            .map(|seek| Ok((seek.clone(), store.seek(seek)?)))
            .collect::<Result<_, StoreError>>()
            .map(Update::Sought),
        Order::Stand(measure) => store.stands(measure, Timestamp::MAX).map(|turns| Update::Stands(None, turns)),
        Order::RefreshAll
        | Order::Refresh(_)
        | Order::RefreshSubject(_)
        | Order::Request(_)
        | Order::Prepare(_)
        | Order::Do(_)
        | Order::AsOf(_) => return None,
    };
    Some(answered.unwrap_or_else(|error| Update::Trouble(error.into())))
}

fn look(store: &dyn Store, subject: &Subject) -> Result<Update, StoreError> {
    let (particulars, turns) = (store.particulars_of(subject)?, store.turns_of(subject, Timestamp::MAX)?);
    Ok(Update::Looked(Looked { subject: subject.clone(), particulars, turns, then: None }))
}

/// Answers orders until the console hangs up, and passes on those that the schedule has a part in. Blocks its thread. The
/// store is opened with the first order that needs it.
pub fn read_for(
    mut orders: UnboundedReceiver<Order>,
    schedule: &UnboundedSender<Order>,
    updates: &UnboundedSender<Update>,
    plan: &Plan,
    open: impl Fn() -> Result<Box<dyn Store>, StoreError>,
) {
    let (mut store, mut then) = (None, None);
    while let Some(order) = orders.blocking_recv() {
        let mut waiting = vec![order];
        while let Ok(order) = orders.try_recv() {
            waiting.push(order);
        }
        for order in newest(waiting) {
            let reads = matches!(order, Order::Look(_) | Order::Seek(_) | Order::Stand(_) | Order::AsOf(_));
            let answered = match &store {
                _ if !reads => Ok(None),
                Some(store) => read(Box::as_ref(store), plan, &order, &mut then),
                None => open().and_then(|opened| read(Box::as_ref(store.insert(opened)), plan, &order, &mut then)),
            };
            // While nobody is in the past, the schedule adds what it has in hand; who could not go there has not gone.
            let kept = match &order {
                Order::Seek(_) | Order::Stand(_) => true,
                Order::AsOf(Some(_)) => then.is_none(),
                Order::Look(_) => then.is_some(),
                _ => false,
            };
            if !kept {
                // A schedule that ended takes no orders; that was said when it did.
                schedule.send(order.clone()).ok();
            }
            let update = answered.unwrap_or_else(|error| Some(Update::Trouble(error.into())));
            // When nobody listens any more, nobody orders either.
            update.map(|update| updates.send(update));
            // They take longer than the words, which nobody lets wait for them.
            if let (Order::Look(subject), Some(then), Some(store)) = (&order, &then, &store) {
                let drawn = pictures(plan, Box::as_ref(store), (subject, then.at));
                drawn.unwrap_or_else(|fault| Some(Update::Trouble(fault))).map(|drawn| updates.send(drawn));
            }
        }
    }
}

/// Where the console is, and what was said there.
struct Then {
    at: Timestamp,
    survey: Survey,
}

fn read(store: &dyn Store, plan: &Plan, order: &Order, then: &mut Option<Then>) -> Result<Option<Update>, StoreError> {
    match (order, &then) {
        (Order::AsOf(None), _) => *then = None,
        (Order::AsOf(Some(at)), _) => {
            let Some(survey) = past(plan, store, *at)? else {
                return Ok(Some(Update::Then(Err(no_past(plan, store, *at)?))));
            };
            let round = Arc::new(survey.round.clone());
            *then = Some(Then { at: *at, survey });
            return Ok(Some(Update::Then(Ok((*at, round)))));
        }
        (_, None) => return Ok(answer(store, order)),
        (Order::Look(subject), Some(then)) => return then.look(store, subject).map(Some),
        (Order::Stand(measure), Some(then)) => {
            return Ok(Some(Update::Stands(Some(then.at), store.stands(measure, then.at)?)));
        }
        (Order::Seek(seeks), Some(then)) => {
            let found = seeks.iter().map(|seek| (seek.clone(), then.seek(seek)));
            return Ok(Some(Update::Sought(found.collect())));
        }
        _ => {}
    }
    Ok(None)
}

impl Then {
    fn look(&self, store: &dyn Store, subject: &Subject) -> Result<Update, StoreError> {
        let of = self.survey.round.findings.iter().filter(|finding| finding.subject == *subject);
        let said = of.filter_map(|one| Some((one.key.clone(), self.survey.particulars.get(&one.key)?.clone())));
        let (particulars, turns) = (said.collect(), store.turns_of(subject, self.at)?);
        Ok(Update::Looked(Looked { subject: subject.clone(), particulars, turns, then: Some(self.at) }))
    }

    fn seek(&self, seek: &Seek) -> HashSet<FindingKey> {
        let fits = |said: &Particulars| match seek {
            Seek::Word(_) => seek.fits(said.detail.as_str()),
            Seek::Source(_) => said.because.iter().any(|because| seek.fits(because.source.as_str())),
        };
        let all = self.survey.particulars.iter();
        all.filter(|(_, said)| fits(said)).map(|(key, _)| key.clone()).collect()
    }
}

/// Of several looks, and of several searches, only the newest is still wanted.
fn newest(orders: Vec<Order>) -> Vec<Order> {
    let kind = |order: &Order| std::mem::discriminant(order);
    let outdated = |at: usize| {
        matches!(orders[at], Order::Look(_) | Order::Seek(_) | Order::Stand(_))
            && orders[at + 1..].iter().any(|later| kind(later) == kind(&orders[at]))
    };
    let keep: Vec<bool> = (0..orders.len()).map(|at| !outdated(at)).collect();
    orders.into_iter().zip(keep).filter_map(|(order, keep)| keep.then_some(order)).collect()
}
