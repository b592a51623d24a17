//! The edge outward: everything that is asked, read or listened to.
//!
//! A collector plans [`Source`]s from its part of the configuration; each source is asked by itself, under its own
//! deadline. A collector brings facts and never judges them; it never knows another collector. Only [`tools`] opens
//! sockets, runs programs and reads the keyring.

pub mod advisories;
pub mod backups;
mod exposure;
pub mod feeds;
mod servers;
mod services;
mod sites;
pub mod tools;
pub mod vpn;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Declared, Fault, Interface, Observation, Period, SourceId};
pub use servers::{PROBE_PATH, authorized_key, installed_probe, parse_power, sudoers};
use tools::Tools;

/// Turns a collector's entries into what it asks.
pub type Plan = fn(&[Entry], &Register, Period) -> Result<Vec<Source>, Vec<Misfit>>;

/// A collector: one folder, and one line in [`ALL`].
#[derive(Debug)]
pub struct Collector {
    pub name: &'static str,
    /// The sections of the configuration that are its own.
    pub sections: &'static [Section],
    /// What it asks, given its entries. With `register.configured` false, what it watches by itself.
    pub plan: Plan,
}

/// Every collector there is.
pub const ALL: &[Collector] = &[
    feeds::COLLECTOR,
    advisories::COLLECTOR,
    servers::COLLECTOR,
    sites::COLLECTOR,
    exposure::COLLECTOR,
    vpn::COLLECTOR,
    backups::COLLECTOR,
    services::COLLECTOR,
];

/// One thing to ask.
#[derive(Clone)]
pub struct Source {
    pub id: SourceId,
    /// How often the console asks it.
    pub every: Period,
    /// A round gives up on it after this long.
    pub deadline: Duration,
    /// What the register says of its subjects.
    pub declared: Vec<Declared>,
    pub ask: Arc<dyn Ask>,
}

impl Source {
    /// Older than this, its last good answer is not believed any more: four times its interval, at least an hour, so that
    /// one or two failed tries do not shake a verdict but a morning without it does.
    pub fn stale_after(&self) -> Period {
        self.every.times(4).max(Period::hours(1))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("id", &self.id).field("every", &self.every).finish_non_exhaustive()
    }
}

pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send + 'a>>;

/// How a source is asked. A failure is a [`Fault`]; what is only partly readable is a [`crate::domain::Read`] inside a fact.
pub trait Ask: Send + Sync {
    /// `memory` is what the last good answer left for the next time, such as an `ETag`. Dropping the future must stop
    /// everything that it started.
    fn ask<'a>(&'a self, tools: &'a Tools, memory: Option<&'a str>) -> Asked<'a>;

    /// Through which what it sees can be ended, once a person has confirmed that.
    fn interface(&self) -> Option<Interface> {
        None
    }
}

/// What a source answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing changed since the answer that left `memory`.
    Unchanged,
    Seen {
        observations: Vec<Observation>,
        /// Opaque to everybody else; kept with the observations, so that it survives a restart. Never a secret.
        memory: Option<String>,
    },
}

impl Answer {
    pub fn seen(observations: Vec<Observation>) -> Self {
        Self::Seen { observations, memory: None }
    }
}

/// An observation made now.
pub fn observed(subject: crate::domain::Subject, at: Timestamp, fact: crate::domain::Fact) -> Observation {
    Observation { subject, at, fact }
}
