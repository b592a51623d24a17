//! The collector `services`: the register of approved services, and how each one's URL answers.
//!
//! Every service is a source, also one without a URL: then there is nothing to ask, and what the register says of it
//! is all that is judged.

mod entry;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use self::entry::{SERVICE, read_entry};
use super::tools::Tools;
use super::{Answer, Ask, Asked, Collector, Source, observed};
use crate::domain::facts::ServiceSeen;
use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Declared, Fact, Fault, Link, Period, Read, SourceId, Subject, SubjectKind};

pub const COLLECTOR: Collector = Collector { name: "services", sections: &[SERVICE], plan };

/// For the certificate and for the answer each; they are asked for at the same time.
const LOOK: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(15);

fn plan(entries: &[Entry], _register: &Register, every: Period) -> Result<Vec<Source>, Vec<Misfit>> {
    let mut sources = Vec::new();
    let mut misfits = Vec::new();
    for entry in entries.iter().filter(|entry| entry.section == SERVICE.name) {
        match read_entry(entry) {
            Ok(service) => {
                let subject = Subject::new(SubjectKind::Service, service.name.clone());
                sources.push(Source {
                    id: SourceId::new(COLLECTOR.name, service.name),
                    every: service.every.unwrap_or(every),
                    deadline: DEADLINE,
                    ask: ask_of(&subject, service.declared.url.as_ref()),
                    declared: vec![Declared {
                        subject,
                        fact: Fact::ServiceDeclared(service.declared),
                        place: entry.place.clone(),
                    }],
                });
            }
            Err(misfit) => misfits.push(misfit),
        }
    }
    if misfits.is_empty() { Ok(sources) } else { Err(misfits) }
}

fn ask_of(subject: &Subject, url: Option<&Link>) -> Arc<dyn Ask> {
    let parsed = url.and_then(|link| Some((link.clone(), Url::parse(link.as_str()).ok()?)));
    match parsed {
        Some((link, url)) => Arc::new(Look { subject: subject.clone(), link, url }),
        None => Arc::new(Nothing),
    }
}

/// A service without a URL.
struct Nothing;

impl Ask for Nothing {
    fn ask<'a>(&'a self, _tools: &'a Tools, _memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async { Ok(Answer::seen(Vec::new())) })
    }
}

/// One look at a URL: its certificate, and how it answers.
struct Look {
    subject: Subject,
    link: Link,
    url: Url,
}

impl Ask for Look {
    fn ask<'a>(&'a self, tools: &'a Tools, _memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(self.look(tools))
    }
}

impl Look {
    /// A fault when nothing at all could be read, so that the last good answer stays and ages. A server that presents a
    /// certificate which does not verify is no fault: the certificate is seen, and only the answer is unreadable.
    async fn look(&self, tools: &Tools) -> Result<Answer, Fault> {
        let at = (tools.now)();
        let certificate = async {
            let encrypted = self.url.scheme() == "https";
            match (encrypted, self.url.host_str(), self.url.port_or_known_default()) {
                (true, Some(host), Some(port)) => Some(tools.tls.certificate(host, port, at, LOOK).await),
                _ => None,
            }
        };
        let (certificate, reached) = tokio::join!(certificate, tools.http.look(&self.url, LOOK));
        let reached = match (reached, &certificate) {
            (Ok(reached), _) => Read::Seen(reached),
            (Err(fault), Some(Ok(_))) => Read::Unreadable(fault),
            // What the handshake met says more than "error sending request".
            (Err(_), Some(Err(fault))) => return Err(fault.clone()),
            (Err(fault), None) => return Err(fault),
        };
        let seen = ServiceSeen { url: self.link.clone(), reached, certificate: certificate.map(Read::from) };
        Ok(Answer::seen(vec![observed(self.subject.clone(), at, Fact::ServiceSeen(seen))]))
    }
}

#[cfg(test)]
mod tests;
