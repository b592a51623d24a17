//! Mail and ftp servers as a sweep of ports sees them: real dovecot, aiosmtpd and vsftpd on loopback, their certificates
//! behind STARTTLS.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

#[path = "support/web.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod web;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::tools::tls::Tls;
use matins::collect::{ALL, Answer};
use matins::domain::facts::{Protocol, Speech, Views};
use matins::domain::register::{Register, Server};
use matins::domain::settings::Entry;
use matins::domain::{Fact, Period, Port};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use web::Authority;

/// A program that is ended with the test, by its pid.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // dovecot ends its own children when it is asked to.
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.0.wait().unwrap();
    }
}

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// IMAP and POP3 by dovecot; `None`, said aloud, where it is not installed.
fn dovecot(folder: &Path, versions: &str) -> Option<(Ended, u16, u16)> {
    if !Path::new("/usr/sbin/dovecot").exists() {
        eprintln!("left out: dovecot is not installed");
        return None;
    }
    let (imap, pop3, at) = (free(), free(), folder.display());
    // As root it becomes its package's own users, else it stays who it is.
    let user = if rustix::process::geteuid().is_root() {
        String::new()
    } else {
        let me = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        format!("default_internal_user = {0}\ndefault_login_user = {0}\n", me.trim())
    };
    let listener = |name: &str, port: u16| {
        format!(
            "service {name}-login {{\n chroot =\n inet_listener {name} {{\n  address = 127.0.0.1\n  port = {port}\n }}\n \
             inet_listener {name}s {{\n  port = 0\n }}\n}}\n"
        )
    };
    let text = format!(
        "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\nprotocols = imap pop3\nssl = yes\n\
         ssl_cert = <{at}/cert.pem\nssl_key = <{at}/key.pem\n{versions}{user}passdb {{\n driver = static\n args = nopassword\n}}\n\
         userdb {{\n driver = static\n args = uid=nobody gid=nogroup home=/nonexistent\n}}\n{}{}",
        listener("imap", imap),
        listener("pop3", pop3)
    );
    fs::write(folder.join("dovecot.conf"), text).unwrap();
    let mut command = Command::new("/usr/sbin/dovecot");
    command.arg("-F").arg("-c").arg(folder.join("dovecot.conf")).stdin(Stdio::null());
    let server = Ended(command.spawn().unwrap());
    let end = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", imap)).is_err() || TcpStream::connect(("127.0.0.1", pop3)).is_err() {
        assert!(Instant::now() < end, "{}", fs::read_to_string(folder.join("log")).unwrap_or_default());
        std::thread::yield_now();
    }
    Some((server, imap, pop3))
}

/// SMTP by aiosmtpd.
fn smtp(folder: &Path) -> Option<(Ended, u16)> {
    let there = Command::new("/usr/bin/python3").args(["-c", "import aiosmtpd"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: python3-aiosmtpd is not installed");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/mail.py");
    let mut command = Command::new("/usr/bin/python3");
    command.args([script, folder.join("cert.pem"), folder.join("key.pem")]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    Some((Ended(child), line.trim().parse().unwrap()))
}

/// FTP by vsftpd, with AUTH TLS or without; `None`, said aloud, where it is not installed.
fn ftp(folder: &Path, tls: bool) -> Option<(Ended, u16)> {
    if !Path::new("/usr/sbin/vsftpd").exists() {
        eprintln!("left out: vsftpd is not installed");
        return None;
    }
    let (port, at) = (free(), folder.display());
    // As root it becomes its package's own users, else it stays who it is.
    let user = if rustix::process::geteuid().is_root() { "" } else { "run_as_launching_user=YES\n" };
    let tls = if tls {
        format!("ssl_enable=YES\nrsa_cert_file={at}/cert.pem\nrsa_private_key_file={at}/key.pem\n")
    } else {
        String::new()
    };
    fs::create_dir_all(folder.join("empty")).unwrap();
    let text = format!(
        "listen=YES\nlisten_ipv6=NO\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nseccomp_sandbox=NO\n\
         anonymous_enable=NO\nlocal_enable=YES\nsecure_chroot_dir={at}/empty\n{user}{tls}"
    );
    fs::write(folder.join("vsftpd.conf"), text).unwrap();
    let server =
        Ended(Command::new("/usr/sbin/vsftpd").arg(folder.join("vsftpd.conf")).stdin(Stdio::null()).spawn().unwrap());
    let end = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "vsftpd does not listen");
        std::thread::yield_now();
    }
    Some((server, port))
}

/// What the collector hears of these ports.
async fn heard(authority: &Authority, ports: &[u16]) -> Vec<Speech> {
    let collector = ALL.iter().find(|collector| collector.name == "exposure").unwrap();
    let value = serde_json::json!({ "outside": "console" });
    let entry = Entry { section: "exposure", value, place: "a.toml:1".into(), index: 0 };
    let declared = ports.iter().map(|port| Port::tcp(*port).to_string().parse().unwrap()).collect();
    let server = Server { ports: Some(declared), addresses: vec!["localhost".into()], ..Server::local() };
    let register = Register { servers: vec![server], persons: Vec::new(), configured: true };
    let source = (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0);
    let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
    let tools = Tools { tls: Tls::trusting(vec![root]).unwrap(), ..Tools::new(Timestamp::now).unwrap() };
    let Answer::Seen { observations, .. } = source.ask.ask(&tools, None).await.unwrap() else { panic!("it answers") };
    let Fact::Views(Views { spoken, unheard, .. }) = observations.into_iter().next().unwrap().fact else {
        panic!("no views")
    };
    assert_eq!(unheard, []);
    spoken
}

fn folder(authority: &Authority, name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    // dovecot's own users look into it.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (certificate, key) = authority.pem_pair(name);
    fs::write(folder.path().join("cert.pem"), certificate).unwrap();
    fs::write(folder.path().join("key.pem"), key).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_behind_starttls_are_read_as_those_of_direct_tls() {
    let authority = Authority::new();
    let folder = folder(&authority, "localhost");
    let Some((_mail, imap, pop3)) = dovecot(folder.path(), "ssl_min_protocol = TLSv1.2\n") else { return };
    let Some((_post, smtp)) = smtp(folder.path()) else { return };
    let spoken = heard(&authority, &[imap, pop3, smtp]).await;
    assert_eq!(spoken.len(), 3);
    for (port, protocol) in [(imap, Protocol::Imap), (pop3, Protocol::Pop3), (smtp, Protocol::Smtp)] {
        let speech = spoken.iter().find(|speech| speech.port == Port::tcp(port)).unwrap();
        assert_eq!((speech.protocol, speech.starttls), (protocol, Some(true)));
        assert_eq!((speech.old.len(), speech.untold.len(), speech.named), (0, 0, true), "{speech:?}");
        let certificate = speech.certificate.as_ref().unwrap().as_result().unwrap();
        assert_eq!(certificate.names, ["localhost"]);
        assert!(certificate.name_matches && certificate.trusted.as_result().is_ok(), "{certificate:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_a_strange_authority_and_old_versions_are_found_behind_starttls() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let folder = folder(&authority, "mail.example.org");
    let old = "ssl_min_protocol = TLSv1\nssl_cipher_list = ALL:@SECLEVEL=0\n";
    let Some((_mail, imap, pop3)) = dovecot(folder.path(), old) else { return };
    for port in [imap, pop3] {
        let speech = heard(&authority, &[port]).await.remove(0);
        assert_eq!(speech.old, ["TLS 1.0", "TLS 1.1"]);
        let certificate = speech.certificate.unwrap();
        let certificate = certificate.as_result().unwrap();
        assert!(!certificate.name_matches && certificate.trusted.as_result().is_err());
    }
    let speech = heard(&stranger, &[imap]).await.remove(0);
    assert!(speech.certificate.unwrap().as_result().unwrap().trusted.as_result().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn ftp_is_plain_without_auth_tls_and_with_it_its_certificate_is_read() {
    let authority = Authority::new();
    let (plain, sealed) = (folder(&authority, "localhost"), folder(&authority, "localhost"));
    let Some((_plain, open)) = ftp(plain.path(), false) else { return };
    let Some((_sealed, behind)) = ftp(sealed.path(), true) else { return };
    let spoken = heard(&authority, &[open, behind]).await;
    let of = |port: u16| spoken.iter().find(|speech| speech.port == Port::tcp(port)).unwrap();
    assert_eq!((of(open).protocol, of(open).starttls), (Protocol::Ftp, Some(false)));
    assert!(of(open).certificate.is_none(), "{:?}", of(open));
    assert_eq!((of(behind).protocol, of(behind).starttls), (Protocol::Ftp, Some(true)));
    let certificate = of(behind).certificate.as_ref().unwrap().as_result().unwrap();
    assert!(certificate.name_matches && certificate.trusted.as_result().is_ok(), "{certificate:?}");
}
