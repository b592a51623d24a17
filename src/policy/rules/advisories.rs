//! `advisories`: every security advisory that concerns us is known, and acted on in time.
//!
//! One finding a feed (is it still heard?) and one an advisory, whichever feeds tell of it. Debian's are judged by what the
//! servers say is installed and pending; Drupal's by whether there are sites; anything else is a notice to be read.

mod fleet;
mod told;

use jiff::Timestamp;

use crate::domain::facts::{Advisory, FeedDeclared, FeedKind};
use crate::domain::{Declared, Fact, Judgement, Limit, Period, Shown, SourceRecord, Verdict, age};
use crate::policy::{Case, Rule, no_exhibits};
use fleet::Fleet;
use told::{Told, told};

const MEASURE: &str = "advisories";

/// The same number that the rule on security updates reads.
const SECURITY_UPDATE: Limit = Limit {
    key: "security_update",
    default: Period::hours(24),
    help: "a security update is installed within this time",
};
const NOTICE: Limit =
    Limit { key: "advisory", default: Period::days(14), help: "a notice that no server can answer is shown this long" };

pub const RULE: Rule = Rule { measure: MEASURE, limits: &[&SECURITY_UPDATE, &NOTICE], judge, exhibits: no_exhibits };

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let fleet = Fleet::of(case.evidence, case.now);
    let feeds = case.evidence.sources.iter().flat_map(|source| {
        source.declared.iter().filter_map(move |declared| match &declared.fact {
            Fact::FeedDeclared(feed) => Some(judge_feed(case, source, declared, feed)),
            _ => None,
        })
    });
    let advisories = told(case).into_iter().map(|told| judge_advisory(case, &fleet, &told));
    feeds.chain(advisories).collect()
}

/// Whether a feed is heard.
fn judge_feed(case: &Case<'_>, source: &SourceRecord, declared: &Declared, feed: &FeedDeclared) -> Judgement {
    let judgement = |verdict, title: Shown| {
        Judgement::new(MEASURE, declared.subject.clone(), verdict, title)
            .detail(&format!("{}{}", feed.url, unencrypted(&feed.url)))
            .because(declared.place.clone(), None, feed.url.clone())
            .weight(40)
    };
    let tried = source.fault.as_ref().map(|fault| format!("the last try failed: {fault}"));
    let said = tried.unwrap_or_else(|| "answered".to_owned());
    let judged = match (source.trusted(case.now), heard(source, case.now)) {
        (Ok(_), Some(title)) => judgement(Verdict::Ok, title).because(source.id.to_string(), source.good_at, said),
        (Ok(_), None) => judgement(Verdict::Unknown, "answered, but nothing was read from it".into()),
        (Err(doubt), _) => {
            judgement(Verdict::Unknown, doubt.clone()).because(source.id.to_string(), source.good_at, doubt)
        }
    };
    match source.fault.as_ref().and_then(|fault| fault.mend.clone()) {
        Some(mend) => judged.mend(mend),
        None => judged,
    }
}

fn unencrypted(url: &Shown) -> &'static str {
    if url.as_str().starts_with("http://") {
        "\nread over unencrypted http: anybody on the way can change it"
    } else {
        ""
    }
}

/// `14 advisories, newest 2 d ago`.
fn heard(source: &SourceRecord, now: Timestamp) -> Option<Shown> {
    let left_out = source.seen.iter().find_map(|seen| match &seen.fact {
        Fact::FeedSeen(feed) => Some(feed.left_out),
        _ => None,
    })?;
    let advisories = source.seen.iter().filter_map(|seen| match &seen.fact {
        Fact::Advisory(advisory) => Some(advisory),
        _ => None,
    });
    let count = advisories.clone().count();
    let newest = advisories.filter_map(|advisory| advisory.published).max();
    let newest = newest.map_or_else(|| "none with a date".to_owned(), |at| format!("newest {} ago", age(at, now)));
    let rest = if left_out == 0 { String::new() } else { format!(", {left_out} more left out") };
    Some(format!("{count} {}, {newest}{rest}", if count == 1 { "advisory" } else { "advisories" }).into())
}

fn judge_advisory(case: &Case<'_>, fleet: &Fleet<'_>, told: &Told<'_>) -> Judgement {
    let advisory = told.best;
    let judged = match advisory.feed {
        FeedKind::Drupal if fleet.sites == 0 => no_site(told),
        FeedKind::Debian if !advisory.packages.is_empty() => debian(case, fleet, told),
        FeedKind::Drupal if !advisory.packages.is_empty() => {
            let (sites, verb) = if fleet.sites == 1 { ("site", "runs") } else { ("sites", "run") };
            let title = format!("which of your {} {sites} {verb} it is not read yet", fleet.sites);
            begin(told, Verdict::Unknown, titled(&[named(advisory), title]))
        }
        _ => notice(case, told),
    };
    let judged = match &told.doubt {
        // What servers are missing they are missing; that nothing is missing can't be said of old news.
        Some(doubt) if judged.verdict == Verdict::Ok => Judgement {
            verdict: Verdict::Unknown,
            title: titled(&[named(advisory), format!("its feed is {doubt}")]),
            ..judged
        },
        _ => judged,
    };
    judged.detail(&told::detail(advisory)).link(advisory.links.first().cloned())
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

fn debian(case: &Case<'_>, fleet: &Fleet<'_>, told: &Told<'_>) -> Judgement {
    let concern = fleet.concern(&told.best.packages, told.out_since);
    if fleet.is_empty() {
        let title = titled(&[named(told.best), "no server's packages are known".to_owned()]);
        return begin(told, Verdict::Unknown, title).mend("add a [[server]] to the register");
    }
    let since = told.out_since.into_iter().chain(concern.pending_since(case.evidence)).min();
    let limit = case.limits.of(&SECURITY_UPDATE);
    let late = since.is_some_and(|since| case.now.duration_since(since) > limit.as_duration());
    let verdict = match (concern.pending.is_empty(), concern.unsure.is_empty() && fleet.silent.is_empty()) {
        (false, _) if late => Verdict::Broken,
        (false, _) => Verdict::Due,
        (true, false) => Verdict::Unknown,
        (true, true) => Verdict::Ok,
    };
    let judged = begin(told, verdict, titled(&[named(told.best), concern.installed_on(fleet), concern.state(fleet)]));
    let judged = concern.because(fleet, judged, case.evidence);
    match verdict {
        Verdict::Due | Verdict::Broken => judged
            .because(format!("limits.{}", SECURITY_UPDATE.key), None, format!("installed within {limit}"))
            .mend(format!("install the pending security update on {}", concern.pending_hosts(fleet)))
            .since(since),
        // Servers that don't answer have rows of their own; what hangs on them stands behind those.
        Verdict::Unknown if concern.unsure.is_empty() => with_mend(judged, concern.mend(fleet)).weight(5),
        Verdict::Unknown => with_mend(judged, concern.mend(fleet)),
        Verdict::Ok => judged,
    }
}

fn with_mend(judged: Judgement, mend: Option<Shown>) -> Judgement {
    match mend {
        Some(mend) => judged.mend(mend),
        None => judged,
    }
}

/// What no server can answer: read it, within the limit; afterwards it is history, by the operator's own limit.
fn notice(case: &Case<'_>, told: &Told<'_>) -> Judgement {
    let limit = case.limits.of(&NOTICE);
    let out = told.best.published.or(told.out_since);
    let title = told::bare_title(told);
    let old = out.filter(|at| case.now.duration_since(*at) > limit.as_duration());
    let judged = match (old, &told.doubt) {
        (None, Some(doubt)) => begin(told, Verdict::Unknown, titled(&[title, format!("its feed is {doubt}")])),
        (None, None) => begin(told, Verdict::Due, titled(&[title])).mend("read it, and decide on it").since(out),
        (Some(at), _) => {
            let past = format!("published {} ago, outside the limit of {limit}", age(at, case.now));
            begin(told, Verdict::Ok, titled(&[title, past]))
        }
    };
    judged.because(format!("limits.{}", NOTICE.key), None, format!("notices are shown for {limit}"))
}

#[cfg(test)]
mod tests;
