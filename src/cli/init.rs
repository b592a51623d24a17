//! `matins init`: proposes a register from what is on this machine already.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use url::Url;

use super::edge::{Edge, End, Ended, IO, USAGE, complain, now, print, runtime};
use crate::collect::tools::Tools;
use crate::collect::tools::http::parse_api;
use crate::config::proposal::{Found, parse_hetzner, parse_ini, parse_known_hosts, parse_yaml, to_toml};
use crate::domain::{Fault, SecretRef};

mod included;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// An ssh configuration instead of ~/.ssh/config; its known hosts are not read then.
    #[arg(long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    /// An Ansible inventory, INI or YAML.
    #[arg(long, value_name = "FILE")]
    ansible: Vec<PathBuf>,
    /// The servers of a Hetzner Cloud project: where its token is kept, as `env:NAME`, `keyring:NAME`, `file:PATH` or
    /// `command:LINE`. A token that may only read is enough.
    #[arg(long, value_name = "WHERE")]
    hetzner: Option<String>,
    /// Another address of Hetzner's API, as a proxy's.
    #[arg(long, value_name = "URL", default_value = "https://api.hetzner.cloud/v1", requires = "hetzner")]
    hetzner_url: String,
    /// Where to write; a file that is there already is never touched. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(edge: &Edge, arguments: &Arguments) -> Ended {
    let mut found = from_ssh(edge, arguments)?;
    for path in &arguments.ansible {
        let yaml = path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
        let text = read(path)?;
        if text.trim_start().starts_with("$ANSIBLE_VAULT;") {
            let said = "is encrypted by ansible-vault; decrypt a copy (ansible-vault decrypt --output COPY FILE) and name that";
            return Err(End::new(IO, format!("{} {said}", path.display())));
        }
        found.push((path.display().to_string(), if yaml { parse_yaml(&text) } else { parse_ini(&text) }));
    }
    if let Some(place) = &arguments.hetzner {
        let token = token(place)?;
        let base = parse_api(&arguments.hetzner_url);
        let base = base.map_err(|said| End::new(USAGE, format!("--hetzner-url: {said}")))?;
        found.push(("Hetzner Cloud".to_owned(), runtime()?.block_on(ask_hetzner(&base, &token))?));
    }
    let count: usize = found.iter().map(|(_, found)| found.servers.len()).sum();
    let text = to_toml(&found);
    match &arguments.output {
        Some(path) => write(path, &text)?,
        None => print(&text)?,
    }
    complain(&next(edge, count)?);
    Ok(0)
}

/// The configuration that was named, or what lies in ~/.ssh: there a file that isn't there proposes nothing, and one that
/// can't be read is said to be left out.
fn from_ssh(edge: &Edge, arguments: &Arguments) -> Result<Vec<(String, Found)>, End> {
    let home = &edge.paths()?.home;
    if let Some(path) = &arguments.ssh_config {
        return Ok(included::read_with_includes(path.display().to_string(), path, &read(path)?, home));
    }
    let mut found = Vec::new();
    for name in ["config", "known_hosts"] {
        let path = home.join(".ssh").join(name);
        let name = format!("~/.ssh/{name}");
        match read(&path) {
            _ if !path.exists() => {}
            Ok(text) if name.ends_with("config") => {
                found.extend(included::read_with_includes(name, &path, &text, home));
            }
            Ok(text) => found.push((name, parse_known_hosts(&text))),
            Err(error) => found.push((name, Found { skipped: vec![error.said], ..Found::default() })),
        }
    }
    Ok(found)
}

/// Where a token is kept. What was written is not repeated: it may be the token itself.
fn token(place: &str) -> Result<SecretRef, End> {
    let (kind, rest) = place.split_once(':').unwrap_or(("", ""));
    let rest = rest.to_owned();
    match kind {
        _ if rest.is_empty() => None,
        // Whoever wrote `env:$TOKEN` wrote the token: it is no name, and is not repeated.
        "env" if !is_variable(&rest) => None,
        "env" => Some(SecretRef::Env(rest)),
        "keyring" => Some(SecretRef::Keyring(rest)),
        "file" => Some(SecretRef::File(rest)),
        "command" => Some(SecretRef::Command(rest)),
        _ => None,
    }
    .ok_or_else(|| {
        let said = "--hetzner takes no token, but where it is kept: env:NAME, keyring:NAME, file:PATH or command:LINE";
        End::new(USAGE, said)
    })
}

/// As variables are called by custom; tokens have other letters.
fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name.chars().all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_')
}

async fn ask_hetzner(base: &Url, token: &SecretRef) -> Result<Found, Fault> {
    let tools = Tools::new(now)?;
    let token = tools.secrets.read(token).await?;
    let mut found = Found::default();
    let read = |page: &[u8]| {
        let more = parse_hetzner(page).map_err(Fault::new)?;
        found.servers.extend(more.servers);
        found.skipped.extend(more.skipped);
        Ok(())
    };
    tools.http.every_page((base, "servers"), &token, read).await?;
    Ok(found)
}

fn read(path: &Path) -> Result<String, End> {
    let bytes = fs::read(path).map_err(|error| End::new(IO, format!("{} can't be read: {error}", path.display())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn write(path: &Path, text: &str) -> Result<(), End> {
    let failed = |error: std::io::Error| {
        let said = if error.kind() == ErrorKind::AlreadyExists {
            "is there already; nothing was written, name another file".to_owned()
        } else {
            format!("can't be written: {error}")
        };
        End::new(IO, format!("{} {said}", path.display()))
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// What somebody does who is here for the first time.
fn next(edge: &Edge, count: usize) -> Result<String, End> {
    let folder = edge.paths()?.config.display();
    Ok(match count {
        0 => format!(
            "nothing was found to propose; name an inventory with --ansible FILE or a project with --hetzner env:NAME, or write {folder}/register.toml:\n\
             [[server]]\nname = \"web1\""
        ),
        _ => format!(
            "look it through, keep it as {folder}/register.toml (matins init --output FILE writes it), \
             then run `matins config check` and `matins doctor`"
        ),
    })
}
