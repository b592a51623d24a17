//! Whom we believe: the certificate authorities of this system (`SSL_CERT_FILE` and `SSL_CERT_DIR` count), by the same
//! rules as its other programs; or the one certificate whose fingerprint somebody wrote down.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use rustls_platform_verifier::Verifier;

use super::Fingerprint;
use crate::domain::Fault;

#[derive(Debug)]
pub(super) struct Trust {
    pub(super) config: ClientConfig,
    /// Why nobody can be believed: then only unencrypted addresses can be asked.
    pub(super) missing: Option<Fault>,
}

pub(super) fn read_system() -> Trust {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    match Verifier::new(Arc::clone(&provider)) {
        Ok(verifier) => Trust { config: config(provider, Some(Arc::new(verifier))), missing: None },
        Err(error) => Trust { config: config(provider, None), missing: Some(no_authorities(&error)) },
    }
}

fn no_authorities(error: &rustls::Error) -> Fault {
    Fault::new(format!("no certificate authorities on this machine ({error}): nothing encrypted can be read"))
        .mend("apt install ca-certificates, or set SSL_CERT_FILE")
}

/// Believes the certificate with this fingerprint and no other, whoever vouches for it and whatever its name or dates:
/// whoever wrote it down had looked at it.
pub(super) fn pinned(pin: Fingerprint) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    config(provider, Some(Arc::new(Pinned { pin, algorithms })))
}

#[derive(Debug)]
struct Pinned {
    pin: Fingerprint,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Another certificate than the one that was written down.
#[derive(Debug)]
struct Another(Fingerprint);

impl std::error::Error for Another {}

impl std::fmt::Display for Another {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "has another fingerprint than the one that is configured: {}", self.0)
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Fingerprint::of(end_entity);
        if shown == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::Other(OtherError(Arc::new(Another(shown)))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn config(provider: Arc<CryptoProvider>, verifier: Option<Arc<dyn ServerCertVerifier>>) -> ClientConfig {
    let built = ClientConfig::builder_with_provider(provider).with_protocol_versions(rustls::DEFAULT_VERSIONS);
    // The ring provider speaks both versions; if a later one did not, its own defaults are still strict.
    let builder = built.unwrap_or_else(|_| ClientConfig::builder());
    let mut config = match verifier {
        Some(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth(),
        None => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}
