//! Whether the authorities of this system vouch for a chain.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;

use super::refusal;
use crate::domain::Fault;

/// The authorities as they are on disk now: a console runs for weeks, and `update-ca-certificates` should count.
#[derive(Debug)]
pub(super) struct Authorities(Verifier);

impl Authorities {
    /// Reads files: not on the runtime's threads.
    pub(super) fn read(provider: &Arc<CryptoProvider>, also: &[CertificateDer<'static>]) -> Result<Self, Fault> {
        Verifier::new_with_extra_roots(also.iter().cloned(), Arc::clone(provider)).map(Self).map_err(|_| {
            Fault::new("no certificate authorities are installed here to judge by")
                .mend("install ca-certificates, or point SSL_CERT_FILE to a file with authorities")
        })
    }

    /// Ok when a chain leads to one of them, is valid at `now` and names the host.
    pub(super) fn vouch(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let Some((leaf, intermediates)) = chain.split_first() else {
            return Err(Fault::new("there is no certificate"));
        };
        let seconds = u64::try_from(now.as_second()).map_err(|_| Fault::new("the clock here stands before 1970"))?;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        self.0
            .verify_server_cert(leaf, intermediates, name, &[], at)
            .map(|_| ())
            .map_err(|error| refusal::of_chain(&error))
    }
}
