//! [`Measure`]: what the organisation promised.

use serde::Deserialize;

use super::Shown;

/// One promise, as in `assets/measures.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    pub id: String,
    /// The promise in one sentence.
    pub promise: Shown,
    /// IT-Grundschutz requirements that it answers.
    #[serde(default)]
    pub grundschutz: Vec<String>,
}
