//! Where an address lies, so that a public server's redirect can't make us ask inside this network (a metadata service, a
//! router, this machine). Checked after the name is resolved, by the resolver that the connection itself uses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::trouble;
use crate::domain::Fault;

/// The part of the internet that an address is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realm {
    Public,
    /// RFC 1918, RFC 6598, unique local.
    Private,
    Loopback,
    LinkLocal,
    /// Multicast, unspecified, reserved, documentation: no server lives there.
    Odd,
}

impl Realm {
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => embedded(address).map_or_else(|| Self::of_v6(address), Self::of_v4),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [127, ..] => Self::Loopback,
            [169, 254, ..] => Self::LinkLocal,
            [10, ..] | [192, 168, ..] => Self::Private,
            [172, second, ..] if (16..=31).contains(&second) => Self::Private,
            [100, second, ..] if (64..=127).contains(&second) => Self::Private,
            [0, ..] | [192, 0, 0 | 2, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => Self::Odd,
            [first, ..] if first >= 224 => Self::Odd,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            [first, ..] if (0xfe80..=0xfebf).contains(&first) => Self::LinkLocal,
            [first, ..] if (0xfc00..=0xfdff).contains(&first) || (0xfec0..=0xfeff).contains(&first) => Self::Private,
            [0, 0, 0, 0, 0, 0, 0, 0] | [0x2001, 0xdb8, ..] => Self::Odd,
            [first, ..] if first >= 0xff00 => Self::Odd,
            _ => Self::Public,
        }
    }

    /// Whether a redirect from a server here may lead into `other`.
    fn opens(self, other: Self) -> bool {
        other == Self::Public || (other == self && other != Self::Odd)
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Private => "a private network",
            Self::Loopback => "this machine",
            Self::LinkLocal => "a link-local address",
            Self::Odd => "a reserved address",
        })
    }
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(join(high, low))
        }
        _ => None,
    }
}

/// Why a redirect is not followed.
#[derive(Debug)]
pub(super) struct Forbidden {
    name: String,
    realm: Realm,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redirected into {} ({}): not followed", self.realm, self.name)
    }
}

impl std::error::Error for Forbidden {}

impl Forbidden {
    pub(super) fn fault(&self) -> Fault {
        Fault::new(self.to_string()).mend("if that is right, write the address where it leads into the configuration")
    }
}

/// The check for addresses written as numbers, which no resolver ever sees.
pub(super) fn check(url: &Url, home: Realm) -> Result<(), Fault> {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    let realm = Realm::of(address);
    if home.opens(realm) { Ok(()) } else { Err(Forbidden { name: trouble::host(url), realm }.fault()) }
}

/// The system's resolver, with what it finds held against where we may go.
pub(super) struct Resolver {
    /// `None`: the configuration names the host, and anything goes.
    home: Option<Realm>,
}

impl Resolver {
    pub(super) fn new(home: Option<Realm>) -> Self {
        Self { home }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let home = self.home;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let open = |address: &SocketAddr| home.is_none_or(|home| home.opens(Realm::of(address.ip())));
            let (allowed, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(open);
            match refused.first() {
                Some(refused) if allowed.is_empty() => {
                    Err(Forbidden { name: name.as_str().to_owned(), realm: Realm::of(refused.ip()) }.into())
                }
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(address: &str) -> Realm {
        Realm::of(address.parse().unwrap())
    }

    #[test]
    fn every_way_to_write_an_inner_address_is_seen() {
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"] {
            assert_eq!(realm(loopback), Realm::Loopback, "{loopback}");
        }
        for private in ["10.0.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd00::1", "::ffff:10.1.2.3"] {
            assert_eq!(realm(private), Realm::Private, "{private}");
        }
        for link in ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "::a9fe:a9fe"] {
            assert_eq!(realm(link), Realm::LinkLocal, "{link}");
        }
        for odd in ["0.0.0.0", "::", "255.255.255.255", "224.0.0.1", "ff02::1", "192.0.2.1", "2001:db8::1"] {
            assert_eq!(realm(odd), Realm::Odd, "{odd}");
        }
        for public in ["130.89.148.77", "172.32.0.1", "2001:67c:2564:a119::77", "100.63.255.255"] {
            assert_eq!(realm(public), Realm::Public, "{public}");
        }
    }

    #[test]
    fn only_the_public_and_ones_own_realm_are_open() {
        assert!(Realm::Public.opens(Realm::Public) && Realm::Private.opens(Realm::Public));
        assert!(Realm::Loopback.opens(Realm::Loopback) && Realm::Private.opens(Realm::Private));
        for (from, to) in [
            (Realm::Public, Realm::Loopback),
            (Realm::Public, Realm::Private),
            (Realm::Public, Realm::LinkLocal),
            (Realm::Private, Realm::Loopback),
            (Realm::Loopback, Realm::LinkLocal),
            (Realm::Odd, Realm::Odd),
        ] {
            assert!(!from.opens(to), "{from:?} {to:?}");
        }
    }

    #[test]
    fn odd_spellings_of_a_number_are_numbers() {
        for text in ["http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://[::ffff:7f00:1]/"] {
            let url = Url::parse(text).unwrap();
            let fault = check(&url, Realm::Public).unwrap_err();
            assert!(fault.said.as_str().contains("this machine"), "{text}: {fault}");
        }
    }

    #[tokio::test]
    async fn a_name_that_means_this_machine_is_refused_to_a_public_server() {
        let ask = |home| Resolver::new(home).resolve("localhost".parse().unwrap());
        let Err(refused) = ask(Some(Realm::Public)).await else { panic!("resolved") };
        assert!(refused.to_string().contains("this machine (localhost)"), "{refused}");
        assert!(ask(Some(Realm::Loopback)).await.is_ok());
        assert!(ask(None).await.is_ok());
    }
}
