//! A sheet as Markdown (`CommonMark` with GitHub's tables). Everything that is not ours is escaped, so that a title makes no
//! link, no tag, no heading and no column.

use std::fmt::Write as _;

use super::picture;
use super::sheet::{Block, Card, Cell, Line, Sheet, Table};
use crate::domain::Verdict;

/// The whole sheet.
pub fn markdown(sheet: &Sheet) -> String {
    let mut out = format!("# {}\n\n", escaped(&sheet.title));
    lines(&mut out, &sheet.about);
    for notice in &sheet.notices {
        write!(out, "> **{}**\n\n", escaped(notice)).ok();
    }
    for section in &sheet.sections {
        write!(out, "## {}\n\n", escaped(&section.title)).ok();
        for written in &section.blocks {
            block(&mut out, written, sheet);
        }
    }
    if !sheet.foot.is_empty() {
        out.push_str("---\n\n");
        commands(&mut out, &sheet.foot);
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

fn block(out: &mut String, block: &Block, sheet: &Sheet) {
    match block {
        Block::Text(text) => {
            write!(out, "{}\n\n", escaped(text)).ok();
        }
        Block::Commands(lines) => commands(out, lines),
        Block::Table(written) => table(out, written),
        Block::Card(written) => card(out, written),
        Block::Picture(exhibit) => table(out, &picture::table(exhibit, &sheet.zone)),
    }
}

/// Indented, which ends at the first line that is not: nothing in it can close it.
fn commands(out: &mut String, lines: &[String]) {
    for line in lines {
        writeln!(out, "    {}", line.replace('\n', " ")).ok();
    }
    out.push('\n');
}

fn lines(out: &mut String, lines: &[Line]) {
    for Line { label, text } in lines {
        writeln!(out, "- {label}: {}", escaped(text)).ok();
    }
    if !lines.is_empty() {
        out.push('\n');
    }
}

fn card(out: &mut String, card: &Card) {
    write!(out, "### {} {}\n\n{}\n\n", mark(card.verdict), escaped(&card.heading), escaped(&card.title)).ok();
    for Line { label, text } in &card.lines {
        // What is copied into a shell or a file has no escapes in it.
        let text = if *label == "mend" { verbatim(text) } else { escaped(text) };
        writeln!(out, "- {label}: {text}").ok();
    }
    for because in &card.because {
        writeln!(out, "- because {}", escaped(because)).ok();
    }
    if let Some(link) = &card.link {
        // A link has neither blanks nor angle brackets: it was written by a parser of addresses.
        writeln!(out, "- link: <{}>", link.as_str().replace(['<', '>'], "")).ok();
    }
    out.push('\n');
}

fn table(out: &mut String, table: &Table) {
    if !table.caption.is_empty() {
        write!(out, "{}:\n\n", escaped(&table.caption)).ok();
    }
    row(out, table.columns.iter().map(|column| (*column).to_owned()));
    row(out, (0..table.columns.len()).map(|at| if table.is_numeric(at) { "---:" } else { "---" }.to_owned()));
    for cells in &table.rows {
        row(out, cells.iter().map(cell));
    }
    out.push('\n');
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    for cell in cells {
        write!(out, "| {cell} ").ok();
    }
    out.push_str("|\n");
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => escaped(text),
        Cell::Number(number) => number.to_string(),
        Cell::Verdict(verdict) => mark(*verdict),
    }
}

fn mark(verdict: Verdict) -> String {
    format!("{} {}", verdict.glyph(), verdict.word())
}

/// One line in which nothing means anything.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // Bare addresses would become links.
    unlisted(&out.replace("://", "\\://").replace('@', "\\@").replace("www.", "www\\."))
}

/// A code span, between more backticks than stand in it anywhere, where something in it would be escaped. Not what looks like
/// HTML or a link: not everybody's Markdown knows code spans.
fn verbatim(text: &str) -> String {
    let escaped = escaped(text);
    if escaped == text || text.contains(['<', '&', '\n']) || text.contains("](") {
        return escaped;
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

/// What begins a list, a heading's underline or a rule at the start of a line does not.
fn unlisted(text: &str) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'-' | b'+' | b'=') if digits == 0 => format!("\\{text}"),
        Some(b'.' | b')') if digits > 0 => format!("{}\\{}", &text[..digits], &text[digits..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mends_can_be_copied() {
        for (text, written) in [
            ("restart it", "restart it"),
            ("write a [[backup]] with of = [\"web1\"]", "` write a [[backup]] with of = [\"web1\"] `"),
            ("run `a` or ``b``", "``` run `a` or ``b`` ```"),
        ] {
            assert_eq!(verbatim(text), written);
        }
    }

    #[test]
    fn text_from_outside_means_nothing() {
        for (text, written) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("a|b", "a\\|b"),
            ("[x](javascript:y)", "\\[x\\](javascript:y)"),
            ("![x](https://e/x.png)", "\\!\\[x\\](https\\://e/x.png)"),
            ("# no heading\n- no list", "\\# no heading - no list"),
            ("- no list", "\\- no list"),
            ("12. no list", "12\\. no list"),
            ("`rm -rf`", "\\`rm -rf\\`"),
            ("*a* _b_ ~~c~~", "\\*a\\* \\_b\\_ \\~\\~c\\~\\~"),
            ("a\\b", "a\\\\b"),
            ("&lt;", "&amp;lt;"),
        ] {
            assert_eq!(escaped(text), written);
        }
    }

    #[test]
    fn a_hostile_cell_is_one_cell() {
        let mut written = Table::new("c", &["a", "b"]);
        written.rows = vec![vec![Cell::text("x | y\n| z |"), Cell::Number(3)]];
        let mut out = String::new();
        table(&mut out, &written);
        assert_eq!(out, "c:\n\n| a | b |\n| --- | ---: |\n| x \\| y \\| z \\| | 3 |\n\n");
    }
}
