//! From a key to a deed: which servers are meant, the question, the answer, and how it goes.

use crossterm::event::{KeyCode, KeyEvent};

use super::keymap::Motion;
use super::message::Effect;
use super::model::{Choice, Dialog, Model, Overlay};
use super::motion;
use super::typing::edit;
use super::update::{regret, say};
use crate::domain::register::{Server, Site};
use crate::domain::{Account, Deed, DeedKind, Errand, Fault, Shown, SubjectKind};
use crate::round::Order;

/// The line that allows actions, for who has not allowed them.
const ALLOW: &str = "actions are off: `actions = true` below [console] in the configuration allows them";

/// Begins what ends in a question: nothing is done here.
pub fn prepare(model: &mut Model, kind: DeedKind) -> Vec<Effect> {
    match wanted(model, kind) {
        Ok(Wanted::Ask(deed)) => model.view.overlay = Some(Overlay::Deed(Dialog::of(deed))),
        Ok(Wanted::Choose(choices)) => model.view.overlay = Some(Overlay::Choice(Choice { kind, choices, at: 0 })),
        Ok(Wanted::Look(errand)) => return look(model, errand),
        Err(said) => regret(model, said),
    }
    Vec::new()
}

enum Wanted {
    Ask(Deed),
    Choose(Vec<(Shown, Vec<Server>)>),
    Look(Errand),
}

fn wanted(model: &Model, kind: DeedKind) -> Result<Wanted, Shown> {
    let fleet = &model.world.fleet;
    if model.world.demo {
        return Err("the demo does nothing to anybody".into());
    }
    if !fleet.actions {
        return Err(ALLOW.into());
    }
    if let Some(running) = model.world.account.as_ref().filter(|account| !account.ended) {
        return Err(format!("{}: wait for it, t shows it", running.summary()).into());
    }
    if kind == DeedKind::Upgrade {
        let choices = choices(model);
        return if choices.is_empty() {
            Err("no server is in the configuration".into())
        } else {
            Ok(Wanted::Choose(choices))
        };
    }
    if kind == DeedKind::Disconnect {
        return client(model).map(Wanted::Look);
    }
    let (server, site) = selected(model).ok_or("select a server first: 2 shows them")?;
    match (kind, site) {
        (DeedKind::Session, _) => Deed::session(server)
            .map(Wanted::Ask)
            .ok_or_else(|| "that is this machine: Ctrl-Z gives the shell back, fg the console".into()),
        (DeedKind::Login, Some(site)) => Ok(Wanted::Ask(Deed::login(server, site))),
        (DeedKind::Login, None) => {
            Err(format!("{} has no site: `sites` of its [[server]] names them", server.name).into())
        }
        (kind, _) => Ok(Wanted::Look(Errand::Servers { kind, servers: vec![server.clone()] })),
    }
}

/// Has servers looked at, and waits in view: a question that came up by itself could be answered by accident.
fn look(model: &mut Model, errand: Errand) -> Vec<Effect> {
    let whom = match &errand {
        Errand::Servers { servers, .. } => match &servers[..] {
            [only] => only.name.to_string(),
            many => format!("{} servers", many.len()),
        },
        Errand::Disconnect { .. } => "OpenVPN".to_owned(),
    };
    let said = format!("Asking {whom} what it would take. Nothing is changed.");
    model.view.overlay = Some(Overlay::Waiting(said.into(), errand.clone()));
    vec![Effect::Order(Order::Prepare(errand))]
}

/// What it would take. Who has given up waiting, or waits for something else by now, is not asked.
pub fn prepared(model: &mut Model, errand: &Errand, prepared: Result<Deed, Fault>) {
    if !matches!(&model.view.overlay, Some(Overlay::Waiting(_, waited)) if waited == errand) {
        return;
    }
    model.view.overlay = None;
    match prepared {
        Ok(deed) => model.view.overlay = Some(Overlay::Deed(Dialog::of(deed))),
        Err(Fault { said, mend: Some(mend), .. }) => regret(model, format!("{said}: {mend}")),
        Err(fault) => regret(model, fault.said),
    }
}

/// How it goes; its end is said where the account is not in view.
pub fn heard(model: &mut Model, account: Account) {
    if account.ended && !matches!(model.view.overlay, Some(Overlay::Account { .. })) {
        let said: Shown = format!("{}: t shows it", account.summary()).into();
        if account.succeeded() { say(model, said) } else { regret(model, said) }
    }
    model.world.account = Some(account);
}

/// Left or right in the question.
pub fn choose(model: &mut Model) {
    if let Some(Overlay::Deed(dialog)) = &mut model.view.overlay {
        dialog.go = !dialog.go;
    }
}

/// A key while the word is typed that a large change takes. What is pasted never comes here.
pub fn press(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Deed(dialog)) = &mut model.view.overlay else { return Vec::new() };
    match key.code {
        KeyCode::Esc => {
            model.view.overlay = None;
            say(model, "cancelled: nothing was done");
        }
        KeyCode::Tab | KeyCode::BackTab => choose(model),
        KeyCode::Enter => return decide(model),
        KeyCode::Up => motion::go(model, Motion::Up),
        KeyCode::Down => motion::go(model, Motion::Down),
        KeyCode::PageUp => motion::go(model, Motion::PageUp),
        KeyCode::PageDown => motion::go(model, Motion::PageDown),
        _ => edit(&mut dialog.typed, key),
    }
    Vec::new()
}

/// Enter in the question: what is chosen. The only place where a deed becomes an effect.
pub fn decide(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Deed(dialog)) = model.view.overlay.take() else { return Vec::new() };
    if let Some(word) = dialog.deed.word().filter(|word| dialog.go && *word != *dialog.typed.value().trim()) {
        regret(model, format!("type {word} to do it; Esc does nothing"));
        model.view.overlay = Some(Overlay::Deed(dialog));
        return Vec::new();
    }
    if !dialog.go {
        say(model, "cancelled: nothing was done");
        return Vec::new();
    }
    if dialog.deed.kind == DeedKind::Session {
        return dialog.deed.steps().cloned().map(Effect::HandOver).collect();
    }
    model.world.account = Some(Account::of(dialog.deed.clone()));
    model.view.overlay = Some(Overlay::Account { scroll: 0 });
    vec![Effect::Order(Order::Do(dialog.deed))]
}

/// Enter in the choice of servers.
pub fn pick(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Choice(choice)) = model.view.overlay.take() else { return Vec::new() };
    let Choice { kind, mut choices, at } = choice;
    if at >= choices.len() {
        return Vec::new();
    }
    look(model, Errand::Servers { kind, servers: choices.swap_remove(at).1 })
}

/// Shows how the last deed went.
pub fn show(model: &mut Model) {
    if model.world.account.is_some() {
        model.view.overlay = Some(Overlay::Account { scroll: 0 });
    } else {
        regret(
            model,
            "nothing was done to a server since the console was opened: `matins log show` names what was before",
        );
    }
}

/// Whether leaving now would leave a deed half done; said once, then leaving is meant.
pub fn holds_back(model: &mut Model) -> bool {
    let running = model.world.account.as_ref().is_some_and(|account| !account.ended);
    if !running || std::mem::replace(&mut model.view.leaving, true) {
        return false;
    }
    regret(model, "something is being done on a server and would be cut off: the same key again leaves all the same");
    true
}

/// The VPN's client that the current finding is about.
fn client(model: &Model) -> Result<Errand, Shown> {
    let finding = model.current().filter(|finding| match finding.subject.kind {
        SubjectKind::Peer => true,
        SubjectKind::Vpn => finding.key.parts().2.is_some(),
        _ => false,
    });
    let finding = finding.ok_or("select a VPN's client first: 3 shows them")?;
    Ok(Errand::Disconnect { subject: finding.subject.clone(), key: finding.key.clone() })
}

/// The selected server, the servers of each tag, all.
fn choices(model: &Model) -> Vec<(Shown, Vec<Server>)> {
    let servers = &model.world.fleet.servers;
    let mut choices: Vec<(Shown, Vec<Server>)> = Vec::new();
    if let Some((server, _)) = selected(model) {
        choices.push((format!("{} alone", server.name).into(), vec![server.clone()]));
    }
    let mut tags: Vec<&Shown> = servers.iter().flat_map(|server| &server.tags).collect();
    tags.sort_unstable();
    tags.dedup();
    let mut add =
        |name: String, chosen: Vec<Server>| choices.push((format!("{name} ({})", chosen.len()).into(), chosen));
    for tag in tags {
        add(format!("tagged {tag}"), servers.iter().filter(|server| server.tags.contains(tag)).cloned().collect());
    }
    if !servers.is_empty() {
        add("all servers".into(), servers.to_vec());
    }
    choices
}

/// The server that the current finding is about: itself, or the one that a site is on; and the site, a server's first.
fn selected(model: &Model) -> Option<(&Server, Option<&Site>)> {
    let subject = &model.current()?.subject;
    let mut servers = model.world.fleet.servers.iter();
    match subject.kind {
        SubjectKind::Host => {
            servers.find(|server| server.name == subject.name).map(|server| (server, server.sites.first()))
        }
        SubjectKind::Site => servers.find_map(|server| {
            let site = server.sites.iter().find(|site| site.name == subject.name)?;
            Some((server, Some(site)))
        }),
        _ => None,
    }
}
