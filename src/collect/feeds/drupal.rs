//! Drupal's security feed: everything stands in divs of escaped HTML, each with a class that names its field.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::html::Page;
use super::items::Item;
use super::{ids, records};
use crate::domain::Shown;
use crate::domain::facts::{Advisory, FeedKind, Risk};

/// The record, when the item's link or the end of its title names an advisory. Public service announcements (`PSA-…`) have
/// no project, risk or versions.
pub(super) fn record(item: &Item, page: &Page) -> Option<(String, Advisory)> {
    let last = item.title.rsplit(" - ").next().unwrap_or_default();
    let id = item.links.first().and_then(|link| ids::publisher_id(link)).or_else(|| ids::publisher_id(last))?;
    let field = |name: &str| page.fields.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let mut advisory = records::plain(item, page, FeedKind::Drupal);
    advisory.published = item.published.or_else(|| field("drupalorg-sa-date").and_then(day));
    advisory.packages =
        field("project-machine-name").filter(|name| is_machine_name(name)).map(Shown::line).into_iter().collect();
    advisory.risk = field("field-sa-criticality").and_then(risk);
    advisory.affected = field("field-affected-versions").map(Shown::line);
    if let Some(named) = field("field-sa-cve") {
        advisory.aliases = ids::cves(named, records::ALIASES).iter().map(|cve| Shown::line(cve)).collect();
    }
    let told: Vec<&str> = ["field-sa-description", "field-sa-solution"].into_iter().filter_map(field).collect();
    if !told.is_empty() {
        advisory.summary = records::summary(&told.join("\n\n"));
    }
    Some((id, advisory))
}

/// `Moderately critical 12 ∕ 25 AC:Basic/…`: a word and a score out of 25, divided by U+2215 and not by a slash.
fn risk(text: &str) -> Option<Risk> {
    let (word, rest) = text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len()));
    let score = rest.split_once(['\u{2215}', '/', '\u{2044}']).filter(|(_, of)| of.trim_start().starts_with("25"));
    let score = score.and_then(|(score, _)| score.trim().parse().ok()).filter(|score: &u8| *score <= 25);
    let word = word.trim();
    (!word.is_empty()).then(|| Risk { word: Shown::line(word), score })
}

/// `2026-September-23`, as its midnight UTC.
fn day(text: &str) -> Option<Timestamp> {
    let date = Date::strptime("%Y-%B-%d", text.trim()).ok()?;
    date.to_zoned_datetime(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}

fn is_machine_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_behind_a_division_sign_that_is_no_slash() {
        let read = |text| risk(text).map(|risk| (risk.word.to_string(), risk.score));
        assert_eq!(read("Moderately critical 12 ∕ 25 AC:Basic/A:User"), Some(("Moderately critical".into(), Some(12))));
        assert_eq!(read("Critical 17/25 AC:None"), Some(("Critical".into(), Some(17))));
        assert_eq!(read("Less critical"), Some(("Less critical".into(), None)));
        assert_eq!(read("Critical 99 ∕ 25"), Some(("Critical".into(), None)));
        assert_eq!(read("12 ∕ 25"), None);
        assert_eq!(day("2026-September-23").map(|at| at.to_string()).as_deref(), Some("2026-09-23T00:00:00Z"));
        assert_eq!(day("soon"), None);
    }
}
