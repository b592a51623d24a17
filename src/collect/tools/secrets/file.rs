//! A secret in a file, refused when anybody else could have read or written it.

use std::io::Read as _;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open};
use rustix::io::Errno;
use rustix::process::geteuid;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::{CAP, first_line};
use crate::domain::{Fault, Shown};

/// Reads it. `credentials` is systemd's folder for this service, if it started us.
///
/// What is opened is what is judged: the file is opened once, without following a symbolic link at its end and without
/// waiting for the other side of a pipe, and its owner and mode are asked of the open file.
pub(super) fn read_secret(path: &Path, credentials: Option<&Path>) -> Result<SecretString, Fault> {
    let shown = Shown::line(&path.to_string_lossy());
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let opened = open(path, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::LOOP => Fault::new(format!("{shown} is a symbolic link")).mend("name the file that it points to"),
        Errno::NOENT => Fault::new(format!("{shown} does not exist")),
        Errno::ACCESS => Fault::new(format!("{shown} may not be read by us")),
        other => Fault::new(format!("{shown} can't be opened: {other}")),
    })?;
    let stat = fstat(&opened).map_err(|errno| Fault::new(format!("{shown} can't be judged: {errno}")))?;
    let systemd = credentials.is_some_and(|folder| path.parent() == Some(folder));
    if let Some((said, mend)) = refusal(&stat, geteuid().as_raw(), systemd) {
        let fault = Fault::new(format!("{shown} {said}"));
        return Err(if mend.is_empty() { fault } else { fault.mend(format!("{mend} {shown}")) });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(CAP + 2));
    std::fs::File::from(opened)
        .take(CAP as u64 + 2)
        .read_to_end(&mut bytes)
        .map_err(|error| Fault::new(format!("{shown} can't be read: {error}")))?;
    let end = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if end.len() <= CAP && end.contains(&b'\n') {
        return Err(Fault::new(format!("{shown} has more than one line")).mend("leave only the secret in it"));
    }
    first_line(&bytes).map_err(|said| Fault::new(format!("{shown} {said}")))
}

/// Why a file with this owner and mode is not believed to hold a secret, and the command that mends it.
fn refusal(stat: &Stat, us: u32, systemd: bool) -> Option<(&'static str, &'static str)> {
    const ROOT: u32 = 0;
    let mode = Mode::from_raw_mode(stat.st_mode);
    // systemd gives a service its credentials as root's files with an access list; `ls` then shows that list's mask
    // where the group's rights stand. Nobody else gets into the folder.
    let entrusted = systemd && stat.st_uid == ROOT;
    let others = Mode::RWXO | if entrusted { Mode::WGRP } else { Mode::RWXG };
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        Some(("is not a plain file", ""))
    } else if stat.st_uid != us && !entrusted {
        Some(("belongs to somebody else", ""))
    } else if mode.intersects(others) {
        Some(("can be read or written by others", "chmod 600"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(kind: FileType, mode: u32, owner: u32) -> Stat {
        let mut stat = fstat(std::fs::File::open("/dev/null").unwrap()).unwrap();
        stat.st_mode = kind.as_raw_mode() | mode;
        stat.st_uid = owner;
        stat
    }

    #[test]
    fn only_our_own_plain_file_that_nobody_else_reads_is_believed() {
        let plain = |mode, owner| stat(FileType::RegularFile, mode, owner);
        for mode in [0o600, 0o400, 0o700, 0o200] {
            assert_eq!(refusal(&plain(mode, 1000), 1000, false), None, "{mode:o}");
        }
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777] {
            assert!(refusal(&plain(mode, 1000), 1000, false).is_some(), "{mode:o}");
        }
        assert!(refusal(&plain(0o600, 1001), 1000, false).is_some());
        assert!(refusal(&plain(0o600, 0), 1000, false).is_some());
        for kind in [FileType::Fifo, FileType::Directory, FileType::CharacterDevice, FileType::Socket] {
            assert!(refusal(&stat(kind, 0o600, 1000), 1000, false).is_some(), "{kind:?}");
        }
    }

    #[test]
    fn a_credential_of_systemd_may_be_roots_but_never_anybodys() {
        let plain = |mode, owner| stat(FileType::RegularFile, mode, owner);
        assert_eq!(refusal(&plain(0o440, 0), 1000, true), None);
        assert_eq!(refusal(&plain(0o400, 1000), 1000, true), None);
        for (mode, owner) in [(0o444, 0), (0o460, 0), (0o440, 1000), (0o400, 1001)] {
            assert!(refusal(&plain(mode, owner), 1000, true).is_some(), "{mode:o} {owner}");
        }
    }
}
