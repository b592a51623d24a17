//! [`Past`]: what became of advisories since they were first told here. The version that holds a fix may change, and a whole
//! advisory may be withdrawn: both are said, for somebody may have acted on what it said before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::told::{self, Told};
use super::{KEPT, MEASURE, NOTICE, begin, counted, listed, titled};
use crate::domain::facts::Bulletins;
use crate::domain::{Evidence, Judgement, Link, Shown, SourceRecord, Subject, SubjectKind, Turn, Verdict};
use crate::policy::Case;
use crate::policy::matching::{self, State};

/// Under this item its history says that an advisory was withdrawn.
const WITHDRAWN: &str = "withdrawn";

/// What the history says of advisories beyond how the servers stood, the oldest first.
pub(super) struct Past<'r> {
    of: HashMap<&'r str, Vec<&'r Turn>>,
}

/// Another version was said to hold a fix.
pub(super) struct Changed<'r> {
    pub(super) was: &'r Shown,
    /// When that was first said otherwise, if not just now.
    pub(super) until: Option<Timestamp>,
}

impl<'r> Past<'r> {
    pub(super) fn of(evidence: &'r Evidence) -> Self {
        let mut of: HashMap<&str, Vec<&Turn>> = HashMap::new();
        for turn in evidence.turns.iter().filter(|turn| !turn.item.as_str().starts_with("host ")) {
            if let Some(advisory) = turn.key.as_str().strip_prefix("advisories/") {
                of.entry(advisory).or_default().push(turn);
            }
        }
        Self { of }
    }

    fn about(&self, advisory: &str) -> impl Iterator<Item = &'r Turn> {
        self.of.get(advisory).into_iter().flatten().copied()
    }

    /// What was said of a fix before it was said to be in this version.
    pub(super) fn before(&self, advisory: &str, item: &str, fix: &str) -> Option<Changed<'r>> {
        let turns: Vec<&Turn> = self.about(advisory).filter(|turn| turn.item == *item).collect();
        let at = turns.iter().rposition(|turn| turn.word.as_ref().is_some_and(|word| *word != *fix))?;
        let until = turns[at + 1..].iter().find(|turn| turn.word.is_some()).map(|turn| turn.at);
        Some(Changed { was: turns[at].word.as_ref()?, until })
    }

    /// Since when it is known to be withdrawn.
    fn withdrawn_since(&self, advisory: &str) -> Option<Timestamp> {
        let last = self.about(advisory).filter(|turn| turn.item == *WITHDRAWN).last()?;
        last.word.as_ref().map(|_| last.at)
    }

    /// Advisories that a list told of once: it named fixes.
    pub(super) fn listed(&self) -> impl Iterator<Item = &'r str> {
        let listed = |turns: &Vec<&Turn>| turns.iter().any(|turn| turn.item.as_str().starts_with("fix "));
        self.of.iter().filter(move |(_, turns)| listed(turns)).map(|(advisory, _)| *advisory)
    }

    /// The source packages that its fixes were in.
    fn sources(&self, advisory: &str) -> Vec<String> {
        let fixes = self.about(advisory).filter_map(|turn| turn.item.as_str().strip_prefix("fix "));
        let sources: BTreeSet<&str> = fixes.map(|fix| fix.split_once(' ').map_or(fix, |(source, _)| source)).collect();
        sources.into_iter().map(str::to_owned).collect()
    }
}

/// A judgement that says so of a fix which is in another version than was said before.
pub(super) fn told_of_change(judged: Judgement, changed: &Changed<'_>, (of, fix): (&str, &str)) -> Judgement {
    judged.because("history", changed.until, format!("the fix of {of} was said to be {}; now it is {fix}", changed.was))
}

/// An advisory that its list does not hold any more, or calls withdrawn.
pub(super) struct Gone<'r> {
    pub(super) id: &'r str,
    pub(super) list: &'r SourceRecord,
    pub(super) bulletins: &'r Bulletins,
    /// The list's own word on it.
    pub(super) note: Option<&'r Shown>,
    pub(super) told: Option<&'r Told<'r>>,
}

impl<'r> Gone<'r> {
    /// One of which the list says nothing.
    pub(super) fn of(id: &'r str, list: &matching::Told<'r, Bulletins>, told: Option<&'r Told<'r>>) -> Self {
        Self { id, list: list.source, bulletins: list.fact, note: None, told }
    }

    /// `None` as soon as it is long ago.
    pub(super) fn judged(&self, case: &Case<'_>, past: &Past<'_>) -> Option<Judgement> {
        let since = past.withdrawn_since(self.id);
        let within = |limit| since.is_none_or(|since| case.now.duration_since(since) <= limit);
        if !within(case.limits.of(&KEPT).as_duration()) {
            return None;
        }
        let behind = behind(case.evidence, self.id, since);
        let notice = case.limits.of(&NOTICE);
        let verdict = match self.note {
            None if self.is_older(past) => Verdict::Unknown,
            // Nobody said why: who had not its fix should read it before it is forgotten.
            None if !behind.is_empty() && within(notice.as_duration()) => Verdict::Due,
            Some(_) | None => Verdict::Ok,
        };
        let said = match self.note {
            Some(note) => note.as_str(),
            None if verdict == Verdict::Unknown => "not in this copy of the list, which is older",
            None => "the list does not hold it any more",
        };
        let told =
            if verdict == Verdict::Unknown || said.to_lowercase().starts_with(WITHDRAWN) { "" } else { "withdrawn: " };
        let without = counted(behind.len(), "server", "servers");
        let without = if behind.is_empty() { String::new() } else { format!("{without} had not its fix") };
        let title = titled(&[listed(&past.sources(self.id), 3), format!("{told}{said}"), without.clone()]);
        let subject = Subject::new(SubjectKind::Advisory, self.id);
        let judged = match self.told {
            Some(told) => begin(told, verdict, title).detail(&told::detail(told.best)),
            None => Judgement::new(MEASURE, subject, verdict, title),
        };
        let newest = self.newest().map_or_else(String::new, |date| format!(", the newest of {date}"));
        let held = counted(self.bulletins.bulletins.len(), "advisory", "advisories");
        let held = format!("{said}; it holds {held}{newest}");
        let judged = judged.weight(40).because(self.list.id.to_string(), self.list.good_at, held);
        // What may be an older copy is no word on the advisory.
        let judged = if verdict == Verdict::Unknown { judged } else { judged.standing(WITHDRAWN, said) };
        let judged = if without.is_empty() {
            judged
        } else {
            judged.because("history", since, format!("{without}: {}", listed(&behind, 6)))
        };
        let judged = judged.link(Link::parse(&format!("https://security-tracker.debian.org/tracker/{}", self.id)));
        Some(match verdict {
            Verdict::Due | Verdict::Broken => judged
                .because(format!("limits.{}", NOTICE.key), None, format!("notices are shown for {notice}"))
                .mend("read why it was withdrawn, and decide on it")
                .since(since),
            Verdict::Unknown => judged.mend("see whether the address of the list is the publisher's own"),
            Verdict::Ok => judged,
        })
    }

    fn newest(&self) -> Option<Date> {
        self.bulletins.bulletins.iter().filter_map(|bulletin| bulletin.date).max()
    }

    /// Whether all that the list holds is older than the first word on it here: then it may be a copy of before.
    fn is_older(&self, past: &Past<'_>) -> bool {
        let first = past.about(self.id).map(|turn| turn.at).min();
        let first = first.map(|at| TimeZone::UTC.to_datetime(at).date());
        self.newest().zip(first).is_some_and(|(newest, first)| newest < first)
    }
}

/// The servers that were vulnerable, or ran the old code, when it was withdrawn.
fn behind(evidence: &Evidence, advisory: &str, withdrawn: Option<Timestamp>) -> Vec<String> {
    let mut servers: BTreeMap<&str, Vec<&Turn>> = BTreeMap::new();
    for turn in evidence.turns.iter().filter(|turn| turn.key.parts() == (MEASURE, advisory, None)) {
        if let Some(server) = turn.item.as_str().strip_prefix("host ") {
            servers.entry(server).or_default().push(turn);
        }
    }
    let asked = |turns: &[&Turn]| {
        let before = turns.iter().rev().find(|turn| withdrawn.is_none_or(|withdrawn| turn.at < withdrawn));
        let word = before.and_then(|turn| turn.word.as_ref());
        word.and_then(|word| State::said(word.as_str())).is_some_and(matching::State::asks)
    };
    servers.into_iter().filter(|(_, turns)| asked(turns)).map(|(server, _)| server.to_owned()).collect()
}
