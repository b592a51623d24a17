//! How long Debian supports what: its releases, and the packages that lose support before their release does.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::Shown;

/// Debian's releases, as distro-info-data lists them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Releases {
    /// Codename: `bookworm`.
    pub releases: BTreeMap<Shown, ReleaseSupport>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseSupport {
    /// `12`.
    pub version: Shown,
    /// `None` while it is not released.
    pub released: Option<Date>,
    /// Last day of security support.
    pub ends: Option<Date>,
    /// Last day of long-term support.
    pub lts_ends: Option<Date>,
}

/// The lists of debian-security-support.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Support {
    /// Releases that have a list: `12`.
    #[serde(default)]
    pub releases: Vec<Shown>,
    pub ended: Vec<SupportEnded>,
    pub limited: Vec<SupportLimited>,
    /// Release and source package of what is supported although a pattern says otherwise.
    #[serde(default)]
    pub kept: Vec<(Shown, Shown)>,
}

/// Support for a source package ended, or will end, before its release's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupportEnded {
    /// `12`.
    pub release: Shown,
    /// A source package, or several: `php-horde.*`.
    pub source: Shown,
    /// The last supported version; `0`: none ever was.
    pub last_version: Shown,
    pub ended: Option<Date>,
    pub why: Shown,
}

/// A source package has security support for some uses only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupportLimited {
    /// `12`; `None`: in every release.
    #[serde(default)]
    pub release: Option<Shown>,
    /// A source package, or several: `golang.*`.
    pub source: Shown,
    /// Which uses.
    pub why: Shown,
}

impl Support {
    /// What says that a source package has no support in a release (`12`), or will have none.
    pub fn ended<'a>(&'a self, release: &str, source: &str) -> Option<&'a SupportEnded> {
        let mut mine = self.ended.iter().filter(|ended| ended.release == *release);
        mine.find(|ended| matches(ended.source.as_str(), source)).filter(|_| !self.is_kept(release, source))
    }

    /// What says that only some uses of a source package are supported in a release.
    pub fn limited<'a>(&'a self, release: &str, source: &str) -> Option<&'a SupportLimited> {
        let is_mine = |limited: &&SupportLimited| limited.release.as_ref().is_none_or(|one| *one == *release);
        let mut mine = self.limited.iter().filter(is_mine);
        mine.find(|limited| matches(limited.source.as_str(), source)).filter(|_| !self.is_kept(release, source))
    }

    fn is_kept(&self, release: &str, source: &str) -> bool {
        self.kept.iter().any(|(known, pattern)| *known == *release && matches(pattern.as_str(), source))
    }
}

/// The lists know one pattern: `.*` stands for anything, also nothing.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split(".*");
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_whole_name_with_anything_for_dot_star() {
        for (pattern, name) in
            [("xen", "xen"), ("golang.*", "golang-1.19"), ("golang.*", "golang"), ("a.*b.*c", "abbc")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("xen", "xen-tools"), ("xen", "xe"), ("golang.*", "golan"), ("a.*b", "ab2"), ("", "x")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn ended_support_is_found_by_release_and_source() {
        let ended = |release: &str, source: &str| SupportEnded {
            release: release.into(),
            source: source.into(),
            last_version: "0".into(),
            ended: None,
            why: "no upstream".into(),
        };
        let limited = |release: Option<&str>, source: &str| SupportLimited {
            release: release.map(Shown::from),
            source: source.into(),
            why: "trusted users".into(),
        };
        let support = Support {
            releases: vec!["12".into()],
            ended: vec![ended("12", "php-horde.*"), ended("11", "xen")],
            limited: vec![limited(None, "zabbix"), limited(Some("12"), "rust.*")],
            kept: vec![("12".into(), "rust-sequoia-sqv".into())],
        };
        assert_eq!(support.ended("12", "php-horde-core").map(|ended| ended.source.as_str()), Some("php-horde.*"));
        assert_eq!(support.ended("12", "xen"), None);
        let limited = |release: &str, source: &str| support.limited(release, source).is_some();
        assert!(limited("12", "zabbix") && limited("13", "zabbix") && !limited("12", "zabbix2"));
        assert!(limited("12", "rust-coreutils") && !limited("13", "rust-coreutils"));
        assert!(!limited("12", "rust-sequoia-sqv"), "what is said of it alone counts more than the pattern");
    }
}
