//! A server's accounts, groups, keys and sudo's rules: who is root there or can make themselves so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{MEASURE, counted};
use crate::domain::facts::{Account, AuthorizedKey, HostPower, MIGHTY_GROUPS};
use crate::domain::{Fact, Fault, Judgement, Shown, SourceRecord, Subject, Verdict};
use crate::policy::Case;
use crate::policy::silence::unread;

/// One server of the register.
pub(super) struct Host<'a> {
    pub subject: &'a Subject,
    pub source: &'a SourceRecord,
    pub power: Result<(Timestamp, &'a HostPower), Fault>,
    /// Every account with full access there, and by what.
    pub mighty: BTreeMap<&'a Shown, BTreeSet<String>>,
}

impl<'a> Host<'a> {
    pub fn all(case: &Case<'a>) -> Vec<Self> {
        let declared = case.evidence.of("servers").flat_map(|source| {
            let hosts = source.declared.iter().filter(|declared| matches!(declared.fact, Fact::HostDeclared(_)));
            hosts.map(move |declared| (source, &declared.subject))
        });
        declared
            .map(|(source, subject)| {
                let power = power(case, source, subject);
                let mighty = power.as_ref().map(|(_, power)| mighty(power)).unwrap_or_default();
                Self { subject, source, power, mighty }
            })
            .collect()
    }

    pub fn name(&self) -> &'a Shown {
        &self.subject.name
    }

    pub fn accounts(&self) -> impl Iterator<Item = &'a Account> {
        self.power.as_ref().ok().and_then(|(_, power)| power.accounts.seen()).into_iter().flatten()
    }

    /// Keys that open an account there, but for the one that we ask with.
    pub fn keys(&self) -> impl Iterator<Item = &'a AuthorizedKey> {
        let power = self.power.as_ref().ok().map(|(_, power)| *power);
        let keys = power.and_then(|power| power.keys.seen()).into_iter().flat_map(|seen| &seen.keys);
        keys.filter(move |key| power.and_then(|power| power.own_key.as_ref()) != Some(&key.fingerprint))
    }

    /// Why not all of it is known; the first of several says how to mend it.
    pub fn hidden(&self) -> Option<Fault> {
        let power = match &self.power {
            Ok((_, power)) => power,
            Err(fault) => return Some(fault.clone()),
        };
        let parts = [
            ("accounts", power.accounts.as_result().err()),
            ("groups", power.groups.as_result().err()),
            ("sudo's rules", power.sudoers.as_result().err()),
            ("keys", power.keys.as_result().err()),
        ];
        let unreadable: Vec<_> = parts.iter().filter_map(|(what, fault)| Some((*what, (*fault)?))).collect();
        let (homes, told) = hidden(power);
        let mut what: Vec<String> = unreadable.iter().map(|(what, _)| (*what).to_owned()).collect();
        if !told.is_empty() {
            what.push("keys".into());
        } else if !homes.is_empty() {
            what.push(format!("keys of {}", counted(homes.len(), "account")));
        }
        if let (Some(group), true) = (faceless(power).first(), what.is_empty()) {
            let mend =
                format!("`getent group {group}` on the server: no such group? then take its rule out of sudoers");
            return Some(
                Fault::new(format!("members of %{group} are not known, and sudo gives them everything")).mend(mend),
            );
        }
        let first = unreadable.first().map(|(_, fault)| (*fault).clone());
        let fault = first.or_else(|| elsewhere(&told)).or_else(|| hidden_keys(power, &homes))?;
        Some(Fault { said: format!("{} unknown: {}", what.join(", "), fault.said).into(), ..fault })
    }
}

/// What could not be looked into: homes and files, and what sshd is told of other places.
fn hidden(power: &HostPower) -> (Vec<&str>, Vec<&str>) {
    let hidden = power.keys.seen().into_iter().flat_map(|keys| &keys.hidden).map(Shown::as_str);
    hidden.partition(|place| place.starts_with('/'))
}

fn some(places: &[&str]) -> String {
    let more = if places.len() > 3 { ", …" } else { "" };
    format!("{}{more}", places.iter().take(3).copied().collect::<Vec<_>>().join(", "))
}

/// That sshd takes keys from where the probe does not look, and what helps.
fn elsewhere(told: &[&str]) -> Option<Fault> {
    let first = told.first()?;
    Some(match first.strip_prefix("unreadable ") {
        Some(file) => Fault::new(format!("sshd may take some from elsewhere, {file} is not readable"))
            .mend(format!("chmod 644 {file} on the server, as Debian has it, or look there by hand, and accept it")),
        None => Fault::new(format!("sshd takes some from where the probe does not look: {}", some(told)))
            .mend("look there by hand, and accept it; or let sshd read .ssh/authorized_keys alone"),
    })
}

/// Why keys could not be looked for, and what helps.
fn hidden_keys(power: &HostPower, homes: &[&str]) -> Option<Fault> {
    // Only with root's power are sudo's rules seen: then it is no question of rights.
    let rooted = power.sudoers.seen().is_some_and(|rules| !rules.is_empty());
    let fault = if rooted {
        Fault::new(format!("behind a link, or deeper than the probe looks: {}", some(homes)))
            .mend("look there by hand, and accept them; or put the keys below /home/NAME")
    } else {
        Fault::new("reading them needs root")
            .mend("`matins probe sudoers` prints the lines for /etc/sudoers.d that allow it")
    };
    (!homes.is_empty()).then_some(fault)
}

fn power<'a>(
    case: &Case<'a>,
    source: &'a SourceRecord,
    subject: &Subject,
) -> Result<(Timestamp, &'a HostPower), Fault> {
    let seen = source.believed(case.now)?.iter().filter(|observation| observation.subject == *subject);
    let mut powers = seen.filter_map(|observation| match &observation.fact {
        Fact::HostPower(power) => Some((observation.at, power.as_ref())),
        _ => None,
    });
    powers.next().ok_or_else(|| Fault::new("its accounts are not asked for yet"))
}

fn mighty(power: &HostPower) -> BTreeMap<&Shown, BTreeSet<String>> {
    let mut mighty: BTreeMap<&Shown, BTreeSet<String>> = BTreeMap::new();
    let accounts = power.accounts.seen().map_or(&[][..], Vec::as_slice);
    let groups = power.groups.seen().map_or(&[][..], Vec::as_slice);
    for account in accounts.iter().filter(|account| account.uid == 0) {
        mighty.entry(&account.name).or_default().insert("uid 0".into());
    }
    let sudo = power.sudoers.seen().into_iter().flatten().filter(|rule| rule.all);
    let (by_group, by_name): (Vec<_>, Vec<_>) = sudo.partition(|rule| rule.who.as_str().starts_with('%'));
    for group in groups {
        let ruled = by_group.iter().any(|rule| group.is_named_by(&rule.who));
        if !ruled && !MIGHTY_GROUPS.contains(&group.name.as_str()) {
            continue;
        }
        let own = accounts.iter().filter(|account| account.gid == group.gid).map(|account| &account.name);
        for member in group.members.iter().chain(own) {
            mighty.entry(member).or_default().insert(format!("in {}", group.name));
        }
    }
    for rule in by_name {
        let uid = rule.who.as_str().strip_prefix('#').and_then(|uid| uid.parse().ok());
        let account = uid.and_then(|uid: u32| accounts.iter().find(|account| account.uid == uid));
        mighty.entry(account.map_or(&rule.who, |account| &account.name)).or_default().insert("in sudoers".into());
    }
    mighty
}

/// Groups that sudo gives everything, and that the server does not list: they come from a directory. Those that many
/// systems give everything are looked for by name, so of these an absent one is none.
fn faceless(power: &HostPower) -> Vec<&str> {
    let (Some(groups), Some(rules)) = (power.groups.seen(), power.sudoers.seen()) else { return Vec::new() };
    let unnamed = rules.iter().filter(|rule| rule.all && !groups.iter().any(|group| group.is_named_by(&rule.who)));
    let groups = unnamed.filter_map(|rule| rule.who.as_str().strip_prefix('%'));
    groups.filter(|name| !MIGHTY_GROUPS.contains(name)).collect()
}

/// Whether all of it can be seen, and how much it is.
pub(super) fn judge(host: &Host<'_>) -> Judgement {
    let judgement = |verdict, title: String| Judgement::new(MEASURE, host.subject.clone(), verdict, title);
    let id = host.source.id.to_string();
    if let Some(fault) = host.hidden() {
        let judgement =
            judgement(Verdict::Unknown, fault.said.to_string()).because(id, host.source.good_at, fault.said.clone());
        let power = host.power.as_ref().ok().map(|(_, power)| *power);
        let keys = power.and_then(|power| power.keys.seen());
        let hidden = keys.map_or(&[][..], |keys| &keys.hidden);
        // Where keys are hidden, each place asks for itself.
        let is_read = |power: &HostPower| {
            power.accounts.seen().is_some() && power.groups.seen().is_some() && power.sudoers.seen().is_some()
        };
        let only_hidden = !hidden.is_empty() && power.is_some_and(is_read);
        let judgement = if only_hidden { judgement } else { unread(judgement, &fault) };
        let judgement = Judgement { mend: fault.mend, ..judgement }.detail(&detail(host)).weight(40);
        return hidden.iter().fold(judgement, |judged, place| judged.asking(format!("keys {place}"), "not seen"));
    }
    let keys: BTreeSet<&Shown> = host.keys().map(|key| &key.fingerprint).collect();
    let title = format!("{} with full access, {}", counted(host.mighty.len(), "account"), counted(keys.len(), "key"));
    let said = "its accounts, groups, keys and sudo's rules are all seen";
    judgement(Verdict::Ok, title).detail(&detail(host)).because(id, host.source.good_at, said).weight(20)
}

fn detail(host: &Host<'_>) -> String {
    let by = |by: &BTreeSet<String>| by.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut lines: Vec<String> =
        host.mighty.iter().map(|(account, why)| format!("{account}: full access, {}", by(why))).collect();
    let power = host.power.as_ref().ok().map(|(_, power)| *power);
    for rule in power.and_then(|power| power.sudoers.seen()).into_iter().flatten().filter(|rule| !rule.all) {
        lines.push(format!("{}: sudo for {}", rule.who, counted(rule.commands.len(), "command")));
    }
    for key in host.keys() {
        lines.push(format!("{} opens {} ({})", key.fingerprint, key.account, key.comment));
    }
    for login in power.and_then(|power| power.logins.seen()).into_iter().flatten() {
        lines.push(format!("{} last had a terminal on {}", login.account, login.at.strftime("%F")));
    }
    lines.join("\n")
}
