//! Single vulnerabilities of the tracker against the fleet: what is vulnerable beyond what advisories tell.

use std::borrow::Cow;

use super::fleet::Fleet;
use super::state::{State, measured};
use crate::domain::Shown;
use crate::domain::facts::{Fix, Issue, IssueState, Tracker};

/// One vulnerability of one version of a source package that servers have and run.
#[derive(Debug)]
pub struct Open<'f, 'a> {
    pub source: &'f str,
    pub release: &'a str,
    pub version: &'a str,
    pub issue: &'f Issue,
    pub of_release: &'f IssueState,
    /// The sets of servers that carry it.
    pub sets: Cow<'f, [usize]>,
}

impl Open<'_, '_> {
    pub fn fixed_in(&self) -> Option<&Shown> {
        match &self.of_release.fix {
            Fix::In(version) => Some(version),
            _ => None,
        }
    }
}

/// Everything that the tracker calls vulnerable (fixed in a newer version, or not at all) in what the fleet has, in the
/// order of sources. Of kernels only those that run, or would run next.
pub fn open<'f, 'a>(fleet: &'f Fleet<'a>, tracker: &'f Tracker) -> Vec<Open<'f, 'a>> {
    let mut found = Vec::new();
    for source in tracker.packages.keys().map(Shown::as_str).filter(|source| fleet.carries(source)) {
        for triple in fleet.carried(source) {
            judge(
                tracker,
                &One { source, release: triple.release, version: triple.version, sets: Cow::Borrowed(&triple.sets) },
                &mut found,
            );
        }
        for (release, version, sets) in running(fleet, source) {
            judge(tracker, &One { source, release, version, sets: Cow::Owned(sets) }, &mut found);
        }
    }
    found
}

struct One<'f, 'a> {
    source: &'f str,
    release: &'a str,
    version: &'a str,
    sets: Cow<'f, [usize]>,
}

fn judge<'f, 'a>(tracker: &'f Tracker, one: &One<'f, 'a>, found: &mut Vec<Open<'f, 'a>>) {
    let (release, version) = measured(one.release, one.version);
    for (issue, state) in tracker.issues(one.source, release) {
        if State::by_tracker(version, &state.fix) >= State::NoFix {
            found.push(Open {
                source: one.source,
                release: one.release,
                version: one.version,
                issue,
                of_release: state,
                sets: one.sets.clone(),
            });
        }
    }
}

/// Kernel versions that run, by release, with the sets of servers on which they do.
fn running<'a>(fleet: &Fleet<'a>, source: &str) -> Vec<(&'a str, &'a str, Vec<usize>)> {
    let mut kernels: Vec<(&str, &str, Vec<usize>)> = Vec::new();
    for at in fleet.kernels(source) {
        let set = &fleet.sets[*at];
        for class in &set.classes {
            let running = fleet.classes[*class].running;
            let Some(image) = running.image(&set.images).filter(|image| image.source == source) else { continue };
            match kernels.iter_mut().find(|(release, version, _)| *release == set.release && *version == image.version)
            {
                Some((_, _, sets)) if sets.last() == Some(at) => {}
                Some((_, _, sets)) => sets.push(*at),
                None => kernels.push((set.release, image.version, vec![*at])),
            }
        }
    }
    kernels
}
