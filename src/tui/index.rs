//! [`Index`]: which findings stand where. Made when a round comes and narrowed when a filter does, so that a frame touches
//! only what it shows.

use std::collections::HashMap;

use super::filter::{Moment, Query};
use super::panels;
use super::pivot::Group;
use crate::domain::{Finding, Round, Same, Subject, Verdict};

pub use fold::{Fold, folded};

mod fold;

/// Places of findings in the round, which is in the order of rank.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// What needs a person, of that what fits the filter.
    pub queue: Vec<usize>,
    /// How many rows that would be without a filter; known once somebody asked.
    needing: Option<usize>,
    /// Rows of the queue that stand for several findings: one silent server leaves many measures unknown, one missing setting
    /// many servers, and each is one thing to mend.
    folded: HashMap<usize, Fold>,
    pub panels: Vec<PanelIndex>,
    subjects: HashMap<Subject, Vec<usize>>,
    /// For each finding its panel, and a number for its subject there.
    homes: Vec<(usize, usize)>,
    /// How many such numbers there are.
    numbers: usize,
}

/// One panel's rows.
#[derive(Debug, Clone, Default)]
pub struct PanelIndex {
    /// One for each subject: its worst finding here that fits the filter.
    pub rows: Vec<usize>,
    /// Everything here that fits the filter.
    pub fitting: Vec<usize>,
    /// The rows when its list is grouped by something else than its subjects.
    pub groups: Vec<Group>,
    /// Subjects by their worst verdict, in the order of [`Verdict::ALL`], whatever the filter.
    pub counts: [usize; 4],
}

impl Index {
    /// The index of a round, with nothing in view until it is narrowed.
    pub fn of(round: &Round) -> Self {
        let mut index = Self { panels: vec![PanelIndex::default(); panels::ALL.len()], ..Self::default() };
        let mut numbers = HashMap::new();
        for (at, finding) in round.findings.iter().enumerate() {
            let panel = panels::of(finding);
            let next = numbers.len();
            let number = *numbers.entry((panel, &finding.subject)).or_insert_with(|| {
                // Its first finding is its worst.
                index.panels[panel].counts[count_of(finding.verdict)] += 1;
                next
            });
            index.homes.push((panel, number));
            index.subjects.entry(finding.subject.clone()).or_default().push(at);
        }
        index.numbers = numbers.len();
        index
    }

    /// Puts in view what fits the filter. The round is the one that it was made of.
    pub fn narrow(&mut self, round: &Round, query: &Query, moment: &Moment<'_>) {
        self.queue.clear();
        for panel in &mut self.panels {
            panel.rows.clear();
            panel.fitting.clear();
        }
        let (mut listed, mut open) = (vec![false; self.numbers], Vec::new());
        // A filter that names verdicts wants those, be they ok.
        let any = query.names_verdicts();
        for (at, (finding, (panel, number))) in round.findings.iter().zip(&self.homes).enumerate() {
            if !query.fits(finding, moment) {
                continue;
            }
            self.panels[*panel].fitting.push(at);
            if !std::mem::replace(&mut listed[*number], true) {
                self.panels[*panel].rows.push(at);
            }
            if any || !round.rests(finding) {
                open.push((at, finding));
            }
        }
        // What is decided stands for itself.
        let awake: Vec<(usize, &Finding)> = open.iter().copied().filter(|(_, finding)| !round.rests(finding)).collect();
        let same = Same::of(awake.iter().copied());
        self.queue.extend(open.iter().map(|(at, _)| *at).filter(|at| same.first(*at).is_none()));
        self.folded = folded(&awake, &same);
        // Without a filter it is what was just counted: on the way to the first frame nothing is compared twice.
        if query.is_empty() {
            self.needing = Some(self.queue.len());
        } else if self.needing.is_none() {
            let needing = || round.findings.iter().enumerate().filter(|(_, finding)| !round.rests(finding));
            let same = Same::of(needing());
            self.needing = Some(needing().filter(|(at, _)| same.first(*at).is_none()).count());
        }
    }

    /// How many rows the queue has without a filter.
    pub fn needing(&self) -> usize {
        self.needing.unwrap_or_default()
    }

    /// The finding in a row of the queue.
    pub fn queued<'a>(&self, round: &'a Round, row: usize) -> Option<&'a Finding> {
        round.findings.get(*self.queue.get(row)?)
    }

    /// What this row of the queue stands for, where that is more than its own finding.
    pub fn fold(&self, finding: usize) -> Option<&Fold> {
        self.folded.get(&finding)
    }

    /// The finding that stands for the subject in a row of a panel.
    pub fn row<'a>(&self, round: &'a Round, panel: usize, row: usize) -> Option<&'a Finding> {
        round.findings.get(*self.panels.get(panel)?.rows.get(row)?)
    }

    /// All findings of a subject, the worst first, whichever panel shows them.
    pub fn findings_of(&self, subject: &Subject) -> &[usize] {
        self.subjects.get(subject).map_or(&[], Vec::as_slice)
    }
}

/// The place of a verdict among counts.
pub fn count_of(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Ok => 0,
        Verdict::Due => 1,
        Verdict::Unknown => 2,
        Verdict::Broken => 3,
    }
}
