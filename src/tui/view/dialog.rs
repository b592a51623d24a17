//! The question before a deed: the exact commands, their targets, and *Cancel*.

use ratatui::layout::Rect;

use super::overlay::clear;
use crate::domain::{Proof, Shown, Step};
use crate::tui::layout;
use crate::tui::model::{Dialog, Model};
use crate::tui::widgets::canvas::Canvas;
use crate::tui::widgets::frame::{middle, scroll_bar};
use crate::tui::widgets::prose;
use crate::tui::widgets::text::{self, Piece};

/// ```text
/// ┌ Open ssh to web1 ────────────────────────────────────────────────────────┐
/// │ The terminal is ssh's until it ends; then the console is back.           │
/// │                                                                          │
/// │ here                                                                     │
/// │   ssh -- root@web1                                                       │
/// │                                                                          │
/// │  ▸ Cancel     do it                                                      │
/// └──────────────────────────────────────────────────────────────────────────┘
/// ```
pub fn draw(model: &Model, canvas: &mut Canvas<'_>, dialog: &Dialog) {
    let lines = lines(model, dialog);
    let inner = clear(model, canvas, area(model, dialog, lines.len()), &format!(" {} ", dialog.deed.title).into());
    let body = Rect { height: inner.height.saturating_sub(below(dialog)), ..inner };
    let height = usize::from(body.height);
    let first = dialog.scroll.min(lines.len().saturating_sub(height));
    let visible = first..lines.len().min(first + height);
    for (y, line) in (body.y..).zip(&lines[visible.clone()]) {
        text::line(canvas, Rect { y, height: 1, ..body }, line);
    }
    scroll_bar(canvas, body, &visible, lines.len(), model.theme.dim());
    let line = Rect { y: body.bottom(), height: inner.height.min(1), ..inner };
    draw_choice(model, canvas, line, dialog);
    if let Some(word) = dialog.deed.word() {
        let line = Rect { y: line.bottom(), height: inner.height.saturating_sub(1).min(1), ..line };
        draw_word(model, canvas, line, (dialog, &word));
    }
}

/// Lines that stay when the text scrolls: the choice, and the word that a large change takes.
fn below(dialog: &Dialog) -> u16 {
    1 + u16::from(dialog.deed.word().is_some())
}

/// `type 3 servers: 3 ser▏`, once doing it is chosen.
fn draw_word(model: &Model, canvas: &mut Canvas<'_>, line: Rect, (dialog, word): (&Dialog, &Shown)) {
    let theme = &model.theme;
    let said: Shown = format!("to do it, type {word}").into();
    if !dialog.go {
        text::line(canvas, line, &[Piece::space(2), Piece::shown(&said, theme.dim())]);
        return;
    }
    let taken = text::line(canvas, line, &[Piece::space(2), Piece::shown(&said, theme.text()), Piece::space(1)]);
    let rest = Rect { x: line.x + taken, width: line.width.saturating_sub(taken), ..line };
    dialog.typed.draw(canvas, rest, "▸ ", [theme.accent(), theme.text()]);
}

/// Its lines, and how many of them fit.
pub fn extent(model: &Model, dialog: &Dialog) -> (usize, usize) {
    let lines = lines(model, dialog).len();
    (lines, usize::from(area(model, dialog, lines).height.saturating_sub(2 + below(dialog))))
}

fn area(model: &Model, dialog: &Dialog, lines: usize) -> Rect {
    let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2 + below(dialog));
    middle(layout::overlay(model.size), 100, height)
}

fn lines(model: &Model, dialog: &Dialog) -> Vec<Vec<Piece>> {
    let theme = &model.theme;
    let width = usize::from(area(model, dialog, 0).width).saturating_sub(4);
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    for remark in &dialog.deed.remarks {
        let parts = prose::wrap(remark, width);
        lines.extend(parts.iter().map(|part| vec![Piece::space(1), Piece::shown(part, theme.text())]));
    }
    for (number, batch) in dialog.deed.batches.iter().enumerate() {
        lines.push(Vec::new());
        if dialog.deed.batches.len() > 1 {
            let said: Shown = format!("batch {} of {}", number + 1, dialog.deed.batches.len()).into();
            lines.push(vec![Piece::space(1), Piece::shown(&said, theme.dim())]);
        }
        for step in batch {
            let parts = prose::wrap(&place(step), width);
            lines.extend(parts.iter().map(|part| vec![Piece::space(1), Piece::shown(part, theme.accent())]));
            let parts = prose::wrap(&step.line(), width.saturating_sub(2));
            lines.extend(parts.iter().map(|part| vec![Piece::space(3), Piece::shown(part, theme.text())]));
            if let Proof::Changes(changes) = &step.proof {
                let said = changes.iter().map(|change| Piece::shown(&change.to_string().into(), theme.dim()));
                lines.extend(said.map(|piece| vec![Piece::space(5), piece]));
            }
        }
    }
    lines.push(Vec::new());
    lines
}

/// Where a command runs.
pub(super) fn place(step: &Step) -> Shown {
    let place = match &step.ssh {
        None => "here".to_owned(),
        Some(destination) if step.server == *destination.as_str() => format!("on {}", step.server),
        Some(destination) => format!("on {} ({destination})", step.server),
    };
    step.by().map_or_else(|| place.clone(), |by| format!("{place}, to {by}")).into()
}

fn draw_choice(model: &Model, canvas: &mut Canvas<'_>, line: Rect, dialog: &Dialog) {
    let theme = &model.theme;
    let option = |word: &'static str, chosen: bool| {
        let style = if chosen { theme.selected() } else { theme.text() };
        vec![Piece::word(if chosen { " ▸ " } else { "   " }, style), Piece::word(word, style), Piece::word("  ", style)]
    };
    let pieces =
        [vec![Piece::space(1)], option("Cancel", !dialog.go), vec![Piece::space(2)], option("do it", dialog.go)];
    text::line(canvas, line, &pieces.concat());
}
