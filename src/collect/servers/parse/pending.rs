//! Pending updates, out of apt's table of versions.

use std::cmp::Ordering;

use super::lists::{Lists, names_security};
use super::packages::Installed;
use super::sections::Section;
use crate::domain::facts::Pending;
use crate::domain::{Fault, Shown, version};

/// One package of `apt-cache policy`.
#[derive(Debug, Default)]
struct Table<'a> {
    name: &'a str,
    installed: &'a str,
    candidate: &'a str,
    /// Each version with where it is offered, in apt's order.
    versions: Vec<(&'a str, Vec<&'a str>)>,
}

/// Of every installed package whose candidate is newer. The last line, `packages=N`, says how many tables apt printed;
/// fewer than there are packages means that it does not see them.
pub fn parse_pending(section: &Section, installed: &Installed, lists: &Lists) -> Result<Vec<Pending>, Fault> {
    let told: usize = section
        .lines
        .last()
        .and_then(|line| line.strip_prefix("packages=")?.parse().ok())
        .ok_or_else(|| Fault::new("apt-cache's answer was cut off"))?;
    let known = installed.packages.len();
    if told < known {
        return Err(Fault::new(format!("apt knows only {told} of {known} installed packages"))
            .mend("run apt-get update and apt-get check on the server"));
    }
    let mut pending: Vec<Pending> =
        tables(&section.lines).iter().filter_map(|table| judge(table, installed, lists)).collect();
    pending.sort_by(|a, b| a.package.cmp(&b.package).then_with(|| a.candidate.cmp(&b.candidate)));
    pending.dedup();
    Ok(pending)
}

/// Blocks of unindented `NAME:`, `  Installed:`, `  Candidate:`, and the table: versions behind five columns (` *** ` marks
/// the installed one), their origins behind eight.
fn tables(lines: &[String]) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = Vec::new();
    for line in lines {
        if let Some(name) = line.strip_suffix(':').filter(|name| !name.starts_with(' ') && !name.is_empty()) {
            tables.push(Table { name, ..Table::default() });
            continue;
        }
        let Some(table) = tables.last_mut() else { continue };
        if let Some(version) = line.strip_prefix("  Installed: ") {
            table.installed = version.trim();
        } else if let Some(version) = line.strip_prefix("  Candidate: ") {
            table.candidate = version.trim();
        } else if let Some(origin) = line.strip_prefix("        ") {
            if let (Some((_, origins)), Some((_, origin))) = (table.versions.last_mut(), origin.trim().split_once(' '))
            {
                origins.push(origin);
            }
        } else if let Some(version) = line.strip_prefix("     ").or_else(|| line.strip_prefix(" *** ")) {
            table.versions.extend(version.split(' ').next().map(|version| (version, Vec::new())));
        }
    }
    tables
}

fn judge(table: &Table<'_>, installed: &Installed, lists: &Lists) -> Option<Pending> {
    // Multi-Arch packages of a foreign architecture carry it behind their name.
    let name = table.name.split(':').next()?;
    installed.package(name)?;
    if table.installed == "(none)" || version::compare(table.candidate, table.installed) != Ordering::Greater {
        return None;
    }
    // Any version on the way counts: the one in the security suite may be older than the candidate.
    let on_the_way = |offered: &str| {
        version::compare(offered, table.installed) == Ordering::Greater
            && version::compare(offered, table.candidate) != Ordering::Greater
    };
    let security = table
        .versions
        .iter()
        .filter(|(offered, _)| on_the_way(offered))
        .flat_map(|(_, origins)| origins)
        .find(|origin| from_security(origin, lists));
    let origins = table.versions.iter().find(|(offered, _)| *offered == table.candidate).map(|(_, origins)| origins);
    let origin = security.or_else(|| origins.and_then(|origins| origins.first()));
    Some(Pending {
        package: name.into(),
        installed: Some(table.installed.into()),
        candidate: table.candidate.into(),
        security: security.is_some(),
        origin: origin.map_or_else(|| "unknown".into(), |origin| named(origin, lists)),
    })
}

fn from_security(origin: &str, lists: &Lists) -> bool {
    let suite = origin.split(' ').nth(1).map(|dist| dist.rsplit_once('/').map_or(dist, |(suite, _)| suite));
    suite.is_some_and(names_security) || lists.of(origin).is_some_and(super::lists::List::is_security)
}

fn named(origin: &str, lists: &Lists) -> Shown {
    lists.of(origin).map_or_else(|| origin.into(), super::lists::List::origin)
}

#[cfg(test)]
mod tests {
    use super::super::lists::parse_lists;
    use super::super::packages::tests::{machine, section};
    use super::*;

    const HEADS: &str = "1795473600 /l/h_debian_dists_s_InRelease\nLabel: Debian\nSuite: stable\nVersion: 12\n\
1795473600 /l/h_sec_dists_s_InRelease\nLabel: Debian-Security\nSuite: stable\nVersion: 12\n";

    fn pending(policy: &str) -> Vec<Pending> {
        let machine = machine("ii \tx\t1.0\tx\t1.0\tall\n");
        let text = format!("{policy}\npackages=51");
        parse_pending(&section(&text), &machine, &parse_lists(&section(HEADS))).unwrap()
    }

    fn table(rest: &str) -> String {
        format!("x:\n  Installed: 1.0\n  Candidate: 1.2\n  Version table:\n{rest}")
    }

    #[test]
    fn a_security_version_on_the_way_makes_it_a_security_update() {
        let pending = pending(&table(
            "     1.2 500\n        500 http://h/debian s/main amd64 Packages\n     1.1 500\n        500 http://h/sec s/main amd64 Packages\n *** 1.0 100\n        100 /var/lib/dpkg/status",
        ));
        assert_eq!(pending.len(), 1);
        assert!(pending[0].security);
        assert_eq!((pending[0].candidate.as_str(), pending[0].origin.as_str()), ("1.2", "Debian-Security:12/stable"));
    }

    #[test]
    fn a_security_version_that_is_installed_or_behind_does_not() {
        for version in ["1.0", "0.9", "1.3"] {
            let pending = pending(&table(&format!(
                "     1.2 500\n        500 http://h/debian s/main amd64 Packages\n     {version} 500\n        500 http://h/sec s/main amd64 Packages"
            )));
            assert!(!pending[0].security, "{version}");
            assert_eq!(pending[0].origin, "Debian:12/stable");
        }
    }

    #[test]
    fn a_suite_is_known_by_its_name_where_its_list_is_not() {
        let pending = pending(&table("     1.2 500\n        500 http://m/x noble-security/main amd64 Packages"));
        assert!(pending[0].security);
    }

    #[test]
    fn an_older_candidate_is_no_update() {
        assert_eq!(pending("x:\n  Installed: 1.0\n  Candidate: 0.9\n  Version table:\n     0.9 1001\n"), []);
    }

    #[test]
    fn an_apt_that_does_not_see_the_packages_is_not_up_to_date() {
        let machine = machine("");
        for text in ["", "x:", "packages=", "packages=3"] {
            assert!(parse_pending(&section(text), &machine, &Lists::default()).is_err(), "{text}");
        }
    }
}
