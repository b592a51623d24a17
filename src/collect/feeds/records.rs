//! Items → advisory records: one id, however many items tell of it.

use std::collections::{BTreeMap, HashMap};

use url::Url;

use super::html::{self, Page};
use super::items::{Item, LINKS};
use super::{debian, drupal, ids};
use crate::domain::facts::{Advisory, FeedKind};
use crate::domain::{Link, Shown};

/// Most of a record's text that is kept, in graphemes.
const SUMMARY: usize = 4_000;
/// Most other names of one advisory.
pub(super) const ALIASES: usize = 100;

/// The records of one reading, by id.
pub(super) fn records(items: Vec<Item>, kind: FeedKind) -> BTreeMap<Shown, Advisory> {
    let shared = shared_links(&items);
    let mut records: BTreeMap<Shown, Advisory> = BTreeMap::new();
    for item in items {
        let page = html::parse_page(&item.body);
        let (id, advisory) = match kind {
            FeedKind::Debian => debian::record(&item, &page),
            FeedKind::Drupal => drupal::record(&item, &page),
            FeedKind::Any => None,
        }
        .unwrap_or_else(|| (any_id(&item, &shared), plain(&item, &page, kind)));
        let id = Shown::line(&id);
        match records.remove(&id) {
            Some(known) => records.insert(id, joined(known, advisory)),
            None => records.insert(id, advisory),
        };
    }
    records
}

/// What every item has, whoever published it.
pub(super) fn plain(item: &Item, page: &Page, kind: FeedKind) -> Advisory {
    let title =
        if item.title.trim().is_empty() { page.text.lines().next().unwrap_or("without a title") } else { &item.title };
    let links = item.links.iter().chain(&page.links);
    let mut found: Vec<Link> = Vec::new();
    for link in links.filter_map(|link| Link::parse(link)) {
        if found.len() < LINKS && !found.contains(&link) {
            found.push(link);
        }
    }
    let named = format!("{}\n{}", item.title, page.text);
    Advisory {
        feed: kind,
        title: Shown::line(title.trim()),
        published: item.published,
        packages: Vec::new(),
        aliases: ids::cves(&named, ALIASES).iter().map(|cve| Shown::line(cve)).collect(),
        risk: None,
        affected: None,
        summary: summary(&page.text),
        links: found,
    }
}

pub(super) fn summary(text: &str) -> Shown {
    Shown::text(text).cut(SUMMARY)
}

/// Two items that tell of one advisory: the newer one's words, and everything that either names.
fn joined(a: Advisory, b: Advisory) -> Advisory {
    let (mut newer, older) = if b.published > a.published { (b, a) } else { (a, b) };
    add(&mut newer.links, older.links, LINKS);
    add(&mut newer.packages, older.packages, ALIASES);
    add(&mut newer.aliases, older.aliases, ALIASES);
    newer.risk = newer.risk.or(older.risk);
    newer.affected = newer.affected.or(older.affected);
    newer
}

fn add<T: PartialEq>(to: &mut Vec<T>, more: Vec<T>, most: usize) {
    for one in more {
        if to.len() < most && !to.contains(&one) {
            to.push(one);
        }
    }
}

/// How many items point to each page. A page that several point to names none of them.
fn shared_links(items: &[Item]) -> HashMap<String, usize> {
    let mut count = HashMap::new();
    for link in items.iter().filter_map(|item| item.links.first()) {
        *count.entry(link.clone()).or_default() += 1;
    }
    count
}

/// A name in the title; else one made of the item's own page, so that it outlives a corrected title; else of the title.
fn any_id(item: &Item, shared: &HashMap<String, usize>) -> String {
    ids::any_id(&item.title).unwrap_or_else(|| match item.links.first().filter(|link| is_own_page(link)) {
        Some(link) if shared.get(link).copied() == Some(1) => ids::digest(link),
        Some(link) => ids::digest(&format!("{link}\n{}", item.title)),
        None if item.title.is_empty() => ids::digest(&item.body),
        None => ids::digest(&item.title),
    })
}

/// A front page is the address of a site, not of an item.
fn is_own_page(link: &str) -> bool {
    Url::parse(link).is_ok_and(|url| url.path().len() > 1 || url.query().is_some() || url.fragment().is_some())
}

#[cfg(test)]
mod tests;
