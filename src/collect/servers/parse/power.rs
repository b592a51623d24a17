//! Who has power on a server.

mod sshd;
mod sudoers;

use std::net::IpAddr;

use jiff::Timestamp;

use super::sections::{Section, Sections};
use crate::domain::facts::{
    Account, AuthorizedKey, Group, HostPower, KeysSeen, Login, MIGHTY_GROUPS, RemoteLogin, SudoRule,
};
use crate::domain::{Fault, Shown};

pub fn parse_power(sections: &Sections) -> HostPower {
    let accounts = sections.sound("accounts", "getent").and_then(parse_accounts);
    let keys = sections.rooted("keys", "ssh-keygen", "reading the authorized keys").and_then(|keys| {
        let mut seen = parse_keys(keys, accounts.as_deref().unwrap_or_default());
        seen.hidden.extend(sshd::parse_elsewhere(sections.sound("sshd", "reading sshd's configuration")?));
        Ok(seen)
    });
    let sudoers = sudoers::parse_sudoers(sections);
    let groups = sections.sound("groups", "getent").and_then(parse_groups);
    HostPower {
        keys: keys.into(),
        accounts: accounts.into(),
        groups: groups.map(|groups| telling(groups, sudoers.as_deref().unwrap_or_default())).into(),
        sudoers: sudoers.into(),
        logins: sections.sound("logins", "lastlog").map(parse_logins).into(),
        remote_logins: parse_remote_logins(sections).into(),
        own_key: None,
    }
}

/// Of the many groups of a system those that say something of anybody.
fn telling(groups: Vec<Group>, rules: &[SudoRule]) -> Vec<Group> {
    let tells = |group: &Group| {
        !group.members.is_empty()
            || MIGHTY_GROUPS.contains(&group.name.as_str())
            || rules.iter().any(|rule| group.is_named_by(&rule.who))
    };
    groups.into_iter().filter(tells).collect()
}

/// passwd(5): `name:x:uid:gid:gecos:home:shell`.
fn parse_accounts(section: &Section) -> Result<Vec<Account>, Fault> {
    let lines = section.lines.iter().filter(|line| !line.is_empty());
    let accounts: Option<Vec<Account>> = lines.map(|line| account(line)).collect();
    let accounts = accounts.ok_or_else(|| Fault::new("the list of accounts makes no sense"))?;
    // Every system has root.
    if accounts.iter().any(|account| account.uid == 0) {
        Ok(accounts)
    } else {
        Err(Fault::new("the list of accounts names no root: it is not whole"))
    }
}

fn account(line: &str) -> Option<Account> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, _, home, shell] = fields[..] else { return None };
    Some(Account {
        name: name.into(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: home.into(),
        shell: shell.into(),
    })
}

/// group(5): `name:x:gid:anna,roman`.
fn parse_groups(section: &Section) -> Result<Vec<Group>, Fault> {
    let group = |line: &String| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members] = fields[..] else { return None };
        let members = members.split(',').filter(|member| !member.is_empty()).map(Shown::line).collect();
        Some(Group { name: name.into(), gid: gid.parse().ok()?, members })
    };
    let groups: Option<Vec<Group>> = section.lines.iter().filter(|line| !line.is_empty()).map(group).collect();
    let mut groups = groups.ok_or_else(|| Fault::new("the list of groups makes no sense"))?;
    // Those that are asked for by name are listed twice; a directory's of the same name has other members.
    groups.sort();
    groups.dedup();
    Ok(groups)
}

/// A file's name, then `256 SHA256:… comment (ED25519)` for each of its keys; `? HOME` may not be seen.
fn parse_keys(section: &Section, accounts: &[Account]) -> KeysSeen {
    let mut seen = KeysSeen { keys: Vec::new(), hidden: Vec::new() };
    let mut file = "";
    for line in &section.lines {
        if let Some(home) = line.strip_prefix("? ") {
            seen.hidden.push(Shown::line(home));
        } else if line.starts_with('/') {
            file = line;
        } else if let Some((fingerprint, comment)) = fingerprint(line) {
            let key =
                |account: Shown| AuthorizedKey { fingerprint: fingerprint.into(), account, comment: comment.into() };
            seen.keys.extend(owners(file, accounts).into_iter().map(key));
        }
    }
    seen.keys.sort();
    seen.keys.dedup();
    seen.hidden.sort();
    seen.hidden.dedup();
    seen
}

fn fingerprint(line: &str) -> Option<(&str, &str)> {
    let (bits, rest) = line.split_once(' ')?;
    bits.parse::<u32>().ok()?;
    let (fingerprint, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let comment = rest.rsplit_once(" (").map_or("", |(comment, _)| comment);
    fingerprint.starts_with("SHA256:").then_some((fingerprint, comment))
}

/// Everybody with that home; or, as in `/etc/ssh/authorized_keys.d/anna`, whom the file is named after.
fn owners(file: &str, accounts: &[Account]) -> Vec<Shown> {
    let home = file.rsplit_once("/.ssh/").map(|(home, _)| home);
    let named = file.rsplit('/').next().unwrap_or(file);
    let owns = |account: &&Account| home.map_or(account.name == *named, |home| account.home.as_str() == home);
    let owners: Vec<Shown> = accounts.iter().filter(owns).map(|account| account.name.clone()).collect();
    if owners.is_empty() { vec![Shown::line(file)] } else { owners }
}

/// `root  pts/0  10.8.0.2  Tue Nov 24 08:00:00 +0000 2026`.
fn parse_logins(section: &Section) -> Vec<Login> {
    let login = |line: &String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, month, day, time, offset, year] = words.get(words.len().checked_sub(6)?..)? else { return None };
        let text = format!("{day} {month} {year} {time} {offset}");
        let at: Timestamp = jiff::fmt::rfc2822::parse(&text).ok()?.timestamp();
        Some(Login { account: Shown::line(words.first()?), at })
    };
    section.lines.iter().filter_map(login).collect()
}

/// `roman  pts/0  203.0.113.9  2026-11-26T07:12:00+00:00   still logged in`; wtmpdb writes `2026-11-26T07:12:00+0000  -
/// still logged in`. 127: there is no `last`.
fn parse_remote_logins(sections: &Sections) -> Result<Option<Vec<RemoteLogin>>, Fault> {
    let section = match sections.get("visits") {
        Some(section) if section.code == 127 => return Ok(None),
        _ => sections.sound("visits", "last")?,
    };
    let login = |line: &String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (&[account, terminal, from, began], still) = words.split_first_chunk()?;
        if !matches!(still, ["still", "logged", "in"] | ["-", "still", "logged", "in"]) {
            return None;
        }
        // wtmpdb tells of sessions without one too: a backup that pulls, our own kept connection.
        if !(terminal.starts_with("pts/") || terminal.starts_with("tty")) {
            return None;
        }
        let (from, began): (IpAddr, Timestamp) = (from.parse().ok()?, began.parse().ok()?);
        let far = !from.is_loopback() && !from.is_unspecified();
        far.then(|| RemoteLogin { account: Shown::line(account), from: from.to_canonical(), began })
    };
    Ok(Some(section.lines.iter().filter_map(login).collect()))
}

#[cfg(test)]
mod tests;
