//! `ssh_config(5)` and the known hosts of sshd(8).

use super::Found;

/// The plain names behind `Host`; patterns stand for nobody in particular.
pub fn parse_ssh_config(text: &str) -> Found {
    let mut found = Found::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, rest) = line.split_once(|letter: char| letter.is_whitespace() || letter == '=').unwrap_or((line, ""));
        let rest = rest.trim_start_matches([' ', '\t', '=']);
        match key.to_ascii_lowercase().as_str() {
            "host" => {
                for name in rest.split_whitespace().map(|name| name.trim_matches('"')) {
                    if !name.contains(['*', '?', '!']) {
                        found.propose(name, None, None);
                    }
                }
            }
            "include" => {
                found.skipped.push(format!("Include {rest} is not followed: name that file with --ssh-config"));
            }
            "match" => found.skipped.push(format!("Match {rest} names no host")),
            _ => {}
        }
    }
    found
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
        } else if !found.servers.iter().any(|server| server.name == **name) {
            found.propose(name, None, None);
        }
    }
    if hashed > 0 {
        found.skipped.push(format!("{hashed} hashed names, which nobody can read"));
    }
    found
}
