//! What the declared ports speak, as this console hears it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::collect::tools::Tools;
use crate::collect::tools::talk::ask_speech;
use crate::domain::facts::{PortAnswer, Protocol, Speech, View};
use crate::domain::register::Server;
use crate::domain::{Port, Read, Transport};

/// Ports that are talked to, and how many at once.
const PORTS: usize = 16;
const AT_ONCE: usize = 4;
const CERTIFICATE: Duration = Duration::from_secs(10);

/// Talks to each declared port that is open for this console, at one address each.
pub(super) async fn hear(tools: &Tools, server: &Server, names: &[String], view: &View) -> Vec<Speech> {
    let mut places: Vec<(Port, IpAddr)> = Vec::new();
    for one in view.tried.seen().into_iter().flatten() {
        let declared = server.ports.iter().flatten().any(|declared| declared.covers(one.port));
        let open = one.answer == PortAnswer::Open && one.port.transport == Transport::Tcp;
        if declared && open && places.iter().all(|(port, _)| *port != one.port) && places.len() < PORTS {
            places.push((one.port, one.address));
        }
    }
    let own = names.iter().map(String::as_str).chain(server.sites.iter().map(|site| site.name.as_str()));
    let name = own.into_iter().find(|name| name.parse::<IpAddr>().is_err());
    let mut talks = Vec::new();
    for (port, address) in places {
        talks.push(talk(tools, SocketAddr::new(address, port.number), name));
    }
    stream::iter(talks).buffered(AT_ONCE).filter_map(std::future::ready).collect().await
}

async fn talk(tools: &Tools, place: SocketAddr, name: Option<&str>) -> Option<Speech> {
    let address = place.ip().to_string();
    let host = name.unwrap_or(&address);
    let mut speech = ask_speech(place, host).await?;
    if speech.protocol == Protocol::Tls {
        let certificate = tools.tls.certificate(host, place.port(), (tools.now)(), CERTIFICATE).await;
        speech.certificate = Some(Read::from(certificate));
        speech.named = name.is_some();
    }
    Some(speech)
}
