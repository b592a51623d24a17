//! Servers that stand in other programs' files already, as proposals for the register: ssh's configuration, known hosts,
//! an Ansible inventory, a provider's list. Pure: texts in, proposals out; what can't be read is said, never guessed.

mod hetzner;
mod inventory;
mod ssh;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::Shown;
use crate::domain::register::Destination;

pub use hetzner::parse_hetzner;
pub use inventory::{parse_ini, parse_yaml};
pub use ssh::{parse_known_hosts, parse_ssh_config};

/// What one file proposes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub servers: Vec<Proposed>,
    /// What could not be taken over, and why.
    pub skipped: Vec<String>,
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
    /// A server, if its name can be one in the register and its destination can't be taken for an option.
    fn propose(&mut self, name: &str, ssh: Option<&str>, tag: Option<&str>) {
        let destination = ssh.unwrap_or(name);
        let shown = Shown::line(name).cut(60);
        if name.contains([':', '/', '@']) || name.len() > 64 || shown != *name || Destination::parse(name).is_err() {
            self.skipped.push(format!("{shown}: not a name for the register"));
        } else if Destination::parse(destination).is_err() {
            self.skipped.push(format!("{shown}: {} is not an ssh destination", Shown::line(destination).cut(60)));
        } else {
            self.servers.push(Proposed {
                name: name.to_owned(),
                ssh: ssh.filter(|ssh| *ssh != name).map(str::to_owned),
                tags: tag.into_iter().map(str::to_owned).collect(),
                provider: None,
            });
        }
    }
}

/// All that was found, as TOML to look through. The first source of a name decides; tags come together.
pub fn to_toml(found: &[(String, Found)]) -> String {
    let mut text = String::from(
        "# Proposed by matins init. Look it through, take out what is not yours to watch, and add `role`, `ports` and `key`.\n",
    );
    let mut servers: BTreeMap<&str, (Proposed, &str)> = BTreeMap::new();
    for (source, found) in found {
        // Writing to a String never fails.
        writeln!(text, "# {source}: {} servers", found.servers.len()).ok();
        for skipped in &found.skipped {
            writeln!(text, "#   left out: {}", Shown::line(skipped).cut(160)).ok();
        }
        for server in &found.servers {
            let known = servers
                .entry(&server.name)
                .or_insert_with(|| (Proposed { tags: Vec::new(), ..server.clone() }, source));
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
