//! [`Rehearsal`]: the console without a terminal, for pictures, tests and measurements.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::message::{Effect, Msg};
use super::model::{Model, Start};
use super::{update, view};
use crate::domain::Round;
use crate::round::Update;

/// The whole console but its edge: keys and rounds in, pictures and effects out.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    model: Model,
}

impl Rehearsal {
    pub fn new(start: Start, width: u16, height: u16) -> Self {
        let mut model = Model::from(start);
        model.size = Size::new(width, height);
        Self { model }
    }

    /// Presses keys, written as in `jj<enter>w`: letters as themselves, others by name in angle brackets. Unknown names
    /// press nothing.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        let now = self.model.world.now;
        parse_keys(keys).into_iter().flat_map(|key| update::update(&mut self.model, Msg::Key(key), now)).collect()
    }

    /// Hears from the schedule.
    pub fn hear(&mut self, update: Update) {
        let now = self.model.world.now;
        update::update(&mut self.model, Msg::Heard(update), now);
    }

    pub fn hear_round(&mut self, round: Round) {
        self.hear(Update::Round(Arc::new(round)));
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        let now = self.model.world.now;
        update::update(&mut self.model, Msg::Resized(Size::new(width, height)), now);
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
