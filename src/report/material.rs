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
    /// When it was judged.
    pub now: Timestamp,
    pub zone: TimeZone,
    pub survey: Survey,
    pub ledger: Ledger,
}

impl Material {
    /// What must be known before the rest is believed.
    pub fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        match self.survey.last_round {
            None => {
                notices.push("Nothing was ever looked at: run `matins round` first. Unknown is all there is.".into())
            }
            Some(at) if self.now.duration_since(at).as_secs() > OLD => notices.push(format!(
                "The last round is old: {}. This judges now what was seen then; run `matins round`.",
                moment_and_age(at, &self.zone, self.now)
            )),
            Some(at) if at > self.now => notices.push(format!(
                "The last round is dated {}, which is ahead: a clock went back.",
                moment(at, &self.zone)
            )),
            Some(_) => {}
        }
        notices.extend(self.ledger.damage.first().map(|said| {
            format!("The record is damaged: {said}. What stands before that does not count; see `matins log verify`.")
        }));
        notices
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
