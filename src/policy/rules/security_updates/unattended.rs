//! unattended-upgrades: meant to run, run, and what came of it.

use std::collections::BTreeMap;

use super::{AHEAD, Host, UNATTENDED_RUN};
use crate::domain::facts::{Unattended, UnattendedRun};
use crate::domain::{Judgement, Shown, Verdict, age};

/// There, on, allowed to take security updates, and its last run good and recent.
pub(super) fn unattended(host: &Host<'_>) -> Judgement {
    let judgement = match host.seen.unattended.as_result() {
        Err(fault) => host.unreadable("unattended-upgrades", fault),
        Ok(unattended) => match off(unattended) {
            Some((said, mend)) => {
                host.judgement(Verdict::Broken, said).because(host.name(), Some(host.at), said).mend(mend)
            }
            None => match unattended.last.as_result() {
                Err(fault) => host.unreadable("unattended-upgrades' last run", fault),
                Ok(None) => host
                    .judgement(Verdict::Unknown, "unattended-upgrades never ran")
                    .because(host.name(), Some(host.at), "it has no log of a run")
                    .mend("systemctl start apt-daily-upgrade.service on the server, then read its log"),
                Ok(Some(run)) => match (last_run(host, run), &unattended.covers_doubt) {
                    (judgement, Some(doubt)) if judgement.verdict == Verdict::Ok => {
                        host.unreadable("whether unattended-upgrades takes security updates is", doubt)
                    }
                    (judgement, _) => judgement,
                },
            },
        },
    };
    judgement.part("unattended-upgrades").weight(60)
}

fn off(unattended: &Unattended) -> Option<(&'static str, &'static str)> {
    if !unattended.installed {
        Some(("unattended-upgrades is not installed", "apt-get install unattended-upgrades on the server"))
    } else if !unattended.enabled {
        Some((
            "unattended-upgrades is switched off",
            "dpkg-reconfigure unattended-upgrades; are apt-daily.timer and apt-daily-upgrade.timer on?",
        ))
    } else if unattended.covers_security == Some(false) {
        Some((
            "unattended-upgrades takes no security updates: none of its origins fits the security suite",
            "put the security suite into Origins-Pattern in /etc/apt/apt.conf.d/50unattended-upgrades",
        ))
    } else {
        None
    }
}

fn last_run(host: &Host<'_>, run: &UnattendedRun) -> Judgement {
    let (limit, name) = host.limit(&UNATTENDED_RUN);
    let there = host.there();
    let (ago, past) = (age(run.at, there), there.duration_since(run.at));
    let judgement = |verdict, title: String| {
        let judgement = host.judgement(verdict, title).detail(&detail(run)).because(
            host.name(),
            Some(run.at),
            format!("unattended-upgrades' log: {}", run.said),
        );
        let causes = run.causes.iter().take(3);
        let judgement =
            causes.fold(judgement, |judgement, cause| judgement.because(host.name(), Some(run.at), cause.clone()));
        judgement.because(name.clone(), None, limit.to_string())
    };
    if run.failed {
        let why = run.causes.first().unwrap_or(&run.said);
        judgement(Verdict::Broken, format!("unattended-upgrades failed {ago} ago: {why}"))
            .mend(mend(run))
            .since(Some(run.at))
    } else if past > limit.as_duration() {
        judgement(Verdict::Broken, format!("unattended-upgrades last ran {ago} ago"))
            .mend("systemctl list-timers apt-daily-upgrade.timer on the server")
    } else if past < -AHEAD {
        judgement(Verdict::Unknown, "unattended-upgrades' last run is dated in the future".into())
            .mend("set the server's clock")
    } else if let Some(left) = run.causes.first().or(run.kept.first()) {
        // "All upgrades installed" says nothing of those that it did not try.
        let count = run.causes.len() + run.kept.len();
        let packages = if count == 1 { "1 package".to_owned() } else { format!("{count} packages") };
        let judgement =
            judgement(Verdict::Due, format!("unattended-upgrades ran {ago} ago and left {packages}: {left}"))
                .mend(mend(run));
        asking(judgement, run)
    } else {
        judgement(Verdict::Ok, format!("unattended-upgrades ran {ago} ago"))
    }
}

/// Each package that it left asks: a decision on one hides no other.
fn asking(judgement: Judgement, run: &UnattendedRun) -> Judgement {
    let mut left: BTreeMap<&str, &str> = BTreeMap::new();
    for line in run.causes.iter().chain(&run.kept) {
        let (package, why) = line.as_str().split_once(' ').unwrap_or((line.as_str(), "left"));
        left.entry(package.trim_end_matches(':')).or_insert(why);
    }
    left.into_iter().fold(judgement, |judgement, (package, why)| judgement.asking(format!("package {package}"), why))
}

fn detail(run: &UnattendedRun) -> String {
    let lines = std::iter::once(format!("its log says: {}", run.said));
    let lists = [("could not be upgraded:", &run.causes), ("left alone:", &run.kept)];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty()).flat_map(|(heading, list)| {
        std::iter::once(heading.to_owned()).chain(list.iter().map(|line| format!("  {line}")))
    });
    lines.chain(lists).collect::<Vec<_>>().join("\n")
}

/// By the first cause, which is why the others are there.
fn mend(run: &UnattendedRun) -> String {
    let first = run.causes.first().map_or("", Shown::as_str);
    let package = first.split(':').next().unwrap_or_default();
    if first.contains("conffile prompt") || first.contains("configuration file was changed") {
        format!("apt-get install {package} on the server, and answer which of the two configuration files stays")
    } else if first.contains("No space left") || first.contains("no space left") {
        "make room on the server's disk, then dpkg --configure -a".into()
    } else if run.failed && !first.is_empty() {
        format!("dpkg --configure -a on the server; what does {package} say?")
    } else if run.failed {
        "read /var/log/unattended-upgrades/unattended-upgrades.log on the server".into()
    } else {
        "apt-get upgrade on the server for what it left, or decide until when it stays".into()
    }
}
