//! Secrets, from where the configuration says they are kept. No fallback from one place to another.

use secrecy::SecretString;

use crate::domain::{Fault, SecretRef};

#[derive(Debug, Clone, Default)]
pub struct Secrets {}

impl Secrets {
    pub async fn read(&self, _from: &SecretRef) -> Result<SecretString, Fault> {
        Err(Fault::new("not built"))
    }

    /// Stores a secret in the keyring, for `matins secret set NAME`.
    pub async fn keep(&self, _name: &str, _secret: SecretString) -> Result<(), Fault> {
        Err(Fault::new("not built"))
    }
}
