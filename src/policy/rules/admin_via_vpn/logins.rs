//! Logins on servers while nobody is on a VPN.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::MEASURE;
use super::reading::{Reading, moment};
use crate::domain::facts::RemoteLogin;
use crate::domain::{Fact, Judgement, Verdict};
use crate::policy::Case;

/// Clocks of servers, and two looks of one round, may be this far apart.
const SLACK: SignedDuration = SignedDuration::from_mins(2);

/// A finding for each server on which somebody has a terminal whom no VPN can have brought there. Between looks nobody
/// knows who was on a VPN, so only the moment of the looks is told of.
pub(super) fn judge(case: &Case<'_>, readings: &[Reading<'_>]) -> Vec<Judgement> {
    let Some(looks) = Looks::of(case, readings) else { return Vec::new() };
    let mut judgements = Vec::new();
    for source in case.evidence.of("servers") {
        // What a silent server said is no cross-check, and its silence is told by others.
        for observation in source.trusted(case.now).into_iter().flatten() {
            let Fact::HostPower(power) = &observation.fact else { continue };
            let logins = power.remote_logins.seen().into_iter().flatten();
            let alone: Vec<&RemoteLogin> = logins.filter(|login| looks.miss(login, observation.at)).collect();
            let Some(first) = alone.first() else { continue };
            let said = |login: &RemoteLogin| {
                format!("{} from {} since {}", login.account, login.from, moment(case, login.began))
            };
            let more = match alone.len() {
                1 => String::new(),
                many => format!(" and {} more", many - 1),
            };
            let title = format!("logged in: {}{more}, and nobody is on the VPN", said(first));
            let mut judgement = Judgement::new(MEASURE, observation.subject.clone(), Verdict::Due, title)
                .part("logins")
                .detail(&alone.iter().map(|login| said(login)).collect::<Vec<_>>().join("\n"))
                .mend("ask whether it was them; let ssh answer to the VPN only")
                .weight(58)
                .because(source.id.to_string(), Some(observation.at), "`last` tells of their terminals");
            for login in &alone {
                let since = case.zone.to_datetime(login.began).strftime("%F %H:%M").to_string();
                judgement =
                    judgement.asking(format!("login of {}", login.account), format!("{} from {}", since, login.from));
            }
            judgements.push(readings.iter().fold(judgement, |judgement, reading| reading.because(case, judgement)));
        }
    }
    judgements
}

/// When all VPNs were looked at and nobody was on any.
struct Looks {
    first: Timestamp,
    last: Timestamp,
    /// The last handshake of WireGuard that is over: an idle session may still be there.
    idle: Option<Timestamp>,
}

impl Looks {
    /// `None` while somebody is, or may be: a list that can't be read may hold anybody.
    fn of(case: &Case<'_>, readings: &[Reading<'_>]) -> Option<Self> {
        let (mut looks, mut idle) = (Vec::new(), None);
        for reading in readings {
            let list = reading.list.as_ref().ok()?;
            let somebody = |client: &super::Client<'_>| client.connected() || client.implausible(case).is_some();
            if !list.ambiguous.is_empty() || list.clients.iter().any(somebody) {
                return None;
            }
            idle = list.clients.iter().filter_map(super::Client::last).max().max(idle);
            looks.push(reading.at?);
        }
        Some(Self { first: *looks.iter().min()?, last: *looks.iter().max()?, idle })
    }

    /// Whether somebody was there during all looks, and came from outside.
    fn miss(&self, login: &RemoteLogin, seen: Timestamp) -> bool {
        is_outside(login.from)
            && login.began + SLACK <= self.first
            && self.last <= seen + SLACK
            && self.idle.is_none_or(|at| at + SLACK < login.began)
    }
}

/// Not of a network that only a VPN or the house itself leads to.
fn is_outside(from: IpAddr) -> bool {
    match from {
        IpAddr::V4(from) => !(from.is_private() || from.is_link_local() || from.is_loopback()),
        IpAddr::V6(from) => !(from.is_unique_local() || from.is_unicast_link_local() || from.is_loopback()),
    }
}
