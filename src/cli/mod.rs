//! The command line: a file per command, each returns an exit code.
//!
//! Exit codes: a verdict's own (0 ok, 1 due, 2 broken, 3 unknown) where a command judges; from 64 on those of
//! sysexits(3): 64 usage, 66 no input, 69 unavailable, 70 internal, 74 input/output,
//! 75 try again later, 78 configuration.

mod baseline;
mod check;
mod config;
mod console;
mod decide;
mod demo;
mod doctor;
mod drill;
mod edge;
mod init;
mod lock;
mod log;
mod notify;
mod probe;
mod report;
mod round;
mod secret;
mod sign;
mod when;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use edge::{Edge, USAGE};

/// The sysadmin's morning check-in: what needs a person this morning, and why.
#[derive(Debug, Parser)]
#[command(name = "matins", version, max_term_width = 100)]
struct Arguments {
    /// A folder of *.toml, or one file, instead of the usual configuration.
    #[arg(long, global = true, value_name = "DIR|FILE")]
    config: Option<PathBuf>,
    /// The console in the past, as the last round before left it: `7d` ago, a day (at its end), or RFC 3339. Esc comes back.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The console on a recorded morning; writes nothing.
    Demo(demo::Arguments),
    /// One pass of every source without a screen; exits 0 ok, 1 due, 2 broken, 3 unknown.
    Round(round::Arguments),
    /// The last evidence, judged now, as a monitoring plugin: one line and perfdata.
    Check(check::Arguments),
    /// On paper, out of what is stored, asking nobody: the morning sheet, a month, or an audit pack.
    Report(report::Arguments),
    /// Records a decision on a finding: who is asked about it, and until when.
    Decide(decide::Arguments),
    /// Takes back your last decision; the log keeps both.
    Undo,
    /// Agrees with somebody's decision that waits for you.
    Agree(decide::AgreeArguments),
    /// Signs the state of everything as it is now.
    Sign(sign::Arguments),
    /// Vouches for what no probe can see: a training, a revised document.
    Attest(sign::AttestArguments),
    /// Restores a snapshot into a scratch folder, times it, compares a sample with the server, and records how it went.
    Drill(drill::Arguments),
    /// What people know of a backup.
    #[command(subcommand)]
    Backup(drill::BackupCommand),
    /// The record of decisions and check-ins.
    #[command(subcommand)]
    Log(log::Command),
    /// Reads, explains and describes the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// What keeps matins from seeing, and the one line that mends each; exits 0, or 3.
    Doctor(doctor::Arguments),
    /// Sends a test message over the channels of [[notify]].
    Notify(notify::Arguments),
    /// What runs on servers, and what they must be told to let it.
    #[command(subcommand)]
    Probe(probe::Command),
    /// A role's packages, learned from its servers.
    #[command(subcommand)]
    Baseline(baseline::Command),
    /// Proposes servers from ssh's configuration, known hosts and Ansible inventories, as TOML to look through.
    Init(init::Arguments),
    /// Keeps secrets in the keyring.
    #[command(subcommand)]
    Secret(secret::Command),
}

/// Runs the program.
pub fn main() -> ExitCode {
    // What we write is for nobody else: the store, its WAL, sockets.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code =
                if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) { 0 } else { USAGE };
            // Nothing else can be said when even this cannot be printed.
            error.print().ok();
            return ExitCode::from(code);
        }
    };
    let edge = Edge::new(arguments.config);
    if arguments.command.is_some() && arguments.as_of.is_some() {
        edge::complain("write --as-of behind the command it belongs to: `matins report --as-of 7d`");
        return ExitCode::from(USAGE);
    }
    let end = match arguments.command {
        Some(Command::Demo(arguments)) => demo::run(&edge, &arguments),
        Some(Command::Round(arguments)) => round::run(&edge, &arguments),
        Some(Command::Check(arguments)) => check::run(&edge, &arguments),
        Some(Command::Report(arguments)) => report::run(&edge, &arguments),
        Some(Command::Decide(arguments)) => decide::run(&edge, &arguments),
        Some(Command::Undo) => decide::undo(&edge),
        Some(Command::Agree(arguments)) => decide::agree(&edge, &arguments),
        Some(Command::Sign(arguments)) => sign::run(&edge, &arguments),
        Some(Command::Attest(arguments)) => sign::attest(&edge, &arguments),
        Some(Command::Drill(arguments)) => drill::run(&edge, &arguments),
        Some(Command::Backup(command)) => drill::backup(&edge, &command),
        Some(Command::Log(command)) => log::run(&edge, &command),
        Some(Command::Config(command)) => config::run(&edge, &command),
        Some(Command::Doctor(arguments)) => doctor::run(&edge, &arguments),
        Some(Command::Notify(arguments)) => notify::run(&edge, &arguments),
        Some(Command::Probe(command)) => probe::run(&edge, &command),
        Some(Command::Baseline(command)) => baseline::run(&edge, &command),
        Some(Command::Init(arguments)) => init::run(&edge, &arguments),
        Some(Command::Secret(command)) => secret::run(&edge, &command),
        None => console::run(&edge, arguments.as_of.as_deref()),
    };
    match end {
        Ok(code) => ExitCode::from(code),
        Err(end) => {
            edge::complain(&end.said);
            ExitCode::from(end.code)
        }
    }
}
