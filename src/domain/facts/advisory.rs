//! What feeds tell.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{Link, Shown};

/// How a feed's items are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeedKind {
    Debian,
    Drupal,
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedDeclared {
    pub feed: FeedKind,
    pub url: Shown,
}

/// One good reading of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedSeen {
    pub items: u32,
    /// Items left out because there were more than the cap.
    pub left_out: u32,
}

/// The publisher's own grading, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// "Moderately critical", "important" …
    pub word: Shown,
    /// Drupal's score out of 25.
    pub score: Option<u8>,
}

/// One advisory, as one source tells it. Sources that tell of the same advisory share its `id`, which is the subject's
/// name of the observation: `DSA-6012-1`, `SA-CORE-2026-008`, `PSA-…`, else a digest of the item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    pub feed: FeedKind,
    pub title: Shown,
    /// When it was published; a day without a time is its midnight UTC.
    pub published: Option<Timestamp>,
    /// Debian source packages, or Drupal project machine names.
    pub packages: Vec<Shown>,
    /// Other ids of the same problem: CVE-….
    pub aliases: Vec<Shown>,
    pub risk: Option<Risk>,
    /// The publisher's constraint, as written: `>=10.5.0 <10.6.17 || …`.
    pub affected: Option<Shown>,
    /// Plain text, from HTML.
    pub summary: Shown,
    /// The advisory's page first, others after it.
    pub links: Vec<Link>,
}
