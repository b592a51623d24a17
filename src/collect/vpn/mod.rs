//! VPNs: who is connected, as OpenVPN's status file or management interface and WireGuard's `wg` tell.
//!
//! One source for each `[[vpn]]`. The peers of the register are declared by the first of them: they belong to all.

mod history;
mod parse;
mod pki;
mod sessions;
mod settings;
#[cfg(test)]
mod tests;
mod watch;
mod wireguard;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::tools::management;
use super::{Ask, Collector, Source};
use crate::domain::facts::{PeerDeclared, VpnDeclared};
use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Declared, Fact, Fault, Period, Shown, SourceId, Subject, SubjectKind};
pub use sessions::{disconnect, sessions};
use settings::{Kind, PeerEntry, Tunnels, VpnEntry, Ways};
use watch::Watch;
use wireguard::Look;

pub const COLLECTOR: Collector = Collector {
    name: "vpn",
    sections: &[
        Section { name: "vpn", many: true, schema: || schemars::schema_for!(VpnEntry) },
        Section { name: "peer", many: true, schema: || schemars::schema_for!(PeerEntry) },
    ],
    plan,
};

/// What is said of a VPN in this form, read as its source would; `None` for a form that there is not. For fuzzing.
pub fn parse(form: &str, said: &[u8]) -> Option<Result<Fact, Fault>> {
    match form {
        "status" => Some(watch::told(said).map(Fact::VpnClients)),
        "management" => Some(management::replay(said).and_then(|list| watch::told(&list)).map(Fact::VpnClients)),
        "wireguard" => Some(wireguard::told(said).map(Fact::WireguardPeers)),
        "pki" => Some(Ok(Fact::VpnPki(pki::told(said)))),
        _ => None,
    }
}

/// Two readings over ssh with a pause, or one and the management interface.
const DEADLINE: Duration = Duration::from_secs(60);

fn plan(entries: &[Entry], register: &Register, refresh: Period) -> Result<Vec<Source>, Vec<Misfit>> {
    let mut misfits = Vec::new();
    let mut sources = Vec::new();
    for entry in entries.iter().filter(|entry| entry.section == "vpn") {
        match source(entry, register, refresh) {
            Ok(source) => sources.push(source),
            Err(misfit) => misfits.push(misfit),
        }
    }
    let peers = peers(entries, &mut misfits);
    match sources.first_mut() {
        Some(first) => first.declared.extend(peers),
        // Otherwise nothing would ever say that nobody looks whether they are connected.
        None if misfits.is_empty() => {
            misfits.extend(
                entries
                    .iter()
                    .find(|entry| entry.section == "peer")
                    .map(|entry| entry.misfit(None, "there is no [[vpn]] that this peer could be on")),
            );
        }
        None => {}
    }
    if misfits.is_empty() { Ok(sources) } else { Err(misfits) }
}

fn source(entry: &Entry, register: &Register, refresh: Period) -> Result<Source, Misfit> {
    let vpn = VpnEntry::of(entry)?;
    let subject = Subject::new(SubjectKind::Vpn, vpn.name.as_str());
    let ask: Arc<dyn Ask> = match vpn.kind {
        Kind::Openvpn => Arc::new(Watch::new(subject.clone(), Ways::of(entry, &vpn, register)?)),
        Kind::Wireguard => Arc::new(Look::new(subject.clone(), Tunnels::of(entry, &vpn, register)?)),
    };
    let declared = Declared {
        subject: subject.clone(),
        fact: Fact::VpnDeclared(VpnDeclared {
            protocol: vpn.kind.word().into(),
            hours: vpn.hours.clone(),
            pki: vpn.pki.as_deref().map(Shown::from),
        }),
        place: entry.place.clone(),
    };
    Ok(Source {
        id: SourceId::new(COLLECTOR.name, subject.name.clone()),
        every: vpn.every.unwrap_or(refresh),
        deadline: DEADLINE,
        declared: vec![declared],
        ask,
    })
}

fn peers(entries: &[Entry], misfits: &mut Vec<Misfit>) -> Vec<Declared> {
    let mut declared = Vec::new();
    let mut names: HashMap<(&str, Shown), Shown> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.section == "peer") {
        let peer = match settings::peer(entry) {
            Ok(peer) => peer,
            Err(misfit) => {
                misfits.push(misfit);
                continue;
            }
        };
        for (key, name) in [("common_name", &peer.common_name), ("public_key", &peer.public_key)] {
            let Some(name) = name.as_deref().map(Shown::from) else { continue };
            let Some(other) = names.insert((key, name.clone()), peer.name.as_str().into()) else { continue };
            misfits.push(entry.misfit(Some(key), format!("`{name}` is the {key} of \"{other}\" already")));
        }
        if entries.iter().any(|other| other.section == "vpn" && other.value["name"] == *peer.name) {
            let message = format!("`{}` is a [[vpn]] already: their findings could not be told apart", peer.name);
            misfits.push(entry.misfit(Some("name"), message));
        }
        declared.push(Declared {
            subject: Subject::new(SubjectKind::Peer, peer.name.as_str()),
            fact: Fact::PeerDeclared(PeerDeclared {
                person: peer.person.map(Shown::from),
                common_name: peer.common_name.map(Shown::from),
                public_key: peer.public_key.map(Shown::from),
                hours: peer.hours,
            }),
            place: entry.place.clone(),
        });
    }
    declared
}
