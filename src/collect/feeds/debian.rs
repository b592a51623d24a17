//! Debian's feeds of DSAs and DLAs.
//!
//! Since 2025 an item is a title (`DSA-6012-1 nncp - security update`), a link into the list archive, a day without a time,
//! and a link to the tracker inside escaped HTML. Before, it was `DSA-1278 man-db` with a sentence of text.

use super::html::Page;
use super::items::Item;
use super::{ids, records};
use crate::domain::Shown;
use crate::domain::facts::{Advisory, FeedKind};

/// The record, when the item names an advisory in its title or one of its addresses.
pub(super) fn record(item: &Item, page: &Page) -> Option<(String, Advisory)> {
    let id = ids::publisher_id(&item.title)
        .or_else(|| item.links.iter().chain(&page.links).find_map(|link| ids::publisher_id(link)))?;
    let mut advisory = records::plain(item, page, FeedKind::Debian);
    advisory.packages = packages(&item.title, &id);
    // The description of the new form is nothing but the tracker's address again.
    if page.links.iter().any(|link| link.trim() == page.text) {
        advisory.summary = Shown::default();
    }
    Some((id, advisory))
}

/// Source packages that a title names, in small letters. None when it doesn't name any, as in an end-of-life notice.
fn packages(title: &str, id: &str) -> Vec<Shown> {
    let after = after_id(title, id).trim_start_matches([']', ':', ' ']).trim();
    let (names, what) = after.split_once(" - ").unwrap_or((after, ""));
    let names = ["security update", "regression update"]
        .iter()
        .find_map(|update| names.trim_end().strip_suffix(update))
        .unwrap_or(names)
        .trim();
    let names: Vec<String> = names
        .split([',', '/', ';'])
        .flat_map(|part| part.split(" and "))
        .map(|name| name.trim().to_lowercase())
        .collect();
    let notice = what.contains("end-of-life") || what.contains("end of life");
    if notice || !names.iter().all(|name| is_package(name)) {
        return Vec::new();
    }
    names.into_iter().map(Shown::from).collect()
}

/// The title behind its id, which may be written `DSA 6012-1`.
fn after_id<'a>(title: &'a str, id: &str) -> &'a str {
    let capitals = title.to_ascii_uppercase();
    let spaced = id.replacen('-', " ", 1);
    [id, spaced.as_str()].iter().find_map(|id| capitals.find(id).map(|at| &title[at + id.len()..])).unwrap_or_default()
}

/// Debian policy, section 5.6.1.
fn is_package(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_from_every_form_of_title() {
        for (title, id, expected) in [
            ("DSA-6012-1 nncp - security update", "DSA-6012-1", &["nncp"][..]),
            ("DSA-6002-1 node-sha.js - security update", "DSA-6002-1", &["node-sha.js"]),
            ("DSA-1277 XMMS", "DSA-1277", &["xmms"]),
            ("[SECURITY] [DSA 5123-1] g++-12, libstdc++ security update", "DSA-5123-1", &["g++-12", "libstdc++"]),
            ("DLA-4300-2 openssl - regression update", "DLA-4300-2", &["openssl"]),
            ("DSA-2000-1 a2ps and b3ps - several vulnerabilities", "DSA-2000-1", &["a2ps", "b3ps"]),
            ("DSA-4205-1 jessie end-of-life", "DSA-4205-1", &[]),
            ("DSA-4205-1 jessie - end-of-life", "DSA-4205-1", &[]),
            ("DSA-4205-1", "DSA-4205-1", &[]),
            ("DSA-4205-1 -oProxyCommand=x", "DSA-4205-1", &[]),
            ("ıDSA-6012-1 nncp", "DSA-6012-1", &["nncp"]),
        ] {
            assert_eq!(packages(title, id), expected, "{title}");
        }
    }
}
