//! [`SecretRef`]: where a secret is kept, never the secret.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a secret is kept. The value itself is never in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[schemars(extend("x-secret" = true))]
pub enum SecretRef {
    /// In the Secret Service, set with `matins secret set NAME`.
    Keyring(String),
    /// The first line that this command prints, such as `pass show backup/office`.
    Command(String),
    /// In this environment variable.
    Env(String),
    /// In this file, which nobody else may read.
    File(String),
}

impl SecretRef {
    /// What a bare string where a secret belongs is answered with.
    pub const FOUR: &'static str = "a secret is never written here; say where it is kept: { keyring = \"NAME\" }, { command = \"…\" }, { env = \"…\" } or { file = \"…\" }";
}
