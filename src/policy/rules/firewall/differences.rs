//! The differences between what is declared, what listens and what answers.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::domain::facts::{PortAnswer, Side};
use crate::domain::{DeclaredPort, Fault, Port, Reach, Shown, Transport, Verdict};
use crate::policy::exposed::{Exposed, Sight, nobody};

/// One difference.
#[derive(Debug)]
pub(super) struct Difference {
    pub verdict: Verdict,
    pub weight: u8,
    pub said: String,
    pub mend: Option<Shown>,
    /// What a decision must know of.
    pub stands: Option<(Port, &'static str)>,
    /// Why nobody knows, where that is the difference.
    pub unread: Option<Fault>,
}

impl Difference {
    fn new(verdict: Verdict, weight: u8, said: String, mend: impl Into<Shown>) -> Self {
        Self { verdict, weight, said, mend: Some(mend.into()), stands: None, unread: None }
    }

    fn unknown(fault: Fault) -> Self {
        let (said, mend) = (fault.said.to_string(), fault.mend.clone());
        Self { verdict: Verdict::Unknown, weight: 40, said, mend, stands: None, unread: Some(fault) }
    }

    fn stands(self, port: Port, word: &'static str) -> Self {
        Self { stands: Some((port, word)), ..self }
    }
}

pub(super) fn all(host: &Exposed<'_>, declared: &[DeclaredPort]) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut open = BTreeSet::new();
    let sights: Vec<Sight<'_>> =
        [Side::Outside, Side::Here, Side::Vpn].into_iter().filter_map(|side| host.seen_from(side).ok()).collect();
    for sight in &sights {
        found.extend(answering(host, *sight, &mut open));
    }
    found.extend(listening(host, &open));
    found.extend(missing(host, declared, &sights));
    found.extend(unknown(host, declared));
    found
}

/// What answers and should not. Each port is told once, from the side that counts most.
fn answering(host: &Exposed<'_>, sight: Sight<'_>, told: &mut BTreeSet<Port>) -> Vec<Difference> {
    let ports: BTreeSet<Port> =
        sight.tried.iter().filter(|one| one.answer == PortAnswer::Open).map(|one| one.port).collect();
    let mut found = Vec::new();
    for port in ports.into_iter().filter(|port| Some(*port) != host.ssh()) {
        let what = format!("{port}{} answers {}", host.owner(port), sight.side.word());
        let difference = match (host.reach(port).map(|declared| declared.from), sight.side) {
            (None, Side::Vpn) => Difference::new(
                Verdict::Due,
                50,
                format!("{what}, and nobody declared it"),
                "stop the service, block its port, or declare it in `ports`",
            )
            .stands(port, "open from the VPN"),
            (None, _) => Difference::new(
                Verdict::Broken,
                70,
                format!("{what}, and nobody declared it"),
                "stop the service, let it listen on 127.0.0.1, block its port, or declare it in `ports`",
            )
            .stands(port, "open"),
            (Some(reach @ (Reach::Vpn | Reach::Network(_))), Side::Outside) => Difference::new(
                Verdict::Broken,
                75,
                format!("{what}, though it is declared {} only", from(reach)),
                "let the packet filter block it for everybody else",
            )
            .stands(port, "open"),
            (Some(reach @ (Reach::Vpn | Reach::Network(_))), Side::Here) => Difference::new(
                Verdict::Unknown,
                45,
                format!("{what}; it is declared {} only, and nobody said where this console stands", from(reach)),
                "write `outside = \"console\"` or `vpn = \"console\"` into [exposure]",
            )
            .stands(port, "open from here"),
            _ => continue,
        };
        if told.insert(port) {
            found.push(difference);
        }
    }
    found
}

fn from(reach: Reach) -> String {
    match reach {
        Reach::Anywhere => "from anywhere".into(),
        Reach::Vpn => "from the VPN".into(),
        Reach::Network(network) => format!("from {network}"),
    }
}

/// What listens, did not answer from any side, and nobody declared.
fn listening(host: &Exposed<'_>, told: &BTreeSet<Port>) -> Vec<Difference> {
    let listeners = host.listeners().unwrap_or_default();
    let ports: BTreeSet<Port> = listeners.iter().map(|listener| listener.port).collect();
    let undeclared = ports
        .into_iter()
        .filter(|port| host.reach(*port).is_none() && Some(*port) != host.ssh() && !told.contains(port));
    undeclared
        .map(|port| {
            Difference::new(
                Verdict::Due,
                45,
                format!("{port}{} listens, and nobody declared it", host.owner(port)),
                "stop the service, let it listen on 127.0.0.1, or declare its port in `ports`",
            )
            .stands(port, "listens")
        })
        .collect()
}

/// What is declared, and does not listen or answer.
fn missing(host: &Exposed<'_>, declared: &[DeclaredPort], sights: &[Sight<'_>]) -> Vec<Difference> {
    let listeners = host.listeners();
    let mut found = Vec::new();
    for one in declared {
        let listens = listeners.as_ref().map(|all| all.iter().any(|listener| one.covers(listener.port)));
        if listens == Ok(false) {
            let missing = Difference::new(
                Verdict::Due,
                40,
                format!("{one} is declared, and nothing listens on it"),
                "start its service, or take it out of `ports`",
            );
            found.push(missing.stands(one.first, "nothing listens"));
        } else if one.first.transport == Transport::Tcp && one.first.number == one.last {
            found.extend(sights.iter().filter_map(|sight| unanswered(host, *one, *sight)));
        }
    }
    found
}

/// A declared port that does not answer from a side from which it should.
fn unanswered(host: &Exposed<'_>, one: DeclaredPort, sight: Sight<'_>) -> Option<Difference> {
    let meant = match one.from {
        Reach::Anywhere => true,
        Reach::Vpn => sight.side == Side::Vpn,
        Reach::Network(_) => false,
    };
    let at: Vec<String> = sight
        .of(one.first)
        .filter(|tried| !matches!(tried.answer, PortAnswer::Open | PortAnswer::Unrouted))
        .filter(|tried| sight.proves_nothing(tried.address, true).is_none())
        .map(|tried| format!("{} at {}", tried.answer.word(), tried.address))
        .collect();
    (meant && !at.is_empty()).then(|| {
        Difference::new(
            Verdict::Due,
            55,
            format!("{}{} is declared, and {} {}", one.first, host.owner(one.first), at.join(", "), sight.side.word()),
            "look what filters it, and on which addresses the service listens",
        )
        .stands(one.first, "does not answer")
    })
}

/// What nobody knows.
fn unknown(host: &Exposed<'_>, declared: &[DeclaredPort]) -> Vec<Difference> {
    let mut found: Vec<Difference> = host.listeners().err().map(Difference::unknown).into_iter().collect();
    match host.seen_from(Side::Outside) {
        Ok(sight) => {
            let expected =
                declared.iter().any(|one| one.from == Reach::Anywhere && one.first.transport == Transport::Tcp);
            let doubt = |address: IpAddr| sight.proves_nothing(address, expected);
            found.extend(sight.addresses().into_iter().filter_map(doubt).map(Difference::unknown));
        }
        Err(fault) => found.push(Difference::unknown(fault)),
    }
    let for_vpn = |one: &DeclaredPort| one.from == Reach::Vpn && Some(one.first) != host.ssh();
    if host.views.is_ok() && declared.iter().any(for_vpn) {
        let missing = host.lookers.is_some_and(|lookers| lookers.vpn.is_none());
        let fault = if missing { Some(nobody(Side::Vpn)) } else { host.seen_from(Side::Vpn).err() };
        found.extend(fault.map(Difference::unknown));
    }
    found
}
