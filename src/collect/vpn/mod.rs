//! VPNs: who is connected, as OpenVPN's status file or management interface tell.
//!
//! One source for each `[[vpn]]`. The peers of the register are declared by the first of them: they belong to all.

mod parse;
mod settings;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Collector, Source};
use crate::domain::facts::{PeerDeclared, VpnDeclared};
use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Declared, Fact, Period, Shown, SourceId, Subject, SubjectKind};
use settings::{Kind, PeerEntry, VpnEntry, Ways};
use watch::{Unread, Watch};

pub const COLLECTOR: Collector = Collector {
    name: "vpn",
    sections: &[
        Section { name: "vpn", many: true, schema: || schemars::schema_for!(VpnEntry) },
        Section { name: "peer", many: true, schema: || schemars::schema_for!(PeerEntry) },
    ],
    plan,
};

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
    let ways = Ways::of(entry, &vpn, register)?;
    let subject = Subject::new(SubjectKind::Vpn, vpn.name.as_str());
    let declared = Declared {
        subject: subject.clone(),
        fact: Fact::VpnDeclared(VpnDeclared { protocol: vpn.kind.word().into(), hours: vpn.hours.clone() }),
        place: entry.place.clone(),
    };
    Ok(Source {
        id: SourceId::new(COLLECTOR.name, subject.name.clone()),
        every: vpn.every.unwrap_or(refresh),
        deadline: DEADLINE,
        declared: vec![declared],
        ask: match vpn.kind {
            Kind::Openvpn => Arc::new(Watch::new(subject, ways)),
            Kind::Wireguard => Arc::new(Unread),
        },
    })
}

fn peers(entries: &[Entry], misfits: &mut Vec<Misfit>) -> Vec<Declared> {
    let mut declared = Vec::new();
    let mut names: HashMap<Shown, Shown> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.section == "peer") {
        let peer = match settings::peer(entry) {
            Ok(peer) => peer,
            Err(misfit) => {
                misfits.push(misfit);
                continue;
            }
        };
        let common_name = peer.common_name.as_deref().map(Shown::from);
        if let Some(common_name) = &common_name
            && let Some(other) = names.insert(common_name.clone(), peer.name.as_str().into())
        {
            let message = format!("`{common_name}` is the common name of \"{other}\" already");
            misfits.push(entry.misfit(Some("common_name"), message));
        }
        if entries.iter().any(|other| other.section == "vpn" && other.value["name"] == *peer.name) {
            let message = format!("`{}` is a [[vpn]] already: their findings could not be told apart", peer.name);
            misfits.push(entry.misfit(Some("name"), message));
        }
        declared.push(Declared {
            subject: Subject::new(SubjectKind::Peer, peer.name.as_str()),
            fact: Fact::PeerDeclared(PeerDeclared {
                person: peer.person.map(Shown::from),
                common_name,
                public_key: peer.public_key.map(Shown::from),
                hours: peer.hours,
            }),
            place: entry.place.clone(),
        });
    }
    declared
}
