//! `file:` addresses: a mirror on this machine. Same cap, and the file's time in place of `Last-Modified`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use url::Url;

use super::{Fetch, Fetched, Validators, digest, trouble};
use crate::domain::{Fault, Shown};

pub(super) async fn fetch(fetch: &Fetch<'_>) -> Result<Fetched, Fault> {
    let path = path(fetch.url)?;
    let known = known(fetch);
    let (url, cap) = (fetch.url.clone(), fetch.cap);
    // A file on a network share can hang; the read then goes on alone, and the answer is that it was too slow.
    let reading = tokio::task::spawn_blocking(move || read(&path, &url, known.as_ref(), cap));
    match tokio::time::timeout(fetch.total, reading).await {
        Ok(Ok(fetched)) => fetched,
        Ok(Err(_)) => Err(Fault::new("reading the file was broken off")),
        Err(_) => Err(trouble::too_slow(fetch.url, fetch.total)),
    }
}

/// Where a file address points.
pub(super) fn path(url: &Url) -> Result<PathBuf, Fault> {
    url.to_file_path().map_err(|()| {
        Fault::new("the file address names another machine, or no absolute path").mend("write file:///absolute/path")
    })
}

/// What we have of it.
pub(super) fn known(fetch: &Fetch<'_>) -> Option<Validators> {
    fetch.validators.filter(|validators| validators.belong_to(fetch.url)).cloned()
}

/// Opens it; `None`: what we have is current.
pub(super) fn open(path: &Path, url: &Url, known: Option<&Validators>) -> Result<Option<(File, Validators)>, Fault> {
    let failed = |error: std::io::Error| unreadable(path, &error);
    let about = std::fs::metadata(path).map_err(failed)?;
    // Opening a pipe or a device could wait for ever.
    if !about.is_file() {
        return Err(Fault::new(format!("{} is not a file", shown(path))));
    }
    let modified = about.modified().ok().and_then(|time| Timestamp::try_from(time).ok()).map(|time| time.to_string());
    if modified.is_some() && known.is_some_and(|known| known.last_modified == modified) {
        return Ok(None);
    }
    if about.len() == 0 {
        return Err(Fault::new(format!("{} is empty", shown(path))));
    }
    let validators = Validators { etag: None, last_modified: modified, of: Some(digest(url)) };
    Ok(Some((File::open(path).map_err(failed)?, validators)))
}

fn read(path: &Path, url: &Url, known: Option<&Validators>, cap: usize) -> Result<Fetched, Fault> {
    let Some((file, validators)) = open(path, url, known)? else { return Ok(Fetched::Unchanged) };
    let mut bytes = Vec::new();
    file.take(cap as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    if bytes.len() > cap {
        return Err(Fault::new(format!("{} is larger than {}", shown(path), trouble::size(cap))));
    }
    Ok(Fetched::Body { bytes, validators, url: url.clone(), content_type: None })
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    let path = shown(path);
    match error.kind() {
        std::io::ErrorKind::NotFound => Fault::new(format!("{path} is not there")).mend("check the file address"),
        std::io::ErrorKind::PermissionDenied => {
            Fault::new(format!("{path} may not be read")).mend(format!("chmod a+r {path}, and its folders a+x"))
        }
        _ => Fault::passing(format!("{path} cannot be read: {error}")),
    }
}

pub(super) fn shown(path: &Path) -> Shown {
    Shown::line(&path.to_string_lossy())
}
