//! How a deed goes, the choice of servers before it, the wait, and a link that is shown once.

use ratatui::layout::Rect;

use super::dialog::place;
use super::overlay::clear;
use crate::domain::{OneTime, Shown, StepState, Verdict};
use crate::tui::layout;
use crate::tui::model::{Choice, Model};
use crate::tui::widgets::canvas::Canvas;
use crate::tui::widgets::frame::{middle, scroll_bar};
use crate::tui::widgets::text::{self, Piece};
use crate::tui::widgets::{prose, scroll};

/// What each step's command said, and what was seen afterwards.
pub fn lines(model: &Model, width: usize) -> Vec<Vec<Piece>> {
    let theme = &model.theme;
    let Some(account) = &model.world.account else { return Vec::new() };
    let wrapped = |text: &Shown, indent: usize, style| -> Vec<Vec<Piece>> {
        let parts = prose::wrap(text, width.saturating_sub(indent + 1));
        parts.iter().map(|part| vec![Piece::space(indent), Piece::shown(part, style)]).collect()
    };
    let mut lines = wrapped(&account.summary(), 1, theme.text());
    for (step, report) in account.deed.steps().zip(&account.reports) {
        let (glyph, style) = match report.state {
            StepState::Waiting | StepState::Left => ("·", theme.dim()),
            StepState::Running => ("▸", theme.accent()),
            StepState::Done => ("✓", theme.verdict(Verdict::Ok)),
            StepState::Failed => ("✖", theme.verdict(Verdict::Broken)),
        };
        let word = report.state.word();
        let mut head = vec![Piece::space(1), Piece::word(glyph, style), Piece::space(1), Piece::word(word, style)];
        head.extend([Piece::space(2), Piece::shown(&place(step), theme.accent())]);
        if let Some(status) = report.status {
            head.push(Piece::shown(&format!("  exit status {status}").into(), theme.dim()));
        }
        lines.extend([Vec::new(), head]);
        lines.extend(wrapped(&step.line(), 5, theme.dim()));
        lines.extend(report.said.iter().flat_map(|said| wrapped(said, 5, theme.text())));
    }
    lines
}

/// Which servers are meant.
pub fn draw_choice(model: &Model, canvas: &mut Canvas<'_>, choice: &Choice) {
    let height = u16::try_from(choice.choices.len()).unwrap_or(u16::MAX).saturating_add(2);
    let area = middle(layout::overlay(model.size), 60, height);
    let inner = clear(model, canvas, area, &" On which servers? ".into());
    let visible = scroll::visible(choice.at, choice.choices.len(), usize::from(inner.height));
    for (y, at) in (inner.y..).zip(visible.clone()) {
        let line = Rect { y, height: 1, ..inner };
        let lit = at == choice.at;
        let style = if lit { model.theme.selected() } else { model.theme.text() };
        if lit {
            canvas.wipe(line, style);
        }
        text::line(
            canvas,
            line,
            &[Piece::word(if lit { "▸ " } else { "  " }, style), Piece::shown(&choice.choices[at].0, style)],
        );
    }
    scroll_bar(canvas, inner, &visible, choice.choices.len(), model.theme.dim());
}

/// A box with text and, below it, what can be done.
pub fn draw_said(model: &Model, canvas: &mut Canvas<'_>, title: &'static str, said: [&Shown; 2]) {
    // An address is best in one piece.
    let wide = u16::try_from(said[0].width()).unwrap_or(u16::MAX).saturating_add(4).clamp(76, 120);
    let area = middle(layout::overlay(model.size), wide, u16::MAX);
    let width = usize::from(area.width).saturating_sub(4);
    let mut lines = prose::wrap(said[0], width);
    lines.push(Shown::default());
    lines.extend(prose::wrap(said[1], width));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inner = clear(model, canvas, middle(layout::overlay(model.size), wide, height), &title.into());
    for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
        text::line(canvas, Rect { y, height: 1, ..inner }, &[Piece::space(1), Piece::shown(line, model.theme.text())]);
    }
}

pub fn draw_link(model: &Model, canvas: &mut Canvas<'_>, link: &OneTime) {
    let after = "It logs in once, whoever opens it. y copies it, Esc closes it: then it is nowhere any more.";
    draw_said(model, canvas, " One-time login ", [link.reveal(), &after.into()]);
}
