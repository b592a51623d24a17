//! `matins baseline`: a role's packages, learned from its servers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Subcommand;

use super::edge::{Edge, End, Ended, NO_INPUT, USAGE, now, print};
use crate::domain::{Evidence, Fact, Shown, SourceRecord, Subject};
use crate::policy::rules::is_kernel;
use crate::round::Desk;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prints the packages that somebody asked for on a role's servers, as TOML to review.
    Learn {
        #[arg(value_name = "ROLE")]
        role: String,
    },
}

pub(super) fn run(edge: &Edge, command: &Command) -> Ended {
    let Command::Learn { role } = command;
    let (_, plan, store) = edge.plan()?;
    let desk = Desk::open(plan, Box::new(store))?;
    print(&learned(desk.evidence(), role)?)?;
    Ok(0)
}

/// What is on every one of them is the role's; what is on some stands beside it as a comment, for somebody to decide.
fn learned(evidence: &Evidence, role: &str) -> Result<String, End> {
    let mut servers: Vec<&Shown> = Vec::new();
    let mut left_out: Vec<String> = Vec::new();
    let mut where_from: BTreeMap<&Shown, Vec<&Shown>> = BTreeMap::new();
    for source in evidence.of("servers") {
        let declared = source.declared.iter().find_map(|declared| match &declared.fact {
            Fact::HostDeclared(host) if host.role.as_ref().is_some_and(|own| *own == *role) => Some(&declared.subject),
            _ => None,
        });
        let Some(subject) = declared else { continue };
        let chosen = match chosen(source, subject) {
            Ok(chosen) => chosen,
            Err(why) => {
                left_out.push(format!("{}: {why}", subject.name));
                continue;
            }
        };
        servers.push(&subject.name);
        for package in chosen.iter().filter(|package| !is_kernel(package)) {
            where_from.entry(package).or_default().push(&subject.name);
        }
    }
    if servers.is_empty() && left_out.is_empty() {
        return Err(End::new(USAGE, format!("no server has the role `{}`", Shown::line(role).cut(60))));
    }
    if servers.is_empty() {
        return Err(End::new(
            NO_INPUT,
            format!("of none of its servers it is known what was chosen\n   {}", left_out.join("\n   ")),
        ));
    }
    Ok(toml(role, &servers, &left_out, &where_from))
}

/// What somebody asked for on a server; else why nobody knows: it did not answer, or its answer can't be read.
fn chosen<'a>(source: &'a SourceRecord, subject: &Subject) -> Result<&'a [Shown], String> {
    let trusted = source.trusted(now()).map_err(|_| "it has not answered lately: matins round asks it".to_owned())?;
    let software = trusted.iter().find_map(|observation| match &observation.fact {
        Fact::HostSoftware(software) if observation.subject == *subject => Some(software),
        _ => None,
    });
    let software = software.ok_or("its answer names no software")?;
    software.chosen.as_result().map(Vec::as_slice).map_err(|fault| fault.said.to_string())
}

fn toml(role: &str, servers: &[&Shown], left_out: &[String], where_from: &BTreeMap<&Shown, Vec<&Shown>>) -> String {
    let list = |names: &[&Shown]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let mut text = format!("# Learned from {}. Review it, then put it into the register.\n", list(servers));
    for server in left_out {
        writeln!(text, "# Left out, {server}").ok();
    }
    writeln!(text, "[[role]]\nname = {}\npackages = [", toml::Value::from(role)).ok();
    for (package, places) in where_from {
        let package = toml::Value::from(package.as_str());
        if places.len() == servers.len() {
            writeln!(text, "    {package},").ok();
        } else {
            writeln!(text, "    # {package},  # only on {}", list(places)).ok();
        }
    }
    text.push_str("]\n");
    text
}
