//! OpenVPN's status, versions 1, 2 and 3, as OpenVPN 2.3 to 2.7 write it to a file or answer `status 3` with
//! (`man openvpn`, `--status`; `multi_print_status` in its `multi.c`).
//!
//! OpenVPN rewrites the file in place: back to the start, line by line, cut at the end. A reading in between sees new
//! lines, then old ones from the middle of a line on. So whatever does not fit is a [`Flaw`] or makes the status
//! [`Status::torn`], and never a guess.

mod listing;
mod rows;
mod tagged;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::domain::Shown;
use crate::domain::facts::VpnClient;

/// A status that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub version: u8,
    pub written: Written,
    pub clients: Vec<VpnClient>,
    /// Rows that can't be read without guessing, as they are.
    pub ambiguous: Vec<Shown>,
    /// Its parts contradict each other: it may have been read in the middle of a rewrite.
    pub torn: bool,
}

/// When OpenVPN says that it wrote a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    At(Timestamp),
    /// Version 1: the server's local time, without its zone.
    Local(DateTime),
    /// It says nothing that can be read.
    Unsaid,
}

/// Why bytes are not a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It may be whole in a moment.
    Torn(Shown),
    /// It is something else.
    Foreign(Shown),
}

impl Flaw {
    fn torn(said: impl Into<Shown>) -> Self {
        Self::Torn(said.into())
    }

    fn foreign(said: impl Into<Shown>) -> Self {
        Self::Foreign(said.into())
    }

    pub fn said(self) -> Shown {
        match self {
            Self::Torn(said) | Self::Foreign(said) => said,
        }
    }
}

/// Reads a status. What is cut off anywhere, even inside its last line, is torn.
pub fn parse_status(bytes: &[u8]) -> Result<Status, Flaw> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let rest = lines.pop().unwrap_or_default();
    let Some(first) = lines.first() else {
        return Err(Flaw::torn(if rest.is_empty() { "it is empty" } else { "it ends inside its first line" }));
    };
    if *first == "OpenVPN STATISTICS" {
        return Err(Flaw::foreign("it is the status of an OpenVPN client or point-to-point link, not a server's"));
    }
    let separator = first.strip_prefix("TITLE").and_then(|rest| rest.chars().next());
    if *first != "OpenVPN CLIENT LIST" && !matches!(separator, Some(',' | '\t')) {
        return Err(Flaw::foreign("it is not an OpenVPN status"));
    }
    let end = lines.iter().position(|line| *line == "END").ok_or_else(|| Flaw::torn("its END is missing"))?;
    if end + 1 != lines.len() || !rest.is_empty() {
        return Err(Flaw::torn("it goes on after its END"));
    }
    match separator {
        Some(separator) => tagged::parse(&lines[1..end], separator),
        None => listing::parse(&lines[1..end]),
    }
}

/// The two forms of local time: `2026-11-23 19:21:26` since 2.5, `Fri Jun  5 09:03:05 2020` before.
fn parse_local(text: &str) -> Option<DateTime> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ["%Y-%m-%d %H:%M:%S", "%a %b %d %H:%M:%S %Y"].iter().find_map(|form| DateTime::strptime(form, &text).ok())
}

/// A `time_t`; 0 is OpenVPN's "never".
fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().ok().filter(|seconds| *seconds > 0).and_then(|seconds| Timestamp::from_second(seconds).ok())
}
