//! [`Canvas`]: a buffer being drawn on, and what the drawing found out.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// What is being drawn on.
#[derive(Debug)]
pub struct Canvas<'a> {
    pub(super) buffer: &'a mut Buffer,
    found: Found,
}

/// What drawing found out besides the picture itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Where the cursor belongs, in a text input.
    pub cursor: Option<Position>,
    /// When the picture stops being true by time alone, because an age in it changes.
    pub until: Option<Timestamp>,
}

impl<'a> Canvas<'a> {
    pub fn new(buffer: &'a mut Buffer) -> Self {
        Self { buffer, found: Found::default() }
    }

    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Notes that something drawn is true until then.
    pub fn until(&mut self, moment: Timestamp) {
        self.found.until = Some(self.found.until.map_or(moment, |known| known.min(moment)));
    }

    pub fn place_cursor(&mut self, position: Position) {
        self.found.cursor = Some(position);
    }

    /// Lays a style over what is there.
    pub fn tint(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area, style);
    }

    /// Makes an area blank again.
    pub fn wipe(&mut self, area: Rect, style: Style) {
        for position in self.buffer.area.intersection(area).positions() {
            self.buffer[position].reset();
        }
        self.tint(area, style);
    }

    pub fn finish(self) -> Found {
        self.found
    }
}
