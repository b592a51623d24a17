//! What is wrong with a peer besides where it is: its owner, two clients at once, an unusual hour.

use super::certificates;
use super::client::Client;
use super::persons::{Owner, Persons};
use super::reading::{Reading, moment};
use super::usage;
use crate::domain::facts::PeerDeclared;
use crate::domain::{Hours, Judgement, Shown, Verdict};
use crate::policy::Case;

/// A peer's session on one VPN.
pub(super) type Session<'a> = (&'a Reading<'a>, &'a Client<'a>);

/// One thing that is wrong.
pub(super) struct Concern {
    pub verdict: Verdict,
    pub said: String,
    /// Whether `said` tells already where the peer is.
    pub tells_where: bool,
    pub mend: String,
    /// Who says so, and what.
    pub source: Shown,
    pub because: String,
    pub weight: u8,
}

impl Concern {
    pub(super) fn added_to(&self, judgement: Judgement) -> Judgement {
        judgement.because(self.source.clone(), None, self.because.clone())
    }

    /// The judgement with this in front: its verdict, its words, its mend.
    pub(super) fn heads(self, mut judgement: Judgement, whereabouts: &str) -> Judgement {
        judgement.verdict = self.verdict;
        judgement.title =
            if self.tells_where { self.said.into() } else { format!("{}; {whereabouts}", self.said).into() };
        judgement.weight(self.weight).mend(self.mend)
    }
}

/// All of them, the worst first.
pub(super) fn of(
    case: &Case<'_>,
    readings: &[Reading<'_>],
    peer: &PeerDeclared,
    on: &[Session<'_>],
    persons: &Persons<'_>,
) -> Vec<Concern> {
    // Whose certificate is revoked has left in the way that counts.
    let gone = on.is_empty() && certificates::is_shut_out(readings, peer);
    let owner = if gone { None } else { owner(case, peer, !on.is_empty(), persons) };
    let unused = if gone || !on.is_empty() { None } else { usage::unused(case, readings, peer) };
    let certificate = certificates::concern(case, readings, peer, on);
    let mut concerns: Vec<Concern> =
        [owner, certificate, twice(on), unusual(case, peer, on), unused].into_iter().flatten().collect();
    concerns.sort_by_key(|concern| std::cmp::Reverse((concern.verdict, concern.weight)));
    concerns
}

fn owner(case: &Case<'_>, peer: &PeerDeclared, on: bool, persons: &Persons<'_>) -> Option<Concern> {
    let today = case.zone.to_datetime(case.now).date();
    let due = |said: String, mend: String, because: String| Concern {
        verdict: Verdict::Due,
        said,
        tells_where: false,
        mend,
        source: "register".into(),
        because,
        weight: 40,
    };
    match persons.owner(peer, today) {
        Owner::Here | Owner::Unasked => None,
        Owner::Nobody => Some(due(
            "belongs to nobody of the register".to_owned(),
            "add `person = \"…\"` to its [[peer]]".to_owned(),
            "its [[peer]] names no person".to_owned(),
        )),
        Owner::Unlisted(name) => Some(due(
            format!("its person, {}, is not in the register", name.cut(64)),
            format!("add a [[person]] named \"{}\", or correct `person`", name.cut(64)),
            format!("there is no [[person]] named \"{}\"", name.cut(64)),
        )),
        Owner::Gone { name, left, place } => Some(Concern {
            verdict: if on { Verdict::Broken } else { Verdict::Due },
            said: format!("of {}, who left on {left}", name.cut(64)),
            tells_where: false,
            mend: if on {
                "end its session, revoke its certificate or remove its key, then remove its [[peer]]".to_owned()
            } else {
                "revoke its certificate or remove its key on the server, then remove its [[peer]]".to_owned()
            },
            source: place.clone(),
            because: format!("{} left on {left}", name.cut(64)),
            weight: 85,
        }),
    }
}

/// Several clients with one certificate on one VPN. On two VPNs at once is a way of working, and a WireGuard key is only
/// ever in one place.
fn twice(on: &[Session<'_>]) -> Option<Concern> {
    let on: Vec<_> = on.iter().filter(|(_, client)| matches!(client, Client::Openvpn(_))).collect();
    let sessions_on = |reading: &Reading<'_>| -> Vec<&Client<'_>> {
        on.iter().filter(|(other, _)| other.subject == reading.subject).map(|(_, client)| *client).collect()
    };
    let (twice, _) = on.iter().find(|(reading, _)| sessions_on(reading).len() > 1)?;
    let sessions = sessions_on(twice);
    let from: Vec<String> = sessions.iter().take(3).map(|client| client.address().to_string()).collect();
    let more = if sessions.len() > 3 { " and others" } else { "" };
    Some(Concern {
        verdict: Verdict::Due,
        said: format!("{} sessions at once, from {}{more}", sessions.len(), from.join(" and ")),
        tells_where: true,
        mend: "ask whether all are theirs; a certificate of its own for each device tells them apart".to_owned(),
        source: twice.subject.name.clone(),
        because: "one certificate is used by several clients at once".to_owned(),
        weight: 50,
    })
}

/// A session that began outside of the usual hours; how long it lasts does not matter.
fn unusual(case: &Case<'_>, peer: &PeerDeclared, on: &[Session<'_>]) -> Option<Concern> {
    on.iter().find_map(|(reading, client)| {
        let usual = if peer.hours.is_empty() { reading.hours } else { &peer.hours };
        let began = reading.since(case, client)?;
        is_unusual(usual, case.zone.to_datetime(began)).then(|| Concern {
            verdict: Verdict::Due,
            said: format!("connected at an unusual hour, {}", moment(case, began)),
            tells_where: false,
            mend: "ask whether it was them; if such hours are usual, say so in `hours`".to_owned(),
            source: if peer.hours.is_empty() { reading.place.clone() } else { "register".into() },
            because: format!("usual are {}", usual.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
            weight: 60,
        })
    })
}

/// Without any hours, none is unusual.
fn is_unusual(usual: &[Hours], at: jiff::civil::DateTime) -> bool {
    !usual.is_empty() && !usual.iter().any(|hours| hours.contain(at))
}
