//! [`Port`] and [`DeclaredPort`]: where a server answers, and where it may.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Shown;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// `tcp/443`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Port {
    pub transport: Transport,
    pub number: u16,
}

impl Port {
    pub const fn tcp(number: u16) -> Self {
        Self { transport: Transport::Tcp, number }
    }

    pub const fn udp(number: u16) -> Self {
        Self { transport: Transport::Udp, number }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.transport.word(), self.number)
    }
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (transport, number) = split(text).ok_or_else(|| format!("`{}` is not a port", shown(text)))?;
        Ok(Self { transport, number: parse_number(number, text)? })
    }
}

/// Who may reach a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reach {
    #[default]
    Anywhere,
    /// Whoever is on the VPN, and nobody else.
    Vpn,
    /// A network of one's own, and nobody else: `10.0.0.0/8`.
    Network(Network),
}

/// An address and how many of its first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    pub address: IpAddr,
    pub bits: u8,
}

/// A port, or a range of them, that the register says a server may answer on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DeclaredPort {
    pub first: Port,
    /// The last of a range; the same as the first's for a single port.
    pub last: u16,
    pub from: Reach,
}

impl DeclaredPort {
    pub fn covers(&self, port: Port) -> bool {
        port.transport == self.first.transport && (self.first.number..=self.last).contains(&port.number)
    }

    pub fn ports(self) -> impl Iterator<Item = Port> {
        (self.first.number..=self.last).map(move |number| Port { transport: self.first.transport, number })
    }
}

impl fmt::Display for DeclaredPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        if self.last != self.first.number {
            write!(f, "-{}", self.last)?;
        }
        match self.from {
            Reach::Anywhere => Ok(()),
            Reach::Vpn => f.write_str(" from vpn"),
            Reach::Network(network) => write!(f, " from {network}"),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// `PROTOCOL/PORT`, `PROTOCOL/FIRST-LAST`, and where it may be reached from: nothing is anywhere.
impl FromStr for DeclaredPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "write tcp/443, udp/1194, tcp/5000-5010, and where it may be reached from: tcp/22 from vpn, \
             tcp/5432 from 10.0.0.0/8";
        let wrong = |why: String| format!("{why}\n{SHAPE}");
        let words: Vec<&str> = text.split_whitespace().collect();
        let (port, from) = match words[..] {
            [port] => (port, Reach::Anywhere),
            [port, "from", place] => (port, parse_reach(place).map_err(wrong)?),
            _ => return Err(wrong(format!("`{}` is not a declared port", shown(text)))),
        };
        let (transport, numbers) =
            split(port).ok_or_else(|| wrong(format!("`{}` does not begin with tcp/ or udp/", shown(port))))?;
        let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
        let number = |digits| parse_number(digits, port).map_err(wrong);
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(wrong(format!("the range in `{}` ends before it begins", shown(port))));
        }
        Ok(Self { first: Port { transport, number: first }, last, from })
    }
}

fn split(text: &str) -> Option<(Transport, &str)> {
    let (transport, number) = text.split_once('/')?;
    match transport {
        "tcp" => Some((Transport::Tcp, number)),
        "udp" => Some((Transport::Udp, number)),
        _ => None,
    }
}

fn parse_number(digits: &str, whole: &str) -> Result<u16, String> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| digits.parse::<u16>().ok()).flatten().filter(|number| *number > 0);
    number.ok_or_else(|| format!("`{}`: a port is a number from 1 to 65535", shown(whole)))
}

fn parse_reach(place: &str) -> Result<Reach, String> {
    match place {
        "anywhere" => Ok(Reach::Anywhere),
        "vpn" => Ok(Reach::Vpn),
        network => parse_network(network)
            .map(Reach::Network)
            .ok_or_else(|| format!("`{}` is neither anywhere, vpn nor a network", shown(network))),
    }
}

fn parse_network(text: &str) -> Option<Network> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => whole,
        Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
        Some(_) => return None,
    };
    (bits <= whole).then_some(Network { address, bits })
}

fn shown(text: &str) -> Shown {
    Shown::line(text).cut(60)
}

impl From<Port> for String {
    fn from(port: Port) -> Self {
        port.to_string()
    }
}

impl TryFrom<String> for Port {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<DeclaredPort> for String {
    fn from(port: DeclaredPort) -> Self {
        port.to_string()
    }
}

impl TryFrom<String> for DeclaredPort {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> DeclaredPort {
        text.parse().unwrap()
    }

    #[test]
    fn a_port_is_reached_from_anywhere_unless_it_says_from_where() {
        assert_eq!(read("tcp/80").from, Reach::Anywhere);
        assert_eq!(read("tcp/22 from vpn").from, Reach::Vpn);
        let Reach::Network(network) = read("tcp/5432  from 10.0.0.0/8").from else { panic!("a network") };
        assert_eq!((network.address.to_string(), network.bits), ("10.0.0.0".into(), 8));
        assert_eq!(read("udp/53 from 2001:db8::1").to_string(), "udp/53 from 2001:db8::1/128");
    }

    #[test]
    fn a_range_covers_its_ends_and_its_own_protocol_only() {
        let range = read("tcp/5000-5010");
        for (port, covered) in
            [(Port::tcp(5000), true), (Port::tcp(5010), true), (Port::tcp(5011), false), (Port::udp(5005), false)]
        {
            assert_eq!(range.covers(port), covered, "{port}");
        }
        assert_eq!(range.ports().count(), 11);
        assert_eq!(read("udp/65535").ports().count(), 1);
    }

    #[test]
    fn what_is_no_port_says_why_and_how_one_is_written() {
        for (text, why) in [
            ("", "is not a declared port"),
            ("80", "does not begin with tcp/ or udp/"),
            ("TCP/80", "does not begin with tcp/ or udp/"),
            ("sctp/80", "does not begin with tcp/ or udp/"),
            ("tcp/", "a number from 1 to 65535"),
            ("tcp/0", "a number from 1 to 65535"),
            ("tcp/65536", "a number from 1 to 65535"),
            ("tcp/+80", "a number from 1 to 65535"),
            ("tcp/http", "a number from 1 to 65535"),
            ("tcp/90-80", "ends before it begins"),
            ("tcp/80-", "a number from 1 to 65535"),
            ("tcp/22 from", "is not a declared port"),
            ("tcp/22 via vpn", "is not a declared port"),
            ("tcp/22 from the vpn", "is not a declared port"),
            ("tcp/22 from office", "is neither anywhere, vpn nor a network"),
            ("tcp/22 from 10.0.0.0/33", "is neither anywhere, vpn nor a network"),
            ("tcp/22 from 10.0.0.0/+8", "is neither anywhere, vpn nor a network"),
        ] {
            let error = text.parse::<DeclaredPort>().unwrap_err();
            assert!(error.contains(why) && error.contains("write tcp/443"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(udp in any::<bool>(), a in 1u16.., b in 1u16.., place in 0usize..4) {
            let (first, last) = (a.min(b), a.max(b));
            let from = ["", " from vpn", " from 10.0.0.0/8", " from 2001:db8::/32"][place];
            let text = format!("{}/{first}-{last}{from}", if udp { "udp" } else { "tcp" });
            let port = read(&text);
            prop_assert_eq!(read(&port.to_string()), port);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}|(tcp|udp)/[0-9-]{0,12}( from [a-z0-9:./]{0,20})?") {
            text.parse::<DeclaredPort>().ok();
        }
    }
}
