//! The terminal lent to another program, and taken back.

use std::time::Duration;

use crossterm::event::EventStream;
use rustix::process::{Signal, getpid, kill_process};
use tokio::time::timeout;

use super::signals::{Heard, Signals};
use super::{Ending, Runtime};
use crate::collect::tools::foreground::Foreground;
use crate::domain::{Fault, Shown, Step, Subject};
use crate::round::Order;
use crate::tui::message::Msg;
use crate::tui::update::update;

/// What ended the program reaches us together with it, and may be heard after its end.
const ECHO: Duration = Duration::from_millis(150);

impl Runtime {
    /// Runs a step in the foreground; afterwards the console is as it was, in whatever size the window has by then. What
    /// is known of the server is asked again: somebody was there.
    pub(super) async fn lend(&mut self, step: &Step) -> Option<Ending> {
        self.deafen();
        self.stage.lend();
        let ran = match self.run(step).await {
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
        let said: Shown = match ran {
            Ok(Ok(())) => format!("back from {}", step.server).into(),
            Ok(Err(fault)) => fault.said,
            Err(ending) => return Some(ending),
        };
        // Nobody takes orders once the schedule has ended; that was said when it did.
        self.orders.send(Order::RefreshSubject(Subject::host(step.server.clone()))).ok();
        update(&mut self.model, Msg::Notice(said), (self.clock)());
        None
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
    async fn run(&mut self, step: &Step) -> Result<Result<(), Fault>, Ending> {
        let mut program = match Foreground::start(&step.words) {
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
