//! What one VPN's list of clients says, or why it can't be judged by.

use jiff::Timestamp;

use super::VPN_STATUS;
use crate::domain::facts::{VpnClient, VpnClients};
use crate::domain::{Fact, Hours, Judgement, Period, Shown, SourceId, SourceRecord, Subject, SubjectKind, age};
use crate::policy::Case;

/// One VPN as its source last told of it.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub subject: &'a Subject,
    /// `openvpn`, `wireguard`.
    pub protocol: &'a Shown,
    pub place: &'a Shown,
    /// When it is usual to connect.
    pub hours: &'a [Hours],
    pub list: Result<&'a VpnClients, Doubt>,
    source: &'a SourceId,
    /// When it was read, or last tried.
    at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Doubt {
    pub said: Shown,
    pub mend: Option<Shown>,
}

/// Clocks of two machines may differ by this much before a list from the future is implausible.
const AHEAD: Period = Period::minutes(5);

impl<'a> Reading<'a> {
    /// Every VPN of the register.
    pub(super) fn all(case: &Case<'a>) -> Vec<Self> {
        let sources = case.evidence.of("vpn");
        sources
            .flat_map(|source| {
                source.declared.iter().filter_map(|declared| {
                    let Fact::VpnDeclared(vpn) = &declared.fact else { return None };
                    let (list, at) = list(case, source, &declared.subject);
                    Some(Self {
                        subject: &declared.subject,
                        protocol: &vpn.protocol,
                        place: &declared.place,
                        hours: &vpn.hours,
                        list,
                        source: &source.id,
                        at,
                    })
                })
            })
            .collect()
    }

    /// Adds where this comes from and which limit it was held against.
    pub(super) fn because(&self, case: &Case<'_>, judgement: Judgement) -> Judgement {
        let limit = case.limits.of(&VPN_STATUS);
        let said = match &self.list {
            Ok(list) => format!("{}: {} clients", list.told_by, list.clients.len()).into(),
            Err(doubt) => doubt.said.clone(),
        };
        judgement.because(self.source.to_string(), self.at, said).because(
            "limits.vpn_status",
            None,
            format!("a list older than {limit} when it is read is not the present"),
        )
    }

    /// A session in words: `connected from 192.0.2.1 since 07:58 · 10.8.0.3`.
    pub(super) fn session(&self, case: &Case<'_>, client: &VpnClient) -> String {
        let name = client.common_name.cut(64);
        let said = self.said(case, client);
        let user = client.username.as_ref().filter(|user| **user != client.common_name);
        let user = user.map_or_else(String::new, |user| format!(", user {user}"));
        let traffic = format!("{} in, {} out", bytes(client.bytes_received), bytes(client.bytes_sent));
        let others = client.virtual_addresses.iter().skip(1).map(ToString::to_string);
        let said: Vec<String> = [said].into_iter().chain(others).collect();
        format!("{name}{user}: {} · {traffic}", said.join(" "))
    }

    /// The same without name and traffic.
    pub(super) fn said(&self, case: &Case<'_>, client: &VpnClient) -> String {
        let from = client.address();
        let Some(address) = client.virtual_addresses.first() else {
            return format!("not connected, login pending or failed from {from}");
        };
        let since = match client.since {
            Some(since) => format!("since {}", moment(case, since)),
            // Version 1 does not tell; what the store has seen does.
            None => match self.first_seen(case, client) {
                Some(seen) => format!("seen since {}", moment(case, seen)),
                None => "since an untold time".to_owned(),
            },
        };
        format!("connected from {from} {since} · {address}")
    }

    /// The same as it is kept for ever: with its whole date, so that it reads the same tomorrow.
    pub(super) fn standing(&self, case: &Case<'_>, client: &VpnClient) -> String {
        let since = self.since(case, client).map(|since| case.zone.to_datetime(since).strftime("%F %H:%M").to_string());
        format!("since {} from {}", since.as_deref().unwrap_or("an untold time"), client.address())
    }

    /// When this began, as far as the evidence tells.
    pub(super) fn since(&self, case: &Case<'_>, client: &VpnClient) -> Option<Timestamp> {
        client.since.or_else(|| self.first_seen(case, client))
    }

    fn first_seen(&self, case: &Case<'_>, client: &VpnClient) -> Option<Timestamp> {
        case.evidence.first_seen(SubjectKind::Vpn, &self.subject.name, &format!("client {}", client.common_name))
    }
}

fn list<'a>(
    case: &Case<'a>,
    source: &'a SourceRecord,
    vpn: &Subject,
) -> (Result<&'a VpnClients, Doubt>, Option<Timestamp>) {
    let mend = source.fault.as_ref().and_then(|fault| fault.mend.clone());
    let seen = match source.trusted(case.now) {
        Ok(seen) => seen,
        Err(said) => return (Err(Doubt { said, mend }), source.asked_at),
    };
    let lists = seen.iter().filter(|observation| observation.subject == *vpn);
    let mut told = lists.filter_map(|observation| match &observation.fact {
        Fact::VpnClients(list) => Some((list, observation.at)),
        _ => None,
    });
    match told.next_back() {
        Some((list, at)) => (present(case, list, at), Some(at)),
        None => (Err(Doubt { said: "answered without a list of clients".into(), mend }), source.good_at),
    }
}

/// The list, if it was fresh when it was read at `at`.
fn present<'a>(case: &Case<'_>, list: &'a VpnClients, at: Timestamp) -> Result<&'a VpnClients, Doubt> {
    let written = list.written_at.as_result().map_err(|fault| Doubt {
        said: format!("the age of its list is not known: {}", fault.said).into(),
        mend: fault.mend.clone(),
    })?;
    if *written > at + AHEAD.as_duration() {
        return Err(Doubt {
            said: format!("its list is dated in the future, {}", age(*written, at)).into(),
            mend: Some("set the clocks, here and on the VPN server".into()),
        });
    }
    if at.duration_since(*written) > case.limits.of(&VPN_STATUS).as_duration() {
        return Err(Doubt {
            said: format!(
                "its list was {} old when it was read, written {}",
                age(*written, at),
                moment(case, *written)
            )
            .into(),
            mend: Some("look whether OpenVPN runs: it writes its status every minute while it does".into()),
        });
    }
    Ok(list)
}

/// Time of day in the operator's zone, with the day when it is another one.
pub(super) fn moment(case: &Case<'_>, at: Timestamp) -> String {
    let (at, now) = (case.zone.to_datetime(at), case.zone.to_datetime(case.now));
    let form = if at.date() == now.date() {
        "%H:%M"
    } else if at.year() == now.year() {
        "%a %-d %b %H:%M"
    } else {
        "%-d %b %Y %H:%M"
    };
    at.strftime(form).to_string()
}

/// `512 B`, `1.4 MB`.
fn bytes(count: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.into_iter().find(|(_, size)| count >= *size) {
        Some((unit, size)) => format!("{}.{} {unit}", count / size, count % size * 10 / size),
        None => format!("{count} B"),
    }
}
