//! The terminal lent to another program, and taken back.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use crossterm::event::EventStream;
use rustix::process::{Signal, getpid, kill_process};
use tokio::time::timeout;

use super::signals::{Heard, Signals};
use super::{Ending, Runtime};
use crate::collect::tools::foreground::{Foreground, Parted};
use crate::domain::{Fault, Shown, Step, Subject};
use crate::round::Order;
use crate::tui::message::Msg;
use crate::tui::update::update;

/// What ended the program reaches us together with it, and may be heard after its end.
const ECHO: Duration = Duration::from_millis(150);

impl Runtime {
    /// Runs a step in the foreground. What is known of the server is asked again: somebody was there.
    pub(super) async fn lend_for(&mut self, step: &Step) -> Option<Ending> {
        let words: Vec<&str> = step.words.iter().map(Shown::as_str).collect();
        let said: Shown = match self.lend(&words).await {
            // 255 is ssh's own failure; any other status is that of the last command that was run over it.
            Ok(Ok(parted)) if parted.status == Some(255) => format!("ssh failed: {}", parted.last_word()).into(),
            Ok(Ok(_)) => format!("back from {}", step.server).into(),
            Ok(Err(fault)) => fault.said,
            Err(ending) => return Some(ending),
        };
        // Nobody takes orders once the schedule has ended; that was said when it did.
        self.orders.send(Order::RefreshSubject(Subject::host(step.server.clone()))).ok();
        update(&mut self.model, Msg::Notice(said), (self.clock)());
        None
    }

    /// Has an entry of the record signed by the same command that signs it later: a passphrase is asked for there, a
    /// hardware key is touched there. The entry stands, whatever comes of it.
    pub(super) async fn lend_to_sign(&mut self, entry: u64) -> Option<Ending> {
        let words: Vec<OsString> = self.signing.iter().cloned().chain([entry.to_string().into()]).collect();
        let failed = match self.lend(&words).await {
            Ok(Ok(parted)) if parted.status == Some(0) => None,
            Ok(Ok(parted)) => Some(parted.line_after("matins: ").unwrap_or_else(|| parted.last_word())),
            Ok(Err(fault)) => Some(fault.said),
            Err(ending) => return Some(ending),
        };
        update(&mut self.model, Msg::Signed(entry, failed), (self.clock)());
        None
    }

    /// Gives the terminal to a program; afterwards the console is as it was, in whatever size the window has by then.
    async fn lend<S: AsRef<OsStr>>(&mut self, words: &[S]) -> Result<Result<Parted, Fault>, Ending> {
        self.deafen();
        self.stage.lend();
        let ran = match self.run(words).await {
            Ok(ended) => self.let_fade().await.map_or(Ok(ended), Err),
            Err(ending) => Err(ending),
        };
        if ran.is_ok() {
            self.stage.enter_again();
            self.ears.events = Some(EventStream::new());
        }
        // Ctrl-C and Ctrl-Z before the program took the keys raw were meant for it.
        if let Ok(fresh) = Signals::new() {
            self.ears.signals = fresh;
        }
        ran
    }

    /// Nothing of what is typed from here on is read by us.
    fn deafen(&mut self) {
        // Wakes its thread, which then stops reading. Nothing may poll after this: it would take that wake for itself, and the
        // thread would read on. A new one is made afterwards: making it waits for the thread.
        self.ears.events = None;
    }

    /// Ctrl-C and Ctrl-Z that were meant for the program are no reason for us to end; anything else is.
    async fn let_fade(&mut self) -> Option<Ending> {
        while let Ok(heard) = timeout(ECHO, self.ears.signals.next()).await {
            match heard {
                Heard::End(number) if is_keys(number) => {}
                Heard::End(number) => return Some(Ending::Signal(number)),
                Heard::TerminalGone => return Some(Ending::TerminalGone),
                Heard::Stop | Heard::Continue | Heard::Resized => {}
            }
        }
        None
    }

    /// How the program ended, or how the console ends because of what came meanwhile.
    async fn run<S: AsRef<OsStr>>(&mut self, words: &[S]) -> Result<Result<Parted, Fault>, Ending> {
        let mut program = match Foreground::start(words) {
            Ok(program) => program,
            Err(fault) => return Ok(Err(fault)),
        };
        loop {
            let heard = tokio::select! {
                ended = program.end() => return Ok(ended),
                heard = self.ears.signals.next() => heard,
            };
            let ending = match heard {
                // Ctrl-C is meant for the program, which may have been too young to hear it.
                Heard::End(number) if is_keys(number) => {
                    program.signal(Signal::INT);
                    continue;
                }
                Heard::End(number) => Ending::Signal(number),
                Heard::TerminalGone => Ending::TerminalGone,
                Heard::Stop => {
                    // The program was stopped with us; the shell continues both.
                    kill_process(getpid(), Signal::STOP).ok();
                    continue;
                }
                Heard::Continue | Heard::Resized => continue,
            };
            program.signal(Signal::HUP);
            return Err(ending);
        }
    }
}

/// Whether a key of the terminal sends it: `Ctrl-C`, `Ctrl-\`.
fn is_keys(number: i32) -> bool {
    number == Signal::INT.as_raw() || number == Signal::QUIT.as_raw()
}
