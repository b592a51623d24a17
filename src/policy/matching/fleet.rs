//! [`Fleet`]: what the servers carry, put together so that each (source, version, release) is judged once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::kernel::{Image, Running, kernel_source};
use super::state::backported;
use crate::domain::facts::{HostSeen, Packages, Release};
use crate::domain::{Declared, Evidence, Fact, Read, Shown, SourceRecord};

#[derive(Debug)]
pub struct Server<'a> {
    pub name: &'a Shown,
    /// `host web1`: under this a finding keeps how it stands.
    pub item: Shown,
    pub source: &'a SourceRecord,
    /// When it said what is judged here.
    pub at: Option<Timestamp>,
    /// Why it cannot be judged now, if so. What it said last may still be here.
    pub doubt: Option<Shown>,
}

/// Servers with the same packages on the same release.
#[derive(Debug)]
pub struct Set<'a> {
    pub release: &'a str,
    pub packages: &'a Packages,
    pub images: Vec<Image<'a>>,
    /// Its parts, by which kernel runs.
    pub classes: Vec<usize>,
}

/// Servers of one set on which the same kernel runs: nothing tells them apart here.
#[derive(Debug)]
pub struct Class<'a> {
    pub running: Running<'a>,
    /// Servers whose answer can be judged by.
    pub heard: Vec<usize>,
    /// Servers of which this is only what they said last.
    pub doubted: Vec<usize>,
}

/// A version of one source package on one release, and the sets that carry it.
#[derive(Debug)]
pub struct Triple<'a> {
    pub release: &'a str,
    pub version: &'a str,
    pub sets: Vec<usize>,
}

#[derive(Debug, Default)]
pub struct Fleet<'a> {
    pub servers: Vec<Server<'a>>,
    pub sets: Vec<Set<'a>>,
    pub classes: Vec<Class<'a>>,
    heard: usize,
    carried: HashMap<&'a str, Vec<Triple<'a>>>,
    /// Kernel source → sets with an image of it.
    kernels: BTreeMap<String, Vec<usize>>,
}

impl<'a> Fleet<'a> {
    pub fn of(evidence: &'a Evidence, now: Timestamp) -> Self {
        let mut fleet = Self::default();
        let mut known = HashMap::new();
        for source in &evidence.sources {
            for declared in source.declared.iter().filter(|one| matches!(one.fact, Fact::HostDeclared(_))) {
                let heard = Heard::of(source, declared);
                let doubt = source.doubt(now).or_else(|| heard.trouble());
                if let Some((release, packages, running)) = heard.judged() {
                    let key = (Arc::as_ptr(packages), release);
                    let set = *known.entry(key).or_insert_with(|| fleet.add(release, packages));
                    fleet.join(set, running, doubt.is_none());
                }
                fleet.heard += usize::from(doubt.is_none());
                let name = &declared.subject.name;
                fleet.servers.push(Server { name, item: format!("host {name}").into(), source, at: heard.at, doubt });
            }
        }
        fleet
    }

    fn add(&mut self, release: &'a str, packages: &'a Packages) -> usize {
        let set = self.sets.len();
        let mut images: Vec<Image<'a>> = Vec::new();
        for package in &packages.packages {
            let source = package.source.as_str();
            if source.starts_with("linux") && kernel_source(source).is_some() {
                // Headers, manuals and tools of its source are no kernel.
                images.extend(Image::of(package));
                continue;
            }
            let version = package.source_version.as_str();
            let triples = self.carried.entry(source).or_default();
            match triples.iter_mut().find(|triple| triple.version == version && triple.release == release) {
                Some(triple) if triple.sets.last() == Some(&set) => {}
                Some(triple) => triple.sets.push(set),
                None => triples.push(Triple { release, version, sets: vec![set] }),
            }
        }
        for image in &images {
            let sets = self.kernels.entry(image.source.clone()).or_default();
            if sets.last() != Some(&set) {
                sets.push(set);
            }
        }
        self.sets.push(Set { release, packages, images, classes: Vec::new() });
        set
    }

    /// The versions of a source that servers carry. Kernels are not here.
    pub fn carried(&self, source: &str) -> &[Triple<'a>] {
        self.carried.get(source).map_or(&[], Vec::as_slice)
    }

    /// Every source package that servers carry, and its versions. Kernels are not here.
    pub fn sources(&self) -> impl Iterator<Item = (&'a str, &[Triple<'a>])> {
        self.carried.iter().map(|(source, triples)| (*source, triples.as_slice()))
    }

    /// The servers of some sets that can be judged by, by name.
    pub fn names(&self, sets: &[usize]) -> Vec<&'a str> {
        let classes = sets.iter().flat_map(|set| &self.sets[*set].classes);
        let servers = classes.flat_map(|class| &self.classes[*class].heard);
        let mut names: Vec<&str> = servers.map(|server| self.servers[*server].name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Sets with a kernel image of this source.
    pub fn kernels(&self, source: &str) -> &[usize] {
        self.kernels.get(source).map_or(&[], Vec::as_slice)
    }

    pub fn carries(&self, source: &str) -> bool {
        !self.carried(source).is_empty() || !self.kernels(source).is_empty()
    }

    /// Versions from backports, by source: the fixes of their release say nothing of them.
    pub fn backports(&self) -> Vec<(&str, &Triple<'a>)> {
        let mut found: Vec<(&str, &Triple<'a>)> = Vec::new();
        for (source, triples) in &self.carried {
            found.extend(triples.iter().filter(|one| backported(one.version).is_some()).map(|one| (*source, one)));
        }
        found.sort_by_key(|(source, triple)| (*source, triple.version));
        found
    }

    /// Servers whose answer can be judged by.
    pub fn heard(&self) -> usize {
        self.heard
    }

    /// Servers that answered, and of which it is not known which of their kernels runs.
    pub fn dark_kernels(&self) -> Vec<usize> {
        let of_set = |set: &'_ Set<'a>| -> Vec<usize> {
            let classes = set.classes.iter().map(|class| &self.classes[*class]);
            classes.filter(|class| class.running.is_dark(&set.images)).flat_map(|class| &class.heard).copied().collect()
        };
        let mut servers: Vec<usize> = self.sets.iter().flat_map(of_set).collect();
        servers.sort_unstable();
        servers
    }

    /// How many servers can be judged by of the sets that several lists name.
    pub fn heard_in_any<'s>(&self, lists: impl Iterator<Item = &'s [usize]>) -> usize {
        let mut named = vec![false; self.sets.len()];
        for set in lists.flatten() {
            named[*set] = true;
        }
        let sets: Vec<usize> = (0..named.len()).filter(|set| named[*set]).collect();
        self.heard_in(&sets)
    }

    /// How many servers of some sets can be judged by.
    pub fn heard_in(&self, sets: &[usize]) -> usize {
        let classes = sets.iter().flat_map(|set| &self.sets[*set].classes);
        classes.map(|class| self.classes[*class].heard.len()).sum()
    }

    /// The server that comes next belongs to this set.
    fn join(&mut self, set: usize, running: Running<'a>, heard: bool) {
        let mine = self.sets[set].classes.iter().copied().find(|class| self.classes[*class].running == running);
        let class = mine.unwrap_or_else(|| {
            self.classes.push(Class { running, heard: Vec::new(), doubted: Vec::new() });
            self.sets[set].classes.push(self.classes.len() - 1);
            self.classes.len() - 1
        });
        let server = self.servers.len();
        let class = &mut self.classes[class];
        if heard { class.heard.push(server) } else { class.doubted.push(server) }
    }
}

/// Servers of the register whose packages their last answer does not tell.
pub fn unreadable(evidence: &Evidence) -> HashSet<&str> {
    let mut names = HashSet::new();
    for source in &evidence.sources {
        let hosts = source.declared.iter().filter(|one| matches!(one.fact, Fact::HostDeclared(_)));
        let dark = hosts.filter(|declared| Heard::of(source, declared).judged().is_none());
        names.extend(dark.map(|declared| declared.subject.name.as_str()));
    }
    names
}

/// The last answer of one server.
struct Heard<'a> {
    at: Option<Timestamp>,
    host: Option<&'a HostSeen>,
    packages: Option<&'a Arc<Packages>>,
}

impl<'a> Heard<'a> {
    fn of(source: &'a SourceRecord, declared: &Declared) -> Self {
        let mut heard = Self { at: None, host: None, packages: None };
        for seen in source.seen.iter().filter(|seen| seen.subject == declared.subject) {
            match &seen.fact {
                Fact::HostSeen(host) => (heard.host, heard.at) = (Some(&**host), Some(seen.at)),
                Fact::Packages(packages) if !packages.packages.is_empty() => heard.packages = Some(packages),
                _ => {}
            }
        }
        heard
    }

    fn judged(&self) -> Option<(&'a str, &'a Arc<Packages>, Running<'a>)> {
        let host = self.host?;
        let release = host.release.seen().filter(|release| is_debian(release))?;
        Some((release.codename.as_str(), self.packages?, Running::of(host)))
    }

    /// Why its packages can't be held against Debian's lists, though it answered.
    fn trouble(&self) -> Option<Shown> {
        match self.host.map(|host| &host.release) {
            None => Some("its last answer says nothing of this server".into()),
            _ if self.packages.is_none() => Some("its packages could not be read".into()),
            Some(Read::Unreadable(fault)) => Some(format!("its release is unknown: {}", fault.said).into()),
            Some(Read::Seen(release)) if !is_debian(release) => {
                Some(format!("{} is not Debian, whose advisories say nothing of it", release.pretty).into())
            }
            Some(Read::Seen(_)) => None,
        }
    }
}

fn is_debian(release: &Release) -> bool {
    release.id == "debian" && !release.codename.is_empty()
}
