//! What no advisory tells, each in one line with its number: vulnerabilities without a fix, fixes that came without an
//! advisory, and servers that cannot be judged.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{MEASURE, counted, listed, titled};
use crate::domain::facts::{Tracker, Urgency};
use crate::domain::{Judgement, Link, Shown, Subject, SubjectKind, Verdict};
use crate::policy::matching::{Fleet, Open, State, Told, Truth, open};

fn judgement(name: impl Into<Shown>, verdict: Verdict, title: Shown) -> Judgement {
    Judgement::new(MEASURE, Subject::new(SubjectKind::Advisory, name), verdict, title)
}

/// Vulnerabilities that rows of advisories ask about already, each in one source, release and version: an advisory may
/// leave out another release whose servers are as far behind.
pub(super) type Covered<'r> = HashSet<(&'r str, &'r str, &'r str, &'r str)>;

/// What the tracker alone tells.
pub(super) fn of_tracker(fleet: &Fleet<'_>, truth: &Truth<'_>, covered: &Covered<'_>) -> Vec<Judgement> {
    let Some(told) = &truth.tracker else { return Vec::new() };
    let all = open(fleet, told.fact);
    let (mut fixable, unfixable): (Vec<&Open<'_, '_>>, Vec<&Open<'_, '_>>) = all
        .iter()
        .filter(|one| one.of_release.urgency != Urgency::Unimportant)
        .partition(|one| one.fixed_in().is_some());
    let unimportant = all.iter().filter(|one| one.of_release.urgency == Urgency::Unimportant).count();
    fixable.retain(|one| !covered.contains(&(one.issue.id.as_str(), one.source, one.release, one.version)));
    let exploited = exploited_of(truth, &fixable);
    fixable.retain(|one| !exploited.contains_key(one.issue.id.as_str()));
    let lines = Lines { fleet, truth, told };
    let rows = exploited.iter().map(|(cve, open)| lines.exploited(cve, open));
    let rows = rows.chain([lines.without_fix(&unfixable, unimportant), lines.without_advisory(&fixable)]);
    // That nothing is wrong can't be said by a tracker that may be out of date; that it is silent says its own row.
    rows.filter(|row| told.doubt.is_none() || row.verdict != Verdict::Ok).collect()
}

type ByCve<'o, 'f, 'a> = BTreeMap<&'f str, Vec<&'o Open<'f, 'a>>>;

fn exploited_of<'o, 'f, 'a>(truth: &Truth<'_>, open: &[&'o Open<'f, 'a>]) -> ByCve<'o, 'f, 'a> {
    let mut exploited: ByCve<'o, 'f, 'a> = BTreeMap::new();
    for one in open.iter().filter(|one| truth.exploited_since(one.issue.id.as_str()).is_some()) {
        exploited.entry(one.issue.id.as_str()).or_default().push(one);
    }
    exploited
}

struct Lines<'r, 'a> {
    fleet: &'r Fleet<'a>,
    truth: &'r Truth<'a>,
    told: &'r Told<'a, Tracker>,
}

impl Lines<'_, '_> {
    fn begin(&self, name: &str, verdict: Verdict, parts: &[String]) -> Judgement {
        let doubt = self.told.doubt.as_ref().map(|doubt| format!("the tracker is {doubt}"));
        let title = titled(&[parts, &doubt.clone().into_iter().collect::<Vec<_>>()].concat());
        let (issues, packages) =
            (self.told.fact.packages.values().map(Vec::len).sum::<usize>(), self.told.fact.packages.len());
        let said = doubt.unwrap_or_else(|| {
            let issues = counted(issues, "vulnerability", "vulnerabilities");
            format!("{issues} of {}", counted(packages, "package", "packages"))
        });
        judgement(name, verdict, title).because(self.told.source.id.to_string(), self.told.source.good_at, said)
    }

    fn servers(&self, open: &[&Open<'_, '_>]) -> usize {
        self.fleet.heard_in_any(open.iter().map(|one| &*one.sets))
    }

    /// One that is exploited and whose fix came without an advisory.
    fn exploited(&self, cve: &str, open: &[&Open<'_, '_>]) -> Judgement {
        let fixes: BTreeSet<String> = open
            .iter()
            .filter_map(|one| Some(format!("{} {} in {}", one.source, one.fixed_in()?, one.release)))
            .collect();
        let fixes = listed(&fixes.into_iter().collect::<Vec<_>>(), 4);
        let servers = counted(self.servers(open), "server", "servers");
        let since = self.truth.exploited_since(cve).map(|date| format!(", known since {date}")).unwrap_or_default();
        let judged = self
            .begin(
                cve,
                Verdict::Broken,
                &["exploited".into(), format!("{servers} vulnerable"), format!("fixed by {fixes}")],
            )
            .mend(format!("apt-get update and apt-get upgrade: {fixes}"))
            .asking("exploited", format!("{cve}{since}"))
            .link(Link::parse(&format!("https://security-tracker.debian.org/tracker/{cve}")))
            .weight(95);
        let judged = self.standings(judged, open);
        self.because_exploited(judged, &[cve])
    }

    /// Which servers it concerns and what mends it: by these it is found under each of them.
    fn standings(&self, judged: Judgement, open: &[&Open<'_, '_>]) -> Judgement {
        let fixes = open.iter().filter_map(|one| Some((one.source, one.release, one.fixed_in()?)));
        let judged = fixes.collect::<BTreeSet<_>>().into_iter().fold(judged, |judged, (source, release, fix)| {
            judged.standing(format!("fix {source} {release}"), fix.clone())
        });
        let classes = open.iter().flat_map(|one| &*one.sets).flat_map(|set| &self.fleet.sets[*set].classes);
        let servers = classes.flat_map(|class| &self.fleet.classes[*class].heard).collect::<BTreeSet<_>>();
        servers.into_iter().fold(judged, |judged, server| {
            judged.asking(format!("host {}", self.fleet.servers[*server].name), State::Vulnerable.word())
        })
    }

    fn because_exploited(&self, judged: Judgement, cves: &[&str]) -> Judgement {
        let Some(catalogue) = &self.truth.exploited else { return judged };
        let id = catalogue.source.id.to_string();
        let said = match cves {
            [] if catalogue.doubt.is_some() => {
                "whether one is exploited is not known: the catalogue may be out of date".to_owned()
            }
            [] => format!("none of them is among {} exploited ones", catalogue.fact.listed.len()),
            some => format!("{} exploited", listed(&some.iter().map(ToString::to_string).collect::<Vec<_>>(), 6)),
        };
        judged.because(id, catalogue.source.good_at, said)
    }

    fn without_fix(&self, open: &[&Open<'_, '_>], unimportant: usize) -> Judgement {
        let cves: BTreeSet<&str> = open.iter().map(|one| one.issue.id.as_str()).collect();
        let packages: BTreeSet<&str> = open.iter().map(|one| one.source).collect();
        let passed = open.iter().filter(|one| one.of_release.no_dsa.is_some()).map(|one| one.issue.id.as_str());
        let passed = passed.collect::<BTreeSet<_>>().len();
        let exploited: Vec<&str> = exploited_of(self.truth, open).into_keys().collect();
        let verdict = if exploited.is_empty() { Verdict::Ok } else { Verdict::Due };
        let catalogue = self.truth.exploited.as_ref().and_then(Told::trusted).is_some();
        let parts = [
            format!(
                "{} of {} without a fix",
                counted(cves.len(), "vulnerability", "vulnerabilities"),
                counted(packages.len(), "package", "packages")
            ),
            match exploited.len() {
                0 if cves.is_empty() || !catalogue => String::new(),
                0 => "none exploited".to_owned(),
                some => format!("{some} exploited"),
            },
            if passed == 0 { String::new() } else { format!("no advisory is planned for {passed}") },
        ];
        let judged = self.begin("no fix yet", verdict, &parts).detail(&by_package(open, unimportant));
        let judged = if cves.is_empty() { judged } else { self.because_exploited(judged, &exploited) };
        let judged =
            exploited.iter().fold(judged, |judged, cve| judged.asking(format!("exploited {cve}"), "no fix yet"));
        if verdict == Verdict::Ok {
            judged.weight(10)
        } else {
            let packages =
                open.iter().filter(|one| exploited.contains(&one.issue.id.as_str())).map(|one| one.source.to_owned());
            let packages: BTreeSet<String> = packages.collect();
            let packages = listed(&packages.into_iter().collect::<Vec<_>>(), 4);
            judged.mend(format!("do without {packages} until it is fixed, or accept it")).weight(80)
        }
    }

    fn without_advisory(&self, open: &[&Open<'_, '_>]) -> Judgement {
        let name = "fixes without an advisory";
        let cves: BTreeSet<&str> = open.iter().map(|one| one.issue.id.as_str()).collect();
        let packages: BTreeSet<&str> = open.iter().map(|one| one.source).collect();
        if cves.is_empty() {
            return self.begin(name, Verdict::Ok, &["all installed".into()]).weight(10);
        }
        let parts = [
            format!(
                "{} of {} fixed in newer versions",
                counted(cves.len(), "vulnerability", "vulnerabilities"),
                counted(packages.len(), "package", "packages")
            ),
            format!("{} behind", counted(self.servers(open), "server", "servers")),
        ];
        let judged = self.begin(name, Verdict::Due, &parts).detail(&by_package(open, 0)).weight(35);
        judged.mend("apt-get update and apt-get upgrade: they came with a point release or an ordinary update")
    }
}

/// One line a package: what is installed, what fixes it, and its vulnerabilities.
fn by_package(open: &[&Open<'_, '_>], unimportant: usize) -> String {
    let mut packages: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for one in open {
        let fix = one.fixed_in().map_or_else(String::new, |fix| format!(" → {fix}"));
        let package = format!("{} {}{fix} ({})", one.source, one.version, one.release);
        packages.entry(package).or_default().insert(one.issue.id.as_str());
    }
    let mut lines: Vec<String> = packages
        .into_iter()
        .map(|(package, cves)| {
            let cves: Vec<String> = cves.into_iter().map(str::to_owned).collect();
            format!("{package}: {}", listed(&cves, 4))
        })
        .collect();
    if unimportant > 0 {
        lines.push(format!("and {unimportant} that Debian calls unimportant"));
    }
    lines.join("\n")
}
