//! How long ago somebody verified what a repository stores: the tool itself where it leaves a trace, else a person.

use jiff::Timestamp;

use super::words;
use crate::domain::facts::Snapshots;
use crate::domain::{Declared, Judgement, Period, Verdict, age};
use crate::policy::Case;

/// The finding on one `[[backup]]` that promises to be verified within `every`.
pub fn verified(
    case: &Case<'_>,
    measure: &'static str,
    backup: &Declared,
    every: Period,
    list: Option<&Snapshots>,
) -> Judgement {
    let name = &backup.subject.name;
    let attested = case.evidence.attested(measure, name.as_str());
    let traced = list.and_then(|list| list.verified_at);
    let newest: Option<Timestamp> = attested.map(|attested| attested.at).max(traced);
    let (verdict, title, word) = match newest {
        None => (Verdict::Due, "nobody ever verified what it stores".to_owned(), "never"),
        Some(at) if at > case.now + super::SLACK => {
            let title = format!("last verified in the future: {}", words::moment(at, case.now, case.zone));
            (Verdict::Unknown, title, "dated ahead")
        }
        Some(at) => {
            let (ago, past) = (age(at, case.now), case.now.duration_since(at).as_secs());
            if past <= every.as_seconds() {
                (Verdict::Ok, format!("verified {ago} ago"), "")
            } else {
                let verdict = if past <= every.as_seconds() * 2 { Verdict::Due } else { Verdict::Broken };
                (verdict, format!("verified {ago} ago, promised every {every}"), "too long ago")
            }
        }
    };
    let mut judgement = Judgement::new(measure, backup.subject.clone(), verdict, title).part("verified").because(
        backup.place.clone(),
        None,
        format!("{name} is verified every {every}"),
    );
    if let Some(attested) = attested {
        let said = format!("{}: {}", attested.by, attested.attestation.note);
        judgement = judgement.because(format!("log entry {}", attested.seq), Some(attested.at), said);
    }
    if verdict == Verdict::Ok {
        judgement
    } else {
        judgement.asking("verified", word).mend(format!(
            "check it (restic check --read-data-subset, borg check), then `matins backup verified {name}`"
        ))
    }
}
