//! What went to and fro since the operator signed: one thing to look at, not one for each time.

use jiff::Timestamp;

use super::Desk;
use crate::domain::Round;
use crate::store::{Store, StoreError};

/// Adds how often findings turned between the operator's last signature and then, where that is often.
pub(super) fn count_turns(store: &dyn Store, round: &mut Round, until: Timestamp) -> Result<(), StoreError> {
    if let Some((signed, _)) = round.since.signed {
        round.since.restless = store.restless(signed, until)?;
    }
    Ok(())
}

impl Desk {
    pub(super) fn restless(&self, mut round: Round, now: Timestamp) -> Round {
        // Without it they are told of as new; that the store can't be read is told by whoever keeps the round.
        count_turns(self.store.as_ref(), &mut round, now).ok();
        round
    }
}
