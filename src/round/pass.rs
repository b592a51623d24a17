//! One pass of the sources, without a screen.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::Desk;
use super::ask::ask;
use crate::collect::tools::Tools;
use crate::domain::{Fault, FindingKey, Particulars, Round, SourceId};
use crate::store::{Outcome, StoreError};

/// What a pass is about.
#[derive(Debug, Clone, Default)]
pub struct Pass {
    /// Only these sources, by name, by collector, or as `collector/name`; empty: all.
    pub only: Vec<String>,
}

impl Pass {
    pub fn wants(&self, id: &SourceId) -> bool {
        self.only.is_empty()
            || self.only.iter().any(|word| id.name == **word || id.collector == **word || id.to_string() == *word)
    }
}

/// Progress of a pass, for people.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    pub done: usize,
    pub of: usize,
    pub id: &'a SourceId,
    pub took_ms: u64,
    pub fault: Option<&'a Fault>,
}

/// What came of a pass.
#[derive(Debug, Clone)]
pub struct Passed {
    pub round: Round,
    /// What the store could not keep of it first. Who judges next knows less then.
    pub unkept: Option<StoreError>,
    /// What the findings say beyond their titles, where the store has not kept it.
    pub particulars: Option<BTreeMap<FindingKey, Particulars>>,
}

impl Passed {
    /// The round, if all of it was kept.
    pub fn kept(self) -> Result<Round, StoreError> {
        self.unkept.map_or(Ok(self.round), Err)
    }
}

/// Asks every source at once, each under its own deadline; none waits for another. `None` when `cancel` came first:
/// then what had arrived is kept, and nothing is judged. What can't be kept is judged all the same.
pub async fn pass(
    desk: &mut Desk,
    tools: &Arc<Tools>,
    pass: &Pass,
    cancel: impl Future<Output = ()>,
    mut step: impl FnMut(Step<'_>),
) -> Option<Passed> {
    let mut asking = JoinSet::new();
    for source in desk.plan.sources.iter().filter(|source| pass.wants(&source.id)) {
        asking.spawn(ask(source.clone(), Arc::clone(tools), desk.memory(&source.id)));
    }
    let (mut done, of, mut unkept) = (0, asking.len(), None);
    tokio::pin!(cancel);
    loop {
        let joined = tokio::select! {
            biased;
            () = &mut cancel => return None,
            joined = asking.join_next() => joined,
        };
        let Some(joined) = joined else { break };
        // `ask` itself has nothing that panics: what it calls runs in a task of its own.
        let Ok(attempt) = joined else { continue };
        done += 1;
        let fault = if let Outcome::Failed(fault) = &attempt.outcome { Some(fault) } else { None };
        step(Step { done, of, id: &attempt.id, took_ms: attempt.took_ms, fault });
        if let Err(error) = desk.take(attempt) {
            unkept.get_or_insert(error);
        }
    }
    Some(conclude(desk, (tools.now)(), unkept))
}

fn conclude(desk: &mut Desk, now: Timestamp, unkept: Option<StoreError>) -> Passed {
    match desk.evaluate(now) {
        Ok(round) => Passed { round, unkept, particulars: None },
        Err(error) => {
            let (round, particulars) = desk.glance_back(now);
            Passed { round, unkept: unkept.or(Some(error)), particulars: Some(particulars) }
        }
    }
}
