//! A panel full screen: its subjects on the left, everything about the selected one on the right.

use ratatui::layout::Rect;

use super::{bars, detail, group, rows};
use crate::domain::{Shown, SubjectKind};
use crate::tui::index::count_of;
use crate::tui::model::{Model, Place};
use crate::tui::pivot::{Group, Pivot};
use crate::tui::widgets::canvas::Canvas;
use crate::tui::widgets::frame::{frame, scroll_bar};
use crate::tui::widgets::text::{self, Piece};
use crate::tui::widgets::{prose, scroll};
use crate::tui::{layout, panels};

pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let Some(panel) = model.view.place.panel() else { return };
    let reading = matches!(model.view.place, Place::Detail(_));
    let areas = layout::panel(model.size, reading);
    bars::header(model, canvas, areas.header);
    draw_list(model, canvas, panel, areas.list);
    draw_detail(model, canvas, panel, areas.detail);
    bars::status(model, canvas, areas.status);
}

fn draw_list(model: &Model, canvas: &mut Canvas<'_>, panel: usize, area: Rect) {
    if area.is_empty() {
        return;
    }
    let theme = &model.theme;
    let focused = matches!(model.view.place, Place::List(_));
    let index = &model.index.panels[panel];
    let mut title = vec![
        Piece::space(1),
        Piece::number(panel + 1, theme.accent()),
        Piece::space(1),
        Piece::word(panels::ALL[panel].title, theme.accent()),
        Piece::space(1),
    ];
    let pivot = model.pivot(panel);
    title.extend(pivot.into_iter().flat_map(|pivot| [Piece::word(pivot.by(), theme.accent()), Piece::space(1)]));
    if model.view.filter.query.is_empty() {
        let counts = rows::counts(model, if pivot.is_some() { counts(&index.groups) } else { index.counts });
        if !counts.is_empty() {
            title.push(Piece::word("─ ", theme.dim()));
            title.extend(counts);
            title.push(Piece::space(1));
        }
    } else {
        // Groups are made anew of what fits the filter: there is no number of which they are a part.
        let (shown, all) = match pivot {
            Some(_) => (index.groups.len(), None),
            None => (index.rows.len(), Some(index.counts.iter().sum())),
        };
        title.extend(bars::count_of_filtered(model, shown, all));
    }
    let inner = frame(canvas, area, bars::border(model, focused), &title);
    if pivot.is_some() && !index.groups.is_empty() {
        return group::draw_list(model, canvas, panel, inner);
    }
    if index.rows.is_empty() || pivot.is_some() {
        return draw_empty(model, canvas, panel, inner);
    }
    // Without the focus it still shows whose detail stands beside it.
    let selected = model.view.panels[panel].subject.at;
    let list = rows::Rows { findings: &index.rows, selected, focused: true, folded: None };
    rows::draw(model, canvas, inner, &list);
}

fn draw_empty(model: &Model, canvas: &mut Canvas<'_>, panel: usize, inner: Rect) {
    let waiting = model.pivot(panel).is_some_and(|pivot| pivot != Pivot::Saying);
    let said: Shown = if waiting && model.world.looks.stands.turns.is_none() {
        "…"
    } else if !model.index.panels[panel].rows.is_empty() && model.pivot(panel) == Some(Pivot::Saying) {
        "Nothing here but what is ok. Tab groups it by subject."
    } else if model.view.filter.query.is_empty() {
        panels::ALL[panel].empty
    } else {
        "Nothing fits the filter. Esc clears it."
    }
    .into();
    for (y, line) in (inner.y..inner.bottom()).zip(prose::wrap(&said, usize::from(inner.width.saturating_sub(2)))) {
        let piece = Piece::shown(&line, model.theme.text());
        text::line(canvas, Rect { y, height: 1, ..inner }, &[Piece::space(1), piece]);
    }
}

fn draw_detail(model: &Model, canvas: &mut Canvas<'_>, panel: usize, area: Rect) {
    if area.is_empty() {
        return;
    }
    let theme = &model.theme;
    let focused = matches!(model.view.place, Place::Detail(_));
    if model.pivot(panel).is_some() {
        return draw_group(model, canvas, panel, area);
    }
    let subject = model.view.panels[panel].subject.key.as_ref();
    let title = subject.map_or_else(Vec::new, |subject| {
        vec![
            Piece::space(1),
            Piece::shown(&subject.name, theme.accent()),
            Piece::word(" ─ ", theme.dim()),
            Piece::word(kind(subject.kind), theme.dim()),
            Piece::space(1),
        ]
    });
    let inner = frame(canvas, area, bars::border(model, focused), &title);
    let lines = detail::lines(model, panel, inner.width);
    let cursor = detail::cursor(model, panel, &lines);
    let visible = scroll::visible(cursor, lines.len(), usize::from(inner.height));
    for (y, at) in (inner.y..).zip(visible.clone()) {
        let line = &lines[at];
        let marker = if focused && at == cursor { "▸" } else { " " };
        let mark = [Piece::word(marker, theme.accent()), Piece::space(1)];
        text::line(canvas, Rect { y, height: 1, ..inner }, &[&mark[..], &line.pieces].concat());
        if let Some(until) = line.until {
            canvas.until(until);
        }
    }
    scroll_bar(canvas, inner, &visible, lines.len(), theme.dim());
}

fn draw_group(model: &Model, canvas: &mut Canvas<'_>, panel: usize, area: Rect) {
    let theme = &model.theme;
    let focused = matches!(model.view.place, Place::Detail(_));
    let group = model.group(panel);
    let title = group.zip(model.pivot(panel)).map_or_else(Vec::new, |(group, pivot)| {
        let what = [Piece::word(pivot.word(), theme.dim()), Piece::space(1)];
        [vec![Piece::space(1), Piece::shown(&group.name, theme.accent()), Piece::word(" ─ ", theme.dim())], what.into()]
            .concat()
    });
    let inner = frame(canvas, area, bars::border(model, focused), &title);
    if let Some(group) = group {
        group::draw_detail(model, canvas, (panel, group), inner, focused);
    }
}

/// Groups by their worst verdict.
fn counts(groups: &[Group]) -> [usize; 4] {
    let mut counts = [0; 4];
    for group in groups {
        counts[count_of(group.verdict)] += 1;
    }
    counts
}

fn kind(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Advisory => "advisory",
        SubjectKind::Backup => "backup",
        SubjectKind::Device => "device",
        SubjectKind::Feed => "feed",
        SubjectKind::Host => "server",
        SubjectKind::Organisation => "organisation",
        SubjectKind::Peer => "peer",
        SubjectKind::Person => "person",
        SubjectKind::Service => "service",
        SubjectKind::Site => "site",
        SubjectKind::Vpn => "vpn",
    }
}
