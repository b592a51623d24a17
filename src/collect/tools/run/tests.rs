use super::*;
use std::time::Instant;

fn sh(script: &str) -> Program {
    Program::new("sh").arguments(["-c", script])
}

#[tokio::test]
async fn a_program_says_what_it_has_to_say() {
    let mut program = sh("cat; echo no >&2; exit 3");
    program.input = vec![7; 300_000];
    let ran = run(program).await.unwrap();
    assert_eq!((ran.status, ran.output.len(), ran.complaint().as_str()), (Some(3), 300_000, "no"));
}

#[tokio::test]
async fn a_missing_program_is_a_fault_that_says_so() {
    let fault = run(Program::new("no-such-program-here")).await.unwrap_err();
    assert_eq!(fault.said, "no-such-program-here is not installed");
    assert!(fault.mend.is_some());
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_all_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let mut program = sh(&format!("sleep 600 & echo $! >{}; wait", file.display()));
    program.deadline = Duration::from_millis(700);
    let fault = run(program).await.unwrap_err();
    assert_eq!(fault.said, "sh did not end within 0.7 s and was ended");
    assert!(fault.passing);
    let pid: i32 = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
    // SIGKILL is delivered at once, but init may take a moment to collect the orphan: a zombie counts as gone.
    let gone =
        |pid: i32| std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "));
    let started = Instant::now();
    while !gone(pid) {
        assert!(started.elapsed() < Duration::from_secs(5), "{pid} still lives");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn endless_output_is_cut_off_at_once() {
    let started = Instant::now();
    let mut program = sh("yes");
    program.cap = 1 << 20;
    assert_eq!(run(program).await.unwrap_err().said, "sh said more than 1024 KiB and was ended");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn endless_complaints_end_at_the_deadline_and_fill_nothing() {
    let mut program = sh("yes >&2");
    program.deadline = Duration::from_millis(500);
    assert!(run(program).await.unwrap_err().said.as_str().contains("0.5 s"));
}

#[tokio::test]
async fn somebody_left_behind_with_our_pipes_does_not_hold_us() {
    let started = Instant::now();
    let ran = run(sh("setsid sleep 20 & echo done")).await.unwrap();
    assert_eq!((ran.output.as_slice(), ran.status), (b"done\n".as_slice(), Some(0)));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn silence_is_noticed_before_the_deadline() {
    let mut program = sh("sleep 600");
    program.first_word = Some(Duration::from_millis(300));
    assert!(matches!(attempt(program).await, Err(Stopped::Mute(_))));
}

#[tokio::test]
async fn only_named_variables_reach_a_program() {
    let ran = run(sh("env")).await.unwrap();
    let text = String::from_utf8(ran.output).unwrap();
    for line in text.lines() {
        let name = line.split('=').next().unwrap();
        assert!(["PATH", "HOME", "USER", "LOGNAME", "LC_ALL", "PWD", "SHLVL", "_", "OLDPWD"].contains(&name), "{line}");
    }
}
