//! Bytes of any feed → [`Items`], all kinds alike.
//!
//! The bytes go to feed-rs as they came: it reads the encoding from the XML itself. It can panic (a second XML
//! declaration); the caller contains that.

use feed_rs::model::{Entry, LinkTarget};
use feed_rs::parser::{ParseErrorKind, ParseFeedError};
use jiff::Timestamp;

use super::html;
use crate::domain::{Fault, Shown};

/// Most items kept of one reading.
const MOST: usize = 5_000;
/// Most bytes of one item's text that are looked at.
pub(super) const TEXT: usize = 64 << 10;
/// Most bytes of a title.
const TITLE: usize = 4 << 10;
/// Most links of one item.
pub(super) const LINKS: usize = 12;
/// Nobody published an advisory for what is watched here before Debian existed.
const EARLIEST: i64 = 745_459_200;
/// A publisher's clock or zone may be off by this much.
const AHEAD: i64 = 86_400;

/// One item as the feed tells it, bounded in every part.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// Plain text, entities decoded; not cleaned yet.
    pub(super) title: String,
    pub(super) links: Vec<String>,
    /// HTML, or plain text, which reads the same.
    pub(super) body: String,
    /// `None` also where it is implausible.
    pub(super) published: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Items {
    /// Newest first; those without a date before all others, in the feed's order: nobody can say that they are old.
    pub(super) items: Vec<Item>,
    pub(super) left_out: u32,
}

/// Reads a feed. Something that is no feed, or has no item, is a fault: a source of advisories is never empty.
pub(super) fn parse_items(bytes: &[u8], now: Timestamp) -> Result<Items, Fault> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(Fault::new("still packed after unpacking"));
    }
    let feed =
        feed_rs::parser::parse(bytes).or_else(|error| lenient_json(bytes).ok_or(error)).map_err(|e| fault(&e))?;
    let mut items: Vec<Item> = feed.entries.into_iter().map(|entry| item(entry, now)).collect();
    if items.is_empty() {
        return Err(Fault::new("a feed without a single item"));
    }
    items.sort_by_key(|item| item.published.map_or(i64::MIN, |at| -at.as_second()));
    let left_out = u32::try_from(items.len().saturating_sub(MOST)).unwrap_or(u32::MAX);
    items.truncate(MOST);
    Ok(Items { items, left_out })
}

fn item(entry: Entry, now: Timestamp) -> Item {
    let title = entry.title.map(|title| html::decoded(capped(title.content.trim(), TITLE)));
    let pages = entry.links.into_iter().filter(|link| {
        !matches!(link.target, Some(LinkTarget::Comments | LinkTarget::CommentsFeed))
            && link.rel.as_deref().is_none_or(|rel| matches!(rel, "alternate" | "related" | "via"))
            && link.media_type.as_deref().is_none_or(|kind| kind.starts_with("text/"))
    });
    let summary = entry.summary.map(|text| text.content);
    let content = entry.content.and_then(|content| content.body);
    let body = match (summary, content) {
        (Some(summary), Some(content)) if content.len() >= summary.len() => content,
        (Some(text), _) | (None, Some(text)) => text,
        (None, None) => String::new(),
    };
    let at = entry.published.or(entry.updated);
    Item {
        title: title.unwrap_or_default(),
        links: pages.map(|link| link.href).filter(|href| href.len() <= 2_000).take(LINKS).collect(),
        body: capped(&body, TEXT).to_owned(),
        published: at.and_then(|at| Timestamp::from_second(at.timestamp()).ok()).filter(|at| plausible(*at, now)),
    }
}

pub(super) fn plausible(at: Timestamp, now: Timestamp) -> bool {
    (EARLIEST..=now.as_second().saturating_add(AHEAD)).contains(&at.as_second())
}

/// At most this many bytes of it, cut between two characters.
pub(super) fn capped(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// JSON Feed (version 1.1, "Items") asks readers to take an `id` that is a number, and titles are often `null`: feed-rs
/// takes neither. Only what is there is turned into text; nothing is made up.
fn lenient_json(bytes: &[u8]) -> Option<feed_rs::model::Feed> {
    let mut feed: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let object = feed.as_object_mut()?;
    let title = object.entry("title").or_insert_with(|| "".into());
    if title.is_null() {
        *title = "".into();
    }
    for item in object.get_mut("items")?.as_array_mut()? {
        for value in item.as_object_mut()?.values_mut().filter(|value| value.is_number() || value.is_boolean()) {
            *value = value.to_string().into();
        }
    }
    feed_rs::parser::parse(serde_json::to_vec(&feed).ok()?.as_slice()).ok()
}

fn fault(error: &ParseFeedError) -> Fault {
    match error {
        ParseFeedError::ParseError(ParseErrorKind::NoFeedRoot) => {
            Fault::new("not a feed").mend("open the address in a browser: it must be RSS, Atom or JSON Feed")
        }
        other => Fault::new(format!("not a whole feed: {}", Shown::line(&other.to_string()).cut(160))),
    }
}
