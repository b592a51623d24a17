//! What is pending, and whether the package lists can say so.

use jiff::{SignedDuration, Timestamp};

use super::sources::is_vendors;
use super::{AHEAD, FROZEN_MIRROR, Host, OTHER_UPDATE, PACKAGE_LISTS, SECURITY_UPDATE};
use crate::domain::facts::{Pending, Repository};
use crate::domain::{Fault, Judgement, Verdict, age};
use crate::policy::silence::unread;

/// So many packages of an update that many servers lack are named.
const NAMED: usize = 4;

/// Updates of one kind and the one that has been pending longest.
struct Waiting<'a> {
    updates: Vec<(&'a Pending, Timestamp)>,
    oldest: Option<Timestamp>,
}

impl<'a> Waiting<'a> {
    fn of(host: &Host<'a>, all: &'a [Pending], security: bool) -> Self {
        let updates: Vec<_> = all
            .iter()
            .filter(|update| update.security == security)
            .map(|update| (update, host.since(update.sighting().as_str())))
            .collect();
        let oldest = updates.iter().map(|(_, since)| *since).min();
        Self { updates, oldest }
    }

    fn beyond(&self, host: &Host<'_>, limit: SignedDuration) -> bool {
        self.oldest.is_some_and(|oldest| host.lasts(oldest) > limit)
    }

    /// One more is another question, and so is a newer version of one.
    fn asked(&self, judgement: Judgement) -> Judgement {
        self.updates.iter().fold(judgement, |judgement, (update, _)| {
            judgement.asking(format!("package {}", update.package), update.candidate.clone())
        })
    }

    /// The same in all servers that lack the same and hold the same: what each says of other updates and of its age is left
    /// out.
    fn alike(&self, host: &Host<'_>, judgement: Judgement) -> Judgement {
        let why = |update: &Pending| match () {
            () if holds(host, update) => " (held)",
            () if update.pinned => " (pinned)",
            () => "",
        };
        let told = |update: &Pending| format!("{}{}", update.package, why(update));
        let mut names: Vec<String> = self.updates.iter().map(|(update, _)| told(update)).collect();
        // What is held or pinned is named first: it takes another hand.
        names.sort_unstable_by_key(|name| (!name.ends_with(')'), name.clone()));
        let count = names.len();
        let more = count.checked_sub(NAMED + 1).map_or_else(String::new, |more| format!(" and {} more", more + 1));
        names.truncate(NAMED);
        let names = names.join(", ");
        match count {
            0 => judgement,
            1 => judgement.alike(format!("the same security update: {names}")),
            _ => judgement.alike(format!("the same {count} security updates: {names}{more}")),
        }
    }

    /// Of updates that ask nothing, with every name: only these words tell them apart.
    fn alike_in_full(&self, judgement: Judgement) -> Judgement {
        let mut names: Vec<&str> = self.updates.iter().map(|(update, _)| update.package.as_str()).collect();
        names.sort_unstable();
        let plural = if names.len() == 1 { "" } else { "s" };
        judgement.alike(format!("the same {} other update{plural}: {}", names.len(), names.join(", ")))
    }

    fn words(&self, host: &Host<'_>, what: &str) -> Option<String> {
        let oldest = self.oldest?;
        let count = self.updates.len();
        let plural = if count == 1 { "" } else { "s" };
        // An age in seconds or minutes would make another title of each round.
        Some(match host.long(oldest) {
            None => format!("{count} {what}{plural}, just seen"),
            Some(since) if count == 1 => format!("1 {what}{plural}, {since}"),
            Some(since) => format!("{count} {what}{plural}, oldest {since}"),
        })
    }
}

pub(super) fn pending(host: &Host<'_>) -> Judgement {
    let all = match &host.seen.pending.as_result() {
        Ok(all) => *all,
        Err(fault) => return host.unreadable("pending updates", fault).weight(70),
    };
    let (security, other) = (Waiting::of(host, all, true), Waiting::of(host, all, false));
    let ((strict, strict_name), (lax, lax_name)) = (host.limit(&SECURITY_UPDATE), host.limit(&OTHER_UPDATE));
    let title = title(host, &security, &other);
    // What is known to be broken is broken, however old the lists are; that nothing is pending needs fresh ones.
    let broken = security.beyond(host, strict.as_duration());
    if let (Err(doubt), false) = (lists_doubt(host), broken) {
        let said = if all.is_empty() { doubt.said.to_string() } else { format!("{}; so far {title}", doubt.said) };
        let judgement = host.judgement(Verdict::Unknown, said.clone()).because(host.name(), Some(host.at), said);
        let judgement = unread(security.asked(judgement), &doubt);
        return Judgement { mend: doubt.mend, ..judgement }.detail(&detail(host, &security, &other)).weight(65);
    }
    let verdict = match () {
        () if broken => Verdict::Broken,
        () if security.oldest.is_some() || other.beyond(host, lax.as_duration()) => Verdict::Due,
        () => Verdict::Ok,
    };
    let (limit, name) = if security.oldest.is_some() { (strict, strict_name) } else { (lax, lax_name) };
    let judgement = host
        .judgement(verdict, title.clone())
        .detail(&detail(host, &security, &other))
        .because(host.name(), Some(host.at), format!("apt-cache policy: {title}"))
        .because(name, None, format!("{limit}"))
        .since(security.oldest.or(other.oldest).filter(|_| verdict != Verdict::Ok))
        .weight(if security.oldest.is_some() { 80 } else { 30 });
    let judgement = match (security.updates.is_empty(), other.updates.is_empty()) {
        (true, false) => other.alike_in_full(judgement),
        _ => security.alike(host, security.asked(judgement)),
    };
    if verdict == Verdict::Ok { judgement } else { judgement.mend(mend(host, &security)) }
}

fn title(host: &Host<'_>, security: &Waiting<'_>, other: &Waiting<'_>) -> String {
    match (security.words(host, "security update"), other.updates.len()) {
        (Some(words), 0) => words,
        (Some(words), others) => format!("{words} · {others} other{}", if others == 1 { "" } else { "s" }),
        (None, 0) => "no updates pending".into(),
        (None, _) => {
            other.words(host, "other update").map_or_else(String::new, |words| format!("{words}, no security update"))
        }
    }
}

fn mend(host: &Host<'_>, security: &Waiting<'_>) -> String {
    let first =
        |stuck: &dyn Fn(&Pending) -> bool| security.updates.iter().map(|(update, _)| *update).find(|one| stuck(one));
    match (first(&|update| holds(host, update)), first(&|update| update.pinned)) {
        (Some(update), _) => {
            format!("apt-get upgrade on the server; {} is held: apt-mark unhold it or decide", update.package)
        }
        (None, Some(update)) => {
            let pin = "kept back by a pin: take that out of /etc/apt/preferences.d or decide";
            format!("apt-get upgrade on the server; {} is {pin}", update.package)
        }
        (None, None) => "apt-get upgrade on the server, or see why unattended-upgrades left them".into(),
    }
}

/// Why "nothing is pending" can't be said.
fn lists_doubt(host: &Host<'_>) -> Result<(), Fault> {
    let at = *host.seen.lists_at.as_result().map_err(Clone::clone)?;
    // Ages on the server's own clock: without it, they say nothing.
    let clock = host.seen.clock_skew_seconds.as_result();
    clock.map_err(|fault| Fault::new(format!("age of the package lists unknown: {}", fault.said)))?;
    let there = host.there();
    frozen(host, there)?;
    let (limit, _) = host.limit(&PACKAGE_LISTS);
    let old = there.duration_since(at);
    let mend = "run apt-get update on the server and read what fails; is apt-daily.timer on?";
    if old > limit.as_duration() {
        Err(Fault::new(format!("package lists are {} old", age(at, there))).mend(mend))
    } else if old < -AHEAD {
        Err(Fault::new("package lists are dated in the future").mend("set the server's clock, then run apt-get update"))
    } else {
        Ok(())
    }
}

/// Whether what is pending is only known as far as this repository is.
pub(super) fn rests_on(host: &Host<'_>, repository: &Repository) -> bool {
    repository.security || is_vendors(host, repository)
}

/// A mirror that stands still answers with lists that are fetched anew each day and never say anything new. What the
/// repository itself signed tells: until when it vouches for the list, or else when it was made.
fn frozen(host: &Host<'_>, there: Timestamp) -> Result<(), Fault> {
    // What was seen before the probe asked for it says nothing.
    let Some(apt) = host.seen.apt.seen() else { return Ok(()) };
    let mend = "is the mirror still fed? Ask it beside deb.debian.org, then apt-get update on the server";
    for repository in apt.repositories.iter().filter(|one| rests_on(host, one)) {
        if let Some(until) = repository.valid_until.filter(|until| *until < there) {
            let ago = age(until, there);
            let told = if repository.unending { ", which apt is told to take" } else { "" };
            let said = format!("{} stopped being valid {ago} ago: a frozen mirror{told}", repository.origin);
            return Err(Fault::new(said).mend(mend));
        }
        if repository.security && repository.valid_until.is_none() && repository.dated.is_none() {
            let said = format!("{} does not say when it was made: it may be a frozen mirror", repository.origin);
            return Err(Fault::new(said).mend(mend));
        }
        let (limit, _) = host.limit(&FROZEN_MIRROR);
        let made = repository.dated.filter(|_| repository.security && repository.valid_until.is_none());
        if let Some(made) = made.filter(|made| there.duration_since(*made) > limit.as_duration()) {
            let ago = age(made, there);
            return Err(Fault::new(format!("{} was made {ago} ago: a frozen mirror", repository.origin)).mend(mend));
        }
    }
    Ok(())
}

/// By where they come from, the longest pending first. Moments, not ages: an age would make other particulars of each round.
fn detail(host: &Host<'_>, security: &Waiting<'_>, other: &Waiting<'_>) -> String {
    let mut lines = Vec::new();
    for (heading, waiting) in [("security", security), ("other", other)] {
        let mut updates: Vec<_> = waiting.updates.iter().collect();
        updates.sort_by_key(|(update, since)| (&update.origin, *since, &update.package));
        for from_one in updates.chunk_by(|(a, _), (b, _)| a.origin == b.origin) {
            lines.extend(from_one.first().map(|(update, _)| format!("{heading}, from {}:", update.origin)));
            lines.extend(from_one.iter().map(|(update, since)| line(host, update, *since)));
        }
    }
    lines.extend(host.seen.lists_at.seen().map(|at| format!("package lists of {}", moment(host, *at))));
    lines.join("\n")
}

fn line(host: &Host<'_>, update: &Pending, since: Timestamp) -> String {
    let from = update.installed.as_ref().map_or_else(|| "new".into(), ToString::to_string);
    let held = if holds(host, update) { ", held" } else { "" };
    let pinned = if update.pinned { ", kept back by a pin" } else { "" };
    format!("  {} {from} → {}, since {}{held}{pinned}", update.package, update.candidate, moment(host, since))
}

/// Whether somebody put it on hold.
fn holds(host: &Host<'_>, update: &Pending) -> bool {
    host.seen.held.seen().is_some_and(|held| held.contains(&update.package))
}

/// On the operator's clock.
fn moment(host: &Host<'_>, at: Timestamp) -> String {
    host.case.zone.to_datetime(at).strftime("%-d %b %H:%M").to_string()
}
