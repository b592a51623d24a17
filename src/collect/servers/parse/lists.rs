//! The package lists: what each is, and since when the newest has been there.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::sections::{Section, Sections};
use crate::domain::{Fault, Shown};

/// The head of one `Release` or `InRelease` file, and when it was last new.
///
/// apt gives a list the time at which its repository last changed it. So this is never later than the last fetch, and a
/// frozen mirror or a failing `apt-get update` (which exits 0) shows as lists that grow old.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// Its name in /var/lib/apt/lists.
    pub file: String,
    pub modified: Option<Timestamp>,
    pub origin: String,
    pub label: String,
    pub suite: String,
    pub codename: String,
    pub version: String,
    /// When the repository made it.
    pub dated: Option<Timestamp>,
    /// After this the repository itself does not vouch for it any more.
    pub valid_until: Option<Timestamp>,
}

impl List {
    /// Debian's own label, or a suite named as Debian and Ubuntu name theirs.
    pub fn is_security(&self) -> bool {
        self.label == "Debian-Security" || [&self.suite, &self.codename].iter().any(|name| names_security(name))
    }

    /// Whether it is the list behind a line of `apt-cache policy`: `http://deb.debian.org/debian bookworm/main amd64 Packages`.
    pub fn is_of(&self, description: &str) -> bool {
        let end = stem(description).and_then(|stem| self.file.strip_prefix(&stem).map(str::to_owned));
        end.is_some_and(|end| matches!(end.as_str(), "InRelease" | "Release"))
    }

    /// The server that it comes from, without its port.
    pub fn host(&self) -> &str {
        self.file.split(['_', ':']).next().unwrap_or_default()
    }

    /// As apt names it: `Debian-Security:12/oldstable-security`.
    pub fn origin(&self) -> Shown {
        let version = if self.version.is_empty() { String::new() } else { format!(":{}", self.version) };
        let suite = if self.suite.is_empty() { &self.codename } else { &self.suite };
        Shown::line(&format!("{}{version}/{suite}", self.label))
    }
}

pub fn names_security(suite: &str) -> bool {
    suite.ends_with("-security")
}

/// All lists, and the stamp that a whole fetch leaves where a system has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lists {
    pub lists: Vec<List>,
    pub stamp: Option<Timestamp>,
}

/// The probe's section about them, or why there is nothing to read.
pub fn sound_lists(sections: &Sections) -> Result<Lists, Fault> {
    match sections.get("lists") {
        Some(section) if section.code == 1 && section.lines.is_empty() => Err(no_lists()),
        _ => sections.sound("lists", "reading the package lists").map(parse_lists),
    }
}

fn no_lists() -> Fault {
    Fault::new("there are no package lists").mend("run apt-get update on the server, and let apt-daily.timer do it")
}

/// `SECONDS PATH`, then the head's lines, for each list.
pub fn parse_lists(section: &Section) -> Lists {
    let mut lists = Lists::default();
    for line in &section.lines {
        if let Some((name, value)) = line.split_once(": ") {
            if let Some(list) = lists.lists.last_mut() {
                note(list, name, value.trim());
            }
        } else if let Some((seconds, path)) = line.split_once(' ') {
            let modified = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
            if path == "update-success-stamp" {
                lists.stamp = modified;
            } else {
                let file = path.rsplit('/').next().unwrap_or(path).to_owned();
                lists.lists.push(List { file, modified, ..List::default() });
            }
        }
    }
    lists
}

fn note(list: &mut List, name: &str, value: &str) {
    match name {
        "Origin" => value.clone_into(&mut list.origin),
        "Date" => list.dated = parse_date(value),
        "Label" => value.clone_into(&mut list.label),
        "Suite" => value.clone_into(&mut list.suite),
        "Codename" => value.clone_into(&mut list.codename),
        "Version" => value.clone_into(&mut list.version),
        "Valid-Until" => list.valid_until = parse_date(value),
        _ => {}
    }
}

/// `Sat, 28 Nov 2026 00:53:02 UTC`.
fn parse_date(value: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(&value.replace("UTC", "+0000")).ok().map(|time| time.timestamp())
}

impl Lists {
    /// When the lists were last new: the newest of them, or a whole fetch's stamp. A security list that its repository no
    /// longer vouches for is only as new as itself: other lists may be fresh while that one is not fetched any more.
    pub fn at(&self, server_now: Timestamp) -> Result<Timestamp, Fault> {
        let newest = self.lists.iter().filter_map(|list| list.modified).chain(self.stamp).max();
        let expired = self
            .lists
            .iter()
            .filter(|list| list.is_security() && list.valid_until.is_some_and(|until| until < server_now))
            .filter_map(|list| list.modified)
            .min();
        newest.map(|newest| expired.map_or(newest, |expired| newest.min(expired))).ok_or_else(no_lists)
    }

    /// The list behind a line of `apt-cache policy`.
    pub fn of(&self, description: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.is_of(description))
    }
}

/// How apt names the files of a repository: its address without scheme and login, quoted, `/` as `_`
/// (`URItoFileName` in apt-pkg/contrib/strutl.cc).
fn stem(description: &str) -> Option<String> {
    let mut words = description.split(' ');
    let (address, dist) = (words.next()?, words.next()?);
    let rest = address.split_once("://").map_or_else(
        || address.split_once(':').map_or(address, |(_, path)| path),
        |(_, rest)| {
            let host = rest.split('/').next().unwrap_or(rest);
            host.rsplit_once('@').map_or(rest, |(login, _)| &rest[login.len() + 1..])
        },
    );
    // A flat repository's place ends with a slash; else a component follows the suite.
    let dist = match dist.strip_suffix('/') {
        Some(flat) => flat.to_owned(),
        None => format!("dists/{}", dist.rsplit_once('/')?.0),
    };
    let path = format!("{}/{dist}/", rest.trim_end_matches('/'));
    let mut name = String::new();
    for byte in path.bytes() {
        match byte {
            b'/' => name.push('_'),
            b'\\'
            | b'|'
            | b'{'
            | b'}'
            | b'['
            | b']'
            | b'<'
            | b'>'
            | b'"'
            | b'^'
            | b'~'
            | b'_'
            | b'='
            | b'!'
            | b'@'
            | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'*'
            | 0..=0x20
            | 0x7f.. => {
                // Writing to a String never fails.
                write!(name, "%{byte:02x}").ok();
            }
            plain => name.push(char::from(plain)),
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::section;
    use super::*;

    const HEADS: &str = "1795473600 /var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_InRelease\nLabel: Debian\nSuite: oldstable\nVersion: 12.15\nCodename: bookworm\n\
1795473000 /var/lib/apt/lists/deb.debian.org_debian-security_dists_bookworm-security_InRelease\nLabel: Debian-Security\nSuite: oldstable-security\nVersion: 12\nCodename: bookworm-security\nValid-Until: Sat, 28 Nov 2026 00:53:02 UTC\n";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_line_of_the_policy_finds_its_list() {
        let lists = parse_lists(&section(HEADS));
        let list = lists.of("http://deb.debian.org/debian-security bookworm-security/main amd64 Packages").unwrap();
        assert!(list.is_security());
        assert_eq!(list.origin(), "Debian-Security:12/oldstable-security");
        assert!(!lists.of("https://user:pw@deb.debian.org/debian bookworm/main amd64 Packages").unwrap().is_security());
        assert_eq!(lists.of("http://elsewhere.example/debian bookworm/main amd64 Packages"), None);
        assert_eq!(lists.of(""), None);
    }

    #[test]
    fn lists_are_named_as_apt_names_them() {
        assert_eq!(stem("http://127.0.0.1:8765 s/main amd64 Packages").unwrap(), "127.0.0.1:8765_dists_s_");
        assert_eq!(stem("file:/tmp/a_b~c s/main amd64 Packages").unwrap(), "_tmp_a%5fb%7ec_dists_s_");
        assert_eq!(stem("file:/srv/flat ./ Packages").unwrap(), "_srv_flat_._");
        assert_eq!(
            stem("http://h/debian-security wheezy/updates/main amd64 Packages").unwrap(),
            "h_debian-security_dists_wheezy_updates_"
        );
    }

    #[test]
    fn an_expired_security_list_makes_all_as_old_as_itself() {
        let lists = parse_lists(&section(HEADS));
        let (newest, security) = (at("2026-11-24T00:00:00Z"), at("2026-11-23T23:50:00Z"));
        assert_eq!(lists.at(at("2026-11-24T08:00:00Z")).unwrap().as_second(), 1_795_473_600);
        assert_eq!(lists.at(at("2026-11-29T08:00:00Z")).unwrap().as_second(), 1_795_473_000);
        assert!(newest > security);
    }

    #[test]
    fn no_list_at_all_is_a_fault() {
        assert!(parse_lists(&section("")).at(at("2026-11-24T08:00:00Z")).is_err());
    }
}
