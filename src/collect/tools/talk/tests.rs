use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use proptest::prelude::*;
use tokio::net::TcpListener;

use super::hello::{Reply, client_hello, parse_reply};
use super::*;

/// A server that greets, and answers whatever it is asked.
async fn spoken(greeting: &'static [u8], answer: &'static [u8]) -> Result<Speech, Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(greeting).await.ok();
            let mut asked = [0; 1024];
            if stream.read(&mut asked).await.is_ok_and(|count| count > 0) {
                stream.write_all(answer).await.ok();
            }
        }
    });
    let speech = ask_speech(place, "web1.example.org").await;
    server.abort();
    speech
}

#[tokio::test]
async fn who_speaks_first_is_known_by_its_words_and_asked_for_starttls() {
    for (greeting, answer, protocol, starttls) in [
        (&b"220 mx ESMTP Postfix\r\n"[..], &b"250-mx\r\n250-STARTTLS\r\n250 HELP\r\n"[..], Protocol::Smtp, Some(true)),
        (b"220 mx ESMTP\r\n", b"250 mx\r\n", Protocol::Smtp, Some(false)),
        (b"220 mx ESMTP\r\n", b"421 4.7.0 try again later\r\n", Protocol::Smtp, None),
        (b"220 mx ESMTP\r\n", b"554 you spoke too early\r\n", Protocol::Smtp, None),
        (b"220 mx SMTP\r\n", b"502 command not implemented\r\n", Protocol::Smtp, Some(false)),
        (b"220 ProFTPD Server\r\n", b"211-Features:\r\n AUTH TLS\r\n211 End\r\n", Protocol::Ftp, Some(true)),
        (b"220 (vsFTPd 3.0.3)\r\n", b"211-Features:\r\n211 End\r\n", Protocol::Ftp, Some(false)),
        (b"220 FTP\r\n", b"530 Please login with USER and PASS.\r\n", Protocol::Ftp, None),
        (b"* OK Dovecot ready.\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na OK\r\n", Protocol::Imap, Some(true)),
        (b"+OK Dovecot ready.\r\n", b"+OK\r\nUSER\r\n.\r\n", Protocol::Pop3, Some(false)),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", b"", Protocol::Ssh, None),
        (b"\xff\xfd\x18", b"", Protocol::Telnet, None),
    ] {
        let speech = spoken(greeting, answer).await.unwrap();
        assert_eq!((speech.protocol, speech.starttls), (protocol, starttls), "{greeting:?}");
    }
    assert_eq!(spoken(b"hello?\r\n", b"").await.unwrap_err().said, "its greeting is of no known protocol");
}

#[tokio::test]
async fn plain_http_is_told_from_tls_and_its_redirect_is_read() {
    let plain = spoken(b"", b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    assert_eq!((plain.protocol, plain.redirect), (Protocol::Http, None));
    let redirect =
        spoken(b"", b"HTTP/1.1 301 Moved\r\nServer: x\r\nlocation:  https://web1.example.org/\r\n\r\n").await.unwrap();
    assert_eq!(redirect.redirect.unwrap(), "https://web1.example.org/");
    let other = spoken(b"", b"what?").await.unwrap_err();
    assert_eq!((other.said.as_str(), other.passing), ("it answers neither TLS nor http", false));
}

#[tokio::test]
async fn who_says_nothing_may_speak_anything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    // The kernel takes connections, and nobody answers.
    let silent = ask_speech(place, "web1.example.org").await.unwrap_err();
    assert!(silent.passing, "{silent:?}");
}

#[test]
fn a_greeting_goes_on_after_a_line_with_a_dash() {
    for (greeting, on) in [
        (&b"220-mx ESMTP\r\n"[..], true),
        (b"220-mx\r\n220 mx ESMTP\r\n", false),
        (b"220 mx-1 ESMTP\r\n", false),
        (b"SSH-2.0-x\r\n", false),
        (b"", false),
    ] {
        assert_eq!(goes_on(greeting), on, "{greeting:?}");
    }
}

/// A program that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test starts its server")]
async fn real_server(arguments: &[&str]) -> Speech {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let identity = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, identity.cert.pem()).unwrap();
    std::fs::write(&key, identity.signing_key.serialize_pem()).unwrap();
    let mut command = Command::new("openssl");
    command
        .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert"])
        .arg(certificate)
        .arg("-key")
        .arg(key)
        .args(arguments);
    let mut server = Ended(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut said = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let line = said.find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned)).unwrap();
    ask_speech(line.parse().unwrap(), "localhost").await.unwrap()
}

#[tokio::test]
async fn old_versions_are_found_at_a_real_server_that_takes_them() {
    let old = real_server(&["-cipher", "ALL:@SECLEVEL=0", "-min_protocol", "TLSv1"]).await;
    assert_eq!((old.protocol, &old.old[..]), (Protocol::Tls, &["TLS 1.0".into(), "TLS 1.1".into()][..]));
    let new = real_server(&["-min_protocol", "TLSv1.2"]).await;
    assert_eq!((new.protocol, new.old.len()), (Protocol::Tls, 0));
    // A server that speaks nothing older than 1.3 refuses our 1.2, in TLS.
    let newest = real_server(&["-tls1_3"]).await;
    assert_eq!((newest.protocol, newest.old.len()), (Protocol::Tls, 0));
}

/// A port that takes TLS 1.2; `old` is done with whoever offers something older, and `again` with whoever comes after that.
async fn choosy(old: Manners, again: Manners) -> Result<Speech, Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut kept, mut asked_old) = (Vec::new(), false);
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = Vec::new();
            while asked.len() < 11 && stream.read_buf(&mut asked).await.is_ok_and(|count| count > 0) {}
            let manners = match asked.get(10) {
                Some(3) if asked_old => again,
                Some(3) => Manners::Takes,
                _ => old,
            };
            asked_old |= asked.get(10).is_some_and(|minor| *minor < 3);
            match manners {
                Manners::Takes => stream.write_all(&[22, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3, 9]).await.unwrap(),
                Manners::HangsUp => drop(stream),
                Manners::SaysNothing => kept.push(stream),
            }
        }
    });
    let speech = ask_speech(place, "web1.example.org").await;
    server.abort();
    speech
}

#[derive(Debug, Clone, Copy)]
enum Manners {
    Takes,
    HangsUp,
    SaysNothing,
}

#[tokio::test]
async fn silence_about_an_old_version_is_no_refusal_and_hanging_up_on_it_alone_is_one() {
    let untold = async |old, again| choosy(old, again).await.unwrap().untold;
    assert_eq!(untold(Manners::HangsUp, Manners::Takes).await, Vec::<Shown>::new());
    // It hangs up on everybody by now.
    assert_eq!(untold(Manners::HangsUp, Manners::HangsUp).await, ["TLS 1.0", "TLS 1.1"]);
    assert_eq!(untold(Manners::SaysNothing, Manners::Takes).await, ["TLS 1.0", "TLS 1.1"]);
}

#[tokio::test]
async fn a_port_that_closed_meanwhile_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(ask_speech(place, "web1").await.unwrap_err().said, "it took no second connection");
}

#[test]
fn an_answer_that_is_cut_off_is_none() {
    let hello = [22, 3, 1, 0, 80, 2, 0, 0, 76, 3, 1, 9];
    assert_eq!(parse_reply(&hello), Some(Reply::Accepted(1)));
    assert_eq!(parse_reply(&hello[..10]), None);
    assert_eq!(parse_reply(&[21, 3, 1, 0, 2, 2, 70]), Some(Reply::Refused));
    assert_eq!(parse_reply(b"HTTP/1.1 400"), None);
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in "\\PC{0,120}") {
        parse_reply(&bytes);
        parse_greeting(&bytes);
        parse_redirect(&text);
    }

    #[test]
    fn every_length_in_a_hello_is_right(minor in 1u8..4, name in "[a-z.]{0,60}") {
        let hello = client_hello(minor, &name);
        prop_assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
        prop_assert_eq!(usize::from(u16::from_be_bytes([hello[7], hello[8]])), hello.len() - 9);
    }
}
