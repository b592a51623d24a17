//! `advisories`: every security advisory that concerns us is known, and acted on in time.
//!
//! One finding a source (is it still heard?) and one an advisory, whichever sources tell of it. Debian's are judged by the
//! versions that the servers have, against Debian's own lists; one that the lists don't hold yet by what is pending on the
//! servers. Drupal's by what the sites have locked; anything else is a notice to be read. What no server can be asked now is
//! one line, not one for each advisory.

mod bulletins;
mod claims;
mod database;
mod drupal;
mod fleet;
mod heard;
mod lines;
mod order;
mod past;
mod told;
mod unjudged;

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::domain::facts::{Advisory, FeedKind};
use crate::domain::{Fact, Judgement, Limit, Period, Shown, SourceRecord, Verdict, age, counted};
use crate::policy::drupal::{Site, sites};
use crate::policy::matching::{self, Truth};
use crate::policy::{Case, Rule, SECURITY_UPDATE, no_exhibits};
use bulletins::Row;
use fleet::Fleet;
use past::{Gone, Past};
use told::{Told, told};

const MEASURE: &str = "advisories";

const NOTICE: Limit =
    Limit { key: "advisory", default: Period::days(14), help: "a notice that no server can answer is shown this long" };

const KEPT: Limit = Limit {
    key: "advisory_kept",
    default: Period::days(365),
    help: "an advisory that is fixed everywhere is listed this long",
};

pub const RULE: Rule = Rule {
    measure: MEASURE,
    limits: &[&SECURITY_UPDATE, &drupal::SITE_UPDATE, &NOTICE, &KEPT],
    judge,
    exhibits: no_exhibits,
};

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let truth = Truth::of(case.evidence, case.now);
    let matched = matching::Fleet::of(case.evidence, case.now);
    let told = told(case);
    let judge = matching::Judge::new(&matched, &truth);
    let past = Past::of(case.evidence);
    let debian = Debian::judged(case, &truth, &judge, &told, &past);
    let sites = sites(case.evidence, case.now);
    let feeds = case.evidence.sources.iter().flat_map(|source| {
        source.declared.iter().filter_map(move |declared| match &declared.fact {
            Fact::FeedDeclared(feed) => Some(heard::judge_feed(case, source, declared, feed)),
            _ => None,
        })
    });
    let others: Vec<&Told<'_>> = told.iter().filter(|told| !debian.told.contains(told.subject.name.as_str())).collect();
    let by_feed_only = others.iter().filter(|told| is_debian(told)).count();
    // Nobody else asks which packages the servers have, by what is pending there.
    let fleet = if by_feed_only > 0 { Fleet::of(case.evidence, case.now) } else { Fleet::default() };
    let asked = unjudged::Asked {
        advisories: debian.rows.len() + debian.left_out + by_feed_only,
        untold: debian.untold,
        unsaid: &debian.unsaid,
        elsewhere: &debian.elsewhere,
    };
    let unjudged = (asked.advisories > 0 || truth.tracker.is_some())
        .then(|| unjudged::not_judged(&matched, &truth, asked))
        .flatten();
    let all = Asked { truth: &truth, fleet: &fleet, sites: &sites, past: &past };
    let advisories = others.into_iter().filter_map(|told| judge_advisory(case, &all, told));
    let mut judgements: Vec<Judgement> = feeds.chain(advisories).chain(unjudged).collect();
    let lists = [debian.lists, database::installed(&truth, &sites)].concat();
    judgements.extend(heard::judge_truth(case, &truth, &lists));
    judgements.extend(lines::of_tracker(&matched, &truth, &debian.covered));
    judgements.extend(debian.rows);
    judgements.extend(database::judge(case, &all, &told));
    judgements
}

fn is_debian(told: &Told<'_>) -> bool {
    told.best.feed == FeedKind::Debian && !told.best.packages.is_empty()
}

/// What Debian's lists of advisories say.
#[derive(Default)]
struct Debian<'r> {
    rows: Vec<Judgement>,
    /// Of each list one line on what is in it.
    lists: Vec<(&'r SourceRecord, String)>,
    /// Vulnerabilities that the rows ask about.
    covered: lines::Covered<'r>,
    /// Advisories that feeds tell of too, and that are judged here.
    told: HashSet<&'r str>,
    /// Advisories of which nobody tells how some server stands with what is Debian's.
    untold: usize,
    /// Of these, those of which the tracker can't tell it though it answers.
    unsaid: Vec<String>,
    /// What servers have of other repositories of the packages that they are about.
    elsewhere: BTreeSet<(String, String)>,
    /// Those of which nobody tells it of any server: a row would say nothing.
    left_out: usize,
}

impl<'r> Debian<'r> {
    fn judged(
        case: &'r Case<'r>,
        truth: &'r Truth<'r>,
        judge: &'r matching::Judge<'r, 'r>,
        told: &'r [Told<'r>],
        past: &'r Past<'r>,
    ) -> Self {
        let told: HashMap<&str, &Told<'_>> = told.iter().map(|told| (told.subject.name.as_str(), told)).collect();
        let kept = case.limits.of(&KEPT);
        let mut debian = Self::default();
        let mut missing: HashSet<&str> = past.listed().collect();
        for list in &truth.bulletins {
            let mut concerning = 0;
            for bulletin in &list.fact.bulletins {
                let by_feed = told.get(bulletin.id.as_str()).copied();
                let known = missing.remove(bulletin.id.as_str());
                if let Some(note) = &bulletin.withdrawn {
                    if known || by_feed.is_some() {
                        debian.gone(
                            case,
                            past,
                            &Gone { note: Some(note), ..Gone::of(bulletin.id.as_str(), list, by_feed) },
                        );
                    }
                    continue;
                }
                let recent = by_feed.is_some() || bulletins::recent(bulletin, case.now, kept);
                let Some(mut concern) = judge.concern(bulletin, recent) else { continue };
                concerning += 1;
                if !recent && concern.worst() <= matching::State::NoFix {
                    continue;
                }
                judge.place(&mut concern);
                let row = Row { case, judge, truth, past, list: list.source, bulletin, told: by_feed, concern };
                if recent || row.is_wrong() {
                    debian.told.extend(by_feed.map(|told| told.subject.name.as_str()));
                    debian.push(&row);
                }
            }
            let all = list.fact.bulletins.len();
            if all > 0 {
                debian.lists.push((list.source, installed(judge.fleet, all, concerning)));
            }
        }
        let held = truth.bulletins.iter().filter_map(matching::Told::trusted);
        for id in missing {
            let list =
                held.clone().find(|list| list.fact.bulletins.iter().any(|one| kind(one.id.as_str()) == kind(id)));
            if let Some(list) = list {
                debian.gone(case, past, &Gone::of(id, list, told.get(id).copied()));
            }
        }
        debian
    }

    fn gone(&mut self, case: &Case<'_>, past: &Past<'_>, gone: &Gone<'r>) {
        self.told.extend(gone.told.map(|told| told.subject.name.as_str()));
        self.rows.extend(gone.judged(case, past));
    }

    fn push(&mut self, row: &Row<'r>) {
        self.untold += usize::from(row.is_untold());
        self.unsaid.extend(row.is_unsaid().then(|| row.bulletin.id.to_string()));
        self.elsewhere.extend(row.elsewhere());
        if !row.is_told() {
            self.left_out += 1;
            return;
        }
        for one in row.concern.carried.iter().filter(|one| one.state == matching::State::Vulnerable) {
            let cves = row.bulletin.cves.iter();
            self.covered.extend(cves.map(|cve| (cve.as_str(), one.source, one.release, one.version)));
        }
        self.rows.push(row.judged());
    }
}

/// How many advisories of a list concern what is installed, and how many nobody has.
fn installed(fleet: &matching::Fleet<'_>, all: usize, concerning: usize) -> String {
    let (heard, servers) = (fleet.heard(), fleet.servers.len());
    let rest = all - concerning;
    let nowhere = match () {
        () if rest == 0 || heard == 0 => String::new(),
        () if heard == servers => format!(" · {rest} not installed anywhere"),
        () => format!(" · {rest} not installed where a server answered"),
    };
    format!(" · {concerning} on software that is installed here{nowhere}")
}

/// `DSA` of `DSA-6321-1`.
fn kind(id: &str) -> &str {
    id.split_once('-').map_or(id, |(kind, _)| kind)
}

/// `web1, web2 and 3 more`.
fn listed(names: &[String], most: usize) -> String {
    let shown = names[..names.len().min(most)].join(", ");
    let more = names.len().saturating_sub(most);
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// Who can be asked about an advisory that no list of Debian's holds.
struct Asked<'r> {
    truth: &'r Truth<'r>,
    fleet: &'r Fleet<'r>,
    sites: &'r [Site<'r>],
    past: &'r Past<'r>,
}

/// `None` where nobody at all can be asked; that has its own row.
fn judge_advisory(case: &Case<'_>, asked: &Asked<'_>, told: &Told<'_>) -> Option<Judgement> {
    let advisory = told.best;
    let judged = match advisory.feed {
        FeedKind::Drupal if asked.sites.is_empty() => no_site(told),
        FeedKind::Debian if !advisory.packages.is_empty() => debian(case, asked.fleet, told)?,
        FeedKind::Drupal if !advisory.packages.is_empty() => drupal::judge(case, asked, told)?,
        _ => notice(case, told),
    };
    Some(judged.detail(&told::detail(advisory)).link(advisory.links.first().cloned()))
}

fn no_site(told: &Told<'_>) -> Judgement {
    begin(told, Verdict::Ok, titled(&[named(told.best), "no Drupal site in the register".to_owned()]))
}

/// A judgement with what the feeds say as the beginning of its chain.
fn begin(told: &Told<'_>, verdict: Verdict, title: Shown) -> Judgement {
    let mut judged = Judgement::new(MEASURE, told.subject.clone(), verdict, title).weight(told::weight(told.best));
    for (source, advisory) in &told.by {
        let published = advisory.published.map_or_else(String::new, |at| format!(", published {at}"));
        judged = judged.because(source.id.to_string(), source.good_at, format!("{}{published}", advisory.title));
    }
    judged
}

fn titled(parts: &[String]) -> Shown {
    Shown::line(&parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · "))
}

/// The packages or the project, with the publisher's own grading.
fn named(advisory: &Advisory) -> String {
    let mut names: Vec<&str> = advisory.packages.iter().take(3).map(Shown::as_str).collect();
    let more = advisory.packages.len().saturating_sub(names.len());
    let more = format!("+{more}");
    if more != "+0" {
        names.push(&more);
    }
    let risk = advisory.risk.as_ref().map(|risk| {
        let score = risk.score.map_or_else(String::new, |score| format!(" {score}/25"));
        format!(" · {}{score}", risk.word.as_str().to_lowercase())
    });
    format!("{}{}", names.join(", "), risk.unwrap_or_default())
}

fn debian(case: &Case<'_>, fleet: &Fleet<'_>, told: &Told<'_>) -> Option<Judgement> {
    if fleet.heard() == 0 && !fleet.has_old_answers() {
        return None;
    }
    let concern = fleet.concern(&told.best.packages, told.out_since);
    let since = told.out_since.into_iter().chain(concern.pending_since(case.evidence)).min();
    let limit = case.limits.of(&SECURITY_UPDATE);
    let late = since.is_some_and(|since| case.now.duration_since(since) > limit.as_duration());
    let verdict = match () {
        () if !concern.pending.is_empty() && late => Verdict::Broken,
        // Servers that don't answer have a line of their own; only what they were missing is asked about here.
        () if !concern.unsure.is_empty() || !concern.lost.is_empty() => Verdict::Unknown,
        () if !concern.pending.is_empty() => Verdict::Due,
        () if fleet.heard() == 0 => return None,
        () => Verdict::Ok,
    };
    let judged = begin(told, verdict, titled(&[named(told.best), concern.installed_on(fleet), concern.state()]));
    let judged = concern.because(fleet, judged, case.evidence);
    let judged = concern.standings(fleet, packages(told, judged));
    Some(match verdict {
        Verdict::Due | Verdict::Broken => judged
            .because(format!("limits.{}", SECURITY_UPDATE.key), None, format!("installed within {limit}"))
            .mend(format!("install the pending security update on {}", concern.pending_hosts(fleet)))
            .since(since),
        Verdict::Unknown => with_mend(judged, concern.mend(fleet)),
        Verdict::Ok => judged,
    })
}

fn with_mend(judged: Judgement, mend: Option<Shown>) -> Judgement {
    match mend {
        Some(mend) => judged.mend(mend),
        None => judged,
    }
}

/// Under which packages it is found.
fn packages(told: &Told<'_>, judged: Judgement) -> Judgement {
    let names = told.best.packages.iter();
    names.fold(judged, |judged, name| judged.standing(format!("package {name}"), "named by it"))
}

/// What no server can answer: read it, within the limit; afterwards it is history, by the operator's own limit.
fn notice(case: &Case<'_>, told: &Told<'_>) -> Judgement {
    let limit = case.limits.of(&NOTICE);
    let out = told.best.published.or(told.out_since);
    let title = told::bare_title(told);
    let old = out.filter(|at| case.now.duration_since(*at) > limit.as_duration());
    let judged = match old {
        None => begin(told, Verdict::Due, titled(&[title])).mend("read it, and decide on it").since(out),
        Some(at) => {
            let past = format!("published {} ago, outside the limit of {limit}", age(at, case.now));
            begin(told, Verdict::Ok, titled(&[title, past]))
        }
    };
    judged.because(format!("limits.{}", NOTICE.key), None, format!("notices are shown for {limit}"))
}

#[cfg(test)]
mod tests;
