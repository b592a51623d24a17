//! The two tables that every version has, clients and routes, and how they are joined.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::{Flaw, parse_time};
use crate::domain::Shown;
use crate::domain::facts::VpnClient;

/// Where the client table's columns stand, by its header.
#[derive(Debug)]
pub(super) struct ClientColumns {
    count: usize,
    name: usize,
    real: usize,
    /// Version 1 has neither.
    virtuals: Vec<usize>,
    received: usize,
    sent: usize,
    /// Local time: good enough to tell two sessions apart.
    began: Option<usize>,
    since: Option<usize>,
    username: Option<usize>,
    id: Option<usize>,
}

impl ClientColumns {
    pub(super) fn of(names: &[&str]) -> Result<Self, Flaw> {
        Ok(Self {
            count: names.len(),
            name: place(names, "Common Name")?,
            real: place(names, "Real Address")?,
            virtuals: ["Virtual Address", "Virtual IPv6 Address"]
                .iter()
                .filter_map(|name| place(names, name).ok())
                .collect(),
            received: place(names, "Bytes Received")?,
            sent: place(names, "Bytes Sent")?,
            began: place(names, "Connected Since").ok(),
            since: place(names, "Connected Since (time_t)").ok(),
            username: place(names, "Username").ok(),
            id: place(names, "Client ID").ok(),
        })
    }

    pub(super) fn have_virtual(&self) -> bool {
        !self.virtuals.is_empty()
    }

    /// `None` where a cell is not what its column promises.
    fn client(&self, cells: &[&str]) -> Option<VpnClient> {
        if cells.len() != self.count {
            return None;
        }
        let mut virtual_addresses = Vec::new();
        for cell in self.virtuals.iter().map(|column| cells[*column]).filter(|cell| !cell.is_empty()) {
            virtual_addresses.push(cell.parse::<IpAddr>().ok()?.to_string().into());
        }
        // "Connected since" is the only cell whose absence harms nobody's verdict.
        Some(VpnClient {
            common_name: cells[self.name].into(),
            username: self.username.map(|column| cells[column]).filter(|name| !is_unset(name)).map(Shown::from),
            real_address: cells[self.real].into(),
            virtual_addresses,
            since: self.since.and_then(|column| parse_time(cells[column])),
            bytes_received: cells[self.received].parse().ok()?,
            bytes_sent: cells[self.sent].parse().ok()?,
            id: self.id.and_then(|column| cells[column].parse().ok()),
        })
    }
}

/// Where the routing table's columns stand, by its header.
#[derive(Debug)]
pub(super) struct RouteColumns {
    count: usize,
    address: usize,
    name: usize,
    real: usize,
}

impl RouteColumns {
    pub(super) fn of(names: &[&str]) -> Result<Self, Flaw> {
        Ok(Self {
            count: names.len(),
            address: place(names, "Virtual Address")?,
            name: place(names, "Common Name")?,
            real: place(names, "Real Address")?,
        })
    }

    fn route(&self, cells: &[&str]) -> Option<Route> {
        if cells.len() != self.count {
            return None;
        }
        // A trailing C marks a host behind the client, learned from its traffic.
        let cell = cells[self.address];
        let (address, learned) = cell.strip_suffix('C').map_or((cell, false), |address| (address, true));
        is_route(address).then(|| Route {
            address: address.into(),
            learned,
            name: cells[self.name].into(),
            real: cells[self.real].into(),
        })
    }
}

#[derive(Debug)]
struct Route {
    address: Shown,
    learned: bool,
    name: Shown,
    real: Shown,
}

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct Lists {
    clients: Vec<VpnClient>,
    routes: Vec<Route>,
    ambiguous: Vec<Shown>,
    sessions: HashSet<(Shown, Shown, Vec<Shown>, String)>,
}

impl Lists {
    /// The same session twice is one session: half a rewrite repeats rows.
    pub(super) fn client(&mut self, columns: &ClientColumns, cells: &[&str], line: &str) {
        let Some(client) = columns.client(cells) else {
            self.ambiguous.push(line.into());
            return;
        };
        let began = columns.began.map_or("", |column| cells[column]).to_owned();
        let VpnClient { common_name, real_address, virtual_addresses, .. } = &client;
        if self.sessions.insert((common_name.clone(), real_address.clone(), virtual_addresses.clone(), began)) {
            self.clients.push(client);
        }
    }

    pub(super) fn route(&mut self, columns: &RouteColumns, cells: &[&str], line: &str) {
        match columns.route(cells) {
            Some(route) => self.routes.push(route),
            None => self.ambiguous.push(line.into()),
        }
    }

    pub(super) fn is_ambiguous(&self) -> bool {
        !self.ambiguous.is_empty()
    }

    /// Gives every client the virtual addresses that the routing table knows for it. True with them when a route
    /// belongs to nobody: OpenVPN never writes that, half a rewrite looks like it.
    pub(super) fn join(self) -> (Vec<VpnClient>, Vec<Shown>, bool) {
        let Self { mut clients, routes, mut ambiguous, .. } = self;
        let owners = Owners::of(&clients);
        let mut stray = false;
        for route in routes {
            match owners.of_route(&route) {
                Owner::Is(place) if !route.learned => clients[place].virtual_addresses.push(route.address),
                Owner::Has | Owner::Is(_) => {}
                Owner::Several => {
                    ambiguous
                        .push(format!("route {} is one of several sessions of {}", route.address, route.name).into());
                }
                Owner::Nobody => {
                    stray = true;
                    ambiguous.push(format!("route {} of {}, who is not listed", route.address, route.name).into());
                }
            }
        }
        for client in &mut clients {
            client.virtual_addresses.sort_by_cached_key(|address| order(address.as_str()));
        }
        (clients, ambiguous, stray)
    }
}

/// Whose a route is.
enum Owner {
    /// The client table says the same.
    Has,
    Is(usize),
    Several,
    Nobody,
}

/// The clients by what a route says of them.
struct Owners {
    places: HashMap<(Shown, Option<Shown>), Vec<usize>>,
    had: HashSet<(Shown, Shown)>,
}

impl Owners {
    fn of(clients: &[VpnClient]) -> Self {
        let mut places: HashMap<_, Vec<usize>> = HashMap::new();
        let mut had = HashSet::new();
        for (place, client) in clients.iter().enumerate() {
            let name = &client.common_name;
            places.entry((name.clone(), None)).or_default().push(place);
            places.entry((name.clone(), Some(client.real_address.clone()))).or_default().push(place);
            had.extend(client.virtual_addresses.iter().map(|address| (name.clone(), address.clone())));
        }
        Self { places, had }
    }

    /// The client of its name and real address, or else the only client of its name. Version 1 cannot tell two sessions
    /// of one name behind one IPv6 address apart: OpenVPN 2.6 writes no port there.
    fn of_route(&self, route: &Route) -> Owner {
        if self.had.contains(&(route.name.clone(), route.address.clone())) {
            return Owner::Has;
        }
        let exact = self.places.get(&(route.name.clone(), Some(route.real.clone())));
        match exact.or_else(|| self.places.get(&(route.name.clone(), None))).map(Vec::as_slice) {
            Some([place]) => Owner::Is(*place),
            Some(_) => Owner::Several,
            None => Owner::Nobody,
        }
    }
}

/// IPv4, then IPv6, then networks and what else there is.
fn order(address: &str) -> (u8, Option<IpAddr>, String) {
    let parsed: Option<IpAddr> = address.parse().ok();
    let class = match parsed {
        Some(IpAddr::V4(_)) => 0,
        Some(IpAddr::V6(_)) => 1,
        None => 2,
    };
    (class, parsed, address.to_owned())
}

fn place(names: &[&str], name: &str) -> Result<usize, Flaw> {
    names
        .iter()
        .position(|candidate| *candidate == name)
        .ok_or_else(|| Flaw::foreign(format!("its header names no column \"{name}\"")))
}

fn is_unset(name: &str) -> bool {
    name.is_empty() || name == "UNDEF"
}

/// An address, a network (`192.0.2.0/24`), or in tap mode a MAC address with or without its VLAN (`…@0`).
fn is_route(text: &str) -> bool {
    let mac = |text: &str| {
        text.split(':').count() == 6
            && text.split(':').all(|pair| pair.len() == 2 && u8::from_str_radix(pair, 16).is_ok())
    };
    let (address, rest) = match text.split_once(['/', '@']) {
        Some((address, rest)) => (address, Some(rest)),
        None => (text, None),
    };
    (address.parse::<IpAddr>().is_ok() || mac(address)) && rest.is_none_or(|rest| rest.parse::<u16>().is_ok())
}
