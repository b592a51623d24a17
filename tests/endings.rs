//! Endings that nobody wants: a terminal that goes away, a crash of the screen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "support/pty.rs"]
#[allow(dead_code, reason = "shared with the console's tests, which use more of it")]
mod pty;

use std::time::Duration;

use portable_pty::CommandBuilder;
use pty::Terminal;
use rustix::process::{Pid, Signal, kill_process};

/// A terminal that goes away without a signal: its session is another one, as under `setsid` or a broken connection.
#[test]
fn a_terminal_that_goes_without_a_signal_ends_it() {
    let home = tempfile::tempdir().unwrap();
    let ended = home.path().join("ended");
    let mut holder = CommandBuilder::new("script");
    let inside = format!(
        "setsid -w sh -c '{matins} demo; echo $? > {ended}.part; mv {ended}.part {ended}'",
        matins = env!("CARGO_BIN_EXE_matins"),
        ended = ended.display()
    );
    holder.args(["-q", "-e", "-c", &inside, "/dev/null"]);
    holder.env("TERM", "xterm-256color");
    holder.env("LC_ALL", "C.UTF-8");
    holder.env("HOME", home.path());
    let mut terminal = Terminal::start(holder, 120, 40);
    terminal.shows("Needs you");
    let holder = Pid::from_raw(i32::try_from(terminal.pid()).unwrap()).unwrap();
    kill_process(holder, Signal::KILL).unwrap();
    let patience = std::time::Instant::now() + Duration::from_secs(30);
    while !ended.exists() {
        assert!(std::time::Instant::now() < patience, "it did not notice");
        terminal.quiet(Duration::from_millis(50));
        std::thread::yield_now();
    }
    assert_eq!(std::fs::read_to_string(&ended).unwrap().trim(), "129");
}

/// What [`a_panic_of_the_screen_gives_the_terminal_back`] starts in a terminal: a console whose clock breaks when a key
/// comes. Without a terminal of that kind it has nothing to do.
#[test]
fn a_console_whose_clock_breaks() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    if std::env::var_os("MATINS_TEST_BREAKS").is_none() {
        return;
    }
    let (orders, _inbox) = tokio::sync::mpsc::unbounded_channel();
    let (_updates, heard) = tokio::sync::mpsc::unbounded_channel();
    let (curtain, _) = tokio::sync::oneshot::channel();
    let asked = AtomicUsize::new(0);
    let clock = move || {
        assert!(asked.fetch_add(1, Ordering::Relaxed) < 5, "the clock broke");
        matins::tui::sample::now()
    };
    let round = matins::tui::sample::round(matins::tui::sample::State::Broken);
    let start = matins::tui::sample::start(round).unwrap();
    let (clock, signing) = (Arc::new(clock), Vec::new());
    let console = matins::tui::Console { start, updates: heard, orders, clock, curtain, as_of: None, signing };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _ = runtime.block_on(matins::tui::run(console));
}

#[test]
fn a_panic_of_the_screen_gives_the_terminal_back() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", "a_console_whose_clock_breaks"]);
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env("MATINS_TEST_BREAKS", "1");
    command.env("RUST_BACKTRACE", "0");
    let mut terminal = Terminal::start(command, 120, 40);
    terminal.shows("Needs you");
    for _ in 0..8 {
        terminal.press("j");
    }
    let status = terminal.end();
    assert!(!status.success());
    assert!(terminal.is_restored());
    let left = terminal.screen.screen().contents();
    assert!(left.contains("the clock broke"), "{left}");
}

/// The schedule sleeps until its next source is due; the runtime that wakes it must not be taken away under it.
#[test]
fn nothing_is_said_after_the_console_is_closed() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config/matins");
    std::fs::create_dir_all(&config).unwrap();
    let feed = "[[feed]]\nname = \"dead\"\nkind = \"any\"\nurl = \"http://127.0.0.1:1/\"\nevery = \"12h\"\n";
    std::fs::write(config.join("matins.toml"), feed).unwrap();
    for _ in 0..40 {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_matins"));
        for (key, folder) in [("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"), ("HOME", "")] {
            command.env(key, home.path().join(folder));
        }
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env("RUST_BACKTRACE", "0");
        let mut terminal = Terminal::start(command, 120, 40);
        terminal.shows("refused");
        terminal.press("q");
        let status = terminal.end();
        let said = String::from_utf8_lossy(&terminal.bytes);
        assert!(status.success() && !said.contains("panicked"), "{status:?}: {said}");
    }
}
