//! Certificates as a server presents them, whether or not they verify.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::Fault;
use crate::domain::facts::CertificateSeen;

#[derive(Debug, Clone)]
pub struct Tls {}

impl Tls {
    pub fn new() -> Result<Self, Fault> {
        Ok(Self {})
    }

    /// Connects, reads the certificate, and says nothing else.
    pub async fn certificate(
        &self,
        _host: &str,
        _port: u16,
        _now: Timestamp,
        _total: Duration,
    ) -> Result<CertificateSeen, Fault> {
        Err(Fault::new("not built"))
    }
}
