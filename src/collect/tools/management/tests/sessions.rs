//! Ending a session.

use super::*;

/// Has the session 5 ended if `meant`; what was answered, and all that was ever sent.
async fn killed(acts: Vec<Act>, meant: bool) -> (Result<Shown, Fault>, String) {
    let server = Server::start(acts);
    let check = |list: &[u8]| {
        assert_eq!(list, status());
        if meant { Ok(()) } else { Err(Fault::new("that is somebody else")) }
    };
    let answer = server.at.kill(&shell(), None, 5, check).await;
    tokio::time::timeout(Duration::from_secs(20), server.serving).await.expect("it still talks").unwrap();
    let heard = String::from_utf8(server.heard.lock().unwrap().clone()).unwrap();
    (answer, heard)
}

#[tokio::test]
async fn a_session_is_ended_in_the_exchange_that_saw_it() {
    let acts = |answer| {
        vec![
            Say(INFO),
            Hear("status 3\n"),
            Say(STATUS),
            Hear("client-kill 5\n"),
            Say(">CLIENT:DISCONNECT,5\r\n>CLIENT:ENV,password=hunter2\r\n"),
            Say(answer),
            Hear("quit\n"),
        ]
    };
    for answer in [KILLED, "ERROR: client-kill command failed\r\n"] {
        let (said, heard) = killed(acts(answer), true).await;
        assert_eq!(said.unwrap(), *answer.trim());
        assert_eq!(heard, "status 3\nclient-kill 5\nquit\n");
    }
}

#[tokio::test]
async fn somebody_else_s_session_is_left_alone() {
    let (answer, heard) = killed(vec![Say(INFO), Hear("status 3\n"), Say(STATUS), Hear("quit\n"), Mute], false).await;
    assert_eq!(answer.unwrap_err().said, "that is somebody else");
    assert_eq!(heard, "status 3\nquit\n");
    // Without a list nobody is anybody.
    let acts = vec![Say(INFO), Hear("status 3\n"), Say(NOT_NOW), Hear("quit\n"), Mute];
    let (answer, heard) = killed(acts, true).await;
    assert!(answer.unwrap_err().said.as_str().contains("refused `status 3`"));
    assert_eq!(heard, "status 3\nquit\n");
}

#[tokio::test]
async fn what_was_sent_and_not_answered_is_no_fault_that_says_that_nothing_was_sent() {
    let sent = || vec![Say(INFO), Hear("status 3\n"), Say(STATUS), Hear("client-kill 5\n")];
    let (answer, _) = killed(sent(), true).await;
    assert!(answer.unwrap().as_str().contains("closed the connection without an answer"));
    let mut mute = sent();
    mute.push(Mute);
    let begin = Instant::now();
    let (answer, heard) = killed(mute, true).await;
    assert!(answer.unwrap().as_str().contains("did not answer within 2 s"));
    assert_eq!(heard, "status 3\nclient-kill 5\nquit\n");
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
}
