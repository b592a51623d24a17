//! `matins probe`: a key that is forced to run the probe can do that and nothing else, proven at a real sshd.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod sshd;

use std::fs;
use std::process::{Command, Output, Stdio};

use matins::collect::tools::Tools;
use matins::collect::{ALL, Answer, PROBE_PATH, Source};
use matins::domain::register::Register;
use matins::domain::{Fact, Period};
use sshd::{Sshd, there_is_sshd};

fn matins(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_matins"));
    let ran = command.args(arguments).env_clear().env("HOME", home.path()).output().unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

/// A server whose only key is forced to run the installed probe, as the two commands print them.
fn forced(change: impl Fn(String) -> String) -> Sshd {
    let server = Sshd::start("AllowTcpForwarding yes\nPermitTTY yes\nSubsystem sftp internal-sftp");
    let probe = server.path("probe");
    sshd::write_program(&probe, &change(matins(&["probe", "show"])));
    let line = matins(&["probe", "authorized-keys", "--key", server.path("id.pub").to_str().unwrap()]);
    fs::write(server.path("authorized"), line.replace(PROBE_PATH, probe.to_str().unwrap())).unwrap();
    server
}

fn ssh(server: &Sshd, arguments: &[&str], input: &str) -> Output {
    let file = server.path("input");
    fs::write(&file, input).unwrap();
    // A forwarding that is granted would wait for ever.
    let mut command = Command::new("timeout");
    command.arg("60").arg(server.path("bin/ssh"));
    command.args(["-o", "BatchMode=yes", "-o", "ControlPath=none", "-o", "ExitOnForwardFailure=yes"]).args(arguments);
    command.stdin(Stdio::from(fs::File::open(file).unwrap())).output().unwrap()
}

fn source() -> Source {
    let register = Register { servers: vec![sshd::web1()], persons: Vec::new(), configured: true };
    let collector = ALL.iter().find(|collector| collector.name == "servers").unwrap();
    (collector.plan)(&[], &register, Period::minutes(15)).unwrap().remove(0)
}

fn tools(server: &Sshd) -> Tools {
    let mut tools = Tools::new(|| std::time::SystemTime::now().try_into().unwrap()).unwrap();
    tools.shell = server.shell();
    tools
}

#[tokio::test]
async fn a_forced_key_answers_as_any_other_and_twice_the_second_time_with_nothing_new() {
    if !there_is_sshd() {
        return;
    }
    let server = forced(|probe| probe);
    let tools = tools(&server);
    let Answer::Seen { observations, memory } = source().ask.ask(&tools, None).await.unwrap() else { panic!("seen") };
    assert!(observations.iter().any(|observation| matches!(observation.fact, Fact::HostSeen(_))));
    let Some(memory) = memory else { panic!("the digest is remembered") };
    // A busy machine may have opened a port in between: then it says so, and the next time it is the same.
    let mut memory = memory;
    for _ in 0..5 {
        match source().ask.ask(&tools, Some(&memory)).await.unwrap() {
            Answer::Unchanged => return,
            Answer::Seen { memory: left, .. } => memory = left.unwrap_or(memory),
        }
    }
    panic!("it never stayed the same");
}

/// `systemctl restart` changes none of the files that the digest is made from.
#[tokio::test]
async fn services_that_were_restarted_are_seen_the_next_time() {
    if !there_is_sshd() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let says = folder.path().join("needrestart");
    let needrestart = format!("\nservices() {{ cat {}; return; }}\nunasked() {{", says.display());
    let server = forced(|probe| probe.replace("\nservices() {", &needrestart));
    let tools = tools(&server);
    let ask = async |said: &str, memory: Option<&str>| {
        fs::write(&says, said).unwrap();
        let Answer::Seen { observations, memory } = source().ask.ask(&tools, memory).await.unwrap() else {
            panic!("services are asked for again")
        };
        let host = observations.into_iter().find_map(|one| match one.fact {
            Fact::HostSeen(host) => Some(host),
            _ => None,
        });
        (host.unwrap().outdated_services.as_result().unwrap().len(), memory.unwrap())
    };
    let version = "NEEDRESTART-VER: 3.6\n";
    let (outdated, memory) = ask(&format!("{version}NEEDRESTART-SVC: nginx.service\n"), None).await;
    assert_eq!(outdated, 1);
    assert_eq!(ask(version, Some(&memory)).await.0, 0);
}

#[tokio::test]
async fn another_version_of_the_installed_probe_is_said_plainly() {
    if !there_is_sshd() {
        return;
    }
    let server = forced(|probe| {
        let version = probe.split("version ").nth(1).unwrap().split('.').next().unwrap().to_owned();
        probe.replace(&version, "0000000000000000")
    });
    let fault = source().ask.ask(&tools(&server), None).await.unwrap_err();
    assert_eq!(fault.said, "the probe that is installed there is another version");
    assert!(fault.mend.unwrap().as_str().contains("matins probe show"));
}

#[test]
fn a_forced_key_can_do_nothing_else() {
    if !there_is_sshd() {
        return;
    }
    let server = forced(|probe| probe);
    let proof = server.path("proof");
    let touch = format!("touch {}", proof.display());
    let nonce = "00112233445566778899aabbccddeeff";
    let question =
        |begin: &str, memory: &str| format!("{{\n{begin}\n(\n{memory}\n{touch}\n) </dev/null\n}}\n{touch}\n");
    let begin = format!("printf '\\nMATINS1 BEGIN %s\\n' {nonce}");
    // What is asked as it should be is answered, and what follows it is never run.
    let good = ssh(&server, &["web1", &touch], &question(&begin, "known='' power='none' had=''"));
    assert!(String::from_utf8_lossy(&good.stdout).contains(&format!("MATINS1 END {nonce} rc=0")), "{good:?}");
    for (begin, memory) in [
        (touch.as_str(), "known='' power='' had=''"),
        (begin.as_str(), touch.as_str()),
        (begin.as_str(), "known='' power='root; id' had=''"),
        (begin.as_str(), "known='$(id)' power='' had=''"),
        (begin.as_str(), "known='' power='sudo:8;id' had=''"),
        (begin.as_str(), "known='' power='' had='a:$(id)'"),
        (begin.as_str(), "known='' power='' had='' x=''"),
        (begin.as_str(), "known='' power=''"),
        (begin.as_str(), "known='' power='none' x='y' had=''"),
        ("printf '\\nMATINS1 BEGIN %s\\n' `id`", "known='' power='' had=''"),
        ("printf '\\nMATINS1 BEGIN %s\\n' ../../etc", "known='' power='' had=''"),
    ] {
        let ran = ssh(&server, &["web1", "sh -s"], &question(begin, memory));
        assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(126), &b""[..]), "{begin} {memory}: {ran:?}");
    }
    for command in [touch.as_str(), "sh", "bash -i", "scp -t /tmp", "exec sh -s", ""] {
        let ran = ssh(&server, &["web1", command], &touch);
        assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(126), &b""[..]), "{command}: {ran:?}");
    }
    let port = server.port.to_string();
    // sshd itself refuses, before the probe could; sftp is a command as any other to it, which the probe answers with 126.
    for (arguments, refusal) in [
        (&["-tt", "web1"][..], "PTY allocation request failed"),
        (&["-s", "web1", "sftp"], ""),
        (&["-W", &format!("127.0.0.1:{port}"), "web1"], "administratively prohibited"),
        (&["-N", "-R", &format!("0:127.0.0.1:{port}"), "web1"], "remote port forwarding failed"),
        (&["-A", "-X", "web1", "env"], "may run matins' probe and nothing else"),
    ] {
        let ran = ssh(&server, arguments, &touch);
        assert!(!ran.status.success(), "{arguments:?}: {ran:?}");
        let complaint = String::from_utf8_lossy(&ran.stderr);
        assert!(complaint.contains(refusal), "{arguments:?}: {ran:?}");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(!said.contains("SSH-2.0") && !said.contains("SSH_"), "{arguments:?}: {ran:?}");
    }
    assert!(!proof.exists(), "something ran");
}

#[test]
fn sudos_rules_are_rules_and_a_strange_login_is_refused() {
    let rules = matins(&["probe", "sudoers", "--login", "watcher"]);
    assert!(rules.contains("watcher ALL=(root) TIMEOUT=20 NOPASSWD: \\\n    /usr/sbin/nft -s -j list ruleset, \\\n"));
    // The lab's host has them as they are printed.
    let lab = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/sudoers");
    assert_eq!(matins(&["probe", "sudoers", "--login", "probe"]), fs::read_to_string(lab).unwrap());
    for login in ["", "a b", "root ALL=(ALL) ALL\n", "-x", "%sudo", "ALL"] {
        let ran =
            Command::new(env!("CARGO_BIN_EXE_matins")).args(["probe", "sudoers", &format!("--login={login}")]).output();
        assert_eq!(ran.unwrap().status.code(), Some(64), "{login}");
    }
    if Command::new("visudo").arg("-V").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: visudo is not here to read the rules");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules");
    fs::write(&file, rules).unwrap();
    let checked = Command::new("visudo").arg("-cf").arg(&file).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn a_private_key_is_never_printed() {
    let server = Sshd::at(1);
    let private = server.path("id");
    let mut command = Command::new(env!("CARGO_BIN_EXE_matins"));
    let ran = command.args(["probe", "authorized-keys", "--key"]).arg(private).output().unwrap();
    assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(66), &b""[..]));
}
