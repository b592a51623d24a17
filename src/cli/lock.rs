//! [`Lock`]: one `matins round` at a time on one store. Who comes second says who is at it and ends with 75, so that a hung
//! round doesn't pile up behind cron. The kernel lets go of it when its process ends, however that ends.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::edge::{End, IO, TEMPORARY, now};
use crate::domain::Shown;

/// Held until dropped. The file stays: removing it would let two hold it.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock beside this store, without waiting for it.
    pub fn take(store: &Path) -> Result<Self, End> {
        let path = beside(store);
        let wrong = |error: &dyn std::fmt::Display| {
            End::new(IO, format!("the lock {} can't be taken: {error}", Shown::line(&path.to_string_lossy())))
        };
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = open.map_err(|error| wrong(&error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(End::new(TEMPORARY, held(&mut file))),
            Err(error) => return Err(wrong(&error)),
        }
        let mine = format!("process {}, since {}", std::process::id(), now());
        file.set_len(0).and_then(|()| file.write_all(mine.as_bytes())).map_err(|error| wrong(&error))?;
        Ok(Self { _file: file })
    }
}

fn beside(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".round");
    name.into()
}

/// Who holds it, as far as its file tells.
fn held(file: &mut File) -> String {
    let mut said = Vec::new();
    let who = match file.take(200).read_to_end(&mut said) {
        Ok(1..) => format!(" ({})", Shown::bytes(&said)),
        _ => String::new(),
    };
    format!("another `matins round` is at it{who}: nothing was asked, and what is kept is as it was")
}
