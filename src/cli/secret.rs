//! `matins secret`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::Subcommand;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use secrecy::SecretString;

use super::edge::{Edge, End, Ended, IO, USAGE, print, runtime};
use crate::collect::tools::secrets::Secrets;
use crate::domain::Shown;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Keeps a secret, read from standard input, in the keyring under NAME: `{ keyring = "NAME" }`.
    Set { name: String },
}

pub(super) fn run(_edge: &Edge, command: &Command) -> Ended {
    let Command::Set { name } = command;
    if name.is_empty() || Shown::line(name) != **name || name.len() > 128 {
        return Err(End::new(USAGE, "the name must be 1 to 128 plain characters"));
    }
    let secret = read(name)?;
    runtime()?.block_on(Secrets::default().keep(name, secret))?;
    print(&format!("kept; use it as {{ keyring = \"{name}\" }}\n"))?;
    Ok(0)
}

/// One line; a terminal doesn't show what is typed.
fn read(name: &str) -> Result<SecretString, End> {
    let stdin = std::io::stdin();
    let failed = |error: std::io::Error| End::new(IO, format!("standard input can't be read: {error}"));
    let before = if stdin.is_terminal() {
        write!(std::io::stderr().lock(), "secret for {name} (not shown): ").map_err(failed)?;
        let before = tcgetattr(&stdin).map_err(|error| failed(error.into()))?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO;
        tcsetattr(&stdin, OptionalActions::Flush, &silent).map_err(|error| failed(error.into()))?;
        Some(before)
    } else {
        None
    };
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if let Some(before) = before {
        tcsetattr(&stdin, OptionalActions::Flush, &before).map_err(|error| failed(error.into()))?;
        writeln!(std::io::stderr().lock()).map_err(failed)?;
    }
    read.map_err(failed)?;
    let secret = line.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(End::new(USAGE, "the secret is empty; nothing was kept"));
    }
    Ok(SecretString::from(secret.to_owned()))
}
