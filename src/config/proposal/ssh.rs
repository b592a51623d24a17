//! `ssh_config(5)` and the known hosts of sshd(8).

use super::{Found, words};

/// Keyword, in small letters, and what stands behind it.
fn settings(text: &str) -> impl Iterator<Item = (String, &str)> {
    let text = text.trim_start_matches('\u{feff}');
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let (key, rest) = line.split_once(|letter: char| letter.is_whitespace() || letter == '=').unwrap_or((line, ""));
        (key.to_ascii_lowercase(), rest.trim_start_matches([' ', '\t', '=']))
    })
}

/// The plain names behind `Host`; patterns stand for nobody in particular.
pub fn parse_ssh_config(text: &str) -> Found {
    let mut found = Found::default();
    let mut names = Vec::new();
    for (key, rest) in settings(text) {
        match key.as_str() {
            "host" => {
                names = words(rest);
                names.retain(|name| !name.contains(['*', '?', '!']));
                for name in &names {
                    found.propose(name, None, Vec::new());
                }
            }
            "hostname" => {
                for (name, address) in names.iter().zip(words(rest).iter().cycle()) {
                    found.addresses.entry(address.replace("%h", name)).or_insert_with(|| name.clone());
                }
            }
            "match" => {
                names.clear();
                found.skipped.push(format!("Match {rest} is not read"));
            }
            _ => {}
        }
    }
    found
}

/// The files that it includes, as they are written there.
pub fn parse_includes(text: &str) -> Vec<String> {
    settings(text).filter(|(key, _)| key == "include").flat_map(|(_, rest)| words(rest)).collect()
}

/// Names in clear; hashed ones can't be read, which is what hashing is for.
pub fn parse_known_hosts(text: &str) -> Found {
    let (mut found, mut hashed) = (Found::default(), 0);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some(names) = line.split_whitespace().next().filter(|word| !word.starts_with('@')) else { continue };
        if names.starts_with('|') {
            hashed += 1;
            continue;
        }
        // A name is better than an address.
        let names: Vec<&str> = names.split(',').collect();
        let plain = names.iter().find(|name| name.parse::<std::net::IpAddr>().is_err()).or(names.first());
        let Some(name) = plain.filter(|name| !name.contains(['*', '?', '!'])) else { continue };
        if name.starts_with('[') {
            found.skipped.push(format!("{name}: another port than 22 needs a Host of its own in ssh's configuration"));
        } else if name.parse::<std::net::Ipv6Addr>().is_ok() {
            found.skipped.push(format!("{name}: give it a name in ssh's configuration"));
        } else {
            found.propose(name, None, Vec::new());
        }
    }
    if hashed > 0 {
        found.skipped.push(format!("{hashed} hashed names, which nobody can read"));
    }
    found
}
