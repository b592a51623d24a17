//! What keeps a host up to date, beside the updates themselves.

use super::{CLOCK, Host, REBOOT};
use crate::domain::facts::{NO_NEEDRESTART, Reboot};
use crate::domain::{Judgement, Shown, Verdict};

/// A reboot that is due, and which sources say so.
pub(super) fn reboot(host: &Host<'_>) -> Judgement {
    let judgement = match host.seen.reboot.as_result() {
        Err(fault) => host.unreadable("whether a reboot is due", fault),
        Ok(reboot) if !reboot.required() => {
            host.judgement(Verdict::Ok, "no reboot due").because(host.name(), Some(host.at), says(host, reboot))
        }
        Ok(reboot) => {
            let (limit, name) = host.limit(&REBOOT);
            let since = host.since("reboot");
            let verdict = if host.lasts(since) > limit.as_duration() { Verdict::Broken } else { Verdict::Due };
            let sources = says(host, reboot);
            let apart = if agree(reboot) { "" } else { " (its sources disagree)" };
            let long = host.long(since).map_or_else(|| ", just seen".to_owned(), |long| format!(" for {long}"));
            host.judgement(verdict, format!("reboot due{long}{apart}"))
                .detail(&packages_of(reboot, &sources))
                .because(host.name(), Some(host.at), sources)
                .because(name, None, limit.to_string())
                .mend("reboot it when nobody needs it")
                .since(Some(since))
        }
    };
    judgement.part("reboot").weight(45)
}

/// All that can say something say the same.
fn agree(reboot: &Reboot) -> bool {
    let kernel = reboot.kernel;
    reboot.needrestart.is_none_or(|needed| needed == kernel) && (reboot.flag.is_some() || !kernel)
}

fn says(host: &Host<'_>, reboot: &Reboot) -> String {
    let flag = if reboot.flag.is_some() { "/run/reboot-required is there" } else { "no /run/reboot-required" };
    let kernel = host.seen.kernel.seen().map_or_else(
        || "kernel unknown".into(),
        |kernel| match &kernel.installed {
            Some(installed) if reboot.kernel && *installed == kernel.running => {
                format!("kernel {} runs in an older build than is installed", kernel.running)
            }
            Some(installed) => format!("kernel {} runs, {installed} is the newest installed", kernel.running),
            None => format!("kernel {} runs, none is installed here", kernel.running),
        },
    );
    let needrestart = match reboot.needrestart {
        Some(true) => "; needrestart expects another kernel",
        Some(false) => "; needrestart expects no other kernel",
        None => "",
    };
    format!("{flag}; {kernel}{needrestart}")
}

fn packages_of(reboot: &Reboot, sources: &str) -> String {
    let packages: Vec<&str> = reboot.flag.iter().flatten().map(Shown::as_str).collect();
    let asked = if packages.is_empty() { String::new() } else { format!("\nasked for by {}", packages.join(", ")) };
    format!("{}{asked}", sources.replace("; ", "\n"))
}

/// Services that run what has been replaced: the update is installed and does not protect yet.
pub(super) fn services(host: &Host<'_>) -> Judgement {
    let judgement = match host.seen.outdated_services.as_result() {
        Err(fault) if fault.said == NO_NEEDRESTART => host
            .judgement(Verdict::Due, "needrestart is not installed: nobody knows which services run replaced libraries")
            .because(host.name(), Some(host.at), NO_NEEDRESTART)
            .mend("apt-get install needrestart on the server"),
        Err(fault) => {
            return host.unreadable("which services run replaced libraries", fault).part("services").weight(10);
        }
        Ok(services) if services.is_empty() => host.judgement(Verdict::Ok, "no service on replaced libraries").because(
            host.name(),
            Some(host.at),
            "needrestart names none",
        ),
        Ok(services) => outdated(host, services),
    };
    let weight = if host.seen.outdated_services.seen().is_some() { 42 } else { 10 };
    judgement.part("services").weight(weight)
}

fn outdated(host: &Host<'_>, services: &[Shown]) -> Judgement {
    let names = services.iter().take(3).map(Shown::as_str).collect::<Vec<_>>().join(", ");
    let more = if services.len() > 3 { ", …" } else { "" };
    let count = counted(services.len(), "service");
    let judgement = host
        .judgement(Verdict::Due, format!("{count} still on replaced libraries: {names}{more}"))
        .detail(&lines(services))
        .because(host.name(), Some(host.at), format!("needrestart: {names}{more}"))
        .mend("systemctl restart them when nobody needs them, or reboot");
    services.iter().fold(judgement, |judgement, service| judgement.asking(format!("service {service}"), "outdated"))
}

/// `nginx half configured` by its package and what is so.
fn asking<'a>(judgement: Judgement, packages: impl IntoIterator<Item = &'a Shown>, else_word: &str) -> Judgement {
    packages.into_iter().fold(judgement, |judgement, line| {
        let (package, word) = line.as_str().split_once(' ').unwrap_or((line.as_str(), else_word));
        judgement.asking(format!("package {package}"), word)
    })
}

/// What dpkg left half done is broken; what somebody holds is due, since it gets no updates.
pub(super) fn packages(host: &Host<'_>) -> Judgement {
    let judgement = match (host.seen.half_configured.as_result(), host.seen.held.as_result()) {
        (Err(fault), _) | (_, Err(fault)) => host.unreadable("the state of its packages", fault),
        (Ok(half), _) if !half.is_empty() => host
            .judgement(Verdict::Broken, format!("{} half configured", counted(half.len(), "package")))
            .detail(&lines(half))
            .because(host.name(), Some(host.at), format!("dpkg: {}", half[0]))
            .mend("dpkg --configure -a on the server, then apt-get -f install"),
        (Ok(_), Ok(held)) if !held.is_empty() => host
            .judgement(
                Verdict::Due,
                format!(
                    "{} held: no updates reach {}",
                    counted(held.len(), "package"),
                    if held.len() == 1 { "it" } else { "them" }
                ),
            )
            .detail(&lines(held))
            .because(host.name(), Some(host.at), format!("dpkg: {} is on hold", held[0]))
            .mend("apt-mark unhold, or decide until when each stays"),
        (Ok(_), Ok(_)) => host.judgement(Verdict::Ok, "no package half configured or held").because(
            host.name(),
            Some(host.at),
            "dpkg lists no such package",
        ),
    };
    let (half, held) = (host.seen.half_configured.seen(), host.seen.held.seen());
    let judgement = match (half, held) {
        (Some(half), Some(_)) if !half.is_empty() => asking(judgement, half, "half configured"),
        (Some(_), Some(held)) => asking(judgement, held, "held"),
        _ => judgement,
    };
    judgement.part("packages").weight(40)
}

/// A clock that is wrong makes every age on the host wrong.
pub(super) fn clock(host: &Host<'_>) -> Judgement {
    let (limit, name) = host.limit(&CLOCK);
    let judgement = match host.seen.clock_skew_seconds.as_result() {
        Err(fault) => host.unreadable("its clock", fault),
        Ok(skew) => {
            let wrong = i64::try_from(skew.unsigned_abs()).is_ok_and(|skew| skew > limit.as_seconds());
            let amount = amount(skew.unsigned_abs());
            let measured = match skew {
                0 => "its clock agrees with ours".to_owned(),
                1.. => format!("its clock is {amount} ahead of ours"),
                _ => format!("its clock is {amount} behind ours"),
            };
            // A second more or less each time is no news.
            let (verdict, title) = if wrong {
                (Verdict::Due, measured.clone())
            } else {
                (Verdict::Ok, "its clock agrees with ours".to_owned())
            };
            let judgement = host.judgement(verdict, title).because(host.name(), Some(host.at), measured).because(
                name,
                None,
                limit.to_string(),
            );
            if wrong { judgement.mend("timedatectl set-ntp true on the server; is ours right?") } else { judgement }
        }
    };
    judgement.part("clock").weight(35)
}

fn amount(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} m", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn lines(names: &[Shown]) -> String {
    names.iter().map(Shown::as_str).collect::<Vec<_>>().join("\n")
}
