//! What lies over the screen: why, help, palette, and the two about addresses.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::detail::{self, labelled};
use super::{account, dialog, form};
use crate::domain::{Because, Finding, Link, Particulars, Shown, Verdict};
use crate::tui::keymap;
use crate::tui::model::{Model, Overlay};
use crate::tui::widgets::canvas::Canvas;
use crate::tui::widgets::frame::{frame, middle, scroll_bar};
use crate::tui::widgets::text::{self, Field, Piece};
use crate::tui::widgets::{prose, scroll};
use crate::tui::{filter, layout, palette, times};

/// Lines of an overlay, and until when they are true.
type Page = (Vec<Vec<Piece>>, Option<Timestamp>);

pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let area = layout::overlay(model.size);
    match &model.view.overlay {
        None => {}
        Some(Overlay::Why { scroll, .. }) => {
            draw_page(model, canvas, (" Why ", *scroll), why(model, inner_width(model)));
        }
        Some(Overlay::Help { scroll }) => {
            draw_page(model, canvas, (" Help ", *scroll), (help(model, inner_width(model)), None));
        }
        Some(Overlay::Palette { .. }) => draw_palette(model, canvas, area),
        Some(Overlay::Deed(asked)) => dialog::draw(model, canvas, asked),
        Some(Overlay::Decide(asked)) => form::decide(model, canvas, asked),
        Some(Overlay::Sign(asked)) => form::sign(model, canvas, asked),
        Some(Overlay::Choice(choice)) => account::draw_choice(model, canvas, choice),
        Some(Overlay::Waiting(said, _)) => {
            account::draw_said(model, canvas, " A look before ", [said, &"Esc gives up.".into()]);
        }
        Some(Overlay::Account { scroll }) => {
            draw_page(model, canvas, (" What was done ", *scroll), (account::lines(model, inner_width(model)), None));
        }
        Some(Overlay::Issued(link)) => account::draw_link(model, canvas, link),
        Some(Overlay::Confirm(link)) => draw_box(model, canvas, " Not encrypted ", confirm(model, link)),
        Some(Overlay::Address { link, said }) => {
            draw_box(model, canvas, " Open it elsewhere ", address(model, link, said));
        }
    }
}

/// Lines of the overlay that scrolls, and how many of them fit.
pub fn extent(model: &Model) -> (usize, usize) {
    let lines = match &model.view.overlay {
        Some(Overlay::Why { .. }) => why(model, inner_width(model)).0,
        Some(Overlay::Help { .. }) => help(model, inner_width(model)),
        Some(Overlay::Account { .. }) => account::lines(model, inner_width(model)),
        Some(Overlay::Deed(asked)) => return dialog::extent(model, asked),
        _ => Vec::new(),
    };
    (lines.len(), usize::from(layout::inside(layout::overlay(model.size)).height))
}

fn inner_width(model: &Model) -> usize {
    usize::from(layout::inside(layout::overlay(model.size)).width)
}

fn draw_page(model: &Model, canvas: &mut Canvas<'_>, (title, first): (&'static str, usize), (lines, until): Page) {
    let area = layout::overlay(model.size);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inner = clear(model, canvas, Rect { height: area.height.min(rows), ..area }, &title.into());
    let height = usize::from(inner.height);
    let first = first.min(lines.len().saturating_sub(height));
    let visible = first..lines.len().min(first + height);
    for (y, line) in (inner.y..).zip(&lines[visible.clone()]) {
        text::line(canvas, Rect { y, height: 1, ..inner }, line);
    }
    scroll_bar(canvas, inner, &visible, lines.len(), model.theme.dim());
    if let Some(until) = until {
        canvas.until(until);
    }
}

pub(super) fn clear(model: &Model, canvas: &mut Canvas<'_>, area: Rect, title: &Shown) -> Rect {
    canvas.wipe(area, model.theme.text());
    frame(canvas, area, model.theme.accent(), &[Piece::shown(title, model.theme.accent())])
}

/// The chain from evidence to verdict and rank.
fn why(model: &Model, width: usize) -> Page {
    let theme = &model.theme;
    let Some(finding) = model.current() else {
        return (
            vec![vec![
                Piece::space(1),
                Piece::word("This finding is gone: what it said is not so any more.", theme.text()),
            ]],
            None,
        );
    };
    let indent = |pieces: Vec<Piece>| [vec![Piece::space(1)], pieces].concat();
    let verdict = theme.verdict(finding.verdict);
    let mut lines = vec![indent(vec![
        Piece::word(finding.verdict.glyph(), verdict),
        Piece::space(1),
        Piece::word(finding.verdict.word(), verdict),
        Piece::space(2),
        Piece::shown(&finding.subject.name, theme.accent()),
    ])];
    let prose = |text: &Shown, style| {
        prose::wrap(text, width.saturating_sub(2))
            .iter()
            .map(|part| indent(vec![Piece::shown(part, style)]))
            .collect::<Vec<_>>()
    };
    lines.extend(prose(&finding.title, theme.text()));
    lines.extend(prose(&rank(model, finding), theme.dim()));
    lines.extend(detail::decision(model, finding, width.saturating_sub(2)));
    if let Some(said) = others(model) {
        lines.extend(prose(&said, theme.dim()));
    }
    let (since, until) = since(model, finding);
    lines.extend(prose(&since, theme.dim()));
    lines.extend([Vec::new(), indent(vec![Piece::word("because", theme.accent())])]);
    let mut until = until;
    match model.world.looks.particulars(finding) {
        Some(said) => lines.extend(chain(model, finding.verdict, said, (width, &mut until))),
        None => lines.push(indent(vec![Piece::word("  …", theme.dim())])),
    }
    (lines, Some(until))
}

/// The reasons, and what would make it ok.
fn chain(
    model: &Model,
    verdict: Verdict,
    said: &Particulars,
    (width, until): (usize, &mut Timestamp),
) -> Vec<Vec<Piece>> {
    let dim = |word| vec![Piece::space(1), Piece::word(word, model.theme.dim())];
    let mut lines: Vec<_> = said.because.iter().flat_map(|because| reason(model, because, width, until)).collect();
    if said.because.is_empty() {
        lines.push(dim("  the rule names no evidence"));
    }
    lines.push(Vec::new());
    match &said.mend {
        Some(mend) => lines.extend(labelled(model, "to make it ok: ", mend, width)),
        None if verdict == Verdict::Ok => lines.push(dim(" nothing to do")),
        None => lines.push(dim(" no mend is known")),
    }
    lines
}

/// Whom the row of the queue stands for besides.
fn others(model: &Model) -> Option<Shown> {
    const NAMED: usize = 8;
    let folded: Vec<&Finding> = model.folded().collect();
    let names: Vec<String> =
        folded.iter().take(NAMED).map(|one| format!("{} ({})", one.subject, one.measure)).collect();
    let more = folded.len().checked_sub(NAMED + 1).map_or_else(String::new, |more| format!(" and {} more", more + 1));
    (!folded.is_empty()).then(|| format!("the same is said of {}{more}", names.join(", ")).into())
}

fn rank(model: &Model, finding: &Finding) -> Shown {
    let all = model.world.round.findings.len();
    format!("rank {} of {all}: the worst verdict first, then what weighs more, then what began last", finding.rank)
        .into()
}

fn since(model: &Model, finding: &Finding) -> (Shown, Timestamp) {
    let world = &model.world;
    let (since, first) =
        (times::since(finding.since, world.now), times::clock(finding.first_seen, world.now, &world.zone));
    let clock = times::clock(finding.since, world.now, &world.zone);
    (
        format!(
            "measure {} · {} since {clock}, {} · first seen {first}",
            finding.measure,
            finding.verdict.word(),
            since.said
        )
        .into(),
        since.until,
    )
}

/// One link of the chain: who says so and when, and under it what it said.
fn reason(model: &Model, because: &Because, width: usize, until: &mut Timestamp) -> Vec<Vec<Piece>> {
    let (theme, world) = (&model.theme, &model.world);
    let mut head = vec![Piece::space(3), Piece::shown(&because.source, theme.text())];
    if let Some(at) = because.at {
        let age = times::since(at, world.now);
        *until = age.until.min(*until);
        let clock = times::clock(at, world.now, &world.zone);
        let ago = if age.said == "now" { "" } else { " ago" };
        head.push(Piece::shown(&format!("  {clock}, {}{ago}", age.said).into(), theme.dim()));
    }
    let said = prose::wrap(&because.said, width.saturating_sub(6));
    let said = said.iter().map(|part| vec![Piece::space(5), Piece::shown(part, theme.text())]);
    std::iter::once(head).chain(said).collect()
}

/// The keys of what lies under the help, the filter's fields, and what else could be watched.
fn help(model: &Model, width: usize) -> Vec<Vec<Piece>> {
    let theme = &model.theme;
    let scope = palette::scope_below(model);
    let mut lines = vec![vec![Piece::word(" keys in ", theme.accent()), Piece::word(scope.title(), theme.accent())]];
    for binding in keymap::bindings(scope) {
        let mut names: Vec<_> = binding.keys.iter().map(|key| key.name().to_string()).collect();
        if names.is_empty() {
            names.push(format!(":{}", binding.name));
        }
        lines.extend(entry(model, width, &names.join(" ").into(), &binding.help.into()));
    }
    lines.extend([Vec::new(), vec![Piece::word(" the filter: all of its words and fields must fit", theme.accent())]]);
    for (field, help) in filter::FIELDS {
        lines.extend(entry(model, width, &field.into(), &help.into()));
    }
    lines.extend([Vec::new(), vec![Piece::word(" the verdicts", theme.accent())]]);
    for verdict in Verdict::ALL {
        let name: Shown = format!("{} {}", verdict.glyph(), verdict.word()).into();
        lines.extend(entry(model, width, &name, &meaning(verdict).into()));
    }
    if !model.world.hints.is_empty() {
        lines.extend([Vec::new(), vec![Piece::word(" what else could be watched", theme.accent())]]);
        let hints = model.world.hints.iter().flat_map(|hint| prose::wrap(hint, width.saturating_sub(4)));
        lines.extend(hints.map(|part| vec![Piece::space(3), Piece::shown(&part, theme.text())]));
    }
    lines
}

fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "judged from fresh evidence, and as it should be",
        Verdict::Due => "wants a person soon",
        Verdict::Unknown => "silent, stale, unreadable or implausible; never green",
        Verdict::Broken => "not as the measures promise",
    }
}

/// A name, and beside it what it means in as many lines as that takes.
fn entry(model: &Model, width: usize, name: &Shown, help: &Shown) -> Vec<Vec<Piece>> {
    const COLUMNS: usize = 12;
    let gap = COLUMNS.saturating_sub(name.width()) + 1;
    let mut lead = vec![Piece::space(3), Piece::shown(name, model.theme.text()), Piece::space(gap)];
    let beside = text::width(&lead);
    let parts = prose::wrap(help, width.saturating_sub(beside + 1));
    let line = |part: &Shown| {
        let said = Piece::shown(part, model.theme.dim());
        std::mem::replace(&mut lead, vec![Piece::space(COLUMNS + 4)]).into_iter().chain([said]).collect()
    };
    parts.iter().map(line).collect()
}

fn draw_palette(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let Some(Overlay::Palette { input, selected }) = &model.view.overlay else { return };
    let inner = clear(model, canvas, middle(area, 72, 22), &" Command ".into());
    let theme = &model.theme;
    input.draw(canvas, Rect { height: inner.height.min(1), ..inner }, ":", [theme.accent(), theme.text()]);
    let below = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let found = palette::matches(palette::scope_below(model), input.value());
    let visible = scroll::visible(*selected, found.len(), usize::from(below.height));
    for (y, at) in (below.y..).zip(visible.clone()) {
        let line = Rect { y, height: 1, ..below };
        let lit = at == *selected;
        let style = |normal| if lit { theme.selected() } else { normal };
        if lit {
            canvas.wipe(line, theme.selected());
        }
        let key = found[at].keys.first().map(|key| key.name()).unwrap_or_default();
        let fields = [
            Field::left(1, vec![Piece::word(if lit { "▸" } else { " " }, style(theme.text()))]),
            Field::left(8, vec![Piece::shown(&key, style(theme.accent()))]),
            Field::left(12, vec![Piece::word(found[at].name, style(theme.text()))]),
            Field::left(below.width.saturating_sub(24), vec![Piece::word(found[at].help, style(theme.dim()))]),
        ];
        text::row(canvas, line, &fields);
    }
    scroll_bar(canvas, below, &visible, found.len(), theme.dim());
}

fn draw_box(model: &Model, canvas: &mut Canvas<'_>, title: &'static str, lines: Vec<Vec<Piece>>) {
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inner = clear(model, canvas, middle(layout::overlay(model.size), 76, height), &title.into());
    for (y, line) in (inner.y..inner.bottom()).zip(lines) {
        text::line(canvas, Rect { y, height: 1, ..inner }, &line);
    }
}

fn box_width(model: &Model) -> usize {
    usize::from(layout::overlay(model.size).width.min(76)).saturating_sub(4)
}

fn wrapped(model: &Model, text: &Shown) -> Vec<Vec<Piece>> {
    let parts = prose::wrap(text, box_width(model));
    parts.iter().map(|part| vec![Piece::space(1), Piece::shown(part, model.theme.text())]).collect()
}

fn confirm(model: &Model, link: &Link) -> Vec<Vec<Piece>> {
    let host = host(link);
    let question = format!("{host} is reached without encryption: everybody on the way can read and change the page.");
    let mut lines = wrapped(model, &question.into());
    lines.push(Vec::new());
    lines.extend(wrapped(model, &Shown::text(link.as_str())));
    lines.push(Vec::new());
    lines.extend(wrapped(model, &"Enter opens it all the same, Esc leaves it.".into()));
    lines
}

fn address(model: &Model, link: &Link, said: &Shown) -> Vec<Vec<Piece>> {
    let mut lines = wrapped(model, said);
    lines.push(Vec::new());
    lines.extend(wrapped(model, &Shown::text(link.as_str())));
    lines.push(Vec::new());
    lines.extend(wrapped(model, &"y copies the address, Esc closes this.".into()));
    lines
}

/// The host that an address names, as the parser wrote it.
fn host(link: &Link) -> Shown {
    let after = link.as_str().split_once("://").map_or("", |(_, rest)| rest);
    after.split(['/', '?', '#']).next().unwrap_or("").into()
}
