//! Pictures as tables, for formats that can't draw, and beside the drawing for who can't see it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::sheet::{Cell, Table, moment};
use crate::domain::{Exhibit, GridRow, Picture, Shown, Unit, Verdict, age};

/// What the picture shows, in words and figures.
pub(super) fn table(exhibit: &Exhibit, zone: &TimeZone) -> Table {
    let title = exhibit.title.as_str();
    match &exhibit.picture {
        Picture::Months { months } => {
            let mut table = Table::new(title, &["month", "median", "p95", "count"]);
            table.rows = months
                .iter()
                .map(|month| {
                    vec![
                        Cell::text(month.first.strftime("%b %Y")),
                        Cell::text(lasting(month.median_seconds)),
                        Cell::text(lasting(month.p95_seconds)),
                        Cell::Number(u64::from(month.count)),
                    ]
                })
                .collect();
            table
        }
        Picture::Grid { columns, rows } => {
            let mut table = Table::new(title, &["", "ok", "due", "unknown", "broken", "none"]);
            table.rows = rows.iter().map(|row| counted(row, columns)).collect();
            table
        }
        Picture::Trend { unit, points } => {
            let mut table = Table::new(title, &["when", "value"]);
            table.rows = points
                .iter()
                .map(|(at, value)| vec![Cell::text(moment(*at, zone)), Cell::text(amount(*unit, *value))])
                .collect();
            table
        }
        Picture::Axis { lines, .. } => {
            let mut table = Table::new(title, &["line", "marks", "windows"]);
            table.rows = lines
                .iter()
                .map(|line| {
                    let windows = line.windows.iter().map(|one| format!("{}: {}", one.name, one.verdict.word()));
                    let windows: Vec<String> = windows.collect();
                    vec![Cell::text(&line.name), Cell::number(line.marks.len()), Cell::Text(windows.join(", "))]
                })
                .collect();
            table
        }
    }
}

/// Which columns stand how.
fn counted(row: &GridRow, columns: &[Shown]) -> Vec<Cell> {
    let named = |wanted: Option<Verdict>| {
        let names = columns.iter().zip(&row.cells).filter(|(_, cell)| **cell == wanted).map(|(name, _)| name.as_str());
        let names: Vec<&str> = names.collect();
        if names.len() > 3 { Cell::number(names.len()) } else { Cell::Text(names.join(", ")) }
    };
    let mut cells = vec![Cell::text(&row.name)];
    cells.extend(Verdict::ALL.map(|verdict| named(Some(verdict))));
    cells.push(named(None));
    cells
}

pub(super) fn amount(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Count => value.to_string(),
        Unit::Seconds => lasting(value),
        Unit::Bytes => bytes(value),
    }
}

fn bytes(value: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let power = usize::try_from(value.max(1).ilog2() / 10).unwrap_or_default().min(units.len() - 1);
    format!("{} {}", value >> (10 * power), units[power])
}

/// `19 h`, `3 d`.
pub(super) fn lasting(seconds: u64) -> String {
    let end = Timestamp::from_second(i64::try_from(seconds).unwrap_or(i64::MAX));
    end.map_or_else(|_| "for ever".to_owned(), |end| age(Timestamp::UNIX_EPOCH, end))
}
