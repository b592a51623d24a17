//! What listens, and the packet filter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::sections::{Section, Sections, blind, needs_root};
use crate::domain::facts::{Filter, FilterProgram, FilterRules, HostExposure, Listener, Listening};
use crate::domain::{Fault, Port, Shown, Transport};

pub fn parse_exposure(sections: &Sections) -> HostExposure {
    HostExposure { listening: parse_listening(sections).into(), filter: parse_filter(sections).into() }
}

fn parse_listening(sections: &Sections) -> Result<Listening, Fault> {
    let section = sections.sound("listening", "ss")?;
    // One port is often several sockets, of several processes.
    let mut found: BTreeMap<(Port, String), BTreeSet<&str>> = BTreeMap::new();
    for line in section.lines.iter().filter(|line| !line.trim().is_empty()) {
        let socket = parse_socket(line).or_else(|| parse_kernel_socket(line));
        let (port, address, programs) =
            socket.ok_or_else(|| Fault::new(format!("ss said what makes no sense: {}", Shown::line(line).cut(80))))?;
        found.entry((port, address)).or_default().extend(programs);
    }
    let named = found.values().any(|programs| !programs.is_empty());
    let unnamed = (!named && !found.is_empty()).then(|| nameless(sections, "naming the programs that listen"));
    let listeners = found.into_iter().map(|((port, address), programs)| Listener {
        port,
        address: Shown::line(&address),
        programs: programs.into_iter().map(Shown::line).collect(),
    });
    Ok(Listening { listeners: listeners.collect(), unnamed })
}

/// Why programs that listen are not named.
pub(super) fn nameless(sections: &Sections, what: &str) -> Fault {
    if sections.get("owners").is_some_and(|section| section.code == 78) { blind(what) } else { needs_root(what) }
}

/// Names of all programs that listen.
pub(super) fn programs(section: &Section) -> BTreeSet<&str> {
    section.lines.iter().filter_map(|line| parse_socket(line)).flat_map(|(_, _, programs)| programs).collect()
}

type Socket<'a> = (Port, String, Vec<&'a str>);

/// `tcp LISTEN 0 128 [::1]:22 [::]:* users:(("sshd",pid=1,fd=3))`, as `ss -H` prints it.
fn parse_socket(line: &str) -> Option<Socket<'_>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let transport = transport(words.first()?)?;
    let (address, port) = words.get(4)?.rsplit_once(':')?;
    let address = address.replacen(['[', ']'], "", 2);
    let programs = line.split_once("users:(").map_or("", |(_, users)| users);
    // Only names stand in quotes.
    let programs = programs.split('"').skip(1).step_by(2).collect();
    Some((Port { transport, number: port.parse().ok()? }, address, programs))
}

fn transport(word: &str) -> Option<Transport> {
    [Transport::Tcp, Transport::Udp].into_iter().find(|transport| transport.word() == word)
}

/// `/proc/net/tcp6 00000000000000000000000001000000:0016`: where there is no ss.
fn parse_kernel_socket(line: &str) -> Option<Socket<'_>> {
    let (file, local) = line.split_once(' ')?;
    let name = file.strip_prefix("/proc/net/")?;
    let (address, port) = local.trim().split_once(':')?;
    let address = if name.ends_with('6') { kernel_v6(address)? } else { kernel_v4(address)?.to_string() };
    let port = Port { transport: transport(name.trim_end_matches('6'))?, number: u16::from_str_radix(port, 16).ok()? };
    Some((port, address, Vec::new()))
}

/// Each group of 32 bits in the byte order of the machine, which is little-endian wherever Debian runs but on s390x.
fn kernel_v4(hex: &str) -> Option<std::net::Ipv4Addr> {
    (hex.len() == 8).then(|| u32::from_str_radix(hex, 16).ok()).flatten().map(|bits| bits.swap_bytes().into())
}

/// Every address is written `*`: the kernel's list does not say whether such a socket takes v4 too, which it usually does.
fn kernel_v6(hex: &str) -> Option<String> {
    let groups = (0..4).map(|group| kernel_v4(hex.get(group * 8..group * 8 + 8)?).map(|address| address.octets()));
    let bytes: Vec<u8> = groups.collect::<Option<Vec<_>>>()?.concat();
    let address = std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
    Some(if address.is_unspecified() { "*".to_owned() } else { address.to_string() })
}

fn parse_filter(sections: &Sections) -> Result<Filter, Fault> {
    let tools = sections.sound("filters", "looking for the packet filter")?;
    let rules = tools.lines.iter().filter(|tool| !tool.is_empty()).map(|tool| {
        let program = match tool.split('-').next() {
            Some("nft") => FilterProgram::Nft,
            Some("iptables") => FilterProgram::Iptables,
            Some("ip6tables") => FilterProgram::Ip6tables,
            _ => return Err(Fault::new("the probe named a packet filter that nobody knows")),
        };
        sections.rooted(tool, tool, "reading the packet filter").map(|section| rules(program, section))
    });
    Ok(Filter { rules: rules.collect::<Result<_, _>>()? })
}

fn rules(program: FilterProgram, section: &Section) -> FilterRules {
    let mut text = String::new();
    for line in section.lines.iter().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        // Writing to a String never fails.
        writeln!(text, "{line}").ok();
    }
    FilterRules { program, text }
}

#[cfg(test)]
mod tests {
    use super::super::sections::parse_sections;
    use super::*;

    fn listening(body: &str) -> Listening {
        let body = body.replace('\n', "\n ");
        parse_listening(&parse_sections(format!("#listening\n {body}\n\n rc=0\n").as_bytes())).unwrap()
    }

    fn words(listening: &Listening) -> Vec<String> {
        let word = |listener: &Listener| {
            let programs: Vec<&str> = listener.programs.iter().map(Shown::as_str).collect();
            format!("{} {} {}", listener.port, listener.address, programs.join(","))
        };
        listening.listeners.iter().map(word).collect()
    }

    #[test]
    fn a_port_is_named_with_all_its_programs_once() {
        let seen = listening(
            "udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:((\"systemd-resolve\",pid=9,fd=15))\n\
             tcp LISTEN 0 511 [::]:443 [::]:* users:((\"nginx\",pid=3,fd=4),(\"nginx\",pid=2,fd=4))\n\
             tcp LISTEN 0 511 [::]:443 [::]:* users:((\"a b\",pid=3,fd=4))\n\
             udp UNCONN 0 0 *:51820 *:*  ",
        );
        assert_eq!(words(&seen), ["tcp/443 :: a b,nginx", "udp/53 127.0.0.53%lo systemd-resolve", "udp/51820 * "]);
        assert_eq!(seen.unnamed, None);
    }

    #[test]
    fn without_root_the_ports_are_known_and_their_programs_are_not() {
        let seen = listening("tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n");
        assert_eq!(words(&seen), ["tcp/22 0.0.0.0 "]);
        assert!(seen.unnamed.unwrap().mend.unwrap().as_str().contains("matins probe sudoers"));
    }

    #[test]
    fn without_ss_the_kernels_own_list_is_read() {
        let seen = listening(
            "/proc/net/tcp 0100007F:0277\n/proc/net/tcp6 00000000000000000000000000000000:0016\n\
             /proc/net/tcp6 B80D0120000000000000000001000000:01BB\n/proc/net/udp 00000000:0044\n",
        );
        assert_eq!(words(&seen), ["tcp/22 * ", "tcp/443 2001:db8::1 ", "tcp/631 127.0.0.1 ", "udp/68 0.0.0.0 "]);
    }

    #[test]
    fn words_that_are_no_sockets_are_not_an_empty_list() {
        for nonsense in ["Cannot open netlink socket: Permission denied", "tcp LISTEN", "/proc/net/tcp x:1", "x"] {
            let text = format!("#listening\n {nonsense}\n rc=0\n");
            assert!(parse_listening(&parse_sections(text.as_bytes())).is_err(), "{nonsense}");
        }
        assert!(parse_listening(&parse_sections(b"#listening\n x\n rc=1\n")).is_err());
    }

    fn filter(text: &str) -> Result<Filter, Fault> {
        parse_filter(&parse_sections(text.as_bytes()))
    }

    #[test]
    fn no_filter_installed_is_known_and_one_that_may_not_be_read_is_not() {
        assert_eq!(filter("#filters\n\n rc=0\n").unwrap().rules, []);
        let denied = filter("#filters\n nft\n\n rc=0\n#nft\n needs root\n\n rc=77\n").unwrap_err();
        assert!(denied.said.as_str().contains("needs root") && denied.mend.is_some(), "{denied}");
        let refused = filter("#filters\n nft\n\n rc=0\n#nft\n sudo: a password is required\n\n rc=1\n").unwrap_err();
        assert_eq!(refused, denied);
        assert!(filter("#filters\n nft\n\n rc=0\n").is_err());
        assert!(filter("").is_err());
    }

    #[test]
    fn every_filter_is_kept_as_it_was_printed() {
        let both = filter(
            "#filters\n nft\n ip6tables-legacy-save\n\n rc=0\n#nft\n {\"nftables\": []}\n\n rc=0\n\
             #ip6tables-legacy-save\n *filter\n :INPUT DROP\n COMMIT\n\n rc=0\n",
        );
        let rules = both.unwrap().rules;
        assert_eq!((rules[0].program, rules[0].text.as_str()), (FilterProgram::Nft, "{\"nftables\": []}\n"));
        assert_eq!(
            (rules[1].program, rules[1].text.as_str()),
            (FilterProgram::Ip6tables, "*filter\n:INPUT DROP\nCOMMIT\n")
        );
    }
}
