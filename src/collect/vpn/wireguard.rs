//! WireGuard: one look with `wg show all dump`, here or on a server.
//!
//! The dump holds private and preshared keys. They are taken out where it is made, before anything leaves that machine,
//! and the parser drops the same columns again: no key but public ones is ever kept.

mod parse;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::history;
use super::settings::Tunnels;
use crate::collect::tools::Tools;
use crate::collect::{Answer, Ask, Asked, observed};
use crate::domain::facts::WireguardPeers;
use crate::domain::register::Server;
use crate::domain::{Fact, Fault, Shown, Subject};
pub(super) use parse::is_key;
use parse::{Dump, parse_dump};

/// Prints the dump without its secrets, and around it the login, where `wg` is, the time, and how `wg` ended.
const SCRIPT: &str = include_str!("wireguard/look.sh");
const ANSWER: Duration = Duration::from_secs(25);
/// Some 20,000 peers.
const CAP: usize = 4 << 20;
/// How the script ends when there is no `wg`, or no `sudo` for somebody who needs it.
const NO_WG: i32 = 71;
const NO_SUDO: i32 = 72;

/// A server with WireGuard interfaces.
#[derive(Debug)]
pub struct Look {
    subject: Subject,
    tunnels: Tunnels,
}

impl Look {
    pub fn new(subject: Subject, tunnels: Tunnels) -> Self {
        Self { subject, tunnels }
    }

    async fn peers(&self, tools: &Tools) -> Result<WireguardPeers, Fault> {
        let ran = tools.shell.script(&self.tunnels.server, SCRIPT, ANSWER, CAP).await?;
        let place = &self.tunnels.server.name;
        match ran.status {
            Some(0) => peers(parse_dump(&ran.output)?, &self.tunnels),
            Some(NO_WG) => Err(Fault::new(format!("wg is not installed on {place}"))
                .mend(format!("apt-get install wireguard-tools on {place}"))),
            status => {
                // Only for the words of the fault: without the login's name, its line says LOGIN.
                let dump = parse_dump(&ran.output).unwrap_or_default();
                Err(refused(place, status, &dump, &ran.complaint()))
            }
        }
    }
}

/// What a look says, of all interfaces of whatever server.
pub(super) fn told(said: &[u8]) -> Result<WireguardPeers, Fault> {
    peers(parse_dump(said)?, &Tunnels { server: Server::local(), interface: None })
}

impl Ask for Look {
    fn ask<'a>(&'a self, tools: &'a Tools, memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async move {
            let peers = self.peers(tools).await?;
            let at = (tools.now)();
            let mut history = history::remembered(memory, at);
            history::add_peers(&mut history, &peers);
            let memory = serde_json::to_string(&history).ok();
            let facts = [Fact::WireguardPeers(peers), Fact::VpnHistory(history)];
            let seen = facts.into_iter().map(|fact| observed(self.subject.clone(), at, fact));
            Ok(Answer::Seen { observations: seen.collect(), memory })
        })
    }
}

/// `wg` needs root and did not get it, or failed otherwise.
fn refused(place: &Shown, status: Option<i32>, dump: &Dump, complaint: &Shown) -> Fault {
    let login = dump.login.as_ref().map_or("LOGIN", Shown::as_str);
    let line =
        format!("{login} ALL=(root) NOPASSWD: {} show all dump", dump.wg.as_ref().map_or("/usr/bin/wg", Shown::as_str));
    let mend = format!("on {place}, put into /etc/sudoers.d/matins: {line}");
    if status == Some(NO_SUDO) {
        return Fault::new(format!("wg needs root, and there is no sudo on {place}"))
            .mend(format!("apt-get install sudo; then {mend}"));
    }
    if complaint.as_str().contains("sudo:") || complaint.as_str().contains("not allowed to execute") {
        return Fault::new(format!("wg needs root: `sudo -n wg show all dump` was refused on {place}: {complaint}"))
            .mend(mend);
    }
    Fault::new(format!("`wg show all dump` failed on {place}: {complaint}"))
        .mend(format!("run `wg show all dump` as root on {place}: what does it say?"))
}

/// The peers of the interface that is meant, or of all.
fn peers(dump: Dump, tunnels: &Tunnels) -> Result<WireguardPeers, Fault> {
    let place = &tunnels.server.name;
    let asked_at = dump.now.ok_or_else(|| Fault::new(format!("{place} did not tell its time")))?;
    if dump.interfaces.is_empty() && dump.odd_rows == 0 {
        return Err(Fault::new(format!("no WireGuard interface is up on {place}"))
            .mend(format!("start it there, as in `systemctl start wg-quick@wg0` on {place}")));
    }
    let told_by = format!("wg show all dump on {place}");
    let Some(wanted) = &tunnels.interface else {
        return Ok(WireguardPeers { asked_at, peers: dump.peers, odd_rows: dump.odd_rows, told_by: told_by.into() });
    };
    if !dump.interfaces.iter().any(|interface| *interface == **wanted) {
        let there: Vec<&str> = dump.interfaces.iter().map(Shown::as_str).collect();
        return Err(Fault::new(format!("no WireGuard interface {wanted} is up on {place}")).mend(format!(
            "start it, or correct `interface`: there {}",
            if there.is_empty() { "is none".to_owned() } else { format!("are {}", there.join(", ")) }
        )));
    }
    let peers = dump.peers.into_iter().filter(|peer| peer.interface == **wanted).collect();
    Ok(WireguardPeers {
        asked_at,
        peers,
        odd_rows: dump.odd_rows,
        told_by: format!("{told_by}, interface {wanted}").into(),
    })
}
