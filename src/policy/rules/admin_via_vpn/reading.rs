//! What one VPN's list of clients says, or why it can't be judged by.

use jiff::Timestamp;

use super::VPN_STATUS;
use super::client::Client;
use crate::domain::facts::{VpnClients, VpnHistory, VpnPki, WireguardPeers};
use crate::domain::{
    Fact, Hours, Judgement, Period, Read, Shown, SourceId, SourceRecord, Subject, SubjectKind, age, counted,
};
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
    pub list: Result<List<'a>, Doubt>,
    /// Its certificates, where they are asked for.
    pub pki: Option<Result<&'a VpnPki, Doubt>>,
    /// What its source remembers.
    pub history: Option<&'a VpnHistory>,
    source: &'a SourceId,
    /// When it was read, or last tried.
    pub at: Option<Timestamp>,
}

/// Who may be judged by, since it is the present.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub clients: Vec<Client<'a>>,
    /// Rows that can't be read without guessing, in words.
    pub ambiguous: Vec<Shown>,
    /// What makes them readable.
    pub mend: &'static str,
    pub told_by: &'a Shown,
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
                        pki: vpn.pki.as_ref().map(|_| pki(case, source, &declared.subject)),
                        history: history(case, source, &declared.subject),
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
            Ok(list) => format!("{}: {}", list.told_by, counted(list.clients.len(), "client", "clients")).into(),
            Err(doubt) => doubt.said.clone(),
        };
        let judgement = judgement.because(self.source.to_string(), self.at, said);
        if self.protocol == "wireguard" {
            return judgement;
        }
        judgement.because(
            "limits.vpn_status",
            None,
            format!("a list older than {limit} when it is read is not the present"),
        )
    }

    /// Where a client is, in words.
    pub(super) fn said(&self, case: &Case<'_>, client: &Client<'_>) -> String {
        client.said(case, self.first_seen(case, client))
    }

    /// The same with name and traffic.
    pub(super) fn session(&self, case: &Case<'_>, client: &Client<'_>) -> String {
        client.session(case, self.first_seen(case, client))
    }

    /// A session as it is kept for ever: with its whole date, so that it reads the same tomorrow.
    pub(super) fn standing(&self, case: &Case<'_>, client: &Client<'_>) -> String {
        let since = self.since(case, client).map(|since| case.zone.to_datetime(since).strftime("%F %H:%M").to_string());
        format!("since {} from {}", since.as_deref().unwrap_or("an untold time"), client.address())
    }

    /// When this began, as far as the evidence tells.
    pub(super) fn since(&self, case: &Case<'_>, client: &Client<'_>) -> Option<Timestamp> {
        client.began().or_else(|| self.first_seen(case, client))
    }

    fn first_seen(&self, case: &Case<'_>, client: &Client<'_>) -> Option<Timestamp> {
        case.evidence.first_seen(SubjectKind::Vpn, &self.subject.name, &format!("client {}", client.name()))
    }
}

fn list<'a>(case: &Case<'a>, source: &'a SourceRecord, vpn: &Subject) -> (Result<List<'a>, Doubt>, Option<Timestamp>) {
    let mend = source.fault.as_ref().and_then(|fault| fault.mend.clone());
    let seen = match source.trusted(case.now) {
        Ok(seen) => seen,
        Err(said) => return (Err(Doubt { said, mend }), source.asked_at),
    };
    let lists = seen.iter().filter(|observation| observation.subject == *vpn);
    let mut told = lists.filter_map(|observation| match &observation.fact {
        Fact::VpnClients(list) => Some((openvpn(case, list, observation.at), observation.at)),
        Fact::WireguardPeers(peers) => Some((Ok(wireguard(peers)), observation.at)),
        _ => None,
    });
    match told.next_back() {
        Some((list, at)) => (list, Some(at)),
        None => (Err(Doubt { said: "answered without a list of clients".into(), mend }), source.good_at),
    }
}

fn pki<'a>(case: &Case<'a>, source: &'a SourceRecord, vpn: &Subject) -> Result<&'a VpnPki, Doubt> {
    let mend = source.fault.as_ref().and_then(|fault| fault.mend.clone());
    let seen = source.trusted(case.now).map_err(|said| Doubt { said, mend: mend.clone() })?;
    let facts = seen.iter().filter(|observation| observation.subject == *vpn).map(|observation| &observation.fact);
    let mut told = facts.filter_map(|fact| if let Fact::VpnPki(pki) = fact { Some(pki) } else { None });
    told.next_back().ok_or(Doubt { said: "its certificates were not read yet".into(), mend })
}

fn history<'a>(case: &Case<'a>, source: &'a SourceRecord, vpn: &Subject) -> Option<&'a VpnHistory> {
    let seen = source.trusted(case.now).ok()?;
    let facts = seen.iter().filter(|observation| observation.subject == *vpn).map(|observation| &observation.fact);
    facts.filter_map(|fact| if let Fact::VpnHistory(history) = fact { Some(history) } else { None }).next_back()
}

fn openvpn<'a>(case: &Case<'_>, list: &'a VpnClients, at: Timestamp) -> Result<List<'a>, Doubt> {
    present(case, &list.written_at, at)?;
    Ok(List {
        clients: list.clients.iter().map(Client::Openvpn).collect(),
        ambiguous: list.ambiguous.clone(),
        mend: "set `status-version 3` in the OpenVPN server's configuration: versions 1 and 2 do not quote commas",
        told_by: &list.told_by,
    })
}

/// What `wg` says is the present, and its handshakes are as old as the server's own clock says.
fn wireguard(list: &WireguardPeers) -> List<'_> {
    let odd = "a row of another form; it is not kept, since it may hold a key";
    List {
        clients: list.peers.iter().map(|peer| Client::Wireguard(peer, list.state(peer))).collect(),
        ambiguous: (0..list.odd_rows.min(20)).map(|_| odd.into()).collect(),
        mend: "run `wg show all dump` there: which row has neither five columns nor nine?",
        told_by: &list.told_by,
    }
}

/// Whether a list was fresh when it was read at `at`.
fn present(case: &Case<'_>, written: &Read<Timestamp>, at: Timestamp) -> Result<(), Doubt> {
    let written = written.as_result().map_err(|fault| Doubt {
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
    Ok(())
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
