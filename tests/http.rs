//! The HTTP client against a server that refuses, hangs, trickles, breaks off and lies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use matins::collect::tools::http::{Fetch, Fetched, Http, Patience, Validators};
use matins::domain::Fault;
use support::alone::{alone, is_alone};
use support::web::{Authority, Does, Web, bomb, free_port, greeted_with, gzip, says};
use url::Url;

const CAP: usize = 8 << 20;
const FEED: &[u8] = include_bytes!("fixtures/feeds/debian-dsa.rdf");

/// A client with little patience, so that tests of patience are short.
fn hasty() -> Http {
    Http::patient(Patience { connect: Duration::from_millis(300), idle: Duration::from_millis(400) })
}

async fn fetched(http: &Http, url: &str, total: Duration) -> Result<Fetched, Fault> {
    let url = Url::parse(url).unwrap();
    http.fetch(Fetch { url: &url, validators: None, cap: CAP, total }).await
}

/// The fault of fetching, which must come within two seconds.
async fn fault_of(url: &str) -> Fault {
    let started = Instant::now();
    let fault = fetched(&hasty(), url, Duration::from_secs(1)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(2), "{url} took {:?}", started.elapsed());
    assert!(!fault.said.as_str().contains(['\x1b', '\n']) && !fault.said.as_str().contains("CANARY"), "{fault}");
    fault
}

/// The fault of a server that does this.
async fn fault_from(does: Does) -> Fault {
    let server = Web::start(vec![("/", does)]);
    fault_of(&server.url("/?token=CANARY")).await
}

fn without_port(fault: &Fault) -> String {
    let said = fault.said.to_string();
    let Some((before, after)) = said.split_once("127.0.0.1:") else { return said };
    format!("{before}HOST{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

async fn said_from(does: Does) -> String {
    without_port(&fault_from(does).await)
}

#[tokio::test]
async fn a_refused_connection_says_so_at_once_and_recovers() {
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/");
    let fault = fault_of(&url).await;
    assert_eq!(without_port(&fault), "HOST refused the connection");
    assert!(fault.passing && fault.mend.is_some());
    let _server = Web::start_on(port, vec![("/", says("200 OK", &[], b"back"))]);
    assert!(
        matches!(fetched(&hasty(), &url, Duration::from_secs(2)).await, Ok(Fetched::Body { bytes, .. }) if bytes == b"back")
    );
}

#[tokio::test]
async fn silence_and_trickles_end_at_their_deadlines() {
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let start = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nsome".to_vec();
    let pause = Duration::from_millis(60);
    let silent = fault_from(Does::FallsSilent(Vec::new())).await;
    assert_eq!(without_port(&silent), "HOST: connected, then no answer for 400 ms");
    assert!(silent.passing);
    assert_eq!(
        said_from(Does::Trickles(head, b"X-More: a\r\n".to_vec(), pause)).await,
        "HOST: connected, then no answer for 400 ms"
    );
    assert_eq!(
        said_from(Does::Trickles(start.clone(), b"x".to_vec(), pause)).await,
        "HOST: no whole answer within 1000 ms",
        "each byte is in time, the whole is not"
    );
    assert_eq!(said_from(Does::FallsSilent(start)).await, "HOST fell silent in the middle of its answer");
}

#[tokio::test]
async fn answers_that_are_no_http_are_named() {
    let headers = (0..2_000).fold(b"HTTP/1.1 200 OK\r\n".to_vec(), |mut all, n| {
        all.extend(format!("X-{n}: {}\r\n", "a".repeat(1_000)).into_bytes());
        all
    });
    assert_eq!(said_from(Does::Says(headers)).await, "HOST sends headers without end");
    let garbage: Vec<u8> = (0..4_096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let said = said_from(Does::Says(garbage)).await;
    assert!(said.starts_with("HOST does not answer in HTTP ("), "{said}");
    let said = said_from(Does::Says(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec())).await;
    assert!(said.starts_with("HOST does not answer in HTTP ("), "{said}");
    assert_eq!(said_from(Does::Says(Vec::new())).await, "HOST hung up without an answer");
}

#[tokio::test]
async fn half_an_answer_is_no_answer() {
    for does in [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\nabc".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab".to_vec(),
    ] {
        let fault = fault_from(Does::Says(does)).await;
        assert!(without_port(&fault).starts_with("HOST broke off in the middle of its answer"), "{fault}");
        assert!(fault.passing);
    }
}

#[tokio::test]
async fn a_reset_is_worth_another_try() {
    let fault = fault_from(Does::Resets).await;
    assert_eq!(without_port(&fault), "HOST broke the connection off (reset)");
    assert!(fault.passing);
}

#[tokio::test]
async fn statuses_are_said_and_bodies_of_errors_never_shown() {
    let body = b"\x1b[2Jboo\x1b]0;x";
    for (status, said, passing) in [
        ("500 Broken", "HOST answered 500", true),
        ("502 Bad", "HOST answered 502", true),
        ("503 Busy", "HOST answered 503", true),
        ("401 Who", "HOST wants credentials (401)", false),
        ("403 No", "HOST refused us (403)", false),
        ("404 Not", "moved or gone: HOST answered 404", false),
        ("410 Gone", "moved or gone: HOST answered 410", false),
        ("429 Slow", "HOST answered 429: asked too often", false),
        ("204 No Content", "HOST answered 204: nothing there", false),
        ("304 Same", "HOST answered \"unchanged\" (304), but it was not asked whether", true),
        ("206 Part", "HOST answered with a part that nobody asked for (206)", false),
        ("300 Choose", "HOST answered 300", false),
    ] {
        let bytes = if status.starts_with("204") || status.starts_with("304") { &[][..] } else { body };
        let fault = fault_from(says(status, &[], bytes)).await;
        assert_eq!((without_port(&fault).as_str(), fault.passing), (said, passing));
    }
    assert_eq!(said_from(says("200 OK", &[], b"")).await, "HOST answered with nothing");
}

#[tokio::test]
async fn who_asks_for_peace_gets_it_for_an_hour_at_most() {
    let server = Web::start(vec![("/", says("503 Busy", &[("Retry-After", "999999999")], b"x"))]);
    let http = hasty();
    let ask = async || fetched(&http, &server.url("/"), Duration::from_secs(1)).await;
    let first = ask().await.unwrap_err();
    assert_eq!(without_port(&first), "HOST answered 503 and asks to be left alone for 1 h");
    assert!(!first.passing, "another try at once is what it asked not to do");
    let second = ask().await.unwrap_err();
    assert!(without_port(&second).starts_with("HOST asked to be left alone: "), "{second}");
    assert_eq!(server.asked().len(), 1, "it was left alone");
    let server = Web::start(vec![("/", says("429 Slow", &[("Retry-After", "30")], b"x"))]);
    assert_eq!(
        without_port(&fetched(&http, &server.url("/"), Duration::from_secs(1)).await.unwrap_err()),
        "HOST answered 429 and asks to be left alone for 30 s"
    );
}

#[tokio::test]
async fn redirects_end_and_stay_where_they_may() {
    let to = |place: &str| says("302 Found", &[("Location", place)], b"");
    assert_eq!(said_from(to("/")).await, "HOST redirects in a circle: more than 5 times");
    assert_eq!(said_from(to("file:///etc/passwd")).await, "HOST redirects to a `file:` address: not followed");
    assert_eq!(said_from(to("gopher://x/")).await, "HOST redirects to a `gopher:` address: not followed");
    assert_eq!(said_from(says("302 Found", &[], b"")).await, "HOST redirects without saying where to");
    for (place, realm) in [
        ("http://169.254.169.254/latest/meta-data", "a link-local address (169.254.169.254)"),
        ("http://[fe80::1]/", "a link-local address ([fe80::1])"),
        ("http://10.0.0.1/", "a private network (10.0.0.1)"),
        ("http://0.0.0.0/", "a reserved address (0.0.0.0)"),
    ] {
        assert_eq!(said_from(to(place)).await, format!("redirected into {realm}: not followed"));
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_carries_nothing_along() {
    let second = Web::start(vec![("/feed", says("200 OK", &[("ETag", "\"2\"")], b"there"))]);
    let place = second.url("/feed");
    let first =
        Web::start(vec![("/", says("301 Moved", &[("Location", place.as_str()), ("Set-Cookie", "id=CANARY")], b""))]);
    let http = hasty();
    let url = Url::parse(&first.url("/?a=CANARY")).unwrap();
    let fetch = Fetch { url: &url, validators: None, cap: CAP, total: Duration::from_secs(2) };
    let Ok(Fetched::Body { bytes, validators, url: end, .. }) = http.fetch(fetch).await else { panic!("no body") };
    assert_eq!((bytes.as_slice(), end.as_str()), (&b"there"[..], place.as_str()));
    let fetch = Fetch { url: &url, validators: Some(&validators), cap: CAP, total: Duration::from_secs(2) };
    http.fetch(fetch).await.unwrap();
    let asked = second.asked();
    for name in ["referer", "cookie", "authorization", "x-auth-token"] {
        assert_eq!(asked[0].header(name), None);
    }
    assert!(asked.iter().all(|asked| !asked.0.contains("CANARY")), "{asked:?}");
    assert_eq!(asked[1].header("if-none-match"), Some("\"2\""), "validators go to whom they came from");
    assert_eq!(first.asked()[1].header("if-none-match"), None, "and to nobody else");
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_a_fault() {
    let packed = |body: &[u8]| says("200 OK", &[("Content-Encoding", "gzip")], body);
    let whole = gzip(FEED);
    let server = Web::start(vec![("/", packed(&whole))]);
    let Ok(Fetched::Body { bytes, .. }) = fetched(&hasty(), &server.url("/"), Duration::from_secs(2)).await else {
        panic!("good gzip")
    };
    assert_eq!(bytes, FEED);
    assert_eq!(said_from(packed(b"abcdefgh")).await, "HOST sent a packed answer that cannot be unpacked");
    let cut = fault_from(packed(&whole[..whole.len() / 2])).await;
    assert!(
        without_port(&cut).starts_with("HOST sent a packed answer") || without_port(&cut).starts_with("HOST broke off"),
        "{cut}"
    );
}

#[tokio::test]
async fn too_much_is_refused_before_it_is_held() {
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n".to_vec();
    assert_eq!(said_from(Does::FallsSilent(announced)).await, "HOST sends more than 8 MiB");
    let endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let server = Web::start(vec![("/", Does::Trickles(endless, vec![b'x'; 1 << 20], Duration::from_millis(1)))]);
    let fault = fetched(&hasty(), &server.url("/"), Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(without_port(&fault), "HOST sends more than 8 MiB");
}

#[tokio::test]
async fn a_name_that_nobody_knows_cannot_be_resolved() {
    let fault = fetched(&Http::new().unwrap(), "https://feeds.invalid/x?token=CANARY", Duration::from_secs(10)).await;
    let fault = fault.unwrap_err();
    assert_eq!(fault.said, "feeds.invalid cannot be resolved");
    assert!(fault.passing && fault.mend.is_some());
}

#[tokio::test]
async fn files_are_read_with_the_same_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dsa.rdf");
    std::fs::write(&path, FEED).unwrap();
    let url = Url::from_file_path(&path).unwrap();
    let http = hasty();
    let total = Duration::from_secs(2);
    let Ok(Fetched::Body { validators, .. }) = http.fetch(Fetch { url: &url, validators: None, cap: CAP, total }).await
    else {
        panic!("a file")
    };
    let again = Fetch { url: &url, validators: Some(&validators), cap: CAP, total };
    assert!(matches!(http.fetch(again).await, Ok(Fetched::Unchanged)));
    let said = |url: Url, cap| {
        let http = http.clone();
        async move { http.fetch(Fetch { url: &url, validators: None, cap, total }).await.unwrap_err().said.to_string() }
    };
    assert!(said(url, 100).await.ends_with("is larger than 0 KiB"));
    assert!(said(Url::from_file_path(folder.path()).unwrap(), CAP).await.ends_with("is not a file"));
    assert!(said(Url::parse("file:///dev/zero").unwrap(), CAP).await.ends_with("is not a file"));
    assert!(said(Url::parse("file:///nowhere/x").unwrap(), CAP).await.ends_with("is not there"));
    assert!(said(Url::parse("ftp://x/").unwrap(), CAP).await.contains("no address to fetch from"));
    std::fs::write(&path, b"").unwrap();
    assert!(said(Url::from_file_path(&path).unwrap(), CAP).await.ends_with("is empty"));
}

#[tokio::test]
async fn a_look_tells_status_time_and_where_it_points() {
    let server = Web::start(vec![
        ("/", says("302 Found", &[("Location", "/login?session=CANARY#x")], b"")),
        ("/down", says("503 Down", &[("Retry-After", "100")], b"x")),
        ("/endless", Does::FallsSilent(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n".to_vec())),
    ]);
    let http = hasty();
    let look = async |path: &str| http.look(&Url::parse(&server.url(path)).unwrap(), Duration::from_secs(1)).await;
    let seen = look("/").await.unwrap();
    assert_eq!(seen.status, 302);
    assert_eq!(seen.redirect.unwrap().as_str(), server.url("/login"));
    assert_eq!(look("/down").await.unwrap().status, 503);
    assert_eq!(look("/down").await.unwrap().status, 503, "a look is not a fetch: it is allowed again");
    assert_eq!(look("/endless").await.unwrap().status, 200, "the body is not waited for");
    let nobody = Url::parse(&format!("http://127.0.0.1:{}/", free_port())).unwrap();
    let refused = http.look(&nobody, Duration::from_secs(1));
    assert_eq!(without_port(&refused.await.unwrap_err()), "HOST refused the connection");
}

#[tokio::test]
async fn dropping_the_question_ends_the_connection() {
    let (tell, hear) = std::sync::mpsc::channel();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        use std::io::Read as _;
        let (mut stream, _) = listener.accept().unwrap();
        tell.send(()).unwrap();
        stream.read_to_end(&mut Vec::new()).ok();
        tell.send(()).unwrap();
    });
    let http = Http::new().unwrap();
    let asking = tokio::spawn(async move { fetched(&http, &url, Duration::from_secs(60)).await });
    let hear = tokio::task::spawn_blocking(move || {
        hear.recv_timeout(Duration::from_secs(5)).unwrap();
        hear
    })
    .await
    .unwrap();
    asking.abort();
    let ended = tokio::task::spawn_blocking(move || hear.recv_timeout(Duration::from_secs(5))).await.unwrap();
    assert!(ended.is_ok(), "the connection stayed open");
}

#[tokio::test]
async fn a_tag_that_cannot_be_sent_makes_nothing_unchanged() {
    let server = Web::start(vec![("/feed", says("304 Not Modified", &[], b""))]);
    let validators = Validators { etag: Some("a\nb".into()), last_modified: None, of: None };
    let url = Url::parse(&server.url("/feed")).unwrap();
    let fetch = Fetch { url: &url, validators: Some(&validators), cap: CAP, total: Duration::from_secs(1) };
    let answer = hasty().fetch(fetch).await;
    assert!(answer.is_err(), "{answer:?}");
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

#[tokio::test]
async fn a_gzip_bomb_is_stopped_while_it_is_small() {
    if !is_alone("a_gzip_bomb_is_stopped_while_it_is_small") {
        let server = Web::start(vec![("/", says("200 OK", &[("Content-Encoding", "gzip")], &bomb()))]);
        return alone("a_gzip_bomb_is_stopped_while_it_is_small", &[("MATINS_TEST_URL", server.url("/"))]);
    }
    let fault = fetched(&hasty(), &variable("MATINS_TEST_URL"), Duration::from_secs(30)).await.unwrap_err();
    assert_eq!(without_port(&fault), "HOST sends more than 8 MiB");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
    assert!(peak.parse::<u32>().unwrap() < 60_000, "peak {peak} kB");
}

#[tokio::test]
async fn every_trouble_with_a_certificate_has_its_own_words() {
    let this = "every_trouble_with_a_certificate_has_its_own_words";
    if !is_alone(this) {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, authority.pem()).unwrap();
        let plain = Web::start(vec![("/", says("200 OK", &[], b"unencrypted"))]);
        let place = plain.url("/");
        let pages = || vec![("/", says("200 OK", &[], b"hello"))];
        let down = vec![("/", says("302 Found", &[("Location", place.as_str())], b""))];
        let stalls = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let servers = [
            ("GOOD", Web::start_tls(authority.server("127.0.0.1"), pages())),
            ("EXPIRED", Web::start_tls(authority.expired_server("127.0.0.1"), pages())),
            ("OTHER", Web::start_tls(authority.server("other.example"), pages())),
            ("SELF", Web::start_tls(Authority::self_signed_server("127.0.0.1"), pages())),
            ("DOWN", Web::start_tls(authority.server("127.0.0.1"), down)),
        ];
        let mut variables: Vec<(&str, String)> =
            servers.iter().map(|(name, server)| (*name, server.url("/"))).collect();
        variables.push(("PLAIN", greeted_with(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")));
        // What a server that knows only TLS 1.1 says to our greeting: alert, fatal, protocol version.
        variables.push(("OLD", greeted_with(&[0x15, 3, 2, 0, 2, 2, 70])));
        variables.push(("STALLS", format!("https://{}/", stalls.local_addr().unwrap())));
        variables.push(("SSL_CERT_FILE", file.to_string_lossy().into_owned()));
        return alone(this, &variables);
    }
    let good = fetched(&hasty(), &variable("GOOD"), Duration::from_secs(5)).await;
    assert!(matches!(good, Ok(Fetched::Body { bytes, .. }) if bytes == b"hello"));
    for (name, expected) in [
        ("EXPIRED", "the certificate of HOST expired "),
        ("OTHER", "the certificate of HOST is for another name: "),
        ("SELF", "nobody this machine trusts vouches for HOST"),
        ("PLAIN", "HOST does not speak TLS on this port"),
        ("OLD", "HOST speaks only outdated encryption (older than TLS 1.2)"),
        ("STALLS", "HOST: no connection within 300 ms"),
        ("DOWN", "redirected from https on HOST to unencrypted http on "),
    ] {
        let fault = fault_of(&variable(name)).await;
        assert!(without_port(&fault).starts_with(expected), "{name}: {fault}");
        assert!(fault.mend.is_some() || matches!(name, "OLD" | "DOWN"), "{name}");
    }
}

#[tokio::test]
async fn without_authorities_only_what_is_encrypted_is_out_of_reach() {
    let this = "without_authorities_only_what_is_encrypted_is_out_of_reach";
    if !is_alone(this) {
        let server = Web::start(vec![("/", says("200 OK", &[], b"plain"))]);
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("none.pem");
        std::fs::write(&empty, b"").unwrap();
        let empty = empty.to_string_lossy().into_owned();
        let nothing = folder.path().join("none").to_string_lossy().into_owned();
        let variables = [("SSL_CERT_FILE", empty), ("SSL_CERT_DIR", nothing), ("MATINS_TEST_URL", server.url("/"))];
        return alone(this, &variables);
    }
    let http = hasty();
    assert!(fetched(&http, &variable("MATINS_TEST_URL"), Duration::from_secs(2)).await.is_ok());
    let fault = fetched(&http, "https://127.0.0.1:1/", Duration::from_secs(2)).await.unwrap_err();
    assert!(fault.said.as_str().starts_with("no certificate authorities on this machine"), "{fault}");
    assert_eq!(fault.mend.unwrap(), "apt install ca-certificates, or set SSL_CERT_FILE");
}
