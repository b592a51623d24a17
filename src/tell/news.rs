//! [`news`]: what a channel has not been told yet.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::flaps::{Course, Flaps};
use super::{Channel, Quiet};
use crate::domain::{Finding, FindingKey, Round, Shown, SubjectKind, Verdict, age};

/// Most lines of a message, and most graphemes of one.
const LINES: usize = 20;
const WIDTH: usize = 180;

/// What a channel was told, as the store keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// What it knows to be wrong, and how.
    told: BTreeMap<FindingKey, Verdict>,
    /// When the oldest change was seen that it has not been told.
    waiting: Option<Timestamp>,
    /// Since when most sources are silent, and whether it has been told.
    outage: Option<(Timestamp, bool)>,
    /// What turned lately.
    flaps: Flaps,
    /// Since when nothing reaches it, and why.
    pub fault: Option<(Timestamp, Shown)>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub at: Timestamp,
    pub title: Shown,
    /// The worst first; none where only numbers may leave.
    pub lines: Vec<Shown>,
    /// The worst of what is new; ok when things only got better.
    pub worst: Verdict,
    after: BTreeMap<FindingKey, Verdict>,
    /// What goes to and fro, of which this is the last word until it rests.
    restless: Vec<FindingKey>,
    outage: Option<(Timestamp, bool)>,
}

/// What is told to whom.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub channel: &'a Channel,
    pub quiet: &'a [Quiet],
    pub round: &'a Round,
    pub zone: &'a TimeZone,
}

impl Memory {
    /// Of a channel whose reader has seen all of this round.
    pub fn knowing(case: Case<'_>) -> Self {
        let mut memory = Self::default();
        let told = Changes::of(case, &mut memory).after;
        let outage = case.round.outage().map(|_| (case.round.at, true));
        Self { told, outage, ..Self::default() }
    }

    /// It has been told.
    pub fn take(&mut self, news: &News) {
        self.told.clone_from(&news.after);
        self.flaps.take(&news.restless);
        (self.waiting, self.outage, self.fault) = (None, news.outage, None);
    }

    /// It has been reached.
    pub fn reached(&mut self) {
        self.fault = None;
    }

    /// It could not be told: the same, and what comes, is tried with the next round.
    pub fn miss(&mut self, at: Timestamp, why: Shown) {
        let since = self.fault.as_ref().map_or(at, |(since, _)| *since);
        self.fault = Some((since, why));
    }
}

impl News {
    /// A message that says nothing but that the channel works.
    pub fn trial(at: Timestamp) -> Self {
        let lines = vec![Shown::line("This is a test: nothing has happened.")];
        let title = "matins: this channel works".into();
        Self { at, title, lines, worst: Verdict::Ok, after: BTreeMap::new(), restless: Vec::new(), outage: None }
    }

    pub fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line.as_str() + "\n")
    }
}

/// What the channel should be told now, if anything.
pub fn news(case: Case<'_>, memory: &mut Memory) -> Option<News> {
    let now = case.round.at;
    let quiet = case.channel.quiet.as_ref().is_some_and(|hours| hours.contain(case.zone.to_datetime(now)));
    memory.flaps.settle(now);
    let changes = Changes::of(case, memory);
    if let Some(outage) = case.round.outage() {
        return in_outage(case, memory, changes, outage).filter(|_| !quiet);
    }
    let over = memory.outage.filter(|(_, told)| *told || !changes.is_empty());
    if over.is_none() && changes.is_empty() {
        // What was settled meanwhile is forgotten, so that its end is no news either.
        (memory.told, memory.waiting, memory.outage) = (changes.after, None, None);
        return None;
    }
    // A clock that was ahead then must not hold it back now.
    let waiting = memory.waiting.filter(|waiting| *waiting <= now).unwrap_or(now);
    memory.waiting = Some(waiting);
    if quiet || now.duration_since(waiting) < case.channel.digest.as_duration() {
        return None;
    }
    let again =
        over.map(|(since, _)| Shown::line(&format!("After {} in which most sources did not answer:", age(since, now))));
    Some(changes.message(case, again))
}

/// While most sources are silent, that is told once, and what follows from it not at all; what the others see is told.
fn in_outage(case: Case<'_>, memory: &mut Memory, changes: Changes<'_>, (silent, all): (usize, usize)) -> Option<News> {
    let (since, told) = *memory.outage.get_or_insert((case.round.at, false));
    if told && changes.is_empty() {
        memory.told = changes.after;
        return None;
    }
    let outage = Some((since, true));
    if told {
        return Some(News { outage, ..changes.message(case, None) });
    }
    let more = !changes.is_empty();
    let ours = "Is it our own network? What is unknown because of it is not told until they answer again.";
    let news = changes.message(case, Some(ours.into()));
    let rest = news.title.as_str().trim_start_matches("matins: ");
    let rest = if more { format!(", {rest}") } else { String::new() };
    let title = Shown::line(&format!("matins: {silent} of {all} sources don't answer{rest}"));
    Some(News { title, worst: news.worst.max(Verdict::Unknown), outage, ..news })
}

#[derive(Default)]
struct Changes<'a> {
    /// What was not so before; ranked.
    new: Vec<&'a Finding>,
    better: Vec<&'a Finding>,
    /// What no rule speaks of any more.
    gone: Vec<FindingKey>,
    after: BTreeMap<FindingKey, Verdict>,
    /// What of these goes to and fro, and how often.
    restless: BTreeMap<FindingKey, usize>,
}

impl<'a> Changes<'a> {
    fn of(case: Case<'a>, memory: &mut Memory) -> Self {
        let mut changes = Self::default();
        // What is not there any more: what was told, and what turned so that it asks for somebody.
        let mut left: BTreeMap<_, _> = memory.flaps.asking().map(|key| (key.clone(), None)).collect();
        left.extend(memory.told.iter().map(|(key, before)| (key.clone(), Some(*before))));
        let dark = case.round.outage().is_some();
        let local = case.zone.to_datetime(case.round.at);
        let resting = |name: &Shown| case.quiet.iter().any(|quiet| quiet.holds(name, local));
        for finding in &case.round.findings {
            let before = left.remove(&finding.key).flatten();
            let host = finding.subject.kind == SubjectKind::Host;
            if (host && resting(&finding.subject.name)) || (dark && finding.verdict == Verdict::Unknown) {
                // It stays as it was told before.
                changes.after.extend(before.map(|before| (finding.key.clone(), before)));
                continue;
            }
            changes.take(case, finding, before, &mut memory.flaps);
        }
        for (key, before) in left {
            if dark || resting(&Shown::line(key.parts().1)) {
                changes.after.extend(before.map(|before| (key, before)));
            } else {
                changes.leave(key, before, &mut memory.flaps, case.round.at);
            }
        }
        changes
    }

    fn take(&mut self, case: Case<'a>, finding: &'a Finding, before: Option<Verdict>, flaps: &mut Flaps) {
        let (rests, verdict) = (case.round.rests(finding), finding.verdict);
        // What was told is followed until it is over: that it broke or went dark is nothing better, whatever is asked for.
        let followed = before.is_some() && matches!(verdict, Verdict::Unknown | Verdict::Broken);
        let asks = !rests && (followed || case.channel.about.contains(&verdict));
        flaps.watch(&finding.key, before, asks.then_some(verdict), case.round.at);
        let course = flaps.course(&finding.key);
        if course == Course::Hushed {
            self.after.extend(before.map(|before| (finding.key.clone(), before)));
            return;
        }
        if asks {
            self.after.insert(finding.key.clone(), verdict);
        }
        match before {
            Some(before) if asks && before == verdict => return,
            _ if asks => self.new.push(finding),
            // What somebody decided on is as wrong as before, and settled.
            Some(_) if verdict == Verdict::Ok || !rests => self.better.push(finding),
            _ => return,
        }
        self.say_how_often(&finding.key, course);
    }

    /// No rule speaks of it any more: that is a turn too, of what is there only while it is wrong.
    fn leave(&mut self, key: FindingKey, before: Option<Verdict>, flaps: &mut Flaps, now: Timestamp) {
        flaps.watch(&key, before, None, now);
        // Of what it was not told, its end is no news either.
        let Some(before) = before else { return };
        let course = flaps.course(&key);
        if course == Course::Hushed {
            self.after.insert(key, before);
            return;
        }
        self.say_how_often(&key, course);
        self.gone.push(key);
    }

    /// Of what stands on a line: what is said nowhere must not be hushed as if it had been.
    fn say_how_often(&mut self, key: &FindingKey, course: Course) {
        if let Course::ToAndFro(times) = course {
            self.restless.insert(key.clone(), times);
        }
    }

    fn is_empty(&self) -> bool {
        self.new.is_empty() && self.better.is_empty() && self.gone.is_empty()
    }

    fn message(self, case: Case<'_>, again: Option<Shown>) -> News {
        let count = |verdict: Verdict| self.new.iter().filter(|finding| finding.verdict == verdict).count();
        let part = |count: usize, word: &str| (count > 0).then(|| format!("{count} {word}"));
        let counts =
            [Verdict::Broken, Verdict::Unknown, Verdict::Due].map(|verdict| part(count(verdict), verdict.word()));
        let better = part(self.better.len() + self.gone.len(), "better");
        let parts: Vec<String> = counts.into_iter().chain([better]).flatten().collect();
        let title = if parts.is_empty() { "the sources answer again".to_owned() } else { parts.join(", ") };
        let worst = self.new.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok);
        let mut lines: Vec<Shown> = again.into_iter().collect();
        if !case.channel.counts_only {
            lines.extend(self.lines());
        }
        let title = Shown::line(&format!("matins: {title}"));
        let restless = self.restless.into_keys().collect();
        News { at: case.round.at, title, lines, worst, after: self.after, restless, outage: None }
    }

    /// One line for each thing that is said, however many measures say it.
    fn lines(&self) -> Vec<Shown> {
        let (mut lines, mut said) = (Vec::new(), HashSet::new());
        let line = |key: &FindingKey, said: &str| {
            let often = self.restless.get(key).map_or_else(String::new, |times| {
                format!(" ({times} times to and fro within a day: no more of it until it rests)")
            });
            Shown::line(&format!("{}{often}", Shown::line(said).cut(WIDTH)))
        };
        let all = self.new.iter().chain(&self.better);
        let all = all.map(|finding| {
            let (verdict, subject) = (finding.verdict, &finding.subject.name);
            line(&finding.key, &format!("{} {} {subject}: {}", verdict.glyph(), verdict.word(), finding.title))
        });
        let gone = self.gone.iter().map(|key| line(key, &format!("· gone {key}")));
        for line in all.chain(gone) {
            if said.insert(line.clone()) {
                lines.push(line);
            }
        }
        if lines.len() > LINES {
            let more = lines.len() - (LINES - 1);
            lines.truncate(LINES - 1);
            lines.push(Shown::line(&format!("and {more} more: matins shows them")));
        }
        lines
    }
}
