//! The runs that unattended-upgrades' log tells of, and how the last of them ended.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::outcome::{parse_causes, parse_kept};
use super::translations::in_english;
use crate::domain::facts::UnattendedRun;
use crate::domain::{Fault, Shown};

const START: &str = "Starting unattended upgrades script";
const TO_UPGRADE: &str = "Packages that will be upgraded:";
const INSTALLED: &str = "All upgrades installed";
const TO_REMOVE: &str = "Removing unused kernel packages";
const REMOVED: &str = "Packages that were successfully auto-removed";
const NOTHING: &str = "No packages found that can be upgraded";
/// In every language.
const DPKG_LOG: &str = "unattended-upgrades-dpkg.log";
/// Of a second run that found a first one: it ends before it starts, and the first goes on.
const TAKEN: &str = "Lock file is already taken";
/// A run that has not ended after this long will not.
const LONGEST_RUN_SECONDS: i64 = 4 * 3_600;

/// Lines `2026-11-23 19:35:28,282 INFO All upgrades installed`, oldest first. Simulated runs are none, nor are those that
/// changed nothing: `--download-only`, once a day, and what waits for the shutdown say nothing of an end. A run that is
/// still going on is passed over for the one before.
pub fn last_run(said: &[String], zone: &TimeZone, server_now: Timestamp) -> Result<Option<UnattendedRun>, Fault> {
    let lines: Vec<String> = said.iter().map(|line| in_english(line)).collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| words(line).starts_with(START)).map(|(at, _)| at);
    let mut starts: Vec<usize> = starts.collect();
    if starts.is_empty() && lines.iter().any(|line| names_origins(words(line))) {
        return Err(not_read("it"));
    }
    let mut end = lines.len();
    while let Some(start) = starts.pop() {
        let run = &lines[start..end];
        end = start;
        if run.iter().any(|line| line.contains("Option --dry-run given")) {
            continue;
        }
        let Some(at) = time(&run[0], zone) else { continue };
        let age = server_now.duration_since(at).as_secs();
        let (failed, said, kept) = match ending(run) {
            Ending::Good(said) => (false, said, parse_kept(run)),
            Ending::Failed(said) => (true, said, parse_kept(run)),
            Ending::Idle => continue,
            Ending::Amid if (0..LONGEST_RUN_SECONDS).contains(&age) => continue,
            // The end may be there, in words of another version's translation.
            Ending::Amid if said[start] != lines[start] => return Err(not_read("its end")),
            Ending::Amid => (true, format!("began and never ended, last: {}", last_words(run)).into(), Vec::new()),
        };
        return Ok(Some(UnattendedRun { at, failed, said, causes: parse_causes(run), kept }));
    }
    Ok(None)
}

/// `Allowed origins are: origin=Debian,…`, in whatever language: nothing but a run says this.
fn names_origins(words: &str) -> bool {
    let named = |word: &str| {
        let field = word.split_once('=').map(|(field, _)| field);
        matches!(field, Some("o" | "origin" | "l" | "label" | "a" | "suite" | "archive" | "n" | "codename" | "site"))
    };
    words.split([' ', ':', '：', '\u{a0}']).any(named)
}

fn not_read(what: &str) -> Fault {
    Fault::new(format!("{what} is told in a language that is not read here")).mend(
        "systemctl edit apt-daily.service apt-daily-upgrade.service on the server: [Service] Environment=LC_ALL=C.UTF-8",
    )
}

/// How a run ended, in the log's words.
enum Ending {
    Good(Shown),
    Failed(Shown),
    /// It neither did anything nor says that there was nothing to do.
    Idle,
    /// It began to install or to remove, and does not say that this is done.
    Amid,
}

fn ending(run: &[String]) -> Ending {
    let error = |line: &&String| matches!(level(line), Some("ERROR" | "CRITICAL")) && !words(line).starts_with(TAKEN);
    if let Some(error) = run.iter().find(error) {
        return Ending::Failed(Shown::line(words(error)));
    }
    // The words that end the step which it is at.
    let mut awaited = None;
    let mut good = None;
    for said in run.iter().map(|line| words(line)) {
        if awaited.is_some_and(|end| said.starts_with(end)) {
            awaited = None;
        }
        if said.contains(DPKG_LOG) || said.strip_prefix(TO_UPGRADE).is_some_and(|packages| !packages.is_empty()) {
            awaited = Some(INSTALLED);
        } else if said.starts_with(TO_REMOVE) {
            awaited = Some(REMOVED);
        } else if [INSTALLED, REMOVED, NOTHING].iter().any(|end| said.starts_with(end)) {
            good = Some(said);
        }
    }
    match (awaited, good) {
        (Some(_), _) => Ending::Amid,
        (None, Some(said)) => Ending::Good(Shown::line(said)),
        (None, None) => Ending::Idle,
    }
}

/// What the next run says before it starts is none of this one's.
fn last_words(run: &[String]) -> &str {
    let own = |said: &&str| !said.starts_with("Checking if ") && !said.starts_with(TAKEN);
    run.iter().rev().map(|line| words(line)).find(own).unwrap_or_default()
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
pub mod tests {
    use super::*;

    pub const GOOD: &str = "2026-11-23 06:00:00,100 INFO Starting unattended upgrades script\n2026-11-23 06:00:09,100 INFO All upgrades installed\n";

    pub fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn told(text: &str) -> Result<Option<UnattendedRun>, Fault> {
        last_run(&lines(text), &TimeZone::UTC, "2026-11-24T08:00:00Z".parse().unwrap())
    }

    fn run(text: &str) -> Option<UnattendedRun> {
        told(text).unwrap()
    }

    /// A good run the day before, then one that began at that time and said this.
    fn after_good(time: &str, said: &str) -> UnattendedRun {
        let head = "INFO Checking if connection is metered is skipped.\nINFO Starting unattended upgrades script\n\
            INFO Allowed origins are: origin=Debian,codename=bookworm,label=Debian\nINFO Initial blacklist:\n\
            INFO Initial whitelist (not strict):\n";
        let said = format!("{head}{said}");
        let said: Vec<String> = said.lines().map(|line| format!("2026-11-24 {time}:00,1 {line}")).collect();
        run(&format!("{GOOD}{}", said.join("\n"))).unwrap()
    }

    fn is_the_one_before(last: &UnattendedRun) -> bool {
        !last.failed && last.at.to_string() == "2026-11-23T06:00:00Z"
    }

    #[test]
    fn an_error_is_the_end_of_a_run_whatever_follows() {
        let last = after_good(
            "06:00",
            "ERROR Installing the upgrades failed!\nERROR error message: x\nINFO Package nginx is kept back",
        );
        assert!(last.failed);
        assert_eq!(last.said, "Installing the upgrades failed!");
        assert_eq!(last.at.to_string(), "2026-11-24T06:00:00Z");
    }

    #[test]
    fn a_simulated_run_is_none() {
        let said = "INFO Option --dry-run given, *not* performing real actions\nINFO All upgrades installed";
        assert!(is_the_one_before(&after_good("06:00", said)));
    }

    #[test]
    fn a_run_that_began_long_ago_and_did_not_end_failed() {
        let began = "INFO Packages that will be upgraded: perl\nINFO Writing dpkg log to /var/log/unattended-upgrades/unattended-upgrades-dpkg.log";
        assert!(is_the_one_before(&after_good("07:30", began)));
        // Whatever another run says before it starts.
        let dead = after_good(
            "01:30",
            &format!(
                "{began}\nINFO Checking if connection is metered is skipped.\nERROR Lock file is already taken, exiting"
            ),
        );
        assert!(dead.failed);
        assert_eq!(
            dead.said,
            "began and never ended, last: Writing dpkg log to /var/log/unattended-upgrades/unattended-upgrades-dpkg.log"
        );
        // To have removed is not to have installed.
        let removed = "INFO Removing unused kernel packages: linux-image-1\nINFO Packages that were successfully auto-removed: linux-image-1";
        assert!(after_good("01:30", "INFO Removing unused kernel packages: linux-image-1").failed);
        assert!(after_good("01:30", &format!("{removed}\n{began}")).failed);
        assert!(after_good("01:30", &format!("{began}\nINFO Packages that were successfully auto-removed: x")).failed);
        assert!(!after_good("01:30", &format!("{removed}\n{began}\nINFO All upgrades installed")).failed);
    }

    #[test]
    fn a_run_that_only_downloaded_is_passed_over() {
        assert!(is_the_one_before(&after_good("01:30", "")));
        assert!(is_the_one_before(&after_good(
            "01:30",
            "WARNING package nginx upgradable but fails to be marked for upgrade (E:x)"
        )));
        assert_eq!(run("2026-11-24 01:30:00,1 INFO Starting unattended upgrades script\n"), None);
    }

    #[test]
    fn to_remove_what_nothing_needs_is_a_good_end() {
        let last = after_good(
            "01:30",
            "INFO Packages that will be upgraded: \nINFO Packages that were successfully auto-removed: x\nINFO Packages that are kept back: ",
        );
        assert_eq!((last.failed, last.at.to_string().as_str()), (false, "2026-11-24T01:30:00Z"));
        assert_eq!(last.said, "Packages that were successfully auto-removed: x");
    }

    #[test]
    fn a_run_that_found_another_ends_neither() {
        let text = format!("{GOOD}2026-11-23 18:00:00,1 ERROR Lock file is already taken, exiting\n");
        assert!(is_the_one_before(&run(&text).unwrap()));
        let last = after_good(
            "06:00",
            "INFO Packages that will be upgraded: perl\nERROR Lock file is already taken, exiting\nINFO All upgrades installed",
        );
        assert_eq!((last.failed, last.said.as_str()), (false, "All upgrades installed"));
    }

    const GERMAN: &str = "2026-11-24 01:30:00,1 INFO Skript für automatische Systemaktualisierung wird gestartet\n\
        2026-11-24 01:30:00,1 INFO Erlaubte Ursprünge sind: origin=Debian,codename=bookworm,label=Debian\n";
    const WORK: &str = "2026-11-24 01:30:05,1 INFO Pakete, welche aktualisiert werden: perl\n\
        2026-11-24 01:30:05,1 INFO dpkg-Protokoll wird nach /var/log/unattended-upgrades/unattended-upgrades-dpkg.log geschrieben\n";

    #[test]
    fn a_log_in_another_language_is_read_as_in_english() {
        let last = run(&format!(
            "{GERMAN}2026-11-24 01:30:04,1 WARNING Paket »sshd« hat eine conffile-Eingabeaufforderung und muss manuell aktualisiert werden\n\
             {WORK}2026-11-24 01:30:09,1 INFO Alle Systemaktualisierungen installiert\n"
        ))
        .unwrap();
        assert_eq!((last.failed, last.said.as_str()), (false, "All upgrades installed"));
        assert_eq!(last.causes, ["sshd: its configuration file was changed here, so dpkg would ask"]);
        let failed = run(&format!(
            "{GERMAN}{WORK}2026-11-24 01:30:09,1 ERROR Installation der Systemaktualisierungen ist fehlgeschlagen!\n"
        ))
        .unwrap();
        assert_eq!(
            (failed.failed, failed.said.as_str()),
            (true, "Installation der Systemaktualisierungen ist fehlgeschlagen!")
        );
        // It only downloads.
        assert!(is_the_one_before(&run(&format!("{GOOD}{GERMAN}")).unwrap()));
    }

    #[test]
    fn what_a_log_says_in_words_that_are_not_read_is_unknown() {
        let fault = |text: &str| told(text).unwrap_err().said.to_string();
        let swahili = "2026-11-24 01:30:00,1 INFO Inaanza\n2026-11-24 01:30:00,1 INFO Asili：origin=Debian,label=Debian\n\
            2026-11-24 01:30:09,1 INFO Imekamilika\n";
        assert_eq!(fault(swahili), "it is told in a language that is not read here");
        // A version that says the same in other words.
        let other = format!("{GOOD}{GERMAN}{WORK}2026-11-24 01:30:09,1 INFO Alles ist installiert\n");
        assert_eq!(fault(&other), "its end is told in a language that is not read here");
        // Nothing of a run: that there is none is known.
        assert_eq!(
            run("2026-11-24 01:30:00,1 INFO Skipping update check: today is 2,Tue,Tuesday but patch days are Mon\n"),
            None
        );
    }
}
