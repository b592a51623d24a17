//! How a VPN's clients are asked for.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::history;
use super::parse::{Flaw, Status, Written, parse_status};
use super::pki::read_pki;
use super::sessions;
use super::settings::Ways;
use crate::collect::tools::Tools;
use crate::collect::tools::shell::FileRead;
use crate::collect::{Answer, Ask, Asked, observed};
use crate::domain::facts::{VpnClients, VpnPki};
use crate::domain::register::Place;
use crate::domain::{Fact, Fault, Interface, Read, Shown, Subject};

/// Most bytes of a status file, which is about 20,000 clients.
const CAP: usize = 4 << 20;
/// Between two readings of a file that was being rewritten: OpenVPN is done in milliseconds.
const PAUSE: Duration = Duration::from_secs(1);
/// How far a status's own time and its file's time may be apart.
const SLACK: i64 = 5;

/// An OpenVPN server. Its status file is preferred, since reading it takes nothing from anybody; the management
/// interface, where there is one too, is asked when the file can't be read.
#[derive(Debug)]
pub struct Watch {
    subject: Subject,
    ways: Ways,
}

impl Watch {
    pub fn new(subject: Subject, ways: Ways) -> Self {
        Self { subject, ways }
    }

    async fn clients(&self, tools: &Tools) -> Result<VpnClients, Fault> {
        let (status, management) = (&self.ways.status, &self.ways.interface);
        let file = match status {
            Some(place) => match read_file(tools, place).await {
                Ok(clients) => return Ok(clients),
                Err(fault) => Some(fault),
            },
            None => None,
        };
        match (file, management) {
            (None, Some(management)) => ask_management(tools, management).await,
            (Some(file), Some(management)) => match ask_management(tools, management).await {
                Ok(mut clients) => {
                    clients.told_by = format!("{}, because {}", clients.told_by, file.said).into();
                    Ok(clients)
                }
                Err(fault) => Err(Fault {
                    said: format!("{}; {}", file.said, fault.said).into(),
                    mend: file.mend.or(fault.mend),
                    passing: file.passing || fault.passing,
                }),
            },
            (Some(file), None) => Err(file),
            (None, None) => Err(Fault::new("nothing says where its clients are listed")),
        }
    }

    async fn pki(&self, tools: &Tools) -> Option<VpnPki> {
        match &self.ways.pki {
            Some(place) => Some(read_pki(tools, place).await),
            None => None,
        }
    }
}

async fn ask_management(tools: &Tools, management: &Interface) -> Result<VpnClients, Fault> {
    let status = sessions::ask(tools, management).await?;
    let written_at = match status.written {
        Written::At(at) => Read::Seen(at),
        Written::Local(_) | Written::Unsaid => Read::unreadable("the management interface did not say its time"),
    };
    Ok(clients(status, written_at, format!("management interface {management}").into()))
}

impl Ask for Watch {
    fn ask<'a>(&'a self, tools: &'a Tools, memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async move {
            let (clients, pki) = tokio::join!(self.clients(tools), self.pki(tools));
            let at = (tools.now)();
            let clients = clients?;
            let mut history = history::remembered(memory, at);
            history::add_clients(&mut history, &clients);
            let memory = serde_json::to_string(&history).ok();
            let facts = [Some(Fact::VpnClients(clients)), pki.map(Fact::VpnPki), Some(Fact::VpnHistory(history))];
            let seen = facts.into_iter().flatten().map(|fact| observed(self.subject.clone(), at, fact));
            Ok(Answer::Seen { observations: seen.collect(), memory })
        })
    }

    fn interface(&self) -> Option<Interface> {
        self.ways.interface.clone()
    }
}

/// A status that nobody dates.
pub(super) fn told(said: &[u8]) -> Result<VpnClients, Fault> {
    let status = parse_status(said).map_err(|flaw| Fault::new(flaw.said()))?;
    Ok(clients(status, Read::unreadable("nobody dates it"), Shown::default()))
}

async fn read_file(tools: &Tools, place: &Place) -> Result<VpnClients, Fault> {
    read_whole(place, || tools.shell.read_file(place, CAP)).await
}

/// Reads a status file; once more when it looks as if OpenVPN was just writing it.
pub(super) async fn read_whole<F: Future<Output = Result<FileRead, Fault>>>(
    place: &Place,
    read: impl Fn() -> F,
) -> Result<VpnClients, Fault> {
    let file = read().await?;
    match parse_status(&file.bytes) {
        Ok(status) if !status.torn => return Ok(from_file(status, &file, place)),
        Err(flaw @ Flaw::Foreign(_)) => return Err(unfit(place, flaw)),
        Ok(_) | Err(Flaw::Torn(_)) => {}
    }
    tokio::time::sleep(PAUSE).await;
    let file = read().await?;
    match parse_status(&file.bytes) {
        Ok(status) => Ok(from_file(status, &file, place)),
        Err(flaw) => Err(unfit(place, flaw)),
    }
}

fn from_file(status: Status, file: &FileRead, place: &Place) -> VpnClients {
    let written_at = match status.written {
        Written::At(at) => Read::Seen(at),
        Written::Local(local) => dated_by_file(local, file.modified),
        Written::Unsaid => Read::unreadable("the status does not say when it was written"),
    };
    let told_by = format!("status file {}, version {}", shown(place), status.version).into();
    clients(status, written_at, told_by)
}

fn clients(status: Status, written_at: Read<Timestamp>, told_by: Shown) -> VpnClients {
    VpnClients { written_at, clients: status.clients, ambiguous: status.ambiguous, told_by }
}

/// Version 1 tells local time of a zone that it does not name. The file's own time dates it when both can be the same
/// moment in some zone of the world: a whole number of quarters of an hour apart. A file that was copied later fails.
fn dated_by_file(local: DateTime, modified: Timestamp) -> Read<Timestamp> {
    let Ok(as_utc) = TimeZone::UTC.to_timestamp(local) else {
        return Read::unreadable("the status tells a time that does not exist");
    };
    let apart = as_utc.as_second() - modified.as_second();
    let rest = apart.rem_euclid(900);
    if rest.min(900 - rest) <= SLACK && (-12 * 3_600 - SLACK..=14 * 3_600 + SLACK).contains(&apart) {
        return Read::Seen(modified);
    }
    let fault = Fault::new(format!(
        "the status says {local} in a zone that it does not name, which does not fit its file's time, {modified}"
    ));
    Read::Unreadable(
        fault.mend("set `status-version 3` in the OpenVPN server's configuration: it tells its time in full"),
    )
}

fn unfit(place: &Place, flaw: Flaw) -> Fault {
    let (passing, mend) = match flaw {
        Flaw::Torn(_) => (true, "look whether OpenVPN still writes it, and whether its disk is full"),
        Flaw::Foreign(_) => (false, "correct `status` to the file that the server's `status` line names"),
    };
    let fault = Fault::new(format!("{} can't be read as a status: {}", shown(place), flaw.said())).mend(mend);
    Fault { passing, ..fault }
}

fn shown(place: &Place) -> Shown {
    match place.server.ssh {
        Some(_) => format!("{}:{}", place.server.name, place.path).into(),
        None => place.path.as_str().into(),
    }
}
