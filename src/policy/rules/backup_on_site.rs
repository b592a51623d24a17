//! `backup-on-site`: snapshots of every server where its backups should be, and a backup for every server.

use crate::domain::facts::BackupDeclared;
use crate::domain::{Declared, Judgement, Verdict};
use crate::policy::slots::judge::{Site, any, backups, unnamed};
use crate::policy::slots::picture::exhibits;
use crate::policy::{Case, Rule};

pub const RULE: Rule = Rule { measure: "backup-on-site", limits: &[], judge, exhibits };

const SITE: Site = Site { measure: RULE.measure, offsite: false, word: "on site" };

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = backups(case, SITE);
    let nowhere = unnamed(case, |_| true);
    let elsewhere = unnamed(case, |backup: &BackupDeclared| !backup.offsite);
    for host in elsewhere {
        let only_off_site = !nowhere.iter().any(|other| other.subject == host.subject);
        judgements.push(if only_off_site { off_site_only(case, host) } else { without(case, host) });
    }
    judgements
}

/// A server that no backup names.
fn without(case: &Case<'_>, host: &Declared) -> Judgement {
    let name = &host.subject.name;
    let (verdict, title, weight) = if case.evidence.configured {
        (Verdict::Broken, "no backup names it", 70)
    } else {
        (Verdict::Unknown, "no backup is configured", 40)
    };
    Judgement::new(RULE.measure, host.subject.clone(), verdict, title)
        .detail("Whether anything keeps its data can't be seen from here: no [[backup]] has it in `of`.")
        .mend(format!("write a [[backup]] with of = [\"{name}\"]"))
        .because(host.place.clone(), None, format!("{name} is watched, and no [[backup]] names it"))
        .asking("backup", "none")
        .weight(weight)
}

/// A server whose only backups are elsewhere: restoring it takes as long as its data takes to travel.
fn off_site_only(case: &Case<'_>, host: &Declared) -> Judgement {
    let name = &host.subject.name;
    let verdict = if any(case, false) { Verdict::Broken } else { Verdict::Due };
    Judgement::new(RULE.measure, host.subject.clone(), verdict, "only off-site backups name it")
        .detail("Snapshots on site are a measure of their own: an off-site copy is slow to restore from.")
        .mend(format!("write a [[backup]] with of = [\"{name}\"] and offsite = false"))
        .because(host.place.clone(), None, format!("every [[backup]] that names {name} is off site"))
        .asking("backup", "off site only")
}

#[cfg(test)]
mod tests;
