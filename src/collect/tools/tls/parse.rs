//! A certificate's bytes (X.509, RFC 5280) as what is asked of them.

use std::net::IpAddr;

use jiff::Timestamp;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::time::ASN1Time;

use super::names::AltName;
use crate::domain::Shown;

/// Names shown of one certificate; what is more is counted.
const NAMES: usize = 100;
/// Larger certificates are not read. The TLS library takes no more than this for a whole chain.
const BYTES: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) subject: Shown,
    pub(super) issuer: Shown,
    pub(super) names: Vec<AltName>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Certificate {
    pub(super) fn shown_names(&self) -> Vec<Shown> {
        let shown = self.names.iter().take(NAMES).map(|name| match name {
            AltName::Dns(name) => Shown::line(name),
            AltName::Address(address) => Shown::line(&address.to_string()),
        });
        let more = self.names.len().checked_sub(NAMES).filter(|more| *more > 0);
        shown.chain(more.map(|more| format!("and {more} more").into())).collect()
    }
}

/// Reads one DER certificate. The error says what is wrong with it, and never what it holds.
pub(super) fn parse_certificate(der: &[u8]) -> Result<Certificate, &'static str> {
    if der.len() > BYTES {
        return Err("it is larger than 64 KiB");
    }
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| "it is malformed")?;
    if !rest.is_empty() {
        return Err("something follows it");
    }
    let names = match certificate.subject_alternative_name().map_err(|_| "its alternative names are malformed")? {
        Some(names) => names.value.general_names.iter().filter_map(parse_name).collect(),
        None => Vec::new(),
    };
    Ok(Certificate {
        subject: Shown::line(&certificate.subject().to_string()),
        issuer: Shown::line(&certificate.issuer().to_string()),
        names,
        not_before: moment(certificate.validity().not_before),
        not_after: moment(certificate.validity().not_after),
    })
}

/// Names of other kinds (mail addresses, URIs) are no names of servers.
fn parse_name(name: &GeneralName<'_>) -> Option<AltName> {
    match name {
        GeneralName::DNSName(name) => Some(AltName::Dns((*name).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(AltName::Address)
        }
        _ => None,
    }
}

/// RFC 5280's "no well-defined expiry", the last second of 9999, is a day past what [`Timestamp`] holds: the nearest.
fn moment(time: ASN1Time) -> Timestamp {
    let edge = if time.timestamp() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(time.timestamp()).unwrap_or(edge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair, SanType};

    fn der(params: &CertificateParams) -> Vec<u8> {
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn names_dates_and_parties_are_read() {
        let mut params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into(), "::1".into()]).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.not_after = rcgen::date_time_ymd(2027, 1, 3);
        let read = parse_certificate(&der(&params)).unwrap();
        assert_eq!(read.shown_names(), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(read.not_after, "2027-01-03T00:00:00Z".parse::<Timestamp>().unwrap());
        assert!(read.subject.as_str().contains("O=Example"), "{}", read.subject);
        assert_eq!(read.subject, read.issuer);
    }

    #[test]
    fn a_hostile_subject_comes_out_clean() {
        let mut params = CertificateParams::default();
        let hostile = "\u{1b}]0;pwned\u{7}\u{202e}gro.elpmaxe\r\nO=Trusted";
        params.distinguished_name.push(DnType::CommonName, DnValue::Utf8String(hostile.into()));
        params.subject_alt_names = vec![SanType::DnsName("a\u{1b}[2Jb.example".try_into().unwrap())];
        let read = parse_certificate(&der(&params)).unwrap();
        let shown = read.shown_names();
        for text in [&read.subject, &read.issuer, &shown[0]] {
            assert!(text.as_str().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{text}");
        }
        assert!(read.subject.as_str().contains("␛]0;pwned␇‹U+202E›gro"), "{}", read.subject);
    }

    #[test]
    fn no_expiry_is_the_end_of_time() {
        let mut params = CertificateParams::default();
        params.not_after = rcgen::date_time_ymd(9999, 12, 31);
        assert_eq!(parse_certificate(&der(&params)).unwrap().not_after, Timestamp::MAX);
    }

    #[test]
    fn a_thousand_names_are_counted() {
        let params = CertificateParams::new((0..1000).map(|n| format!("host{n}.example.org")).collect::<Vec<_>>());
        let read = parse_certificate(&der(&params.unwrap())).unwrap();
        assert_eq!((read.names.len(), read.shown_names().len()), (1000, NAMES + 1));
        assert_eq!(read.shown_names()[NAMES], "and 900 more");
    }

    #[test]
    fn what_follows_or_overflows_is_refused() {
        let mut bytes = der(&CertificateParams::default());
        bytes.push(0);
        assert_eq!(parse_certificate(&bytes).unwrap_err(), "something follows it");
        assert_eq!(parse_certificate(&vec![0x30; BYTES + 1]).unwrap_err(), "it is larger than 64 KiB");
        assert_eq!(parse_certificate(b"").unwrap_err(), "it is malformed");
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_nothing_shown_is_unclean(
            flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = SAMPLE.with(Clone::clone);
            for (index, byte) in flips {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(cut.index(bytes.len() * 4).min(bytes.len()));
            if let Ok(read) = parse_certificate(&bytes) {
                for text in read.shown_names().iter().chain([&read.subject, &read.issuer]) {
                    prop_assert!(text.as_str().chars().all(|c| !c.is_control()));
                }
            }
        }
    }

    thread_local! {
        static SAMPLE: Vec<u8> =
            der(&CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap());
    }
}
