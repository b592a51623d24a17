//! [`Pivot`]: what a panel's list can be grouped by, and turning from one to the next.

mod groups;

use super::model::{Model, Place, Selection};
use super::panels;
use crate::domain::{Finding, Shown};

pub use groups::{Group, Member};

/// By what a list is grouped, where not by the panel's own subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pivot {
    /// Source packages, with their advisories and the servers that have them.
    Package,
    /// Servers, with the advisories that concern them.
    Host,
    /// Sites, the same.
    Site,
    /// Findings that say the same.
    Saying,
}

impl Pivot {
    /// As the panel's title says it.
    pub fn by(self) -> &'static str {
        match self {
            Self::Package => "by package",
            Self::Host => "by server",
            Self::Site => "by site",
            Self::Saying => "by what is said",
        }
    }

    /// What a group is.
    pub fn word(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Host => "server",
            Self::Site => "site",
            Self::Saying => "the same of",
        }
    }

    /// The row of what belongs to no group.
    fn nowhere(self) -> &'static str {
        match self {
            Self::Package => "no package",
            Self::Host => "no server",
            Self::Site => "no site",
            Self::Saying => "nothing",
        }
    }
}

impl Model {
    /// By what a panel's list is grouped; `None` is by its own subjects.
    pub fn pivot(&self, panel: usize) -> Option<Pivot> {
        let at = self.view.panels.get(panel)?.pivot.checked_sub(1)?;
        panels::ALL.get(panel)?.pivots.get(at).copied()
    }

    /// The pivot of the screen that is shown.
    pub fn pivoted(&self) -> Option<Pivot> {
        match self.view.place {
            Place::List(panel) | Place::Detail(panel) => self.pivot(panel),
            Place::Queue | Place::Tile(_) => None,
        }
    }

    /// The selected group of a pivoted panel.
    pub fn group(&self, panel: usize) -> Option<&Group> {
        self.pivot(panel)?;
        self.index.panels.get(panel)?.groups.get(self.view.panels.get(panel)?.group.at)
    }

    /// The member that is current in a group.
    pub fn member(&self, panel: usize) -> Option<&Member> {
        let members = &self.group(panel)?.members;
        members.get(self.view.panels[panel].line).or_else(|| members.first())
    }

    /// Makes the groups of the panels that are pivoted anew. Where none is selected, that of the panel's finding is.
    pub(super) fn regroup(&mut self) {
        for panel in 0..panels::ALL.len() {
            let groups = self.pivot(panel).map(|pivot| groups::of(self, panel, pivot)).unwrap_or_default();
            let (findings, view) = (&self.world.round.findings, &mut self.view.panels[panel]);
            let wanted = view.finding.clone();
            let is = |member: &Member| Some(&findings[member.finding].key) == wanted.as_ref();
            let key = |row: usize| groups[row].key.clone();
            if view.group.key.is_none() {
                let row = groups.iter().position(|group| group.members.iter().any(is));
                view.group.select(row.unwrap_or(0), groups.len(), key);
            } else {
                view.group.settle(groups.len(), key);
            }
            if let Some(group) = groups.get(view.group.at)
                && !group.members.get(view.line).is_some_and(is)
            {
                view.line = group.members.iter().position(is).unwrap_or(0);
            }
            self.index.panels[panel].groups = groups;
        }
    }
}

/// Groups the panel in view by the next of its pivots, or by the one before, and stays with the same finding.
pub fn turn(model: &mut Model, by: isize) {
    let Some(panel) = model.view.place.panel() else { return };
    let count = panels::ALL[panel].pivots.len() + 1;
    let finding = model.current_in(panel).cloned();
    let at = model.view.panels[panel].pivot;
    let next = if by > 0 { at + 1 } else { at + count - 1 } % count;
    to(model, panel, next, finding.as_ref());
}

/// Opens the panel of a finding on the row of everything that says the same.
pub fn show_same(model: &mut Model, finding: &Finding) -> bool {
    let panel = panels::of(finding);
    let Some(at) = panels::ALL[panel].pivots.iter().position(|pivot| *pivot == Pivot::Saying) else { return false };
    to(model, panel, at + 1, Some(finding));
    true
}

/// Opens a panel, grouped so, on a finding.
pub fn to(model: &mut Model, panel: usize, pivot: usize, finding: Option<&Finding>) {
    let view = &mut model.view.panels[panel];
    (view.pivot, view.group) = (pivot, Selection::default());
    if let Some(finding) = finding {
        (view.finding, view.line) = (Some(finding.key.clone()), 0);
    }
    model.view.place = Place::List(panel);
    model.regroup();
    let findings = &model.world.round.findings;
    let (index, view) = (&model.index.panels[panel], &mut model.view.panels[panel]);
    let subject = findings.iter().find(|one| Some(&one.key) == view.finding.as_ref()).map(|one| &one.subject);
    let row = subject.and_then(|subject| index.rows.iter().position(|at| findings[*at].subject == *subject));
    if let (0, Some(row)) = (pivot, row) {
        view.subject.select(row, index.rows.len(), |row| findings[index.rows[row]].subject.clone());
    }
}

/// Enter on a member: the finding among its own subject's.
pub fn open_member(model: &mut Model, panel: usize) {
    let Some(finding) = model.member(panel).and_then(|member| model.world.round.findings.get(member.finding)).cloned()
    else {
        return;
    };
    to(model, panel, 0, Some(&finding));
}

/// `3 vulnerable · 1 unknown`, of counts and their words.
fn counted(counts: &[(usize, &str)]) -> Shown {
    let said: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    said.join(" · ").into()
}
