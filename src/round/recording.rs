//! [`Recording`]: a morning that can be opened again: all evidence, when it was judged, and what was known before.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Desk, Plan};
use crate::domain::{Evidence, Fault, FindingKey, Limits, Round, Shown};
use crate::store::Sqlite;

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
    /// Fails where the zone has no name: under another zone "last night" would be another night.
    pub fn of(desk: &Desk, round: &Round) -> Result<Self, Fault> {
        let zone = desk.plan.zone.iana_name().ok_or_else(|| {
            Fault::new("the evidence can't be recorded: this system's time zone has no name")
                .mend("set [console] timezone, as in \"Europe/Vienna\"")
        })?;
        Ok(Self {
            at: round.at,
            operator: round.operator.clone(),
            zone: zone.to_owned(),
            evidence: desk.evidence().clone(),
            history: round
                .findings
                .iter()
                .map(|finding| (finding.key.clone(), finding.since, finding.first_seen))
                .collect(),
        })
    }

    pub fn zone(&self) -> Result<TimeZone, Fault> {
        TimeZone::get(&self.zone).map_err(|_| {
            let zone = Shown::line(&self.zone);
            Fault::new(format!("the morning was recorded in the time zone `{zone}`, which is not known here"))
        })
    }

    /// Judges the recorded evidence at its own time with today's rules, in a store that is gone with the desk.
    pub fn judged(&self) -> Result<(Desk, Round), Fault> {
        let plan = Plan {
            operator: self.operator.clone(),
            machine: Shown::default(),
            zone: self.zone()?,
            limits: Limits::default(),
            configured: self.evidence.configured,
            register: Vec::new(),
            sources: Vec::new(),
            telling: crate::tell::Telling::default(),
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
