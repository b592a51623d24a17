//! Servers: what their declared ports speak. Nothing without encryption, no version of TLS that is no longer safe, no
//! certificate near its end. A certificate that several servers share is one row.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{CERTIFICATE, MEASURE, ahead};
use crate::domain::facts::{CertificateSeen, Protocol, Speech, Views};
use crate::domain::{DeclaredPort, Fault, Judgement, Port, Read, Shown, Subject, SubjectKind, Transport, Verdict, age};
use crate::policy::Case;
use crate::policy::exposed::{Exposed, exposed};
use crate::policy::silence::unread;

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let servers = exposed(case);
    let spoken: Vec<(&Exposed<'_>, &Views)> =
        servers.iter().filter_map(|host| Some((host, host.views.as_ref().ok()?.1))).collect();
    let hosts = servers.iter().filter_map(|host| match &host.views {
        Ok((_, views)) if views.spoken.is_empty() && !views.unheard.is_empty() && all_foreign(views) => None,
        Ok((_, views)) if !views.spoken.is_empty() || !views.unheard.is_empty() => Some(judge_host(case, host, views)),
        _ => unheard(host),
    });
    hosts.chain(certificates(case, &spoken)).collect()
}

/// Databases and name servers: how they speak is not judged here, and whether they are reachable is the firewall's.
fn all_foreign(views: &Views) -> bool {
    views.unheard.iter().all(|one| one.foreign)
}

/// A server that is looked at, and of which nobody heard what it speaks: what was plaintext is not gone.
fn unheard(host: &Exposed<'_>) -> Option<Judgement> {
    let meant = |one: &DeclaredPort| one.first.transport == Transport::Tcp;
    if host.lookers.is_none() || !host.declared.is_some_and(|ports| ports.iter().any(meant)) {
        return None;
    }
    let said = "none of its declared ports was heard: nobody knows what they speak";
    let nothing = || Fault::new(said).mend("is it up? else let this console reach one of its declared ports");
    let fault = host.views.as_ref().err().map_or_else(nothing, Clone::clone);
    let judgement = Judgement::new(MEASURE, host.subject.clone(), Verdict::Unknown, fault.said.clone());
    let judgement = unread(judgement, &fault);
    let judgement = Judgement { mend: fault.mend, ..judgement }.weight(20);
    Some(host.because(judgement))
}

/// The worst of what its ports speak.
fn judge_host(case: &Case<'_>, host: &Exposed<'_>, views: &Views) -> Judgement {
    let mut troubles: Vec<Trouble> = views.spoken.iter().flat_map(|speech| troubles(case, speech)).collect();
    troubles.extend(views.unheard.iter().filter(|one| !one.foreign).map(|one| Trouble {
        verdict: Verdict::Unknown,
        weight: 40,
        port: one.port,
        said: ": what it speaks is not known".to_owned(),
        why: Some(one.why.clone()),
        mend: "look by hand whether it is encrypted, and decide: accept it, or block the port",
    }));
    troubles.sort_by_key(|trouble| std::cmp::Reverse((trouble.verdict, trouble.weight)));
    let said = |trouble: &Trouble| {
        let why = trouble.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        format!("{}{}{}{why}", trouble.port, host.owner(trouble.port), trouble.said)
    };
    let foreign = views.unheard.iter().filter(|one| one.foreign);
    let foreign = foreign.map(|one| format!("{}{}: not judged, {}", one.port, host.owner(one.port), one.why));
    let lines: Vec<String> = troubles.iter().map(said).chain(views.spoken.iter().map(spoken)).chain(foreign).collect();
    let judgement = match &troubles[..] {
        [] => Judgement::new(MEASURE, host.subject.clone(), Verdict::Ok, "its declared ports speak encrypted"),
        [worst, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
            let title = format!("{}{more}", said(worst));
            Judgement::new(MEASURE, host.subject.clone(), worst.verdict, title).mend(worst.mend).weight(worst.weight)
        }
    };
    let mut words: BTreeMap<Port, Vec<&str>> = BTreeMap::new();
    for trouble in &troubles {
        words.entry(trouble.port).or_default().push(trouble.said.trim_start_matches([' ', ':']));
    }
    let judgement =
        words.into_iter().fold(judgement, |judged, (port, words)| judged.asking(port.to_string(), words.join("; ")));
    host.because(judgement.detail(&lines.join("\n")))
}

fn spoken(speech: &Speech) -> String {
    let offer = match speech.starttls {
        Some(true) => ", offers STARTTLS",
        Some(false) => ", offers no STARTTLS",
        None => "",
    };
    let redirect = speech.redirect.as_ref().map_or_else(String::new, |to| format!(", redirects to {to}"));
    format!("{} speaks {}{offer}{redirect}", speech.port, speech.protocol.word())
}

/// One thing that is wrong with one port.
struct Trouble {
    verdict: Verdict,
    weight: u8,
    port: Port,
    /// What follows the port and the program behind it.
    said: String,
    /// Says more, in words that may be others tomorrow.
    why: Option<Shown>,
    mend: &'static str,
}

fn troubles(case: &Case<'_>, speech: &Speech) -> Vec<Trouble> {
    let trouble =
        |verdict, weight, said: String, mend| Trouble { verdict, weight, port: speech.port, said, why: None, mend };
    let mut found: Vec<Trouble> = plain(speech)
        .map(|(verdict, said, mend)| trouble(verdict, if verdict == Verdict::Broken { 60 } else { 45 }, said, mend))
        .into_iter()
        .collect();
    if !speech.old.is_empty() {
        let old: Vec<&str> = speech.old.iter().map(Shown::as_str).collect();
        let said = format!(" still takes {}", old.join(" and "));
        found.push(trouble(Verdict::Due, 50, said, "allow TLS 1.2 and 1.3 only (RFC 8996)"));
    }
    if !speech.untold.is_empty() {
        let untold: Vec<&str> = speech.untold.iter().map(Shown::as_str).collect();
        let said = format!(" did not say whether it still takes {}", untold.join(" and "));
        found.push(trouble(Verdict::Unknown, 40, said, "look with `openssl s_client -tls1 -connect`"));
    }
    if let Some(Read::Unreadable(fault)) = &speech.certificate {
        let mend = "look with `openssl s_client -connect` what it presents";
        let unread = trouble(Verdict::Unknown, 40, ": its certificate can't be read".to_owned(), mend);
        found.push(Trouble { why: Some(fault.said.clone()), ..unread });
    }
    if let Some(certificate) = speech.certificate.as_ref().and_then(|read| read.seen()).filter(|_| speech.named)
        && certificate.not_after >= case.now
        && let Err(fault) = certificate.trusted.as_result()
    {
        let untrusted = trouble(Verdict::Broken, 55, ": certificate not trusted".to_owned(), "install one that is");
        found.push(Trouble { why: Some(fault.said.clone()), ..untrusted });
    }
    found
}

/// What is said without encryption, or may be.
fn plain(speech: &Speech) -> Option<(Verdict, String, &'static str)> {
    let word = speech.protocol.word();
    match speech.protocol {
        Protocol::Telnet => Some((Verdict::Broken, format!(" speaks {word}"), "remove telnet; ssh does what it did")),
        Protocol::Ftp | Protocol::Smtp | Protocol::Imap | Protocol::Pop3 => match speech.starttls {
            Some(true) => None,
            Some(false) => Some((
                Verdict::Broken,
                format!(" speaks {word} without STARTTLS"),
                "let it offer STARTTLS, or remove it",
            )),
            None => Some((
                Verdict::Unknown,
                format!(" speaks {word}: whether encrypted cannot be told"),
                "ask it by hand: openssl s_client -starttls smtp (or ftp, imap, pop3) -connect HOST:PORT",
            )),
        },
        Protocol::Http if !speech.redirect.as_ref().is_some_and(|to| to.as_str().starts_with("https://")) => Some((
            Verdict::Broken,
            " answers plain http without sending people to https".to_owned(),
            "let it redirect to https",
        )),
        Protocol::Http | Protocol::Ssh | Protocol::Tls => None,
    }
}

/// A certificate near its end, and each server and port that serves it.
type Near<'a> = BTreeMap<(Timestamp, &'a Shown), (&'a CertificateSeen, Vec<String>)>;

/// One row for each name whose certificate nears its end, whoever serves it; of several the one that ends first is told.
fn certificates(case: &Case<'_>, spoken: &[(&Exposed<'_>, &Views)]) -> Vec<Judgement> {
    let near = |one: &CertificateSeen| case.now.duration_until(one.not_after).as_secs() <= ahead(case, one);
    let mut named: BTreeMap<&Shown, Near<'_>> = BTreeMap::new();
    for (host, views) in spoken {
        for speech in &views.spoken {
            let seen = speech.certificate.as_ref().and_then(|read| read.seen());
            if let Some(certificate) = seen.filter(|one| near(one)) {
                let of_name = named.entry(&certificate.subject).or_default();
                let one = of_name.entry((certificate.not_after, &certificate.issuer));
                let place = format!("{} {}", host.subject.name, speech.port);
                one.or_insert_with(|| (certificate, Vec::new())).1.push(place);
            }
        }
    }
    named.values().filter_map(|near| judge_certificates(case, near)).collect()
}

/// The certificates of one name.
fn judge_certificates(case: &Case<'_>, near: &Near<'_>) -> Option<Judgement> {
    let ((until, _), (certificate, places)) = near.first_key_value()?;
    let over = *until < case.now;
    let title = match (over, age(*until, case.now)) {
        (true, ago) => format!("certificate expired {ago} ago, on {}", places.join(", ")),
        (false, left) => format!("certificate expires {left}, on {}", places.join(", ")),
    };
    let more = if near.len() > 1 { format!(", and {} more of this name", near.len() - 1) } else { String::new() };
    let verdict = if over { Verdict::Broken } else { Verdict::Due };
    let names: Vec<&str> = certificate.names.iter().map(Shown::as_str).collect();
    let subject = Subject::new(SubjectKind::Service, certificate.subject.clone());
    let judged = Judgement::new(MEASURE, subject, verdict, format!("{title}{more}"))
        .part("certificate")
        .detail(&format!("names: {}\nissuer: {}\nvalid until {until}", names.join(", "), certificate.issuer))
        .mend("renew the certificate, and see why that did not happen by itself")
        .because("limits.certificate", None, case.limits.of(&CERTIFICATE).to_string())
        .weight(if over { 70 } else { 55 });
    let mut ends: BTreeMap<&String, Timestamp> = BTreeMap::new();
    for ((until, _), (_, places)) in near {
        for place in places {
            ends.entry(place).or_insert(*until);
        }
    }
    Some(ends.into_iter().fold(judged, |judged, (place, until)| judged.asking(place.as_str(), format!("ends {until}"))))
}

#[cfg(test)]
mod tests;
