//! The questions that end in the record, drawn.

use ratatui::layout::Rect;

use super::overlay::clear;
use crate::domain::{Extent, Finding, Shown, SourceState, Verdict, counted};
use crate::tui::form::{Field, Form, SignForm, end_said};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::view::weeks::weeks;
use crate::tui::widgets::canvas::Canvas;
use crate::tui::widgets::frame::middle;
use crate::tui::widgets::input::TextInput;
use crate::tui::widgets::prose;
use crate::tui::widgets::text::{self, Piece};

/// Older notes stand in the report.
const NOTES: usize = 3;

/// ```text
/// ┌ Decide: DSA-6321-1 ──────────────────────────────────────┐
/// │ ✖ broken  openssl: 3 of 31 servers vulnerable            │
/// │                                                          │
/// │ ▸ what    ‹ accept ›  it stays as it is                  │
/// │   until   Mon 30 Nov 2026 06:00 (in 7 days)              │
/// │   for     this finding                                   │
/// │   agreed  nobody has to                                  │
/// │   reason  vendor ships on Friday                         │
/// │   link    https://tickets.example.org/412                │
/// │                                                          │
/// │ Enter records it  Esc cancels  ↑↓ field  ←→ change       │
/// └──────────────────────────────────────────────────────────┘
/// ```
pub fn decide(model: &Model, canvas: &mut Canvas<'_>, form: &Form) {
    let theme = &model.theme;
    let fields = form.fields();
    let finding = model.world.round.findings.iter().find(|finding| finding.key == form.about.key);
    let area = layout::overlay(model.size);
    let about = finding.map_or_else(Vec::new, |finding| about(model, finding, area.width.min(90)));
    let mut about = about;
    if form.is_of_all() {
        let said: Shown = format!("and of {} more that say the same", form.about.also.len()).into();
        about.push(vec![Piece::space(1), Piece::shown(&said, theme.dim())]);
    }
    let rows = about.len() + fields.len() + 3;
    let (_, subject, _) = form.about.key.parts();
    let title = format!(" Decide: {} ", finding.map_or(subject, |finding| finding.subject.name.as_str()));
    let inner = clear(model, canvas, middle(area, 90, u16::try_from(rows + 2).unwrap_or(u16::MAX)), &title.into());
    let mut lines = inner.rows();
    // Where it is low, what it is about gives way to what is filled in and to the keys.
    let room = usize::from(inner.height).saturating_sub(fields.len() + 1);
    for (line, row) in about.into_iter().chain([Vec::new()]).take(room).zip(lines.by_ref()) {
        text::line(canvas, row, &line);
    }
    let is_low = usize::from(inner.height) < rows;
    for (field, row) in fields.into_iter().zip(lines.by_ref()) {
        draw_field(model, canvas, row, (form, field));
    }
    if !is_low {
        lines.next();
    }
    if let Some(row) = lines.next() {
        let keys = match form.focus {
            Field::Extent if form.names_hosts() => {
                "Enter records it  Esc cancels  ↑↓ field  ←→ change, or / and a host's name"
            }
            Field::Until => "Enter records it  Esc cancels  ↑↓ field  ←→ change, or type 10d, 2026-12-24",
            _ => "Enter records it  Esc cancels  ↑↓ field  ←→ change",
        };
        let keys = [Piece::space(1), Piece::word(keys, theme.dim())];
        text::line(canvas, row, &keys);
    }
}

fn about(model: &Model, finding: &Finding, width: u16) -> Vec<Vec<Piece>> {
    let theme = &model.theme;
    let verdict = theme.verdict(finding.verdict);
    let word = finding.verdict.word();
    let parts = prose::wrap(&finding.title, usize::from(width).saturating_sub(word.len() + 9));
    let line = |(row, part): (usize, &Shown)| {
        let head = if row == 0 {
            vec![
                Piece::word(finding.verdict.glyph(), verdict),
                Piece::space(1),
                Piece::word(word, verdict),
                Piece::space(2),
            ]
        } else {
            vec![Piece::space(word.len() + 4)]
        };
        [vec![Piece::space(1)], head, vec![Piece::shown(part, theme.text())]].concat()
    };
    parts.iter().enumerate().map(line).collect()
}

fn draw_field(model: &Model, canvas: &mut Canvas<'_>, row: Rect, (form, field): (&Form, Field)) {
    let theme = &model.theme;
    let lit = form.focus == field;
    let label = match field {
        Field::Kind => "what    ",
        Field::Until => "until   ",
        Field::Extent => "for     ",
        Field::To => "to      ",
        Field::Second => "agreed  ",
        Field::Reason => "reason  ",
        Field::Link => "link    ",
    };
    let mark = Piece::word(if lit { " ▸ " } else { "   " }, theme.accent());
    let style = if lit { theme.accent() } else { theme.dim() };
    let used = text::line(canvas, row, &[mark, Piece::word(label, style)]);
    let rest = Rect { x: row.x + used, width: row.width.saturating_sub(used), ..row };
    match field {
        Field::Reason => return draw_text(model, canvas, rest, (&form.reason, lit)),
        Field::Link => return draw_text(model, canvas, rest, (&form.link, lit)),
        Field::Extent if form.named.is_some() => return draw_host(model, canvas, rest, form),
        Field::Until if !form.ends.typed.is_empty() => return draw_end(model, canvas, rest, (form, lit)),
        _ => {}
    }
    let said = value(model, form, field);
    let arrows = |word: &'static str| Piece::word(if lit { word } else { "" }, theme.accent());
    text::line(canvas, rest, &[arrows("‹ "), Piece::shown(&said, theme.text()), arrows(" ›")]);
}

/// A part of a host's name as it is typed, and the host that it means.
fn draw_host(model: &Model, canvas: &mut Canvas<'_>, area: Rect, form: &Form) {
    let Some(named) = &form.named else { return };
    let width = u16::try_from(named.value().chars().count() + 3).unwrap_or(u16::MAX).min(area.width);
    named.draw(canvas, Rect { width, ..area }, "/", [model.theme.accent(), model.theme.text()]);
    let (said, style) = match form.host() {
        Some(_) => (value(model, form, Field::Extent), model.theme.dim()),
        None => (
            format!("no host is called so; still {}", value(model, form, Field::Extent)).into(),
            model.theme.verdict(Verdict::Due),
        ),
    };
    let rest = Rect { x: area.x + width, width: area.width - width, ..area };
    text::line(canvas, rest, &[Piece::shown(&said, style)]);
}

/// The end as it is typed, and what it means.
fn draw_end(model: &Model, canvas: &mut Canvas<'_>, area: Rect, (form, lit): (&Form, bool)) {
    let typed = &form.ends.typed;
    let width = u16::try_from(typed.value().chars().count() + 2).unwrap_or(u16::MAX).min(area.width);
    draw_text(model, canvas, Rect { width, ..area }, (typed, lit));
    let (now, zone) = (model.world.now, &model.world.zone);
    let (said, style) = match form.ends.until(now, zone) {
        Ok(end) => (end_said(end, now, zone), model.theme.dim()),
        Err(wrong) => (wrong, model.theme.verdict(Verdict::Due)),
    };
    let rest = Rect { x: area.x + width, width: area.width - width, ..area };
    text::line(canvas, rest, &[Piece::shown(&said, style)]);
}

fn draw_text(model: &Model, canvas: &mut Canvas<'_>, area: Rect, (input, lit): (&TextInput, bool)) {
    let theme = &model.theme;
    if lit {
        input.draw(canvas, area, "", [theme.accent(), theme.text()]);
    } else {
        text::line(canvas, area, &[Piece::shown(&input.value().into(), theme.text())]);
    }
}

fn value(model: &Model, form: &Form, field: Field) -> Shown {
    use crate::domain::DecisionKind::{Accept, Acknowledge, Assign, Note, Snooze};
    match field {
        Field::Kind => {
            let means = match form.kind {
                Acknowledge => "somebody works on it",
                Accept => "it stays as it is",
                Snooze => "not now",
                Assign => "another person's",
                Note => "a remark; it asks as before",
            };
            format!("{}: {means}", form.kind.word()).into()
        }
        Field::Until => {
            let (now, zone) = (model.world.now, &model.world.zone);
            form.ends.until(now, zone).map_or_else(|wrong| wrong, |end| end_said(end, now, zone))
        }
        Field::Extent => match form.extents.get(form.extent) {
            Some(Extent::Role(role)) => format!("all servers of the role {role}, also later ones").into(),
            Some(Extent::Everywhere) => "everywhere, also where it comes later".into(),
            Some(Extent::Host(host)) => format!("{host} only").into(),
            _ => "this finding as it stands".into(),
        },
        Field::To => form.persons.get(form.to).cloned().unwrap_or_default(),
        Field::Second => {
            form.second().map_or_else(|| "nobody has to".into(), |who| format!("holds once {who} agrees").into())
        }
        Field::Reason | Field::Link => Shown::default(),
    }
}

/// ```text
/// ┌ Sign ────────────────────────────────────────────────────┐
/// │ roman signs: ✖ 2 broken  ? 1 unknown  ▲ 3 due  ✓ 40 ok   │
/// │ 4 of them are not decided:                               │
/// │   ✖ web7  no snapshot from last night                    │
/// │ 28 of 31 sources fresh; dark: servers/db2                │
/// │                                                          │
/// │ note  _                                                  │
/// │ Enter signs it as it is  Tab for whom  Esc goes back       │
/// └──────────────────────────────────────────────────────────┘
/// ```
pub fn sign(model: &Model, canvas: &mut Canvas<'_>, form: &SignForm) {
    let theme = &model.theme;
    let area = layout::overlay(model.size);
    let lines = record(model, form, usize::from(area.height).saturating_sub(8));
    let height = u16::try_from(lines.len() + 5).unwrap_or(u16::MAX);
    let inner = clear(model, canvas, middle(area, 100, height), &" Sign ".into());
    let mut rows = inner.rows();
    // Where it is low, what it stands under gives way to the note and the keys.
    let room = usize::from(inner.height).saturating_sub(2);
    for (line, row) in lines.iter().take(room).zip(rows.by_ref()) {
        text::line(canvas, row, line);
    }
    if lines.len() < room {
        rows.next();
    }
    if let Some(row) = rows.next() {
        form.note.draw(canvas, row, " note  ", [theme.accent(), theme.text()]);
    }
    if let Some(row) = rows.next() {
        let enter =
            if model.world.fleet.signs { "Enter signs it, with your ssh key" } else { "Enter signs it as it is" };
        let tab = if form.persons.is_empty() { "" } else { "  Tab for whom" };
        let keys = [enter, tab, "  Esc goes back"].map(|word| Piece::word(word, theme.dim()));
        text::line(canvas, row, &[vec![Piece::space(1)], keys.to_vec()].concat());
    }
}

/// What the signature stands under, the undecided first.
fn record(model: &Model, form: &SignForm, room: usize) -> Vec<Vec<Piece>> {
    let (theme, round) = (&model.theme, &model.world.round);
    let signs: Shown = match form.stands_for() {
        Some(whom) => format!(" signs for {whom}:").into(),
        None => " signs:".into(),
    };
    let mut head =
        vec![Piece::space(1), Piece::shown(&round.operator, theme.accent()), Piece::shown(&signs, theme.text())];
    for verdict in [Verdict::Broken, Verdict::Unknown, Verdict::Due, Verdict::Ok] {
        let said: Shown = format!("  {} {} {}", verdict.glyph(), round.count(verdict), verdict.word()).into();
        head.push(Piece::shown(&said, theme.verdict(verdict)));
    }
    let open: Vec<&Finding> = round.findings.iter().filter(|finding| !round.rests(finding)).collect();
    let said: Shown = match open.len() {
        0 => "Everything is ok or decided.".into(),
        1 => "One of them is not decided, and is signed as open:".into(),
        many => format!("{many} of them are not decided, and are signed as open:").into(),
    };
    let mut lines = vec![head];
    let today = model.world.zone.to_datetime(model.world.now).date();
    if let Some(weeks) = weeks(&round.since, &round.operator, today, &model.world.zone) {
        lines.push(vec![Piece::word(" four weeks  ", theme.dim()), Piece::shown(&weeks, theme.dim())]);
    }
    for one in round.since.notes(&round.operator).take(NOTES) {
        let day = one.at.to_zoned_datetime(model.world.zone.clone()).strftime("%a %-d %b").to_string();
        let said: Shown = format!("{} left word {day}: \"{}\"", one.by, one.note).into();
        lines.push(vec![Piece::space(1), Piece::shown(&said, theme.text())]);
    }
    lines.extend([Vec::new(), vec![Piece::space(1), Piece::shown(&said, theme.text())]]);
    let shown = room.saturating_sub(lines.len() + 2).max(1).min(open.len());
    for finding in &open[..shown] {
        let style = theme.verdict(finding.verdict);
        let said: Shown = format!("{}  {}", finding.subject, finding.title).into();
        lines.push(vec![
            Piece::space(3),
            Piece::word(finding.verdict.glyph(), style),
            Piece::space(1),
            Piece::shown(&said, theme.text()),
        ]);
    }
    if shown < open.len() {
        lines
            .push(vec![Piece::space(3), Piece::shown(&format!("and {} more", open.len() - shown).into(), theme.dim())]);
    }
    let dark: Vec<String> =
        round.sources.iter().filter(|line| line.state != SourceState::Fresh).map(|line| line.id.to_string()).collect();
    let fresh = round.sources.len() - dark.len();
    let mut said = format!("{fresh} of {} fresh", counted(round.sources.len(), "source", "sources"));
    if !dark.is_empty() {
        said = format!("{said}; dark: {}", dark.join(", "));
    }
    lines.push(vec![Piece::space(1), Piece::shown(&said.into(), theme.dim())]);
    lines
}
