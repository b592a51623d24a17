//! Looking from a server: its own perl knocks, in one round trip.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use super::ports::datagram;
use crate::collect::tools::Tools;
use crate::collect::tools::shell::quoted;
use crate::domain::facts::{PortAnswer, Tried};
use crate::domain::register::Server;
use crate::domain::{Fault, Port, Shown, Transport};

const KNOCK: &str = include_str!("knock.pl");
/// 128 ports at eight addresses, eight at once, three seconds each, are 384 seconds; the source itself has 600.
const ANSWER: Duration = Duration::from_secs(400);
const CAP: usize = 256 << 10;

/// Tries the ports of each name, as `looker` sees them.
pub(super) async fn look(
    tools: &Tools,
    looker: &Server,
    names: &[String],
    ports: &[Port],
) -> Result<Vec<Tried>, Fault> {
    let ran = tools.shell.script(looker, &script(names, ports), ANSWER, CAP).await?;
    match ran.status {
        Some(0) => parse_knocks(&String::from_utf8_lossy(&ran.output)),
        Some(127) => {
            Err(Fault::new(format!("{} has no perl to try ports with", looker.name)).mend("install perl-base there"))
        }
        _ => Err(Fault::new(format!("{} could not try the ports: {}", looker.name, ran.complaint()))),
    }
}

fn script(names: &[String], ports: &[Port]) -> String {
    let mut arguments = String::new();
    for port in ports {
        arguments.push_str(" '");
        arguments.push_str(&port.to_string());
        if port.transport == Transport::Udp {
            arguments.push(':');
            for byte in datagram(port.number) {
                // Writing to a String never fails.
                write!(arguments, "{byte:02x}").ok();
            }
        }
        arguments.push('\'');
    }
    let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
    format!(
        "command -v perl >/dev/null 2>&1 || exit 127\nknock={}\nperl -e \"$knock\" -- {} {}{arguments} || exit 1\n",
        quoted(KNOCK),
        names.len(),
        names.join(" ")
    )
}

/// The answers of all names: one that can't be resolved there is a fault only when no other could.
fn parse_knocks(text: &str) -> Result<Vec<Tried>, Fault> {
    let (mut tried, mut seen, mut unresolved, mut whole) = (Vec::new(), HashSet::new(), None, false);
    for line in text.lines() {
        whole = line == "end";
        if let Some(why) = line.strip_prefix("noname ") {
            unresolved = Some(Shown::line(why).cut(100));
        } else if let Some(count) = line.strip_prefix("many ") {
            let count = Shown::line(count).cut(20);
            return Err(Fault::new(format!("it has {count} addresses there, and no more than 8 are tried"))
                .mend("write those that matter into `addresses` of the server"));
        } else if !whole {
            let one = parse_line(line).ok_or_else(|| Fault::new("the answer about its ports makes no sense"))?;
            if seen.insert((one.port, one.address)) {
                tried.push(one);
            }
        }
    }
    match unresolved {
        _ if !whole => Err(Fault::passing("the answer about its ports was cut off")),
        Some(why) if tried.is_empty() => Err(Fault::new(format!("its name can't be resolved there: {why}"))
            .mend("write its public names or addresses into `addresses` of the server")),
        _ => Ok(tried),
    }
}

fn parse_line(line: &str) -> Option<Tried> {
    let mut words = line.split(' ');
    let (word, port, address) = (words.next()?, words.next()?, words.next()?);
    let answer = PortAnswer::ALL.into_iter().find(|answer| answer.word() == word)?;
    let address: IpAddr = address.parse().ok()?;
    words.next().is_none().then_some(Tried { port: port.parse().ok()?, address, answer })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_answer_is_read_and_none_counts_twice() {
        let text = "open tcp/80 203.0.113.5\nrefused tcp/22 203.0.113.5\nend\nunrouted udp/53 2001:db8::1\nopen tcp/80 203.0.113.5\nend\n";
        let tried = parse_knocks(text).unwrap();
        assert_eq!(tried.len(), 3);
        assert_eq!(tried[2].answer, PortAnswer::Unrouted);
        assert_eq!(tried[0].port, Port::tcp(80));
    }

    #[test]
    fn half_an_answer_is_none() {
        assert!(parse_knocks("open tcp/80 203.0.113.5\n").unwrap_err().passing);
        assert!(parse_knocks("").is_err());
        assert!(parse_knocks("end\nopen tcp/80 203.0.113.5\n").is_err());
        for nonsense in [
            "ajar tcp/80 203.0.113.5\nend\n",
            "open 80 203.0.113.5\nend\n",
            "open tcp/80 here\nend\n",
            "open tcp/80 ::1 x\nend\n",
        ] {
            assert!(parse_knocks(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn a_name_that_one_side_does_not_know_is_a_fault_with_its_mend() {
        let fault = parse_knocks("noname Name or service not known\nend\n").unwrap_err();
        assert!(fault.mend.unwrap().as_str().contains("addresses"), "{}", fault.said);
        assert_eq!(parse_knocks("noname x\nend\nopen tcp/80 ::1\nend\n").unwrap().len(), 1);
    }

    async fn knocked(names: &[&str], ports: &[Port]) -> String {
        use crate::collect::tools::run::{Program, run};
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let ran = run(Program::new("sh").arguments(["-c", &script(&names, ports)])).await.unwrap();
        assert_eq!(ran.status, Some(0), "{}", ran.complaint());
        String::from_utf8(ran.output).unwrap()
    }

    #[tokio::test]
    async fn one_perl_knocks_for_all_names_and_at_each_address_once() {
        if !std::path::Path::new("/usr/bin/perl").exists() {
            eprintln!("left out: perl is not installed");
            return;
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = Port::tcp(listener.local_addr().unwrap().port());
        let said = knocked(&["127.0.0.1", "-nowhere.invalid", "127.0.0.1", "127.0.0.2"], &[port]).await;
        let mut lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("noname ")).collect();
        lines[..2].sort_unstable();
        assert_eq!(lines, [format!("open {port} 127.0.0.1"), format!("refused {port} 127.0.0.2"), "end".to_owned()]);
        assert_eq!(parse_knocks(&said).unwrap().len(), 2);
        let many: Vec<String> = (1..=9).map(|last| format!("127.0.0.{last}")).collect();
        let said = knocked(&many.iter().map(String::as_str).collect::<Vec<_>>(), &[port]).await;
        let fault = parse_knocks(&said).unwrap_err();
        assert_eq!(fault.said, "it has 9 addresses there, and no more than 8 are tried");
    }

    #[test]
    fn nothing_in_a_name_reaches_the_shell() {
        let script = script(&["a'; touch x; '".into()], &[Port::udp(53), Port::tcp(22)]);
        assert!(script.contains(r"-- 1 'a'\''; touch x; '\''' 'udp/53:6d61"), "{script}");
        assert!(script.contains(" 'tcp/22'"));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(text in "\\PC{0,200}|((open|silent|end|noname) [a-z0-9/:. ]{0,20}\\n){0,6}") {
            parse_knocks(&text).ok();
        }
    }
}
