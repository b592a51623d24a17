//! `matins config`.

use clap::Subcommand;

use super::edge::{Edge, End, Ended, IO, print};
use crate::config;
use crate::domain::counted;
use crate::round::{Plan, owners};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Reads it all; exits 0, or 78 with every problem, its place and the nearest key.
    Check,
    /// Prints the JSON Schema of a file, for editors.
    Schema,
    /// Prints what is in force and where each value came from.
    Show,
}

pub(super) fn run(edge: &Edge, command: &Command) -> Ended {
    let text = match command {
        Command::Check => check(edge)?,
        Command::Schema => {
            serde_json::to_string_pretty(&config::schema(&owners())).map_err(|error| End::new(IO, error.to_string()))?
                + "\n"
        }
        Command::Show => edge.settings()?.show(&owners()),
    };
    print(&text)?;
    Ok(0)
}

fn check(edge: &Edge) -> Result<String, End> {
    let settings = edge.settings()?;
    let plan = Plan::new(&settings)?;
    let what = if settings.configured {
        "the configuration is in order"
    } else {
        "there is no configuration; without one this machine and the public feeds are watched"
    };
    Ok(format!(
        "{what}: {}, {}\n",
        counted(settings.register.servers.len(), "server", "servers"),
        counted(plan.sources.len(), "source", "sources")
    ))
}
