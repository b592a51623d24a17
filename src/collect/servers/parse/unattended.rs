//! unattended-upgrades: is it on, and how did its last run end.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::outcome::parse_dpkg_log;
use super::runs::last_run;
use super::sections::{Section, Sections};
use crate::domain::facts::{Unattended, UnattendedRun};
use crate::domain::{Fault, Read};

pub fn parse_unattended(
    sections: &Sections,
    installed: bool,
    covers: Result<Option<bool>, Fault>,
    server_now: Timestamp,
) -> Read<Unattended> {
    let periodic = match sections.sound("periodic", "apt-config") {
        Ok(section) => section,
        Err(fault) => return Read::Unreadable(fault),
    };
    let enabled = is_on(periodic, "Enable").unwrap_or(true)
        && is_on(periodic, "Unattended-Upgrade").unwrap_or(false)
        && is_on(periodic, "Update-Package-Lists").unwrap_or(false)
        && !timer_is_off(sections.get("timers"));
    let last = if installed { parse_last(sections, server_now) } else { Read::Seen(None) };
    let (covers_security, covers_doubt) = match covers {
        Ok(covers) => (covers, None),
        Err(fault) => (None, Some(fault)),
    };
    Read::Seen(Unattended { installed, enabled, covers_security, covers_doubt, last })
}

/// `APT::Periodic::KEY "1";`: days, or a length such as `12h`; `0` is never. `None` when it isn't set.
fn is_on(section: &Section, key: &str) -> Option<bool> {
    let value = section.lines.iter().rev().find_map(|line| {
        line.trim().strip_prefix("APT::Periodic::")?.strip_prefix(key)?.trim().strip_suffix("\";")?.strip_prefix('"')
    })?;
    Some(!matches!(value.trim_start_matches('0'), "" | "s" | "m" | "h" | "d" | "false" | "no" | "off"))
}

/// systemd starts apt's daily work by two timers; without systemd cron does.
fn timer_is_off(timers: Option<&Section>) -> bool {
    let off = |line: &String| matches!(line.split_whitespace().nth(1), Some("disabled" | "masked" | "masked-runtime"));
    timers.is_some_and(|section| section.code == 0 && section.lines.iter().any(off))
}

fn parse_last(sections: &Sections, server_now: Timestamp) -> Read<Option<UnattendedRun>> {
    let Some(section) = sections.get("runs") else {
        return Read::unreadable("the probe did not answer `runs`");
    };
    match section.code {
        0 => match zone(sections.get("zone")) {
            Some(zone) => {
                let mut last = match last_run(&section.lines, &zone, server_now) {
                    Ok(last) => last,
                    Err(fault) => return Read::Unreadable(fault),
                };
                if let Some(run) = &mut last {
                    let dpkg = parse_dpkg_log(sections.get("dpkg-log"), run.at, &zone);
                    // dpkg's reason is why the rest was left; so it comes first.
                    run.causes.splice(0..0, dpkg);
                }
                Read::Seen(last)
            }
            None => Read::unreadable("the server's time zone, in which its log writes, is not known"),
        },
        1 => Read::Seen(None),
        3 => Read::Unreadable(
            Fault::new("its log can't be read: permission denied")
                .mend("add the login to group adm on the server: adduser LOGIN adm"),
        ),
        _ => Read::Unreadable(super::sections::failed(section, "reading its log")),
    }
}

/// The zone's name, or else its offset now.
fn zone(section: Option<&Section>) -> Option<TimeZone> {
    let lines = &section?.lines;
    let named = lines.first().map(|line| line.rsplit_once("zoneinfo/").map_or(line.as_str(), |(_, name)| name).trim());
    if let Some(zone) = named.and_then(|name| TimeZone::get(name).ok()) {
        return Some(zone);
    }
    let offset = lines.last()?.trim();
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let seconds = sign * (hours.parse::<i32>().ok()? * 3_600 + minutes.parse::<i32>().ok()? * 60);
    Offset::from_seconds(seconds).ok().map(Offset::to_time_zone)
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::section;
    use super::super::runs::tests::{GOOD, lines};
    use super::*;

    #[test]
    fn the_log_writes_in_the_servers_own_zone() {
        let zone = zone(Some(&section("/usr/share/zoneinfo/Europe/Vienna\n+0100"))).unwrap();
        let last = last_run(&lines(GOOD), &zone, "2026-11-24T08:00:00Z".parse().unwrap()).unwrap().unwrap();
        assert_eq!(last.at.to_string(), "2026-11-23T05:00:00Z");
        let by_offset = super::zone(Some(&section("nowhere\n-0330"))).unwrap();
        let last = last_run(&lines(GOOD), &by_offset, "2026-11-24T08:00:00Z".parse().unwrap()).unwrap().unwrap();
        assert_eq!(last.at.to_string(), "2026-11-23T09:30:00Z");
        assert!(super::zone(Some(&section("nowhere\nübel"))).is_none());
    }

    #[test]
    fn periodic_values_are_days_or_lengths() {
        let on = |value: &str| is_on(&section(&format!("APT::Periodic::Enable \"{value}\";")), "Enable");
        assert_eq!(
            (on("1"), on("0"), on("12h"), on("0h"), on("00"), on("10")),
            (Some(true), Some(false), Some(true), Some(false), Some(false), Some(true))
        );
        assert_eq!(is_on(&section(""), "Enable"), None);
    }

    #[test]
    fn a_masked_timer_switches_everything_off() {
        assert!(timer_is_off(Some(&section("apt-daily.timer enabled\napt-daily-upgrade.timer masked"))));
        assert!(!timer_is_off(Some(&section("apt-daily.timer enabled\napt-daily-upgrade.timer enabled"))));
        assert!(!timer_is_off(Some(&Section { lines: vec!["apt-daily.timer masked".into()], code: 1, digest: None })));
    }
}
