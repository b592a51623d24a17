//! A real mail server: mail.py.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// aiosmtpd, ended with the test.
pub struct Mail {
    child: Child,
    output: BufReader<ChildStdout>,
    pub port: u16,
}

impl Drop for Mail {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Mail {
    /// With a certificate and its key it takes nothing without TLS and a login. `None`, said aloud, where Python or aiosmtpd
    /// is missing.
    pub fn start(pair: &[PathBuf]) -> Option<Self> {
        let there = Command::new("/usr/bin/python3").args(["-c", "import aiosmtpd"]).output();
        if !there.is_ok_and(|output| output.status.success()) {
            eprintln!("left out: python3-aiosmtpd is not installed");
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/mail.py");
        let mut command = Command::new("/usr/bin/python3");
        let mut child = command.arg(script).args(pair).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        Some(Self { child, output, port: line.trim().parse().unwrap() })
    }

    /// The next one: to whom, all of it as it came, and its text.
    pub fn message(&mut self) -> String {
        let mut message = String::new();
        while !message.ends_with("END\n") {
            assert!(self.output.read_line(&mut message).unwrap() > 0, "{message}");
        }
        message
    }
}
