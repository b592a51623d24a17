//! Everything about one subject, as lines: the same lines are drawn and moved through.

use std::collections::HashSet;

use jiff::Timestamp;

use super::exhibit;
use crate::domain::{Finding, FindingKey, Particulars, Shown, Turn, Verdict};
use crate::tui::model::Model;
use crate::tui::times;
use crate::tui::widgets::prose;
use crate::tui::widgets::text::Piece;

const NO_PICTURES: &str = "No picture of then: what was seen is kept for 30 days, what was judged of it for ever.";
/// How many turns of a finding are told.
const TURNS: usize = 12;

/// One line of the detail, of the block of one finding.
#[derive(Debug, Clone)]
pub struct Line {
    pub pieces: Vec<Piece>,
    pub finding: FindingKey,
    /// Which line of its block.
    pub within: usize,
    /// Until when it is true.
    pub until: Option<Timestamp>,
}

/// The lines of a panel's selected subject: a block for each of its findings, the panel's current one among them.
pub fn lines(model: &Model, panel: usize, width: u16) -> Vec<Line> {
    let subject = model.view.panels.get(panel).and_then(|view| view.subject.key.as_ref());
    let findings = subject.map_or(&[][..], |subject| model.index.findings_of(subject));
    let all = &model.world.round.findings;
    // A column for the mark, and one for the gap after it.
    let width = usize::from(width.saturating_sub(2));
    let findings: Vec<&Finding> = findings.iter().filter_map(|at| all.get(*at)).collect();
    // A measure's pictures are of all that it says of the subject: they stand once, below what comes first.
    let mut pictured = HashSet::new();
    let blocks = findings.iter().flat_map(|one| block(model, one, width, pictured.insert(one.measure.as_str())));
    let mut lines: Vec<Line> = blocks.collect();
    if subject.is_some_and(|subject| model.world.looks.have_faded(subject)) {
        let within = lines.last().map_or(0, |last| last.within + 1);
        let said = prose::wrap(&NO_PICTURES.into(), width.saturating_sub(2)).into_iter().zip(within..);
        let said = said.map(|(part, within)| (vec![Piece::space(2), Piece::shown(&part, model.theme.dim())], within));
        let last = findings.last().map(|last| last.key.clone());
        lines.extend(
            said.zip(std::iter::repeat(last))
                .filter_map(|((pieces, within), last)| Some(Line { pieces, finding: last?, within, until: None })),
        );
    }
    lines
}

/// Which line is current.
pub fn cursor(model: &Model, panel: usize, lines: &[Line]) -> usize {
    let Some(current) = model.current_in(panel) else { return 0 };
    let within = model.view.panels[panel].line;
    let block = lines.iter().enumerate().filter(|(_, line)| line.finding == current.key);
    block.take_while(|(_, line)| line.within <= within).last().map_or(0, |(at, _)| at)
}

fn block(model: &Model, finding: &Finding, width: usize, pictured: bool) -> Vec<Line> {
    let theme = &model.theme;
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let verdict = theme.verdict(finding.verdict);
    let head =
        [Piece::word(finding.verdict.glyph(), verdict), Piece::space(1), Piece::word(finding.verdict.word(), verdict)];
    let indent = finding.verdict.word().len() + 3;
    for (row, part) in prose::wrap(&finding.title, width.saturating_sub(indent)).iter().enumerate() {
        let title = Piece::shown(part, theme.text());
        let begin = if row == 0 { [head.to_vec(), vec![Piece::space(1)]].concat() } else { vec![Piece::space(indent)] };
        lines.push([begin, vec![title]].concat());
    }
    let (about, until) = about(model, finding);
    let dim = |text: &Shown| Piece::shown(text, theme.dim());
    lines.extend(prose::wrap(&about, width.saturating_sub(2)).iter().map(|part| vec![Piece::space(2), dim(part)]));
    lines.extend(decision(model, finding, width));
    if let Some(said) = model.world.looks.particulars(finding) {
        lines.extend(particulars(model, said, width));
    }
    let exhibits = model.world.looks.exhibits(finding).filter(|_| pictured);
    lines.extend(exhibits.flat_map(|exhibit| exhibit::lines(model, exhibit, width)));
    let (told, changes) = history(model, finding);
    lines.extend(told);
    let until = until.into_iter().chain(changes).min();
    lines.push(Vec::new());
    let key = &finding.key;
    let numbered = lines.into_iter().enumerate();
    numbered.map(|(within, pieces)| Line { pieces, finding: key.clone(), within, until }).collect()
}

/// `⏸ accepted until 30 Nov, roman: "vendor ships on Friday"`, and why it asks again.
pub fn decision(model: &Model, finding: &Finding, width: usize) -> Vec<Vec<Piece>> {
    let (theme, world) = (&model.theme, &model.world);
    let Some(decided) = world.round.decisions.get(&finding.key) else { return Vec::new() };
    let until = times::clock(decided.until, world.now, &world.zone);
    let to = decided.to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
    let said = format!("{}{to} until {until}, {}: \"{}\"", decided.kind.done(), decided.by, decided.reason);
    let mut lines = labelled(model, if decided.holds() { "⏸ " } else { "· " }, &said.into(), width);
    if let Some(open) = &decided.open {
        let said: Shown = format!("it asks again: {open}").into();
        let parts = prose::wrap(&said, width.saturating_sub(2));
        lines.extend(parts.iter().map(|part| vec![Piece::space(2), Piece::shown(part, theme.verdict(Verdict::Due))]));
    }
    lines
}

/// What the finding says beyond its title.
fn particulars(model: &Model, said: &Particulars, width: usize) -> Vec<Vec<Piece>> {
    let theme = &model.theme;
    let mut lines = Vec::new();
    if !said.detail.is_empty() {
        let parts = prose::wrap(&said.detail, width.saturating_sub(2));
        lines.extend(parts.iter().map(|part| vec![Piece::space(2), Piece::shown(part, theme.text())]));
    }
    if let Some(mend) = &said.mend {
        lines.extend(labelled(model, "to make it ok: ", mend, width));
    }
    if let Some(link) = &said.link {
        let address = Piece::shown(&link.as_str().into(), theme.dim());
        lines.push(vec![Piece::space(2), Piece::word("o ", theme.accent()), address]);
    }
    lines
}

/// What turned, a line each: `3 d ago  fix bookworm: 3.0.22-1~deb12u2`; and until when that is true. What the line above
/// says already, since when it has its verdict, is left out.
fn history(model: &Model, finding: &Finding) -> (Vec<Vec<Piece>>, Option<Timestamp>) {
    let (theme, world) = (&model.theme, &model.world);
    let own = |turn: &Turn| turn.item == *"verdict";
    let turns: Vec<&Turn> = world.looks.turns(finding).collect();
    let newest = turns.iter().position(|turn| own(turn));
    let told = turns.into_iter().enumerate().filter(|(at, _)| Some(*at) != newest).map(|(_, turn)| turn).take(TURNS);
    let mut until = None;
    let lines = told.map(|turn| {
        let age = times::since(turn.at, world.now);
        until = until.into_iter().chain([age.until]).min();
        let said: Shown = match (&turn.word, own(turn)) {
            (Some(stands), true) => stands.clone(),
            (None, true) => "gone".into(),
            (Some(stands), false) => format!("{}: {stands}", turn.item).into(),
            (None, false) => format!("{}: no more", turn.item).into(),
        };
        let ago: Shown = if age.said == "now" { age.said } else { format!("{} ago", age.said).into() };
        let gap = Piece::space(9_usize.saturating_sub(ago.width()).max(1));
        vec![Piece::space(2), Piece::shown(&ago, theme.dim()), gap, Piece::shown(&said, theme.dim())]
    });
    (lines.collect(), until)
}

/// `security-updates · since 21 Nov 06:12, 2 d · rank 3`, and until when that is true.
fn about(model: &Model, finding: &Finding) -> (Shown, Option<Timestamp>) {
    let world = &model.world;
    let age = times::since(finding.since, world.now);
    let since = times::clock(finding.since, world.now, &world.zone);
    let news = match super::rows::news(model, finding).as_str() {
        "" | "⏸" => String::new(),
        news => match (world.round.since.restless.get(&finding.key), world.round.since.signed) {
            (Some(times), Some((signed, _))) => {
                let day = signed.to_zoned_datetime(world.zone.clone()).strftime("%a %-d %b");
                format!(" · changed {times} times since you signed on {day}")
            }
            _ => format!(" · {news}"),
        },
    };
    let said = format!("{} · since {since}, {} · rank {}{news}", finding.measure, age.said, finding.rank);
    (said.into(), Some(age.until))
}

/// A label and its text, the text wrapped under itself.
pub fn labelled(model: &Model, label: &'static str, text: &Shown, width: usize) -> Vec<Vec<Piece>> {
    let indent = unicode_width::UnicodeWidthStr::width(label).min(width / 3);
    let room = width.saturating_sub(indent + 2);
    let label = Piece::word(label, model.theme.accent());
    let mut lines = Vec::new();
    for (row, part) in prose::wrap(text, room).iter().enumerate() {
        let begin = if row == 0 { label.clone() } else { Piece::space(indent) };
        lines.push(vec![Piece::space(2), begin, Piece::shown(part, model.theme.text())]);
    }
    lines
}
