//! A table as CSV (RFC 4180): lines end with CR LF, cells that need it are quoted, a quote is doubled.
//!
//! A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return as a formula, and titles come
//! from strangers. Such a cell gets an apostrophe in front: it is text then, and the apostrophe tells that it was added.

use super::sheet::{Cell, Table};

/// The header and the rows.
pub fn csv(table: &Table) -> String {
    let mut out = String::new();
    line(&mut out, table.columns.iter().map(|column| (*column).to_owned()));
    for row in &table.rows {
        line(&mut out, row.iter().map(text));
    }
    out
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ') {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Number(number) => number.to_string(),
        Cell::Verdict(verdict) => verdict.word().to_owned(),
        Cell::Text(text) => harmless(text),
    }
}

/// Blanks before the sign don't help: some programs take them away first.
fn harmless(text: &str) -> String {
    let begins = text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r']);
    if begins { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_as_rfc_4180_has_it() {
        let mut table = Table::new("", &["a", "b"]);
        table.rows = vec![
            vec![Cell::text("plain"), Cell::Number(7)],
            vec![Cell::text("a,b"), Cell::text("say \"so\"\nand go")],
            vec![Cell::text(""), Cell::text(" blank")],
        ];
        assert_eq!(csv(&table), "a,b\r\nplain,7\r\n\"a,b\",\"say \"\"so\"\"\nand go\"\r\n,\" blank\"\r\n");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for begins in ["=", "+", "-", "@", "\t", "\r", " =", "  -"] {
            let hostile = format!("{begins}cmd|' /C calc'!A0");
            let mut table = Table::new("", &["a"]);
            table.rows = vec![vec![Cell::text(&hostile)]];
            let csv = csv(&table);
            let cell = csv.lines().nth(1).unwrap().trim_start_matches('"');
            assert!(cell.starts_with('\''), "{begins:?}: {csv:?}");
        }
        assert_eq!(harmless("a=b"), "a=b");
    }
}
