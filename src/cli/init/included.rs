//! ssh's configuration with the files that it includes, as ssh finds them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::proposal::{Found, parse_includes, parse_ssh_config};

/// A configuration and, behind it, each file that it includes, once: by their names in `~/.ssh` where they have no folder.
pub(super) fn read_with_includes(name: String, path: &Path, text: &str, home: &Path) -> Vec<(String, Found)> {
    let mut seen: Vec<PathBuf> = fs::canonicalize(path).into_iter().collect();
    let mut read = vec![(name, parse_ssh_config(text))];
    let mut patterns: Vec<(usize, String)> = parse_includes(text).into_iter().map(|pattern| (0, pattern)).collect();
    while let Some((of, pattern)) = patterns.pop() {
        for path in named(&place(&pattern, home)) {
            if fs::canonicalize(&path).is_ok_and(|real| seen.contains(&real)) {
                continue;
            }
            seen.extend(fs::canonicalize(&path));
            match fs::read(&path) {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    patterns.extend(parse_includes(&text).into_iter().map(|pattern| (read.len(), pattern)));
                    read.push((path.display().to_string(), parse_ssh_config(&text)));
                }
                Err(error) => {
                    if let Some((_, found)) = read.get_mut(of) {
                        found.skipped.push(format!("Include {pattern}: {} can't be read: {error}", path.display()));
                    }
                }
            }
        }
    }
    read
}

fn place(pattern: &str, home: &Path) -> PathBuf {
    pattern.strip_prefix("~/").map_or_else(|| home.join(".ssh").join(pattern), |rest| home.join(rest))
}

/// The files that a pattern names, in their order. Without one it is a file; a folder's name is no pattern here.
fn named(place: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(pattern)) = (place.parent(), place.file_name().map(|name| name.to_string_lossy())) else {
        return Vec::new();
    };
    if !pattern.contains(['*', '?']) {
        return vec![place.to_owned()];
    }
    let fits = |name: &str| !name.starts_with('.') && fits(pattern.as_bytes(), name.as_bytes());
    // As for ssh, a folder that isn't there holds nothing.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.filter(|entry| fits(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// `*` and `?` as in the shell.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => fits(rest, name) || name.split_first().is_some_and(|(_, name)| fits(pattern, name)),
        (Some((b'?', rest)), Some((_, name))) => fits(rest, name),
        (Some((one, rest)), Some((other, name))) => one == other && fits(rest, name),
        _ => false,
    }
}
