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

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const KEYS: usize = 300;

/// The built program in a pseudo-terminal.
struct Console {
    child: Box<dyn Child + Send + Sync>,
    bytes: Receiver<Vec<u8>>,
    keyboard: Box<dyn std::io::Write + Send>,
    screen: vt100::Parser,
    _master: Box<dyn MasterPty + Send>,
}

impl Console {
    fn start(folder: &Path) -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_matins"));
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env("XDG_CONFIG_HOME", folder.join("config"));
        command.env("XDG_STATE_HOME", folder.join("state"));
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        let screen = vt100::Parser::new(NonZeroU16::new(40).unwrap(), NonZeroU16::new(120).unwrap(), 0);
        Self { child, bytes, keyboard, screen, _master: pair.master }
    }

    /// Reads until the screen is as wanted.
    fn until(&mut self, what: &str, done: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !done(self.screen.screen()) {
            match self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => panic!("no {what} within 30 s; the screen is:\n{}", self.screen.screen().contents()),
            }
        }
    }

    fn settle(&mut self) {
        while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(700)) {
            self.screen.process(&bytes);
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
        self.keyboard.flush().unwrap();
    }

    fn status(&self, key: &str) -> u64 {
        let pid = self.child.process_id().unwrap();
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
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
        tasks.map(|task| read(format!("{}/status", task.unwrap().path().display()))).sum()
    }

    fn quit(mut self) {
        self.press(b"q");
        self.child.wait().unwrap();
    }
}

fn full(screen: &vt100::Screen) -> bool {
    let contents = screen.contents();
    contents.contains("Needs you") && contents.contains("Services") && contents.contains("help")
}

fn spread(name: &str, unit: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part) as usize];
    println!(
        "{name:<44} median {:>8.2} {unit}   p99 {:>8.2} {unit}   max {:>8.2} {unit}   ({} runs)",
        at(0.5),
        at(0.99),
        at(1.0),
        values.len()
    );
}

fn main() {
    let folder = fleet::folder("console");
    let round = fleet::make(&folder, Timestamp::now());
    println!("store: {} servers, {} findings", fleet::SERVERS, round.findings.len());

    let mut starts = Vec::new();
    for _ in 0..20 {
        let started = Instant::now();
        let mut console = Console::start(&folder);
        console.until("full frame", full);
        starts.push(started.elapsed().as_secs_f64() * 1e3);
        console.quit();
    }
    spread("start to first full frame", "ms", &mut starts);

    let mut console = Console::start(&folder);
    console.until("full frame", full);
    console.settle();
    console.press(b"1");
    console.until("the advisories", |screen| screen.contents().contains("DSA-"));
    console.settle();
    let mut keys = Vec::new();
    for _ in 0..KEYS {
        let before = console.screen.screen().contents_formatted();
        let started = Instant::now();
        console.press(b"j");
        console.until("moved selection", |screen| screen.contents_formatted() != before);
        keys.push(started.elapsed().as_secs_f64() * 1e3);
    }
    spread("key to frame, advisories full screen", "ms", &mut keys);
    console.settle();
    println!("{:<44} {:>8.1} MB", "resident memory", console.status("VmRSS:") as f64 / 1024.0);
    println!("{:<44} {:>8.1} MB of it anonymous", "", console.status("RssAnon:") as f64 / 1024.0);
    let before = console.status("voluntary_ctxt_switches:") + console.status("nonvoluntary_ctxt_switches:");
    std::thread::sleep(Duration::from_secs(20));
    let after = console.status("voluntary_ctxt_switches:") + console.status("nonvoluntary_ctxt_switches:");
    println!("{:<44} {:>8} context switches in 20 s", "idle wake-ups", after - before);
    console.quit();
    std::fs::remove_dir_all(&folder).unwrap();
}
