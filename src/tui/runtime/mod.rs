//! The one impure part of the console: terminal, keys, signals, clock, browser. It turns them into messages, and effects
//! into deeds.

mod lending;
mod signals;
mod stage;
mod surroundings;

use std::ffi::OsString;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyEventKind, MouseButton, MouseEventKind};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use ratatui::layout::{Position, Size};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot::Sender;

use self::signals::{Heard, Signals};
use self::stage::Stage;
use super::message::{Effect, Mouse, Msg};
use super::model::Model;
use super::update::update;
use super::{Clock, Console, Ending, TuiError, past};
use crate::collect::tools::browser::Browser;
use crate::domain::Fault;
use crate::round::{Order, Update};

pub use surroundings::resolve_theme;

/// Most messages that are taken in before a picture is drawn: a flood of keys must not starve the screen.
const BATCH: usize = 256;
/// An age changes at most once a minute; and after a suspended night timers are late, so never sleep for long.
const SLEEP: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(3_600)];

/// Runs the console until somebody leaves it. Must be driven by `block_on`, so that it stays on one thread: the hook that
/// restores the terminal when this thread panics keeps its hands off when another does.
pub async fn run(console: Console) -> Result<Ending, TuiError> {
    surroundings::check()?;
    signals::end_without_terminal(Ending::TerminalGone.exit_code().into());
    let (inbox, answers) = unbounded_channel();
    let demo = console.start.demo;
    let mut model = Model::from(console.start);
    let stage = Stage::enter(model.view.mouse, surroundings::speaks_utf8(), inbox.clone())?;
    model.size = stage.size().unwrap_or(model.size);
    let mut runtime = Runtime {
        model,
        stage,
        ears: Ears {
            events: Some(EventStream::new()),
            updates: Some(console.updates),
            answers,
            signals: Signals::new()?,
            demo,
        },
        orders: console.orders,
        signing: console.signing,
        inbox,
        clock: console.clock,
    };
    runtime.go(console.curtain, console.as_of).await
}

struct Runtime {
    model: Model,
    stage: Stage,
    ears: Ears,
    orders: UnboundedSender<Order>,
    /// See [`Console`].
    signing: Vec<OsString>,
    inbox: UnboundedSender<Msg>,
    clock: Clock,
}

/// Everything that is listened to.
struct Ears {
    /// `None` while another program has the terminal.
    events: Option<EventStream>,
    /// `None` once the schedule has ended.
    updates: Option<UnboundedReceiver<Update>>,
    answers: UnboundedReceiver<Msg>,
    signals: Signals,
    demo: bool,
}

/// What woke the console.
enum Woken {
    By(Msg),
    /// Something that nobody binds, such as a key's release.
    ByNothing,
    Signal(Heard),
}

impl Runtime {
    async fn go(&mut self, curtain: Sender<()>, as_of: Option<Timestamp>) -> Result<Ending, TuiError> {
        let mut until = self.stage.draw(&self.model);
        drop(curtain);
        // The first picture is there: now what is selected in it is read.
        self.take_in(vec![Msg::Time]).await;
        if let Some(at) = as_of {
            let order = past::set_out(&mut self.model, at);
            self.perform(order).await;
        }
        loop {
            if self.stage.is_gone() {
                return Ok(Ending::TerminalGone);
            }
            let mut woken = self.ears.wait(self.sleep(until)).await;
            while let Woken::ByNothing = woken {
                woken = self.ears.wait(self.sleep(until)).await;
            }
            let mut batch = Vec::new();
            loop {
                match woken {
                    Woken::Signal(Heard::End(number)) => return Ok(Ending::Signal(number)),
                    Woken::Signal(Heard::TerminalGone) => return Ok(Ending::TerminalGone),
                    Woken::Signal(Heard::Stop) => self.stage.stop_alone(),
                    Woken::Signal(Heard::Continue) => self.stage.enter_again(),
                    // What size it is, is asked before each picture. Smaller and as large again before we hear of it, it is no
                    // other size, but has lost what stood there.
                    Woken::Signal(Heard::Resized) => {
                        self.stage.repaint();
                        push(&mut batch, Msg::Time);
                    }
                    Woken::By(msg) => push(&mut batch, msg),
                    Woken::ByNothing => {}
                }
                match self.ears.at_once().await {
                    Some(more) if batch.len() < BATCH => woken = more,
                    Some(Woken::By(msg)) => {
                        push(&mut batch, msg);
                        break;
                    }
                    _ => break,
                }
            }
            if let Some(ending) = self.take_in(batch).await {
                return Ok(ending);
            }
            until = self.stage.draw(&self.model);
        }
    }

    async fn take_in(&mut self, batch: Vec<Msg>) -> Option<Ending> {
        for msg in batch {
            let now = (self.clock)();
            for effect in update(&mut self.model, msg, now) {
                if let Some(ending) = self.perform(effect).await {
                    return Some(ending);
                }
            }
        }
        if let Some(size) = self.stage.size()
            && size != self.model.size
        {
            update(&mut self.model, Msg::Resized(size), (self.clock)());
        }
        None
    }

    /// Does what was wanted. An ending ends the console.
    async fn perform(&mut self, effect: Effect) -> Option<Ending> {
        match effect {
            Effect::Order(order) => {
                // Nobody takes orders once the schedule has ended; that was said when it did.
                self.orders.send(order).ok();
            }
            Effect::Open(link) => {
                let inbox = self.inbox.clone();
                tokio::spawn(async move {
                    let how = Browser::default().open(&link).await;
                    inbox.send(Msg::Opened(link, how)).ok();
                });
            }
            Effect::Copy(text) => self.stage.copy(&text),
            Effect::Mouse(on) => self.stage.set_mouse(on),
            Effect::HandOver(step) => return self.lend_for(&step).await,
            Effect::Sign(entry) => return self.lend_to_sign(entry).await,
            Effect::Alert(chime, title) => self.stage.alert(chime, &title),
            Effect::Suspend => {
                if !self.stage.stop_job() {
                    let said = "there is no shell to return to: this terminal was opened for the console alone";
                    update(&mut self.model, Msg::Notice(said.into()), (self.clock)());
                }
            }
            Effect::Repaint => self.stage.repaint(),
            Effect::Quit => return Some(Ending::Quit),
        }
        None
    }

    /// How long the picture stays true.
    fn sleep(&self, until: Option<Timestamp>) -> Option<Duration> {
        let left = until?.duration_since((self.clock)());
        Some(Duration::try_from(left).unwrap_or(SLEEP[0]).clamp(SLEEP[0], SLEEP[1]))
    }
}

/// Of several rounds only the newest is worth taking in.
fn push(batch: &mut Vec<Msg>, msg: Msg) {
    let round = |msg: &Msg| matches!(msg, Msg::Heard(Update::Round(_)));
    if round(&msg) {
        batch.retain(|earlier| !round(earlier));
    }
    batch.push(msg);
}

impl Ears {
    /// Waits until something happens.
    async fn wait(&mut self, sleep: Option<Duration>) -> Woken {
        let Self { events, updates, answers, signals, demo } = self;
        let schedule = async {
            match updates {
                Some(updates) => updates.recv().await,
                None => std::future::pending().await,
            }
        };
        let keys = async {
            match events {
                Some(events) => poll_fn(|context| poll_event(events, context)).await,
                None => std::future::pending().await,
            }
        };
        let age = async {
            match sleep {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = keys => key_or_gone(event),
            heard = signals.next() => Woken::Signal(heard),
            Some(msg) = answers.recv() => Woken::By(msg),
            update = schedule => {
                if update.is_none() {
                    self.updates = None;
                }
                match update {
                    Some(update) => Woken::By(Msg::Heard(update)),
                    // A demo has no schedule.
                    None if *demo => Woken::ByNothing,
                    None => Woken::By(Msg::Heard(Update::Trouble(schedule_ended()))),
                }
            }
            () = age => Woken::By(Msg::Time),
        }
    }

    /// What has happened already, without waiting.
    async fn at_once(&mut self) -> Option<Woken> {
        // Never with another waker than the task's own: crossterm keeps the first one that it was polled with, and
        // would wake that.
        if let Some(events) = &mut self.events
            && let Poll::Ready(event) = poll_fn(|context| Poll::Ready(poll_event(events, context))).await
        {
            return Some(key_or_gone(event));
        }
        if let Ok(msg) = self.answers.try_recv() {
            return Some(Woken::By(msg));
        }
        let update = self.updates.as_mut()?.try_recv().ok()?;
        Some(Woken::By(Msg::Heard(update)))
    }
}

fn schedule_ended() -> Fault {
    Fault::new("the schedule ended: nothing is asked any more, and what is shown grows old").mend("start matins again")
}

/// The next event, or none at all when the terminal is gone. That is looked at first: crossterm reads an end of file for
/// ever, on this thread.
fn poll_event(events: &mut EventStream, context: &mut Context<'_>) -> Poll<Option<std::io::Result<Event>>> {
    if signals::is_hung_up() { Poll::Ready(None) } else { events.poll_next_unpin(context) }
}

fn key_or_gone(event: Option<std::io::Result<Event>>) -> Woken {
    match event {
        Some(Ok(event)) => heard(event).map_or(Woken::ByNothing, Woken::By),
        Some(Err(_)) | None => Woken::Signal(Heard::TerminalGone),
    }
}

/// What an event of the terminal means, if anything.
fn heard(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Pasted(text)),
        Event::Resize(width, height) => Some(Msg::Resized(Size::new(width, height))),
        Event::Mouse(mouse) => {
            let position = Position::new(mouse.column, mouse.row);
            match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Some(Msg::Mouse(Mouse::Click(position))),
                MouseEventKind::ScrollUp => Some(Msg::Mouse(Mouse::WheelUp(position))),
                MouseEventKind::ScrollDown => Some(Msg::Mouse(Mouse::WheelDown(position))),
                _ => None,
            }
        }
        _ => None,
    }
}
