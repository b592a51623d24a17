//! Groups of a panel's findings, made once when a round, a filter or another grouping comes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::{Pivot, counted};
use crate::domain::{Finding, FindingKey, Round, Same, Shown, Turn, Verdict};
use crate::policy::matching::State;
use crate::tui::index::folded;
use crate::tui::model::Model;

/// One row of a pivoted list.
#[derive(Debug, Clone)]
pub struct Group {
    /// What the selection stays with.
    pub key: Shown,
    pub name: Shown,
    /// `3 vulnerable · 1 unknown`.
    pub said: Shown,
    /// Its worst, and since when.
    pub verdict: Verdict,
    pub since: Timestamp,
    /// Never empty.
    pub members: Vec<Member>,
}

/// A line of a group: a finding, or what one says of a thing.
#[derive(Debug, Clone)]
pub struct Member {
    pub finding: usize,
    /// `web1`, where a package's servers are listed.
    pub thing: Option<Shown>,
    /// How it stands; `None` where the finding's own title says it.
    pub word: Option<Shown>,
    pub verdict: Verdict,
    pub since: Timestamp,
}

impl Member {
    fn of(at: usize, finding: &Finding) -> Self {
        Self { finding: at, thing: None, word: None, verdict: finding.verdict, since: finding.since }
    }
}

/// What one finding speaks of.
struct Spoken<'a> {
    at: usize,
    finding: &'a Finding,
    turns: &'a [Turn],
}

impl<'a> Spoken<'a> {
    /// What stands under this kind of item: `host` gives the servers.
    fn of(&self, kind: &'static str) -> impl Iterator<Item = (&'a str, &'a Turn)> {
        self.turns.iter().filter_map(move |turn| {
            let (before, name) = turn.item.as_str().split_once(' ')?;
            (before == kind).then_some((name, turn))
        })
    }

    fn packages(&self) -> Vec<&'a str> {
        let fixes = self.of("fix").map(|(fix, _)| fix.split_once(' ').map_or(fix, |(source, _)| source));
        let mut names: Vec<&str> = fixes.chain(self.of("package").map(|(name, _)| name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn exploited(&self) -> bool {
        self.turns.iter().any(|turn| turn.item == *"exploited")
    }

    /// How one thing stands: of what asks for nobody there, the finding's own verdict says nothing.
    fn member(&self, turn: &Turn, thing: Option<&str>) -> (State, Member) {
        let word = turn.word.clone().unwrap_or_default();
        let state = State::said(word.as_str()).unwrap_or(State::Unknown);
        let verdict = match state {
            State::Vulnerable | State::OldRuns => self.finding.verdict.max(Verdict::Due),
            State::Unknown | State::Untold => Verdict::Unknown,
            State::NoFix => Verdict::Due,
            State::Fixed | State::OldOnDisk | State::NotAffected => Verdict::Ok,
        };
        let thing = thing.map(Shown::line);
        (state, Member { finding: self.at, thing, word: Some(word), verdict, since: turn.at })
    }
}

/// What comes together under one name.
#[derive(Default)]
struct Gathered {
    findings: Vec<Member>,
    /// The worst state of each thing, and the line that says it.
    things: BTreeMap<Shown, (State, Member)>,
    /// The states of the findings themselves, where the group is a thing.
    states: Vec<State>,
    exploited: bool,
}

pub(super) fn of(model: &Model, panel: usize, pivot: Pivot) -> Vec<Group> {
    let fitting = &model.index.panels[panel].fitting;
    let findings = fitting.iter().filter_map(|at| Some((*at, model.world.round.findings.get(*at)?)));
    if pivot == Pivot::Saying {
        return by_saying(&model.world.round, findings);
    }
    // Until that is read nobody knows what belongs where.
    let Some(turns) = &model.world.looks.stands.turns else { return Vec::new() };
    let turns = by_key(turns);
    let mut groups: BTreeMap<&str, Gathered> = BTreeMap::new();
    let mut nowhere = Gathered::default();
    for (at, finding) in findings {
        let spoken = Spoken { at, finding, turns: turns.get(&finding.key).copied().unwrap_or(&[]) };
        let found = match pivot {
            Pivot::Package => by_package(&spoken, &mut groups),
            Pivot::Host | Pivot::Saying => by_thing(&spoken, "host", &mut groups),
            Pivot::Site => by_thing(&spoken, "site", &mut groups),
        };
        if !found {
            nowhere.exploited |= spoken.exploited() && finding.verdict != Verdict::Ok;
            nowhere.findings.push(Member::of(at, finding));
        }
    }
    let mut made: Vec<(bool, Group)> = groups
        .into_iter()
        .map(|(name, gathered)| (Shown::line(name), gathered))
        .chain([(pivot.nowhere().into(), nowhere)])
        .filter_map(|(name, gathered)| Some((gathered.exploited, gathered.group(name, pivot)?)))
        .collect();
    // Findings come in the order of rank.
    let first = |group: &Group| group.members.iter().map(|member| member.finding).min();
    made.sort_by_cached_key(|(exploited, group)| {
        (Reverse(group.verdict), Reverse(*exploited), first(group), group.key.clone())
    });
    made.into_iter().map(|(_, group)| group).collect()
}

/// The turns of each finding; they come in the order of their keys.
fn by_key(turns: &[Turn]) -> HashMap<&FindingKey, &[Turn]> {
    turns.chunk_by(|one, next| one.key == next.key).filter_map(|turns| Some((&turns.first()?.key, turns))).collect()
}

fn by_package<'a>(spoken: &Spoken<'a>, groups: &mut BTreeMap<&'a str, Gathered>) -> bool {
    let packages = spoken.packages();
    for name in &packages {
        let group = groups.entry(name).or_default();
        group.exploited |= spoken.exploited() && spoken.finding.verdict != Verdict::Ok;
        group.findings.push(Member::of(spoken.at, spoken.finding));
        for (thing, turn) in spoken.of("host").chain(spoken.of("site")) {
            let (state, member) = spoken.member(turn, Some(thing));
            let kept = group.things.entry(Shown::line(thing)).or_insert_with(|| (state, member.clone()));
            if state > kept.0 {
                *kept = (state, member);
            }
        }
    }
    !packages.is_empty()
}

fn by_thing<'a>(spoken: &Spoken<'a>, kind: &'static str, groups: &mut BTreeMap<&'a str, Gathered>) -> bool {
    let mut found = false;
    for (thing, turn) in spoken.of(kind) {
        let (state, member) = spoken.member(turn, None);
        let group = groups.entry(thing).or_default();
        group.exploited |= spoken.exploited() && state >= State::NoFix;
        group.findings.push(member);
        group.states.push(state);
        found = true;
    }
    found
}

impl Gathered {
    fn group(self, name: Shown, pivot: Pivot) -> Option<Group> {
        let Self { mut findings, things, states, exploited } = self;
        let verdict = findings.iter().map(|member| member.verdict).max()?;
        let since = findings.iter().filter(|member| member.verdict == verdict).map(|member| member.since).min()?;
        findings.sort_by_key(|member| (Reverse(member.verdict), member.finding));
        let count = findings.len();
        let states: Vec<State> =
            if pivot == Pivot::Package { things.values().map(|(state, _)| *state).collect() } else { states };
        let many = if count == 1 { "advisory" } else { "advisories" };
        let many = if states.is_empty() && name == *pivot.nowhere() { "other" } else { many };
        let said = match (counts(&states), pivot) {
            (said, Pivot::Package) => {
                [said, format!("{count} {many}").into()].map(|one: Shown| one.to_string()).join(" · ")
            }
            (said, _) if said.is_empty() => format!("{count} {many}"),
            (said, _) => said.to_string(),
        };
        let said = if exploited { format!("exploited · {said}") } else { said };
        let mut things: Vec<(State, Member)> = things.into_values().collect();
        things.sort_by_key(|(state, _)| Reverse(*state));
        let members = findings.into_iter().chain(things.into_iter().map(|(_, member)| member)).collect();
        Some(Group { key: name.clone(), name, said: said.trim_start_matches(" · ").into(), verdict, since, members })
    }
}

/// How many stand how, the worst first.
fn counts(states: &[State]) -> Shown {
    let count = |of: &[State]| states.iter().filter(|state| of.contains(state)).count();
    counted(&[
        (count(&[State::Vulnerable]), "vulnerable"),
        (count(&[State::OldRuns]), "run old code"),
        (count(&[State::NoFix]), "without a fix"),
        (count(&[State::Unknown, State::Untold]), "unknown"),
        (count(&[State::Fixed, State::OldOnDisk]), "fixed"),
        (count(&[State::NotAffected]), "not affected"),
    ])
}

/// What is not ok, a row for all that say the same; what is decided stands for itself, as in the queue.
fn by_saying<'a>(round: &Round, findings: impl Iterator<Item = (usize, &'a Finding)>) -> Vec<Group> {
    let open: Vec<(usize, &Finding)> = findings.filter(|(_, finding)| finding.verdict != Verdict::Ok).collect();
    let places: HashMap<usize, &Finding> = open.iter().copied().collect();
    let awake: Vec<(usize, &Finding)> = open.iter().copied().filter(|(_, finding)| !round.rests(finding)).collect();
    let same = Same::of(awake.iter().copied());
    let folds = folded(&awake, &same);
    let first = open.iter().filter(|(at, _)| same.first(*at).is_none());
    let group = |(at, finding): &(usize, &Finding)| {
        let fold = folds.get(at);
        let others = fold.map_or(&[][..], |fold| &fold.others);
        let member = |at: usize, finding: &Finding| Member {
            thing: Some(finding.subject.name.clone()),
            ..Member::of(at, finding)
        };
        let others = others.iter().filter_map(|at| Some(member(*at, places.get(at)?)));
        let whom = fold.map(|fold| {
            fold.whom.clone().unwrap_or_else(|| format!("{} +{}", finding.subject.name, fold.others.len()).into())
        });
        Group {
            key: finding.key.shown().clone(),
            name: whom.unwrap_or_else(|| finding.subject.name.clone()),
            said: fold.and_then(|fold| fold.said.clone()).unwrap_or_else(|| finding.title.clone()),
            verdict: finding.verdict,
            since: fold.map_or(finding.since, |fold| fold.since),
            members: std::iter::once(member(*at, finding)).chain(others).collect(),
        }
    };
    first.map(group).collect()
}
