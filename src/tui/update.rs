//! What a message changes. Pure: no I/O, no clock; what has to be done outside comes back as [`Effect`]s.

use jiff::Timestamp;
use ratatui::layout::Size;

use super::keymap::Scope;
use super::message::{Effect, Msg};
use super::model::{Message, Model, Overlay, Place};
use super::pivot::Pivot;
use super::{act, deeds, form, keymap, layout, past, pointer, typing};
use crate::domain::{Fault, Link, Shown};
use crate::round::{Answer, Update};

/// Takes in a message that came at `now`.
pub fn update(model: &mut Model, msg: Msg, now: Timestamp) -> Vec<Effect> {
    model.world.hear_clock(now);
    let mut effects = take_in(model, msg);
    effects.extend(looks(model));
    effects
}

/// What has to be read for what is now selected and filtered.
fn looks(model: &mut Model) -> Vec<Effect> {
    let seeks = model.view.filter.query.seeks();
    let sought = model.world.looks.want_sought(seeks);
    let subject = model.current().map(|finding| finding.subject.clone());
    let looked = subject.and_then(|subject| model.world.looks.want(&subject));
    let wanted = model.pivoted().is_some_and(|pivot| pivot != Pivot::Saying);
    let stands = wanted.then(|| model.world.looks.want_stands("advisories")).flatten();
    sought.into_iter().chain(looked).chain(stands).map(Effect::Order).collect()
}

fn take_in(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => press(model, &key),
        Msg::Pasted(text) => {
            typing::paste(model, &text);
            Vec::new()
        }
        Msg::Mouse(mouse) => {
            model.view.touched = true;
            pointer::point(model, mouse)
        }
        Msg::Resized(size) => {
            resized(model, size);
            Vec::new()
        }
        Msg::Heard(heard) => hear(model, heard),
        Msg::Opened(link, how) => {
            opened(model, link, how);
            Vec::new()
        }
        Msg::Signed(entry, failed) => {
            signed(model, entry, failed.as_ref());
            Vec::new()
        }
        Msg::Notice(said) => {
            say(model, said);
            Vec::new()
        }
        Msg::Time => Vec::new(),
    }
}

fn hear(model: &mut Model, update: Update) -> Vec<Effect> {
    match update {
        Update::Answered(answered) => return answer(model, answered),
        Update::Round(round) => past::hear_round(model, round),
        Update::Then(went) => return past::arrive(model, went),
        Update::Progress(progress) => model.world.progress = progress,
        Update::Trouble(fault) => model.world.trouble = Some(fault),
        // What was asked for in another time comes too late.
        Update::Looked(looked) if looked.then != model.world.then.as_ref().map(|then| then.at) => {}
        Update::Looked(looked) => {
            model.world.looks.take(looked);
            form::hear_look(model);
        }
        Update::Exhibited(taken) if taken.then != model.world.then.as_ref().map(|then| then.at) => {}
        Update::Exhibited(taken) => model.world.looks.take_exhibits(taken),
        Update::Stands(then, _) if then != model.world.then.as_ref().map(|then| then.at) => {}
        Update::Stands(_, turns) => {
            model.world.looks.stands.turns = Some(turns.into());
            model.regroup();
        }
        Update::Sought(found) => {
            model.world.looks.take_sought(found);
            model.settle();
        }
        Update::Prepared(errand, prepared) => deeds::prepared(model, &errand, prepared),
        Update::Alert(chime, title) => return vec![Effect::Alert(chime, title)],
        Update::Deed(account) => deeds::heard(model, account),
        Update::Issued(link) => model.view.overlay = Some(Overlay::Issued(link)),
    }
    Vec::new()
}

/// What was recorded; a check-in is signed with a key where one is configured.
fn answer(model: &mut Model, answered: Result<Answer, Fault>) -> Vec<Effect> {
    match answered {
        Ok(answer) => {
            say(model, answer.said);
            answer.check_in.filter(|_| model.world.fleet.signs).map(Effect::Sign).into_iter().collect()
        }
        Err(fault) => {
            let mend = fault.mend.map_or_else(String::new, |mend| format!(": {mend}"));
            regret(model, format!("{}{mend}", fault.said));
            Vec::new()
        }
    }
}

fn press(model: &mut Model, key: &crossterm::event::KeyEvent) -> Vec<Effect> {
    model.view.message = None;
    model.view.touched = true;
    let scope = Scope::of(model);
    if scope == Scope::Typing {
        return typing::press(model, key);
    }
    if let Some(action) = keymap::action(scope, key) {
        model.view.leaving &= action == keymap::Action::Quit;
        return act::act(model, action);
    }
    say(model, "that key does nothing here: ? for help");
    Vec::new()
}

/// A tile that there is no room for any more can't keep the focus.
fn resized(model: &mut Model, size: Size) {
    model.size = size;
    if matches!(model.view.place, Place::Tile(_)) && layout::home(size).tiles.is_empty() {
        model.view.place = Place::Queue;
    }
}

fn opened(model: &mut Model, link: Link, how: Result<(), Fault>) {
    match how {
        Ok(()) => say(model, format!("opened {link}")),
        Err(fault) => model.view.overlay = Some(Overlay::Address { link, said: fault.said }),
    }
}

fn signed(model: &mut Model, entry: u64, failed: Option<&Shown>) {
    match failed {
        None => say(model, format!("signed: entry {entry} of the record, with your ssh key")),
        Some(why) => {
            regret(model, format!("recorded, but no key signed it: {why}; `matins log sign {entry}` does it later"));
        }
    }
}

/// Says something in the status line until the next key.
pub fn say(model: &mut Model, said: impl Into<Shown>) {
    model.view.message = Some(Message { said: said.into(), bad: false });
}

/// The same, for what could not be done.
pub fn regret(model: &mut Model, said: impl Into<Shown>) {
    model.view.message = Some(Message { said: said.into(), bad: true });
}
