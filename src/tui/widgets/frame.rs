//! A frame with a title, and a scroll bar on its right side.

use std::ops::Range;

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, Widget as _};

use super::canvas::Canvas;
use super::scroll;
use super::text::{self, Piece};

/// Draws a frame with its title and returns what is inside.
pub fn frame(canvas: &mut Canvas<'_>, area: Rect, border: Style, title: &[Piece]) -> Rect {
    let area = area.intersection(canvas.area());
    let block = Block::bordered().border_style(border);
    let inner = block.inner(area);
    block.render(area, canvas.buffer);
    if area.height > 0 && area.width > 4 {
        text::line(canvas, Rect { x: area.x + 1, width: area.width - 2, height: 1, ..area }, title);
    }
    inner
}

/// Draws on the frame's right side which of `length` rows are in view; nothing when all are.
pub fn scroll_bar(canvas: &mut Canvas<'_>, inner: Rect, rows: &Range<usize>, length: usize, style: Style) {
    if let Some((first, size)) = scroll::thumb(rows, length, usize::from(inner.height)) {
        let at = |offset: usize| inner.y + u16::try_from(offset).unwrap_or(0);
        for y in at(first)..at(first + size) {
            let cell = Rect { x: inner.right(), y, width: 1, height: 1 };
            text::line(canvas, cell, &[Piece::word("┃", style)]);
        }
    }
}

/// A rectangle of at most this size in the middle of the area.
pub fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}
