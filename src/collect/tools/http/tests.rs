//! What needs the inside of the client; everything else is asked of it from outside, in `tests/http.rs`.

use super::*;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

#[tokio::test]
async fn a_public_server_cannot_send_us_to_this_machine() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let port = trap.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let url = Url::parse(&format!("http://{host}:{port}/metadata")).unwrap();
        let fetch = Fetch { url: &url, validators: None, cap: 1_000, total: Duration::from_secs(5) };
        let fault = Http::new().unwrap().follow(&fetch, Some(Realm::Public), None).await.unwrap_err();
        assert!(fault.said.as_str().contains("redirected into this machine"), "{host}: {fault}");
        assert!(fault.mend.is_some());
    }
    assert_eq!(trap.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "it was asked");
}

#[tokio::test]
async fn validators_go_only_to_the_address_that_gave_them() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").unwrap();
        String::from_utf8(request).unwrap().to_lowercase()
    });
    let url = Url::parse(&format!("http://127.0.0.1:{port}/here")).unwrap();
    let elsewhere = Validators { etag: Some("\"1\"".into()), last_modified: None, of: Some("another".into()) };
    let fetch = Fetch { url: &url, validators: Some(&elsewhere), cap: 1_000, total: Duration::from_secs(5) };
    Http::new().unwrap().fetch(fetch).await.unwrap();
    let asked = asked.join().unwrap();
    assert!(!asked.contains("if-none-match"), "{asked}");
    assert!(
        asked.contains("user-agent: matins/") && !asked.contains("referer") && !asked.contains("cookie"),
        "{asked}"
    );
}
