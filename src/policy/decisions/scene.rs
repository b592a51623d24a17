//! A decision made on one judgement and held against a later one, for the tests of the rules.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::{Basis, Decision, Judgement};

/// Why what was accepted as it stood `then` asks again as it stands `now`; `None` while that still holds.
pub fn reopened(then: &Judgement, now: &Judgement) -> Option<Shown> {
    let at = Timestamp::UNIX_EPOCH;
    let asked = then.standings.each.iter().filter(|one| one.asks).cloned().collect();
    let decision = Decision {
        key: then.key(),
        kind: DecisionKind::Accept,
        extent: Extent::Finding,
        reason: "known".into(),
        until: at + SignedDuration::from_hours(1),
        to: None,
        link: None,
        second: None,
        basis: Basis { verdict: then.verdict, asked },
    };
    let recorded = Recorded { seq: 1, at, by: "mona".into(), decision, agreed: None };
    let (key, standings) = (now.key(), &now.standings.each);
    let present = Present { key: &key, kind: now.subject.kind, verdict: now.verdict, standings };
    decided(&present, &[recorded], &Roles::default(), at)?.open
}
