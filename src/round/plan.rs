//! [`Plan`]: the configuration as things to ask and rules to judge by.

use jiff::tz::TimeZone;

use crate::collect::{self, Source};
use crate::config::{ConfigError, Owners, Settings};
use crate::domain::{Declared, Limits, Shown};
use crate::policy;
use crate::tell::{self, Telling};

/// What a round needs besides evidence.
#[derive(Debug, Clone)]
pub struct Plan {
    pub operator: Shown,
    /// The name of this machine, on which the operator sits; empty where nothing is signed.
    pub machine: Shown,
    pub zone: TimeZone,
    pub limits: Limits,
    pub configured: bool,
    /// What the register says of subjects that no source asks about.
    pub register: Vec<Declared>,
    pub sources: Vec<Source>,
    pub telling: Telling,
}

/// Who, besides the config room itself, says what the configuration may contain.
pub fn owners() -> Owners {
    let mut limits: Vec<&'static crate::domain::Limit> =
        policy::rules::ALL.iter().flat_map(|rule| rule.limits).copied().collect();
    limits.push(&policy::DECISION);
    limits.sort_by_key(|limit| limit.key);
    limits.dedup_by_key(|limit| limit.key);
    let sections = collect::ALL.iter().flat_map(|collector| collector.sections).chain(tell::SECTIONS).copied();
    Owners { sections: sections.collect(), limits }
}

impl Plan {
    /// Every collector plans its part; all that is wrong is told at once.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let (mut sources, mut misfits) = (Vec::new(), Vec::new());
        for collector in collect::ALL {
            match (collector.plan)(&settings.entries(collector.sections), &settings.register, settings.refresh) {
                Ok(planned) => sources.extend(planned),
                Err(wrong) => misfits.extend(wrong),
            }
        }
        let telling =
            Telling::plan(&settings.entries(tell::SECTIONS), &settings.register.servers).unwrap_or_else(|wrong| {
                misfits.extend(wrong);
                Telling::default()
            });
        if !misfits.is_empty() {
            return Err(settings.troubles(&misfits));
        }
        Ok(Self {
            operator: settings.operator.name.clone(),
            machine: Shown::default(),
            zone: settings.zone.clone(),
            limits: settings.limits.clone(),
            configured: settings.configured,
            register: settings.register.persons.clone(),
            sources,
            telling,
        })
    }
}
