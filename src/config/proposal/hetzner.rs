//! The servers of a Hetzner Cloud project, as its API lists them. Labels become tags.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Found;

#[derive(Deserialize)]
struct Said {
    servers: Vec<Server>,
}

#[derive(Deserialize)]
struct Server {
    name: String,
    status: String,
    #[serde(default)]
    public_net: Option<PublicNet>,
    #[serde(default)]
    private_net: Vec<Address>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct PublicNet {
    ipv4: Option<Address>,
    ipv6: Option<Address>,
}

#[derive(Deserialize)]
struct Address {
    ip: String,
}

impl Server {
    /// Its address for everybody, else the one in its own network. Of IPv6 a whole network is its: `2001:db8::/64`.
    fn address(&self) -> Option<String> {
        let public = self.public_net.as_ref();
        let v4 = public.and_then(|net| net.ipv4.as_ref()).map(|one| one.ip.clone());
        let v6 =
            public.and_then(|net| net.ipv6.as_ref()).and_then(|one| Some(format!("{}1", one.ip.strip_suffix("/64")?)));
        v4.or(v6).or_else(|| self.private_net.first().map(|one| one.ip.clone()))
    }
}

/// One page of `GET /servers`. What is no such page is an error, never an empty one.
pub fn parse_hetzner(said: &[u8]) -> Result<Found, String> {
    let said: Said =
        serde_json::from_slice(said).map_err(|error| format!("the API's list of servers can't be read: {error}"))?;
    let mut found = Found::default();
    for server in said.servers {
        if server.status == "off" {
            found.skipped.push(format!("{}: it is switched off", server.name));
            continue;
        }
        let Some(address) = server.address() else {
            found.skipped.push(format!("{}: it has no address", server.name));
            continue;
        };
        let before = found.servers.len();
        found.propose(&server.name, Some(&address), Vec::new());
        if let Some(proposed) = found.servers.get_mut(before) {
            proposed.provider = Some("Hetzner".to_owned());
            // Of `role=web` the value tells, of `backup=true` the key.
            let word = |(key, value): (String, String)| match value.as_str() {
                "false" | "no" | "0" => None,
                "" | "true" | "yes" | "1" => Some(key),
                _ => Some(value),
            };
            proposed.tags = server.labels.into_iter().filter_map(word).collect();
        }
    }
    Ok(found)
}
