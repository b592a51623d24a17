//! The only code that opens sockets, runs programs and reads the keyring.

pub mod borg;
pub mod browser;
pub mod contained;
pub mod foreground;
pub mod http;
pub mod knock;
pub mod mail;
pub mod management;
pub mod restic;
pub mod run;
pub mod scratch;
pub mod secrets;
pub mod shell;
pub mod ssh_keygen;
pub mod talk;
pub mod tls;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::Fault;

/// What collectors reach the world with.
#[derive(Debug, Clone)]
pub struct Tools {
    pub http: http::Http,
    pub shell: shell::Shell,
    pub tls: tls::Tls,
    pub knock: knock::Knock,
    pub secrets: secrets::Secrets,
    /// The clock.
    pub now: fn() -> Timestamp,
    /// The operator's, once [`Tools::in_zone`] said it: what a date without an offset in a file's name means.
    pub zone: Option<TimeZone>,
}

impl Tools {
    pub fn new(now: fn() -> Timestamp) -> Result<Self, Fault> {
        Ok(Self {
            http: http::Http::new()?,
            shell: shell::Shell::new()?,
            tls: tls::Tls::new()?,
            knock: knock::Knock::default(),
            secrets: secrets::Secrets::default(),
            now,
            zone: None,
        })
    }

    #[must_use]
    pub fn in_zone(self, zone: TimeZone) -> Self {
        Self { zone: Some(zone), ..self }
    }
}
