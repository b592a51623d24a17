//! [`Fold`]: a row of the queue that stands for several findings.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::domain::{Finding, MANY, Same, Shown, Subject, SubjectKind, Verdict};

/// What a row stands for besides its own finding.
#[derive(Debug, Clone)]
pub struct Fold {
    pub others: Vec<usize>,
    /// `37 servers`, where it is of so many of them that one measure says it.
    pub whom: Option<Shown>,
    /// What is said of all of them, where that is not the title of the first.
    pub said: Option<Shown>,
    /// When the oldest of them began.
    pub since: Timestamp,
}

/// The rows of what is open that stand for others, by their own finding.
pub fn folded(open: &[(usize, &Finding)], same: &Same) -> HashMap<usize, Fold> {
    let findings: HashMap<usize, &Finding> = open.iter().copied().collect();
    let mut others: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, _) in open {
        if let Some(first) = same.first(*at) {
            others.entry(first).or_default().push(*at);
        }
    }
    let alike = alike(open);
    let fold = |(first, others): (usize, Vec<usize>)| {
        let own = *findings.get(&first)?;
        let all = || others.iter().filter_map(|at| findings.get(at).copied()).chain([own]);
        let mut said = own.alike.clone().filter(|_| own.verdict != Verdict::Unknown);
        let differing = alike.get(own.measure.as_str()).copied().unwrap_or(0).saturating_sub(others.len() + 1);
        if let Some(words) = said.take_if(|_| differing > 0) {
            let verb = if differing == 1 { "differs" } else { "differ" };
            said = Some(format!("{words} · {differing} {verb}").into());
        }
        let since = all().map(|one| one.since).min()?;
        Some((first, Fold { whom: whom(all()), said, since, others }))
    };
    others.into_iter().filter_map(fold).collect()
}

/// How many findings of each measure say something that others may say as well. Advisories on other packages say nothing
/// of these.
fn alike<'a>(open: &[(usize, &'a Finding)]) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    let counted = |one: &Finding| {
        one.alike.is_some() && one.verdict != Verdict::Unknown && one.subject.kind != SubjectKind::Advisory
    };
    for (_, finding) in open.iter().filter(|(_, one)| counted(one)) {
        *counts.entry(finding.measure.as_str()).or_default() += 1;
    }
    counts
}

/// `37 servers`: of many of one kind, by one measure.
fn whom<'a>(all: impl Iterator<Item = &'a Finding> + Clone) -> Option<Shown> {
    let first = all.clone().next()?;
    let kind = match first.subject.kind {
        SubjectKind::Host => "servers",
        SubjectKind::Site => "sites",
        _ => return None,
    };
    let one = |finding: &Finding| finding.measure == first.measure && finding.subject.kind == first.subject.kind;
    if !all.clone().all(one) {
        return None;
    }
    let subjects: HashSet<&Subject> = all.map(|finding| &finding.subject).collect();
    (subjects.len() >= MANY).then(|| format!("{} {kind}", subjects.len()).into())
}
