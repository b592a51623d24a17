//! A real OpenVPN server with clients that come and go, and an authority of easy-rsa's.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const EASYRSA: &str = "/usr/share/easy-rsa/easyrsa";
const PATIENCE: Duration = Duration::from_secs(40);

/// Its folder has `pki`, a file with certificate and key for each client, and the server's management socket,
/// `m.sock`.
pub struct World {
    pub folder: tempfile::TempDir,
    pub port: u16,
    /// What easy-rsa is told besides.
    variables: Vec<(&'static str, &'static str)>,
}

/// An OpenVPN, ended when dropped, and what it says.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl World {
    /// `None`, said aloud, where tunnels can't be had.
    pub fn new(names: &[&str]) -> Option<Self> {
        Self::with(names, &[])
    }

    /// The same, where easy-rsa's variables say how long certificates last.
    pub fn with(names: &[&str], variables: &[(&'static str, &'static str)]) -> Option<Self> {
        let there = ["/dev/net/tun", EASYRSA, "/usr/sbin/openvpn"].iter().all(|path| fs::exists(path).unwrap());
        if !there || !rustix::process::geteuid().is_root() {
            eprintln!("left out: a VPN needs root, /dev/net/tun, openvpn and easy-rsa");
            return None;
        }
        // Short enough for a socket, and nobody else's.
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let world = Self { folder, port: free_port(), variables: variables.to_vec() };
        world.easyrsa(&["init-pki"]);
        world.run("easyrsa", &["build-ca", "nopass"], &[("EASYRSA_REQ_CN", "matins test")]);
        world.easyrsa(&["build-server-full", "gate", "nopass"]);
        for name in names {
            world.certify(name);
        }
        world.easyrsa(&["gen-crl"]);
        Some(world)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A certificate for any common name whatever; its file is called by a number of the name.
    pub fn certify(&self, name: &str) {
        let file = file_of(name);
        let key = self.path(&format!("pki/private/{file}.key"));
        let request = self.path(&format!("pki/reqs/{file}.req"));
        self.run("openssl", &["ecparam", "-genkey", "-noout", "-name", "prime256v1", "-out", text(&key)], &[]);
        let subject = format!("/CN={}", name.replace('\\', "\\\\").replace('/', "\\/"));
        self.run(
            "openssl",
            &["req", "-new", "-utf8", "-key", text(&key), "-subj", &subject, "-out", text(&request)],
            &[],
        );
        self.easyrsa(&["sign-req", "client", &file]);
        // What its holder has: easy-rsa moves its own away when it is revoked.
        let whole = [self.path(&format!("pki/issued/{file}.crt")), key].map(|part| fs::read(part).unwrap());
        fs::write(self.path(&file), whole.concat()).unwrap();
    }

    /// Revoked, and in the list that OpenVPN reads.
    pub fn revoke(&self, name: &str) {
        self.easyrsa(&["revoke", &file_of(name)]);
        self.easyrsa(&["gen-crl"]);
    }

    /// A list of who is revoked that ends in so many days, or has ended so many days ago: easy-rsa makes none of these.
    pub fn renew_list(&self, days: i64) {
        let now = super::home::jiff_now();
        let form = |days: i64| {
            let at = now + jiff::SignedDuration::from_hours(24 * days);
            at.strftime("%Y%m%d%H%M%SZ").to_string()
        };
        let config = format!(
            "[ca]\ndefault_ca = x\n[x]\ndatabase = {}\ndefault_md = sha256\n",
            self.path("pki/index.txt").display()
        );
        fs::write(self.path("ca.cnf"), config).unwrap();
        let [config, key, authority, list] =
            ["ca.cnf", "pki/private/ca.key", "pki/ca.crt", "pki/crl.pem"].map(|name| self.path(name));
        let (from, until) = (form(days.min(0) - 10), form(days));
        self.run(
            "openssl",
            &[
                &["ca", "-gencrl", "-config", text(&config), "-keyfile", text(&key), "-cert", text(&authority)][..],
                &["-crl_lastupdate", &from, "-crl_nextupdate", &until, "-out", text(&list)],
            ]
            .concat(),
            &[],
        );
    }

    pub fn easyrsa(&self, arguments: &[&str]) {
        self.run("easyrsa", arguments, &[]);
    }

    pub fn run(&self, program: &str, arguments: &[&str], variables: &[(&str, &str)]) {
        let program = if program == "easyrsa" { EASYRSA } else { program };
        let output = Command::new(program)
            .args(arguments)
            .envs([("EASYRSA_BATCH", "1"), ("EASYRSA_ALGO", "ec"), ("EASYRSA_CURVE", "prime256v1")])
            .env("EASYRSA_PKI", self.path("pki"))
            .envs(self.variables.iter().copied())
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
    }

    /// The server, once it serves; its management socket is `m.sock`, behind the password in `password`.
    pub fn serve(&self, options: &[&str]) -> Process {
        self.serve_at(self.port, "m.sock", options)
    }

    pub fn serve_at(&self, port: u16, socket: &str, options: &[&str]) -> Process {
        let password = self.path("password");
        fs::write(&password, "s3cret\n").unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
        let mut command = self.openvpn();
        for (option, file) in [("--cert", "pki/issued/gate.crt"), ("--key", "pki/private/gate.key")] {
            command.arg(option).arg(self.path(file));
        }
        command.args(["--local", "127.0.0.1", "--proto", "udp4", "--topology", "subnet", "--dh", "none"]);
        command.args(["--port", &port.to_string(), "--keepalive", "2", "10"]);
        command.args(["--crl-verify".as_ref(), self.path("pki/crl.pem").as_os_str()]);
        if !options.contains(&"--management") {
            command.args([
                "--management".as_ref(),
                self.path(socket).as_os_str(),
                "unix".as_ref(),
                password.as_os_str(),
            ]);
        }
        if !options.contains(&"--server") {
            command.args(["--server", "10.233.0.0", "255.255.255.0"]);
        }
        let mut server = Process::start(command.args(options));
        server.says("Initialization Sequence Completed");
        server
    }

    /// A client that is connected.
    pub fn join(&self, name: &str, options: &[&str]) -> Process {
        let mut client = self.knock(name, options);
        client.says("Initialization Sequence Completed");
        client
    }

    /// One that tries.
    pub fn knock(&self, name: &str, options: &[&str]) -> Process {
        let mut command = self.openvpn();
        for option in ["--cert", "--key"] {
            command.arg(option).arg(self.path(&file_of(name)));
        }
        command.args([
            "--client",
            "--proto",
            "udp4",
            "--local",
            "127.0.0.1",
            "--lport",
            "0",
            "--remote-cert-tls",
            "server",
        ]);
        command.args(["--connect-retry", "1", "1", "--connect-timeout", "3", "--hand-window", "5"]);
        if !options.contains(&"--remote") {
            command.args(["--remote", "127.0.0.1", &self.port.to_string()]);
        }
        Process::start(command.args(options))
    }

    /// Another client of the management interface, which has it from now on.
    pub fn talk(&self, socket: &str) -> Talk {
        let mut talk = Talk(UnixStream::connect(self.path(socket)).unwrap());
        talk.0.set_read_timeout(Some(PATIENCE)).unwrap();
        talk.until("PASSWORD:");
        talk.send("s3cret\n");
        talk.until("for more info\r\n");
        talk
    }

    fn openvpn(&self) -> Command {
        let mut command = Command::new("openvpn");
        // Nobody's addresses and routes are touched.
        command.args(["--dev", "tun", "--ifconfig-noexec", "--route-noexec", "--verb", "3"]);
        command.arg("--ca").arg(self.path("pki/ca.crt"));
        command
    }
}

pub struct Talk(UnixStream);

impl Talk {
    pub fn send(&mut self, line: &str) {
        self.0.write_all(line.as_bytes()).unwrap();
    }

    /// Leaves, and waits until the interface is free.
    pub fn quit(mut self) {
        self.send("quit\n");
        self.0.read_to_end(&mut Vec::new()).unwrap();
    }

    /// All up to this.
    pub fn until(&mut self, end: &str) -> String {
        let (mut said, mut byte) = (Vec::new(), [0]);
        while !said.ends_with(end.as_bytes()) {
            self.0.read_exact(&mut byte).unwrap();
            said.push(byte[0]);
        }
        String::from_utf8(said).unwrap()
    }
}

pub fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Safe as a file's name.
fn file_of(name: &str) -> String {
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return name.to_owned();
    }
    name.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits until it says this.
    pub fn says(&mut self, wanted: &str) {
        let (until, mut said) = (Instant::now() + PATIENCE, Vec::new());
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(wanted) => return,
                Ok(line) => said.push(line),
                Err(error) => panic!("`{wanted}` was not said ({error}): {said:#?}"),
            }
        }
    }

    /// Stops it where it is, or lets it go on.
    pub fn freeze(&self, still: bool) {
        let signal = if still { Signal::STOP } else { Signal::CONT };
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it as a service manager does, and waits for its end.
    pub fn end(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
