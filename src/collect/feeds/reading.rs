//! [`Feed`]: fetching one feed, and what is kept for the next time.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::items::{self, Items};
use super::records;
use crate::collect::tools::Tools;
use crate::collect::tools::contained::contain;
use crate::collect::tools::http::{Fetch, Fetched, Validators};
use crate::collect::{Answer, Ask, Asked, observed};
use crate::domain::facts::{FeedKind, FeedSeen};
use crate::domain::{Fact, Fault, Observation, Shown, Subject};

/// Most bytes of a feed, after decompression.
const CAP: usize = 8 << 20;
/// Counts up when the same feed would be read differently: what an older version made of it is then read again.
const READER: u32 = 1;

pub(super) struct Feed {
    pub(super) subject: Subject,
    pub(super) kind: FeedKind,
    pub(super) url: Url,
    pub(super) total: Duration,
}

/// What the last good answer leaves for the next time.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    reader: u32,
    kind: FeedKind,
    validators: Validators,
}

impl Ask for Feed {
    fn ask<'a>(&'a self, tools: &'a Tools, memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(self.read(tools, memory))
    }
}

impl Feed {
    async fn read(&self, tools: &Tools, memory: Option<&str>) -> Result<Answer, Fault> {
        // A memory that can't be read, or that another reader left, only costs a full answer.
        let known = memory
            .and_then(|text| serde_json::from_str::<Memory>(text).ok())
            .filter(|memory| memory.reader == READER && memory.kind == self.kind)
            .map(|memory| memory.validators);
        let fetch = Fetch { url: &self.url, validators: known.as_ref(), cap: CAP, total: self.total };
        match tools.http.fetch(fetch).await? {
            Fetched::Unchanged => Ok(Answer::Unchanged),
            Fetched::Body { bytes, validators, url, content_type } => {
                let (subject, kind, now) = (self.subject.clone(), self.kind, (tools.now)());
                let origin = origin(content_type.as_deref(), &url);
                let reading = tokio::task::spawn_blocking(move || {
                    contain("this feed", || observations(&bytes, subject, kind, now))?
                        .map_err(|fault| said_of(fault, &origin))
                });
                let observations = reading.await.map_err(|_| Fault::passing("reading the feed was broken off"))??;
                Ok(Answer::Seen { observations, memory: self.memory(validators) })
            }
        }
    }

    fn memory(&self, validators: Validators) -> Option<String> {
        let given = validators.etag.is_some() || validators.last_modified.is_some();
        let memory = Memory { reader: READER, kind: self.kind, validators };
        given.then(|| serde_json::to_string(&memory).ok()).flatten()
    }
}

/// `text/html from www.example.org`.
fn origin(content_type: Option<&str>, url: &Url) -> Shown {
    let kind = content_type.and_then(|kind| kind.split(';').next()).map(str::trim).filter(|kind| !kind.is_empty());
    let host = url.host_str().unwrap_or("this machine");
    format!("{} from {host}", kind.unwrap_or("no content type")).into()
}

/// A fault of the content, with what it claimed to be and who sent it.
fn said_of(fault: Fault, origin: &Shown) -> Fault {
    Fault { said: Shown::line(&format!("{} ({origin})", fault.said)), ..fault }
}

pub(super) fn observations(
    bytes: &[u8],
    subject: Subject,
    kind: FeedKind,
    now: Timestamp,
) -> Result<Vec<Observation>, Fault> {
    let Items { items, left_out } = items::parse_items(bytes, now)?;
    let seen = FeedSeen { items: u32::try_from(items.len()).unwrap_or(u32::MAX), left_out };
    let mut observations = vec![observed(subject, now, Fact::FeedSeen(seen))];
    for (id, advisory) in records::records(items, kind) {
        let subject = Subject::new(crate::domain::SubjectKind::Advisory, id);
        observations.push(observed(subject, now, Fact::Advisory(advisory)));
    }
    Ok(observations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SubjectKind;

    fn observed_in(bytes: &[u8]) -> Result<Vec<Observation>, Fault> {
        let subject = Subject::new(SubjectKind::Feed, "x");
        observations(bytes, subject, FeedKind::Any, "2026-11-23T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_feed_is_one_fact_of_itself_and_one_record_an_advisory() {
        let seen = observed_in(include_bytes!("../../../tests/fixtures/feeds/atom.xml")).unwrap();
        assert_eq!(seen[0].subject.kind, SubjectKind::Feed);
        assert_eq!(seen[0].fact, Fact::FeedSeen(FeedSeen { items: 3, left_out: 0 }));
        assert_eq!(seen.len(), 3, "two of its items tell of one advisory");
        assert!(seen[1..].iter().all(|seen| seen.subject.kind == SubjectKind::Advisory));
    }

    #[test]
    fn the_feed_that_panics_the_parser_is_a_fault() {
        let bytes = include_bytes!("../../../tests/fixtures/feeds/second-declaration.xml");
        let fault = contain("this feed", || observed_in(bytes)).and_then(|seen| seen.map(|_| ())).unwrap_err();
        assert!(fault.said.as_str().contains("made its parser fail"), "{fault}");
    }
}
