//! What is known of an off-site repository's encryption, and what that means.

use super::judge::Said;
use crate::domain::Verdict;
use crate::domain::facts::Encryption;

/// Off site: whoever carries off a repository that isn't encrypted can read it, whether or not its snapshots can be judged.
pub fn encrypted(mut said: Said, encryption: &Encryption) -> Said {
    let also = if said.verdict == Verdict::Ok { String::new() } else { format!("; {}", said.title) };
    match encryption {
        Encryption::By(mode) if *mode == "restic" => said.detail.push("restic encrypts every repository.".into()),
        Encryption::By(mode) => said.detail.push(format!("Encrypted: {mode}.")),
        Encryption::Plain(what) => {
            said.ask("encryption", "none");
            // Who accepted that has not accepted that nobody knows what is there.
            if said.verdict == Verdict::Unknown {
                said.ask("snapshots", "can't be judged");
            }
            said.title = format!("off site and not encrypted: {what}{also}");
            said.verdict = Verdict::Broken;
            said.mend = Some("keep it in a restic repository, or an encrypted borg one, instead".into());
        }
        Encryption::Untold if said.verdict < Verdict::Unknown => {
            said.ask("encryption", "not told");
            said.title = format!("off site, and whether it is encrypted is not told{also}");
            said.verdict = Verdict::Unknown;
            said.mend = Some("use a kind that tells (restic, borg, zfs, command), or keep this copy on site".into());
        }
        Encryption::Untold => {}
    }
    said
}
