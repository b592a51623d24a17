//! Debian's security tracker: seventy megabytes of JSON, read as they come, of which a tenth is kept.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Kind, Parsed, json};
use crate::domain::facts::{Fix, Issue, IssueState, NoDsa, Tracker, Urgency};
use crate::domain::version::is_version;
use crate::domain::{Fact, Fault, Period, Shown};

pub(super) const KIND: Kind = Kind {
    key: "debian_tracker",
    url: "https://security-tracker.debian.org/tracker/data/json",
    built_in: true,
    every: Period::hours(2),
    cap: 512 << 20,
    total: Duration::from_secs(120),
    archive: false,
    noun: "source packages",
    least: 100,
    parse,
};

/// More releases than Debian ever had at once.
const RELEASES: usize = 64;

fn parse(source: &mut dyn BufRead) -> Result<Parsed, Fault> {
    let reading = RefCell::new(Reading::default());
    let packages = json::read(source, Packages(&reading), || reading.borrow().place())?;
    let count = packages.len() as u64;
    let releases = reading.into_inner().releases;
    Ok(Parsed { fact: Fact::DebianTracker(Arc::new(Tracker { releases, packages })), count, day: None })
}

/// What is shared by all that is read, and where the reading is.
#[derive(Default)]
struct Reading {
    releases: Vec<Shown>,
    texts: HashSet<Shown>,
    package: Shown,
    issue: Shown,
}

impl Reading {
    fn place(&self) -> Option<String> {
        (!self.package.is_empty()).then(|| format!("{} {}", self.package, self.issue).trim_end().to_owned())
    }

    /// Texts that occur many times are held once.
    fn shared(&mut self, text: &str) -> Shown {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new = Shown::line(text);
        self.texts.insert(new.clone());
        new
    }

    fn release(&mut self, name: &str) -> Option<u8> {
        let at = self.releases.iter().position(|known| *known == *name).unwrap_or_else(|| {
            self.releases.push(Shown::line(name));
            self.releases.len() - 1
        });
        u8::try_from(at).ok().filter(|_| at < RELEASES)
    }
}

/// What may stand as a name: of a package, a release, an issue.
fn named<E: Error>(text: &str, what: &str) -> Result<(), E> {
    let good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte));
    if good { Ok(()) } else { Err(E::custom(format!("`{text}` is no name of {what}"))) }
}

/// {package: {issue: …}}
struct Packages<'a>(&'a RefCell<Reading>);

impl<'de> DeserializeSeed<'de> for Packages<'_> {
    type Value = BTreeMap<Shown, Vec<Issue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Packages<'_> {
    type Value = BTreeMap<Shown, Vec<Issue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("packages by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut packages = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            named(&name, "a package")?;
            let name = Shown::line(&name);
            self.0.borrow_mut().package = name.clone();
            let issues = map.next_value_seed(Issues(self.0))?;
            self.0.borrow_mut().issue = Shown::default();
            packages.entry(name).or_insert_with(Vec::new).extend(issues);
        }
        Ok(packages)
    }
}

/// {issue: {scope, releases: …}}
struct Issues<'a>(&'a RefCell<Reading>);

impl<'de> DeserializeSeed<'de> for Issues<'_> {
    type Value = Vec<Issue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Issues<'_> {
    type Value = Vec<Issue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("issues by id")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut issues = Vec::new();
        while let Some(id) = map.next_key::<String>()? {
            named(&id, "an issue")?;
            let id = self.0.borrow_mut().shared(&id);
            self.0.borrow_mut().issue = id.clone();
            let (remote, states) = map.next_value_seed(OneIssue(self.0))?;
            issues.push(Issue { id, remote, states });
        }
        Ok(issues)
    }
}

struct OneIssue<'a>(&'a RefCell<Reading>);

impl<'de> DeserializeSeed<'de> for OneIssue<'_> {
    type Value = (Option<bool>, Vec<(u8, IssueState)>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneIssue<'_> {
    type Value = (Option<bool>, Vec<(u8, IssueState)>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an issue")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut remote, mut states) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "scope" => remote = map.next_value::<Option<String>>()?.map(|scope| scope == "remote"),
                "releases" => states = Some(map.next_value_seed(States(self.0))?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok((remote, states.ok_or_else(|| A::Error::missing_field("releases"))?))
    }
}

/// `{release: {status, fixed_version, …}}`; an empty list, which hand-made mirrors write, is an empty map.
struct States<'a>(&'a RefCell<Reading>);

impl<'de> DeserializeSeed<'de> for States<'_> {
    type Value = Vec<(u8, IssueState)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for States<'_> {
    type Value = Vec<(u8, IssueState)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("states by release")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(Vec::new()),
            Some(_) => Err(A::Error::custom("a list where states by release are expected")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut states = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            named(&name, "a release")?;
            let number = self.0.borrow_mut().release(&name);
            let number = number.ok_or_else(|| A::Error::custom("more releases than Debian has"))?;
            let written = map.next_value::<Written>()?;
            states.push((number, written.meant(&mut self.0.borrow_mut()).map_err(A::Error::custom)?));
        }
        Ok(states)
    }
}

/// A release's state as the tracker writes it.
#[derive(Deserialize)]
struct Written {
    status: Status,
    fixed_version: Option<String>,
    urgency: Option<String>,
    nodsa: Option<IgnoredAny>,
    nodsa_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Resolved,
    Open,
    Undetermined,
}

impl Written {
    fn meant(self, reading: &mut Reading) -> Result<IssueState, String> {
        let fix = match (self.status, self.fixed_version.as_deref()) {
            (Status::Open, _) => Fix::Open,
            (Status::Undetermined, _) => Fix::Undetermined,
            (Status::Resolved, Some("0")) => Fix::NotAffected,
            (Status::Resolved, Some(version)) if is_version(version) => Fix::In(reading.shared(version)),
            (Status::Resolved, Some(version)) => return Err(format!("`{version}` is no version")),
            (Status::Resolved, None) => return Err("resolved, without the version that does it".to_owned()),
        };
        // One or two asterisks: graded by a machine.
        let urgency = match self.urgency.as_deref().map(|urgency| urgency.trim_end_matches('*')) {
            Some("unimportant") => Urgency::Unimportant,
            Some("low") => Urgency::Low,
            Some("medium") => Urgency::Medium,
            Some("high") => Urgency::High,
            Some("end-of-life") => Urgency::EndOfLife,
            None | Some("not yet assigned" | "") => Urgency::NotYetAssigned,
            Some(other) => return Err(format!("`{other}` is no urgency")),
        };
        let no_dsa = match self.nodsa_reason.as_deref() {
            Some("ignored") => Some(NoDsa::Ignored),
            Some("postponed") => Some(NoDsa::Postponed),
            Some(_) => Some(NoDsa::Minor),
            None => self.nodsa.map(|_| NoDsa::Minor),
        };
        Ok(IssueState { fix, urgency, no_dsa })
    }
}

#[cfg(test)]
mod tests;
