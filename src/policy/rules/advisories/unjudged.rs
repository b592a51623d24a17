//! What cannot be judged, all in one line: servers that don't answer have rows of their own elsewhere that say why.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{MEASURE, counted, listed, titled};
use crate::domain::{Judgement, Shown, Subject, SubjectKind, Verdict};
use crate::policy::matching::{Fleet, Truth};

/// Most reasons that the chain names.
const NAMED: usize = 6;

const UNSAID: &str = "read them on security-tracker.debian.org: do they concern these releases?";

/// How many advisories were asked about, and of how many of them nobody tells how some server stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'r> {
    pub(super) advisories: usize,
    pub(super) untold: usize,
    /// Those that name no fix for a release, and whose vulnerabilities the tracker does not know there.
    pub(super) unsaid: &'r [String],
    /// Source and version of what comes from other repositories.
    pub(super) elsewhere: &'r BTreeSet<(String, String)>,
}

pub(super) fn not_judged(fleet: &Fleet<'_>, truth: &Truth<'_>, asked: Asked<'_>) -> Option<Judgement> {
    let tracker = truth.tracker.as_ref().map(|told| told.fact);
    let kept = |release: &str| tracker.is_some_and(|tracker| tracker.releases.iter().any(|known| *known == *release));
    let (silent, unkept) = (silent(fleet), if tracker.is_some() { unkept(fleet, kept) } else { Vec::new() });
    let backports = if kept("sid") { Vec::new() } else { fleet.backports() };
    let (kernels, Asked { unsaid, elsewhere, .. }) = (fleet.dark_kernels(), asked);
    let some = |count: usize, text: String| if count == 0 { String::new() } else { text };
    // What the tracker alone could tell, while it can't be believed.
    let silenced = match &truth.tracker {
        Some(told) if told.doubt.is_none() => 0,
        _ => asked.untold,
    };
    let all = counted(fleet.servers.len(), "server", "servers");
    let others = [
        some(usize::from(fleet.servers.is_empty()), "there is no server in the register".to_owned()),
        some(silent.len(), format!("{} of {all}", silent.len())),
        some(unkept.len(), format!("{} of a release that is not kept", counted(unkept.len(), "server", "servers"))),
        some(backports.len(), format!("{} from backports", counted(backports.len(), "package", "packages"))),
        some(elsewhere.len(), format!("{} of other repositories", counted(elsewhere.len(), "package", "packages"))),
        some(kernels.len(), format!("the running kernel of {}", counted(kernels.len(), "server", "servers"))),
    ];
    let others: Vec<String> = others.into_iter().filter(|part| !part.is_empty()).collect();
    let tracker =
        some(silenced, format!("of {} only the tracker could tell", counted(silenced, "advisory", "advisories")));
    if others.is_empty() && silenced == 0 && unsaid.is_empty() {
        return None;
    }
    let asked = counted(asked.advisories, "advisory", "advisories");
    let asked = some(others.len(), format!("{asked} not judged there"));
    let missing = counted(unsaid.len(), "advisory", "advisories");
    let missing = some(unsaid.len(), format!("of {missing} nobody tells for every release"));
    let title = titled(&[&others[..], &[tracker, missing, asked]].concat());
    let subject = Subject::new(SubjectKind::Advisory, "servers not judged");
    let mut judged = Judgement::new(MEASURE, subject, Verdict::Unknown, title).weight(5);
    let more = (silent.len() + unkept.len()).saturating_sub(NAMED);
    for (source, at, said) in silent.into_iter().chain(unkept).take(NAMED) {
        judged = judged.because(source, at, said);
    }
    if more > 0 {
        judged = judged.because("servers", None, format!("and {more} more"));
    }
    judged = of_versions(judged, "from backports", backports.iter().map(|(source, one)| (*source, one.version)));
    let foreign = elsewhere.iter().map(|(source, version)| (source.as_str(), version.as_str()));
    judged = of_versions(judged, "of other repositories", foreign);
    judged = of_kernels(judged, fleet, &kernels);
    if silenced > 0 {
        judged = of_tracker(judged, truth);
    }
    judged = of_unsaid(judged, unsaid);
    let only_foreign = others.len() == 1 && !elsewhere.is_empty();
    Some(judged.mend(match () {
        () if fleet.servers.is_empty() => "add a [[server]] to the register",
        () if silenced == 0 && others.is_empty() => UNSAID,
        () if silenced == 0 && only_foreign => "read what those who publish them say of these, or accept it",
        () if others.is_empty() => "make debian_tracker of [advisories] answer; its own row says how",
        () => "make them answer; their own rows say how",
    }))
}

fn of_versions<'v>(judged: Judgement, what: &str, of: impl Iterator<Item = (&'v str, &'v str)>) -> Judgement {
    let names: Vec<String> = of.map(|(source, version)| format!("{source} {version}")).collect();
    if names.is_empty() {
        judged
    } else {
        judged.because("servers", None, format!("{what}: {}", listed(&names, NAMED)))
    }
}

fn of_kernels(judged: Judgement, fleet: &Fleet<'_>, kernels: &[usize]) -> Judgement {
    if kernels.is_empty() {
        return judged;
    }
    let names: Vec<String> = kernels.iter().map(|server| fleet.servers[*server].name.to_string()).collect();
    let said = format!("which kernel runs could not be read, or is not installed any more: {}", listed(&names, NAMED));
    judged.because("servers", None, said)
}

fn of_unsaid(judged: Judgement, unsaid: &[String]) -> Judgement {
    if unsaid.is_empty() {
        return judged;
    }
    let said =
        format!("not named for a release that servers have, nor known to the tracker: {}", listed(unsaid, NAMED));
    judged.because("advisories", None, said)
}

/// Why it can't be believed.
fn of_tracker(judged: Judgement, truth: &Truth<'_>) -> Judgement {
    let Some(told) = &truth.tracker else {
        return judged.because("advisories", None, "Debian's tracker never answered, or is not asked");
    };
    let doubt = told.doubt.clone().unwrap_or_else(|| "answered".into());
    judged.because(told.source.id.to_string(), told.source.good_at, doubt)
}

type Reason = (Shown, Option<Timestamp>, String);

fn silent(fleet: &Fleet<'_>) -> Vec<Reason> {
    let reason = |server: &crate::policy::matching::Server<'_>| {
        let doubt = server.doubt.as_ref()?;
        Some((server.source.id.to_string().into(), server.at, format!("{}: {doubt}", server.name)))
    };
    fleet.servers.iter().filter_map(reason).collect()
}

/// Servers of releases that the tracker's copy leaves out.
fn unkept(fleet: &Fleet<'_>, kept: impl Fn(&str) -> bool) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for set in fleet.sets.iter().filter(|set| !kept(set.release)) {
        for server in set.classes.iter().flat_map(|class| &fleet.classes[*class].heard) {
            let server = &fleet.servers[*server];
            let said = format!("{}: the tracker's copy here does not hold {}", server.name, set.release);
            reasons.push((server.source.id.to_string().into(), server.at, said));
        }
    }
    reasons
}
