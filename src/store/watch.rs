//! [`Watch`]: wakes when somebody added to the log. Sleeps in the kernel otherwise, see inotify(7).
//!
//! The write itself is no sign: it comes before the commit, and what makes a commit visible is shared memory, of which
//! inotify(7) tells nothing. So whoever added a line touches the database's file afterwards.

use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

/// Tells whoever watches.
pub(super) fn touch(store: &Path) {
    // Both times: the kernel calls one alone a write, of which there are many.
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    // Who isn't told sees it with the next evaluation.
    utimensat(CWD, store, &times, AtFlags::empty()).ok();
}

/// Another process may decide or sign at any moment; a console on the same store shows it at once.
#[derive(Debug)]
pub struct Watch {
    events: AsyncFd<OwnedFd>,
    name: OsString,
}

impl Watch {
    /// Watches the folder, for the file may be replaced. Must be called within a runtime.
    pub fn on(store: &Path) -> io::Result<Self> {
        let (Some(folder), Some(name)) = (store.parent(), store.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        inotify::add_watch(&events, folder, WatchFlags::ATTRIB)?;
        #[expect(deprecated, reason = "what replaces it is unsafe; an OwnedFd stays open as long as it is registered")]
        let events = AsyncFd::new(events)?;
        Ok(Self { events, name: name.to_owned() })
    }

    /// Returns once something was written. Nothing is lost when it is dropped while waiting.
    pub async fn written(&mut self) -> io::Result<()> {
        loop {
            let mut ready = self.events.readable().await?;
            let written = ready.try_io(|events| drain(events.get_ref(), &self.name));
            match written {
                Ok(Ok(true)) => return Ok(()),
                // Another file in the folder; or nothing was there after all.
                Ok(Ok(false)) | Err(_) => {}
                Ok(Err(error)) => return Err(error),
            }
        }
    }
}

/// Reads what there is. Whether any of it was about the store.
fn drain(events: &OwnedFd, name: &OsString) -> io::Result<bool> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(events, &mut buffer);
    let (mut ours, mut read) = (false, false);
    loop {
        match reader.next() {
            Ok(event) => {
                read = true;
                ours |= event.file_name().is_some_and(|file| file.to_bytes() == name.as_bytes());
            }
            Err(Errno::WOULDBLOCK) if read => return Ok(ours),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Sqlite, Store as _};

    #[tokio::test]
    async fn a_write_by_another_connection_wakes_and_another_file_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("matins.db");
        let (store, mut other) = (Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap());
        let mut watch = Watch::on(&path).unwrap();
        std::fs::write(folder.path().join("unrelated"), "x").unwrap();
        let idle = tokio::time::timeout(std::time::Duration::from_millis(200), watch.written()).await;
        assert!(idle.is_err(), "another file woke it");
        other.append(&mut |_| Some("a line".into()), None).unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(1), watch.written()).await.unwrap().unwrap();
        assert_eq!(store.log(0).unwrap().len(), 1);
    }
}
