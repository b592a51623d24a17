//! Other tools that ask a fleet over ssh, made to run the same script on the same hosts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;

use super::{AT_ONCE, Ground, names};

pub struct Peer {
    pub program: &'static str,
    pub package: &'static str,
    /// Short: its sockets lie there.
    pub room: &'static str,
    command: fn(&Ground, &Path, &Path) -> Command,
}

pub const ALL: &[Peer] = &[
    Peer { program: "parallel-ssh", package: "pssh", room: "p", command: parallel_ssh },
    Peer { program: "ansible", package: "ansible-core", room: "a", command: ansible },
    Peer { program: "apt-dater", package: "apt-dater", room: "d", command: apt_dater },
];

pub fn found(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.exists())
}

/// The lab's ssh is the one that they find.
pub fn run(ground: &Ground, peer: &Peer, program: &Path, room: &Path) {
    let mut command = (peer.command)(ground, program, room);
    let path = format!("{}:{}", ground.lab.join("bin").display(), std::env::var("PATH").unwrap());
    let log = std::fs::File::create(room.join("log")).unwrap();
    let status =
        command.env("PATH", path).env("HOME", room).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let status = status.status().unwrap();
    let said = || std::fs::read_to_string(room.join("log")).unwrap();
    assert!(status.success(), "{}: {status}: {}", peer.program, said().chars().take(2_000).collect::<String>());
}

fn parallel_ssh(ground: &Ground, program: &Path, _room: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$1\" -h \"$2\" -p \"$3\" -t 0 -I sh -s <\"$4\"", "sh"]);
    command.arg(program).arg(&ground.hosts).arg(AT_ONCE).arg(&ground.script);
    command
}

/// Keeps its connections for a minute. What it runs is a command line, so the script goes packed.
fn ansible(ground: &Ground, program: &Path, room: &Path) -> Command {
    let packed = base64::engine::general_purpose::STANDARD.encode(std::fs::read(&ground.script).unwrap());
    let mut command = Command::new(program);
    command.args(["all", "-m", "raw", "-f", AT_ONCE, "-i"]).arg(&ground.hosts);
    command.args(["-a", &format!("echo {packed} | base64 -d | sh -s")]);
    command.env("ANSIBLE_LOCAL_TEMP", room).env("ANSIBLE_SSH_CONTROL_PATH_DIR", room).env("ANSIBLE_HOME", room);
    command
}

/// Its refresh asks `apt-dater-host`, which no host of the lab has; its ssh sends the script in its place.
fn apt_dater(ground: &Ground, program: &Path, room: &Path) -> Command {
    let ssh = room.join("ssh");
    let sends = format!(
        "#!/bin/sh\nfor word; do case $word in n[0-9][0-9][0-9]) host=$word ;; esac; done\nexec {} \"$host\" sh -s <{}\n",
        ground.ssh.display(),
        ground.script.display()
    );
    std::fs::write(&ssh, sends).unwrap();
    std::fs::set_permissions(&ssh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let hosts: Vec<String> = names().iter().map(|name| format!("<host name=\"{name}\"/>")).collect();
    let hosts = hosts.concat();
    let hosts = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE hosts SYSTEM \"file:///usr/share/xml/schema/apt-dater/hosts.dtd\">\n<hosts><group name=\"lab\">{hosts}</group></hosts>\n"
    );
    std::fs::write(room.join("hosts.xml"), hosts).unwrap();
    let here = room.display();
    let config = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE apt-dater SYSTEM \"file:///usr/share/xml/schema/apt-dater/apt-dater.dtd\">\n<apt-dater><ssh cmd=\"{here}/ssh\" spawn-agent=\"false\"/>\
         <paths hosts-file=\"{here}/hosts.xml\" stats-dir=\"{here}/stats\" history-dir=\"{here}/history\"/></apt-dater>\n"
    );
    std::fs::write(room.join("config.xml"), config).unwrap();
    for folder in ["stats", "history"] {
        std::fs::create_dir_all(room.join(folder)).unwrap();
    }
    let mut command = Command::new(program);
    command.args(["-r", "-c"]).arg(room.join("config.xml")).env("TERM", "xterm").env("XDG_CONFIG_HOME", room);
    command
}
