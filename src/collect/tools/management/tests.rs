use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use proptest::prelude::*;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;

use super::*;
use crate::domain::register::Server as Machine;

mod sessions;

const INFO: &str = ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";
const STATUS: &str = "TITLE\tOpenVPN 2.6.14\r\nTIME\t2026-11-23 23:00:08\t1795474808\r\nEND\r\n";
const PASSPHRASE: &str = ">PASSWORD:Need 'Private Key' password\r\n";
const KILLED: &str = "SUCCESS: client-kill command succeeded\r\n";
const NOT_NOW: &str = "ERROR: The 'status' command is not supported by the current daemon mode\r\n";

/// What a server does with the one client that it serves.
enum Act {
    Say(&'static str),
    /// Waits for exactly this line.
    Hear(&'static str),
    /// A byte every 100 ms, for as long as anybody listens.
    Trickle(&'static str),
    /// The same over and over.
    Flood(&'static str),
    /// Hears until the client closes.
    Mute,
}
use Act::{Flood, Hear, Mute, Say, Trickle};

fn here(at: Management) -> Interface {
    Interface { vpn: "gate".into(), server: Machine::local(), at, password: None }
}

fn shell() -> Shell {
    Shell::with("ssh", None)
}

/// A server on a unix socket, and everything that it heard.
struct Server {
    at: Interface,
    heard: Arc<Mutex<Vec<u8>>>,
    serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(acts: Vec<Act>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("management.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let serving = tokio::spawn({
            let heard = heard.clone();
            async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                for act in acts {
                    if play(&mut stream, act, &heard).await.is_none() {
                        return;
                    }
                }
            }
        });
        Self { at: here(Management::Unix(path)), heard, serving, _folder: folder }
    }

    /// What the exchange gave, and, after both ends are closed, all that was ever sent.
    async fn exchange(self, password: Option<&str>) -> (Result<Vec<u8>, Fault>, String) {
        let password = password.map(SecretString::from);
        let answer = self.at.status(&shell(), password.as_ref()).await;
        tokio::time::timeout(Duration::from_secs(20), self.serving).await.expect("it still talks").unwrap();
        let heard = String::from_utf8(self.heard.lock().unwrap().clone()).unwrap();
        (answer, heard)
    }
}

async fn play(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), act: Act, heard: &Mutex<Vec<u8>>) -> Option<()> {
    match act {
        Say(text) => stream.write_all(text.as_bytes()).await.ok(),
        Hear(line) => {
            let mut buffer = vec![0; line.len()];
            stream.read_exact(&mut buffer).await.ok()?;
            heard.lock().unwrap().extend_from_slice(&buffer);
            assert_eq!(String::from_utf8_lossy(&buffer), line);
            Some(())
        }
        Trickle(text) => {
            for byte in text.bytes().cycle() {
                stream.write_all(&[byte]).await.ok()?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            None
        }
        Flood(text) => {
            let text = text.repeat(100);
            while stream.write_all(text.as_bytes()).await.is_ok() {}
            None
        }
        Mute => {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.ok();
            heard.lock().unwrap().extend_from_slice(&rest);
            None
        }
    }
}

async fn refused(acts: Vec<Act>) -> (Fault, String) {
    let (answer, heard) = Server::start(acts).exchange(None).await;
    (answer.unwrap_err(), heard)
}

fn status() -> Vec<u8> {
    STATUS.replace("\r\n", "\n").into_bytes()
}

#[tokio::test]
async fn one_exchange_asks_and_leaves() {
    let acts = vec![Say(INFO), Hear("status 3\n"), Say(STATUS), Hear("quit\n")];
    let (answer, heard) = Server::start(acts).exchange(None).await;
    assert_eq!(answer.unwrap(), status());
    assert_eq!(heard, "status 3\nquit\n");
}

#[tokio::test]
async fn tcp_on_loopback_is_the_same() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = here(Management::parse(&format!("tcp:{}", listener.local_addr().unwrap())).unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let heard = Mutex::default();
        for act in [Say(INFO), Hear("status 3\n"), Say(STATUS), Hear("quit\n")] {
            play(&mut stream, act, &heard).await.unwrap();
        }
    });
    assert_eq!(at.status(&shell(), None).await.unwrap(), status());
    serving.await.unwrap();
}

#[tokio::test]
async fn asynchronous_lines_between_the_rows_are_told_apart() {
    let acts = vec![
        Say(INFO),
        Say(">CLIENT:ESTABLISHED,3\r\n>CLIENT:ENV,password=hunter2\r\n"),
        Hear("status 3\n"),
        Say(
            "TITLE\tOpenVPN 2.6.14\r\n>CLIENT:ENV,password=hunter2\r\n>STATE:1795474808,CONNECTED,SUCCESS,10.8.0.1\r\n",
        ),
        Say("TIME\t2026-11-23 23:00:08\t1795474808\r\n>LOG:1795474808,D,END\r\nEND\r\n"),
        Hear("quit\n"),
    ];
    let (answer, _) = Server::start(acts).exchange(None).await;
    assert_eq!(answer.unwrap(), status());
}

#[tokio::test]
async fn an_answer_in_single_bytes_is_put_together() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = here(Management::Tcp(listener.local_addr().unwrap()));
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        for byte in format!("{INFO}{STATUS}").bytes() {
            stream.write_all(&[byte]).await.unwrap();
        }
        stream.read_to_end(&mut Vec::new()).await.ok();
    });
    assert_eq!(at.status(&shell(), None).await.unwrap(), status());
    serving.await.unwrap();
}

#[tokio::test]
async fn without_a_greeting_nothing_is_sent_and_the_connection_is_closed() {
    let begin = Instant::now();
    let (fault, heard) = refused(vec![Mute]).await;
    assert!(fault.said.as_str().contains("another program holds it"), "{fault}");
    assert!(fault.mend.is_some() && fault.passing);
    assert_eq!(heard, "");
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_greeting_that_trickles_ends_within_its_deadline() {
    let begin = Instant::now();
    let (fault, heard) = refused(vec![Trickle(">INFO")]).await;
    assert!(fault.said.as_str().contains("no greeting within 2 s"), "{fault}");
    assert_eq!(heard, "");
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn an_answer_that_trickles_ends_within_its_deadline() {
    let begin = Instant::now();
    let (fault, _) = refused(vec![Say(INFO), Hear("status 3\n"), Trickle("TITLE\tOpenVPN\r\n")]).await;
    assert!(fault.said.as_str().contains("did not finish its answer within 2 s"), "{fault}");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn an_endless_answer_ends_at_its_cap() {
    for flood in ["CLIENT_LIST\tnobody\tat\tall\r\n", "no line's end at all"] {
        let (fault, _) = refused(vec![Say(INFO), Hear("status 3\n"), Flood(flood)]).await;
        // Slow machines meet the deadline first; either way it ends, and is no answer.
        let said = fault.said.as_str();
        assert!(said.contains("more than 4 MiB") || said.contains("within 2 s"), "{fault}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_a_fault() {
    for cut in ["", "TITLE\tOpen", "TITLE\tOpenVPN 2.6.14\r\nTIME\t2026", "TITLE\tOpenVPN 2.6.14\r\nEND"] {
        let (fault, _) = refused(vec![Say(INFO), Hear("status 3\n"), Say(cut)]).await;
        assert!(fault.said.as_str().contains("in the middle of its answer"), "{cut}: {fault}");
        assert!(fault.passing);
    }
}

#[tokio::test]
async fn a_restart_before_the_greeting_is_a_passing_fault() {
    let (fault, heard) = refused(vec![]).await;
    assert!(fault.said.as_str().contains("closed the connection without a greeting"), "{fault}");
    assert!(fault.passing);
    assert_eq!(heard, "");
}

#[tokio::test]
async fn something_else_on_the_socket_is_said_to_be_something_else() {
    for other in ["SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{1b}]0;x\u{7}\n"] {
        let (fault, heard) = refused(vec![Say(other), Mute]).await;
        assert!(fault.said.as_str().contains("does not speak like"), "{fault}");
        assert!(!fault.passing);
        assert_eq!(heard, "");
    }
}

#[tokio::test]
async fn the_password_is_given_once() {
    let acts = || {
        vec![
            Say("ENTER PASSWORD:"),
            Hear("s3cret\n"),
            Say("SUCCESS: password is correct\r\n"),
            Say(INFO),
            Hear("status 3\n"),
            Say(STATUS),
            Hear("quit\n"),
        ]
    };
    let (answer, _) = Server::start(acts()).exchange(Some("s3cret")).await;
    assert_eq!(answer.unwrap(), status());
    for again in ["ENTER PASSWORD:", "ERROR: bad password\r\nENTER PASSWORD:"] {
        let acts = vec![Say("ENTER PASSWORD:"), Hear("s3cret\n"), Say(again), Mute];
        let (answer, heard) = Server::start(acts).exchange(Some("s3cret")).await;
        let fault = answer.unwrap_err();
        assert!(fault.said.as_str().starts_with("wrong password"), "{fault}");
        assert!(!format!("{fault:?}").contains("s3cret"));
        assert!(!fault.passing);
        assert_eq!(heard, "s3cret\n");
    }
}

#[tokio::test]
async fn a_password_that_is_asked_for_and_not_configured_is_said() {
    let (fault, heard) = refused(vec![Say("ENTER PASSWORD:"), Mute]).await;
    assert!(fault.said.as_str().contains("asks for a password"), "{fault}");
    assert!(fault.mend.unwrap().as_str().contains("password ="));
    assert_eq!(heard, "");
}

#[tokio::test]
async fn a_password_cannot_smuggle_a_command_in() {
    let acts = vec![Say("ENTER PASSWORD:"), Mute];
    let (answer, heard) = Server::start(acts).exchange(Some("s3cret\nsignal SIGTERM")).await;
    assert!(answer.unwrap_err().said.as_str().contains("was not sent"));
    assert_eq!(heard, "");
}

#[tokio::test]
async fn what_openvpn_waits_for_is_said_and_not_given() {
    for (notice, said) in [
        (PASSPHRASE, "waits for its key pass-phrase"),
        (">PASSWORD:Need 'Auth' username/password\r\n", "waits for a password"),
        (">HOLD:Waiting for hold release:0\r\n", "is on hold"),
        (">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:secret']\r\n", "refused `status 3`: ERROR: The 'status'"),
    ] {
        let acts = vec![Say(INFO), Say(notice), Hear("status 3\n"), Say(NOT_NOW), Hear("quit\n")];
        let (answer, heard) = Server::start(acts).exchange(Some("s3cret")).await;
        let fault = answer.unwrap_err();
        assert!(fault.said.as_str().contains(said), "{fault}");
        assert!(!fault.said.as_str().contains("secret'"), "{fault}");
        assert_eq!(heard, "status 3\nquit\n");
    }
    // Where OpenVPN is a client it answers while it waits.
    let acts = vec![Say(INFO), Say(PASSPHRASE), Hear("status 3\n"), Say(STATUS), Hear("quit\n")];
    let (fault, _) = refused(acts).await;
    assert!(fault.said.as_str().contains("waits for its key pass-phrase"), "{fault}");
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_said_with_its_mend() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &Path| here(Management::Unix(path.to_owned()));
    let fault = at(&folder.path().join("nothing.sock")).status(&shell(), None).await.unwrap_err();
    assert!(fault.said.as_str().contains("there is no management socket"), "{fault}");
    assert!(fault.mend.is_some() && fault.passing);

    let dead = folder.path().join("dead.sock");
    drop(UnixListener::bind(&dead).unwrap());
    let fault = at(&dead).status(&shell(), None).await.unwrap_err();
    assert!(fault.said.as_str().contains("nobody listens"), "{fault}");

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let fault = here(Management::Tcp(address)).status(&shell(), None).await.unwrap_err();
    assert!(fault.said.as_str().contains("nobody listens"), "{fault}");

    let closed = folder.path().join("closed.sock");
    let _listener = UnixListener::bind(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    if rustix::process::geteuid().is_root() {
        eprintln!("left out: root may open every socket");
        return;
    }
    let fault = at(&closed).status(&shell(), None).await.unwrap_err();
    assert!(fault.said.as_str().contains("may not be opened"), "{fault}");
    assert!(fault.mend.is_some() && !fault.passing);
}

#[tokio::test]
async fn a_full_queue_is_somebody_else_who_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full.sock");
    // As OpenVPN listens: a queue of one.
    let socket = tokio::net::UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    let _listener = socket.listen(1).unwrap();
    let mut others = Vec::new();
    while let Ok(other) = UnixStream::connect(&path).await {
        others.push(other);
        assert!(others.len() < 10);
    }
    let begin = Instant::now();
    let fault = here(Management::Unix(path)).status(&shell(), None).await.unwrap_err();
    assert!(fault.said.as_str().contains("another program holds it"), "{fault}");
    assert!(begin.elapsed() < Duration::from_secs(1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_it_says_is_an_answer_or_a_fault(said in proptest::collection::vec(any::<u8>(), 0..400), greets in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("any.sock");
            let listener = UnixListener::bind(&path).unwrap();
            let serving = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                if greets {
                    stream.write_all(INFO.as_bytes()).await.ok();
                }
                stream.write_all(&said).await.ok();
            });
            // It closes at its end: there is nothing to wait for.
            let answer = here(Management::Unix(path)).status(&shell(), None).await;
            assert!(answer.is_err() || answer.unwrap().ends_with(b"END\n"));
            serving.await.unwrap();
        });
    }
}
