//! Both sides of a packet filter: network namespaces for a server, for outside and for the VPN, a real nftables filter and
//! a real sshd in the first. Needs root; says so and does nothing otherwise.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod sshd;

use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use matins::collect::tools::Tools;
use matins::collect::tools::shell::Shell;
use matins::collect::{ALL, Answer};
use matins::domain::facts::HostDeclared;
use matins::domain::register::{Destination, Register, Server};
use matins::domain::settings::Entry;
use matins::domain::{Declared, Evidence, Fact, Judgement, Limits, Period, SourceId, SourceRecord, Subject, Verdict};
use matins::policy::{Case, evaluate};

const OPEN: &str = "table inet filter { chain input { type filter hook input priority 0; policy accept; }; }";
const CLOSED: &str = "table inet filter { chain input { type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
    meta l4proto ipv6-icmp accept
    tcp dport 8443 accept
    iifname vpn tcp dport 22 accept
}; }";
/// As above, but somebody forgot IPv6.
const HALF: &str = "table ip filter { chain input { type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
    tcp dport 8443 accept
    iifname vpn tcp dport 22 accept
}; }";

fn sh(script: &str) -> bool {
    let output = Command::new("sh").args(["-ec", script]).output().unwrap();
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

/// Three namespaces: the server's, and one on each side of it.
struct World {
    names: [String; 3],
    folder: tempfile::TempDir,
    servers: Vec<Child>,
}

impl World {
    /// `None`, said aloud, where namespaces can't be had.
    fn new() -> Option<Self> {
        let id = std::process::id();
        let names = ["web", "out", "vpn"].map(|name| format!("matins-{name}-{id}"));
        let there = ["/usr/sbin/sshd", "/usr/sbin/nft"].iter().all(|path| fs::exists(path).unwrap());
        if !there || !rustix::process::geteuid().is_root() || !sh("ip -V >/dev/null") {
            eprintln!("left out: namespaces need root, iproute2, nftables and an sshd");
            return None;
        }
        let world = Self { names, folder: tempfile::tempdir_in("/tmp").unwrap(), servers: Vec::new() };
        let [web, out, vpn] = &world.names;
        // Each side has a wire to the server, with IPv4 and IPv6.
        let made = sh(&format!(
            "for n in {web} {out} {vpn}; do ip netns add $n; ip -n $n link set lo up; done
             ip -n {web} link add out type veth peer name web netns {out}
             ip -n {web} link add vpn type veth peer name web netns {vpn}
             ip -n {web} addr add 203.0.113.5/24 dev out; ip -n {out} addr add 203.0.113.9/24 dev web
             ip -n {web} addr add 2001:db8::5/64 dev out nodad; ip -n {out} addr add 2001:db8::9/64 dev web nodad
             ip -n {web} addr add 10.8.0.5/24 dev vpn; ip -n {vpn} addr add 10.8.0.9/24 dev web
             for n in out vpn; do ip -n {web} link set $n up; done
             for n in {out} {vpn}; do ip -n $n link set web up; done"
        ));
        if !made {
            eprintln!("left out: this machine gives no network namespaces");
            return None;
        }
        Some(world.serving())
    }

    /// A real sshd, over IPv4 and IPv6, on its own port and on one that stands for a public service.
    fn serving(mut self) -> Self {
        let root = self.folder.path().display().to_string();
        fs::create_dir_all("/run/sshd").unwrap();
        assert!(sh(&format!("ssh-keygen -q -t ed25519 -N '' -f {root}/host")));
        let sshd = format!(
            "/usr/sbin/sshd -D -e -f /dev/null -o HostKey={root}/host -o PidFile=none -o UsePAM=no -p 22 -p 8443"
        );
        self.serve(&sshd);
        // An alias of ssh is a namespace: scripts run there with the network of that side.
        let [web, out, vpn] = &self.names;
        let ssh = format!(
            "#!/bin/sh\nfor word; do last=$before; before=$word; done\n\
             case \"$1\" in -G) echo hostname 10.8.0.5; echo port 22; exit ;; esac\n\
             case \"$last\" in web1) n={web} ;; outside) n={out} ;; *) n={vpn} ;; esac\nexec ip netns exec $n sh -s\n"
        );
        sshd::write_program(&self.folder.path().join("ssh"), &ssh);
        for port in [22, 8443] {
            let waits = Instant::now();
            while !sh(&format!("ip netns exec {web} bash -c ': </dev/tcp/127.0.0.1/{port}' 2>/dev/null")) {
                assert!(waits.elapsed() < Duration::from_secs(20), "nothing listens on {port}");
            }
        }
        self
    }

    fn serve(&mut self, command: &str) {
        let words = ["netns", "exec", &self.names[0]].into_iter().chain(command.split(' '));
        let child =
            Command::new("ip").args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.servers.push(child.unwrap());
    }

    fn filter(&self, rules: &str) {
        let mut nft = Command::new("ip")
            .args(["netns", "exec", &self.names[0], "nft", "-f", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        nft.stdin.take().unwrap().write_all(format!("flush ruleset\n{rules}\n").as_bytes()).unwrap();
        assert!(nft.wait().unwrap().success());
    }

    /// What a round says of the server, after everybody has looked.
    fn judged(&self, key: &str) -> Judgement {
        let server = |name: &str| Server { name: name.into(), ssh: Destination::parse(name).ok(), ..Server::local() };
        let ports = Some(vec!["tcp/8443".parse().unwrap(), "tcp/22 from vpn".parse().unwrap()]);
        let addresses = vec!["203.0.113.5".into(), "2001:db8::5".into()];
        let web1 = Server { ports: ports.clone(), addresses, ..server("web1") };
        let servers = vec![web1, server("outside"), server("vpn")];
        let register = Register { servers, persons: Vec::new(), configured: true };
        let value = serde_json::json!({ "outside": "outside", "vpn": "vpn" });
        let entry = Entry { section: "exposure", value, place: "a.toml:1".into(), index: 0 };
        let collector = ALL.iter().find(|collector| collector.name == "exposure").unwrap();
        let source = (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0);
        let shell = Shell::with(self.folder.path().join("ssh"), None);
        let tools = Tools { shell, ..Tools::new(Timestamp::now).unwrap() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let Answer::Seen { observations, .. } = runtime.block_on(source.ask.ask(&tools, None)).unwrap() else {
            panic!("it answers")
        };
        let now = Timestamp::now();
        let record = |id: SourceId, declared, seen| SourceRecord {
            id,
            declared,
            seen,
            good_at: Some(now),
            asked_at: Some(now),
            took_ms: None,
            fault: None,
            failures: 0,
            stale_after: Period::hours(4),
        };
        let host = Fact::HostDeclared(HostDeclared { ports, ..HostDeclared::default() });
        let declared = vec![Declared { subject: Subject::host("web1"), fact: host, place: "a.toml:1".into() }];
        let sources = vec![
            record(SourceId::new("servers", "web1"), declared, Vec::new()),
            record(source.id.clone(), source.declared.clone(), observations),
        ];
        let evidence = Evidence { sources, configured: true, ..Evidence::default() };
        let judgements = evaluate(&Case { evidence: &evidence, limits: &Limits::default(), now, zone: &TimeZone::UTC });
        judgements.into_iter().find(|judgement| judgement.key().as_str() == key).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for server in &mut self.servers {
            server.kill().ok();
            server.wait().ok();
        }
        for name in &self.names {
            Command::new("ip").args(["netns", "del", name]).status().ok();
        }
    }
}

#[test]
fn ssh_is_seen_from_the_vpn_and_from_outside_through_a_real_packet_filter() {
    let Some(world) = World::new() else { return };
    let ssh = "admin-via-vpn/web1";
    world.filter(OPEN);
    let open = world.judged(ssh);
    assert_eq!(
        (open.verdict, open.title.as_str()),
        (Verdict::Broken, "ssh answers from outside, tcp/22 at 203.0.113.5")
    );
    world.filter(HALF);
    let half = world.judged(ssh);
    assert_eq!(
        (half.verdict, half.title.as_str()),
        (Verdict::Broken, "ssh answers from outside, tcp/22 at 2001:db8::5")
    );
    world.filter(CLOSED);
    let closed = world.judged(ssh);
    assert_eq!((closed.verdict, closed.title.as_str()), (Verdict::Ok, "ssh answers from the VPN and not from outside"));
    for seen in ["tcp/22 open at 10.8.0.5", "silent at 203.0.113.5", "silent at 2001:db8::5"] {
        assert!(closed.detail.as_str().contains(seen), "{seen}: {}", closed.detail);
    }
    // A filter that drops everything: nobody can tell it from a server that is down.
    world.filter(&CLOSED.replace("tcp dport 8443 accept", "").replace("tcp dport 22 accept", ""));
    assert_eq!(world.judged(ssh).verdict, Verdict::Unknown);
}
