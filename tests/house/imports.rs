//! Who may import what: rooms, siblings, and the crates that touch the world.

use super::source::{Named, Source};
use super::{Violation, found_in};

/// Each room and what it may import besides itself.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("policy", &["domain"]),
    ("config", &["domain"]),
    ("collect", &["domain"]),
    ("store", &["domain"]),
    ("log", &["domain"]),
    ("tell", &["domain", "collect"]),
    ("round", &["domain", "policy", "config", "collect", "store", "log", "tell"]),
    ("report", &["domain", "policy", "config", "collect", "store", "log", "tell", "round"]),
    ("tui", &["domain", "policy", "config", "collect", "store", "log", "tell", "round"]),
    // The commands put all others to work: `round --json` prints through report, and plain `matins` opens the console.
    ("cli", &["domain", "policy", "config", "collect", "store", "log", "tell", "round", "report", "tui"]),
];

/// Folders whose modules don't know each other, and what in them is there for all.
const SIBLINGS: &[(&[&str], &[&str])] =
    &[(&["collect"], &["tools"]), (&["policy", "rules"], &[]), (&["tui", "panels"], &[])];

/// What only some places may name.
struct Border {
    paths: &'static [&'static str],
    /// Harmless parts of `paths`: types and constants that touch nothing.
    except: &'static [&'static str],
    /// Where these may be named: files, or folders with `/` at the end.
    places: &'static [&'static str],
    why: &'static str,
    mend: &'static str,
}

const BORDERS: &[Border] = &[
    Border {
        paths: &["ratatui", "crossterm", "tui_input"],
        except: &[],
        places: &["src/tui/"],
        why: "only the console knows that there is a terminal",
        mend: "move the drawing under src/tui, or pass plain data",
    },
    Border {
        paths: &[
            "std::process",
            "std::net",
            "tokio::process",
            "tokio::net",
            "reqwest",
            "rustls",
            "tokio_rustls",
            "rustls_platform_verifier",
            "keyring_core",
            "dbus_secret_service_keyring_store",
            "lettre",
        ],
        except: &[
            "std::process::ExitCode",
            "std::process::exit",
            "std::process::Termination",
            "std::process::id",
            "std::net::IpAddr",
            "std::net::Ipv4Addr",
            "std::net::Ipv6Addr",
            "std::net::SocketAddr",
            "std::net::AddrParseError",
        ],
        places: &["src/collect/tools/"],
        why: "only the tools open sockets, run programs and read the keyring",
        mend: "ask through collect::tools",
    },
    Border {
        paths: &["rusqlite"],
        except: &[],
        places: &["src/store/"],
        why: "only the store knows its database",
        mend: "add what is missing to the store's trait",
    },
];

/// Pure rooms touch nothing at all.
const PURE: &[&str] = &["src/domain/", "src/policy/", "src/report/", "src/log/"];
const IMPURE: &[&str] = &["std::fs", "std::env", "std::thread", "std::os", "tokio", "rustix"];

/// A call that reads the clock or the system's timezone, and who may make it.
struct Clock {
    of: &'static str,
    call: &'static str,
    places: &'static [&'static str],
}

/// The commands and the program's start pass the clock on; the console has one impure file.
const EDGE: &[&str] = &["src/cli/", "src/main.rs", "src/tui/runtime.rs"];

const CLOCKS: &[Clock] = &[
    Clock { of: "Timestamp", call: "now", places: EDGE },
    Clock { of: "ZonedDateTime", call: "now", places: EDGE },
    Clock { of: "SystemTime", call: "now", places: EDGE },
    // Says how long something took or may still take, never what time it is: for deadlines where things are asked.
    Clock {
        of: "Instant",
        call: "now",
        places: &["src/cli/", "src/tui/runtime.rs", "src/collect/tools/", "src/round/"],
    },
    // The configuration says which timezone is meant, and without its word it is the system's.
    Clock { of: "TimeZone", call: "system", places: &["src/cli/", "src/config/"] },
];

fn allowed(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path == *place || (place.ends_with('/') && path.starts_with(place)))
}

fn starts(named: &Named, path: &str) -> bool {
    !named.ours && path.split("::").enumerate().all(|(at, part)| named.segments.get(at).is_some_and(|own| own == part))
}

fn program(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| source.is_program())
}

fn violation(source: &Source, line: usize, what: String, why: &'static str, mend: &'static str) -> Violation {
    Violation { file: source.path.clone(), line, what, why, mend }
}

/// `domain` ← `policy`, `config`, `collect`, `store` ← `round` ← `report`, `tui` ← `cli` ← `lib.rs`, `main.rs`.
pub fn layers(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in program(sources) {
        let Some(own) = source.module.first() else { continue };
        let Some((_, below)) = ROOMS.iter().find(|(room, _)| room == own) else {
            let what = format!("{own} is no room");
            found.push(violation(source, 1, what, "every file lives in a room", "give it a line in ROOMS, or a room"));
            continue;
        };
        for named in source.paths().into_iter().filter(|named| named.ours) {
            let room = named.segments.first().map_or("", String::as_str);
            if room != own && !below.contains(&room) && ROOMS.iter().any(|(known, _)| *known == room) {
                let what = format!("{own} imports {}", named.segments.join("::"));
                let why = "imports point down: domain ← policy, config, collect, store ← round ← report, tui ← cli";
                found.push(violation(
                    source,
                    named.line,
                    what,
                    why,
                    "move the shared part down, or pass it as an argument",
                ));
            }
        }
    }
    found
}

/// Two collectors, two rules, two panels.
pub fn siblings(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (folder, shared) in SIBLINGS {
        let child = |segments: &[String]| -> Option<String> {
            let inside = segments.len() > folder.len() && folder.iter().zip(segments).all(|(a, b)| a == b);
            inside.then(|| segments[folder.len()].clone())
        };
        let children: Vec<String> = program(sources).filter_map(|source| child(&source.module)).collect();
        for source in program(sources) {
            let Some(own) = child(&source.module) else { continue };
            for named in source.paths().into_iter().filter(|named| named.ours) {
                let Some(other) = child(&named.segments) else { continue };
                if other != own && children.contains(&other) && !shared.contains(&other.as_str()) {
                    let what = format!("{own} imports its sibling {other}");
                    let why = "siblings never know each other: adding or removing one must not touch another";
                    found.push(violation(
                        source,
                        named.line,
                        what,
                        why,
                        "move the shared part to the room above, or to domain",
                    ));
                }
            }
        }
    }
    found
}

/// Terminal, sockets, processes, keyring, database, clock.
pub fn outside(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in program(sources) {
        for named in source.paths() {
            let text = named.segments.join("::");
            for border in BORDERS.iter().filter(|border| !allowed(&source.path, border.places)) {
                let touches = border.paths.iter().any(|path| starts(&named, path));
                if touches && !border.except.iter().any(|path| starts(&named, path)) && !is_prefix(&named, border) {
                    found.push(violation(source, named.line, format!("{text} here"), border.why, border.mend));
                }
            }
            if allowed(&source.path, PURE) && IMPURE.iter().any(|path| starts(&named, path)) {
                let why = "domain, policy and report are pure: the same input gives the same output";
                found.push(violation(source, named.line, format!("{text} here"), why, "pass the value in"));
            }
            let reads = |clock: &&Clock| named.segments.ends_with(&[clock.of.to_owned(), clock.call.to_owned()]);
            if CLOCKS.iter().any(|clock| reads(&clock) && !allowed(&source.path, clock.places)) {
                let why = "the clock and the timezone come from the edge, so that a morning can be replayed";
                found.push(violation(
                    source,
                    named.line,
                    format!("{text} here"),
                    why,
                    "take `now` or the zone as an argument",
                ));
            }
        }
    }
    found
}

/// `use std::net;` by itself names nothing yet; what it leads to is looked at where it is used.
fn is_prefix(named: &Named, border: &Border) -> bool {
    border.except.iter().any(|path| path.starts_with(&format!("{}::", named.segments.join("::"))))
}

#[test]
fn an_import_that_points_up_or_sideways_is_found() {
    let bad = [
        ("src/domain/a.rs", "use crate::policy::Rule;"),
        ("src/policy/a.rs", "fn f() {\n    let x = crate::collect::tools::x();\n}"),
        ("src/round/a.rs", "use crate::{domain::Shown,\n    tui::World};"),
        ("src/tui/a.rs", "use super::super::cli;"),
        ("src/store/a.rs", "use crate::domain;\nuse super::super::config::*;"),
        ("src/round/b.rs", "fn f() { vec![crate::report::A] }"),
    ];
    let places = [
        "src/domain/a.rs:1",
        "src/policy/a.rs:2",
        "src/round/a.rs:2",
        "src/round/b.rs:1",
        "src/store/a.rs:2",
        "src/tui/a.rs:1",
    ];
    assert_eq!(found_in(layers, &bad), places);
}

#[test]
fn an_import_that_points_down_is_fine() {
    let good = [
        ("src/lib.rs", "pub mod tui; use crate::tui::A;"),
        ("src/main.rs", "use matins::cli;"),
        ("src/tui/a.rs", "use crate::round::Update; use crate::domain::Shown; use super::view; use crate::tui::b;"),
        ("src/policy/a.rs", "#[cfg(test)] mod tests { use crate::collect::A; }"),
        ("src/policy/tests.rs", "use crate::collect::A;"),
        ("src/policy/mod.rs", "#[cfg(test)]\nmod tests;"),
    ];
    assert_eq!(found_in(layers, &good), Vec::<String>::new());
}

#[test]
fn a_file_outside_of_the_rooms_is_found() {
    assert_eq!(found_in(layers, &[("src/plumbing/mod.rs", "fn f() {}")]), ["src/plumbing/mod.rs:1"]);
}

#[test]
fn a_sibling_that_knows_another_is_found() {
    let files = [
        ("src/collect/mod.rs", "mod vpn; mod feeds; pub mod tools; const ALL: u8 = vpn::A + feeds::B;"),
        ("src/collect/vpn/mod.rs", "use super::feeds::B;\nuse super::Answer;\nuse super::tools::run::run;"),
        ("src/collect/vpn/parse.rs", "use super::super::vpn::x;\nuse crate::collect;\nfn f() { collect::feeds::B }"),
        ("src/collect/feeds/mod.rs", ""),
        ("src/collect/tools/http.rs", "use crate::collect::feeds;"),
        ("src/policy/rules/a.rs", "use super::b::RULE;"),
        ("src/policy/rules/b.rs", "use crate::policy::slots;"),
    ];
    let places = [
        "src/collect/tools/http.rs:1",
        "src/collect/vpn/mod.rs:1",
        "src/collect/vpn/parse.rs:3",
        "src/policy/rules/a.rs:1",
    ];
    assert_eq!(found_in(siblings, &files), places);
}

#[test]
fn the_world_touched_in_the_wrong_room_is_found() {
    let bad = [
        ("src/cli/a.rs", "use ratatui::style::Style;"),
        ("src/collect/vpn/mod.rs", "use tokio::net::UnixStream;\nfn f() { std::process::Command::new(0) }"),
        ("src/domain/a.rs", "use std::net::{IpAddr,\n TcpStream};"),
        ("src/policy/a.rs", "fn f() {\n    std::fs::read(0);\n}"),
        ("src/report/a.rs", "use jiff::Timestamp;\nfn f() { Timestamp::now() }"),
        (
            "src/round/a.rs",
            "use std::time;\nfn f() { time::SystemTime::now() }\nfn g() { rusqlite::Connection::open(0) }",
        ),
    ];
    let places = [
        "src/cli/a.rs:1",
        "src/collect/vpn/mod.rs:1",
        "src/collect/vpn/mod.rs:2",
        "src/domain/a.rs:2",
        "src/policy/a.rs:2",
        "src/report/a.rs:2",
        "src/round/a.rs:2",
        "src/round/a.rs:3",
    ];
    assert_eq!(found_in(outside, &bad), places);
}

#[test]
fn the_world_touched_where_it_belongs_is_fine() {
    let good = [
        ("src/tui/a.rs", "use ratatui::style::Style; use tokio::signal;"),
        ("src/tui/runtime.rs", "fn f() { jiff::Timestamp::now() }"),
        (
            "src/collect/tools/http.rs",
            "use std::time::Instant; fn f() { Instant::now() } use reqwest::Client; use tokio::net::TcpStream;",
        ),
        ("src/store/sqlite/mod.rs", "use rusqlite::Connection;"),
        ("src/main.rs", "use std::process::ExitCode; fn main() -> std::process::ExitCode {}"),
        ("src/domain/a.rs", "use std::net::IpAddr; use std::path::PathBuf;"),
        ("src/round/a.rs", "#[cfg(test)] mod tests { fn f() { std::time::Instant::now() } }"),
    ];
    assert_eq!(found_in(outside, &good), Vec::<String>::new());
}
