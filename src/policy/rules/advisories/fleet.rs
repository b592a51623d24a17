//! [`Fleet`]: what the servers have installed and pending, by source package, put together once for all advisories.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::domain::facts::{HostSeen, Packages, Pending};
use crate::domain::{Evidence, Fact, Judgement, Read, Shown, SourceRecord, SubjectKind, age, counted};
use crate::policy::matching::State;

/// Most servers that a chain names one by one.
const NAMED: usize = 6;

#[derive(Default)]
pub(super) struct Fleet<'a> {
    hosts: Vec<Host<'a>>,
    /// Servers that never said anything of use.
    blank: usize,
    /// Source package → hosts.
    installed: HashMap<Cow<'a, str>, Vec<usize>>,
    /// Source package → pending security updates of its packages.
    pending: HashMap<Cow<'a, str>, Vec<(usize, &'a Pending)>>,
}

struct Host<'a> {
    name: &'a Shown,
    source: &'a SourceRecord,
    seen: &'a HostSeen,
    at: Timestamp,
    /// Why this is only what it said last, if so.
    doubt: Option<Shown>,
}

impl<'a> Fleet<'a> {
    pub(super) fn of(evidence: &'a Evidence, now: Timestamp) -> Self {
        let (installed, pending) = (HashMap::new(), HashMap::new());
        let mut fleet = Self { hosts: Vec::new(), blank: 0, installed, pending };
        for source in &evidence.sources {
            for declared in &source.declared {
                if let Fact::HostDeclared(_) = &declared.fact {
                    fleet.add(source, &declared.subject.name, now);
                }
            }
        }
        fleet
    }

    /// Servers whose answer can be judged by.
    pub(super) fn heard(&self) -> usize {
        self.hosts.iter().filter(|host| host.doubt.is_none()).count()
    }

    /// Servers that are silent now and said something once.
    pub(super) fn has_old_answers(&self) -> bool {
        self.hosts.iter().any(|host| host.doubt.is_some())
    }

    fn len(&self) -> usize {
        self.hosts.len() + self.blank
    }

    fn add(&mut self, source: &'a SourceRecord, name: &'a Shown, now: Timestamp) {
        match seen(source, name) {
            None => self.blank += 1,
            Some((seen, packages, at)) => {
                let host = self.hosts.len();
                self.hosts.push(Host { name, source, seen, at, doubt: source.doubt(now) });
                self.index(host, seen, packages);
            }
        }
    }

    fn index(&mut self, host: usize, seen: &'a HostSeen, packages: &'a Packages) {
        let mut sources: HashMap<&str, &str> = HashMap::with_capacity(packages.packages.len());
        for package in &packages.packages {
            sources.insert(package.name.as_str(), package.source.as_str());
            for source in names(package.source.as_str()) {
                let hosts = self.installed.entry(source).or_default();
                if hosts.last() != Some(&host) {
                    hosts.push(host);
                }
            }
        }
        for pending in seen.pending.seen().into_iter().flatten().filter(|pending| pending.security) {
            let package = pending.package.as_str();
            // A package that comes new has no source here; its own name is the best guess.
            for source in names(sources.get(package).copied().unwrap_or(package)) {
                self.pending.entry(source).or_default().push((host, pending));
            }
        }
    }

    /// How an advisory on these source packages, out since then, concerns each server.
    pub(super) fn concern(&self, packages: &[Shown], out_since: Option<Timestamp>) -> Concern<'a> {
        let mut concern = Concern::default();
        let heard = |host: &&usize| self.hosts[**host].doubt.is_none();
        for package in packages {
            concern.installed.extend(self.installed.get(package.as_str()).into_iter().flatten().filter(heard));
            for (host, pending) in self.pending.get(package.as_str()).into_iter().flatten() {
                if !heard(&host) {
                    concern.lost.insert(*host);
                    continue;
                }
                concern.installed.insert(*host);
                concern.pending.entry(*host).or_insert((self.hosts[*host].name, Vec::new())).1.push(*pending);
            }
        }
        for host in concern.installed.iter().filter(|host| !concern.pending.contains_key(host)) {
            if let Some(why) = self.hosts[*host].unsure(out_since) {
                concern.unsure.insert(*host, why);
            }
        }
        concern
    }
}

/// What it said last.
fn seen<'a>(source: &'a SourceRecord, name: &Shown) -> Option<(&'a HostSeen, &'a Packages, Timestamp)> {
    let (mut host, mut packages) = (None, None);
    for seen in &source.seen {
        if seen.subject.kind != SubjectKind::Host || seen.subject.name != *name {
            continue;
        }
        match &seen.fact {
            Fact::HostSeen(fact) => host = Some((&**fact, seen.at)),
            Fact::Packages(fact) if !fact.packages.is_empty() => packages = Some(fact),
            _ => {}
        }
    }
    let (host, at) = host?;
    Some((host, packages?, at))
}

impl Host<'_> {
    /// Why "nothing is pending" does not count here.
    fn unsure(&self, out_since: Option<Timestamp>) -> Option<Shown> {
        if let Read::Unreadable(fault) = &self.seen.pending {
            return Some(Shown::line(&format!("pending updates cannot be read: {fault}")));
        }
        match (&self.seen.lists_at, out_since) {
            (Read::Unreadable(fault), _) => {
                Some(Shown::line(&format!("the age of its package lists is unknown: {fault}")))
            }
            (Read::Seen(lists), Some(out)) if *lists < out => {
                Some(format!("its package lists, {} old, are older than the advisory", age(*lists, self.at)).into())
            }
            _ => None,
        }
    }
}

/// The names under which an advisory may mean a source package. What is signed for secure boot is built from another
/// source (`linux-signed-amd64` from `linux`), and advisories name that one.
fn names(source: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let unsigned = source.find("-signed").map(|at| {
        let base = &source[..at];
        let base =
            ["-amd64", "-arm64", "-armhf", "-i386"].iter().find_map(|arch| base.strip_suffix(arch)).unwrap_or(base);
        Cow::Borrowed(if base == "grub-efi" { "grub2" } else { base })
    });
    std::iter::once(Cow::Borrowed(source)).chain(unsigned)
}

/// One advisory against the fleet. Hosts are numbers of [`Fleet::hosts`].
#[derive(Default)]
pub(super) struct Concern<'a> {
    installed: BTreeSet<usize>,
    pub(super) pending: BTreeMap<usize, (&'a Shown, Vec<&'a Pending>)>,
    pub(super) unsure: BTreeMap<usize, Shown>,
    /// Silent servers on which an update was pending when they were heard last.
    pub(super) lost: BTreeSet<usize>,
}

impl Concern<'_> {
    /// Since when each of its updates has been seen pending.
    pub(super) fn pending_since(&self, evidence: &Evidence) -> Option<Timestamp> {
        let seen = |(name, pending): &(&Shown, Vec<&Pending>)| {
            pending.iter().filter_map(|one| first_seen(evidence, name, one)).min()
        };
        self.pending.values().filter_map(seen).min()
    }

    pub(super) fn installed_on(&self, fleet: &Fleet<'_>) -> String {
        let (all, heard) = (fleet.len(), fleet.heard());
        match (self.installed.len(), heard) {
            (0, 0) => String::new(),
            (0, heard) if heard == all => format!("not installed on any of {}", servers(all)),
            (0, heard) => format!("not installed on {} that answered", servers(heard)),
            (some, _) => format!("installed on {some} of {}", servers(all)),
        }
    }

    pub(super) fn state(&self) -> String {
        let mut parts = Vec::new();
        if !self.pending.is_empty() {
            parts.push(format!("a security update is pending on {}", self.pending.len()));
        } else if !self.installed.is_empty() && self.unsure.is_empty() {
            parts.push("no security update of it is pending".to_owned());
        }
        if !self.unsure.is_empty() {
            parts.push(format!("{} cannot tell yet", self.unsure.len()));
        }
        if !self.lost.is_empty() {
            parts.push(format!("it was pending on {} when last heard", self.lost.len()));
        }
        parts.join(" · ")
    }

    /// `web1, web2 and 3 more`.
    pub(super) fn pending_hosts(&self, fleet: &Fleet<'_>) -> String {
        let names: Vec<&str> = self.pending.keys().take(4).map(|host| fleet.hosts[*host].name.as_str()).collect();
        let more = self.pending.len() - names.len();
        if more == 0 { names.join(", ") } else { format!("{} and {more} more", names.join(", ")) }
    }

    pub(super) fn mend(&self, fleet: &Fleet<'_>) -> Option<Shown> {
        if let Some(host) = self.unsure.keys().next() {
            let name = fleet.hosts[*host].name;
            return Some(format!("apt-get update on {name}, or wait until its lists are fetched").into());
        }
        let silent = &fleet.hosts[*self.lost.first()?];
        let mend = silent.source.fault.as_ref().and_then(|fault| fault.mend.as_ref());
        Some(mend.map_or_else(
            || format!("make {} answer", silent.name).into(),
            |mend| format!("{}: {mend}", silent.name).into(),
        ))
    }

    /// How the servers stand, as the history keeps it and as people group by it.
    pub(super) fn standings(&self, fleet: &Fleet<'_>, mut judged: Judgement) -> Judgement {
        let item = |host: &usize| format!("host {}", fleet.hosts[*host].name);
        for host in self.pending.keys().chain(&self.lost) {
            judged = judged.asking(item(host), State::Vulnerable.word());
        }
        for host in self.unsure.keys() {
            judged = judged.standing(item(host), State::Unknown.word());
        }
        judged
    }

    /// The chain's part that the servers say: first those that matter.
    pub(super) fn because(&self, fleet: &Fleet<'_>, mut judged: Judgement, evidence: &Evidence) -> Judgement {
        let mut said: Vec<(Shown, Option<Timestamp>, String)> = Vec::new();
        for (host, (name, pending)) in self.pending.iter().take(NAMED) {
            let updates: Vec<String> = pending.iter().take(4).map(|one| update(evidence, name, one)).collect();
            let host = &fleet.hosts[*host];
            said.push((host.source.id.to_string().into(), Some(host.at), updates.join("; ")));
        }
        for (host, why) in self.unsure.iter().take(NAMED) {
            let host = &fleet.hosts[*host];
            said.push((host.source.id.to_string().into(), Some(host.at), why.to_string()));
        }
        for host in self.lost.iter().take(NAMED).map(|host| &fleet.hosts[*host]) {
            let doubt = host.doubt.as_ref().map_or_else(String::new, ToString::to_string);
            said.push((host.source.id.to_string().into(), Some(host.at), format!("it was pending; now {doubt}")));
        }
        let clear = |host: &&usize| !self.pending.contains_key(host) && !self.unsure.contains_key(host);
        for host in self.installed.iter().filter(clear).take(NAMED) {
            let host = &fleet.hosts[*host];
            said.push((host.source.id.to_string().into(), Some(host.at), "installed, nothing pending".to_owned()));
        }
        let clear = self.installed.iter().filter(clear).count();
        let all = self.pending.len() + self.unsure.len() + self.lost.len() + clear;
        let more = all.saturating_sub(NAMED);
        for (source, at, said) in said.into_iter().take(NAMED) {
            judged = judged.because(source, at, said);
        }
        if more > 0 { judged.because("servers", None, format!("and {more} more")) } else { judged }
    }
}

fn update(evidence: &Evidence, host: &Shown, one: &Pending) -> String {
    let installed = one.installed.as_ref().map_or("new", Shown::as_str);
    let since = first_seen(evidence, host, one).map_or_else(String::new, |at| format!(", pending since {at}"));
    format!("{} {installed} → {} from {}{since}", one.package, one.candidate, one.origin)
}

fn first_seen(evidence: &Evidence, host: &Shown, one: &Pending) -> Option<Timestamp> {
    evidence.first_seen(SubjectKind::Host, host, one.sighting().as_str())
}

fn servers(count: usize) -> String {
    counted(count, "server", "servers")
}
