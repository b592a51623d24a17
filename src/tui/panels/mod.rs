//! The table of panels. A new panel is one file here and one line in [`ALL`].

mod advisories;
mod backups;
mod servers;
mod services;
mod vpn;

use super::pivot::Pivot;
use crate::domain::{Finding, SubjectKind};

/// One panel: what it shows, and what it says when there is nothing.
#[derive(Debug)]
pub struct Panel {
    pub title: &'static str,
    /// The measures whose findings it shows.
    pub measures: &'static [&'static str],
    /// The subjects that are at home in it: decides where two panels share a measure, and takes what no panel names.
    pub kinds: &'static [SubjectKind],
    /// By what else than its subjects its list can be grouped.
    pub pivots: &'static [Pivot],
    /// What it says while there is nothing to show, and what would change that.
    pub empty: &'static str,
}

impl Panel {
    fn claim(&self, finding: &Finding) -> u8 {
        let measure = self.measures.iter().any(|measure| finding.measure == **measure);
        let kind = self.kinds.contains(&finding.subject.kind);
        u8::from(measure) * 2 + u8::from(kind)
    }
}

/// Every panel there is; the first is on key 1.
pub const ALL: [&Panel; 5] = [&advisories::PANEL, &servers::PANEL, &vpn::PANEL, &backups::PANEL, &services::PANEL];

/// The panel that shows a finding: the one with the best claim, the first of those.
pub fn of(finding: &Finding) -> usize {
    let claims = ALL.iter().map(|panel| panel.claim(finding)).enumerate();
    claims.rev().max_by_key(|(_, claim)| *claim).map_or(0, |(panel, _)| panel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::rules;

    #[test]
    fn every_measure_that_is_judged_has_a_panel() {
        for rule in rules::ALL {
            assert!(ALL.iter().any(|panel| panel.measures.contains(&rule.measure)), "{}", rule.measure);
        }
    }

    #[test]
    fn a_shared_measure_goes_where_its_subject_is_at_home() {
        let finding = |measure: &str, kind| crate::tui::sample::finding(measure, kind);
        assert_eq!(ALL[of(&finding("encrypted-communication", SubjectKind::Service))].title, "Services");
        assert_eq!(ALL[of(&finding("encrypted-communication", SubjectKind::Host))].title, "Servers");
        assert_eq!(ALL[of(&finding("backup-on-site", SubjectKind::Host))].title, "Backups");
        assert_eq!(ALL[of(&finding("a measure of tomorrow", SubjectKind::Peer))].title, "VPN");
    }
}
