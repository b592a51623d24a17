//! Ansible inventories: INI, and of YAML the maps that inventories are made of. Groups become tags.

use std::collections::{BTreeMap, VecDeque};

use super::{Found, words};

/// A longer range is somebody's mistake.
const LONGEST: usize = 1000;

/// Variables by name.
type Words = BTreeMap<String, String>;

#[derive(Default)]
struct Host {
    groups: Vec<String>,
    words: Words,
}

/// What an inventory says, before it is put together: Ansible joins all that its places say of one host.
#[derive(Default)]
struct Inventory {
    /// In the order in which they came.
    names: Vec<String>,
    hosts: BTreeMap<String, Host>,
    vars: BTreeMap<String, Words>,
    /// The groups that a group is in.
    parents: BTreeMap<String, Vec<String>>,
    skipped: Vec<String>,
}

impl Inventory {
    /// Adds a host, or each of a range such as `web[01:20]`, and gives their names.
    fn host(&mut self, pattern: &str, group: Option<&str>) -> Vec<String> {
        let (pattern, port) = split_port(pattern);
        let Some(names) = expand(pattern) else {
            self.skipped.push(format!("{pattern}: not a range that can be expanded"));
            return Vec::new();
        };
        for name in &names {
            if !self.hosts.contains_key(name) {
                self.names.push(name.clone());
            }
            self.hosts.entry(name.clone()).or_default().groups.extend(group.map(str::to_owned));
        }
        if let Some(port) = port {
            self.set(&names, "ansible_port", port);
        }
        names
    }

    fn set(&mut self, names: &[String], key: &str, value: &str) {
        for name in names {
            if let Some(host) = self.hosts.get_mut(name) {
                host.words.insert(key.trim().to_owned(), plain(value).to_owned());
            }
        }
    }

    fn set_group(&mut self, group: &str, key: &str, value: &str) {
        let words = self.vars.entry(group.to_owned()).or_default();
        words.insert(key.trim().to_owned(), plain(value).to_owned());
    }

    /// A host's own word first, then its groups', then those of the groups that these are in.
    fn value<'a>(&'a self, host: &'a Host, key: &str) -> Option<&'a str> {
        let keys = [format!("ansible_{key}"), format!("ansible_ssh_{key}")];
        let mut groups: VecDeque<&str> = host.groups.iter().map(String::as_str).collect();
        let (mut seen, mut places) = (vec!["all"], vec![&host.words]);
        while let Some(group) = groups.pop_front() {
            if !seen.contains(&group) {
                seen.push(group);
                places.extend(self.vars.get(group));
                groups.extend(self.parents.get(group).into_iter().flatten().map(String::as_str));
            }
        }
        places.extend(self.vars.get("all"));
        places.into_iter().find_map(|words| keys.iter().find_map(|key| words.get(key))).map(String::as_str)
    }

    fn found(self) -> Found {
        let mut found = Found { skipped: self.skipped.clone(), ..Found::default() };
        for (name, host) in self.names.iter().filter_map(|name| Some((name, self.hosts.get(name)?))) {
            if let Some(connection) = self.value(host, "connection").filter(|one| !REMOTE.contains(one)) {
                found.skipped.push(format!("{name}: it is not reached by ssh (ansible_connection {connection})"));
                continue;
            }
            if let Some(port) = self.value(host, "port").filter(|port| *port != "22") {
                found.skipped.push(format!("the port of {name}: {port} belongs into ssh's configuration"));
            }
            let address = self.value(host, "host").unwrap_or(name);
            let ssh = self.value(host, "user").map_or_else(|| address.to_owned(), |user| format!("{user}@{address}"));
            let tags = host.groups.iter().filter(|group| *group != "all" && *group != "ungrouped").cloned().collect();
            found.propose(name, Some(&ssh), tags);
        }
        found
    }
}

/// Ansible's connections that are ssh.
const REMOTE: [&str; 4] = ["ssh", "smart", "paramiko", "paramiko_ssh"];

fn plain(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}

/// `web1:2222`, but no address of IPv6 and no range.
fn split_port(pattern: &str) -> (&str, Option<&str>) {
    let closed = |name: &str| name.matches('[').count() == name.matches(']').count();
    match pattern.rsplit_once(':') {
        Some((name, port))
            if closed(name)
                && !name.ends_with(':')
                && pattern.parse::<std::net::Ipv6Addr>().is_err()
                && !port.is_empty()
                && port.bytes().all(|one| one.is_ascii_digit()) =>
        {
            (name, Some(port))
        }
        _ => (pattern, None),
    }
}

/// `web[01:03]` is `web01`, `web02`, `web03`; letters and steps (`[a:e:2]`) as in Ansible.
fn expand(pattern: &str) -> Option<Vec<String>> {
    let Some((before, rest)) = pattern.split_once('[') else { return Some(vec![pattern.to_owned()]) };
    let (range, after) = rest.split_once(']')?;
    let parts: Vec<&str> = range.split(':').collect();
    let (first, last, step) = match parts[..] {
        [first, last] => (first, last, 1),
        [first, last, step] => (first, last, step.parse().ok().filter(|step| *step > 0)?),
        _ => return None,
    };
    let each: Vec<String> = if let (&[first], &[last]) = (first.as_bytes(), last.as_bytes())
        && first.is_ascii_alphabetic()
        && last.is_ascii_alphabetic()
    {
        (first..=last).step_by(step).map(|letter| char::from(letter).to_string()).collect()
    } else {
        let width = if first.starts_with('0') { first.len() } else { 0 };
        let numbers = first.parse::<u32>().ok()?..=last.parse::<u32>().ok()?;
        numbers.step_by(step).take(LONGEST + 1).map(|number| format!("{number:0width$}")).collect()
    };
    let after = expand(after)?;
    let all = each.len() * after.len();
    (1..=LONGEST)
        .contains(&all)
        .then(|| each.iter().flat_map(|one| after.iter().map(move |after| format!("{before}{one}{after}"))).collect())
}

pub fn parse_ini(text: &str) -> Found {
    let mut inventory = Inventory::default();
    let (mut group, mut kind) = (None, "");
    for (index, line) in text.trim_start_matches('\u{feff}').lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(head) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let (name, of) = head.split_once(':').unwrap_or((head, ""));
            (group, kind) = (Some(name), of);
            continue;
        }
        match (kind, group) {
            ("", _) => {
                let words = words(line);
                let pairs: Vec<(&str, &str)> = words.iter().skip(1).filter_map(|word| word.split_once('=')).collect();
                match words.first() {
                    Some(pattern) if pairs.len() + 1 == words.len() => {
                        let names = inventory.host(pattern, group);
                        for (key, value) in pairs {
                            inventory.set(&names, key, value);
                        }
                    }
                    _ => inventory.skipped.push(format!("line {}: no host and its variables", index + 1)),
                }
            }
            ("vars", Some(group)) => {
                if let Some((key, value)) = line.split_once('=') {
                    inventory.set_group(group, key, value.split(" #").next().unwrap_or(value));
                }
            }
            ("children", Some(group)) => {
                let child = words(line).into_iter().next().unwrap_or_default();
                inventory.parents.entry(child).or_default().push(group.to_owned());
            }
            _ => inventory.skipped.push(format!("line {}: a section of this kind is not read", index + 1)),
        }
    }
    inventory.found()
}

/// Nested maps by indentation: `GROUP: hosts: HOST: ansible_host: …`. Lists, flow style, anchors and block texts are
/// said to be left out, with their line.
pub fn parse_yaml(text: &str) -> Found {
    let mut inventory = Inventory::default();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut hosts: Vec<String> = Vec::new();
    // The indentation behind which a text over several lines stands: nothing in it means anything.
    let mut block: Option<usize> = None;
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let body = line.trim();
        if body.is_empty() || body.starts_with(['#', '%']) || body == "---" || body == "..." {
            continue;
        }
        let depth = line.len() - line.trim_start().len();
        if block.is_some_and(|block| depth > block) {
            continue;
        }
        block = None;
        let mut left_out = |what: &str| inventory.skipped.push(format!("line {}: {what} are not read", index + 1));
        let pair = body.split_once(": ").or_else(|| Some((body.strip_suffix(':')?, "")));
        let Some((key, value)) = pair.filter(|_| !body.starts_with("- ")) else {
            left_out("lists and texts over several lines");
            continue;
        };
        path.retain(|(indent, _)| *indent < depth);
        let (key, value) = (plain(key), value.split(" #").next().unwrap_or("").trim());
        if value.ends_with(['|', '>']) || value.trim_end_matches(['-', '+']).ends_with(['|', '>']) {
            block = Some(depth);
        }
        let meant = value.starts_with(['{', '[', '&', '*', '|', '>', '!']) && value != "{}";
        if meant {
            left_out("flow style, anchors and block texts");
        }
        let above = |up: usize| path.iter().rev().nth(up).map(|(_, name)| name.as_str());
        match (above(0), above(1)) {
            (Some("hosts"), group) => hosts = inventory.host(key, group),
            (Some("children"), Some(group)) => {
                inventory.parents.entry(key.to_owned()).or_default().push(group.to_owned());
            }
            (Some("vars"), Some(group)) if !meant => inventory.set_group(group, key, value),
            (Some(_), Some("hosts")) if !meant => inventory.set(&hosts, key, value),
            _ => {}
        }
        path.push((depth, key.to_owned()));
    }
    inventory.found()
}
