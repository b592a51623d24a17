//! A sweep of the lab's two hundred addresses, beside plain `ssh` and beside other tools doing the same work: prints seconds,
//! and for each host the CPU time here and on the servers and the bytes on the wire, both ways. Judges nothing.
//! `MATINS_LAB=… cargo bench --bench sweep [-- RUNS]`, as root where CPU on the servers and bytes shall be told.
//!
//! - first: no connection is kept yet; beside `ssh HOST sh -s` with the same script, as many at once
//! - repeated: over kept connections with nothing changed; beside plain `ssh HOST true`
//! - the next day: all is asked again, over kept connections; sections that are as they were come as their digests
//! - the peers run the same script twice: `apt-get install pssh ansible-core apt-dater nftables`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures"
)]

mod cost;
mod peers;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use cost::{Cost, Meter};
use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::tools::shell::Shell;
use matins::config::{self, Location, Paths};
use matins::domain::SourceState;
use matins::round::{Desk, Pass, Plan, owners, pass};
use matins::store::Sqlite;

const HOSTS: usize = 200;
/// As many as matins has at once.
const AT_ONCE: &str = "16";
const RUNS: usize = 3;

/// What every run is done with.
struct Ground {
    lab: PathBuf,
    /// The lab's own.
    ssh: PathBuf,
    folder: PathBuf,
    /// What matins sends to a server that it has never asked.
    script: PathBuf,
    /// One name a line.
    hosts: PathBuf,
}

fn main() {
    let Some(lab) = std::env::var_os("MATINS_LAB").map(PathBuf::from).filter(|lab| lab.join("up/ssh").exists()) else {
        println!("left out: no lab runs here (tests/lab/up DIR ssh starts one; then MATINS_LAB names DIR)");
        return;
    };
    let runs = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(RUNS);
    let ground = Ground::new(lab);
    let meter = Meter::new(&ground);
    let mut rows: Vec<(String, Vec<Cost>)> = Vec::new();
    // Once for nothing: what is read from disk for the first time counts for nobody.
    plain(&ground, &ground.asks());
    for run in 0..runs {
        sweep(&ground, &meter, run, &mut rows);
    }
    drop(meter);
    print(&rows);
    std::fs::remove_dir_all(&ground.folder).unwrap();
}

impl Ground {
    fn new(lab: PathBuf) -> Self {
        // Short: sockets lie below it.
        let folder = PathBuf::from(format!("/tmp/msw{}", std::process::id()));
        let ground =
            Self { ssh: lab.join("bin/ssh"), script: folder.join("script"), hosts: folder.join("hosts"), lab, folder };
        std::fs::create_dir_all(&ground.folder).unwrap();
        std::fs::write(
            &ground.script,
            format!("known='' power='' had=''\n{}", include_str!("../../src/collect/servers/probe.sh")),
        )
        .unwrap();
        std::fs::write(&ground.hosts, names().join("\n") + "\n").unwrap();
        ground
    }

    /// The script, sent to `$1` by ssh and nothing else.
    fn asks(&self) -> String {
        format!("{} \"$1\" sh -s < {} >/dev/null", self.ssh.display(), self.script.display())
    }

    /// A folder that is ours alone.
    fn room(&self, name: &str) -> PathBuf {
        let room = self.folder.join(name);
        std::fs::create_dir(&room).unwrap();
        std::fs::set_permissions(&room, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        room
    }
}

fn names() -> Vec<String> {
    (1..=HOSTS).map(|host| format!("n{host:03}")).collect()
}

fn sweep(ground: &Ground, meter: &Meter, run: usize, rows: &mut Vec<(String, Vec<Cost>)>) {
    let mut keep = |name: &str, cost: Cost| {
        println!("run {run}: {name:<30} {cost}");
        match rows.iter_mut().find(|(row, _)| row == name) {
            Some((_, costs)) => costs.push(cost),
            None => rows.push((name.into(), vec![cost])),
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sockets = ground.room(&format!("s{run}"));
    let mut sweep = Sweep::new(ground, &sockets);
    keep("matins, first", meter.of(|| runtime.block_on(sweep.ask())));
    keep("matins, repeated", meter.of(|| runtime.block_on(sweep.ask())));
    sweep.tools = Arc::new(Tools { now: tomorrow, ..Tools::clone(&sweep.tools) });
    keep("matins, the next day", meter.of(|| runtime.block_on(sweep.ask())));
    end_kept(&ground.ssh, &sockets);
    keep("plain ssh, the same script", meter.of(|| plain(ground, &ground.asks())));
    keep("plain ssh, true", meter.of(|| plain(ground, &format!("{} -n \"$1\" true", ground.ssh.display()))));
    for peer in peers::ALL {
        let room = ground.room(&format!("{}{run}", peer.room));
        let Some(program) = peers::found(peer.program) else {
            println!("left out: {} is not installed (apt-get install {})", peer.program, peer.package);
            continue;
        };
        for time in ["first", "repeated"] {
            let cost = meter.of(|| peers::run(ground, peer, &program, &room));
            keep(&format!("{}, {time}", peer.program), cost);
        }
        end_kept(&ground.ssh, &room);
    }
}

fn print(rows: &[(String, Vec<Cost>)]) {
    println!();
    let median = |name: &str| rows.iter().find(|(row, _)| row == name).map(|(_, costs)| Cost::median(costs));
    for (name, costs) in rows {
        println!("{name:<30} {}", Cost::median(costs));
    }
    let ratio = |words: &str, one: &str, other: &str| {
        if let (Some(one), Some(other)) = (median(one), median(other)) {
            println!("{words:<46} {:.2}", one.seconds / other.seconds);
        }
    };
    ratio("first : plain ssh with the same script", "matins, first", "plain ssh, the same script");
    ratio("repeated : plain ssh true", "matins, repeated", "plain ssh, true");
    for peer in peers::ALL {
        for time in ["first", "repeated"] {
            let theirs = format!("{}, {time}", peer.program);
            ratio(&format!("{time} : {}", peer.program), &format!("matins, {time}"), &theirs);
        }
    }
}

fn tomorrow() -> Timestamp {
    Timestamp::now() + jiff::SignedDuration::from_hours(25)
}

struct Sweep {
    desk: Desk,
    tools: Arc<Tools>,
}

impl Sweep {
    fn new(ground: &Ground, sockets: &Path) -> Self {
        let folder = &ground.folder;
        let file = folder.join("hosts.toml");
        let mut toml = String::new();
        for name in names() {
            writeln!(toml, "[[server]]\nname = \"{name}\"").unwrap();
        }
        std::fs::write(&file, toml).unwrap();
        let paths = Paths { config: folder.into(), state: folder.into(), home: folder.into(), login: "bench".into() };
        let settings = config::load(&Location::Named(file), &paths, &owners()).unwrap();
        let desk = Desk::open(Plan::new(&settings).unwrap(), Box::new(Sqlite::in_memory().unwrap())).unwrap();
        let mut tools = Tools::new(Timestamp::now).unwrap();
        tools.shell = Shell::with(&ground.ssh, Some(sockets.to_owned()));
        Self { desk, tools: Arc::new(tools) }
    }

    /// All must have answered.
    async fn ask(&mut self) {
        let round = pass(&mut self.desk, &self.tools, &Pass::default(), std::future::pending(), |_| {})
            .await
            .unwrap()
            .kept()
            .unwrap();
        for line in &round.sources {
            assert_eq!(line.state, SourceState::Fresh, "{}: {:?}", line.id, line.fault);
        }
    }
}

/// A command line for each host (`$1`), as many at once as matins.
fn plain(ground: &Ground, command: &str) {
    let status = Command::new("xargs")
        .args(["-P", AT_ONCE, "-n", "1", "-a"])
        .arg(&ground.hosts)
        .args(["sh", "-c", command, "sh"])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{command}: {status}");
}

fn end_kept(ssh: &Path, sockets: &Path) {
    for socket in std::fs::read_dir(sockets).unwrap() {
        let socket = socket.unwrap();
        if !std::os::unix::fs::FileTypeExt::is_socket(&socket.file_type().unwrap()) {
            continue;
        }
        // One that has ended by itself in between is ended.
        let ended =
            Command::new(ssh).arg("-S").arg(socket.path()).args(["-O", "exit", "any"]).stderr(Stdio::null()).status();
        ended.unwrap();
    }
}
