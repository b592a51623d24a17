//! The built console in a pseudo-terminal, end to end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "support/pty.rs"]
mod pty;

use std::path::Path;
use std::time::Duration;

use portable_pty::CommandBuilder;
use pty::Terminal;
use rustix::process::{Pid, Signal, kill_process};

/// A home with a register that brings every verdict, all from files.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config/matins");
    std::fs::create_dir_all(&config).unwrap();
    let feed = home.path().join("feed.xml");
    std::fs::write(&feed, feed_text()).unwrap();
    snapshots(&home.path().join("fresh"), 0);
    snapshots(&home.path().join("old"), 3);
    let toml = format!(
        "[console]\ntimezone = \"UTC\"\noperator = \"mona\"\n\
         [[feed]]\nname = \"Advisories\"\nkind = \"any\"\nurl = \"file://{feed}\"\n\
         [[feed]]\nname = \"Gone\"\nkind = \"any\"\nurl = \"file:///nonexistent/feed\"\n\
         [[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n\
         [[backup]]\nname = \"fresh\"\nof = [\"web1\"]\nkind = \"directory\"\npath = \"{fresh}\"\nslots = [\"3 days\"]\n\
         [[backup]]\nname = \"old\"\nof = [\"web1\"]\nkind = \"directory\"\npath = \"{old}\"\nslots = [\"last night\"]\n\
         [[service]]\nname = \"Nextcloud\"\ndata = [\"personal\"]\nagreement = 2019-01-01\nreview = \"1y\"\n",
        feed = feed.display(),
        fresh = home.path().join("fresh").display(),
        old = home.path().join("old").display(),
    );
    std::fs::write(config.join("matins.toml"), toml).unwrap();
    home
}

/// An advisory of yesterday whose title tries to set the window's title, to clear the screen and to turn its text round.
fn feed_text() -> String {
    let date = (now() - jiff::SignedDuration::from_hours(24)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    format!(
        "<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><id>x</id><updated>{date}</updated>\
         <entry><id>1</id><updated>{date}</updated><title>evil &#x1b;]0;owned&#x07; &#x1b;[2J &#x202e;gpj.exe</title>\
         <link href=\"https://example.org/advisory\"/></entry></feed>"
    )
}

fn snapshots(folder: &Path, offset_days: i64) {
    for day in 0..10_i64 {
        let at = now() - jiff::SignedDuration::from_hours(24 * (day + offset_days) + 1);
        let night = folder.join(at.strftime("%Y-%m-%dT%H%M%S").to_string());
        std::fs::create_dir_all(&night).unwrap();
        std::fs::write(night.join("dump.sql"), "SELECT 1;").unwrap();
    }
}

#[allow(clippy::disallowed_methods, reason = "a test is an edge")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn open(home: &Path, arguments: &[&str], columns: u16, rows: u16) -> Terminal {
    Terminal::start(command(home, arguments), columns, rows)
}

fn command(home: &Path, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_matins"));
    command.args(arguments);
    command.env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env("HOME", home);
    command.env("XDG_CONFIG_HOME", home.join("config"));
    command.env("XDG_STATE_HOME", home.join("state"));
    command
}

fn opened(home: &Path) -> Terminal {
    let mut terminal = open(home, &[], 120, 40);
    terminal.shows("Needs you");
    terminal.shows("no snapshot from last night");
    terminal
}

fn signal(terminal: &Terminal, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(terminal.pid()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// `proc_pid_stat(5)`: the state behind the name in parentheses.
fn stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().trim_start().starts_with('T')
}

#[test]
fn a_morning_from_opening_to_quitting() {
    let home = home();
    let mut terminal = opened(home.path());
    terminal.shows("data processing agreement");
    // To the backup by filter, into its panel, and why.
    terminal.press("/");
    terminal.press("last night");
    terminal.press("\r");
    terminal.hides("data processing agreement: ");
    terminal.press("w");
    terminal.shows("backups/old");
    terminal.press("\x1b");
    terminal.hides("backups/old");
    terminal.press("\r");
    terminal.until("the backups' panel", |screen| {
        screen.contents().contains("Backups") && !screen.contents().contains("Needs you")
    });
    terminal.press("\x1b");
    terminal.shows("Needs you");
    terminal.press("\x1b");
    terminal.shows("data processing agreement");
    terminal.press("?");
    terminal.shows("acknowledges, accepts");
    terminal.press("\x1b");
    terminal.hides("acknowledges, accepts");
    for (digit, title) in [("1", "Advisories"), ("2", "Servers"), ("3", "VPN"), ("4", "Backups"), ("5", "Services")] {
        terminal.press(digit);
        terminal.until(title, |screen| screen.contents().contains(title) && !screen.contents().contains("Needs you"));
        terminal.press("\x1b");
        terminal.shows("Needs you");
    }
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    assert!(terminal.is_restored());
}

#[test]
fn text_from_outside_cannot_steer_the_terminal() {
    let home = home();
    let mut terminal = opened(home.path());
    terminal.press("1");
    terminal.shows("‹U+202E›gpj.exe");
    terminal.shows("␛]0;owned");
    terminal.press("w");
    terminal.press("q");
    terminal.end();
    assert!(
        !terminal.bytes.windows(2).any(|pair| pair == b"\x1b]"),
        "an operating system command reached the terminal"
    );
    let text = String::from_utf8_lossy(&terminal.bytes);
    assert!(!text.contains('\u{202e}') && !text.contains('\u{9b}') && !text.contains('\x07'));
}

#[test]
fn every_signal_leaves_the_terminal_as_it_was() {
    for (number, ending) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::QUIT, 131), (Signal::HUP, 129)] {
        let home = home();
        let mut terminal = opened(home.path());
        signal(&terminal, number);
        assert_eq!(terminal.end().exit_code(), ending, "{number:?}");
        assert!(terminal.is_restored(), "{number:?}");
    }
}

#[test]
fn a_stop_gives_the_terminal_back_and_a_return_draws_anew() {
    let home = home();
    let mut terminal = opened(home.path());
    signal(&terminal, Signal::TSTP);
    terminal.until("restored screen", |screen| !screen.alternate_screen());
    assert!(terminal.is_restored());
    while !stopped(terminal.pid()) {
        std::thread::yield_now();
    }
    signal(&terminal, Signal::CONT);
    terminal.until("drawn screen", |screen| screen.alternate_screen() && screen.contents().contains("Needs you"));
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn a_closed_terminal_ends_it() {
    let home = home();
    let mut terminal = opened(home.path());
    terminal.hang_up();
    signal(&terminal, Signal::HUP);
    terminal.end();
}

#[test]
fn it_survives_every_size() {
    let home = home();
    let mut terminal = opened(home.path());
    for (columns, rows, text) in
        [(80, 24, "Needs you"), (40, 10, "Needs you"), (12, 3, "small"), (200, 60, "Needs you"), (120, 40, "Services")]
    {
        terminal.resize(columns, rows);
        terminal.shows(text);
    }
    for step in 0..100 {
        terminal.resize(20 + step, 5 + step / 4);
    }
    terminal.resize(120, 40);
    terminal.shows("Services");
    // Faster than it looks: for the console it is the same size.
    for _ in 0..20 {
        terminal.quiet(Duration::from_millis(20));
        terminal.resize(30, 8);
        terminal.resize(120, 40);
        terminal.shows("Services");
    }
    // A key that comes in the same instant as a change of size waits in crossterm for the next one (it takes one event out
    // of an edge-triggered poll and forgets the other), so the last change has to be over.
    terminal.quiet(Duration::from_millis(300));
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn pasted_text_triggers_nothing() {
    let home = home();
    let mut terminal = opened(home.path());
    terminal.paste("qqq\r5w");
    // A megabyte that somebody pasted by mistake.
    terminal.paste(&"q\r5wSd\x1b:".repeat(1 << 17));
    terminal.press("?");
    terminal.shows("acknowledges, accepts");
    terminal.press("\x1b");
    terminal.hides("acknowledges, accepts");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn an_idle_console_writes_nothing() {
    let home = home();
    let mut terminal = opened(home.path());
    terminal.quiet(Duration::from_secs(3));
    let before = terminal.bytes.len();
    // The next thing that could change is an age, at the earliest at the next minute.
    terminal.quiet(Duration::from_millis(1_500));
    assert!(terminal.bytes.len() - before < 2_000, "{} bytes while nothing happened", terminal.bytes.len() - before);
    terminal.press("q");
    terminal.end();
}

#[test]
fn without_a_terminal_it_says_what_works_without() {
    let home = home();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_matins"))
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .env("XDG_STATE_HOME", home.path().join("state"))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("matins round"));
    assert!(output.stdout.is_empty());
}

#[test]
fn the_demo_opens_marked_and_writes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = open(home.path(), &["demo"], 120, 40);
    terminal.shows("DEMO");
    terminal.shows("Needs you");
    terminal.press("R");
    terminal.press("w");
    terminal.shows("make it ok");
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    assert!(terminal.is_restored());
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

/// The README's pictures are what the program draws today.
#[test]
fn the_pictures_are_not_stale() {
    for (name, keys) in [("home", ""), ("servers", "2")] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_matins"))
            .args(["demo", "--picture", keys])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let kept = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/{name}.svg"))).unwrap();
        assert!(
            output.stdout == kept,
            "assets/{name}.svg is stale; run: matins demo --picture '{keys}' > assets/{name}.svg"
        );
    }
}
