//! The certificates behind a VPN: until when they let in, and whom they should not let in any more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::MEASURE;
use super::concerns::{Concern, Session};
use super::reading::Reading;
use crate::domain::facts::{PeerDeclared, PkiCertificate, RevocationList, VpnPki};
use crate::domain::{Fault, Judgement, Shown, Verdict, age, counted};
use crate::policy::{CERTIFICATE, Case};

/// How certificates are made anew, in easy-rsa's words.
const RENEW_LIST: &str = "`easyrsa gen-crl`, then copy crl.pem to where OpenVPN's `crl-verify` names it";

/// The parts of a VPN's findings that are about its certificates.
pub(super) const PARTS: [&str; 4] = ["authority", "server certificate", "revocations", "issued"];

/// What is read of a VPN's certificates: a finding for each of them that can fail alone.
pub(super) fn judge(case: &Case<'_>, reading: &Reading<'_>) -> Vec<Judgement> {
    let Some(pki) = &reading.pki else { return Vec::new() };
    let parts: [Part; 4] = match pki {
        Ok(pki) => [authority(case, pki), server(case, pki), revocations(case, pki), issued(pki)],
        Err(doubt) => {
            let unknown = || Part { mend: doubt.mend.clone(), ..Part::new(Verdict::Unknown, doubt.said.to_string()) };
            [unknown(), unknown(), unknown(), unknown()]
        }
    };
    PARTS.into_iter().zip(parts).map(|(name, part)| part.judged(case, reading, name)).collect()
}

/// What is so of one part.
struct Part {
    verdict: Verdict,
    said: String,
    mend: Option<Shown>,
    /// Until when, where that is known.
    until: Option<Timestamp>,
}

impl Part {
    fn new(verdict: Verdict, said: String) -> Self {
        Self { verdict, said, mend: None, until: None }
    }

    fn mend(self, mend: &str) -> Self {
        Self { mend: Some(mend.into()), ..self }
    }

    fn unreadable(fault: &Fault) -> Self {
        Self { mend: fault.mend.clone(), ..Self::new(Verdict::Unknown, fault.said.to_string()) }
    }

    fn judged(self, case: &Case<'_>, reading: &Reading<'_>, name: &str) -> Judgement {
        let weight = if self.verdict == Verdict::Broken { 80 } else { 55 };
        let mut judgement =
            Judgement::new(MEASURE, reading.subject.clone(), self.verdict, self.said).part(name).weight(weight);
        judgement.mend = self.mend;
        if let Some(until) = self.until {
            judgement = judgement.standing(name, format!("until {}", day(case, until)));
        }
        if let Some(Ok(pki)) = &reading.pki {
            judgement = judgement.because(pki.told_by.clone(), reading.at, "its easy-rsa folder");
        }
        judgement.because("limits.certificate", None, case.limits.of(&CERTIFICATE).to_string())
    }
}

/// `what` against the day on which it ends.
fn dated(case: &Case<'_>, what: &str, until: Timestamp) -> Part {
    let date = day(case, until);
    let part = if until <= case.now {
        Part::new(Verdict::Broken, format!("{what} expired on {date}"))
    } else if until.duration_since(case.now) <= case.limits.of(&CERTIFICATE).as_duration() {
        let left = age(case.now, until);
        Part::new(Verdict::Due, format!("{what} expires in {left}, on {date}"))
    } else {
        Part::new(Verdict::Ok, format!("{what} is valid until {date}"))
    };
    Part { until: Some(until), ..part }
}

fn authority(case: &Case<'_>, pki: &VpnPki) -> Part {
    match pki.authority.as_result() {
        Err(fault) => Part::unreadable(fault),
        Ok(found) => {
            let what = format!("its authority, {},", found.common_name.cut(64));
            dated(case, &what, found.not_after)
                .mend("a new authority needs new certificates for everybody: begin early")
        }
    }
}

/// Of each server's name the certificate that lasts longest; of several names the one that ends first. One that has ended may
/// be of a server that is no more, as long as another lasts: which of them is served is not in the folder.
fn server(case: &Case<'_>, pki: &VpnPki) -> Part {
    let found = match pki.servers.as_result() {
        Err(fault) => return Part::unreadable(fault),
        Ok(found) => found,
    };
    let mut lasting: BTreeMap<&Shown, &PkiCertificate> = BTreeMap::new();
    for certificate in found.iter().filter(|certificate| revoked_at(pki, certificate).is_none()) {
        let longest = lasting.entry(&certificate.common_name).or_insert(certificate);
        if certificate.not_after > longest.not_after {
            *longest = certificate;
        }
    }
    let (over, lasts): (Vec<&PkiCertificate>, Vec<&PkiCertificate>) =
        lasting.values().partition(|one| one.not_after <= case.now);
    if let (Some(first), false) = (over.first(), lasts.is_empty()) {
        let said = format!(
            "the certificate of a server, {}, expired on {}",
            first.common_name.cut(64),
            day(case, first.not_after)
        );
        return Part::new(Verdict::Due, said)
            .mend("renew it, or revoke it if that server is no more (`easyrsa revoke NAME`)");
    }
    match lasting.values().min_by_key(|certificate| certificate.not_after) {
        None => Part::new(Verdict::Unknown, format!("no server's certificate is in {}/issued", pki.told_by))
            .mend("let `pki` name the folder in which the server's certificate was issued"),
        Some(first) => {
            dated(case, &format!("the server's certificate, {},", first.common_name.cut(64)), first.not_after)
                .mend("renew it (`easyrsa renew NAME`), install it and restart OpenVPN")
        }
    }
}

fn revocations(case: &Case<'_>, pki: &VpnPki) -> Part {
    let list = match pki.revocations.as_result() {
        Err(fault) => return Part::unreadable(fault),
        Ok(None) => return without_list(pki),
        Ok(Some(list)) => list,
    };
    let missing = missing(case, pki, list);
    if let Some(first) = missing.first() {
        let said = format!("{}, not in crl.pem: they still let in", several(missing.len(), first));
        return Part::new(Verdict::Broken, said).mend(RENEW_LIST);
    }
    let Some(until) = list.next_update else {
        return Part::new(Verdict::Ok, format!("the revocation list of {} does not end", day(case, list.updated)));
    };
    let part = dated(case, "the revocation list", until).mend(RENEW_LIST);
    if part.verdict == Verdict::Broken {
        return Part { said: format!("{}: OpenVPN locks everybody out", part.said), ..part };
    }
    part
}

fn without_list(pki: &VpnPki) -> Part {
    let revoked: Vec<_> = pki.issued.seen().into_iter().flatten().filter(|issued| issued.revoked.is_some()).collect();
    match (revoked.first(), &pki.issued) {
        (Some(first), _) => {
            let said = format!("{}, but there is no crl.pem: they still let in", several(revoked.len(), first));
            Part::new(Verdict::Broken, said).mend(RENEW_LIST)
        }
        (None, crate::domain::Read::Seen(_)) => {
            Part::new(Verdict::Ok, "there is no revocation list, and nothing is revoked".to_owned())
        }
        (None, crate::domain::Read::Unreadable(fault)) => Part::unreadable(fault),
    }
}

/// Revoked, not expired yet, and not in the list.
fn missing<'a>(case: &Case<'_>, pki: &'a VpnPki, list: &RevocationList) -> Vec<&'a PkiCertificate> {
    let issued = pki.issued.seen().into_iter().flatten();
    let revoked = issued.filter(|issued| issued.revoked.is_some() && issued.not_after > case.now);
    revoked.filter(|issued| !list.serials.contains(&issued.serial)).collect()
}

fn several(count: usize, first: &PkiCertificate) -> String {
    let name = first.common_name.cut(64);
    if count == 1 {
        format!("the certificate of {name} is revoked")
    } else {
        format!("{count} certificates are revoked ({name} …)")
    }
}

fn issued(pki: &VpnPki) -> Part {
    match pki.issued.as_result() {
        Err(fault) => Part::unreadable(fault),
        Ok(issued) => {
            let revoked = issued.iter().filter(|issued| issued.revoked.is_some()).count();
            let issued = counted(issued.len(), "certificate", "certificates");
            Part::new(Verdict::Ok, format!("{issued} issued, {revoked} of them revoked"))
        }
    }
}

fn revoked_at(pki: &VpnPki, certificate: &PkiCertificate) -> Option<Timestamp> {
    let listed = pki.revocations.seen().and_then(Option::as_ref);
    let listed = listed.filter(|list| list.serials.contains(&certificate.serial)).map(|list| list.updated);
    certificate.revoked.or(listed)
}

/// How the certificates of a name stand.
pub(super) enum Holds {
    /// The one that lasts longest.
    Until(Timestamp),
    /// All of them are revoked, the last then.
    Revoked(Timestamp),
}

pub(super) fn of_name(pki: &VpnPki, common_name: &Shown) -> Option<Holds> {
    let valid = pki.of(common_name).filter(|certificate| revoked_at(pki, certificate).is_none());
    let until = valid.map(|certificate| certificate.not_after).max().map(Holds::Until);
    until.or_else(|| pki.of(common_name).filter_map(|found| revoked_at(pki, found)).max().map(Holds::Revoked))
}

/// What is wrong with a peer's certificate on the VPNs whose certificates are read.
pub(super) fn concern(
    case: &Case<'_>,
    readings: &[Reading<'_>],
    peer: &PeerDeclared,
    on: &[Session<'_>],
) -> Option<Concern> {
    let name = peer.common_name.as_ref()?;
    let concerns = readings.iter().filter_map(|reading| {
        let pki = reading.pki.as_ref()?.as_ref().ok()?;
        let on = on.iter().any(|(other, _)| other.subject == reading.subject);
        let concern = |verdict, said: String, mend: &str, weight| Concern {
            verdict,
            said,
            tells_where: false,
            mend: mend.to_owned(),
            source: pki.told_by.clone(),
            because: format!("the certificates of {}", name.cut(64)),
            weight,
        };
        match of_name(pki, name)? {
            Holds::Revoked(at) if on => Some(concern(
                Verdict::Broken,
                format!("its certificate was revoked on {}, and it is connected", day(case, at)),
                &format!("end its session; {RENEW_LIST}"),
                95,
            )),
            Holds::Revoked(_) => None,
            Holds::Until(until) => {
                let part = dated(case, "its certificate", until);
                match part.verdict {
                    Verdict::Ok => None,
                    Verdict::Broken if on => Some(concern(
                        Verdict::Broken,
                        format!("{}, and it is connected", part.said),
                        "renew it, or end its session",
                        70,
                    )),
                    _ => Some(concern(Verdict::Due, part.said, "renew it, or revoke it and remove its [[peer]]", 45)),
                }
            }
        }
    });
    concerns.max_by_key(|concern| (concern.verdict, concern.weight))
}

/// Whether nothing of this peer's can let anybody in any more, as far as the VPNs' certificates tell.
pub(super) fn is_shut_out(readings: &[Reading<'_>], peer: &PeerDeclared) -> bool {
    let Some(name) = peer.common_name.as_ref().filter(|_| peer.public_key.is_none()) else { return false };
    let mut openvpns = readings.iter().filter(|reading| reading.protocol == "openvpn").peekable();
    openvpns.peek().is_some()
        && openvpns.all(|reading| {
            let pki = reading.pki.as_ref().and_then(|pki| pki.as_ref().ok());
            pki.and_then(|pki| of_name(pki, name)).is_some_and(|holds| matches!(holds, Holds::Revoked(_)))
        })
}

pub(super) fn day(case: &Case<'_>, at: Timestamp) -> String {
    case.zone.to_datetime(at).date().to_string()
}
