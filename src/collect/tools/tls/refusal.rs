//! What rustls says, in words for the person who can mend it.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use crate::domain::{Fault, Shown};

const OLD: &str = "offers only TLS older than 1.2";

/// Why a handshake came to nothing.
pub(super) fn of_handshake(place: &Shown, error: &io::Error) -> Fault {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return Fault::passing(match error.kind() {
            io::ErrorKind::UnexpectedEof => format!("{place}: hung up during the TLS handshake"),
            io::ErrorKind::ConnectionReset => format!("{place}: reset the connection during the TLS handshake"),
            _ => format!("{place}: the TLS handshake broke off: {error}"),
        });
    };
    let said = match error {
        Error::AlertReceived(AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => OLD.into(),
        Error::AlertReceived(AlertDescription::UnrecognisedName) => "knows no site of this name".into(),
        Error::AlertReceived(alert) => format!("refused the TLS handshake ({alert:?})"),
        // Nonsense whose length reads as large lands here too.
        Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => "sends more than 64 KiB of certificates".into(),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) | Error::PeerSentOversizedRecord => {
            "does not speak TLS on this port".into()
        }
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "does not speak TLS that makes sense".into()
        }
        Error::PeerIncompatible(_) => "has no TLS algorithm in common with us".into(),
        Error::NoCertificatesPresented => "presented no certificate".into(),
        other => format!("the TLS handshake failed: {other}"),
    };
    let fault = Fault::new(format!("{place}: {said}"));
    if said == OLD { fault.mend("enable TLS 1.2 or 1.3 there") } else { fault }
}

/// Why nobody vouches for a chain.
pub(super) fn of_chain(error: &Error) -> Fault {
    let Error::InvalidCertificate(error) = error else {
        return Fault::new(format!("it does not verify: {error}"));
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Fault::new("it or its issuer has expired").mend("renew it")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Fault::new("it or its issuer is not valid yet").mend("check the clocks here and there")
        }
        CertificateError::UnknownIssuer => Fault::new("no authority known here issued it").mend(
            "have it issued by a known authority, let the server send its intermediates, or install its authority here",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Fault::new("it is not for this name").mend("have it issued for this name too")
        }
        CertificateError::Revoked => Fault::new("it was revoked").mend("replace it"),
        CertificateError::BadSignature => Fault::new("its signature is wrong"),
        CertificateError::BadEncoding => Fault::new("it is malformed"),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            Fault::new("it is signed with an algorithm that is no longer accepted").mend("have it issued anew")
        }
        other => Fault::new(format!("it does not verify: {other}")),
    }
}

/// Why the server's proof that it holds the key is none.
pub(super) fn of_proof(error: &Error) -> Fault {
    match error {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            Fault::new("the server does not hold its key").mend("install the certificate together with its own key")
        }
        _ => Fault::new(format!("the server did not prove that it holds its key: {error}")),
    }
}
