//! `tools::tls` against servers on loopback that behave, misbehave and lie.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use matins::collect::tools::tls::Tls;
use matins::domain::Fault;
use matins::domain::facts::CertificateSeen;
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, DnValue, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const NOW: &str = "2026-11-23T08:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// An authority, and a program that trusts it.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        Self::named("Test authority")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let (root, pem) = (certificate.der().clone(), certificate.pem());
        Self { issuer: Issuer::new(params, key), root, pem }
    }

    fn trusted(&self) -> Tls {
        Tls::trusting(vec![self.root.clone()]).unwrap()
    }

    fn issue(&self, names: &[&str], alter: impl FnOnce(&mut CertificateParams)) -> Identity {
        let params = params(names, alter);
        let key = KeyPair::generate().unwrap();
        Identity { chain: vec![params.signed_by(&key, &self.issuer).unwrap().der().clone()], key }
    }
}

struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

fn params(names: &[&str], alter: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 3);
    alter(&mut params);
    params
}

/// Serves an identity over TLS and reports how many bytes of application data it was sent.
async fn serve(identity: &Identity) -> (u16, tokio::sync::mpsc::UnboundedReceiver<usize>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    let signer = provider.key_provider.load_private_key(key).unwrap();
    // Not checked against each other here, so that a server can present a certificate whose key it lacks.
    let pair = Arc::new(rustls::sign::CertifiedKey::new(identity.chain.clone(), signer));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(pair)));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (said, heard) = tokio::sync::mpsc::unbounded_channel();
    let port = listen(move |stream| {
        let (acceptor, said) = (acceptor.clone(), said.clone());
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).await.ok();
                said.send(bytes.len()).ok();
            }
        }
    })
    .await;
    (port, heard)
}

/// Does this with every connection.
async fn listen<F: Future<Output = ()> + Send + 'static>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> u16 {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    port
}

/// Says these bytes and keeps the connection open.
async fn babble(bytes: Vec<u8>) -> u16 {
    listen(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            stream.write_all(&bytes).await.ok();
            stream.read_to_end(&mut Vec::new()).await.ok();
        }
    })
    .await
}

async fn ask(tls: &Tls, host: &str, port: u16) -> Result<CertificateSeen, Fault> {
    tls.certificate(host, port, now(), Duration::from_secs(10)).await
}

async fn seen(tls: &Tls, identity: &Identity, host: &str) -> CertificateSeen {
    ask(tls, host, serve(identity).await.0).await.unwrap()
}

fn doubt(seen: &CertificateSeen) -> String {
    seen.trusted.as_result().unwrap_err().said.to_string()
}

#[tokio::test]
async fn a_good_certificate_is_trusted_and_nothing_is_said() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost", "127.0.0.1"], |_| ());
    let (port, mut heard) = serve(&identity).await;
    let seen = ask(&authority.trusted(), "localhost", port).await.unwrap();
    assert!(seen.trusted.seen().is_some() && seen.name_matches, "{seen:?}");
    assert_eq!(seen.names, ["localhost", "127.0.0.1"]);
    assert_eq!(seen.not_after, "2027-01-03T00:00:00Z".parse().unwrap());
    assert!(seen.issuer.as_str().contains("Test authority"));
    assert_eq!(heard.recv().await, Some(0), "application data on a connection that nobody vouched for");
    let by_address = ask(&authority.trusted(), "127.0.0.1", port).await.unwrap();
    assert!(by_address.trusted.seen().is_some() && by_address.name_matches);
}

/// The environment can't be changed within a process (that is `unsafe`): the second half runs in a child of this test.
#[tokio::test]
async fn the_systems_authorities_are_those_of_ssl_cert_file() {
    if let Ok(port) = std::env::var("MATINS_TEST_PORT") {
        let seen = ask(&Tls::new().unwrap(), "localhost", port.parse().unwrap()).await;
        println!("trusted: {:?}", seen.map(|seen| seen.trusted.seen().is_some()));
        return;
    }
    let authority = Authority::new();
    let (port, _heard) = serve(&authority.issue(&["localhost"], |_| ())).await;
    let folder = tempfile::tempdir().unwrap();
    let (file, empty) = (folder.path().join("ca.pem"), folder.path().join("empty.pem"));
    std::fs::write(&file, authority.pem).unwrap();
    std::fs::write(&empty, "").unwrap();
    for (file, expected) in [(file, "trusted: Ok(true)"), (empty, "no certificate authorities are installed here")] {
        let child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_systems_authorities_are_those_of_ssl_cert_file", "--nocapture"])
            .env("MATINS_TEST_PORT", port.to_string())
            .env("SSL_CERT_FILE", file)
            .env_remove("SSL_CERT_DIR")
            .output();
        let said = String::from_utf8(child.await.unwrap().stdout).unwrap();
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn an_expired_certificate_is_read_and_not_trusted() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"], |it| it.not_after = rcgen::date_time_ymd(2026, 11, 20));
    let seen = seen(&authority.trusted(), &identity, "localhost").await;
    assert_eq!(seen.not_after, "2026-11-20T00:00:00Z".parse().unwrap());
    assert_eq!(doubt(&seen), "it or its issuer has expired");
}

#[tokio::test]
async fn a_certificate_of_tomorrow_is_read_and_not_trusted() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"], |it| it.not_before = rcgen::date_time_ymd(2026, 11, 24));
    let seen = seen(&authority.trusted(), &identity, "localhost").await;
    assert_eq!(doubt(&seen), "it or its issuer is not valid yet");
}

#[tokio::test]
async fn a_self_signed_certificate_is_read_and_not_trusted() {
    let key = KeyPair::generate().unwrap();
    let chain = vec![params(&["localhost"], |_| ()).self_signed(&key).unwrap().der().clone()];
    let seen = seen(&Authority::new().trusted(), &Identity { chain, key }, "localhost").await;
    assert!(seen.name_matches);
    assert_eq!(doubt(&seen), "no authority known here issued it");
}

#[tokio::test]
async fn an_authority_that_is_not_ours_is_not_trusted() {
    let tls = Authority::new().trusted();
    for (issuer, said) in
        [("Another authority", "no authority known here issued it"), ("Test authority", "its signature is wrong")]
    {
        let identity = Authority::named(issuer).issue(&["localhost"], |_| ());
        assert_eq!(doubt(&seen(&tls, &identity, "localhost").await), said);
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_does_not_match() {
    let authority = Authority::new();
    for names in [&["other.example"][..], &["*.localhost"], &["l*"], &["*"], &[]] {
        let seen = seen(&authority.trusted(), &authority.issue(names, |_| ()), "localhost").await;
        assert!(!seen.name_matches, "{names:?}");
        assert!(seen.trusted.seen().is_none(), "the verifier and we disagree on {names:?}");
    }
}

#[tokio::test]
async fn a_common_name_is_no_name() {
    let authority = Authority::new();
    let identity = authority.issue(&[], |it| it.distinguished_name.push(DnType::CommonName, "localhost"));
    assert!(!seen(&authority.trusted(), &identity, "localhost").await.name_matches);
}

#[tokio::test]
async fn a_stolen_certificate_without_its_key_is_not_trusted() {
    let authority = Authority::new();
    let identity = Identity { key: KeyPair::generate().unwrap(), ..authority.issue(&["localhost"], |_| ()) };
    let seen = seen(&authority.trusted(), &identity, "localhost").await;
    assert_eq!(doubt(&seen), "the server does not hold its key");
}

#[tokio::test]
async fn a_hostile_subject_reaches_nobody_uncleaned() {
    let authority = Authority::new();
    let hostile = "\u{1b}]52;c;cm0gLXJm\u{7}\u{202e}evil\r\n\u{9b}2J";
    let identity = authority.issue(&["localhost"], |it| {
        it.distinguished_name.push(DnType::CommonName, DnValue::Utf8String(hostile.into()));
    });
    let seen = seen(&authority.trusted(), &identity, "localhost").await;
    let text = serde_json::to_string(&seen).unwrap();
    assert!(text.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{text}");
    assert!(text.contains("␛]52;c;"), "{text}");
}

#[tokio::test]
async fn a_thousand_names_are_read_and_counted() {
    let authority = Authority::new();
    let names: Vec<String> = (0..999).map(|n| format!("host{n}.example.org")).chain(["localhost".into()]).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let seen = seen(&authority.trusted(), &authority.issue(&names, |_| ()), "localhost").await;
    assert!(seen.name_matches && seen.trusted.seen().is_some());
    assert_eq!(seen.names.last().unwrap(), "and 900 more");
}

#[tokio::test]
async fn a_certificate_of_a_megabyte_is_refused() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"], |it| {
        it.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999], vec![4; 1 << 20])];
    });
    let fault = ask(&authority.trusted(), "localhost", serve(&identity).await.0).await.unwrap_err();
    assert!(fault.said.as_str().ends_with("sends more than 64 KiB of certificates"), "{fault}");
}

#[tokio::test]
async fn what_is_no_tls_says_so() {
    let tls = Tls::new().unwrap();
    for plain in [&b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.2p1\r\n"] {
        let fault = ask(&tls, "127.0.0.1", babble(plain.to_vec()).await).await.unwrap_err();
        assert!(fault.said.as_str().ends_with("does not speak TLS on this port"), "{fault}");
    }
    let nonsense = [&[0x16, 3, 3, 0, 64, 0xa5, 0, 0, 60][..], &[0xa5; 60]].concat();
    let fault = ask(&tls, "127.0.0.1", babble(nonsense).await).await.unwrap_err();
    assert!(fault.said.as_str().ends_with("does not speak TLS that makes sense"), "{fault}");
}

#[tokio::test]
async fn only_old_tls_says_so() {
    let alert_protocol_version = vec![0x15, 3, 2, 0, 2, 2, 70];
    // A ServerHello of TLS 1.1, as a server sends it that ignores what was offered.
    let hello = [&[2, 0, 0, 38, 3, 2][..], &[7; 32], &[0, 0xc0, 0x13, 0]].concat();
    let server_hello = [&[0x16, 3, 2, 0, 42][..], &hello].concat();
    for bytes in [alert_protocol_version, server_hello] {
        let fault = ask(&Tls::new().unwrap(), "127.0.0.1", babble(bytes).await).await.unwrap_err();
        assert!(fault.said.as_str().ends_with("offers only TLS older than 1.2"), "{fault}");
        assert!(fault.mend.is_some());
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_or_trickles_ends_at_the_deadline() {
    let mute = listen(|mut stream| async move {
        stream.read_to_end(&mut Vec::new()).await.ok();
    });
    let trickle = listen(|mut stream| async move {
        let mut every = tokio::time::interval(Duration::from_millis(100));
        for byte in [0x16, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(2)) {
            every.tick().await;
            if stream.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    });
    for port in [mute.await, trickle.await] {
        let begun = Instant::now();
        let asked = Tls::new().unwrap().certificate("127.0.0.1", port, now(), Duration::from_secs(1)).await;
        let fault = asked.unwrap_err();
        assert!(fault.said.as_str().ends_with("the TLS handshake did not end within 1 s"), "{fault}");
        assert!(fault.passing && begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_or_is_not_there_says_so() {
    let hangs_up = listen(|stream| async move { drop(stream) }).await;
    let fault = ask(&Tls::new().unwrap(), "127.0.0.1", hangs_up).await.unwrap_err();
    assert!(fault.said.as_str().ends_with("during the TLS handshake") && fault.passing, "{fault}");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let fault = ask(&Tls::new().unwrap(), "127.0.0.1", nobody).await.unwrap_err();
    assert_eq!(fault.said.as_str(), format!("127.0.0.1:{nobody}: refused the connection"));
    for host in ["", "a b", "-", "exa\u{1b}mple.org", "../etc"] {
        let fault = ask(&Tls::new().unwrap(), host, 443).await.unwrap_err();
        assert!(fault.said.as_str().ends_with("neither a host name nor an address"), "{host}: {fault}");
    }
    let fault = ask(&Tls::new().unwrap(), "no-such-host.invalid", 443).await.unwrap_err();
    assert!(fault.said.as_str().contains("can't be resolved"), "{fault}");
}
