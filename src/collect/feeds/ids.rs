//! Names of advisories, found in titles, addresses and texts.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Prefixes of advisories' names, those of publishers before those of problems.
const PUBLISHERS: [&str; 8] = ["DSA", "DLA", "DTSA", "ELA", "SA-CORE", "SA-CONTRIB", "DRUPAL-PSA", "PSA"];
/// Longest name.
const LONGEST: usize = 32;

/// The publisher's own name of an advisory in `text`, as `DSA-6012-1` or `SA-CORE-2026-008`.
pub(super) fn publisher_id(text: &str) -> Option<String> {
    words(text).find(|word| PUBLISHERS.iter().any(|prefix| numbered(word, prefix)))
}

/// The name that an item of any feed is known by: a publisher's id, else a CVE, else a GHSA.
pub(super) fn any_id(text: &str) -> Option<String> {
    publisher_id(text).or_else(|| words(text).find(|word| is_cve(word))).or_else(|| {
        words(text).find(|word| is_ghsa(word)).map(|word| format!("GHSA{}", word[4..].to_ascii_lowercase()))
    })
}

/// Every CVE named in `text`, once, in order.
pub(super) fn cves(text: &str, most: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in words(text).filter(|word| is_cve(word)) {
        if !found.contains(&word) {
            found.push(word);
        }
        if found.len() >= most {
            break;
        }
    }
    found
}

/// A name for an item that has none: the same for the same text, whenever and wherever it is read.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).fold(String::from("item-"), |mut name, byte| {
        write!(name, "{byte:02x}").ok();
        name
    })
}

/// Runs of letters, digits and hyphens, in capitals; `DSA 6012-1` counts as `DSA-6012-1`.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').peekable();
    std::iter::from_fn(move || {
        let word = words.next()?;
        let mut word = if word.len() <= LONGEST { word.trim_matches('-').to_ascii_uppercase() } else { String::new() };
        if matches!(word.as_str(), "DSA" | "DLA" | "DTSA" | "ELA")
            && let Some(number) = words.next_if(|next| next.starts_with(|c: char| c.is_ascii_digit()))
            && number.len() <= LONGEST
        {
            word = format!("{word}-{number}");
        }
        Some(word)
    })
}

/// `prefix-` and then numbers with hyphens between them.
fn numbered(word: &str, prefix: &str) -> bool {
    let Some(rest) = word.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')) else { return false };
    rest.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_cve(word: &str) -> bool {
    let mut parts = word.split('-');
    let digits = |part: Option<&str>, least: usize| {
        part.is_some_and(|part| part.len() >= least && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    parts.next() == Some("CVE") && digits(parts.next(), 4) && digits(parts.next(), 4) && parts.next().is_none()
}

fn is_ghsa(word: &str) -> bool {
    word.len() == 19 && word.starts_with("GHSA-") && word[5..].split('-').all(|part| part.len() == 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_publishers_write_them() {
        for (text, id) in [
            ("DSA-6012-1 nncp - security update", "DSA-6012-1"),
            ("DSA-1278 man-db", "DSA-1278"),
            ("[SECURITY] [DSA 5123-1] xz-utils security update", "DSA-5123-1"),
            ("[SECURITY] [DLA 4711-2] openssl regression update", "DLA-4711-2"),
            ("https://www.drupal.org/sa-contrib-2026-191", "SA-CONTRIB-2026-191"),
            ("https://www.drupal.org/sa-core-2026-013#x", "SA-CORE-2026-013"),
            ("Upcoming release - PSA-2026-09-21", "PSA-2026-09-21"),
            ("https://security-tracker.debian.org/tracker/DSA-10012-1", "DSA-10012-1"),
        ] {
            assert_eq!(publisher_id(text).as_deref(), Some(id), "{text}");
        }
        for text in ["", "DSA", "DSA-", "DSA-x", "USA-1", "PSA-test", "DSA-6012-", "NASA-12", "SA-CORE"] {
            let found = publisher_id(text);
            assert!(found.is_none() || found.as_deref() == Some("DSA-6012"), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_problem_names_an_item_when_no_publisher_does() {
        assert_eq!(any_id("Fix for CVE-2026-12345 (and cve-2026-1)").as_deref(), Some("CVE-2026-12345"));
        assert_eq!(any_id("CVE-2026-12345 is DSA-6012-1").as_deref(), Some("DSA-6012-1"));
        assert_eq!(any_id("see GHSA-rh54-vffm-5fvp").as_deref(), Some("GHSA-rh54-vffm-5fvp"));
        assert_eq!(any_id("a quiet week"), None);
        assert_eq!(
            cves("CVE-2026-1000, cve-2026-1000; CVE-2026-1000001 XCVE-2026-2000 CVE-2026-12", 9),
            ["CVE-2026-1000", "CVE-2026-1000001"]
        );
        assert_eq!(digest("x"), digest("x"));
        assert_ne!(digest("x"), digest("y"));
    }
}
