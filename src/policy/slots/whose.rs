//! Whose snapshots they are: a repository often keeps several servers, and one server's snapshot must not fill another's
//! slot.

use std::collections::{BTreeMap, HashMap};

use crate::domain::facts::Snapshot;
use crate::domain::{Evidence, Fact, Shown};

/// The servers of the register, by what they are called in host names and paths.
#[derive(Debug, Default)]
pub struct Servers {
    /// Lower-case names and ssh hosts.
    exact: HashMap<String, Shown>,
    /// First labels, `web1` of `web1.example.org`; `None` where several servers share one.
    labels: HashMap<String, Option<Shown>>,
}

impl Servers {
    pub fn of(evidence: &Evidence) -> Self {
        let mut servers = Self::default();
        for declared in evidence.declared() {
            match &declared.fact {
                Fact::HostDeclared(host) => {
                    servers.learn(&declared.subject.name, declared.subject.name.as_str());
                    if let Some(ssh) = &host.ssh {
                        let ssh = ssh.as_str();
                        servers.learn(&declared.subject.name, ssh.rsplit_once('@').map_or(ssh, |(_, host)| host));
                    }
                }
                Fact::BackupDeclared(backup) => {
                    for server in &backup.of {
                        servers.learn(server, server.as_str());
                    }
                }
                _ => {}
            }
        }
        servers
    }

    fn learn(&mut self, server: &Shown, called: &str) {
        let called = called.to_ascii_lowercase();
        let label = self.labels.entry(label(&called).to_owned()).or_insert_with(|| Some(server.clone()));
        if label.as_ref() != Some(server) {
            *label = None;
        }
        self.exact.entry(called).or_insert_with(|| server.clone());
    }

    fn named(&self, text: &str) -> Option<&Shown> {
        let text = text.to_ascii_lowercase();
        self.exact.get(&text).or_else(|| self.labels.get(label(&text))?.as_ref())
    }

    /// The servers that a snapshot is of: the one that its host name names, else those that its paths name.
    fn owners(&self, snapshot: &Snapshot) -> Vec<&Shown> {
        if let Some(owner) = snapshot.host.as_ref().and_then(|host| self.named(host.as_str())) {
            return vec![owner];
        }
        let parts = snapshot.paths.iter().flat_map(|path| path.as_str().split('/'));
        let mut owners: Vec<&Shown> = parts.filter_map(|part| self.named(part)).collect();
        owners.sort();
        owners.dedup();
        owners
    }

    /// Whether it is of several servers.
    pub fn is_shared(&self, snapshot: &Snapshot) -> bool {
        self.owners(snapshot).len() > 1
    }
}

fn label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// A list of snapshots, told apart.
#[derive(Debug)]
pub struct Shares<'a, 's> {
    of: BTreeMap<&'s Shown, Vec<&'a Snapshot>>,
    /// Those that name no server of the register.
    nobodys: Vec<&'a Snapshot>,
}

/// Which snapshots count for a server.
#[derive(Debug, PartialEq)]
pub enum Share<'a> {
    These(Vec<&'a Snapshot>),
    /// They are of several servers, and nothing in them says which is whose.
    Untold,
}

impl<'a, 's> Shares<'a, 's> {
    pub fn of(snapshots: &'a [Snapshot], servers: &'s Servers) -> Self {
        let mut shares = Self { of: BTreeMap::new(), nobodys: Vec::new() };
        // Most are of the same host and paths as the one before: whose they are is found out once for all of them.
        for run in snapshots.chunk_by(Snapshot::is_of_series) {
            let owners = servers.owners(&run[0]);
            if owners.is_empty() {
                shares.nobodys.extend(run);
            }
            for owner in owners {
                shares.of.entry(owner).or_default().extend(run);
            }
        }
        shares
    }

    /// The snapshots that name the server. Where none does, those that name nobody, if the backup is of this server
    /// alone: then the register says whose they are. Another server's never.
    pub fn share(&self, server: &Shown, alone: bool) -> Share<'a> {
        match self.of.get(server) {
            Some(named) => Share::These(named.clone()),
            None if alone || self.nobodys.is_empty() => Share::These(self.nobodys.clone()),
            None => Share::Untold,
        }
    }

    /// Those of its share that do not name it.
    pub fn unclaimed(&self, server: &Shown) -> &[&'a Snapshot] {
        if self.of.contains_key(server) { &[] } else { &self.nobodys }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(names: &[(&str, &str)]) -> Servers {
        let mut servers = Servers::default();
        for (server, called) in names {
            servers.learn(&(*server).into(), called);
        }
        servers
    }

    fn snapshot(host: Option<&str>, paths: &[&str]) -> Snapshot {
        Snapshot {
            host: host.map(Shown::from),
            paths: paths.iter().map(|path| Shown::line(path)).collect(),
            ..Snapshot::new(format!("{host:?}{paths:?}"), jiff::Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn host_names_match_with_and_without_their_domain() {
        let servers =
            servers(&[("web1", "web1"), ("db1", "db1.internal"), ("a.x.org", "a.x.org"), ("a.y.org", "a.y.org")]);
        assert_eq!(servers.named("WEB1").unwrap(), "web1");
        assert_eq!(servers.named("web1.agency.example").unwrap(), "web1");
        assert_eq!(servers.named("db1").unwrap(), "db1");
        assert_eq!(servers.named("a.y.org").unwrap(), "a.y.org");
        assert_eq!(servers.named("a"), None, "two servers are called a");
        assert_eq!(servers.named("web10"), None);
    }

    #[test]
    fn one_servers_snapshot_is_not_anothers() {
        let servers = servers(&[("web1", "web1"), ("db1", "db1")]);
        let list = [snapshot(Some("web1"), &["/srv/db1"]), snapshot(Some("nas"), &["/backup/db1/etc"])];
        let shares = Shares::of(&list, &servers);
        assert_eq!(shares.share(&"web1".into(), false), Share::These(vec![&list[0]]));
        assert_eq!(shares.share(&"db1".into(), false), Share::These(vec![&list[1]]));
        assert_eq!(shares.share(&"mail".into(), true), Share::These(vec![]), "the others' don't count for mail");
    }

    #[test]
    fn snapshots_that_name_nobody_count_for_a_backup_of_one_server_only() {
        let servers = servers(&[("web1", "web1"), ("db1", "db1")]);
        let list = [snapshot(Some("nas"), &["/backup"])];
        let shares = Shares::of(&list, &servers);
        assert_eq!(shares.share(&"web1".into(), true), Share::These(vec![&list[0]]));
        assert_eq!(shares.share(&"web1".into(), false), Share::Untold);
    }

    #[test]
    fn a_run_without_the_servers_folder_is_not_of_that_server() {
        let servers = servers(&[("web1", "web1")]);
        let list = [snapshot(None, &["localhost"]), snapshot(None, &["localhost", "web1"])];
        let shares = Shares::of(&list, &servers);
        assert_eq!(shares.share(&"web1".into(), true), Share::These(vec![&list[1]]));
    }
}
