//! `matins probe`: what runs on servers, and what they must be told to let it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::edge::{Edge, End, Ended, NO_INPUT, USAGE, print};
use crate::collect::{PROBE_PATH, authorized_key, installed_probe, sudoers};
use crate::domain::Shown;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prints the probe: all that is ever run on a server; install it where a key is forced to run it.
    Show,
    /// Prints a line for `authorized_keys`: with it a key can run the probe and nothing else.
    AuthorizedKeys {
        /// A public key; else the keys that the register's servers and roles name.
        #[arg(long, value_name = "FILE.pub")]
        key: Option<PathBuf>,
        /// The network that the key may come from, such as the VPN's: 10.8.0.0/24.
        #[arg(long, value_name = "NETWORK")]
        from: Option<String>,
    },
    /// Prints sudo's rules for what needs root.
    Sudoers {
        /// The account on the server that the probe logs in as.
        #[arg(long, default_value = "matins")]
        login: String,
    },
}

pub(super) fn run(edge: &Edge, command: &Command) -> Ended {
    let text = match command {
        Command::Show => installed_probe(),
        Command::AuthorizedKeys { key, from } => authorized_keys(edge, key.as_deref(), from.as_deref())?,
        Command::Sudoers { login } if is_login(login) => sudoers(login),
        Command::Sudoers { login } => {
            return Err(End::new(USAGE, format!("`{}` is not an account's name", Shown::line(login).cut(40))));
        }
    };
    print(&text)?;
    Ok(0)
}

fn is_login(login: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    login.len() <= 32
        && login.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && login.bytes().all(plain)
}

fn authorized_keys(edge: &Edge, key: Option<&Path>, from: Option<&str>) -> Result<String, End> {
    if let Some(from) = from
        && !from.bytes().all(|byte| byte.is_ascii_hexdigit() || b"./:,".contains(&byte))
    {
        return Err(End::new(USAGE, format!("`{}` is not a network", Shown::line(from).cut(40))));
    }
    let files: Vec<PathBuf> = match key {
        Some(key) => vec![key.to_owned()],
        None => registered(edge)?,
    };
    let mut text = format!("# First install what `matins probe show` prints as {PROBE_PATH} (root:root, 0755).\n");
    for file in files {
        let public = std::fs::read_to_string(&file)
            .map_err(|error| End::new(NO_INPUT, format!("{} can't be read: {error}", file.display())))?;
        let line = public.lines().next().unwrap_or_default();
        if !is_public(line) {
            return Err(End::new(NO_INPUT, format!("{} is not a public key of ssh", file.display())));
        }
        text.push_str(&authorized_key(line, from));
    }
    Ok(text)
}

/// The public halves of the keys that the register names.
fn registered(edge: &Edge) -> Result<Vec<PathBuf>, End> {
    let settings = edge.settings()?;
    let home = &edge.paths()?.home;
    let keys: BTreeSet<&PathBuf> = settings.register.servers.iter().filter_map(|server| server.key.as_ref()).collect();
    if keys.is_empty() {
        return Err(End::new(
            NO_INPUT,
            "no server of the register names a key\n   ssh-keygen -t ed25519 -f ~/.ssh/matins_probe, then key = \"~/.ssh/matins_probe\" in [[role]] or [[server]]; or --key FILE.pub",
        ));
    }
    let public = |key: &PathBuf| {
        let mut path = key.strip_prefix("~").map_or_else(|_| key.clone(), |rest| home.join(rest)).into_os_string();
        path.push(".pub");
        path.into()
    };
    Ok(keys.into_iter().map(public).collect())
}

/// `TYPE BASE64 COMMENT`: a private key given by mistake must not be printed.
fn is_public(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let kind = words
        .next()
        .is_some_and(|word| word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-"));
    kind && words.next().is_some_and(|word| word.starts_with("AAAA")) && Shown::line(line) == *line
}
