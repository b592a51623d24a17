use serde_json::{Value, json};

use super::*;
use crate::domain::register::Destination;

#[expect(clippy::disallowed_methods, reason = "a test is an edge")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn entry(value: Value) -> Entry {
    Entry { section: "exposure", value, place: "register.toml:3".into(), index: 0 }
}

fn register() -> Register {
    let server = |name: &str| Server { name: name.into(), ssh: Destination::parse(name).ok(), ..Server::local() };
    let web1 = Server { ports: Some(vec!["tcp/443".parse().unwrap()]), ..server("web1") };
    Register { servers: vec![web1, server("gate"), Server::local()], persons: Vec::new(), configured: true }
}

fn planned(entries: &[Entry]) -> Vec<String> {
    plan(entries, &register(), Period::minutes(15)).unwrap().iter().map(|source| source.id.to_string()).collect()
}

fn misfit(value: Value) -> Misfit {
    plan(&[entry(value)], &register(), Period::minutes(15)).unwrap_err().remove(0)
}

#[test]
fn without_the_section_only_servers_with_declared_ports_are_looked_at() {
    assert_eq!(planned(&[]), ["exposure/web1"]);
    assert_eq!(planned(&[entry(json!({ "vpn": "gate" }))]).len(), 3);
    let unconfigured = Register { configured: false, ..register() };
    assert!(plan(&[], &unconfigured, Period::minutes(15)).unwrap().is_empty());
}

#[test]
fn a_section_that_makes_no_sense_is_told_at_its_key() {
    assert_eq!(misfit(json!({ "outside": "moon" })).key.as_deref(), Some("outside"));
    assert_eq!(misfit(json!({ "outside": "console", "vpn": "console" })).key.as_deref(), Some("vpn"));
    // A server that is this machine is the console.
    assert_eq!(misfit(json!({ "outside": "local", "vpn": "console" })).key.as_deref(), Some("vpn"));
    assert_eq!(misfit(json!({ "every": "1m" })).key.as_deref(), Some("every"));
}

async fn seen(server: Server, settings: Value) -> Views {
    let mut register = register();
    register.servers = vec![server];
    let source = plan(&[entry(settings)], &register, Period::minutes(15)).unwrap().remove(0);
    let tools = Tools::new(now).unwrap();
    let Answer::Seen { observations, .. } = source.ask.ask(&tools, None).await.unwrap() else { panic!("it answers") };
    match observations.into_iter().next().unwrap().fact {
        Fact::Views(exposure) => exposure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_answers_here_is_seen_at_every_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = Port::tcp(listener.local_addr().unwrap().port());
    let ports = Some(vec![port.to_string().parse().unwrap()]);
    let server = Server { ports, addresses: vec!["127.0.0.1".into(), "127.0.0.2".into()], ..Server::local() };
    let exposure = seen(server, json!({ "outside": "console" })).await;
    let view = &exposure.views[0];
    assert_eq!((exposure.views.len(), view.side, view.by.as_str()), (1, Side::Outside, "this console"));
    let answer = |address: &str| {
        let tried = view.tried.seen().unwrap();
        tried.iter().find(|one| one.port == port && one.address.to_string() == address).unwrap().answer
    };
    assert_eq!((answer("127.0.0.1"), answer("127.0.0.2")), (PortAnswer::Open, PortAnswer::Refused));
}

#[tokio::test]
async fn a_server_that_is_nowhere_is_unreadable_with_its_mend() {
    let exposure = seen(Server::local(), json!({ "outside": "console" })).await;
    let fault = exposure.views[0].tried.as_result().unwrap_err();
    assert!(fault.mend.as_ref().unwrap().as_str().contains("addresses"), "{fault}");
}

#[tokio::test]
async fn an_open_port_that_says_nothing_known_is_kept_and_so_are_many() {
    let mut listeners = Vec::new();
    for _ in 0..40 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listeners.push((listener.local_addr().unwrap().port(), listener));
    }
    let ports: Vec<_> = listeners.iter().map(|(port, _)| Port::tcp(*port).to_string().parse().unwrap()).collect();
    let answering: Vec<_> = listeners.into_iter().map(|(_, listener)| tokio::spawn(greet(listener))).collect();
    let server = Server { ports: Some(ports), addresses: vec!["127.0.0.1".into()], ..Server::local() };
    let views = seen(server, json!({ "outside": "console" })).await;
    assert_eq!((views.spoken.len(), views.unheard.len()), (0, 40));
    for one in &views.unheard {
        assert_eq!(one.why, "its greeting is of no known protocol", "{}", one.port);
    }
    answering.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn greet(listener: tokio::net::TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"moo\r\n").await.ok();
    }
}
