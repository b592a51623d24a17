//! The shared words of the register: `[[server]]`, `[[role]]`, `[[person]]`.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::facts::PersonDeclared;
use crate::domain::register::{Destination, Register, Server, Site};
use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Declared, DeclaredPort, Fact, Shown, Subject, SubjectKind};

use super::joined::{Joined, nearest};

/// A server to watch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerTyped {
    /// Its name in every list.
    name: String,
    /// Any destination that your ssh understands; `local` is this machine; default: the name.
    ssh: Option<String>,
    /// A `[[role]]` whose ports, packages, key and tags it inherits.
    role: Option<String>,
    /// A key that may run the probe and nothing else.
    key: Option<String>,
    /// The provider whose data centre it is in.
    provider: Option<String>,
    /// Servers that do the same work: no two of one cluster are ever upgraded together.
    cluster: Option<String>,
    /// Ports that it may answer on, instead of its role's: `tcp/443`, `udp/1194`, `tcp/5000-5010`, and where they may be
    /// reached from when that isn't anywhere: `tcp/22 from vpn`, `tcp/5432 from 10.0.0.0/8`. An empty list: none at all.
    ports: Option<Vec<String>>,
    /// Names or addresses at which everybody reaches it, for trying its ports from outside; default: where `ssh` leads.
    #[serde(default)]
    addresses: Vec<String>,
    /// Drupal sites on it.
    #[serde(default)]
    sites: Vec<SiteTyped>,
    /// Free words to filter by.
    #[serde(default)]
    tags: Vec<String>,
}

/// A Drupal site.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteTyped {
    /// Its host name.
    name: String,
    /// The folder with its `composer.lock`.
    root: String,
}

/// What servers have in common.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleTyped {
    /// What `role` of a server names.
    name: String,
    /// Ports that its servers may answer on, where they don't say otherwise themselves.
    ports: Option<Vec<String>>,
    /// Packages that somebody asks for on its servers: `matins baseline learn ROLE` prints them for review.
    packages: Option<Vec<String>>,
    key: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
}

/// Somebody of the organisation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonTyped {
    name: String,
    /// `administrator` may be uid 0, in sudo, on the VPN.
    role: Option<String>,
    #[serde(default)]
    accounts: Vec<String>,
    /// Fingerprints of ssh keys: `SHA256:…`.
    #[serde(default)]
    keys: Vec<String>,
    /// A date, `2019-04-01`.
    joined: Option<String>,
    /// A date; after it everything that remains is a finding.
    left: Option<String>,
}

/// Servers with what they inherit. Without any configuration, this machine.
pub(super) fn register(joined: &Joined, configured: bool, misfits: &mut Vec<Misfit>) -> Register {
    if !configured {
        return Register { servers: vec![Server::local()], persons: Vec::new(), configured };
    }
    let mut roles: HashMap<String, RoleTyped> = HashMap::new();
    for entry in joined.of("role") {
        if let Ok(typed) = entry.read::<RoleTyped>() {
            // A role's ports are its own mistake, not that of each of its servers.
            misfits.extend(declared_ports(entry, typed.ports.as_deref()).err());
            roles.insert(typed.name.clone(), typed);
        }
    }
    let mut servers = Vec::new();
    for entry in joined.of("server") {
        if let Ok(typed) = entry.read::<ServerTyped>() {
            match server(typed, entry, &roles) {
                Ok(server) => servers.push(server),
                Err(misfit) => misfits.push(misfit),
            }
        }
    }
    let persons = joined.of("person").filter_map(|entry| match person(entry) {
        Ok(person) => person,
        Err(misfit) => {
            misfits.push(misfit);
            None
        }
    });
    let persons = persons.collect();
    Register { servers, persons, configured }
}

/// A person as a fact; `None` where the entry's shape is wrong, which is told elsewhere.
fn person(entry: &Entry) -> Result<Option<Declared>, Misfit> {
    let Ok(typed) = entry.read::<PersonTyped>() else { return Ok(None) };
    let date = |key: &str, text: Option<String>| {
        let date = text.map(|text| text.parse::<Date>()).transpose();
        date.map_err(|_| entry.misfit(Some(key), format!("`{key}` must be a date, as in 2019-04-01")))
    };
    let shown = |texts: &[String]| texts.iter().map(|text| Shown::line(text)).collect();
    let fact = Fact::PersonDeclared(PersonDeclared {
        role: typed.role.as_deref().map(Shown::line),
        accounts: shown(&typed.accounts),
        keys: shown(&typed.keys),
        joined: date("joined", typed.joined)?,
        left: date("left", typed.left)?,
    });
    let subject = Subject::new(SubjectKind::Person, typed.name.as_str());
    Ok(Some(Declared { subject, fact, place: entry.place.clone() }))
}

/// The first port that is none is a misfit at its own place in the list.
fn declared_ports(entry: &Entry, written: Option<&[String]>) -> Result<Option<Vec<DeclaredPort>>, Misfit> {
    let Some(written) = written else { return Ok(None) };
    let ports = written.iter().enumerate().map(|(index, text)| {
        text.parse::<DeclaredPort>().map_err(|message| entry.misfit(Some(&format!("ports.{index}")), message))
    });
    ports.collect::<Result<_, _>>().map(Some)
}

/// Host names and addresses, nothing that could be taken for an option.
fn addresses(written: Vec<String>, entry: &Entry) -> Result<Vec<String>, Misfit> {
    let wrong = written.iter().position(|text| text.contains('@') || Destination::parse(text).is_err());
    match wrong {
        Some(index) => {
            Err(entry.misfit(Some(&format!("addresses.{index}")), "this is neither a host name nor an address"))
        }
        None => Ok(written),
    }
}

fn server(typed: ServerTyped, entry: &Entry, roles: &HashMap<String, RoleTyped>) -> Result<Server, Misfit> {
    let name = Shown::line(&typed.name);
    if name != *typed.name
        || typed.name.trim().is_empty()
        || name.width() > 64
        || typed.name.contains([':', '/'])
        || typed.name.starts_with('-')
    {
        return Err(entry.misfit(
            Some("name"),
            "`name` must be 1 to 64 plain characters, without `:` and `/`, and not begin with `-`",
        ));
    }
    let role = match &typed.role {
        None => None,
        Some(role) => Some(roles.get(role).ok_or_else(|| {
            entry.misfit(
                Some("role"),
                format!(
                    "there is no [[role]] named `{}`\n{}",
                    Shown::line(role).cut(60),
                    nearest(role, roles.keys().map(String::as_str))
                ),
            )
        })?),
    };
    let ssh = match typed.ssh.as_deref().unwrap_or(&typed.name) {
        "local" => None,
        destination => Some(Destination::parse(destination).map_err(|message| entry.misfit(Some("ssh"), message))?),
    };
    let shown = |texts: &[String]| texts.iter().map(|text| Shown::line(text)).collect::<Vec<_>>();
    let mut tags = shown(&typed.tags);
    tags.extend(role.map(|role| shown(&role.tags)).into_iter().flatten());
    // A role's list with a mistake in it is told there.
    let inherited = || declared_ports(entry, role.and_then(|role| role.ports.as_deref())).unwrap_or(None);
    let ports = declared_ports(entry, typed.ports.as_deref())?.or_else(inherited);
    let sites = typed
        .sites
        .iter()
        .map(|site| Site { name: Shown::line(&site.name), root: PathBuf::from(&site.root) })
        .collect();
    Ok(Server {
        name,
        ssh,
        role: typed.role.as_deref().map(Shown::line),
        key: typed.key.or_else(|| role.and_then(|role| role.key.clone())).map(PathBuf::from),
        ports,
        addresses: addresses(typed.addresses, entry)?,
        sites,
        packages: role.and_then(|role| role.packages.as_deref()).map(|names| shown(names).into()),
        tags,
        provider: typed.provider.as_deref().map(Shown::line),
        cluster: typed.cluster.as_deref().map(Shown::line),
        place: entry.place.clone(),
    })
}
