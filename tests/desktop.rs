//! The desktop is told by the real notify-send, over a real bus, by the open console.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[path = "support/home.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod home;
#[path = "support/opened.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod opened;
#[path = "support/pty.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod pty;

use home::Home;

/// A bus of its own with a server of notifications, which writes down what it is sent.
struct Desktop {
    bus: Child,
    server: Child,
    address: String,
    log: PathBuf,
}

impl Desktop {
    fn start(folder: &Path) -> Option<Self> {
        let bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address=1"])
            .arg(format!("--address=unix:dir={}", folder.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mocked = Command::new("/usr/bin/python3").args(["-c", "import dbusmock"]).output();
        let there = mocked.is_ok_and(|output| output.status.success())
            && Command::new("notify-send").arg("--version").output().is_ok();
        let (Ok(mut bus), true) = (bus, there) else {
            eprintln!("left out: dbus, libnotify-bin or python3-dbusmock is not installed");
            return None;
        };
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let (address, log) = (address.trim().to_owned(), folder.join("notifications"));
        let server = Command::new("/usr/bin/python3")
            .args(["-m", "dbusmock", "--session", "--template", "notification_daemon", "--logfile"])
            .arg(&log)
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let desktop = Self { bus, server, address, log };
        let end = Instant::now() + Duration::from_secs(30);
        while !desktop.is_there() {
            assert!(Instant::now() < end, "nobody takes notifications");
        }
        Some(desktop)
    }

    fn is_there(&self) -> bool {
        let asked = Command::new("dbus-send")
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.DBus",
                "/",
                "org.freedesktop.DBus.GetNameOwner",
            ])
            .arg("string:org.freedesktop.Notifications")
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .output();
        asked.unwrap().status.success()
    }

    /// What came, whole: the server writes a line more for each.
    fn shows(&self) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            if let Some((_, sent)) = log.split_once(" Notify ")
                && sent.ends_with('\n')
            {
                return sent.to_owned();
            }
            assert!(Instant::now() < end, "the desktop was not told: {log}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in [&mut self.server, &mut self.bus] {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// What OpenVPN 2.6 writes of these clients.
fn status(file: &Path, clients: &[&str]) {
    let now = home::jiff_now();
    let (at, unix) = (now.strftime("%Y-%m-%d %H:%M:%S"), now.as_second());
    let client = |(number, name): (usize, &&str)| {
        format!(
            "CLIENT_LIST\t{name}\t127.0.0.{number}:40000\t10.8.0.{number}\t\t1782\t1806\t{at}\t{unix}\tUNDEF\t{number}\t{number}\tAES-256-GCM\n"
        )
    };
    let clients: String = (2..).zip(clients).map(client).collect();
    let text = format!(
        "TITLE\tOpenVPN 2.6.14 x86_64-pc-linux-gnu\nTIME\t{at}\t{unix}\n\
         HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\tBytes Received\tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher\n\
         {clients}HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\tLast Ref (time_t)\nGLOBAL_STATS\tMax bcast/mcast queue length\t0\nEND\n"
    );
    std::fs::write(file, text).unwrap();
}

#[test]
fn the_desktop_gets_text_whatever_a_name_looks_like() {
    let home = Home::new("");
    let Some(desktop) = Desktop::start(home.path()) else { return };
    let name = "<b>mallory</b> & <img src=x> &amp;";
    let file = home.path().join("status.log");
    status(&file, &["roman"]);
    home.configure(&format!(
        "[console]\ntimezone = \"UTC\"\n[[vpn]]\nname = \"gate\"\nkind = \"openvpn\"\nstatus = \"{}\"\n\
         [[peer]]\nname = \"roman\"\ncommon_name = \"roman\"\n\
         [[notify]]\nname = \"desktop\"\nkind = \"desktop\"\nabout = [\"broken\"]\n",
        file.display()
    ));
    // Everything has been asked: what comes now is news.
    home.run(&["round"]);
    let address = desktop.address.clone();
    let mut terminal = opened::console(&home, &[], &[("DBUS_SESSION_BUS_ADDRESS", address.as_ref())]);
    terminal.shows("matins ·");
    status(&file, &["roman", name]);
    terminal.press("R");
    terminal.shows("<b>mallory</b>");
    let sent = desktop.shows();
    let head = "\"matins\" 0 \"\" \"matins: 1 broken\" \"";
    let body = sent.strip_prefix(head).unwrap_or_else(|| panic!("{sent}"));
    let (body, hints) = body.split_once("\" [").unwrap_or_else(|| panic!("{sent}"));
    assert!(hints.contains("\"urgency\": 2"), "{sent}");
    // A server that knows markup finds none, and shows what stands there.
    assert!(!body.contains(['<', '>']), "{body}");
    let shown = body.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    assert!(shown.contains(name), "{shown}");
    assert!(!body.contains(|c: char| c.is_control() && c != '\n'), "{body:?}");
    terminal.press("q");
    assert!(terminal.end().success() && terminal.is_restored());
}
