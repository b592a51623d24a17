//! A real sshd on a loopback port, with its own keys, for one test; and servers that are none.

#![allow(dead_code, reason = "each test program uses a part")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use matins::collect::tools::shell::Shell;
use matins::domain::register::{Destination, Server};
use tempfile::TempDir;

/// Whether this machine has an sshd; says so when it has not.
pub fn there_is_sshd() -> bool {
    let there = Path::new("/usr/sbin/sshd").exists() && Path::new("/usr/bin/ssh").exists();
    if !there {
        eprintln!("skipped: OpenSSH's client and server are not both installed here");
    }
    there
}

/// Everything of one test: keys, configuration, sockets, and the sshd when it runs.
pub struct Sshd {
    pub folder: TempDir,
    pub port: u16,
    child: Option<Child>,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn keygen(path: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status().unwrap();
    assert!(made.success());
}

pub fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Sshd {
    /// Keys and a client's configuration for a server at this port; nothing is started.
    pub fn at(port: u16) -> Self {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let path = |name: &str| folder.path().join(name);
        keygen(&path("host"));
        keygen(&path("id"));
        fs::copy(path("id.pub"), path("authorized")).unwrap();
        fs::create_dir(path("bin")).unwrap();
        fs::create_dir(path("c")).unwrap();
        fs::set_permissions(path("c"), fs::Permissions::from_mode(0o700)).unwrap();
        let here = Self { port, child: None, folder };
        here.know(&here.path("host.pub"));
        here.configure("");
        let wrapper = format!("#!/bin/sh\nexec /usr/bin/ssh -F {}/config \"$@\"\n", here.folder.path().display());
        write_program(&here.path("bin/ssh"), &wrapper);
        here
    }

    /// A running sshd, with these lines in its configuration.
    pub fn start(extra: &str) -> Self {
        let mut here = Self::at(free_port());
        let root = here.folder.path().display().to_string();
        // Bash takes itself for a nested shell then and leaves out what the tester's own .bashrc does, which can be slow.
        let nested = if extra.contains("SetEnv") { "" } else { "SetEnv SHLVL=5\n" };
        let config = format!(
            "Port {}\nListenAddress 127.0.0.1\nHostKey {root}/host\nAuthorizedKeysFile {root}/authorized\nUsePAM no\n\
             StrictModes no\nPidFile none\nPrintMotd no\nPermitRootLogin yes\nLogLevel INFO\n{nested}{extra}\n",
            here.port
        );
        fs::write(here.path("sshd_config"), config).unwrap();
        // sshd of root wants its empty folder; of anybody else it does not look.
        fs::create_dir_all("/run/sshd").ok();
        let mut child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(here.path("sshd_config"))
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("Server listening") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "sshd did not start");
        }
        let log = here.path("sshd.log");
        fs::write(&log, "").unwrap();
        std::thread::spawn(move || {
            let mut file = fs::OpenOptions::new().append(true).open(log).unwrap();
            for line in said.lines().map_while(Result::ok) {
                writeln!(file, "{line}").ok();
            }
        });
        here.child = Some(child);
        here
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `known_hosts` with this public key for our server.
    pub fn know(&self, key: &Path) {
        let key = fs::read_to_string(key).unwrap();
        let words: Vec<&str> = key.split_whitespace().collect();
        fs::write(self.path("known"), format!("[127.0.0.1]:{} {} {}\n", self.port, words[0], words[1])).unwrap();
    }

    /// The client's configuration: the alias `web1`, and these lines for it.
    pub fn configure(&self, extra: &str) {
        let root = self.folder.path().display();
        let config = format!(
            "Host web1\nHostName 127.0.0.1\nPort {}\nIdentityFile {root}/id\nUserKnownHostsFile {root}/known\n{extra}\n",
            self.port
        );
        fs::write(self.path("config"), config).unwrap();
    }

    /// A shell that calls ssh with our configuration, and keeps its connections in our folder.
    pub fn shell(&self) -> Shell {
        Shell::with(self.path("bin/ssh"), Some(self.path("c")))
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("sshd.log")).unwrap()
    }

    pub fn sockets(&self) -> Vec<PathBuf> {
        fs::read_dir(self.path("c")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// Processes whose command line holds this.
    pub fn processes(words: &str) -> Vec<u32> {
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|pid: &u32| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(words))
        })
        .collect()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        for socket in self.sockets() {
            // Ours by its place; one that was stopped for a test is woken first.
            for pid in Self::processes(&socket.display().to_string()) {
                Command::new("kill").args(["-KILL", &pid.to_string()]).status().ok();
            }
        }
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

pub fn server(name: &str, ssh: Option<&str>) -> Server {
    let mut server = Server::local();
    server.name = name.into();
    server.ssh = ssh.map(|text| Destination::parse(text).unwrap());
    server
}

pub fn web1() -> Server {
    server("web1", Some("web1"))
}

/// Accepts, says this, and then nothing more, keeping the connection open. The port.
pub fn mute(greeting: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(greeting).ok();
            open.push(stream);
        }
    });
    port
}

/// Says this and hangs up. The port.
pub fn blurt(words: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut some = [0; 64];
            if stream.read(&mut some).is_err() {
                continue;
            }
            stream.write_all(words).ok();
        }
    });
    port
}

/// Hangs up on the first connections, as a server does that has too many, and passes later ones on. The port, and how
/// many came.
pub fn crowded(to: u16, refuse: usize) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let near = stream.unwrap();
            if counted.fetch_add(1, Ordering::SeqCst) < refuse {
                continue;
            }
            let far = TcpStream::connect(("127.0.0.1", to)).unwrap();
            for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                std::thread::spawn(move || {
                    std::io::copy(&mut from, &mut to).ok();
                    to.shutdown(std::net::Shutdown::Write).ok();
                });
            }
        }
    });
    (port, count)
}
