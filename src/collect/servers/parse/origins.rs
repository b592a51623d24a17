//! Whether unattended-upgrades may take security updates: its patterns against the security lists that are there.

use super::lists::{List, Lists};
use super::sections::Section;
use crate::domain::Fault;
use crate::domain::facts::Release;

/// `None` where there is no security list to take them from, which is told elsewhere.
pub fn covers_security(section: &Section, lists: &Lists, release: &Release) -> Result<Option<bool>, Fault> {
    let mut security = lists.lists.iter().filter(|list| list.is_security()).peekable();
    if security.peek().is_none() {
        return Ok(None);
    }
    let patterns: Vec<Vec<(String, String)>> = patterns(section, release);
    let covered: Vec<Option<bool>> =
        security.map(|list| one_is(true, patterns.iter().map(|pattern| fits(pattern, list)))).collect();
    match one_is(false, covered.into_iter()) {
        None => Err(Fault::new("its origins name components or hold patterns that are not read").mend(
            "name the security suite in Origins-Pattern without ?, [ and component=, then apt-config dump shows it",
        )),
        told => Ok(told),
    }
}

/// `wanted` where one is; else `None` where one is not known.
fn one_is(wanted: bool, of: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut told = Some(!wanted);
    for one in of {
        match one {
            Some(one) if one == wanted => return Some(wanted),
            Some(_) => {}
            None => told = None,
        }
    }
    told
}

/// `Unattended-Upgrade::Origins-Pattern:: "origin=Debian,codename=${distro_codename}";` and the older
/// `Unattended-Upgrade::Allowed-Origins:: "${distro_id}:${distro_codename}-security";`, as pairs of field and glob.
fn patterns(section: &Section, release: &Release) -> Vec<Vec<(String, String)>> {
    let pattern = |line: &String| {
        let (key, value) = line.trim().strip_prefix("Unattended-Upgrade::")?.split_once(' ')?;
        let value = expanded(value.trim_matches(['"', ';']), release);
        match key.trim_end_matches(':') {
            "Origins-Pattern" if !value.is_empty() => value
                .replace("\\,", "%2C")
                .split(',')
                .map(|pair| pair.split_once('=').map(|(field, glob)| (field.trim().to_owned(), glob.trim().to_owned())))
                .collect(),
            "Allowed-Origins" => {
                let (origin, archive) = value.split_once(':').or_else(|| value.split_once(' '))?;
                Some(vec![("origin".into(), origin.to_owned()), ("archive".into(), archive.to_owned())])
            }
            _ => None,
        }
    };
    section.lines.iter().filter_map(pattern).collect()
}

fn expanded(text: &str, release: &Release) -> String {
    // lsb_release's name: `Debian` of `debian`.
    let id = release.id.as_str();
    let name = id.get(..1).map_or_else(String::new, |first| first.to_uppercase() + &id[1..]);
    text.replace("${distro_id}", &name).replace("${distro_codename}", release.codename.as_str())
}

/// Every field must fit (unattended-upgrades' `match_whitelist_string`).
fn fits(pattern: &[(String, String)], list: &List) -> Option<bool> {
    one_is(
        false,
        pattern.iter().map(|(field, glob)| {
            let value = match field.as_str() {
                "o" | "origin" => &list.origin,
                "l" | "label" => &list.label,
                "a" | "suite" | "archive" => &list.suite,
                "n" | "codename" => &list.codename,
                "site" => list.host(),
                // A list doesn't say which of its components are used; this one always is.
                "c" | "component" => return globs(glob, "main").filter(|fits| *fits),
                _ => return Some(false),
            };
            globs(glob, value)
        }),
    )
}

/// fnmatch(3) with `*` only, which is all that anybody writes there; `None` where there is more. Each piece is taken where
/// it first stands, which is as good as anywhere later: the time is that of one search, however many stars there are.
fn globs(glob: &str, text: &str) -> Option<bool> {
    (!glob.contains(['?', '['])).then(|| stars(glob, text))
}

fn stars(glob: &str, text: &str) -> bool {
    let mut pieces = glob.split('*');
    let (first, last) = (pieces.next().unwrap_or_default(), pieces.next_back());
    let Some(last) = last else { return glob == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::section;
    use super::*;

    fn covers(patterns: &str) -> Option<bool> {
        told(patterns).unwrap()
    }

    fn told(patterns: &str) -> Result<Option<bool>, Fault> {
        let list = List {
            file: "security.debian.org:8080_debian-security_dists_bookworm-security_InRelease".into(),
            label: "Debian-Security".into(),
            origin: "Debian".into(),
            suite: "oldstable-security".into(),
            codename: "bookworm-security".into(),
            ..List::default()
        };
        let main =
            List { label: "Debian".into(), origin: "Debian".into(), codename: "bookworm".into(), ..List::default() };
        let release =
            Release { id: "debian".into(), version: "12".into(), codename: "bookworm".into(), pretty: "Debian".into() };
        covers_security(&section(patterns), &Lists { lists: vec![main, list], stamp: None }, &release)
    }

    #[test]
    fn debians_own_patterns_cover_security_and_the_older_ones_for_buster_do_not() {
        let dump = |pattern: &str| {
            covers(&format!(
                "Unattended-Upgrade::Origins-Pattern \"\";\nUnattended-Upgrade::Origins-Pattern:: \"{pattern}\";"
            ))
        };
        assert_eq!(dump("origin=Debian,codename=${distro_codename}-security,label=Debian-Security"), Some(true));
        assert_eq!(dump("origin=Debian,codename=${distro_codename},label=Debian-Security"), Some(false));
        assert_eq!(dump("origin=Debian,codename=${distro_codename},label=Debian"), Some(false));
        assert_eq!(dump("o=*"), Some(true));
        assert_eq!(dump("o=Debian,a=*-security"), Some(true));
        assert_eq!(dump("origin=Debian,flavour=x"), Some(false));
        assert_eq!(covers("Unattended-Upgrade::Allowed-Origins:: \"${distro_id}:oldstable-security\";"), Some(true));
        assert_eq!(covers("Unattended-Upgrade::Allowed-Origins:: \"${distro_id}:stable\";"), Some(false));
        assert_eq!(covers(""), Some(false));
    }

    #[test]
    fn a_server_or_a_component_is_no_security_of_itself() {
        let told = |pattern: &str| told(&format!("Unattended-Upgrade::Origins-Pattern:: \"{pattern}\";"));
        assert_eq!(told("site=download.docker.com"), Ok(Some(false)));
        assert_eq!(told("site=security.debian.org"), Ok(Some(true)));
        assert_eq!(told("site=*.debian.org,component=main"), Ok(Some(true)));
        assert_eq!(told("site=*.debian.org:8080"), Ok(Some(false)));
        assert_eq!(told("origin=Docker,component=stable"), Ok(Some(false)));
        for unknown in ["origin=Debian,component=contrib", "label=Debian-Securit?", "o=Debian,n=[a-z]*-security"] {
            assert!(told(unknown).unwrap_err().said.as_str().contains("not read"), "{unknown}");
        }
        // Another pattern that fits is enough, and one field that doesn't is too.
        assert_eq!(
            super::tests::told(
                "Unattended-Upgrade::Origins-Pattern:: \"l=Debian-?\";\nUnattended-Upgrade::Origins-Pattern:: \"o=Debian\";"
            ),
            Ok(Some(true))
        );
        assert_eq!(told("o=Docker,l=?"), Ok(Some(false)));
    }

    #[test]
    fn stars_stand_for_anything_and_cost_no_more_than_looking() {
        let fit = [
            ("*", ""),
            ("a*", "a"),
            ("*-security", "bookworm-security"),
            ("a*b*c", "a1b2b3c"),
            ("a**c", "ac"),
            ("*é*", "né!"),
        ];
        let unfit = [("", "x"), ("a", "ab"), ("a*a", "a"), ("a*b*c", "acb"), ("*b", "ba"), ("a*bc*c", "abc")];
        assert!(fit.iter().all(|(glob, text)| stars(glob, text)), "{fit:?}");
        assert!(!unfit.iter().any(|(glob, text)| stars(glob, text)), "{unfit:?}");
        assert!(stars(&"*".repeat(500_000), "Debian"));
        assert_eq!(
            covers(&format!("Unattended-Upgrade::Origins-Pattern:: \"o={}\";", "*".repeat(500_000))),
            Some(true)
        );
        // Twenty of these, tried at each place, would outlast the machine.
        assert!(!stars(&("*a".repeat(60) + "b"), &"a".repeat(4_000)));
    }
}
