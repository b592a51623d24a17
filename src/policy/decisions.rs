//! Which findings a person need not be asked about: decisions, held against the facts as they are now.

#[cfg(test)]
pub mod scene;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::{Decided, DecisionKind, Extent, FindingKey, Recorded, Shown, Standing, SubjectKind, Verdict, age};

/// An ended decision is told of for this long; then its finding is one like any other.
const TOLD_OF: i64 = 30 * 86_400;

/// Roles of servers, by their names.
pub type Roles = HashMap<Shown, Shown>;

/// What of a finding a decision hangs on.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    pub key: &'a FindingKey,
    pub kind: SubjectKind,
    pub verdict: Verdict,
    pub standings: &'a [Standing],
}

/// The newest word on this finding, and whether it still holds. A decision holds until it ends, while the verdict is the
/// one that was decided on or milder, and while nothing asks that it did not know of; several may share the hosts
/// of one finding among them.
pub fn decided(present: &Present<'_>, recorded: &[Recorded], roles: &Roles, now: Timestamp) -> Option<Decided> {
    if present.verdict == Verdict::Ok {
        return None;
    }
    let mine: Vec<&Recorded> = recorded.iter().rev().filter(|one| concerns(one, present, roles)).collect();
    let resting = || mine.iter().filter(|one| one.decision.kind != DecisionKind::Note);
    let holding: Vec<&Recorded> = resting().copied().filter(|one| overtaken(one, present, now).is_none()).collect();
    if let Some(newest) = holding.first() {
        return Some(word(newest, unheard(present, &holding, roles)));
    }
    let told = |one: &Recorded| now.duration_since(one.decision.until).as_secs() < TOLD_OF;
    if let Some(last) = resting().find(|one| told(one)) {
        return Some(word(last, overtaken(last, present, now)));
    }
    mine.iter()
        .find(|one| one.decision.kind == DecisionKind::Note && now < one.decision.until)
        .map(|one| word(one, None))
}

fn word(recorded: &Recorded, open: Option<Shown>) -> Decided {
    let decision = &recorded.decision;
    Decided {
        seq: recorded.seq,
        kind: decision.kind,
        by: recorded.by.clone(),
        at: recorded.at,
        until: decision.until,
        reason: decision.reason.clone(),
        to: decision.to.clone(),
        link: decision.link.clone(),
        open,
    }
}

/// An advisory is one question, however many there are of its measure; of servers and sites the same question is asked of
/// each.
fn concerns(recorded: &Recorded, present: &Present<'_>, roles: &Roles) -> bool {
    let decision = &recorded.decision;
    if decision.key == *present.key {
        return true;
    }
    let (measure, subject, part) = present.key.parts();
    let (decided_measure, _, decided_part) = decision.key.parts();
    matches!(present.kind, SubjectKind::Host | SubjectKind::Site)
        && (measure, part) == (decided_measure, decided_part)
        && match &decision.extent {
            Extent::Everywhere => true,
            Extent::Role(role) => roles.get(subject) == Some(role),
            Extent::Finding | Extent::Host(_) => false,
        }
}

/// Why this decision does not hold.
fn overtaken(recorded: &Recorded, present: &Present<'_>, now: Timestamp) -> Option<Shown> {
    let decision = &recorded.decision;
    if let (Some(second), None) = (&decision.second, &recorded.agreed) {
        return Some(format!("{second} has not agreed yet").into());
    }
    if now >= decision.until {
        return Some(format!("it ended {} ago", age(decision.until, now)).into());
    }
    let (was, is) = (decision.basis.verdict, present.verdict);
    // What was broken and is due is milder; anything else is another question.
    let milder = was == Verdict::Broken && is == Verdict::Due;
    (was != is && !milder).then(|| format!("it was {} then, it is {} now", was.word(), is.word()).into())
}

/// What asks for a person and no decision that holds knows of.
fn unheard(present: &Present<'_>, holding: &[&Recorded], roles: &Roles) -> Option<Shown> {
    let asks = present.standings.iter().filter(|standing| standing.asks);
    let unheard: Vec<&Standing> =
        asks.filter(|standing| !holding.iter().any(|one| covers(one, standing, roles))).collect();
    let first = unheard.first()?;
    let more = match unheard.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Some(format!("{}: {}{more}", first.item, first.word).into())
}

fn covers(recorded: &Recorded, standing: &Standing, roles: &Roles) -> bool {
    let known = recorded
        .decision
        .basis
        .asked
        .iter()
        .any(|asked| (&asked.item, &asked.word) == (&standing.item, &standing.word));
    let Some(host) = standing.item.as_str().strip_prefix("host ") else { return known };
    match &recorded.decision.extent {
        Extent::Finding => known,
        Extent::Host(name) => known && *name == *host,
        Extent::Role(role) => roles.get(host) == Some(role),
        Extent::Everywhere => true,
    }
}
