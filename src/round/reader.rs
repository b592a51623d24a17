//! Answers that need no judgement: read from the store, on a connection of their own, so that who looks at a finding does
//! not wait for the schedule.

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::{Looked, Order, Update};
use crate::domain::Subject;
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
        Order::Stand(measure) => store.stands(measure).map(Update::Stands),
        Order::RefreshAll
        | Order::Refresh(_)
        | Order::RefreshSubject(_)
        | Order::Request(_)
        | Order::Prepare(_)
        | Order::Do(_) => return None,
    };
    Some(answered.unwrap_or_else(|error| Update::Trouble(error.into())))
}

fn look(store: &dyn Store, subject: &Subject) -> Result<Update, StoreError> {
    let (particulars, turns) = (store.particulars_of(subject)?, store.turns_of(subject, Timestamp::MAX)?);
    Ok(Update::Looked(Looked { subject: subject.clone(), particulars, turns }))
}

/// Answers orders until the console hangs up, and passes on those that the schedule has a part in. Blocks its thread. The store is
/// opened with the first order that needs it.
pub fn read_for(
    mut orders: UnboundedReceiver<Order>,
    schedule: &UnboundedSender<Order>,
    updates: &UnboundedSender<Update>,
    open: impl Fn() -> Result<Box<dyn Store>, StoreError>,
) {
    let mut store = None;
    while let Some(order) = orders.blocking_recv() {
        let mut waiting = vec![order];
        while let Ok(order) = orders.try_recv() {
            waiting.push(order);
        }
        for order in newest(waiting) {
            if !matches!(order, Order::Seek(_) | Order::Stand(_)) {
                // A schedule that ended takes no orders; that was said when it did.
                schedule.send(order.clone()).ok();
            }
            if !matches!(order, Order::Look(_) | Order::Seek(_) | Order::Stand(_)) {
                continue;
            }
            let answered = match &store {
                Some(store) => Ok(store),
                None => open().map(|opened| &*store.insert(opened)),
            }
            .map(|store| answer(store.as_ref(), &order));
            let update = answered.unwrap_or_else(|error| Some(Update::Trouble(error.into())));
            // When nobody listens any more, nobody orders either.
            update.map(|update| updates.send(update));
        }
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
