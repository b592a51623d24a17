//! Who is connected, in all the forms in which a real server tells of it.

use super::home::Home;
use super::round::{Judged, judge_in};
use super::world::World;

fn register(world: &World, more: &str) -> String {
    format!(
        "[console]\ntimezone = \"UTC\"\noperator = \"mona\"\n\
         [[vpn]]\nname = \"gate\"\nkind = \"openvpn\"\nmanagement = \"unix:{}\"\npassword = {{ file = \"{}\" }}\n{more}\n\
         [[peer]]\nname = \"roman's laptop\"\ncommon_name = \"roman\"\n\
         [[peer]]\nname = \"Zoë's laptop\"\ncommon_name = \"Zoë, extern 日本\"\n",
        world.path("m.sock").display(),
        world.path("password").display()
    )
}

fn judged(world: &World, more: &str) -> Judged {
    judge_in(&Home::new(&register(world, more)), &[])
}

#[test]
fn a_handshake_without_a_name_is_nobody() {
    let Some(world) = World::new(&["roman"]) else { return };
    let Some(foreign) = World::new(&["mallory"]) else { return };
    let _server = world.serve(&[]);
    let _roman = world.join("roman", &[]);
    // Of another authority: it gets no further than its handshake.
    let port = world.port.to_string();
    let mut knocking = foreign.knock("mallory", &["--remote", "127.0.0.1", &port, "--hand-window", "60"]);
    knocking.says("VERIFY ERROR");
    let mut talk = world.talk("m.sock");
    talk.send("status 3\n");
    assert!(talk.until("\nEND\r\n").contains("CLIENT_LIST\tUNDEF\t"));
    talk.quit();
    let judged = judged(&world, "");
    assert_eq!(judged.of("gate"), ("ok", "1 peer connected"));
    assert!(!judged.keys().iter().any(|key| key.contains("UNDEF")), "{judged:?}");
}

#[test]
fn names_of_users_addresses_of_ipv6_and_two_sessions_of_one_name_are_told() {
    let Some(world) = World::new(&["roman", "Zoë, extern 日本"]) else { return };
    let login = world.path("login");
    std::fs::write(&login, "karl\nsecret\n").unwrap();
    let login = ["--auth-user-pass", login.to_str().unwrap(), "--auth-nocache"];
    let _server = world.serve(&[
        "--duplicate-cn",
        "--server-ipv6",
        "fd00:233::/64",
        "--script-security",
        "3",
        "--auth-user-pass-verify",
        "/bin/true",
        "via-env",
        "--local",
        "::1",
        "--proto",
        "udp6",
    ]);
    let port = world.port.to_string();
    let ipv6 = [&login[..], &["--remote", "::1", &port, "--proto", "udp6", "--local", "::1"]].concat();
    let _clients = [world.join("roman", &ipv6), world.join("roman", &ipv6), world.join("Zoë, extern 日本", &ipv6)];
    let judged = judged(&world, "");
    assert_eq!(judged.of("gate"), ("ok", "2 peers connected"));
    let (verdict, title) = judged.of("roman's laptop");
    assert_eq!((verdict, title), ("due", "2 sessions at once, from ::1 and ::1"));
    let (verdict, title) = judged.of("Zoë's laptop");
    assert!(verdict == "ok" && title.starts_with("connected from ::1 since "), "{verdict} {title}");
    for part in ["user karl", "10.233.0.", "fd00:233::"] {
        assert!(judged.detail("Zoë's laptop").contains(part), "no {part} in {}", judged.detail("Zoë's laptop"));
    }
}

#[test]
fn an_unusual_hour_is_due_only_where_hours_are_configured() {
    let Some(world) = World::new(&["roman"]) else { return };
    let _server = world.serve(&[]);
    let _roman = world.join("roman", &[]);
    // The half of the day that does not hold this moment.
    let now = jiff::tz::TimeZone::UTC.to_datetime(super::home::jiff_now());
    let hours = if now.hour() < 12 { "12:00-24:00" } else { "00:00-12:00" };
    assert_eq!(judged(&world, "").of("roman's laptop").0, "ok");
    let judged = judged(&world, &format!("hours = [\"{hours}\"]"));
    let (verdict, title) = judged.of("roman's laptop");
    assert!(verdict == "due" && title.starts_with("connected at an unusual hour, "), "{verdict} {title}");
}

#[test]
fn sessions_are_remembered_from_round_to_round() {
    let Some(world) = World::new(&["roman"]) else { return };
    let mut server = world.serve(&[]);
    let home = Home::new(&register(&world, ""));
    for _ in 0..2 {
        let roman = world.join("roman", &["--explicit-exit-notify", "1"]);
        assert_eq!(judge_in(&home, &[]).of("roman's laptop").0, "ok");
        roman.end();
        server.says("client-instance exiting");
    }
    let judged = judge_in(&home, &[]);
    assert_eq!(judged.of("roman's laptop"), ("ok", "not connected"));
    let told = judged.detail("roman's laptop").lines().filter(|line| line.starts_with("gate from ")).count();
    assert_eq!(told, 2, "{}", judged.detail("roman's laptop"));
    assert!(judged.detail("roman's laptop").contains("from 127.0.0.1 · "), "{judged:?}");
    assert_eq!(judged.of("gate"), ("ok", "nobody is connected"));
}
