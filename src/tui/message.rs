//! [`Msg`], what the console hears, and [`Effect`], what it wants done. Everything between the two is pure.

use crossterm::event::KeyEvent;
use ratatui::layout::{Position, Size};

use crate::domain::{Chime, Fault, Link, Shown, Step};
use crate::round::{Order, Update};

/// What the console hears.
#[derive(Debug, Clone)]
pub enum Msg {
    Key(KeyEvent),
    /// Text out of the terminal's paste. It goes into text inputs and nowhere else.
    Pasted(String),
    Mouse(Mouse),
    Resized(Size),
    /// From the schedule.
    Heard(Update),
    /// How opening an address went.
    Opened(Link, Result<(), Fault>),
    /// An age on the screen reads differently now.
    Time,
    /// An entry of the record was signed with a key, or why not.
    Signed(u64, Option<Shown>),
    /// Said by the runtime, such as why there is no suspending.
    Notice(Shown),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    Click(Position),
    WheelUp(Position),
    WheelDown(Position),
}

/// What the console wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Order(Order),
    /// In the browser.
    Open(Link),
    /// To the clipboard.
    Copy(Shown),
    Mouse(bool),
    /// To a program in the foreground, until it ends.
    HandOver(Step),
    /// An entry of the record with the configured key, which may ask at the terminal.
    Sign(u64),
    /// To whoever looks elsewhere, through the terminal.
    Alert(Chime, Shown),
    Suspend,
    /// Draw everything anew, whatever the terminal shows.
    Repaint,
    Quit,
}
