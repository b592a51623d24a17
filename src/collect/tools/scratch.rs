//! A folder of our own for a while: nobody else may enter it, and it goes when its owner does.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::Fault;

/// What is restored into such a folder.
#[derive(Debug, Clone, Copy)]
pub struct Restore<'a> {
    pub snapshot: &'a str,
    /// Only these; everything where there are none.
    pub paths: &'a [String],
    pub into: &'a Path,
    pub deadline: Duration,
}

/// Removed with all that is in it when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Where this user's short-lived files go.
    pub fn new() -> Result<Self, Fault> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
        runtime.and_then(|folder| Self::within(&folder).ok()).map_or_else(|| Self::within(&std::env::temp_dir()), Ok)
    }

    /// Where whole restores go: TMPDIR, or else /var/tmp. /tmp and what is made for a session are memory on many a system.
    pub fn roomy() -> Result<Self, Fault> {
        match std::env::var_os("TMPDIR") {
            Some(_) => Self::within(&std::env::temp_dir()),
            None => Self::within(Path::new("/var/tmp")).or_else(|_| Self::within(&std::env::temp_dir())),
        }
    }

    /// In this folder, under a name that nobody has.
    pub fn within(folder: &Path) -> Result<Self, Fault> {
        for _ in 0..16 {
            let path = folder.join(format!("matins-{:016x}", fastrand::u64(..)));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(Fault::new(format!("no folder can be made in {}: {error}", folder.display())));
                }
            }
        }
        Err(Fault::new(format!("no folder can be made in {}", folder.display())))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that may still be written in it.
    pub fn room(&self) -> Option<u64> {
        let system = rustix::fs::statvfs(&self.path).ok()?;
        Some(system.f_bavail.saturating_mul(system.f_frsize))
    }

    /// Removes it, and says so if that fails.
    pub fn remove(self) -> Result<(), Fault> {
        remove(&self.path).map_err(|error| {
            Fault::new(format!("{} can't be removed: {error}", self.path.display())).mend("remove it by hand")
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Removed already, or there is nobody left to tell.
        remove(&self.path).ok();
    }
}

/// What was restored may hold folders that its owner may not write in: they are opened first.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_folders(path)?;
            std::fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_folders(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        // A link is not followed out of the folder.
        if entry.file_type()?.is_dir() {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn it_is_ours_alone_and_goes_with_its_owner() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        let locked = path.join("a/b");
        std::fs::create_dir_all(&locked).unwrap();
        std::fs::write(locked.join("file"), "x").unwrap();
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).unwrap();
        std::os::unix::fs::symlink("/etc", path.join("link")).unwrap();
        drop(scratch);
        assert!(!path.exists() && Path::new("/etc/passwd").exists());
    }
}
