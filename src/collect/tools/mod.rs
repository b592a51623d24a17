//! The only code that opens sockets, runs programs and reads the keyring.

pub mod contained;
pub mod browser;
pub mod http;
pub mod management;
pub mod restic;
pub mod run;
pub mod secrets;
pub mod shell;
pub mod tls;

use jiff::Timestamp;

use crate::domain::Fault;

/// What collectors reach the world with.
#[derive(Debug, Clone)]
pub struct Tools {
    pub http: http::Http,
    pub shell: shell::Shell,
    pub tls: tls::Tls,
    pub secrets: secrets::Secrets,
    /// The clock.
    pub now: fn() -> Timestamp,
}

impl Tools {
    pub fn new(now: fn() -> Timestamp) -> Result<Self, Fault> {
        Ok(Self {
            http: http::Http::new()?,
            shell: shell::Shell::new()?,
            tls: tls::Tls::new()?,
            secrets: secrets::Secrets::default(),
            now,
        })
    }
}
