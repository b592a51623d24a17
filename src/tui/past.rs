//! The console in the past: it shows the world as it was, writes nothing and asks nobody, until somebody comes back.

use std::sync::Arc;

use jiff::Timestamp;

use super::keymap::Action;
use super::looks::Looks;
use super::message::Effect;
use super::model::{Model, Overlay, World};
use super::update::{regret, say};
use super::widgets::input::TextInput;
use crate::domain::when::parse_past;
use crate::domain::{Fault, Round};
use crate::round::Order;

/// What the palette's line begins with.
pub const WORD: &str = "as-of";

/// Where the console has gone.
#[derive(Debug, Clone)]
pub struct Then {
    pub at: Timestamp,
    /// What is now, meanwhile, and when that is.
    present: Arc<Round>,
    clock: Timestamp,
}

impl World {
    /// The time goes on, which in the past shows nowhere.
    pub fn hear_clock(&mut self, clock: Timestamp) {
        match &mut self.then {
            Some(then) => then.clock = clock,
            None => self.now = clock,
        }
    }

    pub fn clock(&self) -> Timestamp {
        self.then.as_ref().map_or(self.now, |then| then.clock)
    }
}

/// Asks for the moment, in the palette's line.
pub fn ask(model: &mut Model) {
    let mut input = TextInput::default();
    input.insert(&format!("{WORD} "));
    model.view.overlay = Some(Overlay::Palette { input, selected: 0 });
}

/// What was typed after `as-of`: a moment, or `now`.
pub fn travel(model: &mut Model, text: &str) -> Vec<Effect> {
    match text.trim() {
        "" => ask(model),
        _ if model.world.demo => regret(model, "the demo is one morning: it has no past"),
        "now" if is_away(model) => return come_back(model),
        "now" => say(model, "this is now"),
        text => {
            // Seven days ago are seven days before now, also from another moment of the past.
            match parse_past(text, &model.world.zone, model.world.clock()) {
                Ok(at) => return vec![set_out(model, at)],
                Err(wrong) => regret(model, wrong),
            }
        }
    }
    Vec::new()
}

/// Begins the way to a moment of the past.
pub fn set_out(model: &mut Model, at: Timestamp) -> Effect {
    model.view.going = Some(at);
    Effect::Order(Order::AsOf(Some(at)))
}

/// The world as it was then, or why it can't be shown; who is nowhere then is in the present, where sources are asked.
pub fn arrive(model: &mut Model, went: Result<(Timestamp, Arc<Round>), Fault>) -> Vec<Effect> {
    let going = model.view.going.take();
    match went {
        // Who turned back, or went elsewhere, meanwhile is not there.
        Ok((at, _)) if going != Some(at) => model.view.going = going,
        Ok((at, round)) => {
            let clock = model.world.clock();
            let present = model.world.then.take().map_or_else(|| Arc::clone(&model.world.round), |then| then.present);
            model.world.then = Some(Then { at, present, clock });
            model.world.now = at;
            model.world.looks = Looks::default();
            model.view.overlay = None;
            model.take(round);
        }
        Err(fault) => {
            regret(model, fault.said);
            if model.world.then.is_none() {
                return vec![Effect::Order(Order::AsOf(None))];
            }
        }
    }
    Vec::new()
}

/// Whether it is in the past or on the way there.
pub fn is_away(model: &Model) -> bool {
    model.world.then.is_some() || model.view.going.is_some()
}

pub fn come_back(model: &mut Model) -> Vec<Effect> {
    model.view.going = None;
    if let Some(then) = model.world.then.take() {
        model.world.now = then.clock;
        model.world.looks = Looks::default();
        model.take(then.present);
    }
    say(model, "this is now");
    vec![Effect::Order(Order::AsOf(None))]
}

/// Takes a round of the present, which shows when somebody comes back.
pub fn hear_round(model: &mut Model, round: Arc<Round>) {
    match &mut model.world.then {
        Some(then) => then.present = round,
        None => model.take(round),
    }
}

/// Whether this can't be done where nothing can be changed any more; it is said then.
pub fn refuses(model: &mut Model, action: Action) -> bool {
    let refused = is_away(model) && matches!(action, Action::Prepare(_) | Action::Record(_) | Action::Refresh(_));
    if refused {
        regret(model, "this is the past: nothing is written and nobody is asked; Esc comes back");
    }
    refused
}
