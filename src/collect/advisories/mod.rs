//! The collector `advisories`: the machine-readable truth about vulnerabilities, each source for itself.
//!
//! A source is a file with its parser and a line in `KINDS`. It is fetched conditionally, read as a stream within bounds,
//! and held against what is plausible before it replaces the last good copy.

mod archive;
mod bulletins;
mod epss;
mod json;
mod kev;
mod lines;
mod osv;
mod releases;
mod support;
mod tracker;
mod truth;

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use url::Url;

use super::tools::http::parse_written;
use super::{Collector, Source};
use crate::domain::facts::{Percent, TruthDeclared};
use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Declared, Fact, Fault, Period, Shown, SourceId, Subject, SubjectKind};
use truth::Truth;

pub const COLLECTOR: Collector = Collector {
    name: "advisories",
    sections: &[Section { name: "advisories", many: false, schema: || schema_for!(AdvisoriesEntry) }],
    plan,
};

/// Public sources are not asked more often.
const SHORTEST: Period = Period::minutes(1);
/// What a round's deadline leaves beyond the source's own.
const SPARE: Duration = Duration::from_secs(5);

/// What a source of this key says, unpacked, read as its source would; `None` for a key that there is not. For fuzzing.
pub fn parse(key: &str, mut said: &[u8]) -> Option<Result<Fact, Fault>> {
    let kind = KINDS.iter().find(|kind| kind.key == key)?;
    Some((kind.parse)(&mut said).map(|parsed| parsed.fact))
}

/// A kind of source.
#[derive(Debug)]
struct Kind {
    /// Its key in `[advisories]`.
    key: &'static str,
    /// Where it is public.
    url: &'static str,
    /// Watched while there is no configuration.
    built_in: bool,
    every: Period,
    /// Most bytes, packed or unpacked.
    cap: usize,
    /// From asking to having read it all.
    total: Duration,
    /// An archive of files: a folder of them on this machine is as good.
    archive: bool,
    /// What it counts: "vulnerabilities".
    noun: &'static str,
    /// Fewer are not believed.
    least: u64,
    parse: fn(&mut dyn BufRead) -> Result<Parsed, Fault>,
}

/// What a parser made of it.
#[derive(Debug, PartialEq)]
struct Parsed {
    fact: Fact,
    /// How many of the kind's noun there are.
    count: u64,
    /// The day that it says it is of.
    day: Option<Date>,
}

const KINDS: &[Kind] =
    &[tracker::KIND, bulletins::DSA, bulletins::DLA, releases::KIND, support::KIND, osv::KIND, kev::KIND, epss::KIND];

/// Where the machine-readable truth about advisories comes from; each may be a mirror or a `file:` address, packed with
/// gzip or not.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AdvisoriesEntry {
    /// Debian's security tracker: CVE, package, release, fixed version.
    debian_tracker: Option<String>,
    /// Debian's list of DSAs: CVEs and fixed versions.
    debian_dsa: Option<String>,
    /// The same for DLAs.
    debian_dla: Option<String>,
    /// Debian's releases and how long each is supported: `debian.csv` of distro-info-data, which Debian's servers have as
    /// `file:///usr/share/distro-info/debian.csv`.
    debian_releases: Option<String>,
    /// Packages with less support than their release: the lists of debian-security-support, in an archive, or a folder of them
    /// (`file:///usr/share/debian-security-support`).
    debian_support: Option<String>,
    /// The Drupal security team's database of advisories, in OSV form: an archive, `.tar.gz` or `.tar`, or a folder of its
    /// files (`file:///srv/drupal-advisory-database`).
    drupal_osv: Option<String>,
    /// CISA's catalogue of exploited vulnerabilities, as JSON.
    kev: Option<String>,
    /// FIRST's probabilities of exploitation, as CSV.
    epss: Option<String>,
    /// An advisory whose vulnerability `epss` holds to be likelier exploited than this share of all asks again where it was
    /// decided on before. Default: `95%`.
    likely: Option<Percent>,
    /// How often all of them are asked; else each in its own time, from hourly to every 6 hours.
    every: Option<Period>,
}

/// What stands once in the section and counts for its sources.
#[derive(Debug, Clone, Copy, Default)]
struct Terms {
    every: Option<Period>,
    likely: Option<Percent>,
}

impl AdvisoriesEntry {
    fn addresses(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("debian_tracker", &self.debian_tracker),
            ("debian_dsa", &self.debian_dsa),
            ("debian_dla", &self.debian_dla),
            ("debian_releases", &self.debian_releases),
            ("debian_support", &self.debian_support),
            ("drupal_osv", &self.drupal_osv),
            ("kev", &self.kev),
            ("epss", &self.epss),
        ];
        all.into_iter().filter_map(|(key, url)| Some((key, url.as_deref()?)))
    }
}

fn plan(entries: &[Entry], register: &Register, _refresh: Period) -> Result<Vec<Source>, Vec<Misfit>> {
    let (mut sources, mut misfits) = (Vec::new(), Vec::new());
    let mut typed: Vec<(&Entry, AdvisoriesEntry)> = Vec::new();
    for entry in entries {
        match entry.read() {
            Ok(read) => typed.push((entry, read)),
            Err(misfit) => misfits.push(misfit),
        }
    }
    // The section may be spread over several files: each key is in one of them, and counts for all.
    let terms = Terms {
        every: typed.iter().find_map(|(_, typed)| typed.every),
        likely: typed.iter().find_map(|(_, typed)| typed.likely),
    };
    for (entry, typed) in &typed {
        planned(entry, typed, terms, &mut sources, &mut misfits);
    }
    if typed.iter().all(|(_, typed)| typed.epss.is_none())
        && let Some((entry, _)) = typed.iter().find(|(_, typed)| typed.likely.is_some())
    {
        misfits.push(entry.misfit(Some("likely"), "is held against what epss says: name its address as `epss` too"));
    }
    if !misfits.is_empty() {
        return Err(misfits);
    }
    if !register.configured {
        let built_in = KINDS.iter().filter(|kind| kind.built_in);
        sources
            .extend(built_in.filter_map(|kind| {
                Some(source(kind, Url::parse(kind.url).ok()?, Terms::default(), "built in".into()))
            }));
    }
    Ok(sources)
}

fn planned(entry: &Entry, typed: &AdvisoriesEntry, terms: Terms, sources: &mut Vec<Source>, misfits: &mut Vec<Misfit>) {
    if typed.every.is_some_and(|every| every < SHORTEST) {
        let message = format!("sources of advisories are not asked more often than every {SHORTEST}");
        misfits.push(entry.misfit(Some("every"), message));
    }
    for (key, text) in typed.addresses() {
        match parse_written(text) {
            Ok(url) => sources.extend(
                KINDS
                    .iter()
                    .filter(|kind| kind.key == key)
                    .map(|kind| source(kind, url.clone(), terms, entry.place.clone())),
            ),
            Err(message) => misfits.push(entry.misfit(Some(key), message)),
        }
    }
}

fn source(kind: &'static Kind, url: Url, terms: Terms, place: Shown) -> Source {
    let subject = Subject::new(SubjectKind::Feed, kind.key);
    let declared = TruthDeclared {
        key: kind.key.into(),
        url: Shown::line(url.as_str()),
        likely: terms.likely.filter(|_| kind.key == epss::KIND.key),
    };
    Source {
        id: SourceId::new(COLLECTOR.name, kind.key),
        every: terms.every.unwrap_or(kind.every),
        deadline: kind.total + SPARE,
        declared: vec![Declared { subject, fact: Fact::TruthDeclared(declared), place }],
        ask: Arc::new(Truth { kind, url }),
    }
}

#[cfg(test)]
mod tests;
