//! What a VPN's source remembers from look to look: who was there, from where, how long and with how much traffic.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use crate::domain::facts::{Handshake, PastSession, PeerHistory, VpnClients, VpnHistory, WireguardPeers};
use crate::domain::{Read, Shown};

/// Sessions kept of one peer, and peers kept of one VPN: about two megabytes at most.
const SESSIONS: usize = 40;
const PEERS: usize = 500;
/// How old the first list may be.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// Somebody who is connected at a look.
struct Glimpse {
    name: Shown,
    from: Shown,
    /// When it says that the session began.
    began: Option<Timestamp>,
    /// Bytes in and out.
    counters: (u64, u64),
    /// Whether they count on from session to session.
    lasting: bool,
}

/// What the memory holds. One that can't be read begins anew: then nothing is known to be unused for as long as is
/// needed to know it.
pub fn remembered(memory: Option<&str>, at: Timestamp) -> VpnHistory {
    let kept = memory.and_then(|memory| serde_json::from_str::<VpnHistory>(memory).ok());
    // The first list was written a moment before it is read. At the beginning of time there is no before.
    let before = at.checked_sub(FRESH).unwrap_or(at);
    let new = VpnHistory { since: at, last_look: before, peers: Vec::new() };
    kept.filter(|kept| kept.last_look <= at).unwrap_or(new)
}

/// Adds a list of OpenVPN's clients, as of when it was written; one of an unknown age tells of no time.
pub fn add_clients(history: &mut VpnHistory, list: &VpnClients) {
    let Read::Seen(at) = list.written_at else { return };
    let connected = list.clients.iter().filter(|client| client.connected());
    let glimpses = connected.map(|client| Glimpse {
        name: client.common_name.clone(),
        from: client.address(),
        began: client.since,
        counters: (client.bytes_received, client.bytes_sent),
        lasting: false,
    });
    add(history, at, glimpses.collect());
}

/// Adds a look at WireGuard's peers. A handshake that is over tells when its peer was last there, too.
pub fn add_peers(history: &mut VpnHistory, list: &WireguardPeers) {
    let active = list.peers.iter().filter(|peer| list.state(peer) == Handshake::Active);
    let glimpses = active.map(|peer| Glimpse {
        name: peer.public_key.clone(),
        from: peer.address().unwrap_or_else(|| "an untold address".into()),
        began: None,
        counters: (peer.bytes_received, peer.bytes_sent),
        lasting: true,
    });
    add(history, list.asked_at, glimpses.collect());
    for peer in &list.peers {
        if let Handshake::Idle(at) = list.state(peer) {
            let entry = entry(history, &peer.public_key, at);
            entry.last_seen = entry.last_seen.max(at);
        }
    }
}

fn add(history: &mut VpnHistory, at: Timestamp, glimpses: Vec<Glimpse>) {
    // An older list than the last one tells nothing new.
    if at < history.last_look {
        return;
    }
    let before = std::mem::replace(&mut history.last_look, at);
    for glimpse in glimpses {
        let peer = entry(history, &glimpse.name, at);
        peer.last_seen = at;
        note(peer, &glimpse, (before, at));
    }
    if history.peers.len() > PEERS {
        history.peers.sort_by_key(|peer| std::cmp::Reverse(peer.last_seen));
        history.peers.truncate(PEERS);
    }
}

fn entry<'a>(history: &'a mut VpnHistory, name: &Shown, at: Timestamp) -> &'a mut PeerHistory {
    let place = history.peers.iter().position(|peer| peer.name == *name).unwrap_or_else(|| {
        let (name, sessions) = (name.clone(), Vec::new());
        history.peers.push(PeerHistory { name, last_seen: at, counted: (0, 0), sessions });
        history.peers.len() - 1
    });
    &mut history.peers[place]
}

/// The session goes on if it was there at the look before, from the same address, and says the same of its beginning.
fn note(peer: &mut PeerHistory, glimpse: &Glimpse, (before, at): (Timestamp, Timestamp)) {
    let counters = glimpse.counters;
    let goes_on = |session: &&mut PastSession| {
        session.from == glimpse.from
            && session.last_seen >= before
            && glimpse.began.is_none_or(|began| began == session.began)
    };
    // What is added since the last look; counters that fell began anew.
    let grown = |now: u64, then: u64| now.checked_sub(then).unwrap_or(now);
    let lasting = (grown(counters.0, peer.counted.0), grown(counters.1, peer.counted.1));
    peer.counted = counters;
    if let Some(session) = peer.sessions.iter_mut().rev().find(goes_on) {
        session.last_seen = at;
        (session.received, session.sent) =
            if glimpse.lasting { (session.received + lasting.0, session.sent + lasting.1) } else { counters };
        return;
    }
    let (received, sent) = if glimpse.lasting { lasting } else { counters };
    let began = glimpse.began.unwrap_or(at);
    peer.sessions.push(PastSession { began, last_seen: at, from: glimpse.from.clone(), received, sent });
    let surplus = peer.sessions.len().saturating_sub(SESSIONS);
    peer.sessions.drain(..surplus);
}
