//! ASCII for terminals that do not speak UTF-8.

use ratatui::buffer::Buffer;

/// Replaces every cell that is not ASCII by one that is, column for column. In a terminal of another encoding the bytes
/// of UTF-8 are not only ugly: some of them are control characters there.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let plain = cell.symbol().chars().next().map_or(' ', plain);
            cell.set_char(plain);
        }
    }
}

fn plain(c: char) -> char {
    match c {
        '─' | '–' | '—' | '━' | '·' => '-',
        '│' | '┃' | '▌' => '|',
        '┌' | '┐' | '└' | '┘' | '✓' => '+',
        '✖' => 'x',
        '▲' => '!',
        '◇' => 'd',
        '▸' | '→' | '›' => '>',
        '←' | '‹' => '<',
        '…' => '~',
        '↻' => '@',
        '“' | '”' | '„' => '"',
        '‘' | '’' => '\'',
        '∕' => '/',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    #[test]
    fn nothing_but_ascii_is_left_and_columns_stay() {
        let mut buffer = Buffer::with_lines(["│✖ Grüße 日本 …│x"]);
        let width = buffer.area.width;
        to_ascii(&mut buffer);
        assert_eq!(buffer.area, Rect::new(0, 0, width, 1));
        let text: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "|x Gr??e ? ?  ~|x");
    }
}
