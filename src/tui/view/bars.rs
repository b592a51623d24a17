//! The first and the last line of the screen.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::{Change, Shown, SourceState, Verdict, counted};
use crate::tui::keymap::{self, Action, Scope};
use crate::tui::model::Model;
use crate::tui::times;
use crate::tui::widgets::canvas::Canvas;
use crate::tui::widgets::text::{self, Piece, width};

/// Who, when, and how old what is shown is.
pub fn header(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let (theme, world) = (&model.theme, &model.world);
    let mut left = vec![Piece::space(1), Piece::word("matins", theme.accent())];
    if world.demo {
        left.extend([Piece::space(1), Piece::word(" DEMO ", theme.selected())]);
    }
    if let Some(then) = &world.then {
        let moment = then.at.to_zoned_datetime(world.zone.clone()).strftime(" AS OF %a %-d %b %Y %H:%M ").to_string();
        left.extend([Piece::space(1), Piece::shown(&moment.into(), theme.selected())]);
    }
    // The day, not the time: a clock would have to tick.
    let today = times::day(world.now, &world.zone);
    canvas.until(today.until);
    if world.then.is_none() {
        left.extend([Piece::word(" · ", theme.dim()), Piece::shown(&today.said, theme.text())]);
    }
    let age = times::since(world.round.at, world.now);
    let old = world.now.duration_since(world.round.at).as_secs() >= 3_600;
    let last: Shown = if old {
        canvas.until(age.until);
        format!("last round {} ago", age.said).into()
    } else {
        format!("last round {}", times::clock(world.round.at, world.now, &world.zone)).into()
    };
    let right = |deputies| {
        [
            Piece::shown(&signed(model, deputies), theme.text()),
            Piece::word(" · ", theme.dim()),
            Piece::shown(&last, if old { theme.verdict(Verdict::Unknown) } else { theme.dim() }),
            Piece::space(1),
        ]
    };
    text::line(canvas, area, &left);
    let fits = |right: &[Piece; 4]| width(&left) + width(right) < usize::from(area.width);
    if let Some(right) = [right(true), right(false)].into_iter().find(fits) {
        text::line_right(canvas, area, &right);
    }
}

/// `roman signed Fri 20 Nov 08:11 · since then 7 new, 12 gone`; who has never signed is only named.
fn signed(model: &Model, deputies: bool) -> Shown {
    let (world, since) = (&model.world, &model.world.round.since);
    let operator = &world.round.operator;
    let Some((at, _)) = since.signed else { return operator.clone() };
    let moment = |at: jiff::Timestamp| {
        let day = at.to_zoned_datetime(world.zone.clone()).strftime("%a").to_string();
        format!("{day} {}", times::clock(at, world.now, &world.zone))
    };
    let mut said = format!("{operator} signed {}", moment(at));
    if let Some(deputy) = since.deputy(operator).filter(|_| deputies) {
        said = format!("{said}, {} for you {}", deputy.by, moment(deputy.at));
    }
    let mut parts = Vec::new();
    for change in [Change::New, Change::Worse, Change::Reopened, Change::Gone] {
        let count = since.count(change);
        if count > 0 {
            parts.push(format!("{count} {}", change.word()));
        }
    }
    if !since.restless.is_empty() {
        parts.push(format!("{} to and fro", since.restless.len()));
    }
    if !parts.is_empty() {
        said = format!("{said} · since then {}", parts.join(", "));
    }
    said.into()
}

/// As wide as `? help` with its margin.
const HELP: usize = 8;

/// What was said last, or the filter being typed, or how the sources are; and keys.
pub fn status(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let theme = &model.theme;
    if model.view.filter.editing && model.view.overlay.is_none() {
        return filter_line(model, canvas, area);
    }
    let left = match (&model.view.message, &model.world.trouble) {
        (Some(message), _) => {
            let style = if message.bad { theme.verdict(Verdict::Due) } else { theme.text() };
            vec![Piece::shown(&message.said, style)]
        }
        (None, Some(fault)) => {
            let mend = fault.mend.as_ref().map_or_else(String::new, |mend| format!(": {mend}"));
            vec![
                Piece::word("✖ ", theme.verdict(Verdict::Broken)),
                Piece::shown(&format!("{}{mend}", fault.said).into(), theme.text()),
            ]
        }
        (None, None) if model.world.then.is_some() => {
            vec![Piece::word("the past: nothing is asked or written here; Esc comes back", theme.text())]
        }
        (None, None) => sources(model),
    };
    let left = [vec![Piece::space(1)], left].concat();
    let room = usize::from(area.width).saturating_sub(width(&left) + 2);
    // What was just said goes before all keys but the one that tells of them.
    let least = if model.view.message.is_some() { HELP } else { usize::from(area.width) / 4 };
    let keys = hints(model, room.max(least));
    let taken = u16::try_from(width(&keys)).unwrap_or(0);
    text::line(canvas, Rect { width: area.width.saturating_sub(taken + 1), ..area }, &left);
    text::line_right(canvas, area, &keys);
}

/// The filter as it is typed, with what is wrong with it.
fn filter_line(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let (theme, filter) = (&model.theme, &model.view.filter);
    let said = match &filter.wrong {
        Some(wrong) => Piece::shown(wrong, theme.verdict(Verdict::Due)),
        None if filter.input.is_empty() => {
            Piece::word("words, host:web*, verdict:broken, age:>7d … Esc clears", theme.dim())
        }
        None => Piece::word("Enter keeps it, Esc clears it", theme.dim()),
    };
    let typed = u16::try_from(filter.input.value().chars().count()).unwrap_or(u16::MAX);
    let most = area.width.saturating_sub(u16::try_from(said.width()).unwrap_or(u16::MAX)).saturating_sub(2);
    let line = area.width.min(most.max(typed.saturating_add(4)).max(area.width / 3));
    filter.input.draw(canvas, Rect { width: line, ..area }, " /", [theme.accent(), theme.text()]);
    text::line_right(canvas, Rect { x: area.x + line, width: area.width - line, ..area }, &[said, Piece::space(1)]);
}

/// How the sources are: `↻ 28/31 sources fresh · 3 refreshing`.
fn sources(model: &Model) -> Vec<Piece> {
    let theme = &model.theme;
    let sources = &model.world.round.sources;
    let count = |state: SourceState| sources.iter().filter(|source| source.state == state).count();
    let (fresh, all) = (count(SourceState::Fresh), sources.len());
    let refreshing = model.world.progress.refreshing;
    let failed = sources.iter().filter(|source| source.fault.is_some()).count();
    let silent = count(SourceState::Silent);
    let outage = model.world.round.outage();
    let said: Shown = match (all, silent) {
        (0, _) => "no sources".into(),
        (1, _) if failed == 1 => "the only source is silent: is this machine offline?".into(),
        _ if failed == all => format!("all {all} sources are silent: is this machine offline?").into(),
        _ if outage.is_some() => format!("{silent} of {all} sources are silent: is this machine offline?").into(),
        (_, 0) => format!("{fresh}/{} fresh", counted(all, "source", "sources")).into(),
        _ => format!("{fresh}/{} fresh · {silent} silent", counted(all, "source", "sources")).into(),
    };
    let style = if fresh == all { theme.dim() } else { theme.verdict(Verdict::Unknown) };
    let mut pieces = vec![Piece::word("↻ ", theme.dim()), Piece::shown(&said, style)];
    if !model.world.hints.is_empty() {
        pieces.push(Piece::word(" · no configuration yet", theme.dim()));
    }
    if refreshing > 0 {
        pieces.push(Piece::shown(&format!(" · {refreshing} refreshing").into(), theme.dim()));
    }
    pieces
}

/// The keys that matter here, as many as fit; help is never left out for another.
fn hints(model: &Model, room: usize) -> Vec<Piece> {
    let theme = &model.theme;
    let hinted: Vec<_> = keymap::bindings(Scope::of(model)).filter(|binding| binding.hint).collect();
    let drawn = |binding: &keymap::Binding| {
        let key = binding.keys.first().map(|key| key.name()).unwrap_or_default();
        let key = Piece::shown(&key, theme.accent());
        vec![key, Piece::space(1), Piece::word(binding.name, theme.dim()), Piece::space(2)]
    };
    let help: Vec<_> =
        hinted.iter().filter(|binding| binding.action == Action::Help).flat_map(|one| drawn(one)).collect();
    let mut pieces = Vec::new();
    for binding in hinted.iter().filter(|binding| binding.action != Action::Help) {
        let next = drawn(binding);
        if width(&pieces) + width(&next) + width(&help) <= room {
            pieces.extend(next);
        }
    }
    if width(&pieces) + width(&help) <= room {
        pieces.extend(help);
    }
    // The last gap becomes the margin.
    pieces.pop();
    pieces.push(Piece::space(1));
    pieces
}

/// A frame's style, by whether keys act in it.
pub fn border(model: &Model, focused: bool) -> Style {
    if focused { model.theme.accent() } else { model.theme.dim() }
}

/// `─ 5`, or `─ 2 of 5 ─ /web` under a filter, where it is known of how many.
pub fn count_of_filtered(model: &Model, shown: usize, all: Option<usize>) -> Vec<Piece> {
    let theme = &model.theme;
    let filter = &model.view.filter;
    let mut pieces = vec![Piece::word("─ ", theme.dim()), Piece::number(shown, theme.text()), Piece::space(1)];
    if !filter.query.is_empty() {
        if let Some(all) = all.filter(|all| shown <= *all) {
            pieces.extend([Piece::word("of ", theme.text()), Piece::number(all, theme.text()), Piece::space(1)]);
        }
        let typed: Shown = format!("/{} ", filter.input.value()).into();
        pieces.extend([Piece::word("─ ", theme.dim()), Piece::shown(&typed, theme.verdict(Verdict::Due))]);
    }
    pieces
}
