//! Moving: rows, lines, focus.

use super::keymap::Motion;
use super::layout;
use super::model::{Dialog, Model, Overlay, Place};
use super::panels;
use super::view::group::members_area;
use super::view::{detail, overlay};

/// Moves within what has the focus.
pub fn go(model: &mut Model, motion: Motion) {
    if model.view.overlay.is_some() {
        return scroll_overlay(model, motion);
    }
    match model.view.place {
        Place::Detail(panel) => read_on(model, panel, motion),
        place => {
            let length = rows(model, place);
            let row = target(motion, selected(model, place), length, page(model, place));
            select(model, place, row);
        }
    }
}

/// Where a motion leads from a row.
fn target(motion: Motion, row: usize, length: usize, page: usize) -> usize {
    let last = length.saturating_sub(1);
    let to = match motion {
        Motion::Up => row.saturating_sub(1),
        Motion::Down => row + 1,
        Motion::PageUp => row.saturating_sub(page),
        Motion::PageDown => row + page,
        Motion::Top => 0,
        Motion::Bottom => last,
    };
    to.min(last)
}

/// How many rows the list in focus has.
pub fn rows(model: &Model, place: Place) -> usize {
    let Some(panel) = place.panel() else { return model.index.queue.len() };
    let index = &model.index.panels[panel];
    if is_pivoted(model, place) { index.groups.len() } else { index.rows.len() }
}

pub fn selected(model: &Model, place: Place) -> usize {
    let Some(panel) = place.panel() else { return model.view.queue.at };
    let view = &model.view.panels[panel];
    if is_pivoted(model, place) { view.group.at } else { view.subject.at }
}

/// Whether the rows of a place are groups.
fn is_pivoted(model: &Model, place: Place) -> bool {
    !place.is_home() && place.panel().is_some_and(|panel| model.pivot(panel).is_some())
}

/// Selects a row of a list.
pub fn select(model: &mut Model, place: Place, row: usize) {
    if let (true, Some(panel)) = (is_pivoted(model, place), place.panel()) {
        let groups = &model.index.panels[panel].groups;
        let view = &mut model.view.panels[panel];
        view.group.select(row, groups.len(), |row| groups[row].key.clone());
        view.finding = None;
        view.line = 0;
        return;
    }
    let findings = &model.world.round.findings;
    if let Some(panel) = place.panel() {
        let rows = &model.index.panels[panel].rows;
        let view = &mut model.view.panels[panel];
        let before = view.subject.key.clone();
        view.subject.select(row, rows.len(), |row| findings[rows[row]].subject.clone());
        if view.subject.key != before {
            view.finding = None;
            view.line = 0;
        }
    } else {
        let queue = &model.index.queue;
        model.view.queue.select(row, queue.len(), |row| findings[queue[row]].key.clone());
    }
}

/// The frame of the list in a place.
pub fn list_area(model: &Model, place: Place) -> ratatui::layout::Rect {
    let home = || layout::home(model.size);
    let frame = match place {
        Place::Queue => home().queue,
        Place::Tile(panel) => home().tiles.get(panel).copied().unwrap_or_default(),
        Place::List(_) => layout::panel(model.size, false).list,
        Place::Detail(_) => layout::panel(model.size, true).list,
    };
    layout::inside(frame)
}

fn page(model: &Model, place: Place) -> usize {
    usize::from(list_area(model, place).height).max(1)
}

/// Moves by lines through the detail; the finding of the line becomes the current one.
fn read_on(model: &mut Model, panel: usize, motion: Motion) {
    let area = layout::inside(layout::panel(model.size, true).detail);
    if let Some(group) = model.group(panel) {
        let page = usize::from(members_area(area).height).max(1);
        let to = target(motion, model.view.panels[panel].line, group.members.len(), page);
        let finding = group.members.get(to).and_then(|member| model.world.round.findings.get(member.finding));
        let key = finding.map(|finding| finding.key.clone());
        let view = &mut model.view.panels[panel];
        (view.finding, view.line) = (key, to);
        return;
    }
    let lines = detail::lines(model, panel, area.width);
    let at = detail::cursor(model, panel, &lines);
    let to = target(motion, at, lines.len(), usize::from(area.height).max(1));
    if let Some(line) = lines.get(to) {
        let view = &mut model.view.panels[panel];
        view.finding = Some(line.finding.clone());
        view.line = line.within;
    }
}

fn scroll_overlay(model: &mut Model, motion: Motion) {
    if let Some(Overlay::Choice(choice)) = &mut model.view.overlay {
        choice.at = target(motion, choice.at, choice.choices.len(), choice.choices.len());
        return;
    }
    let (length, height) = overlay::extent(model);
    let Some(
        Overlay::Why { scroll, .. }
        | Overlay::Help { scroll }
        | Overlay::Account { scroll }
        | Overlay::Deed(Dialog { scroll, .. }),
    ) = &mut model.view.overlay
    else {
        return;
    };
    // The last position shows the last line at the bottom.
    let positions = length.saturating_sub(height) + 1;
    *scroll = target(motion, (*scroll).min(positions - 1), positions, height);
}

/// Moves the focus on by one, around: queue and panels at home, list and detail in a panel.
pub fn shift_focus(model: &mut Model, by: isize) {
    let tiles = layout::home(model.size).tiles.len().min(panels::ALL.len());
    model.view.place = match model.view.place {
        Place::List(panel) | Place::Detail(panel) => {
            if by > 0 {
                Place::Detail(panel)
            } else {
                Place::List(panel)
            }
        }
        Place::Queue | Place::Tile(_) if tiles == 0 => Place::Queue,
        home => {
            let now = if let Place::Tile(panel) = home { panel + 1 } else { 0 };
            let next = now.checked_add_signed(by).unwrap_or(tiles);
            if next == 0 || next > tiles { Place::Queue } else { Place::Tile(next - 1) }
        }
    };
}
