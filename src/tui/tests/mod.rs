//! The console without a terminal: state in, keys, state out; and pictures.

mod deeds;
mod keys;
mod past;
mod pictures;
mod pivots;
mod record;

use ratatui::buffer::Buffer;

use super::model::{Model, Overlay, Place, Start};
use super::sample::{self, State};
use super::{Effect, Rehearsal, layout, message, model, panels, update, view};
use crate::domain::{Fault, Round, Shown, SubjectKind, Verdict};
use crate::round::{Order, Progress, Request, Update, Wish};

fn start(state: State) -> Start {
    sample::start(sample::round(state)).unwrap()
}

fn console(state: State, (width, height): (u16, u16)) -> Rehearsal {
    rehearse(sample::round(state), (width, height))
}

/// The console on a round, with its particulars to be read.
fn rehearse(round: Round, (width, height): (u16, u16)) -> Rehearsal {
    let answers = sample::answers(&round);
    Rehearsal::new(sample::start(round).unwrap(), width, height).answered(answers)
}

/// What was decided by these keys, all by one act.
#[track_caller]
fn wishes_of(effects: &[Effect]) -> Vec<Wish> {
    let [Effect::Order(Order::Request(act))] = effects else { panic!("{effects:?}") };
    let wish = |request: &Request| match request {
        Request::Decide(wish) => wish.clone(),
        other => panic!("{other:?}"),
    };
    act.iter().map(wish).collect()
}

#[track_caller]
fn wish_of(effects: &[Effect]) -> Wish {
    let wishes = wishes_of(effects);
    assert_eq!(wishes.len(), 1, "{wishes:?}");
    wishes[0].clone()
}

/// Where one is, in a word: `queue:0`, `tile2:1`, `list3:0`, `detail1:0 why`, with the selected row.
fn state_of(model: &Model) -> String {
    let row = |panel: usize| model.view.panels[panel].subject.at;
    let place = match model.view.place {
        Place::Queue => format!("queue:{}", model.view.queue.at),
        Place::Tile(panel) => format!("tile{}:{}", panel + 1, row(panel)),
        Place::List(panel) => format!("list{}:{}", panel + 1, row(panel)),
        Place::Detail(panel) => format!("detail{}:{}", panel + 1, row(panel)),
    };
    let by = model.pivoted().map_or_else(String::new, |pivot| format!(" {}", pivot.by()));
    let row = |panel: usize| model.view.panels[panel].group.at;
    let place = match (model.pivoted(), model.view.place) {
        (Some(_), Place::List(panel)) => format!("list{}:{}{by}", panel + 1, row(panel)),
        (Some(_), Place::Detail(panel)) => format!("detail{}:{}{by}", panel + 1, row(panel)),
        _ => place,
    };
    let over = match &model.view.overlay {
        None if model.view.filter.editing => " filter",
        None => "",
        Some(Overlay::Why { .. }) => " why",
        Some(Overlay::Help { .. }) => " help",
        Some(Overlay::Palette { .. }) => " palette",
        Some(Overlay::Decide(_)) => " decide",
        Some(Overlay::Sign(_)) => " sign",
        Some(Overlay::Confirm(_)) => " confirm",
        Some(Overlay::Address { .. }) => " address",
        Some(Overlay::Deed(asked)) if asked.go => " deed:go",
        Some(Overlay::Choice(_)) => " choice",
        Some(Overlay::Waiting(..)) => " waiting",
        Some(Overlay::Account { .. }) => " account",
        Some(Overlay::Issued(_)) => " link",
        Some(Overlay::Deed(_)) => " deed:cancel",
    };
    format!("{place}{over}")
}

/// The screen as text, a line for each row, without the spaces at the end.
fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    let mut hidden = 0;
    for (at, cell) in buffer.content().iter().enumerate() {
        if hidden == 0 {
            out.push_str(cell.symbol());
            hidden = Shown::line(cell.symbol()).width().saturating_sub(1);
        } else {
            hidden -= 1;
        }
        if (at + 1) % usize::from(buffer.area.width).max(1) == 0 {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
    out
}
