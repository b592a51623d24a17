//! Exposed servers: what the register says of a server's ports, what the server says, and what others see of it.

#[cfg(test)]
pub mod scene;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::rc::Rc;

use jiff::Timestamp;

use crate::domain::facts::{HostExposure, Listener, PortAnswer, Side, Tried, View, Views, ViewsDeclared};
use crate::domain::{DeclaredPort, Evidence, Fact, Fault, Judgement, Port, Shown, SourceRecord, Subject, Transport};
use crate::policy::Case;

/// One server of the register.
#[derive(Debug)]
pub struct Exposed<'a> {
    pub subject: &'a Subject,
    /// Where the register speaks of it.
    pub place: &'a Shown,
    /// `None` where nobody wrote it down.
    pub declared: Option<&'a [DeclaredPort]>,
    pub inside: Result<(Timestamp, &'a HostExposure), Fault>,
    pub views: Result<(Timestamp, &'a Views), Fault>,
    /// Who looks; `None` where nobody does.
    pub lookers: Option<&'a ViewsDeclared>,
    /// Who heard anything from which side, at whatever server.
    spoke: Rc<HashSet<(Side, &'a Shown)>>,
}

/// Every server of the register.
pub fn exposed<'a>(case: &Case<'a>) -> Vec<Exposed<'a>> {
    let mut looks_at: HashMap<&Shown, &SourceRecord> = HashMap::new();
    for looks in case.evidence.of("exposure") {
        looks_at.entry(&looks.id.name).or_insert(looks);
    }
    let spoke = Rc::new(spoke(case.evidence));
    let servers = case.evidence.of("servers");
    let declared = servers.flat_map(|source| source.declared.iter().map(move |declared| (source, declared)));
    declared
        .filter_map(|(source, declared)| {
            let Fact::HostDeclared(host) = &declared.fact else { return None };
            let looks = looks_at.get(&declared.subject.name).copied();
            let lookers = looks.and_then(|looks| {
                looks.declared.iter().find_map(|declared| match &declared.fact {
                    Fact::ViewsDeclared(lookers) => Some(lookers),
                    _ => None,
                })
            });
            Some(Exposed {
                subject: &declared.subject,
                place: &declared.place,
                declared: host.ports.as_deref(),
                inside: told(case, source, "the probe did not tell what listens", |fact| match fact {
                    Fact::HostExposure(exposure) => Some(&**exposure),
                    _ => None,
                }),
                views: match looks {
                    Some(looks) => told(case, looks, "its ports were not tried", |fact| match fact {
                        Fact::Views(views) => Some(views),
                        _ => None,
                    }),
                    None => Err(nobody(Side::Outside)),
                },
                lookers,
                spoke: Rc::clone(&spoke),
            })
        })
        .collect()
}

/// The newest fact of a kind that a trusted source told.
fn told<'a, T>(
    case: &Case<'_>,
    source: &'a SourceRecord,
    missing: &str,
    pick: impl Fn(&'a Fact) -> Option<&'a T>,
) -> Result<(Timestamp, &'a T), Fault> {
    let mend = source.fault.as_ref().and_then(|fault| fault.mend.clone());
    let found = source
        .believed(case.now)?
        .iter()
        .rev()
        .find_map(|observation| Some((observation.at, pick(&observation.fact)?)));
    found.ok_or_else(|| Fault { mend, ..Fault::new(missing) })
}

/// Nobody looks from a side.
pub fn nobody(side: Side) -> Fault {
    let (said, key, who) = match side {
        Side::Vpn => ("nobody looks from the VPN", "vpn", "a server on the VPN"),
        Side::Outside | Side::Here => ("nobody looks from outside", "outside", "a server elsewhere"),
    };
    Fault::new(said)
        .mend(format!("write `{key} = …` into [exposure]: {who}, or \"console\" if this machine stands there"))
}

impl<'a> Exposed<'a> {
    /// Where ssh's own configuration says that its ssh is.
    pub fn ssh(&self) -> Option<Port> {
        self.views.as_ref().ok().and_then(|(_, views)| views.ssh)
    }

    pub fn reach(&self, port: Port) -> Option<&'a DeclaredPort> {
        self.declared?.iter().find(|declared| declared.covers(port))
    }

    /// What was seen from one side.
    pub fn seen_from(&self, side: Side) -> Result<Sight<'a>, Fault> {
        let (_, views) = self.views.as_ref().map_err(Clone::clone)?;
        let view = views.from_side(side).next().ok_or_else(|| nobody(side))?;
        let tried = view.tried.as_result().map_err(|fault| Fault {
            said: format!("{} could not look {}: {}", view.by, side.word(), fault.said).into(),
            ..fault.clone()
        })?;
        let heard_elsewhere = self.spoke.contains(&(side, &view.by));
        Ok(Sight { side, view, tried, heard_elsewhere })
    }

    /// Sockets that others could reach, when the server tells them.
    pub fn listeners(&self) -> Result<Vec<&'a Listener>, Fault> {
        let (_, inside) = self.inside.as_ref().map_err(Clone::clone)?;
        let listening = inside.listening.as_result().map_err(Clone::clone)?;
        Ok(listening.listeners.iter().filter(|listener| is_reachable(listener)).collect())
    }

    /// ` (nginx)`, where the server names the program behind a port.
    pub fn owner(&self, port: Port) -> String {
        let Ok(listeners) = self.listeners() else { return String::new() };
        let behind = listeners.iter().filter(|listener| listener.port == port);
        let mut names: Vec<&str> = behind.flat_map(|listener| &listener.programs).map(Shown::as_str).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
    }

    /// Adds who looked, and what the register says.
    pub fn because(&self, judgement: Judgement) -> Judgement {
        let ports = self.declared.map_or_else(
            || "declares no ports".to_owned(),
            |ports| {
                let words: Vec<String> = ports.iter().map(ToString::to_string).collect();
                format!("ports = {}", if words.is_empty() { "none".to_owned() } else { words.join(", ") })
            },
        );
        let mut judgement = judgement.because(self.place.clone(), None, ports);
        let (looks, probe) = (format!("exposure/{}", self.subject.name), format!("servers/{}", self.subject.name));
        if let Ok((at, views)) = &self.views {
            let by: Vec<String> = views.views.iter().map(|view| format!("{} {}", view.by, view.side.word())).collect();
            let only = views
                .unlisted
                .as_ref()
                .map_or_else(String::new, |fault| format!("; only declared and known ports, since {}", fault.said));
            let said = format!("tried by {}{only}", by.join(", "));
            judgement = judgement.because(looks, Some(*at), said);
        } else if let (Err(fault), Some(_)) = (&self.views, self.lookers) {
            judgement = judgement.because(looks, None, fault.said.clone());
        }
        match &self.inside {
            Ok((at, _)) => judgement.because(probe, Some(*at), "what listens there"),
            Err(fault) => judgement.because(probe, None, fault.said.clone()),
        }
    }
}

/// Loopback is nobody else's business; a DHCP client's port and those that programs open for a moment to ask somebody
/// are no services.
fn is_reachable(listener: &Listener) -> bool {
    let address = listener.address.as_str();
    let loopback = address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
    let client = listener.port.transport == Transport::Udp
        && (matches!(listener.port.number, 68 | 546) || listener.port.number >= 32_768);
    !loopback && !client
}

/// What one looker saw of a server.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    pub side: Side,
    pub view: &'a View,
    pub tried: &'a [Tried],
    /// Whoever looked heard something from this side, be it of another server.
    heard_elsewhere: bool,
}

impl<'a> Sight<'a> {
    pub fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> = self.tried.iter().map(|one| one.address).collect();
        addresses.sort();
        addresses.dedup();
        addresses
    }

    pub fn at(&self, address: IpAddr) -> impl Iterator<Item = &'a Tried> {
        self.tried.iter().filter(move |one| one.address == address)
    }

    pub fn of(&self, port: Port) -> impl Iterator<Item = &'a Tried> {
        self.tried.iter().filter(move |one| one.port == port)
    }

    pub fn open(&self, port: Port) -> Vec<IpAddr> {
        self.of(port).filter(|one| one.answer == PortAnswer::Open).map(|one| one.address).collect()
    }

    /// Why nothing can be concluded from what did not answer at an address. `expected` says that something had to.
    pub fn proves_nothing(&self, address: IpAddr, expected: bool) -> Option<Fault> {
        let (by, side) = (&self.view.by, self.side.word());
        let all = |answer| self.at(address).all(|one| one.answer == answer);
        if all(PortAnswer::Unrouted) {
            let said = format!("{by} has no way to {address}, so nobody knows what answers there {side}");
            return Some(Fault::new(said).mend("let somebody look who has IPv6 as well as IPv4"));
        }
        if self.at(address).any(speaks) {
            return None;
        }
        let said = format!("nothing at all answers at {address} {side}, which proves nothing");
        let doubted = expected || !self.heard_elsewhere || is_private(address);
        doubted.then(|| {
            Fault::new(said)
                .mend("look whether it is up and that address is right: `addresses` of the server says another")
        })
    }
}

fn speaks(one: &Tried) -> bool {
    matches!(one.answer, PortAnswer::Open | PortAnswer::Refused)
}

fn spoke(evidence: &Evidence) -> HashSet<(Side, &Shown)> {
    let seen = evidence.of("exposure").flat_map(|source| &source.seen);
    let views = seen.filter_map(|observation| match &observation.fact {
        Fact::Views(views) => Some(&views.views),
        _ => None,
    });
    let heard = |view: &&View| view.tried.seen().is_some_and(|tried| tried.iter().any(speaks));
    views.flatten().filter(heard).map(|view| (view.side, &view.by)).collect()
}

/// Of a network that only a VPN or the house itself leads to.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}
