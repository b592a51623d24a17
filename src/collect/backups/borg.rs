//! borg's list of archives (1.1 to 1.4, and 2).
//!
//! The whole list names and dates every archive; host and duration cost a look into each, so they are asked of the newest
//! [`LOOKED_INTO`] only. Checkpoints of runs that were broken off are not listed. Sizes and counts would make borg read
//! through the whole repository when its cache is cold (`borg info`), so they are not asked unless `sizes` says so. borg 2
//! keeps all of it with the archive.

pub(super) mod parse;

use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::kind::{Given, Kind, Listing, Lists, Planned, Restores, Restoring};
use crate::collect::tools::Tools;
use crate::collect::tools::borg::{Borg, BorgRepository, DEADLINE, Generation};
use crate::collect::tools::run::{Ran, is_gone};
use crate::collect::tools::scratch::Restore;
use crate::domain::facts::{Encryption, Snapshots};
use crate::domain::register::{Place, Server};
use crate::domain::settings::Misfit;
use crate::domain::{Fault, SecretRef, Shown};

pub const KIND: Kind = Kind {
    word: "borg",
    keys: || schemars::schema_for!(Keys),
    encryption: Encryption::default,
    plan,
    parse: |said| parse::list(&Ran::whole(said)).map(parse::Archives::into_snapshots),
};

/// As many of the newest archives are looked into.
const LOOKED_INTO: &str = "60";
/// Of as many of borg 2's locks is asked whose they are: what runs were ended by force left behind lies beside one that lives.
const LOCKS: usize = 16;
/// What borg 2 knows of each without reading through it.
const CLOSER: &str = "{hostname}{start}{end}{nfiles}{size}";
/// Of as many of the newest, sizes and counts are asked.
const SIZED: &str = "15";

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// borg: where the repository is: `PATH`, `ssh://USER@HOST/PATH` or `HOST:PATH`.
    repository: String,
    /// The repository's password: where it is kept.
    #[serde(default)]
    password: Option<SecretRef>,
    /// borg: also ask for sizes and counts, for which borg reads through the archives each time.
    #[serde(default)]
    sizes: bool,
    /// borg: what the program is called here, as borg2; `borg` where nothing is said.
    #[serde(default)]
    program: Option<String>,
}

fn plan(given: &Given<'_>) -> Result<Planned, Misfit> {
    let keys: Keys = given.read()?;
    let repository = BorgRepository::parse(&keys.repository).map_err(given.at("repository"))?;
    let borg = match keys.program {
        Some(name) if name.trim().is_empty() => {
            return Err(given.at("program")("leave the key out, or name a program, as borg2".into()));
        }
        Some(name) => Borg { program: name.into() },
        None => Borg::default(),
    };
    let backup = BorgBackup { repository, password: keys.password, sizes: keys.sizes, borg };
    Ok(Planned::restoring(backup, 2 * DEADLINE + Duration::from_secs(30)))
}

#[derive(Debug)]
struct BorgBackup {
    repository: BorgRepository,
    password: Option<SecretRef>,
    sizes: bool,
    borg: Borg,
}

impl BorgBackup {
    async fn read(&self, password: Option<&SecretString>) -> Result<Snapshots, Fault> {
        let generation = self.borg.generation().await?;
        let ask = |words: &'static [&'static str]| self.borg.ask(generation, &self.repository, password, words);
        if generation == Generation::Two {
            let mut list = parse::list(&ask(&["repo-list", "--json"]).await?)?;
            list.learn(&parse::list(&ask(&["repo-list", "--json", "--last", LOOKED_INTO, "--format", CLOSER]).await?)?);
            return Ok(list.into_snapshots());
        }
        let mut list = parse::list(&ask(&["list", "--json"]).await?)?;
        let newest = ask(&["list", "--json", "--last", LOOKED_INTO, "--format", "{hostname}{end}"]).await?;
        list.learn(&parse::list(&newest)?);
        if self.sizes {
            list.learn(&parse::list(&ask(&["info", "--json", "--last", SIZED]).await?)?);
        }
        Ok(list.into_snapshots())
    }

    /// Who holds the repository, where that can be seen without borg.
    async fn holder(&self, tools: &Tools) -> Option<Shown> {
        let folder = self.repository.folder()?.trim_end_matches('/');
        // Not there, or not readable: then nobody can be seen.
        let look = async |path: String| tools.shell.list_folder(&Place { server: Server::local(), path }).await.ok();
        if let Some(inside) = look(format!("{folder}/lock.exclusive")).await {
            let name = inside.first().map(|entry| Shown::bytes(&entry.name))?;
            let (host, process) = name.as_str().split_once('@').unwrap_or((name.as_str(), ""));
            return (!is_left(host, process)).then(|| format!("held by {host}").into());
        }
        let locks = look(format!("{folder}/locks")).await?;
        for lock in locks.iter().take(LOCKS) {
            let path = format!("{folder}/locks/{}", String::from_utf8_lossy(&lock.name));
            let read = tools.shell.read_file(&Place { server: Server::local(), path }, 4 << 10).await;
            let run = read.ok().and_then(|file| parse::lock(&file.bytes));
            if let Some(run) = run.filter(|run| run.lives((tools.now)())) {
                return Some(Shown::line(&format!("held by {}", run.host())));
            }
        }
        None
    }
}

/// `NUMBER-OF-THE-MACHINE.PID-THREAD`, of a process that was on this machine and is gone: the next run takes the lock away.
fn is_left(host: &str, process: &str) -> bool {
    let pid = process.rsplit_once('.').and_then(|(_, process)| process.split_once('-')?.0.parse().ok());
    pid.is_some_and(|pid| is_gone(host, pid))
}

impl Lists for BorgBackup {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a> {
        Box::pin(async move {
            let password = match &self.password {
                Some(from) => Some(tools.secrets.read(from).await?),
                None => None,
            };
            let mut list = self.read(password.as_ref()).await?;
            list.running = self.holder(tools).await;
            Ok(list)
        })
    }
}

impl Restores for BorgBackup {
    fn restore<'a>(&'a self, tools: &'a Tools, order: Restore<'a>) -> Restoring<'a> {
        Box::pin(async move {
            let password = match &self.password {
                Some(from) => Some(tools.secrets.read(from).await?),
                None => None,
            };
            let generation = self.borg.generation().await?;
            parse::ended(&self.borg.extract(generation, &self.repository, password.as_ref(), &order).await?)
        })
    }
}

#[cfg(test)]
mod tests;
