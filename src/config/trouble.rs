//! [`Trouble`]: what is wrong in the configuration, and where.

use std::fmt;

use crate::domain::Shown;

/// One thing that is wrong: file, line, column, the line itself (unless a secret may be on it), what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub file: Shown,
    /// Line and column, counted from 1, in characters.
    pub at: Option<(usize, usize)>,
    pub line: Option<Shown>,
    pub message: Shown,
    pub advice: Option<Shown>,
}

impl Trouble {
    /// About a file as a whole.
    pub fn file(file: impl Into<Shown>, message: impl Into<Shown>) -> Self {
        Self { file: file.into(), at: None, line: None, message: message.into(), advice: None }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.message)?,
            None => write!(f, "{}: {}", self.file, self.message)?,
        }
        if let (Some((number, column)), Some(line)) = (self.at, &self.line) {
            let number = number.to_string();
            let pad = " ".repeat(number.len());
            write!(f, "\n {pad} |\n {number} | {line}\n {pad} | {}^", " ".repeat((column - 1).min(line.width())))?;
        }
        if let Some(advice) = &self.advice {
            write!(f, "\n   {advice}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    pub troubles: Vec<Trouble>,
}

impl ConfigError {
    pub fn one(trouble: Trouble) -> Self {
        Self { troubles: vec![trouble] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for trouble in &self.troubles {
            writeln!(f, "{trouble}")?;
        }
        match self.troubles.len() {
            1 => write!(f, "1 problem in the configuration; nothing was changed"),
            n => write!(f, "{n} problems in the configuration; nothing was changed"),
        }
    }
}
