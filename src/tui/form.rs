//! The questions that end in the record: what is decided of a finding, and the note under a check-in.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ends::Ends;
use super::message::Effect;
use super::model::{Fleet, Model, Overlay};
use super::typing::edit;
use super::update::{regret, say};
use super::widgets::input::TextInput;
use crate::domain::{DecisionKind, Extent, Finding, FindingKey, Round, Shown, Signing, SubjectKind, Verdict};
use crate::policy::matching::State;
use crate::round::{Order, Request, Wish};

/// A decision as it is being put together.
#[derive(Debug, Clone)]
pub struct Form {
    pub about: About,
    pub focus: Field,
    pub kind: DecisionKind,
    pub ends: Ends,
    /// Which of `extents`.
    pub extent: usize,
    pub extents: Vec<Extent>,
    /// A part of a host's name, while one is looked for among them.
    pub named: Option<TextInput>,
    /// Who may be named.
    pub persons: Vec<Shown>,
    /// Whose it becomes, among `persons`.
    pub to: usize,
    /// Who has to agree: 0 nobody, else one more than the place among `persons`.
    pub second: usize,
    pub reason: TextInput,
    /// Where more is written: a ticket.
    pub link: TextInput,
}

/// What is added to a check-in.
#[derive(Debug, Clone, Default)]
pub struct SignForm {
    pub note: TextInput,
    /// Who may be stood in for.
    pub persons: Vec<Shown>,
    /// In whose place it is signed: 0 nobody's, else one more than the place among `persons`.
    at: usize,
}

impl SignForm {
    pub fn stands_for(&self) -> Option<&Shown> {
        self.at.checked_sub(1).and_then(|at| self.persons.get(at))
    }

    fn turn(&mut self, forward: bool) {
        let all = self.persons.len() + 1;
        self.at = if forward { self.at + 1 } else { self.at + all - 1 } % all;
    }
}

/// What is decided on.
#[derive(Debug, Clone)]
pub struct About {
    pub key: FindingKey,
    /// The findings that say the same: the same is decided of them.
    pub also: Vec<FindingKey>,
    /// The moment of the round in which it was seen.
    seen: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Kind,
    Until,
    Extent,
    To,
    Second,
    Reason,
    Link,
}

impl Form {
    fn new(finding: &Finding, fleet: &Fleet, round: &Round, (now, zone): (Timestamp, &TimeZone)) -> Self {
        Self {
            about: About { key: finding.key.clone(), also: Vec::new(), seen: round.at },
            focus: Field::Kind,
            kind: DecisionKind::Acknowledge,
            ends: Ends::new(now, zone, fleet.longest),
            extent: 0,
            extents: extents(finding, fleet),
            named: None,
            persons: others(fleet, round),
            to: 0,
            second: 0,
            reason: TextInput::default(),
            link: TextInput::default(),
        }
    }

    /// The fields that matter now, in the order in which they stand.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = vec![Field::Kind, Field::Until];
        if self.extents.len() > 1 {
            fields.push(Field::Extent);
        }
        if self.kind == DecisionKind::Assign && !self.persons.is_empty() {
            fields.push(Field::To);
        }
        if self.kind != DecisionKind::Note && !self.persons.is_empty() {
            fields.push(Field::Second);
        }
        fields.extend([Field::Reason, Field::Link]);
        fields
    }

    /// Whether it is of each finding that the row stands for: a role or everywhere is said once.
    pub fn is_of_all(&self) -> bool {
        !self.about.also.is_empty() && self.extents.get(self.extent) == Some(&Extent::Finding)
    }

    fn step(&mut self, by: usize) {
        let fields = self.fields();
        let at = fields.iter().position(|field| *field == self.focus).unwrap_or(0);
        self.focus = fields[(at + by) % fields.len()];
        self.named = None;
    }

    /// Whether there are hosts among which one can be named.
    pub fn names_hosts(&self) -> bool {
        self.extents.iter().any(|extent| matches!(extent, Extent::Host(_)))
    }

    /// The host that is meant by what is typed: one that begins so, else one that has it in its name.
    pub fn host(&self) -> Option<usize> {
        let named = self.named.as_ref()?.value().trim().to_lowercase();
        let host = |extent: &Extent| match extent {
            Extent::Host(host) => Some(host.as_str().to_lowercase()),
            _ => None,
        };
        let position = |fits: &dyn Fn(&str) -> bool| {
            self.extents.iter().position(|extent| host(extent).is_some_and(|host| fits(&host)))
        };
        position(&|host| host.starts_with(&named)).or_else(|| position(&|host| host.contains(&named)))
    }

    fn name(&mut self, change: impl FnOnce(&mut TextInput)) {
        change(self.named.get_or_insert_default());
        self.extent = self.host().unwrap_or(self.extent);
    }

    /// Whether there was room for all of it.
    pub fn paste(&mut self, text: &str) -> bool {
        let mut whole = true;
        match self.named {
            Some(_) => self.name(|named| whole = named.insert(text)),
            None => whole = self.line().insert(text),
        }
        whole
    }

    fn change(&mut self, forward: bool) {
        self.named = None;
        let turn = |at: usize, of: usize| if forward { (at + 1) % of.max(1) } else { (at + of.max(1) - 1) % of.max(1) };
        match self.focus {
            Field::Kind => {
                let at = DecisionKind::ALL.iter().position(|kind| *kind == self.kind).unwrap_or(0);
                self.kind = DecisionKind::ALL[turn(at, DecisionKind::ALL.len())];
                if self.kind == DecisionKind::Assign && self.persons.is_empty() {
                    self.change(forward);
                }
            }
            Field::Until => self.ends.turn(forward),
            Field::Extent => self.extent = turn(self.extent, self.extents.len()),
            Field::To => self.to = turn(self.to, self.persons.len()),
            Field::Second => self.second = turn(self.second, self.persons.len() + 1),
            Field::Reason | Field::Link => {}
        }
    }

    /// The line that the focus is in, or that is typed into from here.
    pub fn line(&mut self) -> &mut TextInput {
        match self.focus {
            Field::Until => &mut self.ends.typed,
            Field::Link => &mut self.link,
            _ => &mut self.reason,
        }
    }

    pub fn second(&self) -> Option<&Shown> {
        self.second.checked_sub(1).and_then(|at| self.persons.get(at))
    }

    fn wish(&self, until: Timestamp) -> Option<Wish> {
        let assigned = self.kind == DecisionKind::Assign;
        Some(Wish {
            key: self.about.key.clone(),
            kind: self.kind,
            extent: self.extents.get(self.extent).cloned()?,
            reason: Shown::line(self.reason.value()),
            until,
            to: self.persons.get(self.to).filter(|_| assigned).cloned(),
            link: Some(Shown::line(self.link.value().trim())).filter(|link| !link.is_empty()),
            second: self.second().cloned(),
            seen: self.about.seen,
        })
    }
}

/// Who can be named besides the operator.
fn others(fleet: &Fleet, round: &Round) -> Vec<Shown> {
    fleet.persons.iter().filter(|person| **person != round.operator).cloned().collect()
}

/// Of servers and sites the same can be said of a role or of all; of an advisory, for its hosts.
fn extents(finding: &Finding, fleet: &Fleet) -> Vec<Extent> {
    let mut extents = vec![Extent::Finding];
    if matches!(finding.subject.kind, SubjectKind::Host | SubjectKind::Site | SubjectKind::Advisory) {
        let mut roles: Vec<Shown> = fleet.servers.iter().filter_map(|server| server.role.clone()).collect();
        if finding.subject.kind != SubjectKind::Advisory {
            roles.retain(|role| {
                let same = |server: &crate::domain::register::Server| server.name == finding.subject.name;
                fleet.servers.iter().any(|server| same(server) && server.role.as_ref() == Some(role))
            });
        }
        roles.sort();
        roles.dedup();
        extents.extend(roles.into_iter().map(Extent::Role));
        extents.push(Extent::Everywhere);
    }
    extents
}

/// Of an advisory that concerns several hosts, each of them where it is a person's turn now, as far as its history has been read.
fn hosts(model: &Model, finding: &Finding) -> Vec<Extent> {
    if finding.subject.kind != SubjectKind::Advisory {
        return Vec::new();
    }
    let mut seen = std::collections::BTreeMap::new();
    for turn in model.world.looks.turns(finding) {
        if let Some(host) = turn.item.as_str().strip_prefix("host ") {
            // The newest comes first.
            seen.entry(host.to_owned()).or_insert_with(|| turn.word.clone());
        }
    }
    let asks = |word: &Option<Shown>| State::said(word.as_ref().map_or("", Shown::as_str)).is_some_and(State::asks);
    let of = seen.into_iter().filter(|(_, word)| asks(word));
    of.map(|(host, _)| Extent::Host(host.into())).collect()
}

/// Who decides before the history has been read gets its hosts as soon as it has.
pub fn hear_look(model: &mut Model) {
    let Some(Overlay::Decide(form)) = &model.view.overlay else { return };
    let about = model.world.round.findings.iter().find(|finding| finding.key == form.about.key);
    let mut late = about.map_or_else(Vec::new, |finding| hosts(model, finding));
    if let Some(Overlay::Decide(form)) = &mut model.view.overlay {
        late.retain(|host| !form.extents.contains(host));
        // At the end, where nothing that was chosen moves.
        form.extents.extend(late);
    }
}

/// Asks what is decided of the current finding.
pub fn decide(model: &mut Model) {
    if refused_in_demo(model) {
        return;
    }
    let world = &model.world;
    let Some(finding) = model.current().cloned() else { return regret(model, "select a finding first") };
    if finding.verdict == Verdict::Ok {
        return regret(model, "it is ok: there is nothing to decide");
    }
    let mut form = Form::new(&finding, &world.fleet, &world.round, (world.now, &world.zone));
    form.about.also = model.folded().map(|one| one.key.clone()).collect();
    form.extents.extend(hosts(model, &finding));
    model.view.overlay = Some(Overlay::Decide(Box::new(form)));
}

/// Takes back the operator's last decision.
pub fn undo(model: &mut Model) -> Vec<Effect> {
    if refused_in_demo(model) {
        return Vec::new();
    }
    vec![Effect::Order(Order::Request(vec![Request::Undo]))]
}

/// Shows what would be signed, and asks for a note.
pub fn sign(model: &mut Model) {
    if refused_in_demo(model) {
        return;
    }
    // A morning on which every source was asked and none answered is signed as it is: unknown.
    if !model.world.round.is_looked_at() {
        return regret(model, "nothing was looked at yet: there is nothing to sign");
    }
    let persons = others(&model.world.fleet, &model.world.round);
    model.view.overlay = Some(Overlay::Sign(SignForm { persons, ..SignForm::default() }));
}

fn refused_in_demo(model: &mut Model) -> bool {
    if model.world.demo {
        regret(model, "the demo records nothing");
    }
    model.world.demo
}

/// A key in either question.
pub fn press(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    match (&mut model.view.overlay, key.code) {
        (_, KeyCode::Esc) => {
            model.view.overlay = None;
            say(model, "nothing was recorded");
        }
        (Some(Overlay::Sign(form)), KeyCode::Enter) => {
            let signing = Signing { note: Shown::line(form.note.value()), stands_for: form.stands_for().cloned() };
            model.view.overlay = None;
            return vec![Effect::Order(Order::Request(vec![Request::Sign(signing)]))];
        }
        (Some(Overlay::Sign(form)), KeyCode::Tab | KeyCode::Down) => form.turn(true),
        (Some(Overlay::Sign(form)), KeyCode::BackTab | KeyCode::Up) => form.turn(false),
        (Some(Overlay::Sign(form)), _) => edit(&mut form.note, key),
        (Some(Overlay::Decide(_)), KeyCode::Enter) => return record(model),
        (Some(Overlay::Decide(form)), _) => press_form(form, key),
        _ => {}
    }
    Vec::new()
}

fn press_form(form: &mut Form, key: &KeyEvent) {
    match key.code {
        KeyCode::Tab | KeyCode::Down => form.step(1),
        KeyCode::BackTab | KeyCode::Up => form.step(form.fields().len() - 1),
        KeyCode::Left | KeyCode::Right if !matches!(form.focus, Field::Reason | Field::Link) => {
            form.change(key.code == KeyCode::Right);
        }
        // An end begins with a digit: `10d`, `2026-12-24`.
        KeyCode::Char('0'..='9') if form.focus == Field::Until => edit(&mut form.ends.typed, key),
        KeyCode::Char('/') if form.focus == Field::Extent && form.names_hosts() => {
            form.named = Some(TextInput::default());
        }
        _ if form.named.is_some() => form.name(|named| edit(named, key)),
        KeyCode::Char(_) if !key.modifiers.contains(KeyModifiers::CONTROL) => {
            if form.focus != Field::Link && (form.focus != Field::Until || form.ends.typed.is_empty()) {
                // Whoever just types means the reason.
                form.focus = Field::Reason;
            }
            edit(form.line(), key);
        }
        _ if matches!(form.focus, Field::Until | Field::Reason | Field::Link) => edit(form.line(), key),
        _ => {}
    }
}

fn record(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Decide(form)) = &mut model.view.overlay else { return Vec::new() };
    if form.named.is_some() && form.host().is_none() {
        form.focus = Field::Extent;
        regret(model, "no host of this finding is called so: nothing was recorded");
        return Vec::new();
    }
    if form.reason.value().trim().is_empty() {
        form.focus = Field::Reason;
        regret(model, "a decision needs a reason: say in a few words why this is right");
        return Vec::new();
    }
    let until = match form.ends.until(model.world.now, &model.world.zone) {
        Ok(until) => until,
        Err(wrong) => {
            form.focus = Field::Until;
            regret(model, wrong);
            return Vec::new();
        }
    };
    let also = if form.is_of_all() { std::mem::take(&mut form.about.also) } else { Vec::new() };
    let wish = form.wish(until);
    model.view.overlay = None;
    let Some(wish) = wish else { return Vec::new() };
    let others = also.into_iter().map(|key| Wish { key, ..wish.clone() });
    let all = others.chain([wish.clone()]).map(Request::Decide).collect();
    vec![Effect::Order(Order::Request(all))]
}

/// `Mon 30 Nov 2026 06:00 (in 7 days)`: the weekday's name is what people plan by.
pub fn end_said(end: Timestamp, now: Timestamp, zone: &TimeZone) -> Shown {
    let day = end.to_zoned_datetime(zone.clone());
    let days = day.date().duration_since(zone.to_datetime(now).date()).as_hours() / 24;
    let when = match days {
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    };
    format!("{} ({when})", day.strftime("%a %-d %b %Y %H:%M")).into()
}
