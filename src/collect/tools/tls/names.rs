//! Whether a certificate is for a name (RFC 9525, section 6).

use std::net::IpAddr;

use rustls::pki_types::ServerName;

/// A subject alternative name, as the certificate spells it: not cleaned, not to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AltName {
    Dns(String),
    Address(IpAddr),
}

/// DNS names match DNS names, addresses match addresses; the common name counts for nothing.
pub(super) fn matches(asked: &ServerName<'_>, names: &[AltName]) -> bool {
    match asked {
        ServerName::DnsName(asked) => {
            names.iter().any(|name| matches!(name, AltName::Dns(name) if dns_matches(asked.as_ref(), name)))
        }
        ServerName::IpAddress(asked) => {
            let asked = IpAddr::from(*asked);
            names.iter().any(|name| matches!(name, AltName::Address(name) if *name == asked))
        }
        _ => false,
    }
}

/// Without regard to case. A wildcard stands for exactly one whole label, the leftmost, and only above two others:
/// `*.example.org`, never `*.org`, `w*.example.org` or `www.*.org`.
fn dns_matches(asked: &str, presented: &str) -> bool {
    let Some(parent) = presented.strip_prefix("*.") else {
        return !presented.contains('*') && asked.eq_ignore_ascii_case(presented);
    };
    let whole = parent.contains('.') && !parent.contains('*') && !parent.starts_with('.');
    whole && asked.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str) -> ServerName<'_> {
        ServerName::try_from(name).unwrap()
    }

    #[test]
    fn a_wildcard_stands_for_one_whole_leftmost_label() {
        for (host, presented, right) in [
            ("cloud.example.org", "cloud.example.org", true),
            ("cloud.example.org", "CLOUD.Example.ORG", true),
            ("cloud.example.org", "*.example.org", true),
            ("a.cloud.example.org", "*.example.org", false),
            ("example.org", "*.example.org", false),
            ("cloud.example.org", "c*.example.org", false),
            ("cloud.example.org", "*d.example.org", false),
            ("cloud.example.org", "cloud.*.org", false),
            ("cloud.example.org", "*.*.org", false),
            ("cloud.example.org", "*", false),
            ("example.org", "*.org", false),
            ("cloud.example.org", "*..example.org", false),
            ("cloud.example.org", "example.org", false),
            ("cloud.example.org", "cloud.example.org.evil.net", false),
            ("cloud.example.org", "cloud.example.org\0.evil.net", false),
            ("cloud.example.org", "", false),
            ("*.example.org", "*.example.org", false),
        ] {
            let Ok(host) = ServerName::try_from(host) else {
                assert!(!right, "{host}");
                continue;
            };
            assert_eq!(matches(&host, &[AltName::Dns(presented.into())]), right, "{host:?} by {presented:?}");
        }
    }

    /// Two readings of one rule would let a certificate be trusted and not match, or the reverse.
    #[test]
    fn the_verifier_that_we_connect_with_agrees() {
        let hosts = ["cloud.example.org", "a.cloud.example.org", "example.org", "org", "localhost", "127.0.0.1", "::1"];
        let presented = [
            "cloud.example.org",
            "Cloud.Example.Org",
            "*.example.org",
            "*.cloud.example.org",
            "*.org",
            "*",
            "c*.example.org",
            "cloud.*.org",
            "*.*.org",
            "localhost",
            "127.0.0.1",
            "::1",
        ];
        for name in presented {
            let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
            let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            let names = super::super::parse::parse_certificate(certificate.der()).unwrap().names;
            let parsed = rustls::server::ParsedCertificate::try_from(certificate.der()).unwrap();
            for host in hosts {
                let theirs = rustls::client::verify_server_name(&parsed, &asked(host)).is_ok();
                assert_eq!(matches(&asked(host), &names), theirs, "{host} by {name}");
            }
        }
    }

    #[test]
    fn an_address_is_matched_by_an_address_only() {
        let v4 = AltName::Address("127.0.0.1".parse().unwrap());
        let v6 = AltName::Address("::1".parse().unwrap());
        assert!(matches(&asked("127.0.0.1"), std::slice::from_ref(&v4)));
        assert!(matches(&asked("::1"), &[v4.clone(), v6]));
        assert!(!matches(&asked("::1"), std::slice::from_ref(&v4)));
        assert!(!matches(&asked("127.0.0.1"), &[AltName::Dns("127.0.0.1".into())]));
        assert!(!matches(&asked("127.0.0.1"), &[AltName::Dns("*.0.0.1".into())]));
        assert!(!matches(&asked("localhost"), &[v4]));
    }
}
