//! Drawing: from the model to a picture, and nothing else. It reads no clock, asks nobody and changes nothing.

mod account;
mod axis;
mod bars;
pub mod detail;
mod dialog;
mod exhibit;
mod form;
pub mod group;
mod home;
pub mod overlay;
mod panel;
mod rows;
mod weeks;

use ratatui::buffer::Buffer;

use super::layout;
use super::model::Model;
use super::widgets::canvas::{Canvas, Found};
use super::widgets::text::{self, Piece};

/// On one line, or on two where it is narrow.
fn too_small(model: &Model, canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    let words: &[&'static str] = if area.width < 18 { &["terminal", "too small"] } else { &["terminal too small"] };
    for (word, row) in words.iter().zip(area.rows()) {
        text::line(canvas, row, &[Piece::word(word, model.theme.text())]);
    }
}

/// Draws the whole screen.
pub fn draw(model: &Model, buffer: &mut Buffer) -> Found {
    let mut canvas = Canvas::new(buffer);
    let area = canvas.area();
    canvas.tint(area, model.theme.text());
    if area.width < layout::SMALLEST.width || area.height < layout::SMALLEST.height {
        too_small(model, &mut canvas);
        return canvas.finish();
    }
    if model.view.place.is_home() {
        home::draw(model, &mut canvas);
    } else {
        panel::draw(model, &mut canvas);
    }
    overlay::draw(model, &mut canvas);
    canvas.finish()
}
