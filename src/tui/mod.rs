//! The console: a queue with panels around it.
//!
//! ```text
//! keys, rounds ─► Msg ─► update ─► Model ─► view ─► terminal
//!                           └────► Effect ─► runtime ─► orders · browser · clipboard ─► Msg …
//! ```
//!
//! Everything but `runtime` is pure. `update` turns a message into changes of the model and into effects; `view` turns
//! the model into a picture and says until when it is true, so that an idle console sleeps. `keymap` and `panels` are
//! tables; `widgets` know no word of the domain.

mod act;
mod deeds;
mod ends;
mod filter;
mod form;
mod index;
mod keymap;
mod layout;
mod looks;
mod message;
mod model;
mod motion;
mod palette;
mod panels;
mod past;
pub mod picture;
mod pivot;
mod pointer;
mod rehearsal;
mod runtime;
#[doc(hidden)]
pub mod sample;
pub mod theme;
mod times;
mod typing;
mod update;
mod view;
mod widgets;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot::Sender;

use crate::round::{Order, Update};

pub use message::Effect;
pub use model::{Fleet, Start};
pub use rehearsal::Rehearsal;
pub use runtime::{resolve_theme, run};

/// Where the time comes from. A closure, so that the demo can stand still.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What [`run`] needs.
pub struct Console {
    pub start: Start,
    pub updates: UnboundedReceiver<Update>,
    pub orders: UnboundedSender<Order>,
    pub clock: Clock,
    /// The moment of the past that it opens at.
    pub as_of: Option<Timestamp>,
    /// The command that signs an entry of the record, to which its number is added.
    pub signing: Vec<OsString>,
    /// Dropped as soon as the first picture is there: what would take the processor from it waits for that.
    pub curtain: Sender<()>,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("start", &self.start).finish_non_exhaustive()
    }
}

/// How the console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Somebody pressed q.
    Quit,
    /// SIGTERM, SIGINT, SIGQUIT or SIGHUP, by its number.
    Signal(i32),
    /// The terminal went away: there is nobody to tell anything.
    TerminalGone,
}

impl Ending {
    /// As shells count: 128 and the signal's number.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Quit => 0,
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
            Self::TerminalGone => 129,
        }
    }
}

/// Why there is no console. Each says what to do instead.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error(
        "the console needs a terminal, and standard output is none: `matins round` and `matins check` work without"
    )]
    NotATerminal,
    #[error(
        "the console needs a keyboard, and there is no terminal to read from: `matins round` and `matins check` work without"
    )]
    NoKeyboard,
    #[error("the console can't draw on this terminal (TERM is {0}): set TERM, or use `matins round` or `matins check`")]
    DumbTerminal(String),
    #[error("the terminal can't be set up: {0}")]
    Terminal(#[from] std::io::Error),
}
