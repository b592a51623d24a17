//! The table of everything that a key does. Help, palette and the hints at the bottom are made from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::model::{Model, Overlay};
use crate::domain::{DeedKind, Shown};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Move(Motion),
    Open,
    Back,
    Why,
    Browser,
    Copy,
    Refresh(Whom),
    /// Prepares something to be done to the selected server, and asks.
    Prepare(DeedKind),
    /// What ends in the record.
    Record(Record),
    /// Between *Cancel* and doing it.
    Choose,
    /// Shows how the last deed went.
    Account,
    Filter,
    Palette,
    /// Shows the world as it was.
    AsOf,
    Help,
    Panel(usize),
    /// Moves the focus on, or back.
    Focus(isize),
    /// Groups a panel's list by the next, or by the one before.
    Pivot(isize),
    Screen(Screen),
    Quit,
}

/// What ends in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    Decide,
    Undo,
    Sign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The sources of the selected subject.
    Selected,
    All,
}

/// What concerns the terminal alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    Mouse,
    Suspend,
    Repaint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
}

/// Where the person is, as far as keys are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Home,
    Panel,
    Why,
    Help,
    Confirm,
    Address,
    /// Before something is done to a server.
    Deed,
    /// Which servers are meant.
    Choice,
    /// Servers are being looked at.
    Waiting,
    Account,
    /// A link that is shown once.
    Issued,
    /// Text is being typed: keys are letters.
    Typing,
}

impl Scope {
    pub fn of(model: &Model) -> Self {
        match &model.view.overlay {
            Some(Overlay::Why { .. }) => Self::Why,
            Some(Overlay::Help { .. }) => Self::Help,
            Some(Overlay::Palette { .. } | Overlay::Decide(_) | Overlay::Sign(_)) => Self::Typing,
            Some(Overlay::Confirm(_)) => Self::Confirm,
            Some(Overlay::Address { .. }) => Self::Address,
            Some(Overlay::Deed(asked)) if asked.takes_text() => Self::Typing,
            Some(Overlay::Deed(_)) => Self::Deed,
            Some(Overlay::Choice(_)) => Self::Choice,
            Some(Overlay::Waiting(..)) => Self::Waiting,
            Some(Overlay::Account { .. }) => Self::Account,
            Some(Overlay::Issued(_)) => Self::Issued,
            None if model.view.filter.editing => Self::Typing,
            None if model.view.place.is_home() => Self::Home,
            None => Self::Panel,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Panel => "a panel",
            Self::Why => "why",
            Self::Help => "help",
            Self::Confirm | Self::Address => "an address",
            Self::Deed | Self::Choice => "a question",
            Self::Waiting => "a wait",
            Self::Account => "an account",
            Self::Issued => "a link",
            Self::Typing => "typing",
        }
    }
}

/// A key as it is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    control: bool,
}

const fn plain(code: KeyCode) -> Key {
    Key { code, control: false }
}

const fn letter(letter: char) -> Key {
    plain(KeyCode::Char(letter))
}

const fn control(letter: char) -> Key {
    Key { code: KeyCode::Char(letter), control: true }
}

impl Key {
    fn is(self, event: &KeyEvent) -> bool {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        !event.modifiers.contains(KeyModifiers::ALT) && self.code == event.code && self.control == control
    }

    /// How the key is called, `Ctrl-L`.
    pub fn name(self) -> Shown {
        let name = match self.code {
            KeyCode::Char(letter) if self.control => format!("Ctrl-{}", letter.to_ascii_uppercase()),
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::PageUp => "PgUp".into(),
            KeyCode::PageDown => "PgDn".into(),
            KeyCode::BackTab => "Shift-Tab".into(),
            other => other.to_string(),
        };
        name.into()
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct Binding {
    pub action: Action,
    pub keys: &'static [Key],
    /// A word or two for the bottom line and the palette.
    pub name: &'static str,
    pub help: &'static str,
    pub scopes: &'static [Scope],
    /// Whether the bottom line shows it.
    pub hint: bool,
}

use Scope::{Account, Address, Choice, Confirm, Deed, Help, Home, Issued, Panel, Waiting, Why};

const SCREENS: &[Scope] = &[Home, Panel];
const FINDING: &[Scope] = &[Home, Panel, Why];
const SCROLLING: &[Scope] = &[Home, Panel, Why, Help, Deed, Choice, Account];
const ANYWHERE: &[Scope] = &[Home, Panel, Why, Help, Confirm, Address, Deed, Choice, Waiting, Account, Issued];
const OVERLAYS: &[Scope] = &[Panel, Why, Help, Confirm, Address, Account, Issued];
const ASKED: &[Scope] = &[Deed];

const fn bind(action: Action, keys: &'static [Key], words: [&'static str; 2], scopes: &'static [Scope]) -> Binding {
    Binding { action, keys, name: words[0], help: words[1], scopes, hint: false }
}

const fn hint(action: Action, keys: &'static [Key], words: [&'static str; 2], scopes: &'static [Scope]) -> Binding {
    Binding { hint: true, ..bind(action, keys, words, scopes) }
}

const CHOOSING: &[Key] = &[plain(KeyCode::Tab), plain(KeyCode::BackTab), plain(KeyCode::Left), plain(KeyCode::Right)];

/// Every action there is, in the order in which the bottom line shows them.
pub const ALL: &[Binding] = &[
    hint(
        Action::Open,
        &[plain(KeyCode::Enter)],
        ["open", "opens the finding's panel on its subject; there, its detail"],
        SCREENS,
    ),
    hint(
        Action::Open,
        &[plain(KeyCode::Enter)],
        ["open it", "opens the address in the browser all the same"],
        &[Confirm],
    ),
    hint(Action::Choose, CHOOSING, ["choose", "moves between cancelling and doing it"], ASKED),
    hint(Action::Open, &[plain(KeyCode::Enter)], ["do it", "does what is chosen; cancelling is chosen first"], ASKED),
    hint(Action::Back, &[plain(KeyCode::Esc)], ["cancel", "nothing is done"], &[Deed, Choice, Waiting]),
    hint(
        Action::Back,
        &[plain(KeyCode::Esc)],
        ["back", "closes what is on top, clears the filter, goes back; never quits"],
        OVERLAYS,
    ),
    bind(Action::Back, &[plain(KeyCode::Esc)], ["clear", "clears the filter; never quits"], &[Home]),
    hint(
        Action::Record(Record::Decide),
        &[letter('d')],
        ["decide", "acknowledges, accepts, snoozes or assigns the finding, with a reason and an end"],
        FINDING,
    ),
    hint(
        Action::Why,
        &[letter('w')],
        ["why", "shows what a verdict and its rank come from, and what would make it ok"],
        SCREENS,
    ),
    hint(
        Action::Pivot(1),
        &[plain(KeyCode::Tab)],
        ["group", "groups the list anew: advisories by package, server, site; others by what is said"],
        &[Panel],
    ),
    bind(Action::Why, &[letter('w')], ["close", "closes it again"], &[Why]),
    hint(Action::Browser, &[letter('o')], ["browser", "opens the finding's address in the browser"], FINDING),
    hint(
        Action::Copy,
        &[letter('y')],
        ["copy", "copies the finding's address, or its line when it has none"],
        &[Why, Address, Issued],
    ),
    bind(Action::Copy, &[letter('y')], ["copy", "copies the finding's address, or its line when it has none"], SCREENS),
    hint(
        Action::Record(Record::Sign),
        &[letter('S')],
        ["sign", "shows what you would sign this morning, asks for a note, and records it"],
        SCREENS,
    ),
    bind(
        Action::Record(Record::Undo),
        &[letter('u')],
        ["undo", "takes back your last decision; the log keeps both"],
        SCREENS,
    ),
    hint(Action::Filter, &[letter('/')], ["filter", "shows only what fits words and fields"], SCREENS),
    hint(Action::Palette, &[letter(':')], ["command", "finds an action by its name"], SCREENS),
    bind(
        Action::AsOf,
        &[],
        ["as-of", "shows the world as it was: as-of 7d, as-of 2026-11-20; as-of now comes back"],
        SCREENS,
    ),
    hint(
        Action::Refresh(Whom::Selected),
        &[letter('r')],
        ["refresh", "asks the sources of the selected subject again"],
        FINDING,
    ),
    bind(Action::Refresh(Whom::All), &[letter('R')], ["refresh all", "asks every source again"], SCREENS),
    bind(
        Action::Prepare(DeedKind::Session),
        &[letter('s')],
        ["ssh", "opens ssh to the selected server; asks first"],
        SCREENS,
    ),
    bind(
        Action::Prepare(DeedKind::Upgrade),
        &[letter('U')],
        ["upgrade", "installs pending security updates; shows the plan and asks first"],
        SCREENS,
    ),
    bind(
        Action::Prepare(DeedKind::Reboot),
        &[letter('B')],
        ["reboot", "restarts the selected server; asks first"],
        SCREENS,
    ),
    bind(
        Action::Prepare(DeedKind::Login),
        &[letter('l')],
        ["login", "a one-time login to the selected site; asks first"],
        SCREENS,
    ),
    bind(
        Action::Prepare(DeedKind::Disconnect),
        &[letter('K')],
        ["disconnect", "ends the selected VPN client's sessions; shows the command and asks first"],
        SCREENS,
    ),
    bind(Action::Account, &[letter('t')], ["transcript", "shows how the last action on servers went"], SCREENS),
    hint(
        Action::Open,
        &[plain(KeyCode::Enter)],
        ["look", "looks what it would take; nothing is changed yet"],
        &[Choice],
    ),
    bind(Action::Panel(0), &[letter('1')], ["advisories", "opens panel 1"], SCREENS),
    bind(Action::Panel(1), &[letter('2')], ["servers", "opens panel 2"], SCREENS),
    bind(Action::Panel(2), &[letter('3')], ["vpn", "opens panel 3"], SCREENS),
    bind(Action::Panel(3), &[letter('4')], ["backups", "opens panel 4"], SCREENS),
    bind(Action::Panel(4), &[letter('5')], ["services", "opens panel 5"], SCREENS),
    bind(Action::Focus(1), &[plain(KeyCode::Tab)], ["next", "moves on between queue and panels"], &[Home]),
    bind(Action::Focus(-1), &[plain(KeyCode::BackTab)], ["previous", "moves back between them"], &[Home]),
    bind(Action::Pivot(-1), &[plain(KeyCode::BackTab)], ["group back", "groups it as before"], &[Panel]),
    bind(Action::Focus(1), &[plain(KeyCode::Right)], ["detail", "from the list to the detail"], &[Panel]),
    bind(Action::Focus(-1), &[plain(KeyCode::Left)], ["list", "from the detail to the list"], &[Panel]),
    bind(Action::Move(Motion::Down), &[letter('j'), plain(KeyCode::Down)], ["down", "one row down"], SCROLLING),
    bind(Action::Move(Motion::Up), &[letter('k'), plain(KeyCode::Up)], ["up", "one row up"], SCROLLING),
    bind(
        Action::Move(Motion::PageDown),
        &[plain(KeyCode::PageDown), control('f')],
        ["page down", "one page down"],
        SCROLLING,
    ),
    bind(Action::Move(Motion::PageUp), &[plain(KeyCode::PageUp), control('b')], ["page up", "one page up"], SCROLLING),
    bind(Action::Move(Motion::Top), &[letter('g'), plain(KeyCode::Home)], ["top", "to the first row"], SCROLLING),
    bind(Action::Move(Motion::Bottom), &[letter('G'), plain(KeyCode::End)], ["bottom", "to the last row"], SCROLLING),
    bind(
        Action::Screen(Screen::Mouse),
        &[letter('m')],
        ["mouse", "gives the mouse to the terminal, and takes it back"],
        SCREENS,
    ),
    bind(Action::Screen(Screen::Repaint), &[control('l')], ["repaint", "draws everything anew"], ANYWHERE),
    bind(
        Action::Screen(Screen::Suspend),
        &[control('z')],
        ["suspend", "stops the console until the shell's fg"],
        ANYWHERE,
    ),
    bind(Action::Quit, &[letter('q'), control('c')], ["quit", "leaves; what was seen is kept"], ANYWHERE),
    hint(Action::Help, &[letter('?')], ["help", "shows the keys of where you are"], SCREENS),
    bind(Action::Help, &[letter('?')], ["close", "closes it again"], &[Help]),
];

/// What can be done in a scope.
pub fn bindings(scope: Scope) -> impl Iterator<Item = &'static Binding> {
    ALL.iter().filter(move |binding| binding.scopes.contains(&scope))
}

/// What a key does in a scope.
pub fn action(scope: Scope, event: &KeyEvent) -> Option<Action> {
    bindings(scope).find(|binding| binding.keys.iter().any(|key| key.is(event))).map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::panels;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for scope in ANYWHERE.iter().copied() {
            let keys: Vec<_> = bindings(scope).flat_map(|binding| binding.keys).collect();
            for (at, key) in keys.iter().enumerate() {
                assert!(!keys[..at].contains(key), "{} in {scope:?}", key.name());
            }
        }
    }

    #[test]
    fn every_panel_has_its_digit() {
        for (number, panel) in panels::ALL.iter().enumerate() {
            let binding = ALL.iter().find(|binding| binding.action == Action::Panel(number)).unwrap();
            assert_eq!(binding.keys[0].name().as_str(), (number + 1).to_string());
            assert_eq!(binding.name, panel.title.to_lowercase());
        }
        assert!(!ALL.iter().any(|binding| binding.action == Action::Panel(panels::ALL.len())));
    }

    #[test]
    fn quitting_is_possible_everywhere_and_escape_never_quits() {
        for scope in ANYWHERE.iter().copied() {
            assert!(bindings(scope).any(|binding| binding.action == Action::Quit));
            let escape = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
            assert_eq!(action(scope, &escape), Some(Action::Back));
        }
    }
}
