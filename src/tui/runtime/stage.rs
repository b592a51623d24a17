//! [`Stage`]: the terminal, taken and given back on every way out.

use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{Command, cursor, queue};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect, Size};
use rustix::process::{Signal, getpid, getsid, kill_current_process_group, kill_process};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc::UnboundedSender;

use crate::collect::tools::contained::is_contained;
use crate::domain::{Chime, Fault, Shown};
use crate::round::Update;
use crate::tui::message::Msg;
use crate::tui::model::Model;
use crate::tui::view;
use crate::tui::widgets::plain::to_ascii;

/// Clicks and the wheel, in coordinates without a limit. Not every movement: that would wake the console all the time.
struct EnableClicks;

impl Command for EnableClicks {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b[?1000h\x1b[?1006h")
    }
}

/// Where drawing goes: whole frames to the terminal. A terminal that is gone is remembered and never complained about:
/// a complaint would go to the same terminal, and die of it.
struct Outlet {
    frame: Vec<u8>,
    gone: Arc<AtomicBool>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.frame.is_empty() && !self.gone.load(Ordering::Relaxed) {
            let mut terminal = io::stdout().lock();
            if terminal.write_all(&self.frame).and_then(|()| terminal.flush()).is_err() {
                self.gone.store(true, Ordering::Relaxed);
            }
        }
        self.frame.clear();
        Ok(())
    }
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The terminal while it is ours. Dropping it gives the terminal back.
pub struct Stage {
    terminal: Terminal<CrosstermBackend<Outlet>>,
    gone: Arc<AtomicBool>,
    previous: Arc<Hook>,
    mouse: bool,
    utf8: bool,
    /// How the terminal was when it was lent.
    lent: Option<Termios>,
}

impl Stage {
    /// Takes the terminal. A panic of another thread becomes a message of trouble instead of text across the screen.
    pub fn enter(mouse: bool, utf8: bool, inbox: UnboundedSender<Msg>) -> io::Result<Self> {
        let gone = Arc::new(AtomicBool::new(false));
        let outlet = Outlet { frame: Vec::new(), gone: Arc::clone(&gone) };
        let terminal = Terminal::new(CrosstermBackend::new(outlet))?;
        let previous = hook_panics(&gone, inbox);
        let mut stage = Self { terminal, gone, previous, mouse, utf8, lent: None };
        stage.take()?;
        Ok(stage)
    }

    fn take(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        let outlet = self.terminal.backend_mut();
        queue!(outlet, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        if self.mouse {
            queue!(outlet, EnableClicks)?;
        }
        Write::flush(outlet)
    }

    /// Draws, and says until when the picture is true.
    pub fn draw(&mut self, model: &Model) -> Option<Timestamp> {
        let (mut until, utf8) = (None, self.utf8);
        let drawn = self.terminal.draw(|frame| {
            let found = view::draw(model, frame.buffer_mut());
            if !utf8 {
                to_ascii(frame.buffer_mut());
            }
            if let Some(cursor) = found.cursor {
                frame.set_cursor_position(cursor);
            }
            until = found.until;
        });
        if drawn.is_err() {
            self.gone.store(true, Ordering::Relaxed);
        }
        until
    }

    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    pub fn size(&self) -> Option<Size> {
        self.terminal.size().ok()
    }

    pub fn set_mouse(&mut self, on: bool) {
        self.mouse = on;
        let outlet = self.terminal.backend_mut();
        // The outlet remembers a terminal that is gone.
        if on { queue!(outlet, EnableClicks) } else { queue!(outlet, DisableMouseCapture) }.ok();
        Write::flush(outlet).ok();
    }

    /// To the clipboard of wherever the terminal is, if it allows that (OSC 52).
    pub fn copy(&mut self, text: &Shown) {
        let outlet = self.terminal.backend_mut();
        queue!(outlet, CopyToClipboard::to_clipboard_from(text.as_str())).ok();
        Write::flush(outlet).ok();
    }

    /// Rings, or has the terminal notify. The text is clean: nothing in it ends the sequence.
    pub fn alert(&mut self, chime: Chime, title: &Shown) {
        let outlet = self.terminal.backend_mut();
        // A semicolon parts a title from what follows it.
        let sequence = match chime {
            Chime::Bell => "\x07".to_owned(),
            Chime::Osc9 => format!("\x1b]9;{title}\x07"),
            Chime::Osc777 => format!("\x1b]777;notify;matins;{}\x07", title.as_str().replace(';', ",")),
        };
        // The outlet remembers a terminal that is gone.
        outlet.write_all(sequence.as_bytes()).ok();
        Write::flush(outlet).ok();
    }

    /// The next frame draws every cell.
    pub fn repaint(&mut self) {
        // Not `clear`: that asks the terminal where its cursor is, and the answer goes to the reader of keys.
        let cleared = self.terminal.size().and_then(|size| self.terminal.resize(Rect::from((Position::ORIGIN, size))));
        if cleared.is_err() {
            self.gone.store(true, Ordering::Relaxed);
        }
    }

    /// Stops the whole job, as the terminal does on Ctrl-Z where keys are not taken raw, and comes back when the shell
    /// continues it. False when there is no shell that could: then it does nothing.
    pub fn stop_job(&mut self) -> bool {
        if getsid(None).is_ok_and(|session| session == getpid()) {
            return false;
        }
        self.stop(|| kill_current_process_group(Signal::STOP));
        true
    }

    /// Stops this process, because somebody sent it SIGTSTP.
    pub fn stop_alone(&mut self) {
        self.stop(|| kill_process(getpid(), Signal::STOP));
    }

    fn stop(&mut self, signal: impl FnOnce() -> rustix::io::Result<()>) {
        leave();
        // Returns when somebody continues us; or at once, when stopping is not allowed. Both end in the same picture.
        signal().ok();
        self.enter_again();
    }

    /// Gives the terminal to another program until [`Stage::enter_again`].
    pub fn lend(&mut self) {
        leave();
        self.lent = tcgetattr(io::stdin()).ok();
    }

    /// Takes the terminal again and draws all of it, after whoever had it in between.
    pub fn enter_again(&mut self) {
        // Who was ended while asking for a passphrase left the echo off; it would stay off when we are gone.
        if let Some(lent) = self.lent.take() {
            tcsetattr(io::stdin(), OptionalActions::Now, &lent).ok();
        }
        if self.take().is_err() {
            self.gone.store(true, Ordering::Relaxed);
        }
        self.repaint();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What is still to come from drawing must not land on the screen that was there before.
        let gone = self.gone.swap(true, Ordering::Relaxed);
        // On a panic the terminal was given back before the message; once more, and the cursor would go back over it.
        if !(gone && std::thread::panicking()) {
            leave();
        }
        if !std::thread::panicking() {
            drop(std::panic::take_hook());
            let previous = Arc::clone(&self.previous);
            std::panic::set_hook(Box::new(move |panic| previous(panic)));
        }
    }
}

/// Gives the terminal back. Errors are ignored: they mean that there is no terminal to give back.
fn leave() {
    let mut terminal = io::stdout();
    queue!(terminal, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show).ok();
    terminal.flush().ok();
    disable_raw_mode().ok();
}

/// On a panic of this thread the terminal is given back before anything is printed; a panic of another prints nothing and
/// is told to the console.
fn hook_panics(gone: &Arc<AtomicBool>, inbox: UnboundedSender<Msg>) -> Arc<Hook> {
    let previous: Arc<Hook> = std::panic::take_hook().into();
    let (own, gone, passed) = (std::thread::current().id(), Arc::clone(gone), Arc::clone(&previous));
    std::panic::set_hook(Box::new(move |panic| {
        if is_contained() {
            // Caught where it happens, and told as its source's fault.
            return;
        }
        if std::thread::current().id() == own {
            gone.store(true, Ordering::Relaxed);
            leave();
            passed(panic);
        } else {
            let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
            let payload = panic.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let said = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            let fault = Fault::new(format!("a part of matins failed{place}: {said}"));
            inbox.send(Msg::Heard(Update::Trouble(fault.mend("please report it; q and start it again")))).ok();
        }
    }));
    previous
}
