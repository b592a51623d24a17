//! What people said of a round's findings, added to it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::Plan;
use super::flapping::count_turns;
use crate::domain::{Declared, Fact, FindingKey, Period, Presence, Round, Since, Standing, Verdict};
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
    // However long somebody was away, they hear what was left for them.
    let away = round.since.signed.map(|(at, _)| at);
    let for_them = |one: &Presence| !one.note.is_empty() || one.stands_for.as_ref() == Some(&round.operator);
    let shows = |one: &Presence| one.at > recent || away.is_some_and(|since| one.at > since) && for_them(one);
    round.since.days = record.signed.iter().filter(|one| shows(one)).cloned().collect();
    round.since.began = record.signed.first().map(|one| one.at);
    round
}

pub(super) fn roles(plan: &Plan) -> Roles {
    let role = |declared: &Declared| match &declared.fact {
        Fact::HostDeclared(host) => Some((declared.subject.name.clone(), host.role.clone()?)),
        _ => None,
    };
    plan.sources.iter().flat_map(|source| &source.declared).filter_map(role).collect()
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;
    use crate::domain::{CheckIn, Presence, Shown, Signing};
    use crate::log::{Act, Entry, Stamp};

    fn now() -> Timestamp {
        "2026-11-26T07:00:00Z".parse().unwrap()
    }

    /// What mona sees of these check-ins: who, how many days ago, for whom, and the word that they left.
    fn seen(check_ins: &[(&str, i64, Option<&str>, &str)]) -> Since {
        let round = Round::new(now(), "mona".into(), Vec::new(), Vec::new());
        let mut record = Record::default();
        for (who, ago, stands_for, note) in check_ins {
            let time = now() - (24 * ago).hours();
            let stamp = Stamp { time, zone: "UTC".into(), actor: (*who).into(), host: "ws".into() };
            let signing = Signing { note: (*note).into(), stands_for: stands_for.map(Shown::from) };
            let line = Entry::line(&record.head, &stamp, &Act::CheckIn(CheckIn::of(&round, signing))).unwrap();
            record.take(record.head.seq + 1, &line).unwrap();
        }
        said_of(round, &record, (&Roles::default(), &|_| &[]), now()).since
    }

    fn words(since: &Since) -> Vec<String> {
        let mona = Shown::from("mona");
        since.notes(&mona).map(|one| one.note.to_string()).collect()
    }

    #[test]
    fn after_a_long_absence_all_that_was_left_since_is_there() {
        let since = seen(&[
            ("anna", 300, None, "before"),
            ("mona", 90, None, "mine"),
            ("anna", 80, None, "the disk comes in January"),
            ("anna", 70, Some("mona"), ""),
            ("anna", 60, None, ""),
            ("anna", 1, None, "it came"),
        ]);
        assert_eq!(words(&since), ["it came", "the disk comes in January"]);
        assert_eq!(since.deputy(&"mona".into()).map(|one| one.at), Some(now() - (24 * 70).hours()));
        let days: Vec<&Presence> = since.days.iter().collect();
        assert_eq!(days.len(), 3, "of the others only the last weeks: {days:?}");
    }

    #[test]
    fn who_never_signed_is_told_nothing_of_years_ago_and_knows_when_it_began() {
        let since = seen(&[("anna", 700, Some("mona"), "this is the first"), ("anna", 3, None, "the latest")]);
        assert_eq!(words(&since), ["the latest"]);
        assert_eq!(since.deputy(&"mona".into()), None);
        assert_eq!(since.began, Some(now() - (24 * 700).hours()));
        assert_eq!(seen(&[]).began, None);
    }
}
