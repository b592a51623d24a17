//! Pictures of a subject as lines: what a rule took from the evidence when somebody looked.

use jiff::Timestamp;

use super::axis;
use crate::domain::{AxisLine, Exhibit, GridRow, Month, Picture, Shown, Unit, Window};
use crate::tui::model::{Model, World};
use crate::tui::times;
use crate::tui::widgets::text::Piece;

/// The lines of one exhibit, its title first, in as many columns.
pub fn lines(model: &Model, exhibit: &Exhibit, width: usize) -> Vec<Vec<Piece>> {
    let mut lines = vec![vec![Piece::space(2), Piece::shown(&exhibit.title, model.theme.accent())]];
    lines.extend(match &exhibit.picture {
        Picture::Axis { from, until, lines } => axis(model, (*from, *until), lines, width),
        Picture::Trend { unit, points } => vec![trend(model, *unit, points)],
        Picture::Months { months } => months.iter().map(|month| self::month(model, month)).collect(),
        Picture::Grid { columns, rows } => rows.iter().map(|row| grid(model, columns, row)).collect(),
    });
    lines
}

fn line(model: &Model, name: &Shown, said: String) -> Vec<Piece> {
    let theme = &model.theme;
    vec![Piece::space(4), Piece::shown(name, theme.text()), Piece::space(2), Piece::shown(&said.into(), theme.dim())]
}

/// Drawn, and in words; where there is no room, in words only.
fn axis(model: &Model, span: (Timestamp, Timestamp), lines: &[AxisLine], width: usize) -> Vec<Vec<Piece>> {
    let look = (&model.theme, &model.world.zone);
    axis::drawn(look, span, lines, width, |line| told(model, line)).unwrap_or_else(|| {
        lines.iter().map(|line| self::line(model, &line.name, told(model, line).as_str().to_owned())).collect()
    })
}

/// How many there are, and the newest; how each slot turned out, and how many nights before last held nothing.
fn told(model: &Model, line: &AxisLine) -> Shown {
    let newest = line.marks.iter().map(|mark| mark.at).max();
    let newest = newest.map_or_else(|| "none".to_owned(), |at| format!("newest {}", clock(&model.world, at)));
    let (nights, slots): (Vec<&Window>, Vec<&Window>) =
        line.windows.iter().partition(|window| axis::is_night(window, &model.world.zone));
    let mut said = vec![format!("{}, {newest}", line.marks.len())];
    said.extend(slots.iter().map(|window| format!("{} {}", window.verdict.glyph(), window.name)));
    match nights.len() {
        0 => {}
        1 => said.push("1 gap".into()),
        many => said.push(format!("{many} gaps")),
    }
    said.join(" · ").into()
}

/// The first and the last value.
fn trend(model: &Model, unit: Unit, points: &[(jiff::Timestamp, u64)]) -> Vec<Piece> {
    let said = |point: Option<&(jiff::Timestamp, u64)>| {
        point.map_or_else(String::new, |(at, value)| format!("{} {}", clock(&model.world, *at), measured(unit, *value)))
    };
    line(
        model,
        &format!("{} values", points.len()).into(),
        format!("{} → {}", said(points.first()), said(points.last())),
    )
}

fn month(model: &Model, month: &Month) -> Vec<Piece> {
    let name: Shown = month.first.strftime("%b %Y").to_string().into();
    let (median, p95) = (measured(Unit::Seconds, month.median_seconds), measured(Unit::Seconds, month.p95_seconds));
    line(model, &name, format!("median {median}, 95 % within {p95}, of {}", month.count))
}

/// A row with its cells: `web1  ✖ DSA-6321-1  ✓ DSA-6322-1`.
fn grid(model: &Model, columns: &[Shown], row: &GridRow) -> Vec<Piece> {
    let theme = &model.theme;
    let cells = columns.iter().zip(&row.cells).filter_map(|(column, cell)| Some((column, (*cell)?)));
    let mut pieces = vec![Piece::space(4), Piece::shown(&row.name, theme.text()), Piece::space(1)];
    for (column, verdict) in cells {
        let glyph = Piece::word(verdict.glyph(), theme.verdict(verdict));
        pieces.extend([Piece::space(1), glyph, Piece::space(1), Piece::shown(column, theme.dim())]);
    }
    pieces
}

fn clock(world: &World, at: jiff::Timestamp) -> Shown {
    times::clock(at, world.now, &world.zone)
}

/// A value with its unit, as people say it.
fn measured(unit: Unit, value: u64) -> String {
    let steps: &[(u64, &str)] = match unit {
        Unit::Bytes => &[(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")],
        Unit::Seconds => &[(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")],
        Unit::Count => &[(1, "")],
    };
    let (step, name) = steps.iter().find(|(step, _)| value >= *step).or(steps.last()).copied().unwrap_or((1, ""));
    format!("{} {name}", value / step).trim_end().to_owned()
}
