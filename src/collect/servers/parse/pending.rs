//! Pending updates, those that a pin keeps back among them, and packages that nobody offers: out of apt's table of versions.

use std::cmp::Ordering;

use super::lists::{List, Lists, names_security};
use super::packages::Installed;
use super::sections::Section;
use crate::domain::facts::{Pending, Release};
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

/// Of every installed package whose candidate is newer, or of which a security suite of this release offers a newer version
/// that a pin keeps from being the candidate. The last line, `packages=N`, says how many tables apt printed;
/// fewer than there are packages means that it does not see them.
pub fn parse_pending(section: &Section, installed: &Installed, offers: &Offers<'_>) -> Result<Vec<Pending>, Fault> {
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
        tables(&section.lines).iter().filter_map(|table| judge(table, installed, offers)).collect();
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

/// Installed packages that no list offers in the version that is there, nor the release itself in a newer one, which a pin
/// keeps back then.
pub fn parse_unsourced(section: &Section, offers: &Offers<'_>) -> Vec<Shown> {
    let tables = tables(&section.lines);
    let kept_back = |name: &str| {
        let table = tables.iter().find(|table| table.name == name);
        table.is_some_and(|table| table.newer().any(|(_, origins)| origins.iter().any(|origin| offers.own(origin))))
    };
    let local = section.lines.iter().filter_map(|line| line.strip_prefix("local="));
    local.filter(|name| !kept_back(name)).map(|name| name.split(':').next().unwrap_or(name).into()).collect()
}

fn newer(a: &str, b: &str) -> bool {
    version::compare(a, b) == Ordering::Greater
}

impl<'a> Table<'a> {
    /// What is offered above the installed version, in apt's order: the newest first.
    fn newer(&self) -> impl Iterator<Item = &(&'a str, Vec<&'a str>)> {
        self.versions.iter().filter(|(offered, _)| newer(offered, self.installed))
    }

    fn is_update(&self) -> bool {
        self.candidate != "(none)" && newer(self.candidate, self.installed)
    }
}

fn judge(table: &Table<'_>, installed: &Installed, offers: &Offers<'_>) -> Option<Pending> {
    // Multi-Arch packages of a foreign architecture carry it behind their name.
    let name = table.name.split(':').next()?;
    installed.package(name)?;
    if table.installed == "(none)" {
        return None;
    }
    // Any version on the way counts: the one in the security suite may be older than the candidate.
    let security = table
        .newer()
        .filter(|(offered, _)| table.is_update() && !newer(offered, table.candidate))
        .flat_map(|(_, origins)| origins)
        .find(|origin| offers.security(origin));
    let pinned = if security.is_some() { None } else { kept_back(table, offers) };
    let (candidate, origin) = match pinned {
        Some((version, origin)) => (version, Some(origin)),
        None if !table.is_update() => return None,
        None => {
            let origins = table.versions.iter().find(|(offered, _)| *offered == table.candidate);
            (table.candidate, security.or_else(|| origins.and_then(|(_, origins)| origins.first())))
        }
    };
    Some(Pending {
        package: name.into(),
        installed: Some(table.installed.into()),
        candidate: candidate.into(),
        security: security.is_some() || pinned.is_some(),
        pinned: pinned.is_some(),
        origin: origin.map_or_else(|| "unknown".into(), |origin| offers.named(origin)),
    })
}

/// The newest version above the candidate that a security suite of the release itself offers. Another release's, which an
/// administrator has there for a few packages, is meant to stay out.
fn kept_back<'a, 't>(table: &'t Table<'a>, offers: &Offers<'_>) -> Option<(&'a str, &'t &'a str)> {
    table.newer().filter(|(offered, _)| !table.is_update() || newer(offered, table.candidate)).find_map(
        |(offered, origins)| {
            let origin = origins.iter().find(|origin| offers.security(origin) && offers.own(origin));
            origin.map(|origin| (*offered, origin))
        },
    )
}

/// Who offers what: the lists that are there, and the release that the server is.
pub struct Offers<'a> {
    lists: &'a Lists,
    codename: &'a str,
}

impl<'a> Offers<'a> {
    pub fn new(lists: &'a Lists, release: Option<&'a Release>) -> Self {
        let codename = release.map_or("", |release| release.codename.as_str());
        // A derivative has another name than the release whose packages it takes: then it has no lists of its own.
        let known =
            lists.lists.iter().any(|list| [&list.codename, &list.suite].iter().any(|name| base(name) == codename));
        Self { lists, codename: if known { codename } else { "" } }
    }

    fn security(&self, origin: &str) -> bool {
        suite(origin).is_some_and(names_security) || self.lists.of(origin).is_some_and(List::is_security)
    }

    /// Whether it is this release's. Where nobody knows which that is, all are.
    fn own(&self, origin: &str) -> bool {
        let list = self.lists.of(origin);
        let names = list.map_or_else(
            || vec![suite(origin).unwrap_or_default()],
            |list| vec![list.codename.as_str(), list.suite.as_str()],
        );
        // Ubuntu's backports have the release's own codename.
        let apart = names.iter().any(|name| name.ends_with("-backports") || name.ends_with("-proposed"));
        !apart && (self.codename.is_empty() || names.iter().any(|name| base(name) == self.codename))
    }

    fn named(&self, origin: &str) -> Shown {
        self.lists.of(origin).map_or_else(|| origin.into(), List::origin)
    }
}

/// `bookworm-security` of `http://deb.debian.org/debian-security bookworm-security/main amd64 Packages`.
fn suite(origin: &str) -> Option<&str> {
    origin.split(' ').nth(1).map(|dist| dist.rsplit_once('/').map_or(dist, |(suite, _)| suite))
}

/// The release that a suite belongs to.
fn base(suite: &str) -> &str {
    ["-security", "/updates", "-updates"].iter().find_map(|end| suite.strip_suffix(end)).unwrap_or(suite)
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
        let lists = parse_lists(&section(HEADS));
        parse_pending(&section(&text), &machine, &Offers::new(&lists, Some(&bookworm()))).unwrap()
    }

    fn bookworm() -> Release {
        Release { id: "debian".into(), version: "12".into(), codename: "bookworm".into(), pretty: "".into() }
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
    fn a_security_version_that_is_installed_or_older_does_not() {
        for version in ["1.0", "0.9"] {
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

    const RELEASES: &str = "1795473600 /l/h_sec_dists_b-security_InRelease\nLabel: Debian-Security\nSuite: oldstable-security\n\
Codename: bookworm-security\n1795473600 /l/h_sec_dists_t-security_InRelease\nLabel: Debian-Security\n\
Suite: stable-security\nCodename: trixie-security\n1795473600 /l/h_debian_dists_b_InRelease\nLabel: Debian\n\
Suite: oldstable\nCodename: bookworm\n1795473600 /l/h_debian_dists_bp_InRelease\nLabel: Debian Backports\n\
Suite: oldstable-backports\nCodename: bookworm-backports\n1795473600 /l/h_ubuntu_dists_nb_InRelease\nLabel: Ubuntu\n\
Suite: noble-backports\nCodename: noble\n";

    /// What is told of a package whose installed 1.0 is the candidate, while `offers` has 1.1.
    fn pinned(offers: &str, codename: &str) -> (Vec<Pending>, Vec<Shown>) {
        let policy = format!(
            "x:\n  Installed: 1.0\n  Candidate: 1.0\n  Version table:\n     1.1 500\n        500 http://h/{offers}/main amd64 Packages\n \
             *** 1.0 1001\n        100 /var/lib/dpkg/status\nlocal=x\nlocal=y:i386\npackages=51"
        );
        let (lists, release) = (parse_lists(&section(RELEASES)), Release { codename: codename.into(), ..bookworm() });
        let offers = Offers::new(&lists, Some(&release));
        let section = section(&policy);
        let machine = machine("ii \tx\t1.0\tx\t1.0\tall\n");
        (parse_pending(&section, &machine, &offers).unwrap(), parse_unsourced(&section, &offers))
    }

    #[test]
    fn a_security_version_of_the_own_release_that_a_pin_keeps_back_is_pending() {
        let (pending, unsourced) = pinned("sec b-security", "bookworm");
        let told = pending.first().map(|one| (one.candidate.as_str(), one.origin.as_str(), one.security, one.pinned));
        assert_eq!(told, Some(("1.1", "Debian-Security/oldstable-security", true, true)));
        assert_eq!(unsourced, ["y"]);
        // Of a point release it is none; but the package has a source.
        assert_eq!(pinned("debian b", "bookworm"), (Vec::new(), vec!["y".into()]));
        // A derivative names itself otherwise.
        assert_eq!(pinned("sec b-security", "faye").0.len(), 1);
    }

    #[test]
    fn what_another_release_or_backports_offer_is_not_kept_back() {
        for (offers, codename) in [
            ("sec t-security", "bookworm"),
            ("debian bp", "bookworm"),
            ("x trixie-security", "bookworm"),
            ("ubuntu nb", "noble"),
        ] {
            let none: (Vec<Pending>, Vec<Shown>) = (Vec::new(), vec!["x".into(), "y".into()]);
            assert_eq!(pinned(offers, codename), none, "{offers}");
        }
    }

    #[test]
    fn a_security_version_beyond_a_pinned_candidate_is_kept_back_too() {
        let beyond = pending(&table(
            "     1.3 500\n        500 http://h/sec s/main amd64 Packages\n     1.2 1001\n        500 http://h/debian s/main amd64 Packages",
        ));
        assert!(beyond[0].security && beyond[0].pinned && beyond[0].candidate == "1.3", "{beyond:?}");
        let none = table("     1.3 -1\n        -1 http://h/sec s/main amd64 Packages")
            .replace("Candidate: 1.2", "Candidate: (none)");
        assert!(pending(&none)[0].pinned);
    }

    #[test]
    fn an_apt_that_does_not_see_the_packages_is_not_up_to_date() {
        let machine = machine("");
        for text in ["", "x:", "packages=", "packages=3"] {
            assert!(parse_pending(&section(text), &machine, &Offers::new(&Lists::default(), None)).is_err(), "{text}");
        }
    }
}
