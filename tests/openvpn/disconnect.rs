//! Sessions that a person ends in the console.

use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use super::home::{Home, text};
use super::pty::Terminal;
use super::sshd::{Sshd, there_is_sshd};
use super::world::{World, free_port};

/// Names as certificates may have them: what would be another command, an option, a quotation.
const HOSTILE: [&str; 2] = ["evil\nclient-kill 0\nsignal SIGTERM", "-x roman, \"kill' all"];
/// A session is closed five seconds after its end was asked for, and looked for five more.
const PATIENCE: Duration = Duration::from_secs(60);

fn register(world: &World) -> String {
    register_at(world, &format!("unix:{}", world.path("m.sock").display()))
}

fn register_at(world: &World, management: &str) -> String {
    format!(
        "[console]\ntimezone = \"UTC\"\noperator = \"mona\"\nactions = true\n[[server]]\nname = \"web1\"\n\
         [[vpn]]\nname = \"gate\"\nkind = \"openvpn\"\nmanagement = \"{management}\"\npassword = {{ file = \"{}\" }}\n\
         [[peer]]\nname = \"roman's laptop\"\ncommon_name = \"roman\"\n",
        world.path("password").display()
    )
}

/// The console on the VPN's panel.
fn console(home: &Home) -> Terminal {
    console_with(home, None)
}

fn console_with(home: &Home, ssh: Option<&Sshd>) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_matins"));
    command.env_clear();
    let at = |name: &str| home.path().join(name).display().to_string();
    for (name, value) in [
        ("PATH", std::env::var("PATH").unwrap()),
        ("TERM", "xterm-256color".into()),
        ("LC_ALL", "C.UTF-8".into()),
        ("HOME", at("")),
        ("XDG_CONFIG_HOME", at("config")),
        ("XDG_STATE_HOME", at("state")),
        ("XDG_RUNTIME_DIR", at("")),
    ] {
        command.env(name, value);
    }
    if let Some(ssh) = ssh {
        command.env("PATH", path_with(ssh));
    }
    let mut terminal = Terminal::start(command, 200, 50);
    terminal.shows("Needs you");
    terminal.press("3");
    terminal.shows("is in nobody's register");
    terminal
}

fn path_with(ssh: &Sshd) -> String {
    format!("{}:{}", ssh.path("bin").display(), std::env::var("PATH").unwrap())
}

/// Who is connected, by what the server says: common name, and the number of the session.
fn sessions(world: &World) -> Vec<(String, u64)> {
    let mut talk = world.talk("m.sock");
    talk.send("status 3\n");
    let said = talk.until("\nEND\r\n");
    let rows = said.lines().filter_map(|line| line.strip_prefix("CLIENT_LIST\t"));
    let mut sessions: Vec<_> = rows
        .map(|row| row.split('\t').collect::<Vec<_>>())
        .filter(|cells| !cells[2].is_empty())
        .map(|cells| (cells[0].to_owned(), cells[9].parse().unwrap()))
        .collect();
    sessions.sort();
    sessions
}

fn record(home: &Home) -> String {
    text(&home.run(&["log", "show"]).stdout)
}

/// Waits until the record tells of it: the screen has it a moment earlier.
fn recorded(home: &Home, wanted: &str) {
    let begin = Instant::now();
    while !record(home).contains(wanted) {
        assert!(begin.elapsed() < PATIENCE, "no {wanted} in {}", record(home));
    }
}

/// Asks for the end of the selected client's sessions, as far as the question.
fn ask(terminal: &mut Terminal, name: &str) {
    terminal.press("K");
    terminal.shows(&format!("Disconnect {name}"));
    terminal.shows("▸ Cancel");
}

#[test]
fn a_session_is_ended_only_when_confirmed_and_one_that_comes_back_is_said_to() {
    for hostile in HOSTILE {
        let Some(world) = World::new(&["roman", hostile]) else { return };
        let _server = world.serve(&[]);
        let _roman = world.join("roman", &[]);
        let mut other = world.join(hostile, &[]);
        let before = sessions(&world);
        assert_eq!(before.len(), 2, "{before:?}");
        let (name, id) = before.iter().find(|(name, _)| name != "roman").unwrap();
        let home = Home::new(&register(&world));
        let mut terminal = console(&home);
        for answer in ["\r", "\t\x1b", "\t\r\x1b", "\tgat\r\x1b"] {
            ask(&mut terminal, &name[..4]);
            terminal.shows(&format!("client-kill {id}"));
            terminal.press(answer);
            terminal.hides("▸ Cancel");
            terminal.hides("do it");
        }
        assert_eq!(sessions(&world), before, "nobody had confirmed it");
        assert_eq!(record(&home).matches("Disconnect").count(), 0);
        ask(&mut terminal, &name[..4]);
        terminal.press("\tgate\r");
        // Its client is told to connect anew, and may.
        other.says("Initialization Sequence Completed");
        terminal.within(PATIENCE, "an account", |screen| screen.contents().contains("connected again at once"));
        terminal.shows("✖ failed");
        let after = sessions(&world);
        assert!(after.iter().any(|(one, new)| one == name && new != id), "{after:?}");
        assert_eq!(after.iter().filter(|one| one.0 == "roman").count(), 1);
        assert!(after.contains(before.iter().find(|one| one.0 == "roman").unwrap()), "{before:?} {after:?}");
        terminal.press("\x1b");
        terminal.hides("What was done");
        terminal.press("q");
        assert_eq!(terminal.end().exit_code(), 0);
        recorded(&home, "0 of 1 seen to be done");
        let (shown, transcript) = (record(&home), text(&home.run(&["log", "transcript", "2"]).stdout));
        assert_eq!(shown.matches("Disconnect").count(), 2, "{shown}");
        for part in [&format!("$ client-kill {id}"), "m.sock", "SUCCESS: client-kill", "connected again at once"] {
            assert!(transcript.contains(part), "no {part} in {transcript}");
        }
        assert!(!transcript.contains("s3cret") && !shown.contains("s3cret"));
        assert_eq!(home.run(&["log", "verify"]).status.code(), Some(0));
    }
}

/// Opens the question for mallory, does something, and answers it.
fn answered(world: &World, meanwhile: impl FnOnce(), said: &str) -> (Home, Terminal) {
    let home = Home::new(&register(world));
    let mut terminal = console(&home);
    let asked_for =
        if sessions(world).iter().filter(|one| one.0 == "mallory").count() > 1 { "2 sessions" } else { "gate" };
    ask(&mut terminal, "mallory");
    meanwhile();
    terminal.press(&format!("\t{asked_for}\r"));
    terminal.within(PATIENCE, said, |screen| screen.contents().contains(said));
    (home, terminal)
}

#[test]
fn who_is_revoked_and_disconnected_is_seen_to_be_gone() {
    let Some(world) = World::new(&["roman", "mallory"]) else { return };
    let mut server = world.serve(&[]);
    let _clients = [world.join("roman", &[]), world.join("mallory", &[])];
    let revoke = || world.revoke("mallory");
    let (home, mut terminal) = answered(&world, revoke, "seen: it is gone, and not back after 5 s");
    terminal.shows("✓ done");
    // It tries, and is refused.
    server.says("certificate revoked");
    assert_eq!(sessions(&world).into_iter().map(|(name, _)| name).collect::<Vec<_>>(), ["roman"]);
    // What is judged follows by itself.
    terminal.press("\x1b");
    terminal.hides("What was done");
    terminal.hides("mallory");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    recorded(&home, "1 of 1 seen to be done");
}

#[test]
fn who_left_meanwhile_is_told_and_nothing_is_sent() {
    let Some(world) = World::new(&["roman", "mallory"]) else { return };
    let mut server = world.serve(&[]);
    let _roman = world.join("roman", &[]);
    let mallory = world.join("mallory", &["--explicit-exit-notify", "1"]);
    let leave = || {
        mallory.end();
        server.says("client-instance exiting");
    };
    let (home, _) = answered(&world, leave, "seen: it was gone already, nothing was sent");
    recorded(&home, "1 of 1 seen to be done");
}

#[test]
fn a_session_that_is_another_by_now_is_left_alone() {
    let Some(world) = World::new(&["roman", "mallory"]) else { return };
    let mut server = world.serve(&[]);
    let _roman = world.join("roman", &[]);
    let mallory = world.join("mallory", &["--explicit-exit-notify", "1"]);
    let mut again = None;
    let change = || {
        mallory.end();
        server.says("client-instance exiting");
        again = Some(world.join("mallory", &[]));
    };
    answered(&world, change, "but there is another from 127.0.0.1: nothing was sent");
    assert_eq!(sessions(&world).len(), 2);
}

#[test]
fn an_interface_that_another_program_holds_is_said_and_nothing_is_sent() {
    let Some(world) = World::new(&["roman", "mallory"]) else { return };
    let _server = world.serve(&[]);
    let _clients = [world.join("roman", &[]), world.join("mallory", &[])];
    let before = sessions(&world);
    let mut holder = None;
    let hold = || holder = Some(world.talk("m.sock"));
    let (home, mut terminal) = answered(&world, hold, "nothing was sent");
    terminal.shows("another program holds it");
    terminal.shows("✖ failed");
    drop(holder);
    assert_eq!(sessions(&world), before);
    recorded(&home, "0 of 1 seen to be done");
    // Held before the question, there is none.
    let holder = world.talk("m.sock");
    terminal.press("\x1b");
    terminal.hides("What was done");
    terminal.press("K");
    terminal.shows("there is no session to end: gate: the management interface");
    drop(holder);
}

#[test]
fn all_sessions_of_a_name_are_ended_one_after_another() {
    let Some(world) = World::new(&["roman", "mallory"]) else { return };
    let _server = world.serve(&["--duplicate-cn"]);
    let _clients = [world.join("roman", &[]), world.join("mallory", &[]), world.join("mallory", &[])];
    let both = sessions(&world);
    let numbers: Vec<u64> = both.iter().filter(|one| one.0 == "mallory").map(|one| one.1).collect();
    assert_eq!(numbers.len(), 2, "{both:?}");
    let (home, _) = answered(&world, || world.revoke("mallory"), "done, 2 of 2 seen to be so");
    assert_eq!(sessions(&world).into_iter().map(|(name, _)| name).collect::<Vec<_>>(), ["roman"]);
    recorded(&home, "2 of 2 seen to be done");
    let transcript = text(&home.run(&["log", "transcript", "2"]).stdout);
    assert!(numbers.iter().all(|id| transcript.contains(&format!("$ client-kill {id}\n"))), "{transcript}");
}

#[test]
fn through_ssh_it_is_the_same_over_tcp_and_a_socket() {
    let Some(world) = World::new(&["roman", "mallory"]).filter(|_| there_is_sshd()) else { return };
    let (ssh, port) = (Sshd::start(""), free_port().to_string());
    let password = world.path("password");
    let tcp = world.serve(&["--management", "127.0.0.1", &port, password.to_str().unwrap()]);
    let _clients = [world.join("roman", &[]), world.join("mallory", &[])];
    let home = Home::new(&register_at(&world, &format!("web1:tcp:127.0.0.1:{port}")));
    let mut terminal = console_with(&home, Some(&ssh));
    ask(&mut terminal, "mallory");
    terminal.shows(&format!("on gate (web1), to the management interface tcp:127.0.0.1:{port}"));
    world.revoke("mallory");
    terminal.press("\tgate\r");
    terminal
        .within(PATIENCE, "an end", |screen| screen.contents().contains("seen: it is gone, and not back after 5 s"));
    terminal.press("\x1b");
    terminal.hides("mallory");
    recorded(&home, "1 of 1 seen to be done");
    let transcript = text(&home.run(&["log", "transcript", "2"]).stdout);
    assert!(
        transcript.contains(&format!("gate (web1, the management interface tcp:127.0.0.1:{port}): done")),
        "{transcript}"
    );
    drop((terminal, tcp));
    // A socket; with nobody behind it, with somebody else at it, and where there is none.
    let server = world.serve(&[]);
    let socket = format!("web1:unix:{}", world.path("m.sock").display());
    let said = |management: &str| {
        let home = Home::new(&register_at(&world, management));
        let round =
            home.command(&["round", "--json", "--only", "vpn/gate"]).env("PATH", path_with(&ssh)).output().unwrap();
        let round: serde_json::Value = serde_json::from_slice(&round.stdout).unwrap();
        let mut findings = round["findings"].as_array().unwrap().iter();
        let gate = findings.find(|finding| finding["key"] == "admin-via-vpn/gate").unwrap();
        format!("{}: {}", gate["verdict"].as_str().unwrap(), gate["title"].as_str().unwrap())
    };
    let _roman = world.join("roman", &[]);
    assert_eq!(said(&socket), "ok: 1 peer connected");
    let holder = world.talk("m.sock");
    assert!(said(&socket).contains("another program holds it"), "{}", said(&socket));
    drop(holder);
    drop(server);
    assert!(said(&socket).contains(&format!("nobody listens on the management socket {socket}")), "{}", said(&socket));
    assert!(said("web1:unix:/nonexistent").contains("there is no management socket web1:unix:/nonexistent"));
    // What a server's login can't do is said of that server.
    std::fs::remove_file(ssh.path("id")).unwrap();
    assert!(said(&socket).contains("web1: "), "{}", said(&socket));
}
