//! Management interfaces that fail on the way: a server that is killed in the middle of its answer, one that never answers,
//! two on one machine.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::JoinHandle;
use std::time::Instant;

use super::round::{ask, judge};
use super::world::{Process, World, free_port};

fn register(world: &World, socket: &str) -> String {
    format!(
        "[[vpn]]\nname = \"gate\"\nkind = \"openvpn\"\nmanagement = \"unix:{}\"\npassword = {{ file = \"{}\" }}\n\
         [[peer]]\nname = \"roman's laptop\"\ncommon_name = \"roman\"\n",
        world.path(socket).display(),
        world.path("password").display()
    )
}

/// Passes on what is said, so that the moment is known: kills the server when it has said this much of its list.
fn cutter(world: &World, server: Process, after: usize) -> JoinHandle<()> {
    let listener = UnixListener::bind(world.path("cut.sock")).unwrap();
    let far = world.path("m.sock");
    std::thread::spawn(move || {
        let (mut near, _) = listener.accept().unwrap();
        let mut far = UnixStream::connect(far).unwrap();
        let (mut back, mut ask) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let asking = std::thread::spawn(move || std::io::copy(&mut near, &mut ask).ok());
        let (mut said, mut byte) = (Vec::new(), [0]);
        let listed = |said: &[u8]| said.windows(6).position(|part| part == b"TITLE\t").map_or(0, |at| said.len() - at);
        while listed(&said) < after && far.read_exact(&mut byte).is_ok() {
            said.push(byte[0]);
            back.write_all(&byte).unwrap();
        }
        drop(server);
        // What it had said already is lost with it.
        back.shutdown(std::net::Shutdown::Both).ok();
        asking.join().unwrap();
    })
}

#[test]
fn a_server_that_dies_in_the_middle_of_its_answer_is_unknown_and_then_known_again() {
    let Some(world) = World::new(&["roman"]) else { return };
    // From the first byte on, in the header, in a client's row; all of it is shorter than the last.
    for after in [1, 90, 400] {
        let server = world.serve(&[]);
        let roman = world.join("roman", &[]);
        let password = world.path("password");
        assert_eq!(ask(&world.path("m.sock"), &password).unwrap().clients.len(), 1);
        let cutting = cutter(&world, server, after);
        let fault = ask(&world.path("cut.sock"), &password).unwrap_err();
        cutting.join().unwrap();
        assert!(fault.passing && fault.said.as_str().contains("in the middle of its answer"), "{after}: {fault}");
        // Killed, it leaves a socket at which nobody listens.
        let judged = judge(&register(&world, "m.sock"), &[]);
        for key in ["gate", "roman's laptop"] {
            let (verdict, title) = judged.of(key);
            assert!(verdict == "unknown" && title.contains("nobody listens"), "{after}: {verdict} {title}");
        }
        drop(roman);
        std::fs::remove_file(world.path("cut.sock")).unwrap();
    }
    // Started again, it is asked as ever.
    let _server = world.serve(&[]);
    let _roman = world.join("roman", &[]);
    assert_eq!(judge(&register(&world, "m.sock"), &[]).of("gate"), ("ok", "1 peer connected"));
}

#[test]
fn a_server_that_never_answers_is_unknown_soon_and_nothing_waits_in_its_queue() {
    let Some(world) = World::new(&["roman"]) else { return };
    let server = world.serve(&[]);
    let _roman = world.join("roman", &[]);
    server.freeze(true);
    let begin = Instant::now();
    let judged = judge(&register(&world, "m.sock"), &[]);
    let (verdict, title) = judged.of("gate");
    assert!(verdict == "unknown" && title.contains("gave no greeting within 2 s"), "{verdict} {title}");
    assert!(begin.elapsed().as_secs() < 15, "{:?}", begin.elapsed());
    server.freeze(false);
    assert_eq!(judge(&register(&world, "m.sock"), &[]).of("gate"), ("ok", "1 peer connected"));
}

#[test]
fn a_restart_by_signal_between_two_exchanges_is_survived() {
    let Some(world) = World::new(&["roman"]) else { return };
    let mut server = world.serve(&[]);
    let mut roman = world.join("roman", &[]);
    world.talk("m.sock").send("signal SIGUSR1\n");
    server.says("Initialization Sequence Completed");
    roman.says("Initialization Sequence Completed");
    assert_eq!(judge(&register(&world, "m.sock"), &[]).of("roman's laptop").0, "ok");
}

#[test]
fn two_servers_on_one_machine_are_told_apart() {
    let Some(world) = World::new(&["roman", "anna", "mallory"]) else { return };
    let port = free_port();
    let status = world.path("status2").display().to_string();
    let options = ["--server", "10.234.0.0", "255.255.255.0", "--status", &status, "1", "--status-version", "2"];
    let _servers = [world.serve(&[]), world.serve_at(port, "m2.sock", &options)];
    let remote = ["--remote", "127.0.0.1", &port.to_string()];
    let _clients = [
        world.join("roman", &[]),
        world.join("roman", &remote),
        world.join("anna", &remote),
        world.join("mallory", &remote),
    ];
    let toml = format!(
        "[[vpn]]\nname = \"office\"\nkind = \"openvpn\"\nmanagement = \"unix:{}\"\npassword = {{ file = \"{}\" }}\n\
         [[vpn]]\nname = \"lab\"\nkind = \"openvpn\"\nmanagement = \"unix:{}\"\npassword = {{ file = \"{1}\" }}\n\
         [[peer]]\nname = \"roman's laptop\"\ncommon_name = \"roman\"\n[[peer]]\nname = \"anna's laptop\"\ncommon_name = \"anna\"\n",
        world.path("m.sock").display(),
        world.path("password").display(),
        world.path("m2.sock").display()
    );
    let judged = judge(&toml, &[]);
    assert_eq!(judged.of("office"), ("ok", "1 peer connected"));
    assert_eq!(judged.of("lab"), ("ok", "3 peers connected, 1 in no register"));
    assert_eq!(judged.of("lab/mallory").0, "broken");
    assert!(!judged.keys().contains(&"office/mallory"), "{judged:?}");
    let (verdict, title) = judged.of("roman's laptop");
    // On two VPNs at once is a way of working, not two sessions of one name.
    assert!(
        verdict == "ok" && title.starts_with("on office, connected from 127.0.0.1") && title.ends_with("also on lab"),
        "{title}"
    );
    assert!(judged.of("anna's laptop").1.starts_with("on lab, connected"), "{judged:?}");
}
