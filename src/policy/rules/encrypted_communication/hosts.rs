//! Servers: what their declared ports speak. Nothing without encryption, no version of TLS that is no longer safe, no
//! certificate near its end. A certificate that several servers share is one row.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{CERTIFICATE, MEASURE};
use crate::domain::facts::{CertificateSeen, Protocol, Speech, Views};
use crate::domain::{Judgement, Read, Shown, Subject, SubjectKind, Verdict, age};
use crate::policy::Case;
use crate::policy::exposed::{Exposed, exposed};

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let servers = exposed(case);
    let spoken = servers.iter().filter_map(|host| match &host.views {
        Ok((_, views)) if !views.spoken.is_empty() || !views.unheard.is_empty() => Some((host, *views)),
        _ => None,
    });
    let spoken: Vec<(&Exposed<'_>, &Views)> = spoken.collect();
    let hosts = spoken.iter().map(|(host, views)| judge_host(case, host, views));
    hosts.chain(certificates(case, &spoken)).collect()
}

/// The worst of what its ports speak.
fn judge_host(case: &Case<'_>, host: &Exposed<'_>, views: &Views) -> Judgement {
    let mut troubles: Vec<(Verdict, u8, String, &str)> =
        views.spoken.iter().flat_map(|speech| troubles(case, host, speech)).collect();
    troubles.extend(views.unheard.iter().map(|one| {
        let said = format!("{}{}: what it speaks is not known: {}", one.port, host.owner(one.port), one.why);
        (Verdict::Unknown, 40, said, "look by hand whether it is encrypted, and decide: accept it, or block the port")
    }));
    troubles.sort_by_key(|(verdict, weight, ..)| std::cmp::Reverse((*verdict, *weight)));
    let lines: Vec<String> =
        troubles.iter().map(|trouble| trouble.2.clone()).chain(views.spoken.iter().map(spoken)).collect();
    let judgement = match &troubles[..] {
        [] => Judgement::new(MEASURE, host.subject.clone(), Verdict::Ok, "its declared ports speak encrypted"),
        [(verdict, weight, said, mend), rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
            Judgement::new(MEASURE, host.subject.clone(), *verdict, format!("{said}{more}")).mend(*mend).weight(*weight)
        }
    };
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

fn troubles(case: &Case<'_>, host: &Exposed<'_>, speech: &Speech) -> Vec<(Verdict, u8, String, &'static str)> {
    let at = format!("{}{}", speech.port, host.owner(speech.port));
    let word = speech.protocol.word();
    let plain = match speech.protocol {
        Protocol::Telnet => Some((format!("{at} speaks {word}"), "remove telnet; ssh does what it did")),
        Protocol::Ftp | Protocol::Smtp | Protocol::Imap | Protocol::Pop3 if speech.starttls == Some(false) => {
            Some((format!("{at} speaks {word} without STARTTLS"), "let it offer STARTTLS, or remove it"))
        }
        Protocol::Http if !speech.redirect.as_ref().is_some_and(|to| to.as_str().starts_with("https://")) => {
            Some((format!("{at} answers plain http without sending people to https"), "let it redirect to https"))
        }
        _ => None,
    };
    let mut found: Vec<_> = plain.map(|(said, mend)| (Verdict::Broken, 60, said, mend)).into_iter().collect();
    if !speech.old.is_empty() {
        let old: Vec<&str> = speech.old.iter().map(Shown::as_str).collect();
        let said = format!("{at} still takes {}", old.join(" and "));
        found.push((Verdict::Due, 50, said, "allow TLS 1.2 and 1.3 only (RFC 8996)"));
    }
    if !speech.untold.is_empty() {
        let untold: Vec<&str> = speech.untold.iter().map(Shown::as_str).collect();
        let said = format!("{at} did not say whether it still takes {}", untold.join(" and "));
        found.push((Verdict::Unknown, 40, said, "look with `openssl s_client -tls1 -connect`"));
    }
    if let Some(Read::Unreadable(fault)) = &speech.certificate {
        let said = format!("{at}: its certificate can't be read: {}", fault.said);
        found.push((Verdict::Unknown, 40, said, "look with `openssl s_client -connect` what it presents"));
    }
    if let Some(certificate) = speech.certificate.as_ref().and_then(|read| read.seen()).filter(|_| speech.named)
        && certificate.not_after >= case.now
        && let Err(fault) = certificate.trusted.as_result()
    {
        found.push((
            Verdict::Broken,
            55,
            format!("{at}: certificate not trusted: {}", fault.said),
            "install one that is",
        ));
    }
    found
}

/// One row for each certificate near its end, whoever serves it.
fn certificates(case: &Case<'_>, spoken: &[(&Exposed<'_>, &Views)]) -> Vec<Judgement> {
    let mut served: BTreeMap<(Timestamp, &Shown, &Shown), Vec<String>> = BTreeMap::new();
    let mut seen: BTreeMap<(Timestamp, &Shown, &Shown), &CertificateSeen> = BTreeMap::new();
    for (host, views) in spoken {
        for speech in &views.spoken {
            if let Some(certificate) = speech.certificate.as_ref().and_then(|read| read.seen()) {
                let key = (certificate.not_after, &certificate.subject, &certificate.issuer);
                served.entry(key).or_default().push(format!("{} {}", host.subject.name, speech.port));
                seen.insert(key, certificate);
            }
        }
    }
    let limit = case.limits.of(&CERTIFICATE);
    let near = seen
        .into_iter()
        .filter(|(_, certificate)| case.now.duration_until(certificate.not_after) <= limit.as_duration());
    near.map(|(key, certificate)| {
        let places = &served[&key];
        let over = certificate.not_after < case.now;
        let title = match (over, age(certificate.not_after, case.now)) {
            (true, ago) => format!("certificate expired {ago} ago, on {}", places.join(", ")),
            (false, left) => format!("certificate expires {left}, on {}", places.join(", ")),
        };
        let verdict = if over { Verdict::Broken } else { Verdict::Due };
        let names: Vec<&str> = certificate.names.iter().map(Shown::as_str).collect();
        Judgement::new(MEASURE, Subject::new(SubjectKind::Service, certificate.subject.clone()), verdict, title)
            .part("certificate")
            .detail(&format!(
                "names: {}\nissuer: {}\nvalid until {}",
                names.join(", "),
                certificate.issuer,
                certificate.not_after
            ))
            .mend("renew the certificate, and see why that did not happen by itself")
            .because("limits.certificate", None, limit.to_string())
            .weight(if over { 70 } else { 55 })
    })
    .collect()
}

#[cfg(test)]
mod tests;
