//! [`Truth`]: fetching one source, and whether what came may replace what there is.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Kind, Parsed};
use crate::collect::tools::Tools;
use crate::collect::tools::http::{Fetch, Streamed, Validators};
use crate::collect::{Answer, Ask, Asked, observed};
use crate::domain::{Fact, Fault, Subject, SubjectKind};

/// Counts up when the same bytes would be read differently: what an older version made of them is then read again.
const READER: u32 = 2;
/// A list that shrank to less than this part of itself is a damaged one.
const SHRUNK: u64 = 10;
/// Debian's lists of advisories only grow, but for a few that are taken back: less than one part of so many may go.
const LOST: u64 = 20;
/// A publisher's day begins before ours.
const AHEAD: i64 = 2;

pub(super) struct Truth {
    pub(super) kind: &'static Kind,
    pub(super) url: Url,
}

/// What the last good answer leaves for the next time.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    reader: u32,
    url: String,
    validators: Validators,
    count: u64,
}

impl Ask for Truth {
    fn ask<'a>(&'a self, tools: &'a Tools, memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(self.read(tools, memory))
    }
}

impl Truth {
    async fn read(&self, tools: &Tools, memory: Option<&str>) -> Result<Answer, Fault> {
        // A memory that can't be read, or that is of another address, only costs a full answer.
        let known = memory
            .and_then(|text| serde_json::from_str::<Memory>(text).ok())
            .filter(|memory| memory.reader == READER && memory.url == self.url.as_str());
        let Kind { cap, total, archive, parse, .. } = *self.kind;
        let validators = known.as_ref().map(|memory| &memory.validators);
        let fetch = Fetch { url: &self.url, validators, cap, total };
        let http = &tools.http;
        let streamed =
            if archive { http.stream_archive(fetch, parse).await? } else { http.stream(fetch, parse).await? };
        let (parsed, validators) = match streamed {
            Streamed::Unchanged => return Ok(Answer::Unchanged),
            Streamed::Read { value, validators } => (value, validators),
        };
        let now = (tools.now)();
        plausible(self.kind, &parsed, known.as_ref().map(|memory| memory.count), now)?;
        let memory = Memory { reader: READER, url: self.url.to_string(), validators, count: parsed.count };
        let subject = Subject::new(SubjectKind::Feed, self.kind.key);
        Ok(Answer::Seen {
            observations: vec![observed(subject, now, parsed.fact)],
            memory: serde_json::to_string(&memory).ok(),
        })
    }
}

/// What parses is not yet what was meant: a mirror that broke off at the source sends half a list, whole.
pub(super) fn plausible(kind: &Kind, parsed: &Parsed, before: Option<u64>, now: Timestamp) -> Result<(), Fault> {
    let Parsed { count, day, .. } = parsed;
    let noun = kind.noun;
    if *count < kind.least {
        let said = format!("only {count} {noun}, where there are always more than {}: not believed", kind.least);
        return Err(Fault::new(said).mend("open the address and see what is there"));
    }
    let least = |before: u64| match parsed.fact {
        Fact::Bulletins(_) => before - before / LOST,
        _ => before / SHRUNK,
    };
    if let Some(before) = before.filter(|before| *count < least(*before)) {
        return Err(Fault::new(format!("only {count} {noun}, where there were {before}: not believed"))
            .mend("open the address; if it is right, write it differently (add #new), and it counts as a new one"));
    }
    if let Some(day) = day.filter(|day| is_ahead(*day, now)) {
        return Err(Fault::new(format!("dated {day}, in the future: not believed")).mend("check this machine's clock"));
    }
    Ok(())
}

fn is_ahead(day: Date, now: Timestamp) -> bool {
    let today = TimeZone::UTC.to_datetime(now).date();
    today.checked_add(jiff::Span::new().days(AHEAD)).is_ok_and(|latest| day > latest)
}
