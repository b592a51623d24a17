//! A register whose only backup stopped, and the built console opened on it. Beside `home` and `pty`.

use std::ffi::OsStr;

use portable_pty::CommandBuilder;

use crate::home::{Home, backups, text};
use crate::pty::Terminal;

/// What is broken there.
pub const KEY: &str = "backup-on-site/web1/dumps";

/// A server whose only backup stopped a month ago; nothing is judged yet.
pub fn stopped() -> Home {
    let home = Home::new("");
    let toml = backups(home.path(), 30).replace("of = []", "of = [\"web1\"]")
        + "[[server]]\nname = \"web1\"\nssh = \"127.0.0.1\"\n";
    home.configure(&toml);
    home
}

/// The same after its first round.
pub fn broken() -> Home {
    let home = stopped();
    home.run(&["round", "--only", "backups"]);
    home
}

/// What `log verify` says of its record, which must be whole.
pub fn verify(home: &Home) -> String {
    let output = home.run(&["log", "verify"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The console there, as mona opens it.
pub fn console(home: &Home, arguments: &[&str], variables: &[(&str, &OsStr)]) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_matins"));
    command.args(arguments);
    command.env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap());
    for (name, value) in [("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8"), ("LOGNAME", "mona")] {
        command.env(name, value);
    }
    command.env("HOME", home.path());
    command.env("XDG_CONFIG_HOME", home.path().join("config"));
    command.env("XDG_STATE_HOME", home.path().join("state"));
    command.env("XDG_RUNTIME_DIR", home.path());
    for (name, value) in variables {
        command.env(name, value);
    }
    Terminal::start(command, 140, 40)
}
