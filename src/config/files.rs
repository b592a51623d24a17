//! Finding and reading the configuration's files.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::domain::Shown;

use super::{ConfigError, Trouble};

/// Larger than any register that people write.
const CAP: u64 = 4 << 20;

/// The places that the environment gives.
#[derive(Debug, Clone)]
pub struct Paths {
    /// `$XDG_CONFIG_HOME/matins`
    pub config: PathBuf,
    /// `$XDG_STATE_HOME/matins`
    pub state: PathBuf,
    pub home: PathBuf,
    /// The login name.
    pub login: String,
}

/// Where the configuration is.
#[derive(Debug, Clone)]
pub enum Location {
    /// The usual folder; nothing there means no configuration.
    Usual,
    /// Named by `--config`; nothing there is an error.
    Named(PathBuf),
}

impl Location {
    fn path<'a>(&'a self, paths: &'a Paths) -> &'a Path {
        match self {
            Self::Usual => &paths.config,
            Self::Named(path) => path,
        }
    }

    /// The folder that user themes are in.
    pub(super) fn themes(&self, paths: &Paths) -> PathBuf {
        let path = self.path(paths);
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        folder.join("themes")
    }
}

/// One file, read.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Its name for people.
    pub name: Shown,
    pub text: String,
    /// Where each line begins, so that a place in a large register is found without counting from the top.
    lines: Vec<usize>,
}

impl File {
    fn new(name: Shown, text: String) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name, text, lines }
    }

    /// Line and column of a byte offset, from 1, the column in characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = (0..=offset.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        (line, self.text[self.lines[line - 1]..offset].chars().count() + 1)
    }
}

/// Every `*.toml` in name order.
pub(super) fn read(location: &Location, paths: &Paths) -> Result<Vec<File>, ConfigError> {
    let path = location.path(paths);
    let found = if path.is_dir() { list(path) } else { Ok(vec![path.to_owned()]) };
    let names = match (found, location) {
        (Ok(names), Location::Usual) if !path.is_dir() && !path.exists() => {
            drop(names);
            return Ok(Vec::new());
        }
        (Ok(names), Location::Named(_)) if names.is_empty() => {
            return Err(ConfigError::one(Trouble::file(shown(path), "there is no *.toml in this folder")));
        }
        (Ok(names), _) => names,
        (Err(error), _) => return Err(ConfigError::one(Trouble::file(shown(path), format!("can't be read: {error}")))),
    };
    let (mut files, mut troubles) = (Vec::new(), Vec::new());
    for name in names {
        match read_one(&name) {
            Ok(file) => files.push(file),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if troubles.is_empty() { Ok(files) } else { Err(ConfigError { troubles }) }
}

fn list(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.extension().is_some_and(|extension| extension == "toml") && !hidden {
            names.push(path);
        }
    }
    names.sort();
    Ok(names)
}

fn read_one(path: &Path) -> Result<File, Trouble> {
    let trouble = |message: String| Trouble::file(shown(path), message);
    let size = fs::metadata(path).map_err(|error| trouble(reason(&error)))?;
    if !size.is_file() {
        return Err(trouble("is not a file".into()));
    }
    if size.len() > CAP {
        return Err(trouble(format!("is larger than {} MiB", CAP >> 20)));
    }
    let bytes = fs::read(path).map_err(|error| trouble(reason(&error)))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| trouble(format!("is not UTF-8 at byte {}", error.utf8_error().valid_up_to())))?;
    let name = path.file_name().map_or_else(|| shown(path), |name| Shown::line(&name.to_string_lossy()));
    Ok(File::new(name, text))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder".into(),
        ErrorKind::PermissionDenied => "may not be read by you".into(),
        _ => format!("can't be read: {error}"),
    }
}

fn shown(path: &Path) -> Shown {
    Shown::line(&path.to_string_lossy())
}
