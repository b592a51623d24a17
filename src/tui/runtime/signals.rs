//! Signals, and the terminal's going away.

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Signal as Number;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long an orderly end may take.
const GRACE: Duration = Duration::from_secs(1);

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A signal that asks us to end, by its number.
    End(i32),
    Stop,
    Continue,
    /// The terminal has another size. crossterm tells it too, but forgets it when a key comes in the same instant.
    Resized,
    TerminalGone,
}

pub struct Signals {
    ends: [(i32, Signal); 4],
    stop: Signal,
    resume: Signal,
    resize: Signal,
    terminal: Option<AsyncFd<OwnedFd>>,
}

impl Signals {
    pub fn new() -> std::io::Result<Self> {
        let listen = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        let end = |number: Number| Ok::<_, std::io::Error>((number.as_raw(), listen(number)?));
        Ok(Self {
            ends: [end(Number::TERM)?, end(Number::INT)?, end(Number::QUIT)?, end(Number::HUP)?],
            stop: listen(Number::TSTP)?,
            resume: listen(Number::CONT)?,
            resize: listen(Number::WINCH)?,
            terminal: watch_terminal(),
        })
    }

    pub async fn next(&mut self) -> Heard {
        let [(term, on_term), (int, on_int), (quit, on_quit), (hup, on_hup)] = &mut self.ends;
        tokio::select! {
            _ = on_term.recv() => Heard::End(*term),
            _ = on_int.recv() => Heard::End(*int),
            _ = on_quit.recv() => Heard::End(*quit),
            _ = on_hup.recv() => Heard::End(*hup),
            _ = self.stop.recv() => Heard::Stop,
            _ = self.resume.recv() => Heard::Continue,
            _ = self.resize.recv() => Heard::Resized,
            () = hung_up(self.terminal.as_ref()) => Heard::TerminalGone,
        }
    }
}

/// Where SIGHUP goes to somebody else, only this tells that the terminal is gone: the reader of keys would try for ever.
/// It asks for nothing but the hang-up, so keys and drawing do not wake it.
#[expect(deprecated, reason = "its successor is unsafe; it is sound for an OwnedFd, which nobody else closes")]
fn watch_terminal() -> Option<AsyncFd<OwnedFd>> {
    let interest = if cfg!(target_os = "linux") { Interest::ERROR } else { return None };
    let terminal = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
    AsyncFd::with_interest(terminal, interest).ok()
}

/// Ends the program a moment after its terminal has gone, if it has not ended by itself: crossterm 0.29 reads a closed
/// terminal for ever, and then nobody here hears signals any more. Asleep until then; what was recorded is on disk.
pub fn end_without_terminal(exit_code: i32) {
    let Ok(terminal) = std::io::stdout().as_fd().try_clone_to_owned() else { return };
    std::thread::spawn(move || {
        let mut closed = [PollFd::new(&terminal, PollFlags::empty())];
        while !closed[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            match poll(&mut closed, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
        std::thread::sleep(GRACE);
        std::process::exit(exit_code);
    });
}

async fn hung_up(terminal: Option<&AsyncFd<OwnedFd>>) {
    let Some(terminal) = terminal else { return std::future::pending().await };
    loop {
        match terminal.ready(Interest::ERROR).await {
            Ok(guard) if !guard.ready().is_error() && !guard.ready().is_read_closed() => {
                let mut guard = guard;
                guard.clear_ready();
            }
            _ => return,
        }
    }
}

/// Whether the terminal is gone, without waiting.
pub fn is_hung_up() -> bool {
    let screen = std::io::stdout();
    // A hang-up is told though nothing is asked for.
    let mut screen = [PollFd::new(&screen, PollFlags::empty())];
    poll(&mut screen, Some(&Timespec::default())).is_ok() && screen[0].revents().contains(PollFlags::HUP)
}
