//! Debian's advisories against what the servers have: one row is one decision.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::claims;
use super::past::{Changed, Past, told_of_change};
use super::told::{self, Told};
use super::{MEASURE, SECURITY_UPDATE, begin, counted, listed, titled};
use crate::domain::facts::Bulletin;
use crate::domain::{Judgement, Link, Period, Shown, SourceRecord, Standing, Subject, SubjectKind, Verdict};
use crate::policy::Case;
use crate::policy::matching::{self, Carried, Concern, Judge, State, Truth, measured};

/// Most versions that a chain names one by one.
const NAMED: usize = 6;
/// In larger fleets the servers that are fixed are counted, not named, in the history.
const REMEMBERED: usize = 500;

/// One advisory of a list, with all that judges it.
pub(super) struct Row<'r> {
    pub(super) case: &'r Case<'r>,
    pub(super) judge: &'r Judge<'r, 'r>,
    pub(super) truth: &'r Truth<'r>,
    pub(super) past: &'r Past<'r>,
    pub(super) list: &'r SourceRecord,
    pub(super) bulletin: &'r Bulletin,
    pub(super) told: Option<&'r Told<'r>>,
    pub(super) concern: Concern<'r>,
}

/// When it was certainly out: at the end of its day.
pub(super) fn out(date: Option<Date>) -> Option<Timestamp> {
    let next = date?.tomorrow().ok()?;
    TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok()
}

/// In the order in which they are told.
const STATES: [State; 7] =
    [State::Vulnerable, State::OldRuns, State::NoFix, State::Unknown, State::Untold, State::OldOnDisk, State::Fixed];

impl Row<'_> {
    pub(super) fn judged(&self) -> Judgement {
        let exploited = self.exploited();
        let since = self.told.and_then(|told| told.out_since).or_else(|| out(self.bulletin.date));
        let limit = self.case.limits.of(&SECURITY_UPDATE);
        let late = since.is_some_and(|since| self.case.now.duration_since(since) > limit.as_duration());
        let verdict = self.verdict(late || exploited.is_some());
        let judged = self.begin(verdict, self.title(exploited.is_some(), self.fix()));
        let judged = self.because(judged, exploited.as_ref());
        let judged = claims::ranked(self, exploited.is_some(), judged);
        let judged = if matches!(verdict, Verdict::Due | Verdict::Broken) {
            // One upgrade brings the fixes of all advisories on a package, whichever version each asks for.
            let judged = judged.since(since).alike(self.title(exploited.is_some(), String::new()));
            judged.because(format!("limits.{}", SECURITY_UPDATE.key), None, format!("installed within {limit}"))
        } else {
            judged
        };
        let judged = match self.mend() {
            Some(mend) if verdict != Verdict::Ok => judged.mend(mend),
            _ => judged,
        };
        self.standings(judged, exploited).detail(&self.detail()).link(self.link())
    }

    /// Whether a server is, or was when it was last heard, vulnerable or running the old code.
    pub(super) fn is_wrong(&self) -> bool {
        let fleet = self.judge.fleet;
        let any = |is: &State| self.concern.heard(fleet, *is).chain(self.concern.doubted(fleet, *is)).next().is_some();
        [State::Vulnerable, State::OldRuns].iter().any(any)
    }

    /// Versions that servers have and of which nobody tells, as [`super::unjudged`] says of all advisories at once.
    fn untold(&self) -> impl Iterator<Item = &Carried<'_>> {
        let untold = self.concern.carried.iter().filter(|one| one.state == State::Untold);
        untold.filter(|one| one.servers(self.judge.fleet).next().is_some())
    }

    /// Whether there is one of Debian's among them.
    pub(super) fn is_untold(&self) -> bool {
        self.untold().any(|one| !one.is_elsewhere())
    }

    /// Whether there is one though the tracker can be believed and keeps its release.
    pub(super) fn is_unsaid(&self) -> bool {
        let Some(told) = self.truth.tracker.as_ref().and_then(matching::Told::trusted) else { return false };
        let kept = |one: &Carried<'_>| {
            let (release, _) = measured(one.release, one.version);
            told.fact.releases.iter().any(|known| *known == *release)
        };
        self.untold().any(|one| !one.is_elsewhere() && kept(one))
    }

    /// Source and version of those that are of other repositories.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = (String, String)> {
        let elsewhere = self.untold().filter(|one| one.is_elsewhere());
        elsewhere.map(|one| (one.source.to_owned(), one.version.to_owned()))
    }

    /// Whether anything is known of any server.
    pub(super) fn is_told(&self) -> bool {
        self.concern.states.iter().any(|(_, state)| *state != State::Untold)
    }

    fn verdict(&self, late: bool) -> Verdict {
        let fleet = self.judge.fleet;
        let count = |state| self.concern.count(fleet, state) > 0;
        let lost =
            || [State::Vulnerable, State::OldRuns].iter().any(|is| self.concern.doubted(fleet, *is).next().is_some());
        match () {
            () if (count(State::Vulnerable) || count(State::OldRuns)) && late => Verdict::Broken,
            () if lost() || count(State::Unknown) => Verdict::Unknown,
            () if count(State::Vulnerable) || count(State::OldRuns) || count(State::NoFix) => Verdict::Due,
            () => Verdict::Ok,
        }
    }

    fn exploited(&self) -> Option<(&Shown, Date)> {
        claims::exploited(self.truth, &self.bulletin.cves)
    }

    fn begin(&self, verdict: Verdict, title: Shown) -> Judgement {
        let subject = Subject::new(SubjectKind::Advisory, self.bulletin.id.clone());
        let judged = match self.told {
            Some(told) => begin(told, verdict, title),
            None => Judgement::new(MEASURE, subject, verdict, title).weight(60),
        };
        let fixes: Vec<String> =
            self.fixes().map(|(release, source, fix)| format!("{source} {fix} in {release}")).collect();
        let of = self.bulletin.date.map_or_else(String::new, |date| format!(" of {date}"));
        let said = format!("{}{of} is fixed by {}", self.bulletin.id, listed(&fixes, NAMED));
        let judged = judged.because(self.list.id.to_string(), self.list.good_at, said);
        self.fixes().fold(judged, |judged, one| match self.changed(one) {
            Some(changed) => told_of_change(judged, &changed, (&format!("{} in {}", one.1, one.0), one.2.as_str())),
            None => judged,
        })
    }

    /// What was said of a fix before.
    fn changed(&self, (release, source, fix): (&str, &str, &Shown)) -> Option<Changed<'_>> {
        self.past.before(self.bulletin.id.as_str(), &item(release, source), fix.as_str())
    }

    /// Release, source and version of each fix that this fleet can use.
    fn fixes(&self) -> impl Iterator<Item = (&str, &str, &Shown)> {
        let fixes = self.concern.carried.iter().filter_map(|one| Some((one.release, one.source, one.fix?)));
        fixes.collect::<BTreeSet<_>>().into_iter()
    }

    fn title(&self, exploited: bool, fix: String) -> Shown {
        let fleet = self.judge.fleet;
        let count = |state| self.concern.count(fleet, state);
        let (vulnerable, runs, none) = (count(State::Vulnerable), count(State::OldRuns), count(State::NoFix));
        let heard = fleet.heard();
        let mut parts = vec![self.sources(), if exploited { "exploited".to_owned() } else { String::new() }];
        if vulnerable > 0 {
            parts.push(format!("{vulnerable} of {} vulnerable", counted(heard, "server", "servers")));
            parts.push(fix);
        }
        if runs > 0 {
            parts.push(format!("the old code still runs on {runs}"));
        }
        if none > 0 {
            parts.push(format!("no fix yet for {}", counted(none, "server", "servers")));
        }
        let lost: usize =
            [State::Vulnerable, State::OldRuns].iter().map(|is| self.concern.doubted(fleet, *is).count()).sum();
        if lost > 0 {
            parts.push(format!("{lost} vulnerable when last heard"));
        }
        let (fixed, old) = (count(State::Fixed), count(State::OldOnDisk));
        let dark = count(State::Unknown) + count(State::Untold);
        if vulnerable + runs + none == 0 {
            let servers = counted(heard, "server", "servers");
            parts.push(match fixed + old {
                0 if dark == 0 => format!("no server of {heard} is affected"),
                0 => String::new(),
                fixed => format!("fixed on {fixed} of {servers}"),
            });
        }
        if vulnerable == 0 && self.fixes().any(|one| self.changed(one).is_some()) {
            parts.push("its fixed version changed".to_owned());
        }
        if dark > 0 {
            parts.push(format!("{dark} of {} cannot be told", counted(heard, "server", "servers")));
        }
        if old > 0 {
            parts.push(format!("an old kernel lies on the disk of {old}"));
        }
        titled(&parts)
    }

    fn sources(&self) -> String {
        let sources: BTreeSet<&str> = self.concern.carried.iter().map(|one| one.source).collect();
        listed(&sources.into_iter().map(str::to_owned).collect::<Vec<_>>(), 3)
    }

    /// `fix 3.0.22-1~deb12u2`, with the release where there are several.
    fn fix(&self) -> String {
        let wanted: BTreeSet<(&str, &str, &Shown)> = self
            .concern
            .carried
            .iter()
            .filter(|one| one.state == State::Vulnerable)
            .filter_map(|one| Some((one.release, one.source, one.fix?)))
            .collect();
        let several = wanted.iter().map(|(release, ..)| release).collect::<BTreeSet<_>>().len() > 1;
        let mut fixes: Vec<String> = Vec::new();
        for (release, source, fix) in wanted {
            let was = self.changed((release, source, fix)).map(|changed| format!(", which was {}", changed.was));
            let release = if several { format!(" ({release})") } else { String::new() };
            let said = format!("{fix}{release}{}", was.unwrap_or_default());
            if !fixes.contains(&said) {
                fixes.push(said);
            }
        }
        if fixes.is_empty() { String::new() } else { format!("fix {}", listed(&fixes, 3)) }
    }

    /// Of thousands only those that are shown are written out.
    fn names(&self, mut servers: impl Iterator<Item = usize>, most: usize) -> String {
        let name = |server: usize| self.judge.fleet.servers[server].name.as_str();
        let shown: Vec<&str> = servers.by_ref().take(most).map(name).collect();
        let (shown, more) = (shown.join(", "), servers.count());
        if more == 0 { shown } else { format!("{shown} and {more} more") }
    }

    fn mend(&self) -> Option<String> {
        let fleet = self.judge.fleet;
        let names = |state| self.names(self.concern.heard(fleet, state), 4);
        let count = |state| self.concern.count(fleet, state);
        let lost =
            || [State::Vulnerable, State::OldRuns].into_iter().flat_map(|state| self.concern.doubted(fleet, state));
        match () {
            () if count(State::Vulnerable) > 0 => {
                Some(format!("apt-get update and apt-get upgrade on {}", names(State::Vulnerable)))
            }
            () if count(State::OldRuns) > 0 => Some(format!("restart {}: the fix is installed", names(State::OldRuns))),
            () if lost().next().is_some() => Some(format!("make {} answer", self.names(lost(), 4))),
            () if count(State::Unknown) > 0 => {
                Some(format!("wait until Debian has looked at it, or update {}", names(State::Unknown)))
            }
            () if count(State::NoFix) > 0 => {
                Some(format!("wait for the fix, or turn it off on {}", names(State::NoFix)))
            }
            () => None,
        }
    }

    /// What is exploited, and what the servers have, the worst first.
    fn because(&self, judged: Judgement, exploited: Option<&(&Shown, Date)>) -> Judgement {
        let mut judged = claims::told_of(self.truth, exploited, judged);
        let mut carried: Vec<&Carried<'_>> = self.concern.carried.iter().collect();
        carried.sort_by_key(|one| std::cmp::Reverse(one.state));
        for one in carried.iter().take(NAMED) {
            judged = self.of_version(judged, one);
        }
        let more = carried.len().saturating_sub(NAMED);
        if more > 0 { judged.because("servers", None, format!("and {more} other versions")) } else { judged }
    }

    fn of_version(&self, judged: Judgement, one: &Carried<'_>) -> Judgement {
        let fleet = self.judge.fleet;
        let mut servers = one.servers(fleet);
        let Some(first) = servers.next().map(|server| &fleet.servers[server]) else { return judged };
        let more = servers.count();
        let others = if more > 0 { format!("; so have {more} more") } else { String::new() };
        let state = if one.state == State::OldOnDisk { State::Fixed } else { one.state };
        let said = format!("{} {} on {}: {}{others}", one.source, one.version, one.release, state.word());
        judged.because(first.source.id.to_string(), first.at, said)
    }

    fn standings(&self, mut judged: Judgement, exploited: Option<(&Shown, Date)>) -> Judgement {
        for (release, source, fix) in self.fixes() {
            judged = judged.standing(item(release, source), fix.clone());
        }
        if let Some((cve, since)) = exploited {
            judged = judged.asking("exploited", format!("{cve} since {since}"));
        }
        let fleet = self.judge.fleet;
        let all: usize = self.concern.states.iter().map(|(class, _)| fleet.classes[*class].heard.len()).sum();
        // That it is not known any more is no cure, so the history keeps it, however many servers there are.
        let dark = |state: State| matches!(state, State::Unknown | State::Untold);
        let is_kept = |state: State| state != State::NotAffected && (all <= REMEMBERED || state.asks() || dark(state));
        for (class, state) in self.concern.states.iter().filter(|(_, state)| is_kept(*state)) {
            let word: Shown = state.word().into();
            // Of those that are silent it is as they were heard last.
            let servers = fleet.classes[*class].heard.iter().chain(&fleet.classes[*class].doubted);
            let items = servers.map(|server| fleet.servers[*server].item.clone());
            judged = judged.stand(items.map(|item| Standing { item, word: word.clone(), asks: state.asks() }));
        }
        judged
    }

    fn detail(&self) -> String {
        let fleet = self.judge.fleet;
        let mut lines = Vec::new();
        for state in STATES {
            if self.concern.count(fleet, state) > 0 {
                lines.push(format!("{}: {}", state.word(), self.names(self.concern.heard(fleet, state), 40)));
            }
        }
        let told = self.told.map(|told| told::detail(told.best));
        lines.push(told.unwrap_or_else(|| {
            let cves: Vec<String> = self.bulletin.cves.iter().map(ToString::to_string).collect();
            format!("{} {}\n{}", self.bulletin.id, self.bulletin.title, listed(&cves, 12))
        }));
        lines.join("\n")
    }

    fn link(&self) -> Option<Link> {
        let told = self.told.and_then(|told| told.best.links.first().cloned());
        told.or_else(|| Link::parse(&format!("https://security-tracker.debian.org/tracker/{}", self.bulletin.id)))
    }
}

/// Under this its history says which version holds the fix.
fn item(release: &str, source: &str) -> String {
    format!("fix {source} {release}")
}

/// Whether an advisory is young enough to be listed though nothing is wrong.
pub(super) fn recent(bulletin: &Bulletin, now: Timestamp, kept: Period) -> bool {
    out(bulletin.date).is_none_or(|out| now.duration_since(out) <= kept.as_duration())
}
