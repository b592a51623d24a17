//! The collector `feeds`: advisories out of RSS, RDF, Atom and JSON feeds, as records with one id, not as articles.

mod debian;
mod drupal;
mod html;
mod ids;
mod items;
mod reading;
mod records;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use url::Url;

use super::tools::contained::contain;
use super::tools::http::parse_written;
use super::{Collector, Source};
use crate::domain::facts::{FeedDeclared, FeedKind};
use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Declared, Fact, Fault, Observation, Period, Shown, SourceId, Subject, SubjectKind};
use reading::Feed;

pub const COLLECTOR: Collector = Collector {
    name: "feeds",
    sections: &[Section { name: "feed", many: true, schema: || schema_for!(FeedEntry) }],
    plan,
};

/// What is watched while there is no configuration.
const BUILT_IN: [(&str, FeedKind, &str); 2] = [
    ("Debian DSA", FeedKind::Debian, "https://www.debian.org/security/dsa"),
    ("Drupal", FeedKind::Drupal, "https://www.drupal.org/security/all/rss.xml"),
];
const BUILT_IN_EVERY: Period = Period::minutes(30);
/// Public feeds are not asked more often.
const SHORTEST: Period = Period::seconds(10);
/// For the answer as a whole; a round's deadline leaves room to read it.
const TOTAL: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(40);
/// A feed of security advisories: RSS 0.9x, 1.0, 2.0, Atom or JSON Feed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FeedEntry {
    /// What it is called in the console.
    name: String,
    /// How its items are read: `debian` (DSA and DLA), `drupal`, or `any`.
    #[serde(default = "any")]
    kind: FeedKind,
    /// Its address: https, http, or file for a mirror.
    url: String,
    /// How often it is asked; `console.refresh` when it isn't set.
    every: Option<Period>,
}

fn any() -> FeedKind {
    FeedKind::Any
}

/// What a feed says, read as its source would; a panic of the parser is contained. For fuzzing.
pub fn parse(kind: FeedKind, said: &[u8], now: Timestamp) -> Result<Vec<Observation>, Fault> {
    let subject = Subject::new(SubjectKind::Feed, "feed");
    contain("this feed", || reading::observations(said, subject, kind, now))?
}

fn plan(entries: &[Entry], register: &Register, every: Period) -> Result<Vec<Source>, Vec<Misfit>> {
    let mut misfits = Vec::new();
    let mut sources = Vec::new();
    let mut names: HashMap<Shown, Shown> = HashMap::new();
    for entry in entries {
        match feed(entry, every) {
            Ok(source) => {
                if let Some(first) = names.insert(source.id.name.clone(), entry.place.clone()) {
                    let message = format!("the feed \"{}\" stands at {first} already", source.id.name);
                    misfits.push(entry.misfit(Some("name"), message));
                }
                sources.push(source);
            }
            Err(misfit) => misfits.push(misfit),
        }
    }
    if !misfits.is_empty() {
        return Err(misfits);
    }
    if !register.configured {
        sources.extend(BUILT_IN.iter().filter_map(|(name, kind, url)| {
            let url = Url::parse(url).ok()?;
            Some(source(Shown::line(name), *kind, url, BUILT_IN_EVERY, "built in".into()))
        }));
    }
    Ok(sources)
}

fn feed(entry: &Entry, refresh: Period) -> Result<Source, Misfit> {
    let typed: FeedEntry = entry.read()?;
    let name = Shown::line(typed.name.trim());
    if name.is_empty() {
        return Err(entry.misfit(Some("name"), "a feed needs a name"));
    }
    let every = typed.every.unwrap_or(refresh);
    if every < SHORTEST {
        return Err(entry.misfit(Some("every"), format!("feeds are not asked more often than every {SHORTEST}")));
    }
    let url = parse_written(&typed.url).map_err(|message| entry.misfit(Some("url"), message))?;
    Ok(source(name, typed.kind, url, every, entry.place.clone()))
}

fn source(name: Shown, kind: FeedKind, url: Url, every: Period, place: Shown) -> Source {
    let subject = Subject::new(SubjectKind::Feed, name.clone());
    let declared = FeedDeclared { feed: kind, url: Shown::line(url.as_str()) };
    Source {
        id: SourceId::new("feeds", name),
        every,
        deadline: DEADLINE,
        declared: vec![Declared { subject: subject.clone(), fact: Fact::FeedDeclared(declared), place }],
        ask: Arc::new(Feed { subject, kind, url, total: TOTAL }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn entry(section: &'static str, value: Value) -> Entry {
        Entry { section, value, place: "feeds.toml:3".into(), index: 0 }
    }

    fn planned(entries: &[Entry]) -> Result<Vec<Source>, Vec<Misfit>> {
        let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
        plan(entries, &register, Period::minutes(15))
    }

    fn misfit(section: &'static str, value: Value) -> (Option<String>, String) {
        let misfits = planned(&[entry(section, value)]).unwrap_err();
        assert_eq!(misfits.len(), 1, "{misfits:?}");
        (misfits[0].key.clone(), misfits[0].message.clone())
    }

    #[test]
    fn without_configuration_the_public_feeds_are_watched_and_with_one_only_what_it_names() {
        let register = Register { servers: Vec::new(), persons: Vec::new(), configured: false };
        let sources = plan(&[], &register, Period::minutes(15)).unwrap();
        let names: Vec<_> = sources.iter().map(|source| source.id.to_string()).collect();
        assert_eq!(names, ["feeds/Debian DSA", "feeds/Drupal"]);
        assert!(sources.iter().all(|source| source.every == Period::minutes(30) && source.declared.len() == 1));
        assert!(planned(&[]).unwrap().is_empty());
    }

    #[test]
    fn a_feed_takes_its_own_interval_or_the_consoles() {
        let url = "https://feeds.example.org/x";
        let sources = planned(&[
            entry("feed", json!({"name": "a", "url": url})),
            entry("feed", json!({"name": "b", "kind": "debian", "url": "file:///srv/dsa", "every": "2h"})),
        ])
        .unwrap();
        assert_eq!(sources[0].every, Period::minutes(15));
        assert_eq!(sources[1].every, Period::hours(2));
    }

    #[test]
    fn what_cannot_be_right_is_said_at_its_key() {
        let url = "https://feeds.example.org/x";
        let (key, message) = misfit("feed", json!({"name": "a", "url": "feeds.example.org"}));
        assert_eq!((key.as_deref(), message.as_str()), (Some("url"), "not an address: write https://… or file:///…"));
        assert_eq!(misfit("feed", json!({"name": "a", "url": "ftp://x/"})).0.as_deref(), Some("url"));
        assert_eq!(misfit("feed", json!({"name": "a", "url": "file://other/x"})).0.as_deref(), Some("url"));
        assert_eq!(misfit("feed", json!({"name": " ", "url": url})).0.as_deref(), Some("name"));
        assert_eq!(misfit("feed", json!({"name": "a", "url": url, "every": "0s"})).0.as_deref(), Some("every"));
        assert!(misfit("feed", json!({"name": "a", "url": url, "kind": "rss"})).1.contains("debian"));
        assert!(misfit("feed", json!({"name": "a", "url": url, "evry": "1h"})).1.contains("evry"));
        let twice = [entry("feed", json!({"name": "a", "url": url})), entry("feed", json!({"name": "a", "url": url}))];
        assert_eq!(planned(&twice).unwrap_err()[0].message, "the feed \"a\" stands at feeds.toml:3 already");
    }

    #[test]
    fn a_secret_in_an_address_is_refused_and_not_repeated() {
        for url in
            ["https://x.example/f?Token=CANARY", "https://u:CANARY@x.example/", "https://x.example/?a=1&api_key=CANARY"]
        {
            let (key, message) = misfit("feed", json!({"name": "a", "url": url}));
            assert_eq!(key.as_deref(), Some("url"));
            assert!(message.contains("secret") && !message.contains("CANARY"), "{message}");
        }
    }

    #[test]
    fn the_schema_names_every_key() {
        let text = serde_json::to_string(&(COLLECTOR.sections[0].schema)()).unwrap();
        assert!(["name", "kind", "url", "every"].iter().all(|key| text.contains(key)), "{text}");
    }
}
