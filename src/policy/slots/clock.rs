//! A server whose clock is wrong dates its snapshots wrongly.

use crate::domain::facts::Read;
use crate::domain::{Evidence, Fact, Shown, SubjectKind};
use jiff::{SignedDuration, Timestamp};

use super::SLACK;

/// How far this server's clock is ahead of ours, where it was looked at and that is more than nobody notices.
pub fn ahead(evidence: &Evidence, server: &Shown, now: Timestamp) -> Option<SignedDuration> {
    let mine = evidence.of("servers").filter(|source| source.id.name == *server);
    let seen = mine.filter_map(|source| source.trusted(now).ok()).flatten();
    let mut hosts = seen.filter_map(|observation| match &observation.fact {
        Fact::HostSeen(host)
            if observation.subject.kind == SubjectKind::Host && observation.subject.name == *server =>
        {
            Some(host)
        }
        _ => None,
    });
    let Read::Seen(skew) = hosts.next()?.clock_skew_seconds else { return None };
    let skew = SignedDuration::from_secs(skew);
    (skew.abs() > SLACK).then_some(skew)
}

/// `10 h ahead`, `7 m behind`.
pub fn words(skew: SignedDuration) -> String {
    let minutes = skew.as_mins().unsigned_abs();
    let span = if minutes < 120 { format!("{minutes} m") } else { format!("{} h", minutes / 60) };
    format!("{span} {}", if skew.is_negative() { "behind" } else { "ahead" })
}
