//! A screen as a self-contained SVG: monospace text in the theme's colours, nothing fetched, the same bytes every time.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

use super::theme::{Paper, Theme};

/// One cell, in pixels.
const WIDE: usize = 9;
const HIGH: usize = 19;
/// From a row's top to its text's baseline.
const BASELINE: usize = 14;
const MARGIN: usize = 12;

/// The picture of a buffer.
pub fn svg(buffer: &Buffer, theme: &Theme) -> String {
    let paper = theme.paper();
    let (width, height) =
        (usize::from(buffer.area.width) * WIDE + 2 * MARGIN, usize::from(buffer.area.height) * HIGH + 2 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"15\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{}\"/>\n",
        hex(paper.ground, paper.ground)
    );
    let row = usize::from(buffer.area.width).max(1);
    for (y, cells) in buffer.content().chunks(row).enumerate() {
        for run in runs(cells, paper) {
            draw_run(&mut out, &run, y, paper);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Cells beside each other that look the same.
struct Run {
    x: usize,
    columns: usize,
    text: String,
    look: Look,
    /// Lines of frames are drawn as lines: as letters they would have gaps.
    lines: bool,
}

#[derive(Clone, PartialEq, Eq)]
struct Look {
    ink: String,
    ground: String,
    bold: bool,
    dim: bool,
    underline: bool,
}

fn runs(cells: &[Cell], paper: Paper) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut x = 0;
    while let Some(cell) = cells.get(x) {
        let columns = cell.symbol().width().max(1);
        let (look, lines) = (look(cell, paper), strokes(cell.symbol()).is_some());
        match runs.last_mut() {
            Some(run)
                if run.look == look
                    && run.lines == lines
                    && columns == 1
                    && run.text.is_ascii() == cell.symbol().is_ascii() =>
            {
                run.text.push_str(cell.symbol());
                run.columns += 1;
            }
            _ => runs.push(Run { x, columns, text: cell.symbol().to_owned(), look, lines }),
        }
        x += columns;
    }
    runs
}

fn look(cell: &Cell, paper: Paper) -> Look {
    let (mut ink, mut ground) = (hex(cell.fg, paper.ink), hex(cell.bg, paper.ground));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut ground);
    }
    Look {
        ink,
        ground,
        bold: cell.modifier.contains(Modifier::BOLD),
        dim: cell.modifier.contains(Modifier::DIM),
        underline: cell.modifier.contains(Modifier::UNDERLINED),
    }
}

fn draw_run(out: &mut String, run: &Run, y: usize, paper: Paper) {
    let (left, top, width) = (MARGIN + run.x * WIDE, MARGIN + y * HIGH, run.columns * WIDE);
    let look = &run.look;
    if look.ground != hex(paper.ground, paper.ground) {
        push(
            out,
            format_args!(
                "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{HIGH}\" fill=\"{}\"/>\n",
                look.ground
            ),
        );
    }
    if run.lines {
        return draw_lines(out, run, left, top);
    }
    if run.text.trim().is_empty() {
        return;
    }
    let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
    let dim = if look.dim { " opacity=\"0.6\"" } else { "" };
    let underline = if look.underline { " text-decoration=\"underline\"" } else { "" };
    push(
        out,
        format_args!(
            "<text x=\"{left}\" y=\"{}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"{}\"{bold}{dim}{underline}>{}</text>\n",
            top + BASELINE,
            look.ink,
            escaped(&run.text)
        ),
    );
}

fn draw_lines(out: &mut String, run: &Run, left: usize, top: usize) {
    let mut path = String::new();
    for (column, symbol) in run.text.chars().enumerate() {
        let Some([up, right, down, along]) = strokes(symbol.encode_utf8(&mut [0; 4])) else { continue };
        // Half a pixel, so that a line of one pixel is sharp.
        let (x, y) = (left + column * WIDE + WIDE / 2, top + HIGH / 2);
        for (on, (to_x, to_y)) in [
            (up, (x, top)),
            (right, (left + (column + 1) * WIDE, y)),
            (down, (x, top + HIGH)),
            (along, (left + column * WIDE, y)),
        ] {
            if on {
                push(&mut path, format_args!("M{x}.5 {y}.5L{to_x}.5 {to_y}.5"));
            }
        }
    }
    push(out, format_args!("<path d=\"{path}\" stroke=\"{}\" fill=\"none\"/>\n", run.look.ink));
}

/// Which arms a piece of a frame has: up, right, down, left.
fn strokes(symbol: &str) -> Option<[bool; 4]> {
    Some(match symbol {
        "─" => [false, true, false, true],
        "│" => [true, false, true, false],
        "┌" => [false, true, true, false],
        "┐" => [false, false, true, true],
        "└" => [true, true, false, false],
        "┘" => [true, false, false, true],
        _ => return None,
    })
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    out.write_fmt(arguments).ok();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The sixteen colours, black first, as a picture shows them.
const SIXTEEN: [&str; 16] = [
    "#000000", "#c4443c", "#4e9a4a", "#c09530", "#4a7fc1", "#a05fb0", "#2f9aa0", "#c5c8c6", "#767c85", "#ef6b63",
    "#7cc474", "#e5c05b", "#79aae6", "#cf8fdc", "#62c8cd", "#ffffff",
];

fn hex(color: Color, own: Color) -> String {
    let sixteen = |number: usize| SIXTEEN[number].to_owned();
    match color {
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Indexed(number @ 0..16) => sixteen(number.into()),
        Color::Indexed(number) => cube(number),
        Color::Reset if own == Color::Reset => sixteen(0),
        Color::Reset => hex(own, own),
        named => sixteen(NAMED.iter().position(|known| *known == named).unwrap_or(7)),
    }
}

const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// xterm's colour cube and greys.
fn cube(number: u8) -> String {
    if number >= 232 {
        let grey = 8 + 10 * (number - 232);
        return format!("#{grey:02x}{grey:02x}{grey:02x}");
    }
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let number = number - 16;
    format!("#{:02x}{:02x}{:02x}", level(number / 36), level(number / 6 % 6), level(number % 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_escapes_what_would_be_markup() {
        let buffer = Buffer::with_lines(["<b> & \"x\"", "─│ 日本"]);
        let picture = svg(&buffer, &Theme::built_in("dark").unwrap());
        assert!(picture.contains("&lt;b&gt; &amp; \"x\"") && !picture.contains("<b>"), "{picture}");
        assert_eq!(picture, svg(&buffer, &Theme::built_in("dark").unwrap()));
        assert_eq!(picture.matches('<').count(), picture.matches('>').count());
    }

    #[test]
    fn every_colour_has_a_number() {
        for number in 0..=255 {
            assert_eq!(hex(Color::Indexed(number), Color::Reset).len(), 7);
        }
        assert_eq!(hex(Color::White, Color::Reset), "#ffffff");
        assert_eq!(hex(Color::Indexed(196), Color::Reset), "#ff0000");
    }
}
