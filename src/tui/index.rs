//! [`Index`]: which findings stand where. Made when a round or a filter comes, so that a frame touches only what it shows.

use std::collections::{HashMap, HashSet};

use super::filter::{Moment, Query};
use super::panels;
use crate::domain::{Finding, Round, Subject, Verdict};

/// Places of findings in the round, which is in the order of rank.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// What needs a person, of that what fits the filter.
    pub queue: Vec<usize>,
    /// How many need a person, whatever the filter.
    pub needing: usize,
    pub panels: Vec<PanelIndex>,
    subjects: HashMap<Subject, Vec<usize>>,
}

/// One panel's rows.
#[derive(Debug, Clone, Default)]
pub struct PanelIndex {
    /// One for each subject: its worst finding here that fits the filter.
    pub rows: Vec<usize>,
    /// Subjects by their worst verdict, in the order of [`Verdict::ALL`], whatever the filter.
    pub counts: [usize; 4],
}

impl Index {
    pub fn of(round: &Round, query: &Query, moment: &Moment) -> Self {
        let mut index = Self { panels: vec![PanelIndex::default(); panels::ALL.len()], ..Self::default() };
        let (mut counted, mut listed) = (HashSet::new(), HashSet::new());
        for (at, finding) in round.findings.iter().enumerate() {
            let number = panels::of(finding);
            let panel = &mut index.panels[number];
            if counted.insert((number, &finding.subject)) {
                panel.counts[count_of(finding.verdict)] += 1;
            }
            let fits = query.fits(finding, moment);
            if fits && listed.insert((number, &finding.subject)) {
                panel.rows.push(at);
            }
            let needs = finding.verdict != Verdict::Ok;
            index.needing += usize::from(needs);
            // A filter that names verdicts wants those, be they ok.
            if fits && (needs || query.names_verdicts()) {
                index.queue.push(at);
            }
            index.subjects.entry(finding.subject.clone()).or_default().push(at);
        }
        index
    }

    /// The finding in a row of the queue.
    pub fn queued<'a>(&self, round: &'a Round, row: usize) -> Option<&'a Finding> {
        round.findings.get(*self.queue.get(row)?)
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

fn count_of(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Ok => 0,
        Verdict::Due => 1,
        Verdict::Unknown => 2,
        Verdict::Broken => 3,
    }
}
