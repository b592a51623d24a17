//! [`Chime`]: how a terminal calls somebody who looks elsewhere.

/// What a terminal is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chime {
    Bell,
    /// A notification as iTerm2, `WezTerm`, Windows Terminal and others show it.
    Osc9,
    /// A notification with a title, as urxvt, foot and others show it.
    Osc777,
}
