//! The collector `sites`: the Drupal sites of the register, each by its `composer.lock`.
//!
//! Its configuration is the register's `sites = [{ name, root }]` of a `[[server]]`. The lock is read in one bounded
//! reading, locally or over ssh; nothing of the site is run.

mod parse;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::tools::Tools;
use super::{Answer, Ask, Asked, Collector, Source, observed};
use crate::domain::facts::SiteDeclared;
use crate::domain::register::{Place, Register, Server, Site};
use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Declared, Fact, Fault, Period, Shown, SourceId, Subject, SubjectKind};

pub const COLLECTOR: Collector = Collector { name: "sites", sections: &[], plan };

/// Counts up when the same bytes would be read differently: what an older version made of them is then read again.
const READER: u32 = 1;
/// With waiting for its turn behind servers that hang.
const DEADLINE: Duration = Duration::from_secs(150);
/// A lock of five hundred packages is one megabyte.
const CAP: usize = 8 << 20;

#[expect(clippy::unnecessary_wraps, reason = "every collector's plan has this shape")]
fn plan(_entries: &[Entry], register: &Register, every: Period) -> Result<Vec<Source>, Vec<Misfit>> {
    let mut copies: HashMap<&Shown, usize> = HashMap::new();
    for site in register.servers.iter().flat_map(|server| &server.sites) {
        *copies.entry(&site.name).or_default() += 1;
    }
    let of = |server| move |site| (server, site);
    let sites = register.servers.iter().flat_map(|server| server.sites.iter().map(of(server)));
    Ok(sites.map(|(server, site)| source(server, site, copies[&site.name] > 1, every)).collect())
}

/// A site that several servers carry is one on each of them: they may differ.
fn source(server: &Server, site: &Site, copied: bool, every: Period) -> Source {
    let name: Shown = if copied { format!("{} on {}", site.name, server.name).into() } else { site.name.clone() };
    let root = site.root.to_string_lossy().into_owned();
    let subject = Subject::new(SubjectKind::Site, name.clone());
    let fact = Fact::SiteDeclared(SiteDeclared { server: server.name.clone(), root: Shown::line(&root) });
    let path = format!("{}/composer.lock", root.trim_end_matches('/'));
    Source {
        id: SourceId::new(COLLECTOR.name, name),
        every,
        deadline: DEADLINE,
        declared: vec![Declared { subject: subject.clone(), fact, place: server.place.clone() }],
        ask: Arc::new(Lock { subject, place: Place { server: server.clone(), path } }),
    }
}

/// One site's `composer.lock`.
struct Lock {
    subject: Subject,
    place: Place,
}

impl Ask for Lock {
    fn ask<'a>(&'a self, tools: &'a Tools, memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async move {
            let mend = "root of the site must be the folder that holds composer.lock";
            let read = tools.shell.read_file(&self.place, CAP).await.map_err(|fault| match fault.mend {
                Some(_) => fault,
                None => fault.mend(mend),
            })?;
            let known = remembered(READER, &read.bytes);
            if memory == Some(known.as_str()) {
                return Ok(Answer::Unchanged);
            }
            let seen = parse::parse_lock(&read.bytes).map_err(|said| {
                Fault::new(format!("{}: {said}", self.place.path)).mend("composer validate says more")
            })?;
            let observations = vec![observed(self.subject.clone(), (tools.now)(), Fact::SiteSeen(seen))];
            Ok(Answer::Seen { observations, memory: Some(known) })
        })
    }
}

fn remembered(reader: u32, bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let short = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    format!("{reader} {short:032x}")
}

#[cfg(test)]
mod tests;
