//! What the console knows ([`World`]) and where the person is in it ([`View`]).

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Size;

use super::filter::{Moment, Query};
use super::form::{Form, SignForm};
use super::index::Index;
use super::looks::Looks;
use super::panels;
use super::past::Then;
use super::pivot::Pivot;
use super::theme::Theme;
use super::widgets::input::TextInput;
use crate::domain::register::Server;
use crate::domain::{
    Account, Deed, DeedKind, Errand, Fault, Finding, FindingKey, Link, OneTime, Period, Round, Shown, Subject,
};
use crate::policy::DECISION;
use crate::round::Progress;

/// Everything that a frame is drawn from.
#[derive(Debug, Clone)]
pub struct Model {
    pub world: World,
    pub view: View,
    pub index: Index,
    pub theme: Theme,
    pub size: Size,
}

/// What is so.
#[derive(Debug, Clone)]
pub struct World {
    /// The time of the last message, or the moment of the past that is shown; the clock itself is at the edge.
    pub now: Timestamp,
    pub zone: TimeZone,
    pub round: Arc<Round>,
    pub progress: Progress,
    pub trouble: Option<Fault>,
    pub looks: Looks,
    /// What was first seen at or after this is marked as new; `None` while nothing is older, for then all would be.
    pub news_from: Option<Timestamp>,
    pub demo: bool,
    pub hints: Vec<Shown>,
    pub fleet: Fleet,
    /// How the last deed of this console goes, or went.
    pub account: Option<Account>,
    /// Where in the past the console is.
    pub then: Option<Then>,
}

/// What of the register the console asks with: the servers that something can be done to, and who can be named.
#[derive(Debug, Clone)]
pub struct Fleet {
    pub servers: Arc<[Server]>,
    /// `[console] actions`.
    pub actions: bool,
    pub persons: Arc<[Shown]>,
    /// The longest that a decision may last.
    pub longest: Period,
    /// Whether a key signs check-ins (`[console] signing_key`).
    pub signs: bool,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            servers: Arc::default(),
            actions: false,
            persons: Arc::default(),
            longest: DECISION.default,
            signs: false,
        }
    }
}

impl World {
    pub fn moment(&self) -> Moment<'_> {
        Moment { now: self.now, news_from: self.news_from, sought: &self.looks.sought }
    }
}

/// Where the person is.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub place: Place,
    pub queue: Selection<FindingKey>,
    /// One for each panel.
    pub panels: Vec<PanelView>,
    pub overlay: Option<Overlay>,
    pub filter: Filter,
    /// Said once, until the next key.
    pub message: Option<Message>,
    pub mouse: bool,
    /// Whether the person has done anything yet: until then the selection stays on top, whatever comes in.
    pub touched: bool,
    /// Leaving was asked for while something was being done on a server.
    pub leaving: bool,
    /// The moment of the past that it is on the way to.
    pub going: Option<Timestamp>,
}

/// Which screen, and what in it has the focus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// Home, with the queue in focus.
    #[default]
    Queue,
    /// Home, with a panel in focus.
    Tile(usize),
    /// A panel full screen, with its list in focus.
    List(usize),
    /// A panel full screen, with the detail in focus.
    Detail(usize),
}

impl Place {
    pub fn panel(self) -> Option<usize> {
        match self {
            Self::Queue => None,
            Self::Tile(panel) | Self::List(panel) | Self::Detail(panel) => Some(panel),
        }
    }

    pub fn is_home(self) -> bool {
        matches!(self, Self::Queue | Self::Tile(_))
    }
}

/// Which row is selected: by key, so that it stays on the same thing when rows move; by place, for when that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection<K> {
    pub key: Option<K>,
    pub at: usize,
}

impl<K> Default for Selection<K> {
    fn default() -> Self {
        Self { key: None, at: 0 }
    }
}

impl<K: PartialEq> Selection<K> {
    /// Finds its row again among `length` rows.
    pub fn settle(&mut self, length: usize, key_of: impl Fn(usize) -> K) {
        let last = length.saturating_sub(1);
        let moved = self.key.as_ref().and_then(|key| {
            // Mostly it has not moved.
            let near = self.at.min(last);
            if length > 0 && key_of(near) == *key { Some(near) } else { (0..length).find(|row| key_of(*row) == *key) }
        });
        self.select(moved.unwrap_or(self.at), length, key_of);
    }

    /// Selects a row, the last one when there are fewer.
    pub fn select(&mut self, row: usize, length: usize, key_of: impl Fn(usize) -> K) {
        self.at = row.min(length.saturating_sub(1));
        self.key = (length > 0).then(|| key_of(self.at));
    }
}

/// Where the person is within one panel.
#[derive(Debug, Clone, Default)]
pub struct PanelView {
    pub subject: Selection<Subject>,
    /// The finding in the detail, and the line within its block; `None` is the first finding.
    pub finding: Option<FindingKey>,
    pub line: usize,
    /// Which of the panel's pivots its list is grouped by; 0 is its own subjects.
    pub pivot: usize,
    pub group: Selection<Shown>,
}

/// What lies over the screen.
#[derive(Debug, Clone)]
pub enum Overlay {
    Why {
        key: FindingKey,
        scroll: usize,
    },
    Help {
        scroll: usize,
    },
    Palette {
        input: TextInput,
        selected: usize,
    },
    /// Asks what is decided of a finding.
    Decide(Box<Form>),
    /// Shows what would be signed, and asks for a note.
    Sign(SignForm),
    /// Asks before an address that is not encrypted is opened.
    Confirm(Link),
    /// Which servers something is to be done to.
    Choice(Choice),
    /// Servers are being looked at for a deed.
    Waiting(Shown, Errand),
    /// How a deed goes.
    Account {
        scroll: usize,
    },
    /// A link that is shown once.
    Issued(OneTime),
    /// Asks before anything is done to a server.
    Deed(Dialog),
    /// An address to copy, because it can't be opened from here.
    Address {
        link: Link,
        said: Shown,
    },
}

/// Servers to choose from, by what they have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub kind: DeedKind,
    pub choices: Vec<(Shown, Vec<Server>)>,
    pub at: usize,
}

/// A deed before it is done.
#[derive(Debug, Clone)]
pub struct Dialog {
    pub deed: Deed,
    /// False is *Cancel*, which is chosen first.
    pub go: bool,
    /// What was typed of the word that it takes, if it takes one.
    pub typed: TextInput,
    pub scroll: usize,
}

impl Dialog {
    pub fn of(deed: Deed) -> Self {
        Self { deed, go: false, typed: TextInput::default(), scroll: 0 }
    }

    /// Whether letters are for the word now.
    pub fn takes_text(&self) -> bool {
        self.go && self.deed.word().is_some()
    }
}

#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub input: TextInput,
    pub editing: bool,
    /// The screen on which it was typed: there Esc clears it, on another Esc goes back first.
    pub typed_at_home: bool,
    /// In force: the last text that could be read.
    pub query: Query,
    pub wrong: Option<Shown>,
}

/// One line for the person at the bottom of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub said: Shown,
    pub bad: bool,
}

impl Model {
    /// The finding that keys act on.
    pub fn current(&self) -> Option<&Finding> {
        if let Some(Overlay::Why { key, .. }) = &self.view.overlay {
            return self.world.round.findings.iter().find(|finding| finding.key == *key);
        }
        match self.view.place {
            Place::Queue => self.index.queued(&self.world.round, self.view.queue.at),
            Place::Tile(panel) | Place::List(panel) | Place::Detail(panel) => self.current_in(panel),
        }
    }

    /// The findings that the current row of the queue stands for besides its own.
    pub fn folded(&self) -> impl Iterator<Item = &Finding> {
        let row = if self.view.place == Place::Queue { self.index.queue.get(self.view.queue.at) } else { None };
        let fold = row.and_then(|at| self.index.fold(*at)).map_or(&[][..], |fold| &fold.others);
        let group = match (self.view.place, self.pivoted()) {
            (Place::List(panel), Some(Pivot::Saying)) => self.group(panel).map(|group| (panel, group)),
            _ => None,
        };
        let members = group.into_iter().flat_map(|(panel, group)| {
            let own = self.member(panel).map(|member| member.finding);
            group.members.iter().map(|member| &member.finding).filter(move |finding| Some(**finding) != own)
        });
        fold.iter().chain(members).filter_map(|at| self.world.round.findings.get(*at))
    }

    /// The finding that is current in a panel: the chosen one of the selected subject, else that subject's first.
    pub fn current_in(&self, panel: usize) -> Option<&Finding> {
        let view = self.view.panels.get(panel)?;
        if self.pivot(panel).is_some() && self.view.place.panel() == Some(panel) && !self.view.place.is_home() {
            return self.world.round.findings.get(self.member(panel)?.finding);
        }
        let subject = view.subject.key.as_ref()?;
        let findings = self.index.findings_of(subject);
        let all = &self.world.round.findings;
        let chosen =
            findings.iter().filter_map(|at| all.get(*at)).find(|finding| Some(&finding.key) == view.finding.as_ref());
        chosen.or_else(|| self.index.row(&self.world.round, panel, view.subject.at))
    }

    /// Takes another round in place of the last one.
    pub fn take(&mut self, round: Arc<Round>) {
        self.index = Index::of(&round);
        self.world.round = round;
        self.world.looks.outdate();
        self.settle();
    }

    /// Makes index and selections fit the filter.
    pub fn settle(&mut self) {
        self.index.narrow(&self.world.round, &self.view.filter.query, &self.world.moment());
        let (index, findings) = (&self.index, &self.world.round.findings);
        if !self.view.touched {
            self.view.queue = Selection::default();
        }
        self.view.queue.settle(index.queue.len(), |row| findings[index.queue[row]].key.clone());
        for (view, panel) in self.view.panels.iter_mut().zip(&index.panels) {
            view.subject.settle(panel.rows.len(), |row| findings[panel.rows[row]].subject.clone());
        }
        self.regroup();
    }
}

/// What the console starts with.
#[derive(Debug, Clone)]
pub struct Start {
    pub round: Arc<Round>,
    pub now: Timestamp,
    pub zone: TimeZone,
    pub theme: Theme,
    pub demo: bool,
    pub hints: Vec<Shown>,
    pub fleet: Fleet,
}

impl From<Start> for Model {
    fn from(start: Start) -> Self {
        let older = start.round.findings.iter().any(|finding| finding.first_seen < start.round.at);
        let world = World {
            now: start.now,
            zone: start.zone,
            news_from: older.then_some(start.round.at),
            round: start.round,
            progress: Progress::default(),
            trouble: None,
            looks: Looks::default(),
            demo: start.demo,
            hints: start.hints,
            fleet: start.fleet,
            account: None,
            then: None,
        };
        let panels = panels::ALL.iter().map(|_| PanelView::default()).collect();
        let view = View { panels, mouse: true, ..View::default() };
        let index = Index::of(&world.round);
        let mut model = Self { world, view, index, theme: start.theme, size: Size::new(80, 24) };
        model.settle();
        model
    }
}
