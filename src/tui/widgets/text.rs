//! The only way to text: a [`Piece`] is made of cleaned text, of our own words or of a number, and [`line()`] draws pieces.

use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::canvas::Canvas;
use crate::domain::Shown;

/// A run of text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    text: Shown,
    style: Style,
}

impl Piece {
    /// Cleaned text.
    pub fn shown(text: &Shown, style: Style) -> Self {
        Self { text: text.clone(), style }
    }

    /// Our own words.
    pub fn word(text: &'static str, style: Style) -> Self {
        Self { text: text.into(), style }
    }

    pub fn number(number: usize, style: Style) -> Self {
        Self { text: number.to_string().into(), style }
    }

    pub fn space(columns: usize) -> Self {
        Self { text: " ".repeat(columns).into(), style: Style::new() }
    }

    /// The same text in another style.
    #[must_use]
    pub fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    #[cfg(test)]
    pub fn text(&self) -> &str {
        self.text.as_str()
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        self.text.width()
    }
}

/// Columns that the pieces take.
pub fn width(pieces: &[Piece]) -> usize {
    pieces.iter().map(Piece::width).sum()
}

/// Draws the pieces on the first row of the area; what does not fit is cut, and the cut is marked with `…`. Returns the
/// columns taken.
pub fn line(canvas: &mut Canvas<'_>, area: Rect, pieces: &[Piece]) -> u16 {
    let area = area.intersection(canvas.area());
    if area.is_empty() {
        return 0;
    }
    let fits = width(pieces) <= usize::from(area.width);
    let mut x = area.x;
    for piece in pieces {
        let room = usize::from(area.right().saturating_sub(x));
        if fits || piece.width() < room {
            x = canvas.buffer.set_stringn(x, area.y, piece.text.as_str(), room, piece.style).0;
        } else {
            let cut = cut(piece.text.as_str(), room);
            x = canvas.buffer.set_stringn(x, area.y, cut, room, piece.style).0;
            break;
        }
    }
    x - area.x
}

/// As much of the text as leaves a column for the mark of the cut.
fn cut(text: &str, room: usize) -> String {
    let mut out = String::new();
    let mut taken = 0;
    for grapheme in text.graphemes(true) {
        if taken + grapheme.width() + 1 > room {
            break;
        }
        taken += grapheme.width();
        out.push_str(grapheme);
    }
    out.push('…');
    out
}

/// Draws the pieces at the right end of the first row.
pub fn line_right(canvas: &mut Canvas<'_>, area: Rect, pieces: &[Piece]) {
    let taken = u16::try_from(width(pieces)).unwrap_or(u16::MAX).min(area.width);
    line(canvas, Rect { x: area.right() - taken, width: taken, ..area }, pieces);
}

/// One field of a [`row`].
#[derive(Debug)]
pub struct Field {
    pub pieces: Vec<Piece>,
    /// Columns, the gap after it not counted.
    pub width: u16,
    pub right: bool,
}

impl Field {
    pub fn left(width: u16, pieces: Vec<Piece>) -> Self {
        Self { pieces, width, right: false }
    }

    pub fn right(width: u16, pieces: Vec<Piece>) -> Self {
        Self { pieces, width, right: true }
    }
}

/// Draws fields in columns with a gap of one between them; a field of no width is left out with its gap.
pub fn row(canvas: &mut Canvas<'_>, area: Rect, fields: &[Field]) {
    let mut x = area.x;
    for field in fields.iter().filter(|field| field.width > 0) {
        let place = Rect { x, width: field.width.min(area.right().saturating_sub(x)), ..area };
        if field.right {
            line_right(canvas, place, &field.pieces);
        } else {
            line(canvas, place, &field.pieces);
        }
        x = x.saturating_add(field.width + 1);
        if x >= area.right() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::Buffer;

    fn drawn(width: u16, texts: &[&str]) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        let area = buffer.area;
        let pieces: Vec<_> = texts.iter().map(|text| Piece::shown(&Shown::line(text), Style::new())).collect();
        line(&mut Canvas::new(&mut buffer), area, &pieces);
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        assert_eq!(drawn(5, &["abcde"]), "abcde");
        assert_eq!(drawn(5, &["abcdef"]), "abcd…");
        assert_eq!(drawn(5, &["abc", "def"]), "abcd…");
        assert_eq!(drawn(5, &["abcde", "f"]), "abcd…");
        assert_eq!(drawn(1, &["abc"]), "…");
        assert_eq!(drawn(0, &["abc"]), "");
    }

    #[test]
    fn a_wide_letter_is_never_halved() {
        assert_eq!(drawn(4, &["日本語"]), "日 … ");
        assert_eq!(drawn(6, &["日本語"]), "日 本 語 ");
    }

    #[test]
    fn fields_stay_in_their_columns_whatever_the_script() {
        for name in ["web1", "日本語サーバー", "خادم", "🏳️‍🌈 host", "e\u{301}te\u{301}", "Ｗｉｄｅ"]
        {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
            let area = buffer.area;
            let plain = Style::new();
            let fields = [
                Field::left(8, vec![Piece::shown(&Shown::line(name), plain)]),
                Field::left(4, vec![Piece::word("text", plain)]),
                Field::right(6, vec![Piece::number(7, plain)]),
            ];
            row(&mut Canvas::new(&mut buffer), area, &fields);
            assert_eq!(buffer[(9, 0)].symbol(), "t", "{name}");
            assert_eq!(buffer[(19, 0)].symbol(), "7", "{name}");
        }
    }
}
