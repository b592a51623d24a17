//! A sweep of the lab's hundred addresses, beside plain `ssh` doing the same: prints seconds and ratios, judges nothing.
//! `MATINS_LAB=… cargo bench --bench sweep`
//!
//! - first: no connection is kept yet; beside `ssh HOST sh -s` with the same script, as many at once
//! - repeated: over kept connections with nothing changed; beside plain `ssh HOST true`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints its figures"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::tools::shell::Shell;
use matins::config::{self, Location, Paths};
use matins::domain::SourceState;
use matins::round::{Desk, Pass, Plan, owners, pass};
use matins::store::Sqlite;

const HOSTS: usize = 100;
/// As many as matins has at once.
const AT_ONCE: &str = "16";
const RUNS: usize = 3;

fn main() {
    let Some(lab) = std::env::var_os("MATINS_LAB").map(PathBuf::from).filter(|lab| lab.join("ready").exists()) else {
        println!("left out: no lab runs here (tests/lab/up starts one; then MATINS_LAB names its folder)");
        return;
    };
    let ssh = lab.join("bin/ssh");
    let folder = PathBuf::from(format!("/tmp/matins-sweep-{}", std::process::id()));
    let script = folder.join("script");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&script, format!("known='' power=''\n{}", include_str!("../src/collect/servers/probe.sh"))).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();

    let mut rows: [Vec<f64>; 4] = Default::default();
    for run in 0..RUNS {
        let sockets = folder.join(format!("s{run}"));
        std::fs::create_dir(&sockets).unwrap();
        std::fs::set_permissions(&sockets, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let mut sweep = Sweep::new(&folder, &ssh, &sockets);
        rows[0].push(runtime.block_on(sweep.ask()));
        rows[1].push(runtime.block_on(sweep.ask()));
        end_kept(&ssh, &sockets);
        rows[2].push(plain(&format!("{} \"$1\" sh -s < {} >/dev/null", ssh.display(), script.display())));
        rows[3].push(plain(&format!("{} -n \"$1\" true", ssh.display())));
    }
    let names = ["matins, first", "matins, repeated", "plain ssh, the same script", "plain ssh, true"];
    for (name, row) in names.iter().zip(&mut rows) {
        row.sort_by(f64::total_cmp);
        println!("{name:<28} median {:>7.2} s   min {:>7.2} s   max {:>7.2} s", row[RUNS / 2], row[0], row[RUNS - 1]);
    }
    println!("first : plain ssh with the same script = {:.2}", rows[0][RUNS / 2] / rows[2][RUNS / 2]);
    println!("repeated : plain ssh true              = {:.2}", rows[1][RUNS / 2] / rows[3][RUNS / 2]);
    std::fs::remove_dir_all(&folder).unwrap();
}

struct Sweep {
    desk: Desk,
    tools: Arc<Tools>,
}

impl Sweep {
    fn new(folder: &Path, ssh: &Path, sockets: &Path) -> Self {
        let file = folder.join("hosts.toml");
        let mut toml = String::new();
        for host in 1..=HOSTS {
            writeln!(toml, "[[server]]\nname = \"n{host:03}\"").unwrap();
        }
        std::fs::write(&file, toml).unwrap();
        let paths = Paths { config: folder.into(), state: folder.into(), home: folder.into(), login: "bench".into() };
        let settings = config::load(&Location::Named(file), &paths, &owners()).unwrap();
        let desk = Desk::open(Plan::new(&settings).unwrap(), Box::new(Sqlite::in_memory().unwrap())).unwrap();
        let mut tools = Tools::new(Timestamp::now).unwrap();
        tools.shell = Shell::with(ssh, Some(sockets.to_owned()));
        Self { desk, tools: Arc::new(tools) }
    }

    /// Seconds for all of them; all must have answered.
    async fn ask(&mut self) -> f64 {
        let started = Instant::now();
        let round =
            pass(&mut self.desk, &self.tools, &Pass::default(), std::future::pending(), |_| {}).await.unwrap().unwrap();
        let took = started.elapsed().as_secs_f64();
        for line in &round.sources {
            assert_eq!(line.state, SourceState::Fresh, "{}: {:?}", line.id, line.fault);
        }
        took
    }
}

/// Seconds for a command line for each host (`$1`), as many at once as matins.
fn plain(command: &str) -> f64 {
    let hosts = (1..=HOSTS).map(|host| format!("n{host:03}")).collect::<Vec<_>>().join("\n");
    let file = std::env::temp_dir().join(format!("matins-hosts-{}", std::process::id()));
    std::fs::write(&file, hosts).unwrap();
    let started = Instant::now();
    let status = Command::new("xargs")
        .args(["-P", AT_ONCE, "-n", "1", "-a"])
        .arg(&file)
        .args(["sh", "-c", command, "sh"])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    let took = started.elapsed().as_secs_f64();
    std::fs::remove_file(&file).unwrap();
    assert!(status.success(), "{command}: {status}");
    took
}

fn end_kept(ssh: &Path, sockets: &Path) {
    for socket in std::fs::read_dir(sockets).unwrap() {
        let socket = socket.unwrap().path();
        // One that has ended by itself in between is ended.
        Command::new(ssh).arg("-S").arg(&socket).args(["-O", "exit", "any"]).stderr(Stdio::null()).status().unwrap();
    }
}
