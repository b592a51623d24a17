//! A folder in place of an archive: a checkout that another program renews. It is read as the archive of its files, one at
//! a time, so that whoever reads archives reads it too.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::vec;

use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};
use url::Url;

use super::{Validators, digest, file};
use crate::domain::Fault;

/// Most files, and how deep they lie.
const FILES: usize = 50_000;
const DEPTH: usize = 8;
/// So much of a file is read; whoever takes files of an archive takes only smaller ones.
const LONGEST: u64 = 1 << 20;

/// The files below a folder as an archive.
pub(super) struct Folder {
    root: PathBuf,
    files: vec::IntoIter<PathBuf>,
    archive: Builder<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
    ended: bool,
}

/// Looks what is in it; `None`: what we have is current.
pub(super) fn open(path: &Path, url: &Url, known: Option<&Validators>) -> Result<Option<(Folder, Validators)>, Fault> {
    let root = std::fs::canonicalize(path).map_err(|error| file::unreadable(path, &error))?;
    let mut files = Vec::new();
    list(&root, DEPTH, &mut files)?;
    if files.is_empty() {
        return Err(Fault::new(format!("{} holds no files", file::shown(path))));
    }
    files.sort();
    let etag = Some(state(&files)?);
    if known.is_some_and(|known| known.etag == etag) {
        return Ok(None);
    }
    let validators = Validators { etag, last_modified: None, of: Some(digest(url)) };
    let archive = Builder::new(Vec::new());
    Ok(Some((Folder { root, files: files.into_iter(), archive, piece: Vec::new(), at: 0, ended: false }, validators)))
}

/// Regular files only, as of an archive. What is hidden is a version control's own.
fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Fault> {
    let failed = |error: io::Error| file::unreadable(folder, &error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if kind.is_file() && !hidden {
            files.push(entry.path());
        } else if kind.is_dir() && !hidden && depth > 0 {
            list(&entry.path(), depth - 1, files)?;
        }
        if files.len() > FILES {
            return Err(Fault::new(format!(
                "more than {FILES} files below {}: another folder than was meant",
                file::shown(folder)
            )));
        }
    }
    Ok(())
}

/// A digest of which files there are, how long each is, and when it was written.
fn state(files: &[PathBuf]) -> Result<String, Fault> {
    let mut hasher = Sha256::new();
    for path in files {
        let about = std::fs::symlink_metadata(path).map_err(|error| file::unreadable(path, &error))?;
        let written = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        hasher.update(path.as_os_str().as_encoded_bytes());
        hasher.update(format!("\0{} {}\n", about.len(), written.map_or(0, |at| at.as_nanos())));
    }
    Ok(super::hex(&hasher.finalize()))
}

impl Folder {
    /// The next file packed, or the archive's end.
    fn pack(&mut self) -> io::Result<()> {
        let Some(path) = self.files.next() else {
            self.ended = true;
            return self.archive.finish();
        };
        let failed = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file::shown(&path)));
        let mut bytes = Vec::new();
        File::open(&path).map_err(failed)?.take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(bytes.len() as u64);
        // The folder's own name is the first, as it is in an archive of it.
        let name = self.root.parent().and_then(|above| path.strip_prefix(above).ok()).unwrap_or(&path);
        self.archive.append_data(&mut header, Path::new(".").join(name), bytes.as_slice()).map_err(failed)
    }
}

impl Read for Folder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() && !self.ended {
            self.pack()?;
            (self.piece, self.at) = (std::mem::take(self.archive.get_mut()), 0);
        }
        let count = buffer.len().min(self.piece.len() - self.at);
        buffer[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
