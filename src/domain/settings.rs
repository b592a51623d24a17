//! [`Entry`]: a piece of configuration on its way from the file to whoever understands it.
//!
//! The config room finds, joins and checks files without knowing what a feed or a backup is; a collector reads its
//! entries without knowing about files. Between them goes an `Entry`: a neutral value and where it stood.

use schemars::Schema;
use serde::de::DeserializeOwned;

use super::Shown;

/// One `[[section]]` element, or one `[section]` table.
#[derive(Debug, Clone)]
pub struct Entry {
    pub section: &'static str,
    pub value: serde_json::Value,
    /// `register.toml:12`, for people.
    pub place: Shown,
    /// Which entry this is, for the config room to find its source text again.
    pub index: usize,
}

impl Entry {
    /// The entry as a collector's own type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Misfit> {
        serde_json::from_value(self.value.clone()).map_err(|error| self.misfit(None, error.to_string()))
    }

    /// What is wrong with this entry, at one of its keys where that is known.
    pub fn misfit(&self, key: Option<&str>, message: impl Into<String>) -> Misfit {
        Misfit { index: self.index, key: key.map(str::to_owned), message: message.into() }
    }
}

/// A value that does not fit, said by whoever reads it; the config room adds file, line and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub index: usize,
    pub key: Option<String>,
    pub message: String,
}

/// A section of the configuration that belongs to somebody.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    pub name: &'static str,
    /// `[[name]]`, many; else `[name]`, one.
    pub many: bool,
    /// The shape of one entry: its keys are checked against this, and `config schema` prints it.
    pub schema: fn() -> Schema,
}
