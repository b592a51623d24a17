//! Where packages come from: signed, by a key that still counts, of the release that is installed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Host, pending};
use crate::domain::facts::{AptSeen, Repository, Signature};
use crate::domain::{Judgement, Shown, Verdict, age};

pub(super) fn sources(host: &Host<'_>) -> Judgement {
    let judgement = match host.seen.apt.as_result() {
        Err(fault) => host.unreadable("apt's sources", fault),
        Ok(apt) => asking(host, apt, judge(host, apt)),
    };
    judgement.part("sources").weight(55)
}

const LET_IT_LOOK: &str = "take Check-Valid-Until, Check-Date or what puts the end off out of apt's sources or configuration, then apt-get update";

fn judge(host: &Host<'_>, apt: &AptSeen) -> Judgement {
    let judgement = |verdict, title: String| {
        host.judgement(verdict, title.clone()).detail(&detail(apt)).because(host.name(), Some(host.at), title)
    };
    if let Some(first) = apt.unsigned.first() {
        let more = more(apt.unsigned.len());
        return judgement(Verdict::Broken, format!("a source is believed without a signature: {first}{more}"))
            .mend("name its key with Signed-By, and take trusted=yes or AllowUnauthenticated away");
    }
    let signed = |repository: &&Repository| bad(&repository.signature).is_some();
    if let Some(first) = apt.repositories.iter().find(signed) {
        let more = more(apt.repositories.iter().filter(signed).count());
        let word = bad(&first.signature).unwrap_or_default();
        return judgement(Verdict::Broken, format!("{}: {word}{more}", first.origin)).mend(
            "get the repository's present key, then apt-get update; for Debian: apt-get install debian-archive-keyring",
        );
    }
    if lacks_security(host, apt) {
        return judgement(Verdict::Broken, "no security suite among its sources".into())
            .mend("add its release's security suite to apt's sources, then apt-get update");
    }
    let doubts: Vec<(&Repository, &Shown)> = apt.repositories.iter().filter_map(doubt).collect();
    if let Some((first, said)) = doubts.first() {
        let more = more(doubts.len());
        return judgement(Verdict::Unknown, format!("whether {} is signed is unknown: {said}{more}", first.origin))
            .mend("see what apt-get update says of it on the server; where its key is refused, get the present one");
    }
    let ended: Vec<(&Repository, Timestamp)> = apt.repositories.iter().filter_map(|one| ended(host, one)).collect();
    if let Some((first, until)) = ended.first() {
        let (ago, more) = (age(*until, host.case.now), more(ended.len()));
        let title =
            format!("{} stopped being valid {ago} ago{more}: a frozen mirror, which apt is told to take", first.origin);
        return judgement(Verdict::Unknown, title).mend(LET_IT_LOOK);
    }
    let foreign: Vec<&Repository> = apt.repositories.iter().filter(|repository| is_foreign(host, repository)).collect();
    if let Some(first) = foreign.first() {
        let more = more(foreign.len());
        return judgement(
            Verdict::Due,
            format!("packages of another release: {} ({}){more}", first.origin, first.codename),
        )
        .mend("take that suite out of apt's sources, or pin it and decide");
    }
    if let Some(first) = apt.unending.first() {
        let more = more(apt.unending.len());
        return judgement(Verdict::Due, format!("apt takes lists after their end: {first}{more}")).mend(LET_IT_LOOK);
    }
    let others = apt.repositories.iter().filter(|repository| !is_vendors(host, repository)).count();
    let others = if others == 0 { String::new() } else { format!(", {others} not the release's own") };
    let count = apt.repositories.len();
    let plural = if count == 1 { "repository" } else { "repositories" };
    let unchecked = apt.repositories.iter().filter(|repository| repository.signature == Signature::Unchecked).count();
    let signed = match unchecked {
        0 => "signed".to_owned(),
        all if all == count => "checked by apt alone".to_owned(),
        some => format!("{} signed, {some} checked by apt alone", count - some),
    };
    judgement(Verdict::Ok, format!("{count} {plural}, {signed}{others}"))
}

/// All that is wrong, whatever the title names: a decision on one source hides no other.
fn asking(host: &Host<'_>, apt: &AptSeen, judgement: Judgement) -> Judgement {
    let mut wrong: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for source in &apt.unsigned {
        wrong.entry(format!("source {source}")).or_default().insert("believed without a signature");
    }
    for source in &apt.unending {
        wrong.entry(format!("source {source}")).or_default().insert("its lists are taken after their end");
    }
    for one in &apt.repositories {
        let ended = ended(host, one).map(|_| "stopped being valid");
        let foreign = is_foreign(host, one).then_some("of another release");
        let unknown = doubt(one).map(|_| "not known whether it is signed");
        for word in bad(&one.signature).into_iter().chain(unknown).chain(ended).chain(foreign) {
            wrong.entry(format!("repository {} {}", one.origin, one.codename)).or_default().insert(word);
        }
    }
    if lacks_security(host, apt) {
        wrong.entry("security suite".to_owned()).or_default().insert("missing");
    }
    wrong.into_iter().fold(judgement, |judgement, (item, words)| {
        judgement.asking(item, words.into_iter().collect::<Vec<_>>().join("; "))
    })
}

/// Why packages of it can't be trusted, or will never come.
fn bad(signature: &Signature) -> Option<&'static str> {
    match signature {
        Signature::Good | Signature::Unchecked | Signature::Unknown(_) => None,
        Signature::Expired => Some("the key that signed its list has expired: apt takes no new one"),
        Signature::Revoked => Some("the key that signed its list was revoked"),
        Signature::Bad => Some("its list is not what was signed"),
        Signature::Missing => Some("its list has no signature"),
    }
}

/// What was said of a signature instead of whether it is good.
fn doubt(repository: &Repository) -> Option<(&Repository, &Shown)> {
    match &repository.signature {
        Signature::Unknown(said) => Some((repository, said)),
        _ => None,
    }
}

/// Of a list that apt is told to take after its end, and that has passed it: since when. What is the release's own is
/// judged with what is pending from it.
fn ended<'a>(host: &Host<'_>, repository: &'a Repository) -> Option<(&'a Repository, Timestamp)> {
    let until = repository.valid_until.filter(|until| repository.unending && *until < host.case.now)?;
    (!pending::rests_on(host, repository)).then_some((repository, until))
}

/// Distributions whose security updates come from a suite of their own.
const APART: [&str; 3] = ["debian", "ubuntu", "devuan"];

/// Then nothing is ever pending, and everything else looks well. What is called sid gets its fixes in itself.
fn lacks_security(host: &Host<'_>, apt: &AptSeen) -> bool {
    let id = host.seen.release.seen().map_or("", |release| release.id.as_str());
    APART.contains(&id) && !apt.repositories.iter().any(|one| one.security || one.codename == "sid")
}

pub(super) fn is_vendors(host: &Host<'_>, repository: &Repository) -> bool {
    let id = host.seen.release.seen().map(|release| release.id.as_str());
    id.is_some_and(|id| repository.vendor.as_str().eq_ignore_ascii_case(id))
}

/// `trixie` or `sid` on a bookworm; `bookworm-updates` belongs to bookworm.
fn is_foreign(host: &Host<'_>, repository: &Repository) -> bool {
    let own = host.seen.release.seen().map_or("", |release| release.codename.as_str());
    let base = repository.codename.as_str().split(['-', '/']).next().unwrap_or_default();
    is_vendors(host, repository) && !own.is_empty() && !base.is_empty() && base != own
}

fn detail(apt: &AptSeen) -> String {
    let line = |repository: &Repository| {
        let word = match &repository.signature {
            Signature::Good => "signed".to_owned(),
            Signature::Unchecked => {
                "apt alone has checked its signature: neither gpgv nor sqv there, or its key is where only apt finds it"
                    .to_owned()
            }
            Signature::Unknown(said) => format!("not known whether it is signed: {said}"),
            bad_one => bad(bad_one).unwrap_or_default().to_owned(),
        };
        let dated = repository.dated.map_or_else(String::new, |at| format!(", dated {}", at.strftime("%F")));
        let until =
            repository.valid_until.map_or_else(String::new, |at| format!(", valid until {}", at.strftime("%F")));
        let unending = if repository.unending { ", and apt is told to take it after its end" } else { "" };
        format!("{} {}: {word}{dated}{until}{unending}", repository.origin, repository.codename)
    };
    let unsigned = apt.unsigned.iter().map(|source| format!("believed without a signature: {source}"));
    let unending = apt.unending.iter().map(|source| format!("its lists are taken after their end: {source}"));
    unsigned.chain(unending).chain(apt.repositories.iter().map(line)).collect::<Vec<_>>().join("\n")
}

fn more(count: usize) -> String {
    if count > 1 { format!(", and {} more", count - 1) } else { String::new() }
}
