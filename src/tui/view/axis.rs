//! Snapshots on one axis of time, drawn: a cell for each night, which is shaded, and one for the day after it.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::domain::{AxisLine, Mark, Shown, Verdict, Window};
use crate::policy::{night_begins, night_ends};
use crate::tui::theme::Theme;
use crate::tui::widgets::text::Piece;

/// Columns of a source's name at most, and around it.
const NAME: usize = 20;
const MARGIN: usize = 4;
const GAP: usize = 2;
/// Of fewer cells nobody can see anything.
const FEWEST: usize = 14;

/// Twelve hours: a night, in which backups run, or the day after it.
#[derive(Debug)]
struct Cell {
    from: Timestamp,
    until: Timestamp,
    night: bool,
    /// `9 Nov`, where a week begins.
    label: Option<String>,
}

impl Cell {
    fn holds(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// As many half days up to `until` as there is room for, back to `from` at most.
fn cells(from: Timestamp, until: Timestamp, room: usize, zone: &TimeZone) -> Vec<Cell> {
    // In the evening the night to tomorrow has begun.
    let today = zone.to_datetime(until).date();
    let mut date = today.tomorrow().unwrap_or(today);
    let mut cells = Vec::new();
    // From the newest backwards: what there is no room for is the oldest.
    while let (Some(begins), Some(ends)) = (night_begins(date, zone), night_ends(date, zone)) {
        let next = date.tomorrow().ok().and_then(|next| night_begins(next, zone));
        let label = (date.weekday() == Weekday::Monday).then(|| date.strftime("%-d %b").to_string());
        let day = Cell { from: ends, until: next.unwrap_or(Timestamp::MAX), night: false, label: None };
        let night = Cell { from: begins, until: ends, night: true, label };
        cells.extend([day, night].into_iter().filter(|cell| cell.from <= until && cell.until > from));
        match date.yesterday() {
            Ok(before) if begins > from && cells.len() < room => date = before,
            _ => break,
        }
    }
    cells.truncate(room);
    cells.reverse();
    cells
}

/// ```text
///                      9 Nov         16 Nov        23 Nov
///     nas, on site     ▅ ▅ ▅ ▅ ▅ ▅ ▅ ▅ ▅ ▅ × × ▅ ▅ ▅ ▅
///                       ──✓───       ───✖──        ──✓
/// ```
/// Below each, what `said` says of it. `None` where there is no room for it.
pub fn drawn(
    (theme, zone): (&Theme, &TimeZone),
    (from, until): (Timestamp, Timestamp),
    lines: &[AxisLine],
    width: usize,
    said: impl Fn(&AxisLine) -> Shown,
) -> Option<Vec<Vec<Piece>>> {
    let name = lines.iter().map(|line| Piece::shown(&line.name, theme.text()).width()).max()?.min(NAME);
    let room = width.saturating_sub(MARGIN + name + GAP);
    let cells = cells(from, until, room, zone);
    if cells.len() < FEWEST {
        return None;
    }
    let before = || Piece::space(MARGIN + name + GAP);
    let mut rows = vec![vec![before(), Piece::shown(&scale(&cells, room).into(), theme.dim())]];
    for line in lines {
        let shown = Piece::shown(&shortened(&line.name, name), theme.text());
        let gap = Piece::space(name + GAP - shown.width().min(name));
        let mut row = vec![Piece::space(MARGIN), shown, gap];
        row.extend(strip(theme, &cells, line));
        rows.push(row);
        let mut row = vec![before()];
        row.extend(slots(theme, zone, &cells, &line.windows));
        rows.push(row);
        rows.push(vec![Piece::space(MARGIN + GAP), Piece::shown(&said(line), theme.dim())]);
    }
    Some(rows)
}

/// A name that is too long, cut before what its last comma parts off: where a backup is says more than the end of its name.
fn shortened(name: &Shown, width: usize) -> Shown {
    let Some((front, place)) = name.as_str().rsplit_once(", ") else { return name.cut(width) };
    let room = width.saturating_sub(Piece::shown(&place.into(), ratatui::style::Style::default()).width() + 2);
    if Piece::shown(name, ratatui::style::Style::default()).width() <= width || room < 4 {
        return name.cut(width);
    }
    Shown::line(&format!("{}, {place}", Shown::line(front).cut(room)))
}

/// Where the weeks begin.
fn scale(cells: &[Cell], room: usize) -> String {
    let mut scale = String::new();
    for (at, cell) in cells.iter().enumerate() {
        let Some(label) = &cell.label else { continue };
        let free = at >= scale.chars().count() && at + label.chars().count() <= room;
        if free {
            scale = format!("{scale:<at$}{label} ");
        }
    }
    scale
}

/// What is in each cell: a bar as high as the largest snapshot's size, `•` where no size is told, `×` for a night without.
fn strip(theme: &Theme, cells: &[Cell], line: &AxisLine) -> Vec<Piece> {
    let largest = line.marks.iter().filter_map(|mark| mark.size).max().unwrap_or(0);
    let mut pieces = Vec::new();
    for cell in cells {
        let inside: Vec<&Mark> = line.marks.iter().filter(|mark| cell.holds(mark.at)).collect();
        let missed = line
            .windows
            .iter()
            .any(|window| cell.night && window.from == cell.from && window.verdict == Verdict::Broken);
        pieces.push(match inside.iter().map(|mark| mark.size).max() {
            Some(Some(size)) => Piece::word(bar(size, largest), theme.text()),
            Some(None) => Piece::word("•", theme.text()),
            None if missed => Piece::word("×", theme.verdict(Verdict::Broken)),
            None if cell.night => Piece::word("░", theme.dim()),
            None => Piece::space(1),
        });
    }
    pieces
}

fn bar(size: u64, largest: u64) -> &'static str {
    const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let share = u128::from(size) * (BARS.len() as u128 - 1) / u128::from(largest.max(1));
    BARS.get(usize::try_from(share).unwrap_or(0)).copied().unwrap_or("█")
}

/// Which cells each slot reaches over, its verdict in the middle. Nights that hold nothing are marked in the strip.
fn slots(theme: &Theme, zone: &TimeZone, cells: &[Cell], windows: &[Window]) -> Vec<Piece> {
    let mut marks: Vec<Option<(&'static str, Verdict)>> = vec![None; cells.len()];
    for window in windows.iter().filter(|window| !is_night(window, zone)) {
        let within = cells.iter().enumerate().filter(|(_, cell)| cell.from < window.until && cell.until > window.from);
        let within: Vec<usize> = within.map(|(at, _)| at).collect();
        let Some(middle) = within.get(within.len() / 2).copied() else { continue };
        for at in within {
            let glyph = if at == middle { window.verdict.glyph() } else { "─" };
            if let Some(mark) = marks.get_mut(at) {
                *mark = Some((glyph, window.verdict));
            }
        }
    }
    let piece = |mark: Option<(&'static str, Verdict)>| {
        mark.map_or_else(|| Piece::space(1), |(glyph, verdict)| Piece::word(glyph, theme.verdict(verdict)))
    };
    marks.into_iter().map(piece).collect()
}

/// Whether a window is one whole night, as those before last are that hold nothing.
pub fn is_night(window: &Window, zone: &TimeZone) -> bool {
    let date = zone.to_datetime(window.until).date();
    night_begins(date, zone) == Some(window.from) && night_ends(date, zone) == Some(window.until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, zone: &TimeZone) -> Timestamp {
        zone.to_timestamp(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_long_name_keeps_the_place_where_it_is() {
        let short = |name: &str, width: usize| shortened(&Shown::line(name), width).to_string();
        assert_eq!(short("web1 snapshots, on site", 20), "web1 snaps…, on site");
        assert_eq!(short("web1 snapshots, on site", 23), "web1 snapshots, on site");
        assert_eq!(short("everything of us, office, off site", 20), "everythin…, off site");
        assert_eq!(short("a name without place and end", 10), "a name wi…");
    }

    /// As it looks, and what stands in the slots' row.
    fn look(zone: &str, now: &str, width: usize, line: &AxisLine) -> Option<Vec<String>> {
        let (zone, theme) = (TimeZone::get(zone).unwrap(), Theme::built_in("mono").unwrap());
        let until = at(now, &zone);
        let from = until - jiff::SignedDuration::from_hours(21 * 24);
        let rows = drawn((&theme, &zone), (from, until), std::slice::from_ref(line), width, |_| "said".into())?;
        Some(rows.iter().map(|row| row.iter().map(Piece::text).collect::<String>().trim_end().to_owned()).collect())
    }

    fn nightly(zone: &str, nights: &[&str], windows: Vec<Window>) -> AxisLine {
        let zone = TimeZone::get(zone).unwrap();
        let mark = |(size, text): (u64, &&str)| Mark { at: at(text, &zone), size: (size > 0).then_some(size) };
        AxisLine { name: "nas, on site".into(), marks: (0..).zip(nights).map(mark).collect(), windows }
    }

    #[test]
    fn nights_are_shaded_sizes_are_bars_and_gaps_and_slots_are_marked() {
        let zone = TimeZone::get("Europe/Vienna").unwrap();
        let window = |from: &str, until: &str, name: &str, verdict| Window {
            from: at(from, &zone),
            until: at(until, &zone),
            name: name.into(),
            verdict,
        };
        let windows = vec![
            window("2026-11-14 14:00", "2026-11-18 02:00", "1 week", Verdict::Ok),
            window("2026-11-20 18:00", "2026-11-21 06:00", "night to Sat 21 Nov", Verdict::Broken),
            window("2026-11-22 18:00", "2026-11-23 08:00", "last night", Verdict::Broken),
        ];
        let nights = ["2026-11-15 02:14", "2026-11-16 02:14", "2026-11-17 02:14", "2026-11-22 13:00"];
        let line = nightly("Europe/Vienna", &nights, windows);
        assert_eq!(
            look("Europe/Vienna", "2026-11-23 08:00", 78, &line).unwrap(),
            [
                "                               9 Nov         16 Nov        23 Nov",
                "    nas, on site   ░ ░ ░ ░ ░ ░ ░ ░ ░ ░ ░ ░ • ▃ ▅ ░ ░ ░ × ░█×",
                "                                          ────✓───         ─✖",
                "      said",
            ]
        );
    }

    #[test]
    fn where_there_is_no_room_the_oldest_nights_go_and_at_last_the_picture() {
        let line = nightly("Europe/Vienna", &["2026-11-23 02:14"], Vec::new());
        let of = |width| look("Europe/Vienna", "2026-11-23 08:00", width, &line);
        assert_eq!(of(78).unwrap()[1].trim_start_matches("    nas, on site ").chars().count(), 43);
        let narrow = of(18 + 14).unwrap();
        assert!(narrow[1].ends_with("░ ░ • ") || narrow[1].ends_with("░ ░ •"), "{narrow:?}");
        assert_eq!((narrow[0].trim(), of(18 + 13)), ("", None), "a label that is cut is no label");
    }

    #[test]
    fn half_days_follow_each_other_in_every_zone_also_where_the_clock_is_set() {
        for (zone, now) in [
            ("Europe/Vienna", "2026-03-29 08:00"),
            ("Europe/Vienna", "2026-10-25 02:30"),
            ("America/New_York", "2026-11-01 23:00"),
            ("Australia/Lord_Howe", "2026-10-04 08:00"),
            ("UTC", "2028-02-29 17:59"),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            let until = at(now, &zone);
            let all = cells(until - jiff::SignedDuration::from_hours(21 * 24), until, 99, &zone);
            assert!(all.len() >= 42 && all.len() <= 44, "{now}: {}", all.len());
            assert!(
                all.windows(2).all(|pair| pair[0].until == pair[1].from && pair[0].night != pair[1].night),
                "{now}"
            );
            assert!(all.last().is_some_and(|cell| cell.holds(until)), "{now}");
        }
    }
}
