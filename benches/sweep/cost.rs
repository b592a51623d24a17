//! What a sweep costs: the time, the CPU of all processes here and on the servers, the bytes between them.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Ground, HOSTS};

/// What ends with a sweep may take this long to end.
const SETTLE: Duration = Duration::from_millis(500);
/// A second of CPU in /proc: Linux says so to every program, whatever its own clock.
const TICKS: f64 = 100.0;
const TABLE: &str = "matins_sweep";

#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub seconds: f64,
    /// Seconds of CPU of all processes here.
    here: f64,
    /// Of the servers'.
    there: Option<f64>,
    /// To the servers and back, whole packets.
    bytes: Option<(u64, u64)>,
}

impl Cost {
    /// The run in the middle.
    pub fn median(costs: &[Self]) -> Self {
        let mut sorted = costs.to_vec();
        sorted.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
        sorted[sorted.len() / 2]
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = HOSTS as f64;
        write!(f, "{:>7.2} s  a host: here {:>6.1} ms", self.seconds, self.here * 1e3 / hosts)?;
        match self.there {
            Some(there) => write!(f, "  there {:>6.1} ms", there * 1e3 / hosts)?,
            None => write!(f, "  there unknown")?,
        }
        match self.bytes {
            Some((up, down)) => write!(f, "  to {:>6} B  back {:>6} B", up / HOSTS as u64, down / HOSTS as u64),
            None => write!(f, "  bytes unknown"),
        }
    }
}

/// Reads the counters before and after.
pub struct Meter {
    folder: String,
    servers: Option<Group>,
    counts: bool,
}

/// A control group of the servers alone: sshd does not wait for all that it starts, so nothing else counts all of it.
struct Group {
    folder: PathBuf,
    /// Where they were.
    before: PathBuf,
}

impl Group {
    fn new(pids: &[u32]) -> Option<Self> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
        let root = mounts.lines().find_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words.get(2) == Some(&"cgroup2")).then(|| PathBuf::from(words[1]))
        })?;
        let theirs = std::fs::read_to_string(format!("/proc/{}/cgroup", pids.first()?)).ok()?;
        let path = theirs.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let group = Self { folder: root.join(TABLE), before: root.join(path) };
        std::fs::create_dir_all(&group.folder).ok()?;
        let joins = pids.iter().all(|pid| std::fs::write(group.folder.join("cgroup.procs"), pid.to_string()).is_ok());
        (joins && group.seconds().is_some()).then_some(group)
    }

    fn seconds(&self) -> Option<f64> {
        let stat = std::fs::read_to_string(self.folder.join("cpu.stat")).ok()?;
        let used: f64 = stat.lines().find_map(|line| line.strip_prefix("usage_usec "))?.parse().ok()?;
        Some(used / 1e6)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let all = std::fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        for pid in all.lines() {
            // One that has ended in between is gone.
            std::fs::write(self.before.join("cgroup.procs"), pid).ok();
        }
        if let Err(error) = std::fs::remove_dir(&self.folder) {
            println!("{} stays: {error}", self.folder.display());
        }
    }
}

impl Meter {
    pub fn new(ground: &Ground) -> Self {
        let servers: Vec<u32> = std::fs::read_dir(ground.lab.join("pids"))
            .unwrap()
            .map(Result::unwrap)
            .filter(|file| file.file_name().to_string_lossy().starts_with("ssh.server"))
            .map(|file| std::fs::read_to_string(file.path()).unwrap().split(' ').next().unwrap().parse().unwrap())
            .collect();
        let led = Command::new(&ground.ssh).args(["-G", "n001"]).output().unwrap();
        let led = String::from_utf8(led.stdout).unwrap();
        let port = led.lines().find_map(|line| line.strip_prefix("port ")).unwrap();
        let counts = nft(&format!(
            // One that was broken off has left its own.
            "add table inet {TABLE}; delete table inet {TABLE}; add table inet {TABLE}; add counter inet {TABLE} up; add counter inet {TABLE} down; \
             add chain inet {TABLE} out {{ type filter hook output priority 0; }}; \
             add rule inet {TABLE} out tcp dport {port} ip daddr 127.0.1.0/24 counter name up; \
             add rule inet {TABLE} out tcp sport {port} ip saddr 127.0.1.0/24 counter name down"
        ));
        if !counts {
            println!("left out: bytes, since nft may not count here (as root, with nftables, it may)");
        }
        let servers = Group::new(&servers);
        if servers.is_none() {
            println!("left out: CPU on the servers, since no control group can be made (as root it can)");
        }
        Self { folder: ground.folder.display().to_string(), servers, counts }
    }

    pub fn of(&self, work: impl FnOnce()) -> Cost {
        let there = || self.servers.as_ref().and_then(Group::seconds);
        let before = (self.here(), there(), self.bytes());
        let started = Instant::now();
        work();
        let seconds = started.elapsed().as_secs_f64();
        std::thread::sleep(SETTLE);
        let after = (self.here(), there(), self.bytes());
        Cost {
            seconds,
            here: after.0 - before.0,
            there: before.1.zip(after.1).map(|(before, after)| after - before),
            bytes: before.2.zip(after.2).map(|((up, down), (up_after, down_after))| (up_after - up, down_after - down)),
        }
    }

    /// Ourselves, what we waited for, and the connections that are kept, which are nobody's children.
    fn here(&self) -> f64 {
        let ours = |pid: u32, process: &Process| {
            let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words);
            process.parent == 1 && words.starts_with("ssh: ") && words.contains(&self.folder)
        };
        let all = processes();
        let ticks = all.iter().filter(|(pid, process)| **pid == std::process::id() || ours(**pid, process));
        ticks.map(|(_, process)| process.ticks).sum::<u64>() as f64 / TICKS
    }

    fn bytes(&self) -> Option<(u64, u64)> {
        let count = |name: &str| -> Option<u64> {
            let said = Command::new("nft").args(["list", "counter", "inet", TABLE, name]).output().ok()?;
            let said = String::from_utf8(said.stdout).ok()?;
            let mut words = said.split_whitespace().skip_while(|word| *word != "bytes");
            words.nth(1)?.parse().ok()
        };
        self.counts.then(|| Some((count("up")?, count("down")?))).flatten()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.counts && !nft(&format!("delete table inet {TABLE}")) {
            println!("the table {TABLE} stays: nft delete table inet {TABLE}");
        }
    }
}

fn nft(rules: &str) -> bool {
    Command::new("nft").arg(rules).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

struct Process {
    parent: u32,
    /// Its own and those of its children that have ended.
    ticks: u64,
}

fn processes() -> HashMap<u32, Process> {
    let mut all = HashMap::new();
    for entry in std::fs::read_dir("/proc").unwrap().map_while(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ended in between is gone.
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // Behind the program's name, which may hold anything: state, parent, …, utime, stime, cutime, cstime.
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks = fields[11..15].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        all.insert(pid, Process { parent: fields[1].parse().unwrap(), ticks });
    }
    all
}
