//! `backup-off-site`: an encrypted copy of every server somewhere else.

use crate::domain::{Judgement, Verdict};
use crate::policy::slots::judge::{Site, any, backups, unnamed};
use crate::policy::slots::picture::exhibits;
use crate::policy::{Case, Rule};

pub const RULE: Rule = Rule { measure: "backup-off-site", limits: &[], judge, exhibits };

const SITE: Site = Site { measure: RULE.measure, offsite: true, word: "off site" };

/// Silent while the register has no off-site backup at all: then this measure is not kept by what matins can see.
fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = backups(case, SITE);
    if any(case, true) {
        judgements.extend(unnamed(case, |backup| backup.offsite).into_iter().map(|host| {
            let name = &host.subject.name;
            Judgement::new(RULE.measure, host.subject.clone(), Verdict::Broken, "no off-site backup names it")
                .detail("Other servers have an off-site backup; this one has none.")
                .mend(format!("put \"{name}\" into `of` of a [[backup]] with offsite = true"))
                .because(host.place.clone(), None, format!("{name} is watched, and no off-site [[backup]] names it"))
                .asking("backup", "none off site")
        }));
    }
    judgements
}

#[cfg(test)]
mod tests;
