//! The console with a large fleet: start to the first full frame, key to frame, idle wake-ups, resident memory. Prints
//! figures; judges nothing. `cargo bench --bench console`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints its figures"
)]

mod fleet;
#[path = "../tests/support/home.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod home;
#[path = "../tests/support/pty.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod pty;

use std::path::Path;
use std::time::{Duration, Instant};

use home::{Home, backups};
use jiff::Timestamp;
use portable_pty::CommandBuilder;
use pty::Terminal;

const KEYS: usize = 300;
/// Between two keys of somebody who types without haste: forty words a minute.
const HAND: Duration = Duration::from_millis(300);

fn start(folder: &Path) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_matins"));
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env("XDG_CONFIG_HOME", folder.join("config"));
    command.env("XDG_STATE_HOME", folder.join("state"));
    Terminal::start(command, 120, 40)
}

/// A number from the process's status, summed over its threads where it is counted by thread.
fn status(terminal: &Terminal, key: &str) -> u64 {
    let pid = terminal.pid();
    let read = |path: String| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .filter(|line| line.starts_with(key))
            .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
            .sum::<u64>()
    };
    if key.starts_with("Vm") || key.starts_with("Rss") {
        return read(format!("/proc/{pid}/status"));
    }
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.map(|task| read(format!("{}/status", task.unwrap().path().display()))).sum()
}

fn quit(mut terminal: Terminal) {
    terminal.press("q");
    terminal.end();
}

fn full(screen: &vt100::Screen) -> bool {
    let contents = screen.contents();
    contents.contains("Needs you") && contents.contains("Services") && contents.contains("help")
}

fn spread(name: &str, unit: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let at = |percent: usize| values[(values.len() - 1) * percent / 100];
    println!(
        "{name:<44} median {:>8.2} {unit}   p99 {:>8.2} {unit}   max {:>8.2} {unit}   ({} runs)",
        at(50),
        at(99),
        at(100),
        values.len()
    );
}

/// The whole way of a person on whose morning nothing is wrong: from the start of the program to the signature on screen.
fn quiet_morning() {
    let home = Home::new("");
    let server = "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n";
    home.configure(&(backups(home.path(), 0).replace("of = []", "of = [\"web1\"]") + server));
    home.run(&["round", "--only", "backups"]);
    let (mut took, keys) = (Vec::new(), ["S", "q", "u", "i", "e", "t", "\r"]);
    for morning in 1..=5 {
        let started = Instant::now();
        let mut console = start(home.path());
        let says = |console: &mut Terminal, text: &str| console.until(text, |screen| screen.contents().contains(text));
        says(&mut console, "Needs you");
        for key in keys {
            std::thread::sleep(HAND);
            console.press(key);
            if key == "S" {
                says(&mut console, "signs:");
            }
        }
        says(&mut console, &format!("signed: entry {morning} of the record"));
        took.push(started.elapsed().as_secs_f64());
        quit(console);
    }
    let what = format!("a quiet morning, {} keys, to the signature", keys.len());
    spread(&what, "s ", &mut took);
}

fn main() {
    quiet_morning();
    let folder = fleet::folder("console");
    let round = fleet::make(&folder, Timestamp::now());
    println!("store: {} servers, {} findings", fleet::SERVERS, round.findings.len());

    fleet::phases(&folder);
    let mut starts = Vec::new();
    for _ in 0..20 {
        let started = Instant::now();
        let mut console = start(&folder);
        console.until("full frame", full);
        starts.push(started.elapsed().as_secs_f64() * 1e3);
        quit(console);
    }
    spread("start to first full frame", "ms", &mut starts);

    let mut console = start(&folder);
    console.until("full frame", full);
    console.quiet(Duration::from_millis(700));
    console.press("1");
    console.until("the advisories", |screen| screen.contents().contains("DSA-"));
    console.quiet(Duration::from_millis(700));
    let mut keys = Vec::new();
    for _ in 0..KEYS {
        let before = console.screen.screen().contents_formatted();
        let started = Instant::now();
        console.press("j");
        console.until("moved selection", |screen| screen.contents_formatted() != before);
        keys.push(started.elapsed().as_secs_f64() * 1e3);
    }
    spread("key to frame, advisories full screen", "ms", &mut keys);
    console.quiet(Duration::from_millis(700));
    println!("{:<44} {:>8} KiB", "resident memory", status(&console, "VmRSS:"));
    println!("{:<44} {:>8} KiB of it anonymous", "", status(&console, "RssAnon:"));
    // The threads that loaded the evidence end after ten seconds without work: that is not the console's waking.
    std::thread::sleep(Duration::from_secs(12));
    let switches = || status(&console, "voluntary_ctxt_switches:") + status(&console, "nonvoluntary_ctxt_switches:");
    let before = switches();
    std::thread::sleep(Duration::from_secs(20));
    println!("{:<44} {:>8} context switches in 20 s", "idle wake-ups", switches().saturating_sub(before));
    quit(console);
    std::fs::remove_dir_all(&folder).unwrap();
}
