//! unattended-upgrades: is it on, and how did its last run end.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::outcome::{parse_causes, parse_dpkg_log, parse_kept};
use super::sections::{Section, Sections};
use crate::domain::facts::{Unattended, UnattendedRun};
use crate::domain::{Fault, Read, Shown};

const START: &str = "Starting unattended upgrades script";
/// A run that has not ended after this long will not.
const LONGEST_RUN_SECONDS: i64 = 4 * 3_600;

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
                let mut last = last_run(&section.lines, &zone, server_now);
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

/// Lines `2026-11-23 19:35:28,282 INFO All upgrades installed`, oldest first. Simulated runs are none. A run that is
/// still going on is passed over for the one before.
fn last_run(lines: &[String], zone: &TimeZone, server_now: Timestamp) -> Option<UnattendedRun> {
    let starts = lines.iter().enumerate().filter(|(_, line)| line.contains(START)).map(|(at, _)| at);
    let mut starts: Vec<usize> = starts.collect();
    let mut end = lines.len();
    while let Some(start) = starts.pop() {
        let run = &lines[start..end];
        end = start;
        if run.iter().any(|line| line.contains("Option --dry-run given")) {
            continue;
        }
        let Some(at) = time(&run[0], zone) else { continue };
        let age = server_now.duration_since(at).as_secs();
        match ending(run) {
            Some((failed, said)) => {
                let (causes, kept) = (parse_causes(run), parse_kept(run));
                return Some(UnattendedRun { at, failed, said, causes, kept });
            }
            None if (0..LONGEST_RUN_SECONDS).contains(&age) => {}
            None => {
                let said = run.last().map(|line| words(line)).unwrap_or_default();
                return Some(UnattendedRun {
                    at,
                    failed: true,
                    said: format!("began and never ended, last: {said}").into(),
                    causes: parse_causes(run),
                    kept: Vec::new(),
                });
            }
        }
    }
    None
}

/// How a run ended, in the log's words; `None` when it says nothing of an end.
fn ending(run: &[String]) -> Option<(bool, Shown)> {
    let error = run.iter().find(|line| matches!(level(line), Some("ERROR" | "CRITICAL")));
    if let Some(error) = error {
        return Some((true, Shown::line(words(error))));
    }
    let good = |line: &&String| {
        let said = words(line);
        said.starts_with("All upgrades installed") || said.starts_with("No packages found that can be upgraded")
    };
    run.iter().find(good).map(|line| (false, Shown::line(words(line))))
}

fn level(line: &str) -> Option<&str> {
    line.split(' ').nth(2)
}

fn words(line: &str) -> &str {
    line.splitn(4, ' ').nth(3).unwrap_or_default().trim()
}

fn time(line: &str, zone: &TimeZone) -> Option<Timestamp> {
    let time: DateTime = line.get(..19)?.parse().ok()?;
    zone.to_ambiguous_timestamp(time).compatible().ok()
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::section;
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn run(text: &str) -> Option<UnattendedRun> {
        last_run(&lines(text), &TimeZone::UTC, "2026-11-24T08:00:00Z".parse().unwrap())
    }

    const GOOD: &str = "2026-11-23 06:00:00,100 INFO Starting unattended upgrades script\n2026-11-23 06:00:09,100 INFO All upgrades installed\n";

    #[test]
    fn an_error_is_the_end_of_a_run_whatever_follows() {
        let last = run(&format!("{GOOD}2026-11-24 06:00:00,1 INFO {START}\n2026-11-24 06:01:00,1 ERROR Installing the upgrades failed!\n2026-11-24 06:01:00,2 ERROR error message: x\n2026-11-24 06:01:01,1 INFO Package nginx is kept back\n")).unwrap();
        assert!(last.failed);
        assert_eq!(last.said, "Installing the upgrades failed!");
        assert_eq!(last.at.to_string(), "2026-11-24T06:00:00Z");
    }

    #[test]
    fn a_simulated_run_is_none() {
        let last = run(&format!("{GOOD}2026-11-24 06:00:00,1 INFO {START}\n2026-11-24 06:01:00,1 INFO Option --dry-run given, *not* performing real actions\n")).unwrap();
        assert_eq!((last.failed, last.at.to_string().as_str()), (false, "2026-11-23T06:00:00Z"));
    }

    #[test]
    fn a_run_that_began_long_ago_and_did_not_end_failed() {
        let begun = |hour| {
            format!(
                "{GOOD}2026-11-24 0{hour}:30:00,1 INFO {START}\n2026-11-24 0{hour}:30:01,1 INFO Initial blacklist:\n"
            )
        };
        let still = run(&begun(7)).unwrap();
        assert!(!still.failed);
        let dead = run(&begun(1)).unwrap();
        assert!(dead.failed);
        assert_eq!(dead.said, "began and never ended, last: Initial blacklist:");
    }

    #[test]
    fn the_log_writes_in_the_servers_own_zone() {
        let zone = zone(Some(&section("/usr/share/zoneinfo/Europe/Vienna\n+0100"))).unwrap();
        let last = last_run(&lines(GOOD), &zone, "2026-11-24T08:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(last.at.to_string(), "2026-11-23T05:00:00Z");
        let by_offset = super::zone(Some(&section("nowhere\n-0330"))).unwrap();
        let last = last_run(&lines(GOOD), &by_offset, "2026-11-24T08:00:00Z".parse().unwrap()).unwrap();
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
