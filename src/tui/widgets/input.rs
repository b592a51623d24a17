//! One line of text that a person types.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use tui_input::{Input, InputRequest};

use super::canvas::Canvas;
use super::text::{self, Piece};
use crate::domain::Shown;

/// Longest text that is taken, in characters: a paste of a megabyte is a mistake.
const LONGEST: usize = 200;

/// One line being typed. It only ever holds what is safe to show.
#[derive(Debug, Clone, Default)]
pub struct TextInput(Input);

impl TextInput {
    pub fn value(&self) -> &str {
        self.0.value()
    }

    pub fn is_empty(&self) -> bool {
        self.value().is_empty()
    }

    /// Inserts what was typed or pasted, without anything that [`Shown`] would have to replace.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars() {
            let mut bytes = [0; 4];
            if self.value().chars().count() >= LONGEST
                || Shown::line(c.encode_utf8(&mut bytes)) != *c.encode_utf8(&mut [0; 4])
            {
                continue;
            }
            self.0.handle(InputRequest::InsertChar(c));
        }
    }

    pub fn edit(&mut self, request: InputRequest) {
        self.0.handle(request);
    }

    /// Draws it after a prompt and puts the cursor where typing goes on.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, prompt: &'static str, styles: [Style; 2]) {
        let prompt = Piece::word(prompt, styles[0]);
        let taken = text::line(canvas, area, &[prompt]);
        let rest = Rect { x: area.x + taken, width: area.width - taken, ..area };
        if rest.is_empty() {
            return;
        }
        let skipped = self.0.visual_scroll(usize::from(rest.width) - 1);
        let mut column = 0;
        let seen: String = self
            .value()
            .chars()
            .skip_while(|c| {
                let before = column;
                column += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
                before < skipped
            })
            .collect();
        text::line(canvas, rest, &[Piece::shown(&seen.into(), styles[1])]);
        let offset = u16::try_from(self.0.visual_cursor().saturating_sub(skipped)).unwrap_or(u16::MAX);
        canvas.place_cursor(Position { x: rest.x + offset.min(rest.width - 1), y: rest.y });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_safe_to_show_gets_in() {
        let mut input = TextInput::default();
        input.insert("host:\x1b[31m\u{202e}wéb\r\n\t1");
        assert_eq!(input.value(), "host:[31mwéb1");
        input.insert(&"x".repeat(1_000_000));
        assert_eq!(input.value().chars().count(), LONGEST);
    }
}
