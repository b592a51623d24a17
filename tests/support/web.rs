//! A web server that does what it is told: answers, hangs, trickles, breaks off, lies. One thread a connection; it ends with
//! the test's process.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

/// What a server does with a request.
#[derive(Clone, Debug)]
pub enum Does {
    /// Sends these bytes and closes.
    Says(Vec<u8>),
    /// As `Says`, but with `304` to whoever names this tag.
    SaysUnless(&'static str, Vec<u8>),
    /// Sends the first part, then the second again and again, with a pause between.
    Trickles(Vec<u8>, Vec<u8>, Duration),
    /// Sends these bytes and then nothing, for ever.
    FallsSilent(Vec<u8>),
    /// Closes with the request unread, which resets the connection.
    Resets,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked(pub String);

impl Asked {
    pub fn path(&self) -> &str {
        self.0.split(' ').nth(1).unwrap_or_default()
    }

    #[allow(dead_code, reason = "each test program uses a part")]
    pub fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub struct Web {
    pub port: u16,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Web {
    /// A server of paths. What is not named is 404.
    pub fn start(paths: Vec<(&'static str, Does)>) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), paths, None)
    }

    /// On a port that is free again.
    pub fn start_on(port: u16, paths: Vec<(&'static str, Does)>) -> Self {
        Self::listen(TcpListener::bind(("127.0.0.1", port)).unwrap(), paths, None)
    }

    pub fn start_tls(config: ServerConfig, paths: Vec<(&'static str, Does)>) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), paths, Some(Arc::new(config)))
    }

    fn listen(listener: TcpListener, paths: Vec<(&'static str, Does)>, tls: Option<Arc<ServerConfig>>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (paths, heard) = (Arc::new(paths), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (paths, heard, tls) = (Arc::clone(&paths), Arc::clone(&heard), tls.clone());
                std::thread::spawn(move || {
                    // The client going away is what many of these tests are about.
                    match tls {
                        Some(tls) => {
                            let session = rustls::ServerConnection::new(tls).unwrap();
                            serve(&mut rustls::StreamOwned::new(session, stream), &paths, &heard).ok();
                        }
                        None => {
                            serve(&mut Plain(stream), &paths, &heard).ok();
                        }
                    }
                });
            }
        });
        Self { port, scheme, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// A connection, whose end can be made sure of.
trait Connection: Read + Write {
    fn hang_up(&mut self);
}

struct Plain(TcpStream);

impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl Connection for Plain {
    fn hang_up(&mut self) {
        self.0.shutdown(std::net::Shutdown::Write).ok();
        // Waiting for the client's end keeps the kernel from turning this into a reset.
        self.0.read_to_end(&mut Vec::new()).ok();
    }
}

impl Connection for rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
    fn hang_up(&mut self) {
        self.conn.send_close_notify();
        self.flush().ok();
    }
}

fn serve(stream: &mut impl Connection, paths: &[(&str, Does)], heard: &Mutex<Vec<Asked>>) -> std::io::Result<()> {
    let request = request(stream, paths)?;
    let Some(request) = request else { return Ok(()) };
    heard.lock().unwrap().push(request.clone());
    let path = request.path().split('?').next().unwrap_or_default().to_owned();
    // One that is named with its query goes before the path alone.
    let named = |wanted: &str| paths.iter().find(|(known, _)| *known == wanted).map(|(_, does)| does.clone());
    match named(request.path()).or_else(|| named(&path)) {
        None => stream.write_all(&answer("404 Not Found", &[], b"no"))?,
        Some(Does::SaysUnless(tag, _)) if request.header("if-none-match") == Some(tag) => {
            stream.write_all(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")?;
        }
        Some(Does::Says(bytes) | Does::SaysUnless(_, bytes)) => stream.write_all(&bytes)?,
        Some(Does::Trickles(first, again, pause)) => {
            stream.write_all(&first)?;
            loop {
                std::thread::sleep(pause);
                stream.write_all(&again)?;
                stream.flush()?;
            }
        }
        Some(Does::FallsSilent(bytes)) => {
            stream.write_all(&bytes)?;
            stream.flush()?;
            stream.read_to_end(&mut Vec::new())?;
        }
        Some(Does::Resets) => {}
    }
    stream.flush()?;
    stream.hang_up();
    Ok(())
}

/// A request with its body; `None` when this server breaks off before it has read it.
fn request(stream: &mut impl Connection, paths: &[(&str, Does)]) -> std::io::Result<Option<Asked>> {
    if matches!(paths, [(_, Does::Resets)]) {
        // Closing with something unread resets.
        stream.read_exact(&mut [0])?;
        return Ok(None);
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) => head.push(byte[0]),
            Err(error) => return Err(error),
        }
    }
    let mut asked = Asked(String::from_utf8_lossy(&head).into_owned());
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    asked.0.push_str(&String::from_utf8_lossy(&body));
    Ok(Some(asked))
}

/// A whole HTTP/1.1 answer, after which the connection closes.
pub fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

pub fn says(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Does {
    Does::Says(answer(status, headers, body))
}

/// The https address of a server that answers any greeting with these bytes.
pub fn greeted_with(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).ok();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    url
}

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One gigabyte of zeros in about a megabyte: the same compressed piece over and over.
pub fn bomb() -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    let zeros = vec![0; 1 << 20];
    let mut piece = Vec::with_capacity(1 << 16);
    // A full flush ends on a byte and forgets what was before, so that the piece can be repeated.
    Compress::new(Compression::best(), false).compress_vec(&zeros, &mut piece, FlushCompress::Full).unwrap();
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for _ in 0..1_024 {
        bytes.extend_from_slice(&piece);
    }
    bytes.extend_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A certificate authority of this test alone.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "matins test authority");
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server with a certificate for this name or address.
    pub fn server(&self, name: &str) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        config(certificate.der().clone(), &key)
    }

    /// The same as two PEM texts: certificate and key.
    #[allow(dead_code, reason = "each test program uses a part")]
    pub fn pem_pair(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (parameters.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// As [`Self::server`], with a certificate that expired long ago.
    pub fn expired_server(&self, name: &str) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(2021, 1, 1);
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        config(certificate.der().clone(), &key)
    }

    /// A server that vouches for itself.
    pub fn self_signed_server(name: &str) -> ServerConfig {
        Self::self_signed(name).0
    }

    /// The same with its certificate (DER).
    pub fn self_signed(name: &str) -> (ServerConfig, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
        (config(certificate.der().clone(), &key), certificate.der().to_vec())
    }
}

fn config(certificate: rustls::pki_types::CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}
