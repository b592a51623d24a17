//! Servers that stand in other programs' files already, as proposals for the register: ssh's configuration, known hosts,
//! an Ansible inventory, a provider's list. Pure: texts in, proposals out; what can't be read is said, never guessed.

mod hetzner;
mod inventory;
mod ssh;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::mem::take;

use crate::domain::register::Destination;
use crate::domain::{Shown, counted};

pub use hetzner::parse_hetzner;
pub use inventory::{parse_ini, parse_yaml};
pub use ssh::{parse_includes, parse_known_hosts, parse_ssh_config};

/// More of what was left out helps nobody.
const TOLD: usize = 20;

/// What one file proposes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub servers: Vec<Proposed>,
    /// What could not be taken over, and why.
    pub skipped: Vec<String>,
    /// What ssh's configuration leads its names to, and the name.
    pub addresses: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    pub name: String,
    /// Where it isn't the name.
    pub ssh: Option<String>,
    pub tags: Vec<String>,
    /// Whose data centre it is in, where that is known.
    pub provider: Option<String>,
}

impl Found {
    /// A server, if its name can be one in the register and its destination can't be taken for an option. Once.
    fn propose(&mut self, name: &str, ssh: Option<&str>, tags: Vec<String>) {
        let destination = ssh.unwrap_or(name);
        let shown = Shown::line(name).cut(60);
        if name.contains([':', '/', '@']) || name.len() > 64 || shown != *name || Destination::parse(name).is_err() {
            self.skipped.push(format!("{shown}: not a name for the register"));
        } else if Destination::parse(destination).is_err() {
            self.skipped.push(format!("{shown}: {} is not an ssh destination", Shown::line(destination).cut(60)));
        } else if !self.servers.iter().any(|known| known.name == name) {
            let ssh = ssh.filter(|ssh| *ssh != name).map(str::to_owned);
            self.servers.push(Proposed { name: name.to_owned(), ssh, tags, provider: None });
        }
    }
}

/// What stands between spaces, quoted or not, up to a comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '#') if word.is_empty() => break,
            (None, _) if letter.is_whitespace() => words.push(take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Names by address, as far as the sources know them: of ssh's own names, else of what is reached elsewhere than at its name.
fn addresses(found: &[(String, Found)]) -> BTreeMap<&str, &str> {
    let mut addresses: BTreeMap<&str, &str> = BTreeMap::new();
    for (address, name) in found.iter().flat_map(|(_, found)| &found.addresses) {
        addresses.entry(address).or_insert(name);
    }
    for server in found.iter().flat_map(|(_, found)| &found.servers) {
        if let Some(ssh) = &server.ssh {
            addresses.entry(ssh.rsplit('@').next().unwrap_or(ssh)).or_insert(&server.name);
        }
    }
    addresses
}

/// All that was found, as TOML to look through. The first source of a name decides; tags come together.
pub fn to_toml(found: &[(String, Found)]) -> String {
    let mut text = String::from(
        "# Proposed by matins init. Look it through, take out what is not yours to watch, and add `role`, `ports` and `key`.\n",
    );
    let mut servers: BTreeMap<&str, (Proposed, Shown)> = BTreeMap::new();
    let addresses = addresses(found);
    for (source, found) in found {
        let source = Shown::line(source);
        // An address that another name leads to is that server again, unless its source is the one that names it.
        let again = |server: &&Proposed| {
            let own = server.ssh.is_some() || found.addresses.values().any(|name| *name == server.name);
            addresses.get(server.name.as_str()).copied().filter(|name| !own && *name != server.name)
        };
        let count = found.servers.iter().filter(|server| again(server).is_none()).count();
        // Writing to a String never fails.
        writeln!(text, "# {source}: {}", counted(count, "server", "servers")).ok();
        let doubled =
            found.servers.iter().filter_map(|server| Some(format!("{}: it is {}", server.name, again(&server)?)));
        let skipped: Vec<String> = found.skipped.iter().cloned().chain(doubled).collect();
        for skipped in skipped.iter().take(TOLD) {
            writeln!(text, "#   left out: {}", Shown::line(skipped).cut(160)).ok();
        }
        if skipped.len() > TOLD {
            writeln!(text, "#   left out: {} more", skipped.len() - TOLD).ok();
        }
        for server in &found.servers {
            if let Some((known, _)) = again(&server).and_then(|name| servers.get_mut(name)) {
                known.tags.extend(server.tags.iter().cloned());
            }
            if again(&server).is_some() {
                continue;
            }
            let known = servers
                .entry(&server.name)
                .or_insert_with(|| (Proposed { tags: Vec::new(), ..server.clone() }, source.clone()));
            known.0.tags.extend(server.tags.iter().cloned());
            known.0.provider = known.0.provider.take().or_else(|| server.provider.clone());
        }
    }
    for (server, source) in servers.values_mut() {
        server.tags.sort();
        server.tags.dedup();
        writeln!(text, "\n[[server]]  # {source}\nname = {}", quoted(&server.name)).ok();
        if let Some(ssh) = &server.ssh {
            writeln!(text, "ssh = {}", quoted(ssh)).ok();
        }
        if let Some(provider) = &server.provider {
            writeln!(text, "provider = {}", quoted(provider)).ok();
        }
        if !server.tags.is_empty() {
            let tags: Vec<String> = server.tags.iter().map(|tag| quoted(tag)).collect();
            writeln!(text, "tags = [{}]", tags.join(", ")).ok();
        }
    }
    text
}

fn quoted(text: &str) -> String {
    toml::Value::String(Shown::line(text).to_string()).to_string()
}
