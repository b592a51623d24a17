//! Whoever is on a VPN, or tries to be, and in nobody's register.

use std::collections::BTreeMap;

use super::MEASURE;
use super::peers::Peers;
use super::reading::Reading;
use crate::domain::facts::VpnClient;
use crate::domain::{Judgement, Shown, Verdict};
use crate::policy::Case;

pub(super) fn judge(case: &Case<'_>, reading: &Reading<'_>, peers: &Peers<'_>) -> Vec<Judgement> {
    let mut strangers: BTreeMap<&Shown, Vec<&VpnClient>> = BTreeMap::new();
    for client in reading.list.iter().flat_map(|list| &list.clients) {
        // Without a name and without an address: a handshake, or what a port scan leaves.
        let nobody = client.common_name == "UNDEF" && !client.connected();
        if !peers.know(&client.common_name) && !nobody {
            strangers.entry(&client.common_name).or_default().push(client);
        }
    }
    strangers.into_iter().map(|(name, sessions)| stranger(case, reading, name, &sessions)).collect()
}

fn stranger(case: &Case<'_>, reading: &Reading<'_>, name: &Shown, sessions: &[&VpnClient]) -> Judgement {
    let connected: Vec<_> = sessions.iter().copied().filter(|client| client.connected()).collect();
    let addresses = |clients: &[&VpnClient]| {
        let mut addresses: Vec<Shown> = clients.iter().map(|client| client.address()).collect();
        addresses.sort();
        addresses.dedup();
        addresses.iter().map(Shown::as_str).collect::<Vec<_>>().join(" and ")
    };
    let shown = name.cut(64);
    let (verdict, did, since) = match connected.as_slice() {
        // Only a certificate of our own authority gets this far.
        [] => (Verdict::Due, format!("tried to log in from {}", addresses(sessions)), None),
        connected => {
            let since = connected.iter().filter_map(|client| reading.since(case, client)).min();
            (Verdict::Broken, format!("connected from {}", addresses(connected)), since)
        }
    };
    let title = format!("peer \"{shown}\" is in nobody's register, {did}");
    let standing = match connected.as_slice() {
        [] => "tries to log in".to_owned(),
        connected => connected.iter().map(|client| reading.standing(case, client)).collect::<Vec<_>>().join(" and "),
    };
    let detail: Vec<String> = sessions.iter().map(|client| reading.session(case, client)).collect();
    let judgement = Judgement::new(MEASURE, reading.subject.clone(), verdict, title)
        .part(if name.is_empty() { "no name".into() } else { name.clone() })
        .detail(&detail.join("\n"))
        .mend(format!(
            "revoke its certificate and end its session; if it is known, add a [[peer]] with common_name = \"{shown}\""
        ))
        .since(since)
        .asking("session", standing)
        .weight(90)
        .because("register", None, format!("no [[peer]] has the common name \"{shown}\""));
    reading.because(case, judgement)
}
