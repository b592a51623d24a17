//! Configuration: every `*.toml` of a folder, joined, checked and turned into what it means.
//!
//! This room knows the shared words of the register (servers, roles, persons) and the console's own settings. Every
//! other section belongs to a collector, whose [`Section`] says which keys there are; this room checks them and passes
//! the entries on without knowing what they mean.

mod check;
mod console;
mod files;
mod joined;
pub mod proposal;
mod register;
mod schema;
mod show;
mod trouble;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Limit, Limits, Period};

pub use files::{Location, Paths};
pub use schema::schema;
pub use trouble::{ConfigError, Trouble};

use joined::Joined;

pub use console::Operator;

/// Who else has a say in what the configuration may contain.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    /// The collectors' sections.
    pub sections: Vec<Section>,
    /// The rules' limits.
    pub limits: Vec<&'static Limit>,
}

/// The configuration as it is meant.
#[derive(Debug)]
pub struct Settings {
    /// False when there is no configuration at all.
    pub configured: bool,
    pub operator: Operator,
    pub zone: TimeZone,
    pub theme: String,
    pub refresh: Period,
    /// Whether the console may offer actions on servers.
    pub actions: bool,
    /// The database file.
    pub store: PathBuf,
    /// Where user themes are.
    pub themes: PathBuf,
    pub register: Register,
    pub limits: Limits,
    joined: Joined,
    sections: BTreeMap<&'static str, Vec<Entry>>,
}

impl Settings {
    /// The entries of the sections named, in the order of the files.
    pub fn entries(&self, sections: &[Section]) -> Vec<Entry> {
        sections.iter().filter_map(|section| self.sections.get(section.name)).flatten().cloned().collect()
    }

    /// What others found wrong with their entries, with file and line.
    pub fn troubles(&self, misfits: &[Misfit]) -> ConfigError {
        ConfigError { troubles: misfits.iter().map(|misfit| self.joined.trouble(misfit)).collect() }
    }

    /// What is in force and where each value came from, as TOML with comments.
    pub fn show(&self, owners: &Owners) -> String {
        show::show(self, owners)
    }
}

/// Reads and checks it all. Every problem that can be found is in the error, not just the first.
pub fn load(location: &Location, paths: &Paths, owners: &Owners) -> Result<Settings, ConfigError> {
    let files = files::read(location, paths)?;
    let configured = !files.is_empty();
    let sections = schema::sections(owners);
    let (joined, troubles) = Joined::parse(files, &sections);
    let mut misfits = check::misfits(&joined, &sections, owners);
    if !troubles.is_empty() {
        // What one names may stand where another could not be read: more than forms is not looked at.
        check::limits(&joined, owners, &mut misfits);
        let forms = misfits.iter().map(|misfit| joined.trouble(misfit));
        return Err(ConfigError { troubles: joined::in_order(troubles.into_iter().chain(forms)) });
    }
    let register = register::register(&joined, configured, &mut misfits);
    let settings = console::console(&joined, paths, &mut misfits);
    let limits = check::limits(&joined, owners, &mut misfits);
    if !misfits.is_empty() {
        return Err(ConfigError { troubles: joined.troubles(&misfits) });
    }
    let mut own: BTreeMap<&'static str, Vec<Entry>> = BTreeMap::new();
    for entry in joined.entries() {
        own.entry(entry.section).or_default().push(entry.clone());
    }
    Ok(Settings {
        configured,
        operator: settings.operator,
        zone: settings.zone,
        theme: settings.theme,
        refresh: settings.refresh,
        actions: settings.actions,
        store: settings.store,
        themes: location.themes(paths),
        register,
        limits,
        joined,
        sections: own,
    })
}

#[cfg(test)]
mod tests;
