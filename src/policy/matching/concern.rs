//! [`Concern`]: one advisory against the fleet.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::fleet::{Fleet, Set, Triple};
use super::state::{State, backported, is_elsewhere};
use super::truth::{Told, Truth};
use crate::domain::facts::{Bulletin, BulletinFix, Fix, Tracker};
use crate::domain::{Shown, version};

/// How the servers stand towards one advisory.
#[derive(Debug, Default)]
pub struct Concern<'a> {
    /// Each class of servers that has any of its packages with its worst state, by the classes' numbers.
    pub states: Vec<(usize, State)>,
    /// What the fleet has of its packages: release, source, the version there, and how that stands.
    pub carried: Vec<Carried<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Carried<'a> {
    pub release: &'a str,
    pub source: &'a str,
    pub version: &'a str,
    pub state: State,
    pub fix: Option<&'a Shown>,
    /// The sets of servers that carry it; of kernels none, since which of them runs decides.
    sets: &'a [usize],
}

impl Concern<'_> {
    /// The servers in one state that can be judged by.
    pub fn heard<'f>(&'f self, fleet: &'f Fleet<'_>, state: State) -> impl Iterator<Item = usize> {
        self.of(state).flat_map(|class| &fleet.classes[class].heard).copied()
    }

    /// The servers that were in one state when they were heard last, and can't be judged by now.
    pub fn doubted<'f>(&'f self, fleet: &'f Fleet<'_>, state: State) -> impl Iterator<Item = usize> {
        self.of(state).flat_map(|class| &fleet.classes[class].doubted).copied()
    }

    pub fn count(&self, fleet: &Fleet<'_>, state: State) -> usize {
        self.of(state).map(|class| fleet.classes[class].heard.len()).sum()
    }

    /// The classes in one state.
    fn of(&self, state: State) -> impl Iterator<Item = usize> {
        self.states.iter().filter(move |(_, of)| *of == state).map(|(class, _)| *class)
    }

    /// The worst that any version of its packages is in, before asking which kernel runs.
    pub fn worst(&self) -> State {
        self.carried.iter().map(|carried| carried.state).max().unwrap_or(State::NotAffected)
    }
}

impl Carried<'_> {
    /// Of another repository than Debian's: nobody who is read here tells of it.
    pub fn is_elsewhere(&self) -> bool {
        is_elsewhere(self.version)
    }

    /// The servers that have it and can be judged by.
    pub fn servers<'f>(&'f self, fleet: &'f Fleet<'_>) -> impl Iterator<Item = usize> {
        let kernels = fleet.kernels(self.source).iter().filter(|set| self.is_kernel_of(&fleet.sets[**set]));
        let sets = self.sets.iter().chain(kernels);
        sets.flat_map(|set| &fleet.sets[*set].classes).flat_map(|class| &fleet.classes[*class].heard).copied()
    }

    fn is_kernel_of(&self, set: &Set<'_>) -> bool {
        set.release == self.release
            && set.images.iter().any(|image| image.source == self.source && image.version == self.version)
    }

    fn is(&self, source: &str, release: &str, version: &str) -> bool {
        self.version == version && self.source == source && self.release == release
    }
}

#[derive(Debug, Clone, Copy)]
struct Asked<'f> {
    bulletin: &'f Bulletin,
    recent: bool,
}

/// Judges advisories of Debian's lists.
#[derive(Debug)]
pub struct Judge<'f, 'a> {
    pub fleet: &'f Fleet<'a>,
    tracker: Option<&'f Told<'a, Tracker>>,
}

impl<'f, 'a> Judge<'f, 'a> {
    pub fn new(fleet: &'f Fleet<'a>, truth: &'f Truth<'a>) -> Self {
        Self { fleet, tracker: truth.tracker.as_ref() }
    }

    /// `None` where no server has any package of it. Which servers stand how is left to [`Judge::place`], since nobody asks
    /// that of most advisories. Of releases that it does not name the tracker is asked, where it is `recent`: old ones have
    /// thousands of vulnerabilities, all of which [`super::open()`] judges anyway.
    pub fn concern(&self, bulletin: &'f Bulletin, recent: bool) -> Option<Concern<'f>> {
        let asked = Asked { bulletin, recent };
        let mut sources: Vec<&'f str> = bulletin.fixed.iter().map(|(_, source, _)| source.as_str()).collect();
        sources.sort_unstable();
        sources.dedup();
        sources.retain(|source| self.fleet.carries(source));
        if sources.is_empty() {
            return None;
        }
        let mut concern = Concern::default();
        for source in sources {
            self.programs(asked, source, &mut concern);
            self.kernels(asked, source, &mut concern);
        }
        concern.carried.sort();
        concern.carried.dedup();
        Some(concern)
    }

    /// Lays the versions out over the servers.
    pub fn place(&self, concern: &mut Concern<'f>) {
        let mut states: Vec<(usize, State)> = Vec::new();
        for Carried { state, sets, .. } in &concern.carried {
            let classes = sets.iter().flat_map(|set| &self.fleet.sets[*set].classes);
            states.extend(classes.map(|class| (*class, *state)));
        }
        let sources: BTreeSet<&'f str> = concern.carried.iter().map(|one| one.source).collect();
        for source in sources {
            self.place_kernels(source, &concern.carried, &mut states);
        }
        // The worst of a class comes last, and is the one that stays.
        states.sort();
        states.dedup_by(|worse, kept| {
            let same = worse.0 == kept.0;
            if same {
                *kept = *worse;
            }
            same
        });
        concern.states = states;
    }

    fn programs(&self, asked: Asked<'f>, source: &'f str, concern: &mut Concern<'f>) {
        for triple in self.fleet.carried(source) {
            let (state, fix) = self.state(asked, source, triple.release, triple.version);
            let Triple { release, version, ref sets } = *triple;
            concern.carried.push(Carried { release, source, version, state, fix, sets });
        }
    }

    fn kernels(&self, asked: Asked<'f>, source: &'f str, concern: &mut Concern<'f>) {
        for set in self.fleet.kernels(source).iter().map(|set| &self.fleet.sets[*set]) {
            for image in set.images.iter().filter(|image| image.source == source) {
                let (release, version) = (set.release, image.version);
                if !concern.carried.iter().any(|known| known.is(source, release, version)) {
                    let (state, fix) = self.state(asked, source, release, version);
                    concern.carried.push(Carried { release, source, version, state, fix, sets: &[] });
                }
            }
        }
    }

    /// Which kernel runs decides how a server stands.
    fn place_kernels(&self, source: &str, known: &[Carried<'_>], states: &mut Vec<(usize, State)>) {
        for set in self.fleet.kernels(source).iter().map(|set| &self.fleet.sets[*set]) {
            let judge = |version: &str| {
                let carried = known.iter().find(|known| known.is(source, set.release, version));
                carried.map_or(State::Unknown, |carried| carried.state)
            };
            let stand = |class: &usize| (*class, self.fleet.classes[*class].running.stands(&set.images, source, judge));
            states.extend(set.classes.iter().map(stand));
        }
    }

    /// How one version of a package on one release stands, and the version that mends it.
    fn state(&self, asked: Asked<'f>, source: &str, release: &str, version: &str) -> (State, Option<&'f Shown>) {
        if is_elsewhere(version) {
            return (if asked.recent { State::Untold } else { State::NotAffected }, None);
        }
        if let Some(original) = backported(version) {
            return (self.by_tracker(asked, source, "sid", original), None);
        }
        let named = asked.bulletin.fixed.iter().find(|(of, package, _)| *of == *release && *package == *source);
        match named {
            Some((_, _, fix)) => {
                let fixed = match fix {
                    BulletinFix::In(fixed) => Some(fixed),
                    BulletinFix::NotAffected | BulletinFix::Unfixed | BulletinFix::EndOfLife => None,
                };
                (State::by_bulletin(version, fix), fixed)
            }
            // An advisory names the releases that it is for; of others the tracker tells.
            None => (self.by_tracker(asked, source, release, version), None),
        }
    }

    /// The worst of its vulnerabilities.
    fn by_tracker(&self, asked: Asked<'_>, source: &str, release: &str, version: &str) -> State {
        if !asked.recent {
            return State::NotAffected;
        }
        let Some(told) = self.tracker.filter(|told| told.fact.releases.iter().any(|known| *known == *release)) else {
            return State::Untold;
        };
        let mine = told.fact.issues(source, release).filter(|(issue, _)| asked.bulletin.cves.contains(&issue.id));
        let worst = mine.map(|(_, state)| State::by_tracker(version, &state.fix)).max().unwrap_or(State::NotAffected);
        if worst < State::Untold && is_unsaid(asked.bulletin, told.fact, source, version) {
            return State::Untold;
        }
        // What an old copy says is wrong is still wrong; that nothing is can't be said by it.
        if told.doubt.is_some() && worst < State::NoFix { State::Untold } else { worst }
    }
}

/// Whether the tracker's word on a release that an advisory does not name is none on all of the advisory.
fn is_unsaid(bulletin: &Bulletin, tracker: &Tracker, source: &str, version: &str) -> bool {
    let fixes = || {
        bulletin.fixed.iter().filter(|(_, package, _)| *package == *source).filter_map(|(release, _, fix)| match fix {
            BulletinFix::In(fixed) => Some((release, fixed)),
            BulletinFix::NotAffected | BulletinFix::Unfixed | BulletinFix::EndOfLife => None,
        })
    };
    if bulletin.cves.is_empty() {
        // What mends a former advisory (`DSA-5356-2`) is for the releases that it names; the former has the vulnerabilities.
        let follows = !bulletin.id.as_str().ends_with("-1");
        return !follows && fixes().any(|(_, fixed)| version::compare(version, fixed.as_str()) == Ordering::Less);
    }
    let issues = tracker.packages.get(source).map_or(&[][..], Vec::as_slice);
    let known = issues.iter().filter(|issue| bulletin.cves.contains(&issue.id)).count();
    // A copy that knows the advisory's own fix is no older than it: the vulnerability that it lacks was taken back.
    let is_known = |(release, fixed): (&Shown, &Shown)| {
        let mut mine = tracker.issues(source, release.as_str()).filter(|(issue, _)| bulletin.cves.contains(&issue.id));
        mine.any(|(_, state)| matches!(&state.fix, Fix::In(version) if version == fixed))
    };
    known < bulletin.cves.len() && !fixes().any(is_known)
}
