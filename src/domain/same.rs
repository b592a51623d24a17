//! [`Same`]: which findings are one thing to mend, so that the console and the reports show one row for them.

use std::collections::HashMap;

use super::{Finding, Subject, Verdict};

/// Which finding said something first, of those that come in the order of rank.
#[derive(Debug, Default)]
pub struct Same<'a> {
    by_measure: HashMap<(&'a str, &'a str), usize>,
    by_subject: HashMap<(&'a Subject, &'a str), usize>,
}

impl<'a> Same<'a> {
    /// Where the finding stands that says the same, if one came before. The same unknown, word for word, has one cause: of one subject under several measures, or of one measure on several
    /// subjects. What is broken or due stands for itself.
    pub fn first(&mut self, at: usize, finding: &'a Finding) -> Option<usize> {
        if finding.verdict != Verdict::Unknown {
            return None;
        }
        let title = finding.title.as_str();
        let (measure, subject) = ((finding.measure.as_str(), title), (&finding.subject, title));
        let first = self.by_measure.get(&measure).or_else(|| self.by_subject.get(&subject)).copied();
        self.by_measure.entry(measure).or_insert(first.unwrap_or(at));
        self.by_subject.entry(subject).or_insert(first.unwrap_or(at));
        first
    }
}
