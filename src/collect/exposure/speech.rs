//! What the declared ports speak, as this console hears it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::collect::tools::Tools;
use crate::collect::tools::talk::{Door, ask_speech};
use crate::domain::facts::{CertificateSeen, PortAnswer, Protocol, Speech, Unheard, View};
use crate::domain::register::Server;
use crate::domain::{Fault, Port, Read, Transport};

/// How many ports are talked to at once. All of them come to what is tried of a server at most ([`super::ports`]).
const AT_ONCE: usize = 8;
const CERTIFICATE: Duration = Duration::from_secs(10);

/// What was heard, and of which ports nothing was.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) spoken: Vec<Speech>,
    pub(super) unheard: Vec<Unheard>,
}

/// Ports whose usual protocol is one that is judged.
const AT_HOME: [u16; 15] = [21, 22, 23, 25, 80, 110, 143, 443, 465, 587, 990, 993, 995, 8080, 8443];

/// Talks to each declared port that is open for this console, at one address each.
pub(super) async fn hear(tools: &Tools, server: &Server, names: &[String], view: &View) -> Heard {
    let mut places: Vec<(Port, IpAddr)> = Vec::new();
    for one in view.tried.seen().into_iter().flatten() {
        let declared = server.ports.iter().flatten().any(|declared| declared.covers(one.port));
        let open = one.answer == PortAnswer::Open && one.port.transport == Transport::Tcp;
        if declared && open && places.iter().all(|(port, _)| *port != one.port) {
            places.push((one.port, one.address));
        }
    }
    let own = names.iter().map(String::as_str).chain(server.sites.iter().map(|site| site.name.as_str()));
    let name = own.into_iter().find(|name| name.parse::<IpAddr>().is_err());
    let mut talks = Vec::new();
    for (port, address) in places {
        talks.push(talk(tools, SocketAddr::new(address, port.number), name));
    }
    let mut heard = Heard::default();
    for told in stream::iter(talks).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match told {
            Ok(speech) => heard.spoken.push(speech),
            Err(unheard) => heard.unheard.push(unheard),
        }
    }
    heard
}

async fn talk(tools: &Tools, place: SocketAddr, name: Option<&str>) -> Result<Speech, Unheard> {
    let address = place.ip().to_string();
    let host = name.unwrap_or(&address);
    let speech = ask_speech(place, host).await;
    let mut speech = speech.map_err(|fault| unheard(place.port(), fault))?;
    let behind = (speech.starttls == Some(true)).then_some(speech.protocol);
    if speech.protocol == Protocol::Tls || behind.is_some() {
        let door = Door { place, name: host, behind };
        speech.certificate = Some(Read::from(certificate(tools, &door).await));
        speech.named = name.is_some();
    }
    Ok(speech)
}

async fn certificate(tools: &Tools, door: &Door<'_>) -> Result<CertificateSeen, Fault> {
    let stream = door.open().await?;
    tools.tls.certificate_on(stream, (door.name, door.place.port()), (tools.now)(), CERTIFICATE).await
}

/// Something that answers in its own way is a database or a name server, often: what it says is none of ours. Where mail,
/// ftp or the web is at home it may be one of them all the same, that is slow or does not like us.
fn unheard(port: u16, fault: Fault) -> Unheard {
    let foreign = !fault.passing && !AT_HOME.contains(&port);
    Unheard { port: Port::tcp(port), why: fault.said, foreign }
}
