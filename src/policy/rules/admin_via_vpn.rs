//! `admin-via-vpn`: who is on the VPN is in the register.
//!
//! One finding for each VPN (can its list of clients be read, is it the present), one for each peer of the register
//! (where it is, whose it is, whether that is usual), one for everybody connected who is in nobody's register, and where its certificates
//! are read one for each of them that can lock everybody out or let somebody in. A peer is known by its certificate's common name or its WireGuard key alone; a user name proves nothing about the
//! register. A server on which somebody has a terminal while nobody is on a VPN is one, too.

mod certificates;
mod client;
mod concerns;
mod logins;
mod peers;
mod persons;
mod reading;
mod strangers;
#[cfg(test)]
mod tests;
mod usage;

use std::collections::BTreeSet;

use crate::domain::{Judgement, Limit, Period, Verdict};
use crate::policy::{CERTIFICATE, Case, Rule};
use client::{Client, Key};
use peers::Peers;
use reading::Reading;
use usage::VPN_UNUSED;

pub const RULE: Rule =
    Rule { measure: MEASURE, limits: &[&VPN_STATUS, &CERTIFICATE, &VPN_UNUSED], judge, exhibits: usage::exhibits };

const MEASURE: &str = "admin-via-vpn";

const VPN_STATUS: Limit = Limit {
    key: "vpn_status",
    default: Period::minutes(10),
    help: "a VPN's list of clients that was this old when it was read does not tell who is connected now",
};

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let readings: Vec<Reading<'_>> = Reading::all(case);
    let peers = Peers::of(case.evidence);
    let mut judgements = Vec::new();
    let uncompared = logins::uncompared(case);
    for reading in &readings {
        let vpn = judge_vpn(case, reading, &peers);
        judgements.push(match &uncompared {
            Some(said) => vpn.because("servers", None, said.as_str()),
            None => vpn,
        });
        judgements.extend(strangers::judge(case, reading, &peers));
        judgements.extend(certificates::judge(case, reading));
    }
    judgements.extend(peers::judge(case, &readings, &peers));
    judgements.extend(logins::judge(case, &readings));
    judgements
}

fn judge_vpn(case: &Case<'_>, reading: &Reading<'_>, peers: &Peers<'_>) -> Judgement {
    let judgement = |verdict, title: String| {
        let judgement = Judgement::new(MEASURE, reading.subject.clone(), verdict, title);
        reading.because(case, judgement.because(reading.place.clone(), None, format!("{} VPN", reading.protocol)))
    };
    let list = match &reading.list {
        Ok(list) => list,
        Err(doubt) => {
            let mut judgement = judgement(Verdict::Unknown, doubt.said.to_string()).weight(60);
            judgement.mend.clone_from(&doubt.mend);
            return judgement;
        }
    };
    let connected = || list.clients.iter().filter(|client| client.connected());
    let names: BTreeSet<Key<'_>> = connected().map(Client::key).collect();
    let strangers = connected().filter(|client| !peers.know(client)).map(Client::key).collect::<BTreeSet<_>>().len();
    let mut title = match names.len() {
        0 => "nobody is connected".to_owned(),
        1 => "1 peer connected".to_owned(),
        count => format!("{count} peers connected"),
    };
    if strangers > 0 {
        title = format!("{title}, {strangers} in no register");
    }
    let mut detail: Vec<String> =
        list.clients.iter().map(|client| reading.session(case, client)).chain([list.told_by.to_string()]).collect();
    if list.ambiguous.is_empty() {
        return judgement(Verdict::Ok, title).detail(&detail.join("\n"));
    }
    let rows = if list.ambiguous.len() == 1 { "1 row" } else { &format!("{} rows", list.ambiguous.len()) };
    detail.push(format!("{rows} that can't be read without guessing:"));
    detail.extend(list.ambiguous.iter().map(|row| format!("  {row}")));
    judgement(Verdict::Unknown, format!("{title}; {rows} of its list can't be read without guessing"))
        .detail(&detail.join("\n"))
        .mend(list.mend)
        .weight(60)
}
