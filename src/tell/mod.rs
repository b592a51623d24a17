//! What leaves by itself: changes, told to people over the channels that they configured.
//!
//! A channel remembers what it was told, so only what changed since is told, once, however many rounds there are; what
//! is decided, in maintenance or gone before anybody heard of it is not. What could not be sent is tried again with the
//! next round, together with what came since.

mod entry;
mod flaps;
mod news;
mod send;

use jiff::civil::DateTime;
use url::Url;

use crate::collect::tools::mail::Letterbox;
use crate::domain::register::Server;
use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Chime, Hours, Period, SecretRef, Shown, Verdict};

pub use news::{Case, Memory, News, news};

/// The sections of the configuration that are this room's own.
pub const SECTIONS: &[Section] = &[entry::NOTIFY, entry::MAINTENANCE];

/// Who is told what, and when nobody is.
#[derive(Debug, Clone, Default)]
pub struct Telling {
    pub channels: Vec<Channel>,
    pub quiet: Vec<Quiet>,
}

/// One way to one person, or to a program.
#[derive(Debug, Clone)]
pub struct Channel {
    pub name: Shown,
    /// The verdicts it is told of.
    pub about: Vec<Verdict>,
    pub quiet: Option<Hours>,
    pub digest: Period,
    pub counts_only: bool,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Ntfy {
        url: Url,
        topic: String,
        token: Option<SecretRef>,
    },
    Webhook {
        url: Url,
        secret: Option<SecretRef>,
    },
    Mail(Letterbox),
    Command(Vec<String>),
    Ping {
        url: Url,
    },
    /// A notification of the desktop, from the open console.
    Desktop,
    /// The open console's own terminal.
    Terminal(Chime),
}

/// When nobody is told of what some servers' own findings say.
#[derive(Debug, Clone)]
pub struct Quiet {
    of: Vec<Shown>,
    hours: Option<Hours>,
    once: Option<(DateTime, DateTime)>,
}

impl Quiet {
    fn holds(&self, server: &Shown, at: DateTime) -> bool {
        self.of.contains(server)
            && (self.hours.as_ref().is_some_and(|hours| hours.contain(at))
                || self.once.is_some_and(|(from, until)| from <= at && at < until))
    }
}

impl Telling {
    /// Reads both sections; everything that does not fit is named.
    pub fn plan(entries: &[Entry], servers: &[Server]) -> Result<Self, Vec<Misfit>> {
        let (mut telling, mut misfits) = (Self::default(), Vec::new());
        for entry in entries {
            if entry.section == entry::MAINTENANCE.name {
                match entry::read_quiet(entry, servers) {
                    Ok(quiet) => telling.quiet.push(quiet),
                    Err(misfit) => misfits.push(misfit),
                }
                continue;
            }
            match entry::read_channel(entry) {
                Ok(channel) if telling.channels.iter().any(|other| other.name == channel.name) => {
                    misfits.push(entry.misfit(Some("name"), format!("there is another channel `{}`", channel.name)));
                }
                Ok(channel) => telling.channels.push(channel),
                Err(misfit) => misfits.push(misfit),
            }
        }
        if misfits.is_empty() { Ok(telling) } else { Err(misfits) }
    }
}

impl Channel {
    /// Whether it reaches whoever sits at an open console: `matins round` tells the others.
    pub fn is_at_console(&self) -> bool {
        matches!(self.way, Way::Desktop | Way::Terminal(_))
    }

    /// What the terminal is sent, of a channel that is one.
    pub fn chime(&self) -> Option<Chime> {
        match self.way {
            Way::Terminal(chime) => Some(chime),
            _ => None,
        }
    }

    /// Whether it wants to hear that there was a round, and nothing else.
    pub fn is_ping(&self) -> bool {
        matches!(self.way, Way::Ping { .. })
    }
}

#[cfg(test)]
mod tests;
