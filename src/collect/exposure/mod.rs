//! The collector `exposure`: which ports of a server answer, from this console, from outside and from the VPN.
//!
//! Tried are the ports that the register declares, those on which the server listens, its ssh, and a short list of those
//! known for giving themselves away; over TCP a connection that says nothing, over UDP one datagram. Few at once, each a
//! moment after the other: harmless, and noticed only by who looks for it.

mod ports;
mod remote;
mod settings;
mod speech;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::Semaphore;

use self::settings::{EXPOSURE, Looker, Settings, read_settings};
use self::speech::Heard;
use super::tools::Tools;
use super::{Answer, Ask, Asked, Collector, Source, observed};
use crate::domain::facts::{PortAnswer, Side, Tried, View, Views, ViewsDeclared};
use crate::domain::register::{Register, Server};
use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Declared, Fact, Fault, Period, Port, Shown, SourceId, Subject, Transport};

pub const COLLECTOR: Collector = Collector { name: "exposure", sections: &[EXPOSURE], plan };

/// What the console is called where others are named.
const CONSOLE: &str = "this console";
/// With waiting for its turn.
const DEADLINE: Duration = Duration::from_secs(600);
/// Servers that are looked at at the same time.
const SERVERS: usize = 6;
/// Knocks at one server at the same time.
const KNOCKS: usize = 8;
const PATIENCE: Duration = Duration::from_millis(1_500);
/// For the second knock at a declared port that said nothing to the first: a lost packet must not look like a filter.
const MORE_PATIENCE: Duration = Duration::from_secs(4);
/// For asking the server itself on what it listens.
const LISTENING: Duration = Duration::from_secs(15);

/// Nothing is planned for a server whose ports nobody declared, as long as `[exposure]` isn't written either.
fn plan(entries: &[Entry], register: &Register, _every: Period) -> Result<Vec<Source>, Vec<Misfit>> {
    let settings = read_settings(entries, register).map_err(|misfit| vec![misfit])?;
    let turns = Arc::new(Semaphore::new(SERVERS));
    let servers = register.servers.iter().filter(|_| register.configured);
    let looked_at = servers.filter(|server| settings.written || server.ports.is_some());
    Ok(looked_at.map(|server| source(server, &settings, &turns)).collect())
}

fn source(server: &Server, settings: &Settings, turns: &Arc<Semaphore>) -> Source {
    let subject = Subject::host(server.name.clone());
    let named = |looker: &Option<Looker>| looker.as_ref().map(by);
    let fact = ViewsDeclared { outside: named(&settings.outside), vpn: named(&settings.vpn) };
    Source {
        id: SourceId::new(COLLECTOR.name, server.name.clone()),
        every: settings.every,
        deadline: DEADLINE,
        declared: vec![Declared { subject, fact: Fact::ViewsDeclared(fact), place: server.place.clone() }],
        ask: Arc::new(Look { server: server.clone(), settings: settings.clone(), turns: Arc::clone(turns) }),
    }
}

fn by(looker: &Looker) -> Shown {
    match looker {
        Looker::Console => CONSOLE.into(),
        Looker::Server(server) => server.name.clone(),
    }
}

/// Looks at one server from every side.
struct Look {
    server: Server,
    settings: Settings,
    turns: Arc<Semaphore>,
}

impl Ask for Look {
    fn ask<'a>(&'a self, tools: &'a Tools, _memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async move {
            let turn = self.turns.acquire().await;
            let answer = self.look(tools).await;
            drop(turn);
            answer
        })
    }
}

/// Where a server is, and what is tried there.
struct Target {
    /// Names or addresses for whoever stands outside, and for the VPN.
    public: Vec<String>,
    own: Vec<String>,
    ports: Vec<Port>,
}

impl Look {
    async fn look(&self, tools: &Tools) -> Result<Answer, Fault> {
        let led = self.led(tools).await?;
        let listening = self.listening(tools).await;
        let ssh = led.as_ref().map(|(_, port)| Port::tcp(*port));
        let own: Vec<String> = led.into_iter().map(|(host, _)| host).collect();
        let public = if self.server.addresses.is_empty() { own.clone() } else { self.server.addresses.clone() };
        let declared = self.server.ports.as_deref().unwrap_or_default();
        let own = if own.is_empty() { public.clone() } else { own };
        let target =
            Target { public, own, ports: ports::worth_trying(declared, ssh, listening.as_deref().unwrap_or_default()) };
        let views = self.views(tools, &target).await;
        let Heard { spoken, unheard } = match views.iter().find(|view| view.by == *CONSOLE) {
            Some(view) if view.side == Side::Vpn => speech::hear(tools, &self.server, &target.own, view).await,
            Some(view) => speech::hear(tools, &self.server, &target.public, view).await,
            None => Heard::default(),
        };
        let at = (tools.now)();
        let fact = Fact::Views(Views { views, ssh, spoken, unheard, unlisted: listening.err() });
        Ok(Answer::seen(vec![observed(Subject::host(self.server.name.clone()), at, fact)]))
    }

    /// Where the user's ssh configuration leads.
    async fn led(&self, tools: &Tools) -> Result<Option<(String, u16)>, Fault> {
        match &self.server.ssh {
            Some(destination) => tools.shell.led(destination).await.map(Some),
            None => Ok(None),
        }
    }

    /// What the server listens on makes the list longer, where it tells. A key that may run nothing but the probe, or a
    /// system without ss, leaves the list as it is, and that is told.
    async fn listening(&self, tools: &Tools) -> Result<Vec<Port>, Fault> {
        let ran = tools.shell.script(&self.server, "ss -Hltun", LISTENING, 256 << 10).await?;
        match ran.status {
            Some(0) => Ok(ports::parse_listening(&String::from_utf8_lossy(&ran.output))),
            Some(127) => Err(Fault::new("it has no ss to tell with").mend("install iproute2 there")),
            _ => Err(Fault::new(format!("it does not tell on what it listens: {}", ran.complaint()))),
        }
    }

    /// The console looks always; on which side it stands, the configuration says or nobody.
    async fn views(&self, tools: &Tools, target: &Target) -> Vec<View> {
        let sides = [(Side::Outside, &self.settings.outside), (Side::Vpn, &self.settings.vpn)];
        let here = sides.iter().all(|(_, looker)| **looker != Some(Looker::Console));
        let here = here.then_some((Side::Here, &Looker::Console));
        let named = sides.iter().filter_map(|(side, looker)| Some((*side, looker.as_ref()?)));
        let mut looks = Vec::new();
        for (side, looker) in named.chain(here) {
            looks.push(self.view(tools, target, side, looker));
        }
        futures_util::future::join_all(looks).await
    }

    async fn view(&self, tools: &Tools, target: &Target, side: Side, looker: &Looker) -> View {
        let names = if side == Side::Vpn { &target.own } else { &target.public };
        let tried = match looker {
            _ if names.is_empty() => Err(Fault::new("nobody wrote down where others reach it")
                .mend("write its names or addresses into `addresses` of the server")),
            Looker::Console => self.knock(tools, names, &target.ports).await,
            Looker::Server(server) if server.name == self.server.name => {
                Err(Fault::new("it can't look at itself from there").mend("name another server in [exposure]"))
            }
            Looker::Server(server) => remote::look(tools, server, names, &target.ports).await,
        };
        View { side, by: by(looker), tried: tried.into() }
    }

    async fn knock(&self, tools: &Tools, names: &[String], ports: &[Port]) -> Result<Vec<Tried>, Fault> {
        let mut addresses: Vec<IpAddr> = Vec::new();
        for name in names {
            addresses.extend(tools.knock.addresses(name).await?);
        }
        addresses.sort();
        addresses.dedup();
        let mut knocks = Vec::new();
        for address in addresses {
            knocks.extend(ports.iter().map(|port| self.knock_at(tools, address, *port)));
        }
        Ok(stream::iter(knocks).buffered(KNOCKS).collect().await)
    }

    async fn knock_at(&self, tools: &Tools, address: IpAddr, port: Port) -> Tried {
        let datagram = if port.transport == Transport::Udp { ports::datagram(port.number) } else { &[] };
        let mut answer = tools.knock.at(address, port, datagram, PATIENCE).await;
        let expected = self.server.ports.iter().flatten().any(|declared| declared.covers(port));
        if answer == PortAnswer::Silent && expected {
            answer = tools.knock.at(address, port, datagram, MORE_PATIENCE).await;
        }
        Tried { port, address, answer }
    }
}
