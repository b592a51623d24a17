//! Pictures as SVG inside the HTML: drawn with classes of the style only, each with a title for who can't see it. The same
//! figures stand in a table below.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::html::escaped;
use super::picture::{amount, lasting};
use super::sheet::moment;
use crate::domain::{AxisLine, Exhibit, GridRow, Month, Picture, Shown, Unit, Verdict};

const WIDTH: usize = 880;
/// Room for names at the left.
const NAMES: usize = 220;
/// Height of a chart that has heights.
const HIGH: usize = 140;
/// Of a name, what has room.
const NAME: usize = 32;

/// The drawing with its caption.
pub(super) fn figure(exhibit: &Exhibit, zone: &TimeZone) -> String {
    let title = exhibit.title.as_str();
    let (drawing, height) = match &exhibit.picture {
        Picture::Months { months: all } => months(all),
        Picture::Grid { columns, rows } => grid(columns, rows),
        Picture::Trend { unit, points } => trend(*unit, points, zone),
        Picture::Axis { from, until, lines } => axis((*from, *until), lines, zone),
    };
    format!(
        "<figure tabindex=\"0\">\n<svg role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n\
         <title>{0}</title>\n{drawing}</svg>\n<figcaption>{0}</figcaption>\n</figure>\n",
        escaped(title)
    )
}

/// `part` of `whole` on `length`; nothing of nothing.
fn scaled(part: u64, whole: u64, length: usize) -> usize {
    let product = u128::from(part.min(whole)) * length as u128;
    usize::try_from(product / u128::from(whole.max(1))).unwrap_or(length)
}

fn text(out: &mut String, (x, y): (usize, usize), class: &str, said: &str) {
    writeln!(out, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>", escaped(said)).ok();
}

/// A box, and what it says to who points at it.
fn tile(out: &mut String, [x, y, width, height]: [usize; 4], class: &str, said: &str) {
    let said = escaped(said);
    writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" class=\"{class}\"><title>{said}</title></rect>"
    )
    .ok();
}

/// The median as a bar, the 95th percentile as how far it reaches.
fn months(months: &[Month]) -> (String, usize) {
    let most = months.iter().map(|month| month.p95_seconds.max(month.median_seconds)).max().unwrap_or_default();
    let step = (WIDTH - 80) / months.len().max(1);
    let wide = (step * 2 / 3).min(48);
    let mut out = String::new();
    let foot = HIGH + 10;
    writeln!(out, "<line x1=\"70\" y1=\"{foot}\" x2=\"{WIDTH}\" y2=\"{foot}\" class=\"axis\"/>").ok();
    text(&mut out, (64, 18), "end", &lasting(most));
    text(&mut out, (64, foot), "end", "0");
    for (at, month) in months.iter().enumerate() {
        let (x, name) = (76 + at * step, month.first.strftime("%b %y").to_string());
        let (median, p95) = (lasting(month.median_seconds), lasting(month.p95_seconds));
        let said = format!("{name}: median {median}, p95 {p95}, of {}", month.count);
        for (seconds, class) in [(month.p95_seconds, "reach"), (month.median_seconds, "bar")] {
            let high = scaled(seconds, most, HIGH).max(1);
            tile(&mut out, [x, foot - high, wide, high], class, &said);
        }
        text(&mut out, (x + wide / 2, foot + 16), "middle", &name);
    }
    (out, foot + 24)
}

fn grid(columns: &[Shown], rows: &[GridRow]) -> (String, usize) {
    let step = ((WIDTH - NAMES) / columns.len().max(1)).clamp(4, 24);
    let mut out = String::new();
    // A name for every so many columns that it has room.
    let every = 48_usize.div_ceil(step);
    for (at, name) in columns.iter().enumerate().step_by(every) {
        text(&mut out, (NAMES + at * step, 12), "start", name.cut(10).as_str());
    }
    for (line, row) in rows.iter().enumerate() {
        let y = 20 + line * 24;
        text(&mut out, (NAMES - 8, y + 15), "end", row.name.cut(NAME).as_str());
        for (at, (name, cell)) in columns.iter().zip(&row.cells).enumerate() {
            let (class, word) = cell.map_or(("none", "–"), |verdict| (verdict.word(), verdict.word()));
            let x = NAMES + at * step;
            let said = format!("{}, {name}: {word}", row.name);
            tile(&mut out, [x, y, step, 20], &format!("cell {class}"), &said);
            // Nobody has to tell colours apart.
            if let Some(verdict) = cell.filter(|verdict| step >= 12 && *verdict != Verdict::Ok) {
                text(&mut out, (x + step / 2, y + 14), "glyph", verdict.glyph());
            }
        }
    }
    (out, 24 + rows.len() * 24)
}

fn trend(unit: Unit, points: &[(Timestamp, u64)], zone: &TimeZone) -> (String, usize) {
    let most = points.iter().map(|(_, value)| *value).max().unwrap_or_default();
    let foot = HIGH + 10;
    let mut out = String::new();
    writeln!(out, "<line x1=\"70\" y1=\"{foot}\" x2=\"{WIDTH}\" y2=\"{foot}\" class=\"axis\"/>").ok();
    text(&mut out, (64, 18), "end", &amount(unit, most));
    text(&mut out, (64, foot), "end", "0");
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else { return (out, foot + 24) };
    let line: Vec<String> = points
        .iter()
        .map(|(at, value)| {
            let x = 76 + along((*first, *last), *at, WIDTH - 90);
            format!("{x},{}", foot - scaled(*value, most, HIGH))
        })
        .collect();
    writeln!(out, "<polyline points=\"{}\" class=\"trend\"/>", line.join(" ")).ok();
    text(&mut out, (76, foot + 16), "start", &moment(*first, zone));
    text(&mut out, (WIDTH - 4, foot + 16), "end", &moment(*last, zone));
    (out, foot + 24)
}

/// How far a moment is along a span of time.
fn along((from, until): (Timestamp, Timestamp), at: Timestamp, length: usize) -> usize {
    let seconds = |to: Timestamp| u64::try_from(to.duration_since(from).as_secs()).unwrap_or_default();
    scaled(seconds(at), seconds(until), length)
}

fn axis(span: (Timestamp, Timestamp), lines: &[AxisLine], zone: &TimeZone) -> (String, usize) {
    let (mut out, length) = (String::new(), WIDTH - NAMES - 10);
    for (number, line) in lines.iter().enumerate() {
        let y = 4 + number * 28;
        text(&mut out, (NAMES - 8, y + 15), "end", line.name.cut(NAME).as_str());
        for window in &line.windows {
            let (from, until) = (along(span, window.from, length), along(span, window.until, length));
            let class = format!("cell {}", window.verdict.word());
            let said = format!("{}, {}: {}", line.name, window.name, window.verdict.word());
            tile(&mut out, [NAMES + from, y, until.saturating_sub(from).max(2), 20], &class, &said);
        }
        for mark in &line.marks {
            let x = NAMES + along(span, mark.at, length);
            tile(&mut out, [x, y + 4, 3, 12], "mark", &moment(mark.at, zone));
        }
    }
    let foot = 4 + lines.len() * 28;
    text(&mut out, (NAMES, foot + 12), "start", &moment(span.0, zone));
    text(&mut out, (WIDTH - 4, foot + 12), "end", &moment(span.1, zone));
    (out, foot + 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Mark, Window};

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + hours * 3_600).unwrap()
    }

    fn drawn(picture: Picture) -> String {
        figure(&Exhibit { title: "</title><script>".into(), picture }, &TimeZone::UTC)
    }

    fn all() -> Vec<Picture> {
        let month = |number, median_seconds, p95_seconds| Month {
            first: jiff::civil::date(2026, number, 1),
            median_seconds,
            p95_seconds,
            count: 3,
        };
        let line = AxisLine {
            name: "<web1>".into(),
            marks: vec![
                Mark { at: at(-99), size: None },
                Mark { at: at(5), size: Some(1) },
                Mark { at: at(99), size: None },
            ],
            windows: vec![Window { from: at(1), until: at(3), name: "\"x\"".into(), verdict: Verdict::Broken }],
        };
        let row = GridRow { name: "<web1>".into(), cells: vec![Some(Verdict::Unknown), None, Some(Verdict::Ok)] };
        vec![
            Picture::Months { months: vec![month(9, 86_400, 172_800), month(10, 0, u64::MAX)] },
            Picture::Months { months: Vec::new() },
            Picture::Grid { columns: vec!["a".into(), "b".into(), "c".into()], rows: vec![row] },
            Picture::Grid { columns: Vec::new(), rows: Vec::new() },
            Picture::Trend { unit: Unit::Bytes, points: vec![(at(0), 0), (at(1), u64::MAX)] },
            Picture::Trend { unit: Unit::Count, points: vec![(at(0), 0)] },
            Picture::Trend { unit: Unit::Count, points: Vec::new() },
            Picture::Axis { from: at(0), until: at(10), lines: vec![line] },
            Picture::Axis { from: at(0), until: at(0), lines: Vec::new() },
        ]
    }

    #[test]
    fn every_drawing_says_what_it_is_and_holds_no_tag_from_outside() {
        for picture in all() {
            let svg = drawn(picture);
            assert!(
                svg.contains("role=\"img\"") && svg.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"),
                "{svg}"
            );
            assert!(!svg.contains("<script") && !svg.contains("<web1"), "{svg}");
            assert_eq!(svg.matches("<rect").count(), svg.matches("</title></rect>").count());
        }
    }

    #[test]
    fn nothing_is_drawn_outside_however_odd_the_figures() {
        for picture in all() {
            let svg = drawn(picture);
            let numbers = |name: &str| -> Vec<usize> {
                svg.split(&format!(" {name}=\""))
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next()?.parse().ok())
                    .collect()
            };
            for name in ["x", "x1", "x2", "width"] {
                assert!(numbers(name).iter().all(|x| *x <= WIDTH), "{name}: {svg}");
            }
            let height = numbers("height")[0];
            for name in ["y", "y1", "y2", "height"] {
                assert!(numbers(name).iter().all(|y| *y <= height), "{name}: {svg}");
            }
        }
    }
}
