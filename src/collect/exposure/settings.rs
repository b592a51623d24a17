//! `[exposure]`: who looks at the servers' ports, and from which side.

use schemars::{JsonSchema, schema_for};
use serde::Deserialize;

use crate::domain::Period;
use crate::domain::register::{Register, Server};
use crate::domain::settings::{Entry, Misfit, Section};

pub(super) const EXPOSURE: Section = Section { name: "exposure", many: false, schema: || schema_for!(Written) };

/// Which ports of the servers answer, tried from outside and from the VPN. Without this section a server whose `ports`
/// are declared is looked at from this console only, which proves what is open but never what is closed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "exposure")]
struct Written {
    /// Who stands outside, as anybody in the Internet does: a server of the register, which tries the ports over ssh with
    /// its own perl, or "console" for this machine.
    outside: Option<String>,
    /// Who stands on the VPN: a server of the register, or "console".
    vpn: Option<String>,
    /// How often each server is looked at; default "1h".
    #[schemars(with = "Option<Period>")]
    every: Option<String>,
}

/// Somebody who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Looker {
    Console,
    Server(Box<Server>),
}

/// The section as it is meant.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Whether the section is there at all.
    pub(super) written: bool,
    pub(super) outside: Option<Looker>,
    pub(super) vpn: Option<Looker>,
    pub(super) every: Period,
}

pub(super) fn read_settings(entries: &[Entry], register: &Register) -> Result<Settings, Misfit> {
    let mut settings = Settings { written: false, outside: None, vpn: None, every: Period::hours(1) };
    for entry in entries.iter().filter(|entry| entry.section == EXPOSURE.name) {
        read_entry(entry, register, &mut settings)?;
    }
    Ok(settings)
}

/// The section may be spread over several files: each key is in one of them.
fn read_entry(entry: &Entry, register: &Register, settings: &mut Settings) -> Result<(), Misfit> {
    let written: Written = entry.read()?;
    settings.written = true;
    let looker = |key: &str, name: &str| match (name, register.server(name)) {
        ("console", _) => Ok(Looker::Console),
        (_, Some(server)) if server.ssh.is_none() => Ok(Looker::Console),
        (_, Some(server)) => Ok(Looker::Server(Box::new(server.clone()))),
        (_, None) => {
            Err(entry.misfit(Some(key), format!("`{key}` names no [[server]] of the register, nor \"console\"")))
        }
    };
    if let Some(name) = &written.outside {
        settings.outside = Some(looker("outside", name)?);
    }
    if let Some(name) = &written.vpn {
        settings.vpn = Some(looker("vpn", name)?);
    }
    if settings.vpn.is_some() && settings.vpn == settings.outside {
        let key = if written.vpn.is_some() { "vpn" } else { "outside" };
        return Err(entry.misfit(Some(key), "nobody stands outside and on the VPN at once: name two"));
    }
    if let Some(text) = &written.every {
        settings.every = text.parse().map_err(|message: String| entry.misfit(Some("every"), message))?;
        if settings.every < Period::minutes(10) {
            return Err(entry.misfit(Some("every"), "ports are tried every 10 minutes at most"));
        }
    }
    Ok(())
}
