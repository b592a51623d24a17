//! [`Kind`]: how one sort of repository is asked for its snapshots. A new kind is one file and one line in [`ALL`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use schemars::Schema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::thin::thinned;
use super::{borg, btrfs, command, directory, hetzner, mirror, proxmox, restic, snapper, zfs};
use crate::collect::tools::Tools;
use crate::collect::tools::scratch::Restore;
use crate::collect::{Answer, Ask, Asked, observed};
use crate::domain::facts::{Encryption, Snapshots};
use crate::domain::register::{Place, Register};
use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Fact, Fault, Subject};

/// Every kind there is.
pub const ALL: &[Kind] = &[
    restic::KIND,
    borg::KIND,
    directory::KIND,
    mirror::KIND,
    zfs::KIND,
    btrfs::KIND,
    snapper::KIND,
    hetzner::KIND,
    proxmox::KIND,
    command::KIND,
];

/// One kind.
#[derive(Debug)]
pub struct Kind {
    /// What stands behind `kind =`.
    pub word: &'static str,
    /// The keys of its own.
    pub keys: fn() -> Schema,
    /// What is so of every repository of this kind; else the repository itself is asked.
    pub encryption: fn() -> Encryption,
    pub plan: fn(&Given<'_>) -> Result<Planned, Misfit>,
    /// What its tool prints, read: pure, so that any bytes can be tried on it.
    pub parse: fn(&[u8]) -> Result<Snapshots, Fault>,
}

/// What is asked, and how long that may take.
pub struct Planned {
    pub lists: Arc<dyn Lists>,
    pub deadline: Duration,
    /// How a snapshot comes back, where this kind can do that here.
    pub restores: Option<Arc<dyn Restores>>,
}

impl Planned {
    pub fn new(lists: impl Lists + 'static, deadline: Duration) -> Self {
        Self { lists: Arc::new(lists), deadline, restores: None }
    }

    pub fn restoring(lists: impl Lists + Restores + 'static, deadline: Duration) -> Self {
        let both = Arc::new(lists);
        Self { lists: Arc::clone(&both) as Arc<dyn Lists>, deadline, restores: Some(both) }
    }
}

pub type Listing<'a> = Pin<Box<dyn Future<Output = Result<Snapshots, Fault>> + Send + 'a>>;

/// Something that lists its snapshots.
pub trait Lists: Send + Sync {
    fn list<'a>(&'a self, tools: &'a Tools) -> Listing<'a>;
}

pub type Restoring<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Something that restores a snapshot into a folder. Dropping the future ends everything that it started.
pub trait Restores: Send + Sync {
    fn restore<'a>(&'a self, tools: &'a Tools, order: Restore<'a>) -> Restoring<'a>;
}

/// An entry in the hands of its kind.
#[derive(Debug)]
pub struct Given<'a> {
    pub entry: &'a Entry,
    pub register: &'a Register,
    /// The keys that are the kind's own.
    pub keys: Value,
}

impl Given<'_> {
    /// Its own keys, typed.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Misfit> {
        serde_json::from_value(self.keys.clone()).map_err(|error| self.entry.misfit(None, error.to_string()))
    }

    /// What is wrong at one of its keys.
    pub fn at(&self, key: &'static str) -> impl Fn(String) -> Misfit {
        move |message| self.entry.misfit(Some(key), message)
    }

    /// `PATH` or `SERVER:PATH` behind one of its keys.
    pub fn place(&self, key: &'static str, text: &str) -> Result<Place, Misfit> {
        self.register.place(text).map_err(self.at(key))
    }
}

/// A kind's answer as a source's.
pub struct Listed {
    pub subject: Subject,
    pub lists: Arc<dyn Lists>,
}

impl Ask for Listed {
    fn ask<'a>(&'a self, tools: &'a Tools, _memory: Option<&'a str>) -> Asked<'a> {
        Box::pin(async move {
            let mut list = self.lists.list(tools).await?;
            let told = list.snapshots.len();
            list.snapshots = thinned(list.snapshots);
            list.left_out = told - list.snapshots.len();
            Ok(Answer::seen(vec![observed(self.subject.clone(), (tools.now)(), Fact::Snapshots(list))]))
        })
    }
}
