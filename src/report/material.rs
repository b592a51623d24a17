//! [`Material`]: what a report is made from. Everything in it was read and judged before; nothing is asked for it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ledger::Ledger;
use super::sheet::{moment, moment_and_age};
use crate::domain::{Decided, Finding, Particulars};
use crate::round::Survey;

/// A last round before this is old: a sheet that is read every morning was made from yesterday's.
const OLD: i64 = 24 * 3_600;

#[derive(Debug, Clone)]
pub struct Material {
    /// The moment that it tells of.
    pub now: Timestamp,
    /// Whether that is over: then it tells what was judged, decided and signed by then.
    pub past: bool,
    pub zone: TimeZone,
    pub survey: Survey,
    pub ledger: Ledger,
}

impl Material {
    /// What must be known before the rest is believed.
    pub fn notices(&self) -> Vec<String> {
        self.past_notice().into_iter().chain(self.round_notice()).chain(self.record_notice()).collect()
    }

    fn past_notice(&self) -> Option<String> {
        let then = self.moment(self.now);
        self.past.then(|| {
            format!("AS OF {then}: what was known, decided and signed by then. Nothing here is of today but the limits and the names of roles.")
        })
    }

    fn round_notice(&self) -> Option<String> {
        let Some(at) = self.survey.last_round else {
            return Some("Nothing was ever looked at: run `matins round` first. Unknown is all there is.".into());
        };
        let (said, ago) = (self.moment(at), self.now.duration_since(at).as_secs());
        match ago {
            ..0 => Some(format!("The last round is dated {said}, which is ahead: a clock went back.")),
            0..=OLD => None,
            _ if self.past => Some(format!("The last round before was old: {}.", self.moment_and_age(at))),
            _ => Some(format!(
                "The last round is old: {}. This judges now what was seen then; run `matins round`.",
                self.moment_and_age(at)
            )),
        }
    }

    fn record_notice(&self) -> Option<String> {
        let said = self.ledger.damage.first()?;
        let what = "What stands before that does not count; see `matins log verify`.";
        Some(format!("The record is damaged: {said}. {what}"))
    }

    pub(super) fn particulars(&self, finding: &Finding) -> Option<&Particulars> {
        self.survey.particulars.get(&finding.key)
    }

    pub(super) fn decided(&self, finding: &Finding) -> Option<&Decided> {
        self.survey.round.decisions.get(&finding.key)
    }

    pub(super) fn moment(&self, at: Timestamp) -> String {
        moment(at, &self.zone)
    }

    pub(super) fn moment_and_age(&self, at: Timestamp) -> String {
        moment_and_age(at, &self.zone, self.now)
    }
}
