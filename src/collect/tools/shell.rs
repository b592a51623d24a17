//! POSIX sh on this machine or, through the system's own ssh, on a server.

use std::time::Duration;

use jiff::Timestamp;

use super::run::Ran;
use crate::domain::Fault;
use crate::domain::register::{Place, Server};

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    pub bytes: Vec<u8>,
    pub modified: Timestamp,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    pub name: Vec<u8>,
    pub folder: bool,
    pub modified: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Shell {}

impl Shell {
    pub fn new() -> Result<Self, Fault> {
        Ok(Self {})
    }

    /// Runs a POSIX sh script on the server in one round trip, unprivileged. Connection trouble is a [`Fault`]; how the
    /// script itself ended is in [`Ran`].
    pub async fn script(
        &self,
        _server: &Server,
        _script: &str,
        _deadline: Duration,
        _cap: usize,
    ) -> Result<Ran, Fault> {
        Err(Fault::new("not built"))
    }

    pub async fn read_file(&self, _place: &Place, _cap: usize) -> Result<FileRead, Fault> {
        Err(Fault::new("not built"))
    }

    pub async fn list_folder(&self, _place: &Place) -> Result<Vec<FolderEntry>, Fault> {
        Err(Fault::new("not built"))
    }
}
