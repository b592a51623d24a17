//! Whom we believe: the certificate authorities of this system (`SSL_CERT_FILE` and `SSL_CERT_DIR` count), by the same
//! rules as its other programs.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

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
        Ok(verifier) => Trust { config: config(provider, Some(verifier)), missing: None },
        Err(error) => Trust { config: config(provider, None), missing: Some(no_authorities(&error)) },
    }
}

fn no_authorities(error: &rustls::Error) -> Fault {
    Fault::new(format!("no certificate authorities on this machine ({error}): nothing encrypted can be read"))
        .mend("apt install ca-certificates, or set SSL_CERT_FILE")
}

fn config(provider: Arc<CryptoProvider>, verifier: Option<Verifier>) -> ClientConfig {
    let built = ClientConfig::builder_with_provider(provider).with_protocol_versions(rustls::DEFAULT_VERSIONS);
    // The ring provider speaks both versions; if a later one did not, its own defaults are still strict.
    let builder = built.unwrap_or_else(|_| ClientConfig::builder());
    let mut config = match verifier {
        Some(verifier) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
        None => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}
