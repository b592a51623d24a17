//! A home of its own for each test, and a register whose sources are folders.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A home of its own for each test.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new(toml: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.configure(toml);
        home
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn configure(&self, toml: &str) {
        let folder = self.path().join("config/matins");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("matins.toml"), toml).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_matins"));
        command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.path());
        command
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .env("XDG_STATE_HOME", self.path().join("state"))
            // Connections that ssh keeps are no other test's.
            .env("XDG_RUNTIME_DIR", self.path())
            .env("LOGNAME", "mona");
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A register whose only sources are folders of dated snapshots.
pub fn backups(home: &Path, offset_days: i64) -> String {
    let folder = home.join("dumps");
    let now = jiff_now();
    for day in 0..20_i64 {
        let at = now - jiff::SignedDuration::from_hours(24 * (day + offset_days) + 1);
        let name = at.strftime("%Y-%m-%dT%H%M%S").to_string();
        std::fs::create_dir_all(folder.join(&name)).unwrap();
        std::fs::write(folder.join(&name).join("dump.sql"), "CREATE TABLE t (x int);").unwrap();
    }
    format!(
        "[console]\ntimezone = \"UTC\"\n[[backup]]\nname = \"dumps\"\nof = []\nkind = \"directory\"\npath = \"{}\"\nslots = [\"1 week\"]\n",
        folder.display()
    )
}

#[allow(clippy::disallowed_methods, reason = "a test is an edge")]
pub fn jiff_now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
