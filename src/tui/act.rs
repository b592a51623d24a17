//! What the actions of the keymap do.

use super::keymap::{Action, Record, Screen, Whom};
use super::message::Effect;
use super::model::{Model, Overlay, Place};
use super::update::{regret, say};
use super::widgets::input::TextInput;
use super::{deeds, form, motion, panels, past, pivot};
use crate::domain::{Finding, Link, Shown};
use crate::round::Order;

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if past::refuses(model, action) {
        return Vec::new();
    }
    match action {
        Action::Move(motion) => motion::go(model, motion),
        Action::Open => return open(model),
        Action::Back => return back(model),
        Action::Why => toggle_why(model),
        Action::Browser => return browse(model),
        Action::Copy => return copy(model),
        Action::Refresh(whom) => return refresh(model, whom),
        Action::Filter => {
            model.view.filter.editing = true;
            model.view.filter.typed_at_home = model.view.place.is_home();
        }
        Action::Palette => model.view.overlay = Some(Overlay::Palette { input: TextInput::default(), selected: 0 }),
        Action::AsOf => past::ask(model),
        Action::Help => toggle_help(model),
        Action::Panel(panel) => model.view.place = Place::List(panel),
        Action::Focus(by) => motion::shift_focus(model, by),
        Action::Pivot(by) => pivot::turn(model, by),
        Action::Prepare(kind) => return deeds::prepare(model, kind),
        Action::Record(record) => return for_the_record(model, record),
        Action::Account => deeds::show(model),
        Action::Choose => deeds::choose(model),
        Action::Screen(screen) => return show_screen(model, screen),
        Action::Quit => return quit(model),
    }
    Vec::new()
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if deeds::holds_back(model) { Vec::new() } else { vec![Effect::Quit] }
}

fn for_the_record(model: &mut Model, record: Record) -> Vec<Effect> {
    match record {
        Record::Decide => form::decide(model),
        Record::Undo => return form::undo(model),
        Record::Sign => form::sign(model),
    }
    Vec::new()
}

/// Enter: the finding's panel on its subject; from there its detail; in the question before an address, the address.
fn open(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Confirm(link)) = &model.view.overlay {
        let effect = Effect::Open(link.clone());
        model.view.overlay = None;
        return vec![effect];
    }
    match &model.view.overlay {
        Some(Overlay::Deed(_)) => return deeds::decide(model),
        Some(Overlay::Choice(_)) => return deeds::pick(model),
        _ => {}
    }
    match model.view.place {
        Place::Queue => {
            if let Some(finding) = model.current().cloned() {
                let of_many = model.index.queue.get(model.view.queue.at).and_then(|at| model.index.fold(*at));
                if of_many.is_none_or(|fold| fold.whom.is_none()) || !pivot::show_same(model, &finding) {
                    show(model, &finding);
                }
            }
        }
        Place::Tile(panel) => model.view.place = Place::List(panel),
        Place::Detail(panel) if model.pivot(panel).is_some() => pivot::open_member(model, panel),
        Place::List(panel) | Place::Detail(panel) => model.view.place = Place::Detail(panel),
    }
    Vec::new()
}

/// Goes to the panel that shows the finding, with it in the detail.
fn show(model: &mut Model, finding: &Finding) {
    pivot::to(model, panels::of(finding), 0, Some(finding));
}

/// Esc: the topmost thing goes. It never quits.
fn back(model: &mut Model) -> Vec<Effect> {
    if model.view.overlay.take().is_some() {
        return Vec::new();
    }
    let filter = &model.view.filter;
    let filtered = !filter.query.is_empty() || !filter.input.is_empty();
    if filtered && filter.typed_at_home == model.view.place.is_home() {
        super::typing::clear_filter(model);
        return Vec::new();
    }
    match model.view.place {
        Place::Detail(panel) => model.view.place = Place::List(panel),
        Place::List(_) | Place::Tile(_) => model.view.place = Place::Queue,
        Place::Queue if past::is_away(model) => return past::come_back(model),
        Place::Queue if model.world.trouble.take().is_some() => {}
        Place::Queue => say(model, "this is home: q quits"),
    }
    Vec::new()
}

fn toggle_why(model: &mut Model) {
    if matches!(model.view.overlay, Some(Overlay::Why { .. })) {
        model.view.overlay = None;
    } else if let Some(finding) = model.current() {
        model.view.overlay = Some(Overlay::Why { key: finding.key.clone(), scroll: 0 });
    } else {
        regret(model, "nothing is selected");
    }
}

fn toggle_help(model: &mut Model) {
    let open = matches!(model.view.overlay, Some(Overlay::Help { .. }));
    model.view.overlay = (!open).then_some(Overlay::Help { scroll: 0 });
}

/// Opens the current finding's address; asks first when it is not encrypted.
fn browse(model: &mut Model) -> Vec<Effect> {
    let Some(said) = model.current().map(|finding| model.world.looks.particulars(finding)) else {
        regret(model, "nothing is selected");
        return Vec::new();
    };
    let Some(link) = said.and_then(|said| said.link.clone()) else {
        let unread = said.is_none();
        regret(model, if unread { "its address is still being read" } else { "this finding has no address to open" });
        return Vec::new();
    };
    if link.as_str().starts_with("https://") {
        say(model, format!("opening {link}"));
        return vec![Effect::Open(link)];
    }
    model.view.overlay = Some(Overlay::Confirm(link));
    Vec::new()
}

fn copy(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Issued(link)) = &model.view.overlay {
        // Not repeated in the status line: it is shown once.
        let effect = Effect::Copy(link.reveal().clone());
        say(model, "copied, if your terminal lets programs copy");
        return vec![effect];
    }
    let text: Option<Shown> = match &model.view.overlay {
        Some(Overlay::Address { link, .. }) => Some(address(link)),
        _ => model.current().map(|finding| {
            let said = model.world.looks.particulars(finding);
            said.and_then(|said| said.link.as_ref()).map_or_else(|| one_line(finding), address)
        }),
    };
    let Some(text) = text else {
        regret(model, "nothing is selected");
        return Vec::new();
    };
    say(model, format!("copied, if your terminal lets programs copy: {text}"));
    vec![Effect::Copy(text)]
}

fn address(link: &Link) -> Shown {
    Shown::text(link.as_str())
}

/// A finding as one line for a ticket or a chat.
fn one_line(finding: &Finding) -> Shown {
    format!("{}: {} {} ({})", finding.verdict.word(), finding.subject, finding.title, finding.key).into()
}

fn refresh(model: &mut Model, whom: Whom) -> Vec<Effect> {
    if whom == Whom::All {
        say(model, "asking every source again");
        return vec![Effect::Order(Order::RefreshAll)];
    }
    let Some(subject) = model.current().map(|finding| finding.subject.clone()) else {
        regret(model, "nothing is selected: R asks every source");
        return Vec::new();
    };
    say(model, format!("asking again about {subject}"));
    vec![Effect::Order(Order::RefreshSubject(subject))]
}

fn show_screen(model: &mut Model, screen: Screen) -> Vec<Effect> {
    match screen {
        Screen::Mouse => toggle_mouse(model),
        Screen::Suspend => vec![Effect::Suspend],
        Screen::Repaint => vec![Effect::Repaint],
    }
}

fn toggle_mouse(model: &mut Model) -> Vec<Effect> {
    model.view.mouse = !model.view.mouse;
    say(
        model,
        if model.view.mouse { "the mouse is the console's" } else { "the mouse is the terminal's: m takes it back" },
    );
    vec![Effect::Mouse(model.view.mouse)]
}
