//! A pivoted panel: rows of groups, and the members of the selected one. Only what is in view is put into words.

use ratatui::layout::Rect;

use super::rows::{self, Line};
use crate::domain::{Finding, Shown};
use crate::tui::model::Model;
use crate::tui::pivot::{Group, Member, Pivot};
use crate::tui::times;
use crate::tui::widgets::canvas::Canvas;
use crate::tui::widgets::frame::scroll_bar;
use crate::tui::widgets::scroll;
use crate::tui::widgets::text::{self, Piece};

/// The rows of groups that are in view.
pub fn draw_list(model: &Model, canvas: &mut Canvas<'_>, panel: usize, inner: Rect) {
    let (groups, selected) = (&model.index.panels[panel].groups, model.view.panels[panel].group.at);
    let visible = scroll::visible(selected, groups.len(), usize::from(inner.height));
    for (y, row) in (inner.y..).zip(visible.clone()) {
        let group = &groups[row];
        let line = Line {
            verdict: group.verdict,
            name: vec![Piece::shown(&group.name, model.theme.text())],
            title: &group.said,
            since: group.since,
            news: told(model, panel, group),
        };
        rows::draw_line(model, canvas, Rect { y, height: 1, ..inner }, &line, (true, row == selected));
    }
    scroll_bar(canvas, inner, &visible, groups.len(), model.theme.dim());
}

/// What is new of a row of findings; of a package or a server, its members tell.
fn told(model: &Model, panel: usize, group: &Group) -> Shown {
    if model.pivot(panel) != Some(Pivot::Saying) {
        return Shown::default();
    }
    let all: Vec<usize> = group.members.iter().map(|member| member.finding).collect();
    let first = all.first().and_then(|at| model.world.round.findings.get(*at));
    first.map_or_else(Shown::default, |first| rows::news_of(model, first, &all[1..]))
}

/// What the group comes to, and its members, a line each.
pub fn draw_detail(
    model: &Model,
    canvas: &mut Canvas<'_>,
    (panel, group): (usize, &Group),
    inner: Rect,
    focused: bool,
) {
    let theme = &model.theme;
    text::line(
        canvas,
        Rect { height: inner.height.min(1), ..inner },
        &[Piece::space(2), Piece::shown(&group.said, theme.dim())],
    );
    let inner = members_area(inner);
    let at = model.view.panels[panel].line.min(group.members.len().saturating_sub(1));
    let visible = scroll::visible(at, group.members.len(), usize::from(inner.height));
    for (y, row) in (inner.y..).zip(visible.clone()) {
        if let Some(finding) = model.world.round.findings.get(group.members[row].finding) {
            // Without the focus it still shows which one keys act on.
            let marker = if row == at { "▸" } else { " " };
            let mark = vec![Piece::word(marker, if focused { theme.accent() } else { theme.dim() }), Piece::space(1)];
            let area = Rect { y, height: 1, ..inner };
            let line = [mark, member(model, canvas, &group.members[row], finding)].concat();
            text::line(canvas, area, &line);
        }
    }
    scroll_bar(canvas, inner, &visible, group.members.len(), theme.dim());
}

/// Where the members are.
pub fn members_area(inner: Rect) -> Rect {
    let head = inner.height.min(1);
    Rect { y: inner.y + head, height: inner.height - head, ..inner }
}

/// `✖ DSA-6012-1  vulnerable, 3 d  openssl · 3 of 31 servers vulnerable`.
fn member(model: &Model, canvas: &mut Canvas<'_>, member: &Member, finding: &Finding) -> Vec<Piece> {
    let theme = &model.theme;
    let age = times::since(member.since, model.world.now);
    canvas.until(age.until);
    let name = member.thing.as_ref().unwrap_or(&finding.subject.name);
    let mut pieces = vec![
        Piece::word(member.verdict.glyph(), theme.verdict(member.verdict)),
        Piece::space(1),
        Piece::shown(name, theme.accent()),
        Piece::space(2),
    ];
    match &member.word {
        Some(word) => pieces
            .extend([Piece::shown(word, theme.text()), Piece::shown(&format!(", {}", age.said).into(), theme.dim())]),
        None => pieces.push(Piece::shown(&age.said, theme.dim())),
    }
    // Of a package's servers the advisory is told by which they stand so.
    let (said, style) = match (&member.word, &member.thing) {
        (Some(_), Some(_)) => (&finding.subject.name, theme.dim()),
        _ => (&finding.title, theme.text()),
    };
    pieces.extend([Piece::space(2), Piece::shown(said, style)]);
    pieces
}
