//! WireGuard against the lab: real interfaces, a client that keeps its handshake fresh, keys that nobody uses.

use std::fs;

use jiff::Timestamp;
use libtest_mimic::Trial;
use matins::collect::tools::Tools;
use matins::collect::tools::shell::Shell;
use matins::collect::{self, Answer, Source};
use matins::domain::facts::{Handshake, WireguardPeers};
use matins::domain::register::{Destination, Register, Server};
use matins::domain::settings::Entry;
use matins::domain::{Evidence, Fact, Fault, Limits, Period, SourceRecord, Verdict};
use matins::policy::{Case, evaluate};
use serde_json::{Value, json};

use super::Lab;

#[path = "../sshd/mod.rs"]
#[allow(clippy::disallowed_methods, reason = "a test runs what it tests")]
mod sshd;

type Trying = fn(&Lab);

pub fn trials(lab: &Lab) -> Vec<Trial> {
    let trials: [(&str, Trying); 4] = [
        ("a real handshake is a connection, and no key but public ones is kept", |lab| handshakes_are_read(lab, None)),
        ("a real handshake is read over ssh as it is here", over_ssh),
        ("the register names the client, and a key of nobody is due", the_register_decides),
        ("a server without wg says what is missing", without_wg),
    ];
    trials
        .into_iter()
        .map(|(name, trying)| {
            let lab = lab.clone();
            Trial::test(format!("wireguard: {name}"), move || {
                trying(&lab);
                Ok(())
            })
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "a test is an edge")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn text(lab: &Lab, name: &str) -> String {
    fs::read_to_string(lab.path("wireguard").join(name)).unwrap().trim().to_owned()
}

fn source(lab: &Lab, server: Option<&str>) -> Source {
    let mut vpn = json!({ "name": "wg", "kind": "wireguard", "interface": text(lab, "interface") });
    let mut register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    if let Some(name) = server {
        vpn["server"] = name.into();
        let ssh = Some(Destination::parse(name).unwrap());
        register.servers.push(Server { name: name.into(), ssh, ..Server::local() });
    }
    let peer =
        |name: &str| json!({ "name": format!("{name}'s phone"), "public_key": text(lab, &format!("{name}.pub")) });
    let entry = |section, value: Value| Entry { section, value, place: "lab".into(), index: 0 };
    let entries = [entry("vpn", vpn), entry("peer", peer("roman")), entry("peer", peer("anna"))];
    let collector = collect::ALL.iter().find(|collector| collector.name == "vpn").unwrap();
    (collector.plan)(&entries, &register, Period::minutes(15)).unwrap().remove(0)
}

fn ask(lab: &Lab, source: &Source) -> Result<Answer, Fault> {
    ask_by(Shell::with(lab.path("bin/ssh"), None), source)
}

fn ask_by(shell: Shell, source: &Source) -> Result<Answer, Fault> {
    let mut tools = Tools::new(now).unwrap();
    tools.shell = shell;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(source.ask.ask(&tools, None))
}

/// What the look told; `None` where it needs root and did not get it, which it says with its mend.
fn peers(lab: &Lab, server: Option<&sshd::Sshd>) -> Option<WireguardPeers> {
    let answer = match server {
        Some(server) => ask_by(server.shell(), &source(lab, Some("web1"))),
        None => ask(lab, &source(lab, None)),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) if !rustix::process::geteuid().is_root() => {
            assert!(fault.said.as_str().contains("wg needs root"), "{fault}");
            assert!(fault.mend.unwrap().as_str().contains("NOPASSWD: /usr/bin/wg show all dump"));
            return None;
        }
        Err(fault) => panic!("{fault}"),
    };
    let Answer::Seen { observations, memory } = answer else { panic!("unchanged") };
    let kept = format!("{observations:?}{memory:?}{}", serde_json::to_string(&observations[0].fact).unwrap());
    for secret in ["gate.key", "roman.key", "roman.psk"] {
        assert!(!kept.contains(&text(lab, secret)), "{secret} is in the facts");
    }
    match observations.into_iter().next().unwrap().fact {
        Fact::WireguardPeers(peers) => Some(peers),
        other => panic!("{other:?}"),
    }
}

/// Whoever logs in is who runs this.
fn over_ssh(lab: &Lab) {
    if sshd::there_is_sshd() {
        handshakes_are_read(lab, Some(&sshd::Sshd::start("")));
    }
}

fn handshakes_are_read(lab: &Lab, server: Option<&sshd::Sshd>) {
    let Some(told) = peers(lab, server) else { return };
    let of = |name: &str| {
        let key = text(lab, &format!("{name}.pub"));
        told.peers.iter().find(|peer| peer.public_key == *key).unwrap()
    };
    assert_eq!((told.peers.len(), told.odd_rows), (3, 0));
    assert_eq!(told.state(of("roman")), Handshake::Active);
    assert_eq!(of("roman").address().unwrap(), "127.0.0.1");
    assert!(of("roman").bytes_received > 0);
    for never in ["anna", "mallory"] {
        assert_eq!(told.state(of(never)), Handshake::Never);
    }
    assert!((told.asked_at.as_second() - now().as_second()).abs() < 30);
}

fn the_register_decides(lab: &Lab) {
    if peers(lab, None).is_none() {
        return;
    }
    let source = source(lab, None);
    let Answer::Seen { observations, .. } = ask(lab, &source).unwrap() else { panic!("unchanged") };
    let record = SourceRecord {
        id: source.id.clone(),
        declared: source.declared.clone(),
        seen: observations,
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: source.stale_after(),
    };
    let evidence = Evidence { sources: vec![record], configured: true, ..Evidence::default() };
    let zone = jiff::tz::TimeZone::UTC;
    let judged = evaluate(&Case { evidence: &evidence, limits: &Limits::default(), now: now(), zone: &zone });
    let of = |key: &str| {
        let judgement = judged.iter().find(|judgement| judgement.key().as_str() == format!("admin-via-vpn/{key}"));
        let judgement = judgement.unwrap_or_else(|| panic!("{key} is not in {judged:#?}"));
        (judgement.verdict, judgement.title.to_string())
    };
    let (verdict, title) = of("roman's phone");
    assert!(verdict == Verdict::Ok && title.starts_with("connected from 127.0.0.1"), "{title}");
    assert_eq!(of("anna's phone"), (Verdict::Ok, "never connected since its interface came up".to_owned()));
    assert_eq!(of("wg"), (Verdict::Ok, "1 peer connected".to_owned()));
    let (verdict, title) = of(&format!("wg/{}", text(lab, "mallory.pub").replace('/', "∕")));
    assert!(verdict == Verdict::Due && title.ends_with("never connected, but may"), "{title}");
}

fn without_wg(lab: &Lab) {
    let fault = ask(lab, &source(lab, Some("lab1"))).unwrap_err();
    assert_eq!(fault.said, "wg is not installed on lab1");
    assert_eq!(fault.mend.unwrap(), "apt-get install wireguard-tools on lab1");
}
