//! [`Sheet`]: a report as blocks, which each format writes in its own way. Texts are plain here; every format escapes all
//! of them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{Exhibit, Link, Verdict, age};

/// One report.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub title: String,
    /// Who, when, out of what: a label and its text.
    pub about: Vec<Line>,
    /// What must be known before anything below is believed.
    pub notices: Vec<String>,
    pub sections: Vec<Section>,
    /// Below everything, for paper.
    pub foot: Vec<String>,
    pub zone: TimeZone,
}

#[derive(Debug, Clone)]
pub struct Section {
    pub title: String,
    pub blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
pub enum Block {
    Text(String),
    /// Lines to be typed into a shell.
    Commands(Vec<String>),
    Table(Table),
    Card(Card),
    Picture(Exhibit),
}

/// Rows under columns; the first cell of a row is its heading.
#[derive(Debug, Clone)]
pub struct Table {
    pub caption: String,
    pub columns: Vec<&'static str>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    Number(u64),
    Verdict(Verdict),
}

/// A label and what stands beside it.
#[derive(Debug, Clone)]
pub struct Line {
    pub label: &'static str,
    pub text: String,
}

/// One thing that asks for a person.
#[derive(Debug, Clone)]
pub struct Card {
    pub verdict: Verdict,
    pub heading: String,
    pub title: String,
    pub lines: Vec<Line>,
    /// The chain from evidence to verdict, a line for each link.
    pub because: Vec<String>,
    pub link: Option<Link>,
}

impl Section {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    pub fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    /// A table, or where it has no rows this text instead.
    pub fn table(&mut self, table: Table, otherwise: &str) {
        if table.rows.is_empty() {
            self.text(otherwise);
        } else {
            self.blocks.push(Block::Table(table));
        }
    }
}

impl Table {
    pub fn new(caption: impl Into<String>, columns: &[&'static str]) -> Self {
        Self { caption: caption.into(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Whether a column holds nothing but figures.
    pub fn is_numeric(&self, column: usize) -> bool {
        let figure = |cell: &Cell| match cell {
            Cell::Number(_) => true,
            Cell::Text(text) => text == "–",
            Cell::Verdict(_) => false,
        };
        self.rows.iter().all(|row| row.get(column).is_some_and(figure))
    }
}

impl Line {
    pub fn new(label: &'static str, text: impl Into<String>) -> Self {
        Self { label, text: text.into() }
    }
}

impl Cell {
    #[expect(clippy::needless_pass_by_value, reason = "a name and a text made for the cell are passed alike")]
    pub fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    pub fn number(count: usize) -> Self {
        Self::Number(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

/// `Mon 23 Nov 2026 08:04`.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%a %-d %b %Y %H:%M").to_string()
}

/// `Mon 23 Nov 2026 08:04 (2 h ago)`, or `(in 3 d)`.
pub fn moment_and_age(at: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    let age = age(at, now);
    let ago = if age.starts_with("in ") { "" } else { " ago" };
    format!("{} ({age}{ago})", moment(at, zone))
}
