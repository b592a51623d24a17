//! What a run of unattended-upgrades left behind, and why: out of its log and of dpkg's beside it.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::sections::Section;
use crate::domain::Shown;

/// Longest list that is kept: a broken run names hundreds.
const MOST: usize = 40;
/// dpkg's log begins within this long of its run's first line.
const APART_SECONDS: i64 = 4 * 3_600;

/// `PACKAGE: why`, of every package that was to be upgraded and was not. The log's lines carry time and level in front.
pub fn parse_causes(run: &[String]) -> Vec<Shown> {
    let cause = |line: &String| {
        let words = line.splitn(4, ' ').nth(3)?.trim();
        if let Some(rest) = words.strip_prefix("Package ")
            && let Some(package) = rest.strip_suffix(" has conffile prompt and needs to be upgraded manually")
        {
            return Some(format!("{package}: its configuration file was changed here, so dpkg would ask"));
        }
        let rest = words.strip_prefix("package ")?;
        let (package, why) = rest.split_once(" upgradable but fails to be marked for upgrade (")?;
        Some(format!("{package}: {}", why.trim_end_matches(')').trim_start_matches("E:")))
    };
    once(run.iter().filter_map(cause))
}

/// `PACKAGE is blacklisted`, of what was left alone on purpose or because of another package.
pub fn parse_kept(run: &[String]) -> Vec<Shown> {
    let kept = |line: &String| {
        let words = line.splitn(4, ' ').nth(3)?.trim().trim_end_matches('.');
        let (package, why) = words.strip_prefix("Package ")?.split_once(" is ")?;
        let why = match why {
            "blacklisted" => "blacklisted",
            "marked to be held back" => "held",
            _ if why.starts_with("kept back") => "kept back with a related package",
            _ => return None,
        };
        Some(format!("{package} is {why}"))
    };
    once(run.iter().filter_map(kept))
}

/// What dpkg says of the run that began then: `PACKAGE: reason`. Its log's times have no zone either, and each step of a
/// run has one.
pub fn parse_dpkg_log(section: Option<&Section>, run: Timestamp, zone: &TimeZone) -> Vec<Shown> {
    let Some(section) = section.filter(|section| section.code == 0) else { return Vec::new() };
    let is_ours = |text: &str| {
        let started = time(text, zone);
        started.is_some_and(|started| (0..APART_SECONDS).contains(&started.duration_since(run).as_secs()))
    };
    let mut ours = false;
    once(section.lines.windows(2).filter_map(|pair| {
        if let Some(started) = pair[0].strip_prefix("Log started: ") {
            ours = is_ours(started);
        }
        complaint(&pair[0], &pair[1]).filter(|_| ours)
    }))
}

/// `dpkg: error processing package NAME (--configure):`, and the reason below. Of the languages that it is told in those are
/// read that put the name last, which Basque, Japanese and Turkish don't.
fn complaint(line: &str, reason: &str) -> Option<String> {
    let (said, _) = line.strip_prefix("dpkg: ")?.split_once(" (--")?;
    let name = said.rsplit(' ').next()?;
    let package = if name.contains('/') { name.rsplit('/').next()?.split('_').next()? } else { name };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.:".contains(&byte);
    let named = !said.starts_with("errorea ") && !package.is_empty() && package.bytes().all(plain);
    named.then(|| format!("{package}: {}", reason.trim()))
}

fn time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let time: DateTime = format!("{}T{}", words.next()?, words.next()?).parse().ok()?;
    zone.to_ambiguous_timestamp(time).compatible().ok()
}

fn once(lines: impl Iterator<Item = String>) -> Vec<Shown> {
    let mut kept: Vec<Shown> = Vec::new();
    for line in lines {
        let line = Shown::line(&line);
        if kept.len() < MOST && !kept.contains(&line) {
            kept.push(line);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::section;
    use super::*;

    fn run(text: &str) -> Vec<String> {
        text.lines().map(|words| format!("2026-11-24 06:00:00,1 {words}")).collect()
    }

    #[test]
    fn the_package_and_the_reason_are_named_once() {
        let run = run("WARNING Package sshd-config has conffile prompt and needs to be upgraded manually\n\
             WARNING package nginx upgradable but fails to be marked for upgrade (E:Unable to correct problems, you have held broken packages.)\n\
             WARNING package nginx upgradable but fails to be marked for upgrade (E:Unable to correct problems, you have held broken packages.)\n\
             INFO Package libpng16-16 is marked to be held back.\nINFO Package mariadb-server is blacklisted.\n\
             INFO Package libpq5 is kept back because a related package is kept back or due to local apt_preferences(5).\n\
             INFO All upgrades installed");
        assert_eq!(
            parse_causes(&run),
            [
                "sshd-config: its configuration file was changed here, so dpkg would ask",
                "nginx: Unable to correct problems, you have held broken packages."
            ]
        );
        assert_eq!(
            parse_kept(&run),
            ["libpng16-16 is held", "mariadb-server is blacklisted", "libpq5 is kept back with a related package"]
        );
    }

    #[test]
    fn dpkgs_log_is_asked_only_for_its_own_run() {
        let log = section(
            "Log started: 2026-11-23  06:00:30\ndpkg: error processing package old (--configure):\n gone\n\
             Log started: 2026-11-24  06:00:30\ndpkg: error processing package web-config (--configure):\n \
             end of file on stdin at conffile prompt\nLog started: 2026-11-24  06:01:00\ndpkg: error processing archive /var/cache/apt/archives/libx_1.0-1_amd64.deb (--unpack):\n no space left on device",
        );
        let of = |at: &str| parse_dpkg_log(Some(&log), at.parse().unwrap(), &TimeZone::UTC);
        assert_eq!(
            of("2026-11-24T06:00:00Z"),
            ["web-config: end of file on stdin at conffile prompt", "libx: no space left on device"]
        );
        assert_eq!(of("2026-11-25T06:00:00Z"), Vec::<Shown>::new());
        assert_eq!(of("2026-11-24T07:00:00Z"), Vec::<Shown>::new());
        assert_eq!(parse_dpkg_log(None, "2026-11-24T06:00:00Z".parse().unwrap(), &TimeZone::UTC), Vec::<Shown>::new());
    }

    #[test]
    fn dpkg_names_the_package_in_other_languages() {
        let said = |line: &str| complaint(line, " warum").unwrap_or_default();
        for line in [
            "dpkg: error processing package libx:amd64 (--configure):",
            "dpkg: Fehler beim Bearbeiten des Paketes libx:amd64 (--configure):",
            "dpkg: erreur de traitement du paquet libx:amd64 (--configure)\u{a0}:",
            "dpkg: 处理软件包 libx:amd64 (--configure)时出错：",
        ] {
            assert_eq!(said(line), "libx:amd64: warum");
        }
        assert_eq!(
            said("dpkg: Fehler beim Bearbeiten des Archivs /tmp/a_b/libx_1_amd64.deb (--unpack):"),
            "libx: warum"
        );
        for line in [
            "dpkg: errorea libx paketea prozesatzean (--configure):",
            "dpkg: パッケージ libx の処理中にエラーが発生しました (--configure):",
            "dpkg: error: dpkg frontend lock was locked by another process with pid 7",
            "dpkg:  (--configure):",
        ] {
            assert_eq!(said(line), "", "{line}");
        }
    }
}
