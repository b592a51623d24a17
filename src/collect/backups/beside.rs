//! What is said beside the lists of snapshots: locks, complaints, a drill's sample. So that any bytes can be tried on it.

use std::path::PathBuf;

use jiff::Timestamp;

use super::drill::sample::{Sampled, parse_compared};
use super::{borg, restic};
use crate::collect::tools::run::Ran;

/// Read as its source would, and whether it was understood; `None` for what there is not. For fuzzing.
pub fn parse_beside(what: &str, said: &[u8]) -> Option<bool> {
    let then = Timestamp::UNIX_EPOCH;
    match what {
        "restic lock" => Some(
            restic::locks::parse_lock(said).is_some_and(|lock| lock.lives(then) && !lock.host().as_str().is_empty()),
        ),
        "restic locks" => Some(restic::locks::parse_ids(said).next().is_some()),
        "restic complaints" => {
            let fault = restic::troubles::fault_of(Some(1), &restic::troubles::parse_complaints(said));
            Some(!fault.said.as_str().starts_with("restic failed"))
        }
        "borg lock" => Some(borg::parse::lock(said).is_some_and(|lock| lock.lives(then) && !lock.host().is_empty())),
        "borg complaints" => {
            let ran = Ran { status: Some(2), complaints: said.to_vec(), ..Ran::whole(b"") };
            let fault = borg::parse::ended(&ran).err();
            Some(fault.is_some_and(|fault| !fault.said.as_str().starts_with("borg failed")))
        }
        "drill" => Some(answers_all(said)),
        _ => None,
    }
}

/// Whether each of four files was answered for; every one of them is counted once, whatever was said.
fn answers_all(said: &[u8]) -> bool {
    let file =
        |name: &str| Sampled { path: PathBuf::from(name), size: 7, modified: 1_795_402_800, sum: "c0ffee".into() };
    let sample = ["/srv/a", "/srv/b", "/srv/c", "/srv/d"].map(file);
    let compared = parse_compared(&sample, &String::from_utf8_lossy(said));
    let counted = compared.same + compared.changed + compared.unread;
    counted + u64::try_from(compared.different.len()).unwrap_or(0) == 4 && compared.unread == 0
}
