//! When a source is asked next, and when its last answer is too old to be believed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Period, SourceRecord};

/// The first delay after a failure; it doubles with each further one.
pub(super) const BACKOFF: Period = Period::seconds(30);

/// From now until then, a moment longer so that the clock has passed it.
pub(super) fn wait(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO) + Duration::from_millis(20)
}

pub(super) fn stale_at(record: &SourceRecord) -> Option<Timestamp> {
    record.good_at.and_then(|good| good.checked_add(record.stale_after.as_duration()).ok())
}

/// When a source is asked next: after its interval, or, while it fails, after a delay that doubles up to its interval.
/// Both are jittered, so that five hundred sources don't come in step.
pub(super) fn next(record: &SourceRecord, every: Period, now: Timestamp) -> Timestamp {
    let Some(asked) = record.asked_at.filter(|asked| *asked <= now) else { return now };
    let interval =
        if record.failures == 0 { every } else { BACKOFF.times(1 << (record.failures - 1).min(10)).min(every) };
    let seconds = interval.as_seconds();
    let jitter = fastrand::i64(-seconds / 10..=seconds / 10);
    asked.checked_add(SignedDuration::from_secs(seconds + jitter)).unwrap_or(now)
}
