//! [`Rehearsal`]: the console without a terminal, for pictures, tests and measurements.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::message::{Effect, Msg};
use super::model::{Model, Start};
use super::{update, view};
use crate::domain::Round;
use crate::round::{Order, Update};

/// The whole console but its edge: keys and rounds in, pictures and effects out.
#[derive(Clone)]
pub struct Rehearsal {
    model: Model,
    answers: Rc<Answers>,
}

/// Who answers for the store.
type Answers = dyn Fn(&Order) -> Vec<Update>;

impl fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehearsal").field("model", &self.model).finish_non_exhaustive()
    }
}

impl Rehearsal {
    pub fn new(start: Start, width: u16, height: u16) -> Self {
        let mut model = Model::from(start);
        model.size = Size::new(width, height);
        Self { model, answers: Rc::new(|_| Vec::new()) }
    }

    /// With somebody who answers what the console asks of the store, at once.
    #[must_use]
    pub fn answered(mut self, answers: impl Fn(&Order) -> Vec<Update> + 'static) -> Self {
        self.answers = Rc::new(answers);
        // What was asked of whoever answered before is asked again.
        self.model.world.looks.outdate();
        self.update(Msg::Time);
        self
    }

    /// Takes in a message and what is answered to it; what is left to be done is returned.
    pub(super) fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let now = self.model.world.clock();
        let (mut msgs, mut left) = (vec![msg], Vec::new());
        while let Some(msg) = msgs.pop() {
            for effect in update::update(&mut self.model, msg, now) {
                match &effect {
                    Effect::Order(order @ (Order::Look(_) | Order::Seek(_) | Order::Stand(_))) => {
                        msgs.extend((self.answers)(order).into_iter().map(Msg::Heard));
                    }
                    _ => left.push(effect),
                }
            }
        }
        left
    }

    /// Presses keys, written as in `jj<enter>w`: letters as themselves, others by name in angle brackets. Unknown names
    /// press nothing.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        parse_keys(keys).into_iter().flat_map(|key| self.update(Msg::Key(key))).collect()
    }

    /// Hears from the schedule.
    pub fn hear(&mut self, update: Update) {
        self.update(Msg::Heard(update));
    }

    pub fn hear_round(&mut self, round: Round) {
        self.hear(Update::Round(Arc::new(round)));
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.update(Msg::Resized(Size::new(width, height)));
    }

    /// What the screen shows.
    pub fn frame(&self) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.model.size.width, self.model.size.height));
        view::draw(&self.model, &mut buffer);
        buffer
    }

    /// The screen as a self-contained SVG.
    pub fn svg(&self) -> String {
        super::picture::svg(&self.frame(), &self.model.theme)
    }

    #[cfg(test)]
    pub(super) fn model(&mut self) -> &mut Model {
        &mut self.model
    }
}

/// `j<enter>` as the keys that it names.
fn parse_keys(text: &str) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let named = rest
            .strip_prefix('<')
            .and_then(|after| after.split_once('>'))
            .and_then(|(name, after)| named_key(name).map(|key| (key, after)));
        let (key, after) = named
            .unwrap_or_else(|| (KeyEvent::new(KeyCode::Char(first), KeyModifiers::NONE), &rest[first.len_utf8()..]));
        keys.push(key);
        rest = after;
    }
    keys
}

fn named_key(name: &str) -> Option<KeyEvent> {
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "backspace" => KeyCode::Backspace,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        _ => {
            let letter = name.strip_prefix("c-").filter(|letter| letter.chars().count() == 1)?.chars().next()?;
            return Some(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL));
        }
    };
    Some(KeyEvent::new(code, KeyModifiers::NONE))
}
