//! From a key to a deed: which server is meant, the question, and the answer.

use super::message::Effect;
use super::model::{Dialog, Model, Overlay};
use super::update::{regret, say};
use crate::domain::register::Server;
use crate::domain::{Deed, DeedKind, SubjectKind};

/// The line that allows actions, for who has not allowed them.
const ALLOW: &str = "actions are off: `actions = true` below [console] in the configuration allows them";

/// Asks whether something shall be done to the selected server.
pub fn prepare(model: &mut Model, kind: DeedKind) {
    if model.world.demo {
        return regret(model, "the demo does nothing to anybody");
    }
    if !model.world.fleet.actions {
        return regret(model, ALLOW);
    }
    let Some(server) = selected(model) else {
        return regret(model, "select a server first: 2 shows them");
    };
    let deed = match kind {
        DeedKind::Session => Deed::session(server),
    };
    match deed {
        Some(deed) => model.view.overlay = Some(Overlay::Deed(Dialog { deed, go: false, scroll: 0 })),
        None => regret(model, "that is this machine: Ctrl-Z gives the shell back, fg the console"),
    }
}

pub fn choose(model: &mut Model) {
    if let Some(Overlay::Deed(dialog)) = &mut model.view.overlay {
        dialog.go = !dialog.go;
    }
}

/// Enter in the question: what is chosen. The only place where a deed becomes an effect.
pub fn decide(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Deed(dialog)) = model.view.overlay.take() else { return Vec::new() };
    if !dialog.go {
        say(model, "cancelled: nothing was done");
        return Vec::new();
    }
    match dialog.deed.kind {
        DeedKind::Session => dialog.deed.steps().cloned().map(Effect::HandOver).collect(),
    }
}

/// The server that the current finding is about: itself, or the one that a site is on.
fn selected(model: &Model) -> Option<&Server> {
    let subject = &model.current()?.subject;
    model.world.fleet.servers.iter().find(|server| match subject.kind {
        SubjectKind::Host => server.name == subject.name,
        SubjectKind::Site => server.sites.iter().any(|site| site.name == subject.name),
        _ => false,
    })
}
