//! What the mouse does: the wheel moves the selection, a click selects, a click on the selected row opens it.

use ratatui::layout::Position;

use super::keymap::{Action, Motion};
use super::message::{Effect, Mouse};
use super::model::{Model, Place};
use super::widgets::scroll;
use super::{act, layout, motion};

/// Rows that one notch of the wheel moves.
const NOTCH: usize = 3;

pub fn point(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    match mouse {
        Mouse::Click(position) => {
            model.view.message = None;
            click(model, position)
        }
        Mouse::WheelUp(position) => wheel(model, position, Motion::Up),
        Mouse::WheelDown(position) => wheel(model, position, Motion::Down),
    }
}

fn wheel(model: &mut Model, position: Position, motion: Motion) -> Vec<Effect> {
    if model.view.overlay.is_none()
        && let Some(place) = place_at(model, position)
    {
        model.view.place = place;
    }
    (0..NOTCH).flat_map(|_| act::act(model, Action::Move(motion))).collect()
}

fn click(model: &mut Model, position: Position) -> Vec<Effect> {
    if model.view.overlay.is_some() {
        if !layout::overlay(model.size).contains(position) {
            model.view.overlay = None;
        }
        return Vec::new();
    }
    let Some(place) = place_at(model, position) else { return Vec::new() };
    let focused = place == model.view.place;
    model.view.place = place;
    if matches!(place, Place::Detail(_)) {
        return Vec::new();
    }
    let area = motion::list_area(model, place);
    let (length, before) = (motion::rows(model, place), motion::selected(model, place));
    let rows = scroll::visible(before, length, usize::from(area.height));
    if !area.contains(position) || (matches!(place, Place::Tile(_)) && area.height < 2) {
        return if focused && matches!(place, Place::Tile(_)) { act::act(model, Action::Open) } else { Vec::new() };
    }
    let row = rows.start + usize::from(position.y - area.y);
    if row >= rows.end {
        return Vec::new();
    }
    if focused && row == before {
        return act::act(model, Action::Open);
    }
    motion::select(model, place, row);
    Vec::new()
}

/// What is under the pointer.
fn place_at(model: &Model, position: Position) -> Option<Place> {
    if let (Some(panel), false) = (model.view.place.panel(), model.view.place.is_home()) {
        let areas = layout::panel(model.size, matches!(model.view.place, Place::Detail(_)));
        let in_list = areas.list.contains(position).then_some(Place::List(panel));
        return in_list.or_else(|| areas.detail.contains(position).then_some(Place::Detail(panel)));
    }
    let home = layout::home(model.size);
    let tile = home.tiles.iter().position(|tile| tile.contains(position)).map(Place::Tile);
    tile.or_else(|| home.queue.contains(position).then_some(Place::Queue))
}
