//! [`Limit`] and [`Limits`]: the numbers that rules judge by.

use std::collections::BTreeMap;

use super::Period;

/// A number in `[limits]`, declared by the rule that reads it.
#[derive(Debug)]
pub struct Limit {
    pub key: &'static str,
    pub default: Period,
    /// One sentence for `config schema` and the help.
    pub help: &'static str,
}

/// The limits in force: the defaults, and what the configuration says instead.
#[derive(Debug, Clone, Default)]
pub struct Limits(BTreeMap<String, Period>);

impl Limits {
    pub fn set(&mut self, key: &str, value: Period) {
        self.0.insert(key.to_owned(), value);
    }

    pub fn of(&self, limit: &Limit) -> Period {
        self.0.get(limit.key).copied().unwrap_or(limit.default)
    }
}
