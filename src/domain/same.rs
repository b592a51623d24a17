//! [`Same`]: which findings are one thing to mend, so that the console and the reports show one row for them.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use super::{Finding, Shown, Standing, Subject, SubjectKind, Verdict};

/// So many servers of which the same is due or broken are one row; fewer are looked at one by one.
pub const MANY: usize = 3;

/// Which of the findings say what another one said first. They come in the order of rank.
#[derive(Debug, Clone, Default)]
pub struct Same {
    firsts: HashMap<usize, usize>,
}

/// So many advisories that say the same of the same servers or sites are one row: what mends one mends all.
const TWO: usize = 2;

/// What is literally the same where it is due or broken.
type Saying<'a> = (&'a str, Verdict, &'a str, i64);

impl Same {
    /// Of these findings, each with its place.
    ///
    /// The same unknown, word for word, has one cause: of one subject under several measures, or of one measure on several
    /// subjects that ask the same. What is due or broken stands for itself, unless one measure says it of [`MANY`] servers or sites and asks the
    /// same of each, or of two advisories for the same servers or sites.
    pub fn of<'a>(findings: impl Iterator<Item = (usize, &'a Finding)>) -> Self {
        let mut unknown = Unknown::default();
        let mut said: HashMap<Saying<'a>, Vec<(usize, &'a Subject)>> = HashMap::new();
        let mut firsts = HashMap::new();
        for (at, finding) in findings {
            if finding.verdict == Verdict::Unknown {
                firsts.extend(unknown.first(at, finding).map(|first| (at, first)));
            } else if is_joined(finding) {
                said.entry(saying(finding)).or_default().push((at, &finding.subject));
            }
        }
        for all in said.into_values() {
            let subjects: HashSet<&Subject> = all.iter().map(|(_, subject)| *subject).collect();
            let least = if all[0].1.kind == SubjectKind::Advisory { TWO } else { MANY };
            if subjects.len() >= least {
                firsts.extend(all[1..].iter().map(|(at, _)| (*at, all[0].0)));
            }
        }
        Self { firsts }
    }

    /// Where the finding stands that says the same, if one came before.
    pub fn first(&self, at: usize) -> Option<usize> {
        self.firsts.get(&at).copied()
    }
}

/// Advisories that ask nothing of anybody only happen to have the same words.
fn is_joined(finding: &Finding) -> bool {
    match finding.subject.kind {
        SubjectKind::Host | SubjectKind::Site => true,
        SubjectKind::Advisory => finding.asks != 0,
        _ => false,
    }
}

fn saying(finding: &Finding) -> Saying<'_> {
    let said = finding.alike.as_ref().unwrap_or(&finding.title);
    (finding.measure.as_str(), finding.verdict, said.as_str(), finding.asks)
}

#[derive(Debug, Default)]
struct Unknown<'a> {
    by_measure: HashMap<(&'a str, &'a str, i64), usize>,
    by_subject: HashMap<(&'a Subject, &'a str), usize>,
}

impl<'a> Unknown<'a> {
    fn first(&mut self, at: usize, finding: &'a Finding) -> Option<usize> {
        let title = finding.title.as_str();
        let (measure, subject) = ((finding.measure.as_str(), title, finding.asks), (&finding.subject, title));
        let first = self.by_measure.get(&measure).or_else(|| self.by_subject.get(&subject)).copied();
        self.by_measure.entry(measure).or_insert(first.unwrap_or(at));
        self.by_subject.entry(subject).or_insert(first.unwrap_or(at));
        first
    }
}

/// What these standings ask, in whatever order they come; 0 when they ask nothing.
pub fn asked(standings: &[Standing]) -> i64 {
    let mut asking: Vec<(&Shown, &Shown)> =
        standings.iter().filter(|one| one.asks).map(|one| (&one.item, &one.word)).collect();
    if asking.is_empty() {
        return 0;
    }
    asking.sort();
    let mut hasher = Sha256::new();
    for text in asking.into_iter().flat_map(|(item, word)| [item, word]) {
        hasher.update(text.as_str().len().to_le_bytes());
        hasher.update(text.as_str().as_bytes());
    }
    hasher.finalize().first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::Judgement;

    fn found(host: &str, verdict: Verdict, said: (&str, &str)) -> Finding {
        let judged =
            Judgement::new("security-updates", Subject::host(host), verdict, said.0).asking("package x", said.1);
        judged.with_history(1, Timestamp::UNIX_EPOCH, None).0
    }

    fn firsts(findings: &[Finding]) -> Vec<Option<usize>> {
        let same = Same::of(findings.iter().enumerate());
        (0..findings.len()).map(|at| same.first(at)).collect()
    }

    #[test]
    fn the_same_broken_thing_on_three_servers_is_one() {
        let broken = |host, said| found(host, Verdict::Broken, said);
        let all = [broken("a", ("t", "1")), broken("b", ("t", "1")), broken("c", ("t", "1"))];
        assert_eq!(firsts(&all), [None, Some(0), Some(0)]);
        assert_eq!(firsts(&all[..2]), [None, None]);
    }

    #[test]
    fn what_asks_something_else_or_stands_otherwise_is_another_thing() {
        let all = [
            found("a", Verdict::Broken, ("t", "1")),
            found("b", Verdict::Broken, ("t", "2")),
            found("c", Verdict::Due, ("t", "1")),
            found("d", Verdict::Broken, ("u", "1")),
        ];
        assert_eq!(firsts(&all), [None; 4]);
    }

    #[test]
    fn the_same_unknown_of_what_asks_something_else_is_another() {
        let unknown = |host, asks| found(host, Verdict::Unknown, ("lists are old; so far 1 security update", asks));
        assert_eq!(firsts(&[unknown("a", "1"), unknown("b", "1"), unknown("c", "2")]), [None, Some(0), None]);
    }

    #[test]
    fn one_server_that_says_it_thrice_is_not_three_servers() {
        let all: Vec<Finding> = (0..3).map(|_| found("a", Verdict::Broken, ("t", "1"))).collect();
        assert_eq!(firsts(&all), [None; 3]);
    }

    #[test]
    fn advisories_that_ask_the_same_of_the_same_servers_are_one() {
        let advisory = |id: &str, asks: &[&str]| {
            let subject = Subject::new(SubjectKind::Advisory, id);
            let judged = Judgement::new("advisories", subject, Verdict::Broken, "core · 1 of 2 sites vulnerable");
            let judged = asks.iter().fold(judged, |judged, site| judged.asking(*site, "vulnerable"));
            judged.with_history(1, Timestamp::UNIX_EPOCH, None).0
        };
        let all = [
            advisory("SA-1", &["site a"]),
            advisory("SA-2", &["site b"]),
            advisory("SA-3", &["site a"]),
            advisory("SA-4", &[]),
            advisory("SA-5", &[]),
        ];
        assert_eq!(firsts(&all), [None, None, Some(0), None, None]);
    }

    #[test]
    fn words_for_all_count_more_than_each_title() {
        let mut all: Vec<Finding> =
            [("a", "2 d"), ("b", "3 d"), ("c", "4 d")].map(|(host, age)| found(host, Verdict::Due, (age, "1"))).into();
        assert_eq!(firsts(&all), [None; 3]);
        for finding in &mut all {
            finding.alike = Some("the same update".into());
        }
        assert_eq!(firsts(&all), [None, Some(0), Some(0)]);
    }
}
