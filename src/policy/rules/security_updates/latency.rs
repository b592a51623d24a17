//! Patch latency as a finding: the proof, or not, that security updates install themselves.

use jiff::{SignedDuration, Timestamp};

use super::MEASURE;
use crate::domain::{Exhibit, Judgement, Period, Picture, Subject, SubjectKind, Verdict, age};
use crate::policy::latency::{Patched, measured, months, quantiles};
use crate::policy::matching::Truth;
use crate::policy::{Case, SECURITY_UPDATE};

const NAME: &str = "patch latency";
/// What is judged: the advisories of the last three months.
const LATELY: Period = Period::days(90);
const MONTHS: usize = 12;

fn subject() -> Subject {
    Subject::new(SubjectKind::Organisation, NAME)
}

/// `None` as long as no advisory was seen from its publication on to its last installation, or for too long.
pub(super) fn latency(case: &Case<'_>) -> Option<Judgement> {
    let truth = Truth::of(case.evidence, case.now);
    let all = measured(case, &truth);
    let lately = |one: &&Patched<'_>| case.now.duration_since(one.published) <= LATELY.as_duration();
    let recent: Vec<&Patched<'_>> = all.iter().filter(lately).collect();
    let (median, p95) = quantiles(recent.iter().map(|one| one.took).collect())?;
    let limit = case.limits.of(&SECURITY_UPDATE);
    let verdict = if p95 > limit.as_duration() { Verdict::Due } else { Verdict::Ok };
    let count = recent.len();
    let advisories = if count == 1 { "advisory" } else { "advisories" };
    let open = recent.iter().filter(|one| one.open).count();
    let still = if open == 0 { String::new() } else { format!(", {open} still open") };
    let title = format!(
        "median {}, p95 {} over {count} {advisories} of the last {LATELY}{still}",
        lasting(median),
        lasting(p95)
    );
    let mut slowest = recent.clone();
    slowest.sort_by_key(|one| std::cmp::Reverse(one.took));
    let mut judged = Judgement::new(MEASURE, subject(), verdict, title).weight(25);
    for one in slowest.iter().take(5) {
        let said = match one.open {
            true => format!("{} is open for {}", one.id, lasting(one.took)),
            false if one.took.is_zero() => format!("{} took the day of its publication", one.id),
            false => format!("{} took {}", one.id, lasting(one.took)),
        };
        judged = judged.because("history", Some(one.published), said);
    }
    let judged = judged.because(format!("limits.{}", SECURITY_UPDATE.key), None, format!("{limit}"));
    Some(if verdict == Verdict::Ok {
        judged
    } else {
        judged.mend("see which servers were last: does unattended-upgrades run there, and is its result read?")
    })
}

/// `19 h`, `3 d`.
fn lasting(took: SignedDuration) -> String {
    let zero = Timestamp::UNIX_EPOCH;
    zero.checked_add(took).map_or_else(|_| "for ever".to_owned(), |end| age(zero, end))
}

pub(super) fn exhibits(case: &Case<'_>, of: &Subject) -> Vec<Exhibit> {
    if *of != subject() {
        return Vec::new();
    }
    let months = months(&measured(case, &Truth::of(case.evidence, case.now)), MONTHS);
    let title = "from publication to installation on the last affected server, by month".into();
    if months.is_empty() { Vec::new() } else { vec![Exhibit { title, picture: Picture::Months { months } }] }
}
