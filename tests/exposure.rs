//! Ports as a server behind a real sshd sees them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod sshd;

use std::net::{TcpListener, UdpSocket};

use jiff::Timestamp;
use matins::collect::tools::Tools;
use matins::collect::{ALL, Answer};
use matins::domain::facts::{PortAnswer, Side, View, Views};
use matins::domain::register::{Register, Server};
use matins::domain::settings::Entry;
use matins::domain::{Fact, Period, Port};
use sshd::{Sshd, server, there_is_sshd};

async fn look(gate: &Sshd, target: Server) -> Views {
    let collector = ALL.iter().find(|collector| collector.name == "exposure").unwrap();
    let value = serde_json::json!({ "outside": "gate" });
    let entry = Entry { section: "exposure", value, place: "a.toml:1".into(), index: 0 };
    let servers = vec![target, server("gate", Some("web1"))];
    let register = Register { servers, persons: Vec::new(), configured: true };
    let source = (collector.plan)(&[entry], &register, Period::minutes(15)).unwrap().remove(0);
    let tools = Tools { shell: gate.shell(), ..Tools::new(Timestamp::now).unwrap() };
    let Answer::Seen { observations, .. } = source.ask.ask(&tools, None).await.unwrap() else { panic!("it answers") };
    match observations.into_iter().next().unwrap().fact {
        Fact::Views(exposure) => exposure,
        other => panic!("{other:?}"),
    }
}

fn answer(view: &View, port: Port) -> PortAnswer {
    view.tried.seen().unwrap().iter().find(|one| one.port == port).unwrap().answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_outside_sees_the_same_ports_as_this_console() {
    if !there_is_sshd() {
        return;
    }
    let gate = Sshd::start("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
    let open = Port::tcp(listener.local_addr().unwrap().port());
    let (echoing, closed) = (Port::udp(echo.local_addr().unwrap().port()), Port::udp(1194));
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while let Ok((count, from)) = echo.recv_from(&mut bytes) {
            echo.send_to(&bytes[..count], from).unwrap();
        }
    });
    let ports = [open, echoing, closed].map(|port| port.to_string().parse().unwrap());
    let target = Server { ports: Some(ports.into()), addresses: vec!["127.0.0.1".into()], ..server("db1", None) };
    let exposure = look(&gate, target).await;
    let sides: Vec<(Side, &str)> = exposure.views.iter().map(|view| (view.side, view.by.as_str())).collect();
    assert_eq!(sides, [(Side::Outside, "gate"), (Side::Here, "this console")]);
    for view in &exposure.views {
        assert_eq!(answer(view, open), PortAnswer::Open, "{:?}", view.side);
        assert_eq!(answer(view, echoing), PortAnswer::Open, "{:?}", view.side);
        assert_eq!(answer(view, closed), PortAnswer::Refused, "{:?}", view.side);
        // Tried without being declared.
        assert_eq!(answer(view, Port::tcp(6379)), PortAnswer::Refused, "{:?}", view.side);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_perl_can_not_look_and_says_how_it_could() {
    if !there_is_sshd() {
        return;
    }
    let gate = Sshd::start("ForceCommand PATH=/nowhere /bin/sh -s");
    let target = Server { addresses: vec!["127.0.0.1".into()], ports: Some(Vec::new()), ..server("db1", None) };
    let exposure = look(&gate, target).await;
    let fault = exposure.views[0].tried.as_result().unwrap_err();
    assert_eq!(fault.said, "gate has no perl to try ports with");
    assert_eq!(fault.mend.as_ref().unwrap(), "install perl-base there");
    assert!(exposure.views[1].tried.seen().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_of_ssh_is_where_its_configuration_leads() {
    if !there_is_sshd() {
        return;
    }
    let gate = Sshd::start("");
    let exposure = look(&gate, server("front", Some("web1"))).await;
    assert_eq!(exposure.ssh, Some(Port::tcp(gate.port)));
    let here = exposure.from_side(Side::Here).next().unwrap();
    assert_eq!(answer(here, Port::tcp(gate.port)), PortAnswer::Open);
    // A listening port is tried although nobody declared it: at least sshd's own.
    assert!(here.tried.seen().unwrap().len() > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_ask_what_listens_leaves_word_of_it() {
    if !there_is_sshd() {
        return;
    }
    let gate = Sshd::start("ForceCommand echo only the probe >&2; exit 126");
    let views = look(&gate, server("front", Some("web1"))).await;
    assert!(views.unlisted.is_some());
    let gate = Sshd::start("");
    assert_eq!(look(&gate, server("front", Some("web1"))).await.unlisted, None);
}
