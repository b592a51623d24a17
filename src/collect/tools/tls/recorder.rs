//! The verifier that accepts every certificate and remembers it. For [`super::Tls`] alone.

use std::sync::OnceLock;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// Accepts any certificate, so that a bad one can be read too. It does check that the server holds the certificate's
/// key, and remembers that as well: a copied certificate proves nothing.
#[derive(Debug)]
pub(super) struct Recorder {
    algorithms: WebPkiSupportedAlgorithms,
    chain: OnceLock<Vec<CertificateDer<'static>>>,
    proof: OnceLock<Result<(), Error>>,
}

/// What the server sent: never empty, the leaf first.
#[derive(Debug)]
pub(super) struct Presented {
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Whether it signed the handshake with the certificate's key.
    pub(super) proof: Result<(), Error>,
}

impl Presented {
    pub(super) fn leaf(&self) -> &[u8] {
        self.chain.first().map_or(&[], AsRef::as_ref)
    }
}

impl Recorder {
    pub(super) fn new(provider: &CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms, chain: OnceLock::new(), proof: OnceLock::new() }
    }

    /// The certificate, once the server has shown whether it holds its key. What went wrong after that (it wants a
    /// client's certificate, it hangs up) does not concern the certificate.
    pub(super) fn presented(&self) -> Option<Presented> {
        Some(Presented { chain: self.chain.get()?.clone(), proof: self.proof.get()?.clone() })
    }

    fn prove(&self, proof: Result<HandshakeSignatureValid, Error>) -> Result<HandshakeSignatureValid, Error> {
        self.proof.get_or_init(|| proof.as_ref().map(|_| ()).map_err(Clone::clone));
        proof
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.chain.get_or_init(|| {
            std::iter::once(end_entity).chain(intermediates).map(|one| one.clone().into_owned()).collect()
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.prove(verify_tls12_signature(message, cert, dss, &self.algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.prove(verify_tls13_signature(message, cert, dss, &self.algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
