//! [`Recording`]: a morning that can be opened again: all evidence, when it was judged, and what was known before.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Desk, Plan};
use crate::domain::{Evidence, FindingKey, Limits, Round, Shown};
use crate::store::{Sqlite, StoreError};

/// What `matins round --evidence FILE` writes and `matins demo` opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recording {
    pub at: Timestamp,
    pub operator: Shown,
    /// IANA name.
    pub zone: String,
    pub evidence: Evidence,
    /// Findings' histories: key, since, first seen.
    pub history: Vec<(FindingKey, Timestamp, Timestamp)>,
}

impl Recording {
    pub fn of(desk: &Desk, round: &Round) -> Self {
        Self {
            at: round.at,
            operator: round.operator.clone(),
            zone: desk.plan.zone.iana_name().unwrap_or("UTC").to_owned(),
            evidence: desk.evidence().clone(),
            history: round
                .findings
                .iter()
                .map(|finding| (finding.key.clone(), finding.since, finding.first_seen))
                .collect(),
        }
    }

    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    /// Judges the recorded evidence at its own time with today's rules, in a store that is gone with the desk.
    pub fn judged(&self) -> Result<(Desk, Round), StoreError> {
        let plan = Plan {
            operator: self.operator.clone(),
            machine: Shown::default(),
            zone: self.zone(),
            limits: Limits::default(),
            configured: self.evidence.configured,
            register: Vec::new(),
            sources: Vec::new(),
        };
        let mut desk = Desk::replay(plan, Box::new(Sqlite::in_memory()?), self.evidence.clone());
        let mut round = desk.evaluate(self.at)?;
        for finding in &mut round.findings {
            if let Some((_, since, first_seen)) = self.history.iter().find(|(key, ..)| *key == finding.key) {
                (finding.since, finding.first_seen) = (*since, *first_seen);
            }
        }
        Ok((desk, round))
    }
}
