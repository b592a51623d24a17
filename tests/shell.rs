//! Scripts, files and folders over a real ssh to a real sshd, and to servers that are none.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod sshd;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use matins::collect::tools::shell::{Shell, quoted};
use matins::domain::Fault;
use matins::domain::register::{Destination, Place};
use sshd::{Sshd, there_is_sshd, web1};

const SOON: Duration = Duration::from_secs(20);
const MIB: usize = 1 << 20;

async fn fails(shell: &Shell, deadline: Duration) -> Fault {
    shell.script(&web1(), "echo hello", deadline, MIB).await.unwrap_err()
}

fn mend(fault: &Fault) -> &str {
    fault.mend.as_ref().map_or("", |mend| mend.as_str())
}

#[tokio::test]
async fn a_script_answers_byte_for_byte_through_a_noisy_login() {
    if !there_is_sshd() {
        return;
    }
    let server = Sshd::start(
        "ForceCommand printf 'Welcome!\\nMATINS1 END x rc=0\\nno line end'; eval \"$SSH_ORIGINAL_COMMAND\"; echo bye",
    );
    let script = "cat; printf '\\000\\377\\nMATINS1 END 0 rc=0\\n#x\\n'; echo trouble >&2; exit 7";
    let ran = server.shell().script(&web1(), script, SOON, MIB).await.unwrap();
    assert_eq!(ran.output, b"\0\xff\nMATINS1 END 0 rc=0\n#x\n");
    assert_eq!((ran.status, ran.complaint().as_str(), ran.noise), (Some(7), "trouble", 3));
}

#[tokio::test]
async fn the_second_script_logs_in_no_more_and_is_quick() {
    if !there_is_sshd() {
        return;
    }
    let server = Sshd::start("");
    let shell = server.shell();
    for n in 0..5 {
        let started = Instant::now();
        let ran = shell.script(&web1(), &format!("echo {n}; echo e >&2"), SOON, MIB).await.unwrap();
        assert_eq!((ran.output, ran.complaints), (format!("{n}\n").into_bytes(), b"e\n".to_vec()));
        // The kept connection would hold our pipes for 20 minutes.
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(server.log().matches("Accepted publickey").count(), 1, "{}", server.log());
    assert_eq!(server.sockets().len(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_hangs_or_died_is_replaced() {
    if !there_is_sshd() {
        return;
    }
    let server = Sshd::start("");
    let shell = server.shell();
    let hello = async || shell.script(&web1(), "echo hello", SOON, MIB).await.map(|ran| ran.output);
    hello().await.unwrap();
    let socket = server.sockets().remove(0).display().to_string();
    let masters = Sshd::processes(&socket);
    assert_eq!(masters.len(), 1);
    let signal = |name: &str, pid: u32| {
        assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
    };
    signal("-STOP", masters[0]);
    let started = Instant::now();
    assert_eq!(hello().await.unwrap(), b"hello\n");
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    signal("-KILL", masters[0]);
    // A socket whose master was killed, and then one whose session died on the server.
    let masters = Sshd::processes(&server.sockets().remove(0).display().to_string());
    signal("-KILL", masters[0]);
    assert_eq!(hello().await.unwrap(), b"hello\n");
    // The script ends its own session: the connection breaks in the middle, and the next script gets a fresh one.
    let cut = shell.script(&web1(), "echo half; kill -9 $PPID; sleep 1", SOON, MIB).await.unwrap_err();
    assert!(cut.passing, "{cut}");
    assert_eq!(hello().await.unwrap(), b"hello\n");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_a_fault() {
    if !there_is_sshd() {
        return;
    }
    let server = Sshd::start("");
    let shell = Shell::with(server.path("bin/ssh"), None);
    let fault = shell.script(&web1(), "head -c 900000 /dev/zero; kill -9 $PPID; sleep 1", SOON, MIB).await.unwrap_err();
    assert_eq!(fault.said, "the answer was cut off");
    assert!(fault.passing);
    assert!(server.sockets().is_empty());
}

#[tokio::test]
async fn endless_output_and_a_hanging_login_end_in_time() {
    if !there_is_sshd() {
        return;
    }
    let server = Sshd::start("");
    let fault = server.shell().script(&web1(), "yes", SOON, MIB).await.unwrap_err();
    assert!(fault.said.as_str().contains("said more than"), "{fault}");
    let hanging = Sshd::start("ForceCommand exec sleep 15");
    let started = Instant::now();
    let fault = fails(&hanging.shell(), Duration::from_secs(2)).await;
    assert_eq!(fault.said, "no answer within 2 s");
    assert!(fault.passing && mend(&fault).contains("ssh web1"));
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert!(hanging.sockets().is_empty(), "a connection that hung is not kept");
}

#[tokio::test]
async fn a_host_key_that_changed_or_is_unknown_is_said_plainly() {
    if !there_is_sshd() {
        return;
    }
    let server = Sshd::start("");
    server.know(&server.path("id.pub"));
    let fault = fails(&server.shell(), SOON).await;
    assert_eq!(fault.said, "its host key changed, ssh refused to log in");
    assert!(mend(&fault).contains("ssh-keygen -R web1") && !fault.passing);
    fs::write(server.path("known"), "").unwrap();
    let fault = fails(&server.shell(), SOON).await;
    assert_eq!(fault.said, "its host key is not known yet");
    assert!(mend(&fault).contains("ssh web1"));
    assert!(!server.log().contains("Accepted"), "{}", server.log());
}

#[tokio::test]
async fn a_refused_login_and_a_missing_key_say_so() {
    if !there_is_sshd() {
        return;
    }
    let server = Sshd::start("");
    fs::write(server.path("authorized"), "").unwrap();
    let fault = fails(&server.shell(), SOON).await;
    assert_eq!(fault.said, "login refused: permission denied");
    let mut keyed = web1();
    keyed.key = Some(server.path("nokey"));
    let fault = server.shell().script(&keyed, "true", SOON, MIB).await.unwrap_err();
    assert!(fault.said.as_str().contains("nokey can't be read"), "{fault}");
}

#[tokio::test]
async fn servers_that_are_none_do_not_hold_us() {
    if !there_is_sshd() {
        return;
    }
    let deadline = Duration::from_secs(2);
    for (port, words) in [
        (sshd::mute(b""), "no answer within 2 s"),
        (sshd::mute(b"SSH-2.0-OpenSSH_9.2\r\n"), "no answer within 2 s"),
        // Lines before a banner are allowed: what a web server says looks like a preface, and then it hangs up.
        (sshd::blurt(b"HTTP/1.0 400 Bad Request\r\n\r\n"), "it hung up before the login"),
        (sshd::blurt(b"\x00\x01\x02\xff\r\n"), "what answers there is not ssh"),
    ] {
        let server = Sshd::at(port);
        let started = Instant::now();
        let fault = fails(&server.shell(), deadline).await;
        assert!(started.elapsed() < Duration::from_secs(8), "{words}: {:?}", started.elapsed());
        assert_eq!(fault.said, words);
    }
    // Nobody listens there.
    let server = Sshd::start("");
    let closed = Sshd::at(server.port);
    drop(server);
    let fault = fails(&closed.shell(), deadline).await;
    assert_eq!(fault.said, "connection refused");
    assert!(fault.passing);
}

#[tokio::test]
async fn a_server_that_drops_us_before_the_login_is_tried_once_more() {
    if !there_is_sshd() {
        return;
    }
    let behind = Sshd::start("");
    for (refuse, works, comes) in [(1, true, 2), (9, false, 2)] {
        let (port, count) = sshd::crowded(behind.port, refuse);
        let front = Sshd::at(port);
        fs::copy(front.path("id.pub"), behind.path("authorized")).unwrap();
        front.know(&behind.path("host.pub"));
        let result = front.shell().script(&web1(), "echo hello", SOON, MIB).await;
        assert_eq!(result.is_ok(), works, "{result:?}");
        assert_eq!(count.load(Ordering::SeqCst), comes);
    }
}

#[tokio::test]
async fn a_configuration_cannot_turn_a_probe_into_something_else() {
    if !there_is_sshd() {
        return;
    }
    let server = Sshd::start("");
    let trace = server.path("trace");
    server.configure(&format!(
        "PermitLocalCommand yes\nLocalCommand touch {0}\nRemoteCommand touch {0}\nRequestTTY force\nForwardAgent yes\n\
         ForwardX11 yes\nLocalForward 127.0.0.1:1 127.0.0.1:2\nDynamicForward 127.0.0.1:3\nStrictHostKeyChecking no\n\
         ControlMaster yes\nControlPath {1}/elsewhere\nLogLevel DEBUG3\nBatchMode no\nConnectTimeout 600",
        trace.display(),
        server.folder.path().display(),
    ));
    let script = "echo \"${SSH_AUTH_SOCK-none} ${DISPLAY-none} ${SSH_TTY-none}\"";
    let ran = server.shell().script(&web1(), script, SOON, MIB).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.output), "none none none\n");
    assert!(ran.complaints.is_empty(), "{}", ran.complaint());
    assert!(!trace.exists() && !server.path("elsewhere").exists());
    fs::write(server.path("known"), "").unwrap();
    let other = Shell::with(server.path("bin/ssh"), None);
    assert_eq!(fails(&other, SOON).await.said, "its host key is not known yet");
}

#[tokio::test]
async fn nothing_that_looks_like_an_option_reaches_ssh_before_the_dashes() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let (fake, record) = (folder.path().join("ssh"), folder.path().join("argv"));
    sshd::write_program(
        &fake,
        &format!(
            "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done >>{}\nenv >>{0}.env\nexec sh -s\n",
            record.display()
        ),
    );
    let shell = Shell::with(fake, None);
    let mut calls = 0;
    for text in ["-oProxyCommand=touch x", "--", "-x", "a b", "$(id)", "web1", "root@web1", "::1", "_x"] {
        let Ok(destination) = Destination::parse(text) else { continue };
        let mut server = web1();
        server.ssh = Some(destination);
        shell.script(&server, "true", SOON, MIB).await.unwrap();
        calls += 1;
    }
    assert_eq!(calls, 4);
    let argv = fs::read_to_string(&record).unwrap();
    let calls: Vec<Vec<&str>> = argv.split("exec sh -s\n").map(|call| call.lines().collect()).collect();
    for call in calls.iter().filter(|call| !call.is_empty()) {
        let (host, dashes) = (call[call.len() - 1], call[call.len() - 2]);
        assert!(dashes == "--" && !host.starts_with('-'), "{call:?}");
        assert!(call.contains(&"StrictHostKeyChecking=yes") && call.contains(&"BatchMode=yes"));
        assert!(!call.iter().any(|word| word.contains("ProxyCommand")));
    }
    let environment = fs::read_to_string(record.with_extension("env")).unwrap();
    for line in environment.lines().filter(|line| !line.starts_with(' ')) {
        let name = line.split('=').next().unwrap();
        let known = [
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "LC_ALL",
            "SSH_AUTH_SOCK",
            "XDG_RUNTIME_DIR",
            "PWD",
            "SHLVL",
            "_",
            "OLDPWD",
        ];
        assert!(known.contains(&name), "{line}");
    }
}

#[tokio::test]
async fn without_ssh_the_fault_says_so() {
    let fault = fails(&Shell::with("/nowhere/ssh", None), SOON).await;
    assert_eq!(fault.said, "ssh is not installed");
    // This machine needs no ssh.
    let ran =
        Shell::with("/nowhere/ssh", None).script(&sshd::server("local", None), "echo $0; exit 3", SOON, MIB).await;
    assert_eq!(ran.unwrap().status, Some(3));
}

#[tokio::test]
async fn at_most_sixteen_conversations_run_at_once() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let here = folder.path().display();
    // Each notes that it runs, counts who runs, and lingers until eight have come.
    sshd::write_program(
        &folder.path().join("ssh"),
        &format!(
            "#!/bin/sh\ntouch {here}/on.$$\nls {here} | grep -c '^on' >>{here}/most\nwhile [ \"$(wc -l <{here}/most)\" -lt 8 ]; do sleep 0.02; done\n\
             sleep 0.2; rm {here}/on.$$\nexec sh -s\n"
        ),
    );
    let shell = Shell::with(folder.path().join("ssh"), None);
    let all = (0..40).map(|_| {
        let shell = shell.clone();
        tokio::spawn(async move { shell.script(&web1(), "true", Duration::from_secs(50), MIB).await.is_ok() })
    });
    for one in all.collect::<Vec<_>>() {
        assert!(one.await.unwrap());
    }
    let most = fs::read_to_string(folder.path().join("most")).unwrap();
    let most = most.lines().map(|line| line.parse::<usize>().unwrap()).max().unwrap();
    assert!((8..=16).contains(&most), "{most} at once");
}

/// Files and folders, here and over ssh.
#[tokio::test]
async fn files_and_folders_read_the_same_here_and_there() {
    if !there_is_sshd() {
        return;
    }
    let server = Sshd::start("");
    let shell = server.shell();
    let folder = server.path("it's a \"place\" $(touch x) `id`");
    fs::create_dir_all(folder.join("alpha.0")).unwrap();
    let bytes: Vec<u8> = (0..100_000u32).map(|n| u8::try_from(n * 7 % 256).unwrap()).collect();
    let names: [&str; 5] = ["-rf", "a\nb", "ü", "plain", "space d"];
    for name in names {
        fs::write(folder.join(name), &bytes).unwrap();
    }
    std::os::unix::fs::symlink("alpha.0", folder.join("latest")).unwrap();
    for host in [web1(), sshd::server("local", None)] {
        let place = |name: &str| Place { server: host.clone(), path: folder.join(name).display().to_string() };
        for name in names {
            let read = shell.read_file(&place(name), MIB).await.unwrap();
            assert_eq!(read.bytes, bytes, "{name}");
        }
        let listed = shell.list_folder(&place("")).await.unwrap();
        let listed: Vec<(String, bool)> =
            listed.into_iter().map(|entry| (String::from_utf8(entry.name).unwrap(), entry.folder)).collect();
        let expected = ["-rf", "a\nb", "alpha.0", "latest", "plain", "space d", "ü"];
        assert_eq!(listed, expected.map(|name| (name.to_owned(), name == "alpha.0")));
        let said = async |name: &str, cap| shell.read_file(&place(name), cap).await.unwrap_err().said.to_string();
        assert!(said("gone/too", MIB).await.ends_with("gone/too is missing"));
        assert!(said("alpha.0", MIB).await.ends_with("is not a file"));
        assert!(said("plain", 1_000).await.contains("larger than"));
        assert!(shell.list_folder(&place("plain")).await.unwrap_err().said.as_str().ends_with("is not a folder"));
    }
    assert!(!server.path("x").exists());
    assert_eq!(quoted("a'b"), "'a'\\''b'");
}

#[tokio::test]
async fn what_may_not_be_read_is_forbidden_and_not_missing() {
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !root && fs::read("/etc/shadow").is_ok() {
        eprintln!("skipped: everything can be read here");
        return;
    }
    // As root nothing is forbidden: then the script runs as somebody else.
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let fake = folder.path().join("ssh");
    let somebody = if root { "setpriv --reuid=65534 --regid=65534 --clear-groups" } else { "" };
    sshd::write_program(&fake, &format!("#!/bin/sh\nexec {somebody} sh -s\n"));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("file"), "x").unwrap();
    fs::write(folder.path().join("mine"), "x").unwrap();
    fs::set_permissions(folder.path().join("mine"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let shell = Shell::with(fake, None);
    let place = |path: &str| Place { server: web1(), path: format!("{}/{path}", folder.path().display()) };
    for path in ["closed/file", "mine"] {
        let fault = shell.read_file(&place(path), MIB).await.unwrap_err();
        assert!(fault.said.as_str().ends_with("can't be read: permission denied"), "{path}: {fault}");
        assert!(fault.mend.is_some());
    }
    assert!(shell.list_folder(&place("closed")).await.unwrap_err().said.as_str().contains("permission denied"));
    assert!(shell.read_file(&place("gone"), MIB).await.unwrap_err().said.as_str().ends_with("gone is missing"));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}
