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
                _ if !reads => Ok(Vec::new()),
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
            for update in answered.unwrap_or_else(|error| vec![Update::Trouble(error.into())]) {
                // When nobody listens any more, nobody orders either.
                updates.send(update).ok();
            }
        }
    }
}

/// Where the console is, and what was said there.
struct Then {
    at: Timestamp,
    survey: Survey,
}

fn read(store: &dyn Store, plan: &Plan, order: &Order, then: &mut Option<Then>) -> Result<Vec<Update>, StoreError> {
    let update = match (order, &then) {
        (Order::AsOf(None), _) => {
            *then = None;
            return Ok(Vec::new());
        }
        (Order::AsOf(Some(at)), _) => match past(plan, store, *at)? {
            Some(survey) => {
                let round = Arc::new(survey.round.clone());
                *then = Some(Then { at: *at, survey });
                Update::Then(Ok((*at, round)))
            }
            None => Update::Then(Err(no_past(plan, store, *at)?)),
        },
        (_, None) => return Ok(answer(store, order).into_iter().collect()),
        (Order::Look(subject), Some(then)) => {
            let pictures = pictures(plan, store, (subject, then.at))?.map(Update::Exhibited);
            return Ok([then.look(store, subject)?].into_iter().chain(pictures).collect());
        }
        (Order::Stand(measure), Some(then)) => Update::Stands(Some(then.at), store.stands(measure, then.at)?),
        (Order::Seek(seeks), Some(then)) => {
            Update::Sought(seeks.iter().map(|seek| (seek.clone(), then.seek(seek))).collect())
        }
        _ => return Ok(Vec::new()),
    };
    Ok(vec![update])
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
