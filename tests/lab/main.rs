//! Tests against the lab: real servers on loopback, started by `tests/lab/up` (and by `tests/run`).
//!
//! Without a lab (no `MATINS_LAB` in the environment) every test here is left out and named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod advisories;
mod backups;
mod baseline;
mod broken_off;
mod deeds;
mod odd;
mod replaced;
mod secrets;
mod servers;
mod services;
mod vpn;
mod wireguard;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Where the running lab keeps its files; `tests/lab/README.md` says what is where.
#[derive(Debug, Clone)]
pub struct Lab {
    pub folder: PathBuf,
}

impl Lab {
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.join(below)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = std::env::var_os("MATINS_LAB").map(PathBuf::from).filter(|folder| folder.join("ready").exists());
    let lab = Lab { folder: folder.clone().unwrap_or_else(|| Path::new("/nonexistent").to_owned()) };
    let trials: Vec<Trial> = [
        advisories::trials,
        backups::trials,
        baseline::trials,
        broken_off::trials,
        deeds::trials,
        odd::trials,
        replaced::trials,
        secrets::trials,
        servers::trials,
        services::trials,
        vpn::trials,
        wireguard::trials,
    ]
    .iter()
    .flat_map(|part| part(&lab))
    .collect();
    if folder.is_some() {
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    if !arguments.list {
        eprintln!("left out, because no lab runs here (bash tests/run starts one):");
        for trial in &trials {
            eprintln!("  {}", trial.name());
        }
    }
    let ignored = trials.into_iter().map(|trial| trial.with_ignored_flag(true)).collect();
    libtest_mimic::run(&arguments, ignored).exit_code()
}
