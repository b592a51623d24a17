//! A sample of what was restored, and the same files on the server.

use std::fmt::Write as _;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::collect::tools::Tools;
use crate::collect::tools::shell::quoted;
use crate::domain::register::Server;
use crate::domain::{Fault, Shown};

/// To read a sample on the server.
const DEADLINE: Duration = Duration::from_secs(300);
/// Larger files are counted, and not compared.
const LARGEST: u64 = 256 << 20;

/// Says of a file its size, time and sum; `?` when it is there and can't be read, or nobody may look; `-` when it is gone.
pub const ASKED: &str = r#"f() {
  if [ -f "$2" ] && [ -r "$2" ] && s=$(stat -c '%s %Y' -- "$2") && h=$(sha256sum <"$2"); then
    echo "$1 $s ${h%% *}"
  elif [ -f "$2" ] || LC_ALL=C stat -- "$2" 2>&1 | grep -q 'Permission denied'; then
    echo "$1 ?"
  else
    echo "$1 -"
  fi
}
"#;

/// One file as it was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    /// Where it is on the server.
    pub path: PathBuf,
    pub size: u64,
    pub modified: i64,
    pub sum: String,
}

/// All that was restored, counted, and some of it.
#[derive(Debug)]
pub struct Found {
    pub files: u64,
    pub bytes: u64,
    pub sample: Vec<Sampled>,
    /// Of the sample, those that whoever restored them may not read.
    pub unread: u64,
}

/// Counts everything below the folder and takes so many files at random.
pub fn take(root: &Path, paths: &[String], count: usize) -> Result<Found, Fault> {
    let unreadable = |error: std::io::Error| Fault::new(format!("what was restored can't be read: {error}"));
    let (mut files, mut bytes, mut seen) = (0_u64, 0_u64, 0_u64);
    let (mut chosen, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let meta = std::fs::symlink_metadata(entry.path()).map_err(unreadable)?;
            if meta.is_dir() {
                folders.push(entry.path());
            } else if meta.is_file() {
                files += 1;
                bytes += meta.len();
                let live = Path::new("/").join(entry.path().strip_prefix(root).unwrap_or(&entry.path()));
                let wanted = paths.is_empty() || paths.iter().any(|path| live.starts_with(path));
                if meta.len() > LARGEST || !wanted {
                    continue;
                }
                // Each file that comes by has the same chance to stay (a reservoir).
                seen += 1;
                let place = fastrand::u64(0..seen);
                if chosen.len() < count {
                    chosen.push((entry.path(), live));
                } else if let Some(slot) = usize::try_from(place).ok().and_then(|place| chosen.get_mut(place)) {
                    *slot = (entry.path(), live);
                }
            }
        }
    }
    let read = |(here, path): (PathBuf, PathBuf)| {
        let meta = std::fs::symlink_metadata(&here)?;
        Ok(Sampled { path, size: meta.len(), modified: meta.mtime(), sum: sum(&here)? })
    };
    // One that its owner may not read can't be compared either.
    let readable = |read: &std::io::Result<Sampled>| !matches!(read, Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied);
    let all = chosen.len();
    let sample: Vec<Sampled> =
        chosen.into_iter().map(read).filter(readable).collect::<std::io::Result<_>>().map_err(unreadable)?;
    let unread = u64::try_from(all - sample.len()).unwrap_or(u64::MAX);
    Ok(Found { files, bytes, sample, unread })
}

fn sum(path: &Path) -> std::io::Result<String> {
    let (mut file, mut digest, mut buffer) = (std::fs::File::open(path)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => digest.update(&buffer[..count]),
        }
    }
    Ok(digest.finalize().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").ok();
        hex
    }))
}

/// How the sample compares with the server.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    pub same: u64,
    /// Touched or removed since: proves nothing.
    pub changed: u64,
    /// Not readable there, or not comparable at all: proves nothing either.
    pub unread: u64,
    pub different: Vec<Shown>,
}

/// Reads the same files on the server.
pub async fn compare(sample: &[Sampled], server: &Server, tools: &Tools) -> Result<Compared, Fault> {
    let mut script = String::from(ASKED);
    for (index, one) in sample.iter().enumerate() {
        // A name that no script can hold is one that can't be compared.
        let path = std::str::from_utf8(one.path.as_os_str().as_bytes()).ok().filter(|path| !path.contains('\0'));
        if let Some(path) = path {
            writeln!(script, "f {index} {}", quoted(path)).ok();
        }
    }
    let ran = tools.shell.script(server, &script, DEADLINE, 1 << 20).await?;
    if ran.status != Some(0) {
        return Err(Fault::new(format!("the files on {} can't be read: {}", server.name, ran.complaint())));
    }
    Ok(parse_compared(sample, &String::from_utf8_lossy(&ran.output)))
}

pub fn parse_compared(sample: &[Sampled], said: &str) -> Compared {
    let mut compared = Compared::default();
    for (index, one) in sample.iter().enumerate() {
        let line = said.lines().find_map(|line| line.strip_prefix(&format!("{index} ")));
        let words: Vec<&str> = line.unwrap_or("?").split(' ').collect();
        match words[..] {
            ["-"] => compared.changed += 1,
            [size, modified, _] if size != one.size.to_string() || modified != one.modified.to_string() => {
                compared.changed += 1;
            }
            [_, _, sum] if sum == one.sum => compared.same += 1,
            [_, _, _] => compared.different.push(Shown::line(&one.path.to_string_lossy())),
            _ => compared.unread += 1,
        }
    }
    compared
}
