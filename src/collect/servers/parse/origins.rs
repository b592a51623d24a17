//! Whether unattended-upgrades may take security updates: its patterns against the security lists that are there.

use super::lists::{List, Lists};
use super::sections::Section;
use crate::domain::facts::Release;

/// `None` where there is no security list to take them from, which is told elsewhere.
pub fn covers_security(section: &Section, lists: &Lists, release: &Release) -> Option<bool> {
    let mut security = lists.lists.iter().filter(|list| list.is_security()).peekable();
    security.peek()?;
    let patterns: Vec<Vec<(String, String)>> = patterns(section, release);
    Some(security.all(|list| patterns.iter().any(|pattern| fits(pattern, list))))
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
fn fits(pattern: &[(String, String)], list: &List) -> bool {
    pattern.iter().all(|(field, glob)| {
        let value = match field.as_str() {
            "o" | "origin" => &list.origin,
            "l" | "label" => &list.label,
            "a" | "suite" | "archive" => &list.suite,
            "n" | "codename" => &list.codename,
            // One of a list's components, or its server: what is left to choose is still security.
            "c" | "component" | "site" => return true,
            _ => return false,
        };
        globs(glob, value)
    })
}

/// fnmatch(3) with `*` only, which is all that anybody writes there. Each piece is taken where it first stands, which is
/// as good as anywhere later: the time is that of one search, however many stars there are.
fn globs(glob: &str, text: &str) -> bool {
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
        let list = List {
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
        assert!(fit.iter().all(|(glob, text)| globs(glob, text)), "{fit:?}");
        assert!(!unfit.iter().any(|(glob, text)| globs(glob, text)), "{unfit:?}");
        assert!(globs(&"*".repeat(500_000), "Debian"));
        assert_eq!(
            covers(&format!("Unattended-Upgrade::Origins-Pattern:: \"o={}\";", "*".repeat(500_000))),
            Some(true)
        );
        // Twenty of these, tried at each place, would outlast the machine.
        assert!(!globs(&("*a".repeat(60) + "b"), &"a".repeat(4_000)));
    }
}
