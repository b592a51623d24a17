//! Home: the queue, and the panels around it.

use ratatui::layout::Rect;

use super::{bars, rows};
use crate::domain::{Finding, Shown, SourceState, Verdict};
use crate::tui::model::{Model, Place};
use crate::tui::widgets::canvas::Canvas;
use crate::tui::widgets::frame::frame;
use crate::tui::widgets::text::{self, Piece};
use crate::tui::widgets::{prose, text::width};
use crate::tui::{layout, panels, times};

/// ```text
///  matins · Mon 23 Nov 2026                                          roman · last round 08:02
/// ┌ Needs you ─ 2 ───────────────────────────────────────────────────────────────────────────┐
/// │▸✖ broken  web7       6 security updates pending, 2 d                             2 d new  │
/// │ ? unknown db2        silent since 22 Nov 17:40: host key changed                14 h      │
/// └──────────────────────────────────────────────────────────────────────────────────────────┘
/// ┌1 Advisories ─ ✖1 ✓41 ───────┐┌2 Servers ─ ✖1 ?1 ✓29 ───────┐┌3 VPN ─ ✓4 ────────────────┐
/// │ …                           ││ …                           ││ …                         │
/// └─────────────────────────────┘└─────────────────────────────┘└───────────────────────────┘
///  ↻ 28/31 sources fresh                                      Enter open  w why  …  ? help
/// ```
pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let areas = layout::home(model.size);
    bars::header(model, canvas, areas.header);
    draw_queue(model, canvas, &areas);
    for (panel, tile) in areas.tiles.iter().enumerate() {
        draw_tile(model, canvas, panel, *tile);
    }
    bars::status(model, canvas, areas.status);
}

fn draw_queue(model: &Model, canvas: &mut Canvas<'_>, areas: &layout::Home) {
    let theme = &model.theme;
    let focused = model.view.place == Place::Queue;
    let mut title = vec![Piece::word(" Needs you ", theme.accent())];
    if model.world.demo && areas.header.is_empty() {
        title.push(Piece::word("DEMO ", theme.selected()));
    }
    title.extend(bars::count_of_filtered(model, model.index.queue.len(), Some(model.index.needing())));
    let round = &model.world.round;
    let rests = |finding: &&Finding| finding.verdict != Verdict::Ok && round.rests(finding);
    let decided = if round.decisions.is_empty() { 0 } else { round.findings.iter().filter(rests).count() };
    if decided > 0 {
        let decided: Shown = format!("─ ⏸ {decided} decided ").into();
        title.push(Piece::shown(&decided, theme.dim()));
    }
    let inner = frame(canvas, areas.queue, bars::border(model, focused), &title);
    if model.index.queue.is_empty() {
        let used = draw_nothing(model, canvas, inner);
        draw_hints(model, canvas, below(inner, used + 1));
        return;
    }
    let folded = Some(&model.index);
    let list = rows::Rows { findings: &model.index.queue, selected: model.view.queue.at, focused, folded };
    rows::draw(model, canvas, inner, &list);
    let used = u16::try_from(model.index.queue.len()).unwrap_or(u16::MAX);
    draw_hints(model, canvas, below(inner, used.saturating_add(1)));
}

fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}

/// What an empty queue says: never more than is known. Returns the rows it took.
fn draw_nothing(model: &Model, canvas: &mut Canvas<'_>, inner: Rect) -> u16 {
    let theme = &model.theme;
    let round = &model.world.round;
    let ok = round.count(Verdict::Ok);
    let (first, then): (Piece, Shown) = if !model.view.filter.query.is_empty() {
        (Piece::word("Nothing fits the filter.", theme.text()), "Esc clears it.".into())
    } else if ok == 0 {
        (Piece::word("Nothing is known yet.", theme.verdict(Verdict::Unknown)), asked(model))
    } else {
        (Piece::word("✓ Nothing needs you.", theme.verdict(Verdict::Ok)), known(model, ok))
    };
    let mut y = inner.y;
    let lines = prose::wrap(&then, usize::from(inner.width.saturating_sub(4)));
    let lines = lines.iter().map(|line| Piece::shown(line, theme.text()));
    for piece in std::iter::once(first).chain(lines) {
        if y < inner.bottom() {
            text::line(canvas, Rect { x: inner.x, y, width: inner.width, height: 1 }, &[Piece::space(2), piece]);
            y += 1;
        }
    }
    y - inner.y
}

/// Why nothing is known.
fn asked(model: &Model) -> Shown {
    let sources = &model.world.round.sources;
    match (sources.len(), model.world.progress.refreshing) {
        (0, _) => "No source is configured.".into(),
        (1, 0) => "The only source has said nothing that can be judged. R asks it again.".into(),
        (1, _) => "The only source is being asked.".into(),
        (all, 0) => format!("None of {all} sources has said anything that can be judged. R asks them again.").into(),
        (all, 1) => format!("1 of {all} sources is being asked.").into(),
        (all, asked) => format!("{asked} of {all} sources are being asked.").into(),
    }
}

/// How much is ok, and since when that is known: the oldest answer that it rests on.
fn known(model: &Model, ok: usize) -> Shown {
    let world = &model.world;
    let answered = world.round.sources.iter().filter(|source| source.state == SourceState::Fresh);
    let oldest = answered.filter_map(|source| source.at).min();
    let judged = format!("{ok} {} ok", if ok == 1 { "thing is" } else { "things are" });
    match oldest {
        Some(at) => format!("{judged}, judged from answers since {}.", times::clock(at, world.now, &world.zone)).into(),
        None => format!("{judged}, judged from what is known without asking.").into(),
    }
}

/// What else could be configured, as much of it as there is room for; the help tells all of it.
fn draw_hints(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let style = model.theme.dim();
    let lines: Vec<_> = model
        .world
        .hints
        .iter()
        .flat_map(|hint| prose::wrap(hint, usize::from(area.width.saturating_sub(4))))
        .collect();
    if lines.is_empty() || area.height < 3 {
        return;
    }
    let lines = &lines[..lines.len().min(usize::from(area.height) - 1)];
    let heading = Piece::word("What else could be watched:", model.theme.accent());
    let pieces = std::iter::once(heading).chain(lines.iter().map(|line| Piece::shown(line, style)));
    for (y, piece) in (area.y..).zip(pieces) {
        text::line(canvas, Rect { y, height: 1, ..area }, &[Piece::space(2), piece]);
    }
}

fn draw_tile(model: &Model, canvas: &mut Canvas<'_>, panel: usize, area: Rect) {
    let focused = model.view.place == Place::Tile(panel);
    let index = &model.index.panels[panel];
    let counts = rows::counts(model, index.counts);
    let mut title = tile_title(model, panel);
    let flat = area.height <= 3;
    if !flat && !counts.is_empty() {
        title.push(Piece::word("─ ", bars::border(model, focused)));
        title.extend(counts.iter().cloned());
        title.push(Piece::space(1));
    }
    let inner = frame(canvas, area, bars::border(model, focused), &title);
    let line = Rect { height: inner.height.min(1), ..inner };
    if counts.is_empty() {
        text::line(canvas, line, &[Piece::space(1), Piece::word("nothing yet", model.theme.dim())]);
    } else if flat {
        let fits = width(&counts) < usize::from(inner.width);
        let indent = Piece::space(usize::from(fits));
        text::line(canvas, line, &[vec![indent], counts].concat());
    } else {
        let selected = model.view.panels[panel].subject.at;
        let list = rows::Rows { findings: &index.rows, selected, focused, folded: None };
        rows::draw(model, canvas, inner, &list);
    }
}

fn tile_title(model: &Model, panel: usize) -> Vec<Piece> {
    vec![
        Piece::number(panel + 1, model.theme.accent()),
        Piece::space(1),
        Piece::word(panels::ALL[panel].title, model.theme.accent()),
        Piece::space(1),
    ]
}
