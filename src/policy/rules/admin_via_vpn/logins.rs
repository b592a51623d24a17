//! Logins on servers while nobody is on a VPN.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::MEASURE;
use super::reading::{Reading, moment};
use crate::domain::facts::RemoteLogin;
use crate::domain::{Fact, Fault, Judgement, Observation, Read, SourceRecord, Verdict};
use crate::policy::Case;
use crate::policy::exposed::is_private;

/// Clocks of servers, and two looks of one round, may be this far apart.
const SLACK: SignedDuration = SignedDuration::from_mins(2);

/// A finding for each server on which somebody has a terminal whom no VPN can have brought there. Between looks nobody
/// knows who was on a VPN, so only the moment of the looks is told of.
pub(super) fn judge(case: &Case<'_>, readings: &[Reading<'_>]) -> Vec<Judgement> {
    if readings.is_empty() {
        return Vec::new();
    }
    let looks = Looks::of(case, readings);
    let mut judgements = Vec::new();
    for source in case.evidence.of("servers") {
        // What a silent server said is no cross-check, and its silence is told by others.
        for observation in source.trusted(case.now).into_iter().flatten() {
            let Fact::HostPower(power) = &observation.fact else { continue };
            // An answer that nothing has changed says it of the terminals too.
            let seen = source.good_at.max(Some(observation.at)).unwrap_or(observation.at);
            let logins = match &power.remote_logins {
                // It is told with the VPN: see [`uncompared`].
                Read::Seen(None) => continue,
                Read::Seen(Some(logins)) => logins,
                Read::Unreadable(fault) => {
                    judgements.push(unseen(source, observation, fault));
                    continue;
                }
            };
            let Some(looks) = &looks else { continue };
            let alone: Vec<&RemoteLogin> = logins.iter().filter(|login| looks.miss(login, seen)).collect();
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
                .because(source.id.to_string(), Some(seen), "`last` tells of their terminals");
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

/// Servers without `last`, which a Debian from trixie on lacks unless somebody asked for it: no concern of its own of each,
/// but whoever asks why of a VPN is told what it was not compared with.
pub(super) fn uncompared(case: &Case<'_>) -> Option<String> {
    let seen = case.evidence.of("servers").flat_map(|source| source.trusted(case.now).into_iter().flatten());
    let without = |fact: &Fact| matches!(fact, Fact::HostPower(power) if power.remote_logins == Read::Seen(None));
    let servers: BTreeSet<&str> = seen.filter(|one| without(&one.fact)).map(|one| one.subject.name.as_str()).collect();
    let whose = match servers.len() {
        0 => return None,
        1..=3 => servers.into_iter().collect::<Vec<_>>().join(", "),
        many => format!("{many} servers"),
    };
    Some(format!(
        "no `last` on {whose}: who is logged in there is not compared with who is on the VPN \
         (apt-get install wtmpdb libpam-wtmpdb)"
    ))
}

/// Without the list of terminals a server looks like one that nobody is on.
fn unseen(source: &SourceRecord, observation: &Observation, fault: &Fault) -> Judgement {
    let title = format!("who is logged in is not known: {}", fault.said);
    Judgement::new(MEASURE, observation.subject.clone(), Verdict::Unknown, title)
        .part("logins")
        .mend(fault.mend.clone().unwrap_or_else(|| "run `last -i` there: what does it say?".into()))
        .weight(30)
        .because(source.id.to_string(), Some(observation.at), fault.said.clone())
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
        !is_private(login.from)
            && login.began + SLACK <= self.first
            && self.last <= seen + SLACK
            && self.idle.is_none_or(|at| at + SLACK < login.began)
    }
}
