//! An easy-rsa folder's files: `index.txt` (`man openssl-ca`), certificates and the revocation list (RFC 5280).

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use x509_parser::pem::Pem;
use x509_parser::prelude::{CertificateRevocationList, FromDer as _, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::domain::facts::{PkiCertificate, RevocationList, VpnPki};
use crate::domain::{Fault, Read, Shown};

/// One file as the look told of it: its lines, or in a word why not.
type Part<'a> = Result<String, &'a str>;

/// Reads the answer. Each file can be unreadable on its own.
pub(super) fn parse_folder(answer: Result<&[u8], Fault>, told_by: Shown) -> VpnPki {
    let text = match answer {
        Ok(bytes) => String::from_utf8_lossy(bytes),
        Err(fault) => return nothing(&fault, told_by),
    };
    let parts = split(&text);
    if !matches!(parts.get("end"), Some(Ok(_))) {
        return nothing(&Fault::new(format!("the answer about {told_by} was cut off")), told_by);
    }
    let part = |name: &str, file: &str| -> Result<&str, Fault> {
        match parts.get(name) {
            Some(Ok(text)) => Ok(text.as_str()),
            Some(Err(word)) => Err(unreadable(&format!("{told_by}/{file}"), word)),
            None => Err(Fault::new(format!("nothing was said of {told_by}/{file}"))),
        }
    };
    // Of several (who issued and the root above, or an old one and a new) the one that ends first locks people out first.
    let authority = part("ca", "ca.crt").and_then(|text| {
        let all = parse_certificates(text)?.into_iter().map(|found| found.0);
        all.min_by_key(|found| found.not_after)
            .ok_or_else(|| Fault::new(format!("{told_by}/ca.crt holds no certificate")))
    });
    let issued = part("index", "index.txt").and_then(parse_index);
    let servers = part("issued", "issued").and_then(parse_certificates).map(|all| {
        let servers = all.into_iter().filter(|(_, server)| *server).map(|(certificate, _)| certificate);
        let revoked =
            |serial: &Shown| issued.as_ref().ok()?.iter().find(|row| row.serial == *serial).and_then(|row| row.revoked);
        servers.map(|found| PkiCertificate { revoked: revoked(&found.serial), ..found }).collect()
    });
    let revocations = match parts.get("crl") {
        Some(Err("missing")) => Ok(None),
        _ => part("crl", "crl.pem").and_then(parse_revocations).map(Some),
    };
    VpnPki {
        authority: authority.into(),
        servers: servers.into(),
        issued: issued.into(),
        revocations: revocations.into(),
        told_by,
    }
}

fn nothing(fault: &Fault, told_by: Shown) -> VpnPki {
    VpnPki {
        authority: Read::Unreadable(fault.clone()),
        servers: Read::Unreadable(fault.clone()),
        issued: Read::Unreadable(fault.clone()),
        revocations: Read::Unreadable(fault.clone()),
        told_by,
    }
}

fn unreadable(path: &str, word: &str) -> Fault {
    let path = Shown::line(path).cut(200);
    match word {
        "missing" => {
            Fault::new(format!("{path} is missing")).mend("let `pki` name the easy-rsa folder that has index.txt")
        }
        "forbidden" => Fault::new(format!("{path} can't be read: permission denied"))
            .mend(format!("let the login read it and enter its folder, as in `setfacl -R -m u:LOGIN:rX {path}`")),
        "large" => Fault::new(format!("{path} is larger than 2 MiB")),
        _ => Fault::new(format!("{path} can't be read")),
    }
}

/// `#NAME STATE`, then the lines of that file behind a space.
fn split(text: &str) -> HashMap<&str, Part<'_>> {
    let mut parts: HashMap<&str, Part<'_>> = HashMap::new();
    let mut last = None;
    for line in text.lines() {
        if let Some((name, state)) = line.strip_prefix('#').and_then(|head| head.split_once(' ')) {
            parts.insert(name, if state == "seen" { Ok(String::new()) } else { Err(state) });
            last = Some(name);
        } else if let (Some(line), Some(Ok(body))) = (line.strip_prefix(' '), last.and_then(|name| parts.get_mut(name)))
        {
            body.push_str(line);
            body.push('\n');
        }
    }
    parts
}

/// Certificates, and whether each may be a server's.
fn parse_certificates(text: &str) -> Result<Vec<(PkiCertificate, bool)>, Fault> {
    Pem::iter_from_buffer(text.as_bytes())
        .map(|pem| {
            let broken = |_| Fault::new("a certificate in it is damaged");
            let pem = pem.map_err(|_| Fault::new("a certificate in it is damaged"))?;
            let (_, found) = X509Certificate::from_der(&pem.contents).map_err(broken)?;
            let usage = found.extended_key_usage().ok().flatten();
            let certificate = PkiCertificate {
                common_name: common_name(&found),
                serial: serial_of(found.raw_serial()),
                not_after: moment(found.validity().not_after),
                revoked: None,
            };
            Ok((certificate, usage.is_some_and(|usage| usage.value.server_auth)))
        })
        .collect()
}

fn common_name(certificate: &X509Certificate<'_>) -> Shown {
    let name = certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    name.map_or_else(|| Shown::line(&certificate.subject().to_string()), Shown::line)
}

fn parse_revocations(text: &str) -> Result<RevocationList, Fault> {
    let damaged = || Fault::new("crl.pem is damaged").mend("make it anew: `easyrsa gen-crl`");
    let pem = Pem::iter_from_buffer(text.as_bytes()).next().ok_or_else(damaged)?.map_err(|_| damaged())?;
    let (_, list) = CertificateRevocationList::from_der(&pem.contents).map_err(|_| damaged())?;
    Ok(RevocationList {
        updated: moment(list.last_update()),
        next_update: list.next_update().map(moment),
        serials: list.iter_revoked_certificates().map(|revoked| serial_of(revoked.raw_serial())).collect(),
    })
}

/// `STATUS⇥EXPIRY⇥REVOKED[,REASON]⇥SERIAL⇥FILE⇥NAME`, a row for each certificate that was ever issued.
fn parse_index(text: &str) -> Result<Vec<PkiCertificate>, Fault> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            parse_row(line).ok_or_else(|| {
                Fault::new(format!("line {} of index.txt can't be read", number + 1)).mend("look at it: who wrote it?")
            })
        })
        .collect()
}

fn parse_row(line: &str) -> Option<PkiCertificate> {
    let [status, expiry, revoked, number, _file, name] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
    let revoked = match (status, revoked.split(',').next()) {
        ("R", Some(at)) => Some(parse_time(at)?),
        ("V" | "E", _) => None,
        _ => return None,
    };
    let fits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| parse_time(expiry))?.map(|not_after| PkiCertificate {
        common_name: parse_name(name),
        serial: serial(number),
        not_after,
        revoked,
    })
}

/// The common name in `/C=AT/CN=J\xC3\xB6rg`. A slash belongs to the name unless another attribute begins behind it.
fn parse_name(text: &str) -> Shown {
    let Some(at) = text.find("/CN=") else { return Shown::line(text) };
    let rest = &text[at + 4..];
    let is_attribute = |rest: &str| {
        rest.split_once('=')
            .is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic()))
    };
    let end = rest.match_indices('/').map(|(at, _)| at).find(|at| is_attribute(&rest[at + 1..])).unwrap_or(rest.len());
    Shown::bytes(&unescaped(&rest[..end]))
}

/// openssl writes what is not ASCII as `\xC3`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let escaped = others.strip_prefix(b"x").and_then(|hex| hex.get(..2)).filter(|_| *first == b'\\');
        let byte =
            escaped.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[3..] } else { others };
    }
    bytes
}

/// `261205191810Z`, or with four digits of the year from 2050 on.
fn parse_time(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let full = match digits.len() {
        12 => format!("{}{digits}", if digits < "5" { "20" } else { "19" }),
        14 => digits.to_owned(),
        _ => return None,
    };
    TimeZone::UTC.to_timestamp(DateTime::strptime("%Y%m%d%H%M%S", &full).ok()?).ok()
}

fn serial_of(bytes: &[u8]) -> Shown {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    serial(&hex.concat())
}

fn serial(hex: &str) -> Shown {
    let trimmed = hex.trim_start_matches('0');
    Shown::line(&if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_ascii_uppercase() })
}

/// What lies beyond what [`Timestamp`] holds is its edge.
fn moment(time: ASN1Time) -> Timestamp {
    let edge = if time.timestamp() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(time.timestamp()).unwrap_or(edge)
}
