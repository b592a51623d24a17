//! Ansible inventories: INI, and of YAML the maps that inventories are made of. Groups become tags.

use super::Found;

/// A name, its group, and its variables.
type Host = (String, Option<String>, Vec<(String, String)>);

pub fn parse_ini(text: &str) -> Found {
    let (mut found, mut group, mut hosts) = (Found::default(), None, true);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(head) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let (name, kind) = head.split_once(':').map_or((head, ""), |(name, kind)| (name, kind));
            (group, hosts) =
                (Some(name.to_owned()).filter(|name| name != "all" && name != "ungrouped"), kind.is_empty());
        } else if hosts {
            let mut words = line.split_whitespace();
            let Some(name) = words.next() else { continue };
            let words: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
            take(&mut found, name, &words, group.as_deref());
        }
    }
    found
}

fn take(found: &mut Found, name: &str, words: &[(&str, &str)], group: Option<&str>) {
    let value =
        |key: &str| words.iter().find(|(word, _)| *word == key).map(|(_, value)| value.trim_matches(['"', '\'']));
    if name.contains('[') {
        found.skipped.push(format!("{name}: ranges are not expanded"));
        return;
    }
    if let Some(port) = value("ansible_port").filter(|port| *port != "22") {
        found.skipped.push(format!("{name}: port {port} belongs into ssh's configuration"));
    }
    let host = value("ansible_host").unwrap_or(name);
    let ssh = value("ansible_user").map_or_else(|| host.to_owned(), |user| format!("{user}@{host}"));
    found.propose(name, Some(&ssh), group);
}

/// Nested maps by indentation: `GROUP: hosts: HOST: ansible_host: …`. Lists, flow style, anchors and block texts are
/// said to be left out, with their line.
pub fn parse_yaml(text: &str) -> Found {
    let mut found = Found::default();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut hosts: Vec<Host> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let body = line.trim();
        if body.is_empty() || body.starts_with('#') || body == "---" || body == "..." {
            continue;
        }
        let left_out = |what: &str| format!("line {}: {what} are not read", index + 1);
        let pair = body.split_once(": ").or_else(|| Some((body.strip_suffix(':')?, "")));
        let Some((key, value)) = pair.filter(|_| !body.starts_with("- ")) else {
            found.skipped.push(left_out("lists and texts over several lines"));
            continue;
        };
        let depth = line.len() - line.trim_start().len();
        path.retain(|(indent, _)| *indent < depth);
        let (key, value) = (key.trim().trim_matches(['"', '\'']), value.split(" #").next().unwrap_or("").trim());
        if value.starts_with(['{', '[', '&', '*', '|', '>']) && value != "{}" {
            found.skipped.push(left_out("flow style, anchors and block texts"));
        }
        let above = |up: usize| path.iter().rev().nth(up).map(|(_, name)| name.as_str());
        if above(0) == Some("hosts") {
            let group = above(1).filter(|group| *group != "all" && *group != "ungrouped").map(str::to_owned);
            hosts.push((key.to_owned(), group, Vec::new()));
        } else if above(1) == Some("hosts")
            && let Some((_, _, words)) = hosts.last_mut()
        {
            words.push((key.to_owned(), value.to_owned()));
        }
        path.push((depth, key.to_owned()));
    }
    for (name, group, words) in &hosts {
        let words: Vec<(&str, &str)> = words.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        take(&mut found, name, &words, group.as_deref());
    }
    found
}
