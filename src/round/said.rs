//! What people said of a round's findings, added to it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::Plan;
use super::flapping::count_turns;
use crate::domain::{Declared, Fact, FindingKey, Period, Round, Since, Standing, Verdict};
use crate::log::Record;
use crate::policy::decisions::{Present, Roles, decided};
use crate::store::{Store, StoreError};

/// The last round as the store has it, with what people said of it: what a console opens with.
pub fn opening(plan: &Plan, store: &dyn Store, now: Timestamp) -> Result<Option<Round>, StoreError> {
    let Some(round) = store.last()? else { return Ok(None) };
    let mut record = Record::default();
    for (seq, line) in store.log(0)? {
        // What can't be used is told when the desk reads it.
        record.take(seq, &line).ok();
    }
    let round = Round { operator: plan.operator.clone(), ..round };
    // Nothing is decided on most mornings, and then nothing has to be held against it.
    let asking = if record.decisions.is_empty() { HashMap::new() } else { store.asking()? };
    let standings = |key: &FindingKey| asking.get(key).map_or(&[][..], Vec::as_slice);
    let mut round = said_of(round, &record, (&roles(plan), &standings), now);
    count_turns(store, &mut round, now)?;
    Ok(Some(round))
}

/// How the things stand that a finding speaks of.
pub(super) type StandingsOf<'f, 's> = &'f dyn Fn(&FindingKey) -> &'s [Standing];

/// Adds what people said of the findings, and what changed since the operator signed.
pub(super) fn said_of(
    mut round: Round,
    record: &Record,
    (roles, standings): (&Roles, StandingsOf<'_, '_>),
    now: Timestamp,
) -> Round {
    round.decisions = BTreeMap::new();
    if !record.decisions.is_empty() {
        for finding in round.findings.iter().filter(|finding| finding.verdict != Verdict::Ok) {
            let (key, kind, verdict) = (&finding.key, finding.subject.kind, finding.verdict);
            let present = Present { key, kind, verdict, standings: standings(key) };
            if let Some(decided) = decided(&present, &record.decisions, roles, now) {
                round.decisions.insert(key.clone(), decided);
            }
        }
    }
    // One that can't be read is told by the desk; until then nobody has signed.
    let signed = record.last_check_in(&round.operator).unwrap_or_default();
    round.since = Since::of(signed.as_ref(), &round);
    // Read at any moment of the week, it holds the whole of four weeks.
    let recent = now - Period::days(35).as_duration();
    let days = record.signed.iter().enumerate().filter(|(at, signed)| *at == 0 || signed.at > recent);
    round.since.days = days.map(|(_, signed)| signed.clone()).collect();
    round
}

pub(super) fn roles(plan: &Plan) -> Roles {
    let role = |declared: &Declared| match &declared.fact {
        Fact::HostDeclared(host) => Some((declared.subject.name.clone(), host.role.clone()?)),
        _ => None,
    };
    plan.sources.iter().flat_map(|source| &source.declared).filter_map(role).collect()
}
