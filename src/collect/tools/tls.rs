//! Certificates as a server presents them, whether or not they verify.
//!
//! This is the only place that completes a handshake with a server that nobody vouches for (neither an authority nor a
//! fingerprint that somebody wrote down), and it says nothing on such
//! a connection but goodbye: no request, no name beyond the one in SNI. Whether the certificate is any good is then
//! judged from what was recorded, by the verifier that the rest of the program connects with.

mod connect;
mod names;
mod parse;
mod recorder;
mod refusal;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use self::recorder::{Presented, Recorder};
use crate::domain::facts::CertificateSeen;
use crate::domain::{Fault, Read, Shown};

/// Reads certificates. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tls {
    provider: Arc<CryptoProvider>,
    /// Authorities trusted besides the system's.
    also: Arc<[CertificateDer<'static>]>,
}

/// Whom a certificate is asked for.
#[derive(Debug, Clone)]
struct Peer {
    name: ServerName<'static>,
    /// `host:port`, for people.
    place: Shown,
}

/// Without the brackets and the last dot that a URL may have.
fn bare(host: &str) -> &str {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.strip_suffix('.').unwrap_or(host)
}

impl Peer {
    fn of(host: &str, port: u16) -> Result<Self, Fault> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Fault::new(format!("{} is neither a host name nor an address", Shown::line(host).cut(80))))?;
        Ok(Self { name, place: Shown::line(&format!("{host}:{port}")) })
    }
}

impl Tls {
    pub fn new() -> Result<Self, Fault> {
        Self::trusting(Vec::new())
    }

    /// Trusts these authorities too.
    pub fn trusting(also: Vec<CertificateDer<'static>>) -> Result<Self, Fault> {
        Ok(Self { provider: Arc::new(rustls::crypto::ring::default_provider()), also: also.into() })
    }

    /// Connects, reads the certificate, and says nothing else. `host` is a DNS name or an address, with or without the
    /// brackets of a URL; `total` bounds everything from the look-up of the name on.
    ///
    /// The certificate is judged at `now`: by the system's authorities (`/etc/ssl/certs`, or what `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name instead), read anew each time. Revocation is not looked up: no CRL or OCSP responder is asked.
    ///
    /// It is a fault when there is no certificate to speak of: not reached, no TLS, only old TLS, broken off or out of
    /// time before the server proved that it holds the certificate's key, unreadable, or no authority to judge by.
    pub async fn certificate(
        &self,
        host: &str,
        port: u16,
        now: Timestamp,
        total: Duration,
    ) -> Result<CertificateSeen, Fault> {
        let host = bare(host);
        let peer = Peer::of(host, port)?;
        let until = Instant::now() + total;
        let late = || Fault::passing(format!("{}: no connection within {} s", peer.place, total.as_secs()));
        let stream = timeout_at(until, connect::connect(host, port, until))
            .await
            .map_err(|_| late())?
            .map_err(|fault| Fault { said: format!("{}: {}", peer.place, fault.said).into(), ..fault })?;
        self.read(peer, stream, now, (until, total)).await
    }

    /// The same on a connection on which TLS can begin.
    pub async fn certificate_on(
        &self,
        stream: TcpStream,
        (host, port): (&str, u16),
        now: Timestamp,
        total: Duration,
    ) -> Result<CertificateSeen, Fault> {
        self.read(Peer::of(bare(host), port)?, stream, now, (Instant::now() + total, total)).await
    }

    async fn read(
        &self,
        peer: Peer,
        stream: TcpStream,
        now: Timestamp,
        (until, total): (Instant, Duration),
    ) -> Result<CertificateSeen, Fault> {
        let recorder = Arc::new(Recorder::new(&self.provider));
        let shaken = timeout_at(until, self.shake(&peer, stream, &recorder)).await;
        let presented = match (recorder.presented(), shaken) {
            (Some(presented), _) => presented,
            (None, Err(_)) => {
                let total = total.as_secs();
                return Err(Fault::passing(format!("{}: the TLS handshake did not end within {total} s", peer.place)));
            }
            (None, Ok(Err(fault))) => return Err(fault),
            (None, Ok(Ok(()))) => return Err(Fault::new(format!("{}: presented no certificate", peer.place))),
        };
        let judge = Judge { provider: Arc::clone(&self.provider), also: Arc::clone(&self.also), now };
        let place = peer.place.clone();
        // Reading the system's authorities and walking a hostile chain take milliseconds: not on the runtime's threads.
        let judged = tokio::task::spawn_blocking(move || judge.judge(&peer, &presented));
        match timeout_at(until, judged).await {
            Ok(Ok(seen)) => seen,
            Ok(Err(_)) => Err(Fault::new(format!("{place}: the certificate could not be judged"))),
            Err(_) => Err(Fault::passing(format!("{place}: the certificate was not judged in time"))),
        }
    }

    /// One handshake, whose certificate the recorder keeps, and a goodbye.
    async fn shake(&self, peer: &Peer, stream: TcpStream, recorder: &Arc<Recorder>) -> Result<(), Fault> {
        let verifier: Arc<Recorder> = Arc::clone(recorder);
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::new(format!("TLS can't be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        // A resumed session would present no certificate.
        config.resumption = Resumption::disabled();
        let connecting = TlsConnector::from(Arc::new(config)).connect(peer.name.clone(), stream);
        let mut stream = connecting.await.map_err(|error| refusal::of_handshake(&peer.place, &error))?;
        // The certificate is read: a peer that hangs up before our goodbye takes nothing from it.
        stream.shutdown().await.ok();
        Ok(())
    }
}

/// What a recorded certificate is judged by.
struct Judge {
    provider: Arc<CryptoProvider>,
    also: Arc<[CertificateDer<'static>]>,
    now: Timestamp,
}

impl Judge {
    fn judge(&self, peer: &Peer, presented: &Presented) -> Result<CertificateSeen, Fault> {
        let parsed = parse::parse_certificate(presented.leaf())
            .map_err(|said| Fault::new(format!("{}: its certificate can't be read: {said}", peer.place)))?;
        let authorities = trust::Authorities::read(&self.provider, &self.also)?;
        let trusted = match &presented.proof {
            Ok(()) => authorities.vouch(&presented.chain, &peer.name, self.now),
            Err(error) => Err(refusal::of_proof(error)),
        };
        Ok(CertificateSeen {
            name_matches: names::matches(&peer.name, &parsed.names),
            names: parsed.shown_names(),
            subject: parsed.subject,
            issuer: parsed.issuer,
            not_before: parsed.not_before,
            not_after: parsed.not_after,
            trusted: Read::from(trusted),
        })
    }
}
