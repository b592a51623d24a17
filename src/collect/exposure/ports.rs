//! Which ports are tried, and what a UDP port is sent so that it answers.

use std::collections::BTreeSet;

use crate::domain::{DeclaredPort, Port};

/// Of a declared range, no more than this many are tried; of everything, no more than [`ALL`].
const RANGE: usize = 32;
const ALL: usize = 128;

/// Tried on every server, declared or not: remote administration, and what is known for giving itself away to whoever
/// asks. Nothing is said to them.
const DANGEROUS: &[Port] = &[
    Port::tcp(21),
    Port::tcp(22),
    Port::tcp(23),
    Port::tcp(111),
    Port::tcp(139),
    Port::tcp(445),
    Port::tcp(873),
    Port::tcp(2049),
    Port::tcp(2375),
    Port::tcp(2379),
    Port::tcp(3306),
    Port::tcp(3389),
    Port::tcp(5432),
    Port::tcp(5900),
    Port::tcp(5984),
    Port::tcp(6379),
    Port::tcp(8080),
    Port::tcp(9200),
    Port::tcp(10_250),
    Port::tcp(11_211),
    Port::tcp(27_017),
    Port::udp(53),
    Port::udp(123),
    Port::udp(11_211),
];

/// What is tried on a server, in order, each once. Declared comes first, so that a cap never takes it away.
pub(super) fn worth_trying(declared: &[DeclaredPort], ssh: Option<Port>, listening: &[Port]) -> Vec<Port> {
    let mut seen = BTreeSet::new();
    let declared = declared.iter().flat_map(|port| port.ports().take(RANGE));
    let all = declared.chain(ssh).chain(DANGEROUS.iter().copied()).chain(listening.iter().copied());
    all.filter(|port| seen.insert(*port)).take(ALL).collect()
}

/// One datagram that a service of this port answers to anybody, where there is one; else an empty one, which shows
/// only whether somebody refuses it.
pub(super) fn datagram(port: u16) -> &'static [u8] {
    match port {
        // DNS (RFC 1035, 4.1): id, no recursion wanted, one question: the root's SOA. Refusals are answers too.
        53 => b"\x6d\x61\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01",
        // NTP (RFC 5905, 7.3): version 4, mode 3 (client), everything else zero.
        123 => &NTP,
        // OpenVPN: P_CONTROL_HARD_RESET_CLIENT_V2 (7 << 3), session, no acknowledgements, packet 0. With tls-auth or
        // tls-crypt the server says nothing to strangers.
        1194 => b"\x38matins-k\x00\x00\x00\x00\x00",
        // memcached (protocol.txt, UDP frames): request 0, one of one, `version`.
        11_211 => b"\x00\x00\x00\x00\x00\x01\x00\x00version\r\n",
        _ => b"",
    }
}

const NTP: [u8; 48] = {
    let mut packet = [0; 48];
    packet[0] = 4 << 3 | 3;
    packet
};

/// What `ss -Hltun` names, without what only this machine itself can reach.
pub(super) fn parse_listening(text: &str) -> Vec<Port> {
    let mut ports: Vec<Port> = text.lines().filter_map(parse_line).collect();
    ports.sort();
    ports.dedup();
    ports
}

fn parse_line(line: &str) -> Option<Port> {
    let mut words = line.split_whitespace();
    let transport = words.next()?;
    let (address, number) = words.nth(3)?.rsplit_once(':')?;
    let address = address.split('%').next().unwrap_or(address);
    let own = address.starts_with("127.") || address.starts_with("[::1]") || address.starts_with("[::ffff:127.");
    if own { None } else { format!("{transport}/{number}").parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn declared_ports_come_first_and_nothing_is_tried_twice() {
        let declared: Vec<DeclaredPort> =
            ["tcp/443", "tcp/22 from vpn", "tcp/40000-50000"].map(|it| it.parse().unwrap()).into();
        let listening: Vec<Port> = (1..=200).map(Port::udp).collect();
        let tried = worth_trying(&declared, Some(Port::tcp(2222)), &listening);
        assert_eq!(tried[..3], [Port::tcp(443), Port::tcp(22), Port::tcp(40_000)]);
        assert_eq!(tried.iter().filter(|port| port.number >= 40_000).count(), RANGE);
        assert!(tried.contains(&Port::tcp(2222)) && tried.contains(&Port::udp(1)));
        assert_eq!(tried.len(), ALL);
        assert_eq!(tried.iter().collect::<BTreeSet<_>>().len(), ALL);
    }

    #[test]
    fn what_listens_for_this_machine_alone_is_not_tried() {
        let text = "udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:*\nudp UNCONN 0 0 0.0.0.0:1194 0.0.0.0:*\n\
                    tcp LISTEN 0 511 [::1]:6379 [::]:*\ntcp LISTEN 0 511 [fd77:1::1]:8443 [::]:*\n\
                    tcp LISTEN 0 511 *:8080 *:* users:((\"x\",pid=1,fd=3))\nnonsense\ntcp LISTEN 0 1 x:y z\n";
        assert_eq!(parse_listening(text), [Port::tcp(8080), Port::tcp(8443), Port::udp(1194)]);
    }

    proptest! {
        #[test]
        fn no_listing_makes_it_panic(text in "\\PC{0,200}|((tcp|udp) LISTEN 0 5 [0-9a-f:.%*]{0,12}:[0-9*]{0,6} x\\n){0,5}") {
            parse_listening(&text);
        }
    }
}
