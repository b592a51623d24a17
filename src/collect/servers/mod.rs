//! The collector `servers`: this machine, and any number over ssh.
//!
//! Its configuration is the register itself (`[[server]]`). Each server is asked by one POSIX-sh script in one round trip
//! (`probe.sh`): unprivileged, read only. What the answer was made from is remembered as a digest, and the next time the
//! costly parts are left out when nothing of it has changed; else what is long and as it was is answered with its digest.
//! While services run replaced libraries all is asked: that somebody restarts them changes nothing of what the digest is of.

mod kept;
mod parse;
mod rights;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::tools::Tools;
use super::{Answer, Ask, Asked, Collector, Source, observed};
use crate::domain::facts::{HostDeclared, HostPower};
use crate::domain::register::{Register, Server};
use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Declared, Fact, Fault, Period, Read, SourceId, Subject};

use parse::sections::Sections;
pub use rights::{PROBE_PATH, authorized_key, installed_probe, sudoers};

pub const COLLECTOR: Collector = Collector { name: "servers", sections: &[], plan };

/// What is run on a server; `matins probe` shows it.
pub const PROBE: &str = include_str!("probe.sh");

/// What an answer says of who has power on a server and who is on it, read as its source would. For fuzzing.
pub fn parse_power(said: &[u8]) -> HostPower {
    parse::power::parse_power(&parse::sections::parse_sections(said))
}

/// From when it is its turn: a slow machine needs some seconds to read its package lists.
const ANSWER: Duration = Duration::from_secs(30);
/// With waiting for its turn behind servers that hang.
const DEADLINE: Duration = Duration::from_secs(150);
/// Two thousand packages are 200 KiB.
const CAP: usize = 4 << 20;
/// However well the digest fits, all is asked again after this long.
const WHOLE_EVERY: Period = Period::days(1);
/// A clock that moved by more than this against ours is news.
const DRIFT_SECONDS: u64 = 2;

#[expect(clippy::unnecessary_wraps, reason = "every collector's plan has this shape")]
fn plan(_entries: &[Entry], register: &Register, every: Period) -> Result<Vec<Source>, Vec<Misfit>> {
    let local = [Server::local()];
    let servers = if register.configured { register.servers.as_slice() } else { &local };
    Ok(servers.iter().map(|server| source(server, every)).collect())
}

fn source(server: &Server, every: Period) -> Source {
    let fact = Fact::HostDeclared(HostDeclared {
        ssh: server.ssh.as_ref().map(|destination| destination.as_str().into()),
        role: server.role.clone(),
        sites: server.sites.iter().map(|site| site.name.clone()).collect(),
        ports: server.ports.clone(),
        packages: server.packages.clone(),
    });
    let subject = Subject::host(server.name.clone());
    Source {
        id: SourceId::new(COLLECTOR.name, server.name.clone()),
        every,
        deadline: DEADLINE,
        declared: vec![Declared { subject, fact, place: server.place.clone() }],
        ask: std::sync::Arc::new(Probe { server: server.clone() }),
    }
}

/// Asks one server.
struct Probe {
    server: Server,
}

impl Ask for Probe {
    fn ask<'a>(&'a self, tools: &'a Tools, memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async move {
            let memory = memory.and_then(Memory::read);
            let kept = memory.as_ref().map_or_else(Sections::default, |memory| kept::unpack(&memory.kept));
            if let Some(known) = memory.as_ref().filter(|memory| memory.tells((tools.now)())) {
                match self.probe(tools, Some(known), &kept).await? {
                    (parse::Answer::Same { clock_skew_seconds }, _) if known.still_holds(&clock_skew_seconds) => {
                        return Ok(Answer::Unchanged);
                    }
                    (parse::Answer::Same { .. }, _) => {}
                    (whole, at) => return self.seen(tools, whole, at).await,
                }
            }
            let (whole, at) = self.probe(tools, None, &kept).await?;
            self.seen(tools, whole, at).await
        })
    }
}

impl Probe {
    async fn probe(
        &self,
        tools: &Tools,
        known: Option<&Memory>,
        kept: &Sections,
    ) -> Result<(parse::Answer, Timestamp), Fault> {
        let (digest, power) = known.map_or(("", String::new()), |known| (known.digest.as_str(), known.power.word()));
        let had = kept.offer();
        let script = format!("known='{digest}' power='{power}' had='{had}'\n{PROBE}");
        let ran = tools.shell.script(&self.server, &script, ANSWER, CAP).await?;
        let received = (tools.now)();
        Ok((parse::parse_answer(&ran.output, received, kept)?, received))
    }

    async fn seen(&self, tools: &Tools, answer: parse::Answer, at: Timestamp) -> Result<Answer, Fault> {
        let parse::Answer::Whole { host, exposure, mut people, software, packages, digest, power, sections } = answer
        else {
            return Err(Fault::new("the probe's answer makes no sense"));
        };
        people.own_key = match &self.server.key {
            Some(key) => tools.shell.fingerprint(key).await,
            None => None,
        };
        let subject = Subject::host(self.server.name.clone());
        let memory = digest.zip(host.clock_skew_seconds.seen()).and_then(|(digest, skew)| {
            let memory = Memory {
                probe: fingerprint(),
                digest,
                power,
                skew: *skew,
                outdated: host.outdated_services.seen().is_some_and(|services| !services.is_empty()),
                whole_at: at,
                kept: kept::pack(&sections),
            };
            serde_json::to_string(&memory).ok()
        });
        let mut observations = vec![
            observed(subject.clone(), at, Fact::HostSeen(host)),
            observed(subject.clone(), at, Fact::HostExposure(exposure)),
            observed(subject.clone(), at, Fact::HostPower(people)),
            observed(subject.clone(), at, Fact::HostSoftware(software)),
        ];
        observations.extend(packages.map(|packages| observed(subject, at, Fact::Packages(packages.into()))));
        Ok(Answer::Seen { observations, memory })
    }
}

/// What the last whole answer leaves for the next time.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    /// Of the script that answered: another asks other things.
    probe: String,
    digest: String,
    power: parse::Power,
    /// The server's clock minus ours, in seconds.
    skew: i64,
    /// Services ran replaced libraries: `systemctl restart` mends that, and leaves no trace in the digest.
    outdated: bool,
    whole_at: Timestamp,
    /// The long sections, packed.
    kept: String,
}

impl Memory {
    /// What was remembered, where it can still be used.
    fn read(text: &str) -> Option<Self> {
        let memory: Self = serde_json::from_str(text).ok()?;
        (memory.probe == fingerprint() && parse::is_digest(&memory.digest)).then_some(memory)
    }

    /// Whether the digest says that all is as it was.
    fn tells(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.whole_at);
        !self.outdated && !age.is_negative() && age < WHOLE_EVERY.as_duration()
    }

    fn still_holds(&self, skew: &Read<i64>) -> bool {
        skew.seen().is_some_and(|skew| skew.abs_diff(self.skew) <= DRIFT_SECONDS)
    }
}

fn fingerprint() -> String {
    let digest = Sha256::digest(PROBE);
    let short = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{short:016x}")
}
