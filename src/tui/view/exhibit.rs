//! Pictures of a subject as lines: what a rule took from the evidence when somebody looked.

use jiff::Timestamp;

use super::axis;
use crate::domain::{AxisLine, Exhibit, GridRow, Month, Picture, Shown, Unit, Window, age, counted};
use crate::tui::model::{Model, World};
use crate::tui::times;
use crate::tui::widgets::text::Piece;

/// The lines of one exhibit, its title first, in as many columns.
pub fn lines(model: &Model, exhibit: &Exhibit, width: usize) -> Vec<Vec<Piece>> {
    let mut lines = vec![vec![Piece::space(2), Piece::shown(&exhibit.title, model.theme.accent())]];
    lines.extend(match &exhibit.picture {
        Picture::Axis { from, until, lines } => axis(model, (*from, *until), lines, width),
        Picture::Trend { unit, points } => vec![trend(model, *unit, points)],
        Picture::Months { months } => self::months(model, months, width),
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
        &counted(points.len(), "value", "values").into(),
        format!("{} → {}", said(points.first()), said(points.last())),
    )
}

/// `Oct 2026  ████░░░░░░░░  median 20 h, p95 3 d, of 2`: as far as the median, and on to the 95th percentile, all on one scale;
/// where there is no room, in words only.
fn months(model: &Model, months: &[Month], width: usize) -> Vec<Vec<Piece>> {
    const NARROWEST: usize = 8;
    const WIDEST: usize = 40;
    let said = |month: &Month| {
        format!("median {}, p95 {}, of {}", lasting(month.median_seconds), lasting(month.p95_seconds), month.count)
    };
    let words = months.iter().map(|month| said(month).len()).max().unwrap_or(0);
    let room = width.saturating_sub(words + "    Oct 2026  ".len() + 2).min(WIDEST);
    let most = months.iter().map(|month| month.p95_seconds).max().unwrap_or(0).max(1);
    // What took any time at all is seen.
    let cells = |seconds: u64| {
        let part = (u128::from(seconds) * room as u128).div_ceil(u128::from(most));
        usize::try_from(part).unwrap_or(room).min(room)
    };
    let line = |month: &Month| {
        let name: Shown = month.first.strftime("%b %Y").to_string().into();
        if room < NARROWEST {
            return self::line(model, &name, said(month));
        }
        let (median, p95) = (cells(month.median_seconds), cells(month.p95_seconds));
        let bar = |mark: &str, count: usize| Shown::from(mark.repeat(count));
        vec![
            Piece::space(4),
            Piece::shown(&name, model.theme.text()),
            Piece::space(2),
            Piece::shown(&bar("█", median), model.theme.accent()),
            Piece::shown(&bar("░", p95.saturating_sub(median)), model.theme.accent()),
            Piece::space(room - p95.max(median) + 2),
            Piece::shown(&said(month).into(), model.theme.dim()),
        ]
    };
    months.iter().map(line).collect()
}

/// `20 h`, `3 d`.
fn lasting(seconds: u64) -> String {
    let end = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    end.map_or_else(|| "for ever".to_owned(), |end| age(Timestamp::UNIX_EPOCH, end))
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
