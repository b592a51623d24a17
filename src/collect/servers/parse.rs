//! The probe's answer as facts. Pure: bytes in, facts out.
//!
//! Each part stands for itself: what can't be read is unreadable with its reason, never an empty value. A part that
//! follows from another shares its reason.

pub mod exposure;
pub mod lists;
pub mod origins;
pub mod outcome;
pub mod packages;
pub mod pending;
pub mod power;
mod runs;
pub mod sections;
pub mod software;
pub mod sources;
mod translations;
pub mod unattended;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::facts::{
    HostExposure, HostPower, HostSeen, HostSoftware, NO_NEEDRESTART, Packages, Reboot, Release,
};
use crate::domain::{Fault, Read, Shown};
use packages::Installed;
use sections::{Section, Sections};

/// What one probe answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// All that the costly parts are made from is as it was.
    Same { clock_skew_seconds: Read<i64> },
    Whole {
        host: Box<HostSeen>,
        exposure: Box<HostExposure>,
        people: Box<HostPower>,
        software: Box<HostSoftware>,
        /// `None` when dpkg's database can't be read.
        packages: Option<Packages>,
        /// For the next time; `None` where it can't be told.
        digest: Option<String>,
        power: Power,
        sections: Sections,
    },
}

/// How a server lets its login do what needs root: `root`, `none`, or `sudo` with the numbers of the rules that it lacks. It
/// goes back with the digest: asking costs the server a line in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Power(String);

impl Power {
    fn parse(word: &str) -> Self {
        let plain = |byte: u8| byte.is_ascii_digit() || byte == b':';
        let known = match word.strip_prefix("sudo") {
            Some(lacks) => lacks.len() < 100 && lacks.bytes().all(plain),
            None => word == "root",
        };
        Self(if known { word } else { "none" }.to_owned())
    }

    /// Also of what was remembered nothing else goes to a server.
    pub fn word(&self) -> String {
        Self::parse(&self.0).0
    }
}

/// `received` is our clock when the answer's end came in. An answer without a clock or a digest is no answer of the probe.
pub fn parse_answer(output: &[u8], received: Timestamp, known: &Sections) -> Result<Answer, Fault> {
    let sections = sections::parse_beside(output, known);
    if let Some(section) = sections.get("installed")
        && section.first_line() != super::fingerprint()
    {
        return Err(Fault::new("the probe that is installed there is another version")
            .mend(format!("install what `matins probe show` prints as {}", super::PROBE_PATH)));
    }
    let clock = sections.sound("clock", "date").and_then(parse_clock);
    let clock_skew_seconds: Read<i64> = clock
        .clone()
        // Whole seconds, towards zero: the way back takes less than one.
        .map(|clock| clock.duration_since(received).as_secs())
        .into();
    if sections.get("same").is_some() {
        return Ok(Answer::Same { clock_skew_seconds });
    }
    let Some(digest) = sections.get("digest") else {
        return Err(Fault::new("the probe's answer makes no sense"));
    };
    let server_now = clock.unwrap_or(received);
    let installed = sections.sound("packages", "dpkg-query").and_then(packages::parse_packages);
    let host = host(&sections, &installed, server_now, clock_skew_seconds);
    let unsourced = unsourced(&sections, &host);
    Ok(Answer::Whole {
        host: Box::new(host),
        exposure: Box::new(exposure::parse_exposure(&sections)),
        people: Box::new(power::parse_power(&sections)),
        software: Box::new(software::parse_software(&sections, unsourced)),
        power: Power::parse(sections.get("power").map_or("", |section| section.first_line())),
        packages: installed.ok().map(|installed| Packages { packages: installed.packages }),
        digest: Some(digest.first_line().to_owned()).filter(|text| is_digest(text)),
        sections: sections.long(),
    })
}

/// Only this goes back to a server: 64 hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn host(
    sections: &Sections,
    installed: &Result<Installed, Fault>,
    server_now: Timestamp,
    clock_skew_seconds: Read<i64>,
) -> HostSeen {
    let release = sections.sound("release", "/etc/os-release").and_then(packages::parse_release);
    let lists = lists::sound_lists(sections);
    let needed = || installed.as_ref().map_err(Clone::clone);
    let kernel = needed().and_then(|installed| packages::parse_kernel(sections.sound("kernel", "uname")?, installed));
    let pending = needed().and_then(|installed| {
        // Without the lists nobody knows which suites are security suites.
        let lists = lists.as_ref().map_err(Clone::clone)?;
        let offers = pending::Offers::new(lists, release.as_ref().ok());
        pending::parse_pending(sections.sound("pending", "apt-cache")?, installed, &offers)
    });
    let reboot = parse_reboot(sections, kernel.as_ref().map(|(_, waits)| *waits));
    let covers = || {
        let (lists, release) = (lists.as_ref().map_err(Clone::clone)?, release.as_ref().map_err(Clone::clone)?);
        origins::covers_security(sections.sound("intent", "apt-config")?, lists, release)
    };
    let covers = covers();
    HostSeen {
        apt: sources::parse_apt(sections, &lists).into(),
        outdated_services: parse_services(sections).into(),
        lists_at: lists_at(lists, release.as_ref().ok(), server_now).into(),
        release: release.into(),
        kernel: kernel.map(|(kernel, _)| kernel).into(),
        pending: pending.into(),
        reboot: reboot.into(),
        unattended: match needed() {
            Ok(installed) => {
                let installed = installed.package("unattended-upgrades").is_some();
                unattended::parse_unattended(sections, installed, covers, server_now)
            }
            Err(fault) => Read::Unreadable(fault),
        },
        half_configured: needed().map(|installed| installed.half.clone()).into(),
        held: needed().map(|installed| installed.held.clone()).into(),
        uptime_seconds: sections.sound("uptime", "/proc/uptime").and_then(parse_uptime).into(),
        clock_skew_seconds,
    }
}

/// Without good lists every package looks as if nobody offered it.
fn unsourced(sections: &Sections, host: &HostSeen) -> Result<Vec<Shown>, Fault> {
    host.pending.as_result().map_err(Clone::clone)?;
    let lists = lists::sound_lists(sections)?;
    let offers = pending::Offers::new(&lists, host.release.seen());
    Ok(pending::parse_unsourced(sections.sound("pending", "apt-cache")?, &offers))
}

/// A release with security support whose lists hold no security suite will never show a security update: that is not the
/// same as having none.
fn lists_at(
    lists: Result<lists::Lists, Fault>,
    release: Option<&Release>,
    server_now: Timestamp,
) -> Result<Timestamp, Fault> {
    let lists = lists?;
    let supported = release
        .is_some_and(|release| matches!(release.id.as_str(), "debian" | "ubuntu") && !release.version.is_empty());
    if supported && !lists.lists.iter().any(lists::List::is_security) {
        return Err(Fault::new("none of its package lists is a security suite's")
            .mend("add the release's security suite to the server's apt sources"));
    }
    lists.at(server_now)
}

/// Nothing is known without the kernel, unless another source already says that it is needed.
fn parse_reboot(sections: &Sections, kernel: Result<bool, &Fault>) -> Result<Reboot, Fault> {
    let flag = match sections.get("reboot-flag") {
        Some(section) if section.code == 3 => Ok(Some(section.lines.iter().map(|line| Shown::line(line)).collect())),
        Some(section) if section.code == 1 => Ok(None),
        Some(section) => Err(sections::failed(section, "looking for /run/reboot-required")),
        None => Err(Fault::new("the probe did not answer `reboot-flag`")),
    };
    let needrestart = sections.get("needrestart").and_then(needrestart);
    let certain = matches!(flag, Ok(Some(_))) || needrestart == Some(true) || kernel == Ok(true);
    match (flag, kernel) {
        (Ok(flag), Ok(kernel)) => Ok(Reboot { flag, kernel, needrestart }),
        (flag, kernel) if certain => {
            Ok(Reboot { flag: flag.ok().flatten(), kernel: kernel.is_ok_and(|waits| waits), needrestart })
        }
        (Err(fault), _) => Err(fault),
        (_, Err(fault)) => Err(fault.clone()),
    }
}

/// `NEEDRESTART-KSTA` (needrestart's README.batch.md): 1 nothing to do, 2 and 3 a newer kernel, 0 it can't tell.
fn needrestart(section: &Section) -> Option<bool> {
    match section.lines.iter().find_map(|line| line.strip_prefix("NEEDRESTART-KSTA:"))?.trim() {
        "1" => Some(false),
        "2" | "3" => Some(true),
        _ => None,
    }
}

/// `NEEDRESTART-SVC: nginx.service`. 3: there is no needrestart.
fn parse_services(sections: &Sections) -> Result<Vec<Shown>, Fault> {
    if sections.get("services").is_some_and(|section| section.code == 3) {
        return Err(Fault::new(NO_NEEDRESTART).mend("apt-get install needrestart on the server"));
    }
    let section = sections.rooted("services", "needrestart", "looking for replaced libraries")?;
    if !section.lines.iter().any(|line| line.starts_with("NEEDRESTART-VER:")) {
        return Err(Fault::new("needrestart said what makes no sense"));
    }
    let services = section.lines.iter().filter_map(|line| line.strip_prefix("NEEDRESTART-SVC:"));
    Ok(services.map(|name| Shown::line(name.trim().trim_end_matches(".service"))).collect())
}

/// Seconds since 1970 with a fraction, as `date +%s.%N` prints them; a date without nanoseconds prints the letter.
fn parse_clock(section: &Section) -> Result<Timestamp, Fault> {
    let text = section.first_line();
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let nanoseconds = fraction.get(..9).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let seconds = seconds.parse().map_err(|_| Fault::new("the server's clock makes no sense"))?;
    Timestamp::new(seconds, nanoseconds).map_err(|_| Fault::new("the server's clock makes no sense"))
}

fn parse_uptime(section: &Section) -> Result<u64, Fault> {
    let seconds = section.first_line().split(['.', ' ']).next().and_then(|text| text.parse().ok());
    seconds.ok_or_else(|| Fault::new("/proc/uptime makes no sense"))
}

#[cfg(test)]
mod tests;
