//! What can go wrong on the way, said for the person who reads the row. Never the query: it may hold a secret.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};
use url::Url;

use super::Patience;
use super::address::Forbidden;
use crate::domain::Fault;

/// The host, with its port when the address names one.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("this machine");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// `8 MiB`, `64 KiB`.
pub(super) fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}

fn span(time: Duration) -> String {
    if time < Duration::from_secs(2) { format!("{} ms", time.as_millis()) } else { format!("{} s", time.as_secs()) }
}

pub(super) fn too_slow(url: &Url, total: Duration) -> Fault {
    Fault::passing(format!("{}: no whole answer within {}", host(url), span(total)))
        .mend(format!("see how {} answers from this machine", host(url)))
}

/// A request that brought no answer.
pub(super) fn fault(error: &reqwest::Error, url: &Url, patience: Patience) -> Fault {
    let host = host(url);
    if let Some(forbidden) = chain(error).find_map(|cause| cause.downcast_ref::<Forbidden>()) {
        return forbidden.fault();
    }
    if let Some(tls) = chain(error).find_map(tls_error) {
        return tls_fault(tls, &host);
    }
    if error.is_dns() {
        return Fault::passing(format!("{host} cannot be resolved"))
            .mend("check the name in the url, and this machine's DNS");
    }
    if error.is_timeout() {
        let (what, time) = if error.is_connect() {
            ("no connection within", patience.connect)
        } else {
            ("connected, then no answer for", patience.idle)
        };
        return Fault::passing(format!("{host}: {what} {}", span(time)))
            .mend(format!("check that this machine may reach {host} (firewall, VPN)"));
    }
    chain(error)
        .find_map(|cause| cause.downcast_ref::<std::io::Error>())
        .and_then(|error| io_fault(error.kind(), &host))
        .unwrap_or_else(|| not_http(error, &host))
}

/// A body that broke.
pub(super) fn body(error: &reqwest::Error, url: &Url) -> Fault {
    let host = host(url);
    if error.is_timeout() {
        return Fault::passing(format!("{host} fell silent in the middle of its answer"));
    }
    // Both come as errors of decoding. What hyper says stands in between when it was the connection that broke.
    let torn = chain(error).any(|cause| cause.to_string() == "error reading a body from connection");
    if error.is_decode() && !torn {
        return Fault::new(format!("{host} sent a packed answer that cannot be unpacked"));
    }
    let deepest = deepest(error);
    Fault::passing(format!("{host} broke off in the middle of its answer ({deepest})"))
}

fn io_fault(kind: ErrorKind, host: &str) -> Option<Fault> {
    let said = match kind {
        ErrorKind::ConnectionRefused => {
            return Some(
                Fault::passing(format!("{host} refused the connection"))
                    .mend("check host and port in the url, and that its server runs"),
            );
        }
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            "broke the connection off (reset)"
        }
        ErrorKind::UnexpectedEof => "hung up without an answer",
        ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            return Some(Fault::passing(format!("no network to {host}")).mend("check that this machine is online"));
        }
        ErrorKind::HostUnreachable => "cannot be reached",
        _ => return None,
    };
    Some(Fault::passing(format!("{host} {said}")))
}

/// What hyper says of an answer that it can't read; its own words are fixed texts, nothing of the answer.
fn not_http(error: &reqwest::Error, host: &str) -> Fault {
    let deepest = deepest(error);
    match deepest.as_str() {
        "message head is too large" => Fault::new(format!("{host} sends headers without end")),
        "connection closed before message completed" => Fault::passing(format!("{host} hung up without an answer")),
        _ => Fault::new(format!("{host} does not answer in HTTP ({deepest})")).mend("check scheme and port in the url"),
    }
}

fn tls_fault(error: &rustls::Error, host: &str) -> Fault {
    match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_fault(certificate, host),
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) | rustls::Error::PeerIncompatible(_) => {
            Fault::new(format!("{host} speaks only outdated encryption (older than TLS 1.2)"))
        }
        rustls::Error::InvalidMessage(_) => {
            Fault::new(format!("{host} does not speak TLS on this port")).mend("check scheme and port in the url")
        }
        other => Fault::new(format!("{host}: no encrypted connection ({other})")),
    }
}

fn certificate_fault(error: &CertificateError, host: &str) -> Fault {
    let clock = "tell whoever runs it; if its certificate is right, check this machine's clock";
    match error {
        CertificateError::Expired => Fault::new(format!("the certificate of {host} has expired")).mend(clock),
        CertificateError::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / 86_400;
            Fault::new(format!("the certificate of {host} expired {days} d ago")).mend(clock)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Fault::new(format!("the certificate of {host} is not valid yet")).mend(clock)
        }
        CertificateError::NotValidForName => {
            Fault::new(format!("the certificate of {host} is for another name")).mend("check the host in the url")
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = presented.first().map_or("no name at all", String::as_str);
            Fault::new(format!("the certificate of {host} is for another name: {names}"))
                .mend("check the host in the url")
        }
        CertificateError::UnknownIssuer => Fault::new(format!("nobody this machine trusts vouches for {host}")).mend(
            "if its authority is yours, put it into /usr/local/share/ca-certificates and run update-ca-certificates",
        ),
        CertificateError::Other(other) => Fault::new(format!("the certificate of {host} {other}"))
            .mend("compare it with what the server itself shows: if it was renewed, write the new `fingerprint`"),
        CertificateError::Revoked => Fault::new(format!("the certificate of {host} is revoked")),
        other => Fault::new(format!("the certificate of {host} cannot be believed: {other}")),
    }
}

/// rustls's own error sits inside an I/O error, which does not name it as its source.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    cause.downcast_ref::<rustls::Error>().or_else(|| {
        let inner = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
        tls_error(inner)
    })
}

fn chain<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error as &'a (dyn Error + 'static)), |cause: &&'a (dyn Error + 'static)| {
        (*cause).source()
    })
}

fn deepest(error: &reqwest::Error) -> String {
    chain(error).skip(1).last().map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}
