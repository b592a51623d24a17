//! One line of text that a person types.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use tui_input::{Input, InputRequest};

use super::canvas::Canvas;
use super::text::{self, Piece};
use crate::domain::Shown;

/// Longest text that is taken, in characters: a paste of a megabyte is a mistake.
pub const LONGEST: usize = 200;

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

    /// Inserts what was typed or pasted, without anything that [`Shown`] would have to replace; ends of lines and tabs
    /// keep words apart. Whether there was room for all of it.
    pub fn insert(&mut self, text: &str) -> bool {
        let (mut room, mut blank) = (LONGEST.saturating_sub(self.value().chars().count()), false);
        for c in text.trim_end_matches(['\n', '\r']).chars() {
            let gap = matches!(c, '\n' | '\r' | '\t');
            if gap && blank {
                continue;
            }
            blank = gap;
            let c = if gap { ' ' } else { c };
            if Shown::line(c.encode_utf8(&mut [0; 4])) != *c.encode_utf8(&mut [0; 4]) {
                continue;
            }
            if room == 0 {
                return false;
            }
            room -= 1;
            self.0.handle(InputRequest::InsertChar(c));
        }
        true
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
        assert!(input.insert("host:\x1b[31m\u{202e}wéb\r\n\t1\n"));
        assert_eq!(input.value(), "host:[31mwéb 1");
        assert!(!input.insert(&"x".repeat(1_000_000)));
        assert_eq!(input.value().chars().count(), LONGEST);
    }
}
