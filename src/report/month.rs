//! The month: patch latency, backups by day, what stood open, check-ins made and missed. Out of what rounds and people
//! recorded at the time; what was not looked at on a day is not known of that day.

mod paper;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde::Serialize;

use super::material::Material;
use super::sheet::{Cell, Table};
use crate::domain::{DecisionKind, Month, Shown, Signed, Tally, Turn, Verdict};
use crate::round::Chronicle;

pub use paper::sheet;

/// The days that a report is about, and what was recorded of them.
#[derive(Debug, Clone)]
pub struct Span {
    pub first: Date,
    pub last: Date,
    pub chronicle: Chronicle,
}

impl Span {
    /// Without a month: today and the days before it.
    pub const DAYS: jiff::SignedDuration = jiff::SignedDuration::from_hours(29 * 24);
}

#[derive(Serialize)]
struct MonthJson<'a> {
    version: u32,
    report: &'static str,
    at: Timestamp,
    first: Date,
    last: Date,
    notices: Vec<String>,
    /// By month of publication, of all that is known.
    latency: &'a [Month],
    backups: Vec<BackupDays>,
    days: Vec<Day>,
    check_ins: Vec<CheckInLine>,
    decisions: Vec<DecisionLine<'a>>,
    open: Option<Burden>,
}

/// One day.
#[derive(Debug, Serialize)]
struct Day {
    date: Date,
    /// What the day's last round counted; nothing where there was none.
    last_round: Option<Tally>,
    signed_by: Vec<Shown>,
    /// A working day that is over, after the first check-in ever, on which nobody signed.
    missed: bool,
}

/// One backup of one server.
#[derive(Debug, Serialize)]
struct BackupDays {
    key: Shown,
    /// As it stood at each day's last round.
    days: Vec<Option<Verdict>>,
    met: usize,
    judged: usize,
}

#[derive(Debug, Serialize)]
struct CheckInLine {
    at: Timestamp,
    by: Shown,
    #[serde(skip)]
    who: Shown,
    #[serde(rename = "for")]
    stands_for: Option<Shown>,
    entry: u64,
    note: Shown,
    #[serde(flatten)]
    open: Burden,
}

#[derive(Debug, Serialize)]
struct DecisionLine<'a> {
    at: Timestamp,
    by: &'a Shown,
    entry: u64,
    key: &'a Shown,
    decision: DecisionKind,
    until: Timestamp,
    reason: &'a Shown,
    taken_back: bool,
}

/// What was not ok, by who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Burden {
    open: usize,
    /// A decision holds.
    decided: usize,
    /// Of these, it stays as it is.
    accepted: usize,
    /// Broken, past what the measure promises, and no decision holds.
    overdue: usize,
}

fn day_of(at: Timestamp, material: &Material) -> Date {
    at.to_zoned_datetime(material.zone.clone()).date()
}

fn dates(span: &Span) -> Vec<Date> {
    span.first.series(jiff::Span::new().days(1)).take_while(|date| *date <= span.last).collect()
}

/// Each day's last round.
fn last_rounds<'a>(span: &'a Span, material: &Material) -> BTreeMap<Date, &'a Tally> {
    span.chronicle.tallies.iter().map(|tally| (day_of(tally.at, material), tally)).collect()
}

fn days(span: &Span, material: &Material) -> Vec<Day> {
    let mut signed: BTreeMap<Date, BTreeSet<&Shown>> = BTreeMap::new();
    for one in &material.ledger.check_ins {
        signed.entry(day_of(one.at, material)).or_default().insert(&one.by);
    }
    let (began, today) = (signed.keys().next().copied(), day_of(material.now, material));
    let rounds = last_rounds(span, material);
    let day = |date: Date| {
        let by: Vec<Shown> = signed.get(&date).into_iter().flatten().map(|by| (*by).clone()).collect();
        let works = !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let missed = works && by.is_empty() && date < today && began.is_some_and(|began| began < date);
        Day { date, last_round: rounds.get(&date).map(|tally| **tally), signed_by: by, missed }
    };
    dates(span).into_iter().map(day).collect()
}

/// How each finding on backups stood at the last round of each day.
fn backups(span: &Span, material: &Material) -> Vec<BackupDays> {
    let rounds = last_rounds(span, material);
    let mut histories: BTreeMap<&Shown, Vec<&Turn>> = BTreeMap::new();
    for turn in &span.chronicle.backups {
        histories.entry(turn.key.shown()).or_default().push(turn);
    }
    let mut all: Vec<BackupDays> = Vec::new();
    for (key, turns) in histories {
        let stood = |date: &Date| {
            let at = rounds.get(date)?.at;
            turns.iter().rev().find(|turn| turn.at <= at).and_then(|turn| verdict(turn.word.as_ref()?))
        };
        let days: Vec<Option<Verdict>> = dates(span).iter().map(stood).collect();
        let judged = days.iter().flatten().count();
        let met = days.iter().flatten().filter(|verdict| **verdict == Verdict::Ok).count();
        if judged > 0 {
            all.push(BackupDays { key: key.clone(), days, met, judged });
        }
    }
    all
}

fn verdict(word: &Shown) -> Option<Verdict> {
    Verdict::ALL.into_iter().find(|verdict| *word == *verdict.word())
}

impl Burden {
    /// As somebody signed it.
    fn signed(signed: &Signed) -> Self {
        let items = &signed.check_in.open;
        let decided = || items.iter().filter_map(|item| item.decided.as_ref());
        Self {
            open: items.len(),
            decided: decided().count(),
            accepted: decided().filter(|one| one.decision == DecisionKind::Accept).count(),
            overdue: items.iter().filter(|item| item.verdict == Verdict::Broken && item.decided.is_none()).count(),
        }
    }

    /// As it is now.
    fn now(material: &Material) -> Self {
        let round = &material.survey.round;
        let open = || round.findings.iter().filter(|finding| finding.verdict != Verdict::Ok);
        let holding = |key| round.decisions.get(key).filter(|decided| decided.holds());
        let decided = || open().filter_map(|finding| holding(&finding.key));
        Self {
            open: open().count(),
            decided: decided().count(),
            accepted: decided().filter(|one| one.kind == DecisionKind::Accept).count(),
            overdue: open()
                .filter(|finding| finding.verdict == Verdict::Broken && holding(&finding.key).is_none())
                .count(),
        }
    }

    fn cells(self) -> [Cell; 4] {
        [self.open, self.decided, self.accepted, self.overdue].map(Cell::number)
    }
}

impl Span {
    fn holds(&self, at: Timestamp, material: &Material) -> bool {
        (self.first..=self.last).contains(&day_of(at, material))
    }

    fn check_ins(&self, material: &Material) -> Vec<CheckInLine> {
        let signed = material.ledger.check_ins.iter().filter(|one| self.holds(one.at, material));
        signed
            .map(|one| CheckInLine {
                at: one.at,
                by: one.by.clone(),
                who: one.who(),
                stands_for: one.check_in.stands_for.clone(),
                entry: one.seq,
                note: one.check_in.note.clone(),
                open: Burden::signed(one),
            })
            .collect()
    }

    fn decisions<'a>(&self, material: &'a Material) -> Vec<DecisionLine<'a>> {
        let made = material.ledger.decisions.iter().filter(|one| self.holds(one.recorded.at, material));
        made.map(|one| DecisionLine {
            at: one.recorded.at,
            by: &one.recorded.by,
            entry: one.recorded.seq,
            key: one.recorded.decision.key.shown(),
            decision: one.recorded.decision.kind,
            until: one.recorded.decision.until,
            reason: &one.recorded.decision.reason,
            taken_back: one.undone.is_some(),
        })
        .collect()
    }

    /// What stands open now, where the span has today in it.
    fn open(&self, material: &Material) -> Option<Burden> {
        (self.last >= day_of(material.now, material)).then(|| Burden::now(material))
    }

    fn title(&self) -> String {
        format!("{} to {}", self.first.strftime("%-d %b %Y"), self.last.strftime("%-d %b %Y"))
    }
}

/// The month as one object. Times are RFC 3339.
pub fn json(material: &Material, span: &Span) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&MonthJson {
        version: 1,
        report: "month",
        at: material.now,
        first: span.first,
        last: span.last,
        notices: material.notices(),
        latency: &span.chronicle.latency,
        backups: backups(span, material),
        days: days(span, material),
        check_ins: span.check_ins(material),
        decisions: span.decisions(material),
        open: span.open(material),
    })
}

/// A row for each day.
pub fn table(material: &Material, span: &Span) -> Table {
    let columns = ["date", "ok", "due", "broken", "unknown", "backups_met", "backups_judged", "signed_by", "missed"];
    let mut table = Table::new("days", &columns);
    let backups = backups(span, material);
    for (at, day) in days(span, material).into_iter().enumerate() {
        let stood = || backups.iter().filter_map(|backup| backup.days.get(at).copied().flatten());
        let mut cells = vec![Cell::text(day.date)];
        match day.last_round {
            Some(tally) => cells.extend([tally.ok, tally.due, tally.broken, tally.unknown].map(Cell::number)),
            None => cells.extend((0..4).map(|_| Cell::text(""))),
        }
        let by: Vec<&str> = day.signed_by.iter().map(Shown::as_str).collect();
        cells.extend([
            Cell::number(stood().filter(|verdict| *verdict == Verdict::Ok).count()),
            Cell::number(stood().count()),
            Cell::Text(by.join(", ")),
            Cell::text(if day.missed { "yes" } else { "no" }),
        ]);
        table.rows.push(cells);
    }
    table
}
