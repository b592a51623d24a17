//! Rows of findings: what the queue, the tiles and the lists have in common.

use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::{Change, Finding, Shown, Verdict};
use crate::tui::index::{Fold, Index};
use crate::tui::model::Model;
use crate::tui::times;
use crate::tui::widgets::canvas::Canvas;
use crate::tui::widgets::frame::scroll_bar;
use crate::tui::widgets::scroll;
use crate::tui::widgets::text::{self, Field, Piece};

const DECIDED: &str = "⏸";

/// A list to draw: places of findings in the round, and which row is selected, if the list has the focus or not.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    pub findings: &'a [usize],
    pub selected: usize,
    pub focused: bool,
    /// Where rows stand for others that say the same.
    pub folded: Option<&'a Index>,
}

/// Draws the rows that are in view, and no other.
pub fn draw(model: &Model, canvas: &mut Canvas<'_>, inner: Rect, rows: &Rows<'_>) {
    let visible = scroll::visible(rows.selected, rows.findings.len(), usize::from(inner.height));
    for (y, row) in (inner.y..).zip(visible.clone()) {
        if let Some(finding) = model.world.round.findings.get(rows.findings[row]) {
            let line = Rect { y, height: 1, ..inner };
            let fold = rows.folded.and_then(|index| index.fold(rows.findings[row]));
            draw_row(model, canvas, line, (finding, fold), (rows.focused, row == rows.selected));
        }
    }
    scroll_bar(canvas, inner, &visible, rows.findings.len(), model.theme.dim());
}

fn draw_row(
    model: &Model,
    canvas: &mut Canvas<'_>,
    area: Rect,
    (finding, fold): (&Finding, Option<&Fold>),
    look: (bool, bool),
) {
    let theme = &model.theme;
    let line = Line {
        verdict: finding.verdict,
        name: subject(finding, fold, (theme.text(), theme.dim())),
        title: fold.and_then(|fold| fold.said.as_ref()).unwrap_or(&finding.title),
        since: fold.map_or(finding.since, |fold| fold.since),
        news: news_of(model, finding, fold.map_or(&[], |fold| &fold.others)),
    };
    draw_line(model, canvas, area, &line, look);
}

/// What a row says, of a finding or of a group.
pub struct Line<'a> {
    pub verdict: Verdict,
    pub name: Vec<Piece>,
    pub title: &'a Shown,
    pub since: Timestamp,
    pub news: Shown,
}

/// `▸✖ broken  web7  6 security updates pending  1 d new`, with fewer columns where it is narrow.
pub fn draw_line(
    model: &Model,
    canvas: &mut Canvas<'_>,
    area: Rect,
    line: &Line<'_>,
    (focused, selected): (bool, bool),
) {
    let theme = &model.theme;
    let lit = focused && selected;
    let style = |normal: Style| if lit { theme.selected() } else { normal };
    if lit {
        canvas.wipe(area, theme.selected());
    }
    let age = times::since(line.since, model.world.now);
    let widths = Widths::of(area.width, line.verdict);
    // Where there is no room for both, that it is decided says more than since when.
    let decided = widths.new == 0 && line.news == DECIDED;
    let beside =
        if decided { Piece::word(DECIDED, style(theme.accent())) } else { Piece::shown(&age.said, style(theme.dim())) };
    let name = line.name.iter().map(|piece| if lit { piece.clone().styled(theme.selected()) } else { piece.clone() });
    let fields = [
        Field::left(2, mark(model, line.verdict, lit, focused)),
        Field::left(widths.word, vec![Piece::word(line.verdict.word(), style(theme.verdict(line.verdict)))]),
        Field::left(widths.subject, name.collect()),
        Field::left(widths.title, vec![Piece::shown(line.title, style(theme.text()))]),
        Field::right(widths.age, vec![beside]),
        Field::left(widths.new, vec![Piece::shown(&line.news, style(theme.accent()))]),
    ];
    text::row(canvas, area, &fields);
    if widths.age > 0 {
        canvas.until(age.until);
    }
}

/// `37 servers`, or `web1 +4`: four others say the same.
fn subject(finding: &Finding, fold: Option<&Fold>, (text, dim): (Style, Style)) -> Vec<Piece> {
    let name = Piece::shown(&finding.subject.name, text);
    match fold {
        None => vec![name],
        Some(Fold { whom: Some(whom), .. }) => vec![Piece::shown(whom, text)],
        Some(fold) => vec![name, Piece::shown(&format!(" +{}", fold.others.len()).into(), dim)],
    }
}

/// What is new of it since the operator signed, or how often it turned; before the first signature, since the console opened.
pub fn news(model: &Model, finding: &Finding) -> Shown {
    let round = &model.world.round;
    if finding.verdict != Verdict::Ok && round.rests(finding) {
        return DECIDED.into();
    }
    if let Some(times) = round.since.restless.get(&finding.key) {
        return format!("{times}×").into();
    }
    let word = match round.since.of_key(&finding.key) {
        Some(Change::New) => "new",
        Some(Change::Worse) => "worse",
        Some(Change::Better) => "milder",
        Some(Change::Reopened) => "again",
        None if round.since.signed.is_none() && model.world.moment().is_new(finding) => "new",
        Some(Change::Gone) | None => "",
    };
    word.into()
}

/// The same of a row that stands for others too: the first that there is to tell.
pub fn news_of(model: &Model, finding: &Finding, others: &[usize]) -> Shown {
    let own = news(model, finding);
    let of_others = || others.iter().filter_map(|at| model.world.round.findings.get(*at)).map(|one| news(model, one));
    if own.is_empty() { of_others().find(|said| !said.is_empty()).unwrap_or(own) } else { own }
}

/// The mark of the selection and the verdict's glyph.
fn mark(model: &Model, verdict: Verdict, lit: bool, focused: bool) -> Vec<Piece> {
    let style = if lit { model.theme.selected() } else { model.theme.verdict(verdict) };
    let marker = if lit && focused { "▸" } else { " " };
    vec![Piece::word(marker, if lit { style } else { model.theme.text() }), Piece::word(verdict.glyph(), style)]
}

/// Columns of a row, by the width there is.
struct Widths {
    word: u16,
    subject: u16,
    title: u16,
    age: u16,
    new: u16,
}

impl Widths {
    fn of(width: u16, verdict: Verdict) -> Self {
        // What is ok has no age worth a column in a narrow place.
        let word = if width >= 70 { 7 } else { 0 };
        let age = if width >= 48 || (width >= 34 && verdict != Verdict::Ok) { 5 } else { 0 };
        let new = match width {
            84.. => 6,
            56.. => 3,
            _ => 0,
        };
        // `SA-CONTRIB-2026-101`: without its end it could be any.
        let subject = if width < 48 { width / 3 } else { (width / 4).max(19) }.clamp(8, 26);
        let gaps = 2 + [word, age, new].iter().filter(|column| **column > 0).count();
        let taken = 2 + word + age + new + subject + u16::try_from(gaps).unwrap_or(0);
        Self { word, subject, title: width.saturating_sub(taken), age, new }
    }
}

/// `✖1 ?2 ▲3 ✓41`: how many subjects have which verdict as their worst, the worst first.
pub fn counts(model: &Model, counts: [usize; 4]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (verdict, count) in Verdict::ALL.into_iter().zip(counts).rev().filter(|(_, count)| *count > 0) {
        if !pieces.is_empty() {
            pieces.push(Piece::space(1));
        }
        let style = model.theme.verdict(verdict);
        pieces.extend([Piece::word(verdict.glyph(), style), Piece::number(count, style)]);
    }
    pieces
}
