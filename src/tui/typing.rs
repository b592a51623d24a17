//! Keys while text is typed: the filter's line and the palette's.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::InputRequest;

use super::filter::Query;
use super::keymap::{Action, Screen};
use super::message::Effect;
use super::model::{Model, Overlay};
use super::palette;
use super::widgets::input::{LONGEST, TextInput};
use super::{act, deeds, form, past};

pub fn press(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if control && key.code == KeyCode::Char('c') {
        return act::act(model, Action::Quit);
    }
    // What a shell reads next is not for the line that is typed here.
    if control && key.code == KeyCode::Char('z') {
        return act::act(model, Action::Screen(Screen::Suspend));
    }
    match model.view.overlay {
        Some(Overlay::Palette { .. }) => return in_palette(model, key),
        Some(Overlay::Decide(_) | Overlay::Sign(_)) => return form::press(model, key),
        Some(Overlay::Deed(_)) => return deeds::press(model, key),
        _ => {}
    }
    match key.code {
        KeyCode::Esc => clear_filter(model),
        KeyCode::Enter if model.view.filter.wrong.is_none() => model.view.filter.editing = false,
        KeyCode::Enter => {}
        _ => {
            edit(&mut model.view.filter.input, key);
            apply_filter(model);
        }
    }
    Vec::new()
}

/// Pasted text goes into the line being typed; elsewhere it does nothing, whatever letters it holds.
pub fn paste(model: &mut Model, text: &str) {
    let whole = match &mut model.view.overlay {
        Some(Overlay::Palette { input, selected }) => {
            *selected = 0;
            input.insert(text)
        }
        Some(Overlay::Decide(form)) => form.paste(text),
        Some(Overlay::Sign(form)) => form.note.insert(text),
        None if model.view.filter.editing => {
            let whole = model.view.filter.input.insert(text);
            apply_filter(model);
            whole
        }
        _ => return super::update::say(model, "pasted text goes into a line that is being typed only"),
    };
    if !whole {
        super::update::say(model, format!("what was pasted is longer than a line: cut at {LONGEST} characters"));
    }
}

pub fn clear_filter(model: &mut Model) {
    model.view.filter = super::model::Filter::default();
    model.settle();
}

/// Puts the text in force as it is typed; one that can't be read leaves the last good one in force and says why.
fn apply_filter(model: &mut Model) {
    let filter = &mut model.view.filter;
    match Query::parse(filter.input.value()) {
        Ok(query) => {
            filter.wrong = None;
            if query != filter.query {
                filter.query = query;
                model.settle();
            }
        }
        Err(wrong) => filter.wrong = Some(wrong),
    }
}

fn in_palette(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Palette { input, selected }) = &mut model.view.overlay else { return Vec::new() };
    match key.code {
        KeyCode::Esc => model.view.overlay = None,
        KeyCode::Up => *selected = selected.saturating_sub(1),
        KeyCode::Down => *selected += 1,
        KeyCode::Enter => {
            let chosen = selected.to_owned();
            let text = input.value().to_owned();
            model.view.overlay = None;
            let found = palette::matches(super::keymap::Scope::of(model), &text);
            if let (Some(binding), Some(moment)) = (found.first(), text.trim_start().strip_prefix(past::WORD))
                && binding.action == Action::AsOf
            {
                return past::travel(model, moment);
            }
            if let Some(binding) = found.get(chosen) {
                return act::act(model, binding.action);
            }
            super::update::regret(model, "no action is called that");
        }
        _ => {
            edit(input, key);
            *selected = 0;
        }
    }
    clamp_palette(model);
    Vec::new()
}

fn clamp_palette(model: &mut Model) {
    let scope = palette::scope_below(model);
    if let Some(Overlay::Palette { input, selected }) = &mut model.view.overlay {
        *selected = (*selected).min(palette::matches(scope, input.value()).len().saturating_sub(1));
    }
}

/// Editing keys as shells have them.
pub fn edit(input: &mut TextInput, key: &KeyEvent) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let request = match key.code {
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('u') if control => InputRequest::DeleteFromStart,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char(letter) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
            input.insert(letter.encode_utf8(&mut [0; 4]));
            return;
        }
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return,
    };
    input.edit(request);
}
