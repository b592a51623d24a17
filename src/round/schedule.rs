//! The schedule behind a console: asks each source when its time has come, and tells of every new evaluation.

mod doing;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::doing::Deeds;
use super::alerts::Alerts;
use super::ask::ask;
use super::deeds::{Known, carry_out, prepare};
use super::times::{BACKOFF, next, stale_at, wait};
use super::{Answer, Desk, Order, Progress, Request, Update};
use crate::collect::tools::Tools;
use crate::domain::{Account, Fault, Round, SourceId};
use crate::store::{Attempt, Watch};

/// While answers are pouring in, evaluate at most this often.
const GATHER: Duration = Duration::from_millis(150);

/// What a schedule needs.
#[derive(Debug)]
pub struct Schedule {
    pub desk: Desk,
    pub tools: Arc<Tools>,
    pub orders: UnboundedReceiver<Order>,
    pub updates: UnboundedSender<Update>,
    /// Wakes when another process writes to the store; without it, its decisions show with the next evaluation.
    pub watch: Option<Watch>,
    /// Whether the console opens in the past.
    pub away: bool,
    /// How many deeds have begun whose end is not in the record yet.
    pub owed: watch::Sender<usize>,
}

/// Runs until the console hangs up. Sources that are due are asked at once; between answers it sleeps until the next one
/// is due, with no tick.
pub async fn run(schedule: Schedule) {
    let Schedule { desk, tools, mut orders, updates, mut watch, away, owed } = schedule;
    let mut clerk = Clerk::new(desk, tools, updates, owed);
    clerk.screen.away = away;
    clerk.evaluate();
    loop {
        clerk.start_due();
        let Some(wake) = clerk.report() else { return clerk.part().await };
        tokio::select! {
            // A console that hung up is heard before anything else.
            biased;
            order = orders.recv() => match order {
                Some(order) => {
                    let mut waiting = vec![order];
                    while let Ok(order) = orders.try_recv() {
                        waiting.push(order);
                    }
                    clerk.obey_all(waiting);
                }
                None => return clerk.part().await,
            },
            Some(joined) = clerk.asking.join_next(), if !clerk.asking.is_empty() => {
                if let Ok(attempt) = joined {
                    clerk.take(attempt);
                }
                clerk.take_ready();
                if clerk.asking.is_empty() { clerk.evaluate() } else { clerk.gather() }
            }
            written = written(&mut watch) => match written {
                Ok(()) => clerk.hear_others(),
                Err(_) => watch = None,
            },
            Some(done) = clerk.deeds.doing.join_next(), if !clerk.deeds.doing.is_empty() => {
                clerk.done(done);
            }
            () = sleep_until(wake) => if clerk.gathering() { clerk.evaluate() } else { clerk.woke() },
        }
    }
}

/// Never, where nobody watches.
async fn written(watch: &mut Option<Watch>) -> std::io::Result<()> {
    match watch {
        Some(watch) => watch.written().await,
        None => std::future::pending().await,
    }
}

struct Clerk {
    desk: Desk,
    tools: Arc<Tools>,
    updates: UnboundedSender<Update>,
    asking: JoinSet<Attempt>,
    busy: HashSet<SourceId>,
    deeds: Deeds,
    due: HashMap<SourceId, Timestamp>,
    /// When it evaluated last.
    judged_at: Timestamp,
    /// When gathered answers are evaluated.
    gather_until: Option<Instant>,
    said: Option<Progress>,
    screen: Screen,
}

/// What the console has before it.
struct Screen {
    /// The round that is on it.
    last: Option<Arc<Round>>,
    /// Whether it shows the past: nobody is asked then, and nothing is judged.
    away: bool,
    alerts: Alerts,
}

impl Clerk {
    fn new(desk: Desk, tools: Arc<Tools>, updates: UnboundedSender<Update>, owed: watch::Sender<usize>) -> Self {
        let now = (tools.now)();
        let due: HashMap<_, _> = desk
            .evidence()
            .sources
            .iter()
            .zip(&desk.plan.sources)
            .map(|(record, source)| (record.id.clone(), next(record, source.every, now)))
            .collect();
        let screen = Screen { last: None, away: false, alerts: Alerts::of(&desk, &due, now) };
        Self {
            desk,
            tools,
            updates,
            asking: JoinSet::new(),
            busy: HashSet::new(),
            deeds: Deeds::new(owed),
            due,
            judged_at: now,
            gather_until: None,
            said: None,
            screen,
        }
    }

    fn start_due(&mut self) {
        if self.screen.away {
            return;
        }
        let now = (self.tools.now)();
        for source in &self.desk.plan.sources {
            let ready = self.due.get(&source.id).is_none_or(|due| *due <= now);
            if ready && self.busy.insert(source.id.clone()) {
                self.asking.spawn(ask(source.clone(), Arc::clone(&self.tools), self.desk.memory(&source.id)));
            }
        }
    }

    fn obey(&mut self, order: &Order) {
        let now = (self.tools.now)();
        let (tools, updates) = (Arc::clone(&self.tools), self.updates.clone());
        match order {
            Order::Prepare(errand) => {
                let (errand, known) = (errand.clone(), Known::of(&mut self.desk, errand, now));
                self.deeds.doing.spawn(async move {
                    let prepared = prepare(&tools, known).await;
                    // Nobody listens any more when this fails; then nobody wants it either.
                    updates.send(Update::Prepared(errand, prepared)).ok();
                    None
                });
            }
            Order::Do(deed) => {
                let deed = deed.clone();
                // First into the record: whatever happens to this console, that it was begun is known.
                if let Err(why) = self.desk.note_done(&Account::of(deed.clone()), now) {
                    let mut account = Account::of(deed);
                    account.ended = true;
                    // Nobody listens any more when this fails; the next report ends the schedule.
                    updates.send(Update::Deed(account)).and_then(|()| updates.send(Update::Trouble(why.into()))).ok();
                    return;
                }
                self.deeds.owed.send_modify(|owed| *owed += 1);
                self.deeds.doing.spawn(async move { Some(carry_out(&tools, deed, &updates).await) });
            }
            refresh => self.hurry(refresh, now),
        }
    }

    fn hurry(&mut self, order: &Order, now: Timestamp) {
        let tellers = self.desk.tellers(order);
        for record in &self.desk.evidence().sources {
            let wanted = match order {
                Order::RefreshAll => true,
                Order::Refresh(id) => record.id == *id,
                Order::RefreshSubject(subject) => {
                    record.id.name == subject.name
                        || record.declared.iter().any(|declared| declared.subject == *subject)
                        || tellers.contains(&record.id)
                }
                // Nothing is asked for these.
                Order::Look(_)
                | Order::Seek(_)
                | Order::Stand(_)
                | Order::Request(_)
                | Order::Prepare(_)
                | Order::Do(_)
                | Order::AsOf(_) => false,
            };
            if wanted {
                self.due.insert(record.id.clone(), now);
            }
        }
    }

    /// Records what a person wants by one act, and shows at once what follows from it, without judging anew. What was decided
    /// of many things at once is answered once.
    fn record(&mut self, requests: Vec<Request>) {
        let now = (self.tools.now)();
        let (Some(round), many) = (self.screen.last.clone(), requests.len()) else {
            let fault = Fault::new("nothing is judged yet").mend("try again in a moment");
            return drop(self.updates.send(Update::Answered(Err(fault))));
        };
        let answers: Vec<_> = requests.into_iter().map(|one| self.desk.request(&round, one, now)).collect();
        self.show(self.desk.decide_on(Round::clone(&round), now));
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        let answered =
            answers.into_iter().reduce(|one, next| if one.is_err() { one } else { next }).map(|last| match last {
                Ok(last) if many > 1 => {
                    Ok(Answer { said: format!("{many} recorded, the last: {}", last.said).into(), ..last })
                }
                Err(fault) if many > 1 => {
                    Err(Fault { said: format!("{done} of {many} recorded: {}", fault.said).into(), ..fault })
                }
                one => one,
            });
        // Nobody listens any more when this fails; the next report ends the schedule.
        answered.map(|answered| self.updates.send(Update::Answered(answered)));
    }

    /// Goes into the past, or comes back: what is old by then is judged and asked at once.
    fn travel(&mut self, away: bool) {
        let back = self.screen.away && !away;
        self.screen.away = away;
        if back {
            self.evaluate();
        }
    }

    /// Another process wrote: what it decided or signed is shown at once.
    fn hear_others(&mut self) {
        let attested = self.desk.record().attested.len();
        match (self.desk.read_log(), self.screen.last.clone()) {
            // Rules judge by attestations.
            (Ok(true), _) if self.desk.record().attested.len() > attested => self.evaluate(),
            (Ok(true), Some(round)) => self.show(self.desk.decide_on(Round::clone(&round), (self.tools.now)())),
            (Ok(_), _) => {}
            (Err(error), _) => drop(self.updates.send(Update::Trouble(error.into()))),
        }
    }

    /// Of several orders to look only the newest is still wanted.
    fn obey_all(&mut self, orders: Vec<Order>) {
        let (mut look, mut requests, mut others) = (None, Vec::new(), Vec::new());
        for order in orders {
            match order {
                Order::AsOf(then) => self.travel(then.is_some()),
                Order::Request(act) => requests.push(act),
                Order::Look(_) => look = Some(order),
                other => others.push(other),
            }
        }
        for act in requests {
            self.record(act);
        }
        for order in &others {
            self.obey(order);
        }
        if let Some(update) = look.and_then(|look| self.desk.exhibit_apart(&look, (self.tools.now)())) {
            // Nobody listens any more when this fails; the next report ends the schedule.
            self.updates.send(update).ok();
        }
    }

    fn show(&mut self, round: Round) {
        let round = Arc::new(round);
        self.screen.last = Some(Arc::clone(&round));
        self.updates.send(Update::Round(round)).ok(); // As above.
    }

    fn trouble(&self, fault: Fault) {
        // Nobody listens any more when this fails; the next report ends the schedule.
        self.updates.send(Update::Trouble(fault)).ok();
    }

    fn take_ready(&mut self) {
        while let Some(joined) = self.asking.try_join_next() {
            if let Ok(attempt) = joined {
                self.take(attempt);
            }
        }
    }

    fn take(&mut self, attempt: Attempt) {
        let id = attempt.id.clone();
        self.busy.remove(&id);
        if let Err(error) = self.desk.take(attempt) {
            self.trouble(error.into());
        }
        let every = self.desk.plan.sources.iter().find(|source| source.id == id).map_or(BACKOFF, |source| source.every);
        if let Some(record) = self.desk.evidence().sources.iter().find(|record| record.id == id) {
            self.due.insert(id, next(record, every, (self.tools.now)()));
        }
    }

    fn gather(&mut self) {
        self.gather_until.get_or_insert_with(|| Instant::now() + GATHER);
    }

    fn gathering(&self) -> bool {
        self.gather_until.is_some_and(|until| until <= Instant::now())
    }

    /// Time passed: something is due, or an answer has become too old to be believed.
    fn woke(&mut self) {
        let now = (self.tools.now)();
        // Since the last evaluation, however long ago: a laptop that slept wakes late.
        let aged = |record| stale_at(record).is_some_and(|at| at > self.judged_at && at <= now);
        if self.desk.evidence().sources.iter().any(aged) {
            self.evaluate();
        }
    }

    fn evaluate(&mut self) {
        self.gather_until = None;
        self.settle();
        if self.screen.away {
            return;
        }
        self.judged_at = (self.tools.now)();
        // Said once, and before what is worse; a store that can't be read says so itself below.
        for fault in self.desk.newly_unreached().unwrap_or_default() {
            self.trouble(fault);
        }
        let evaluated = self.desk.evaluate_apart(self.judged_at);
        let (round, unkept) = match evaluated {
            Ok(round) => (round, None),
            // What can't be kept is shown all the same: an old screen would look as if nothing had happened.
            Err(fault) => (self.desk.glance_apart(self.judged_at), Some(fault)),
        };
        self.screen.alerts.tell(&round, &self.desk, &self.tools, &self.updates);
        self.show(round);
        if let Some(fault) = unkept {
            self.trouble(fault);
        }
        if let Err(error) = self.desk.thin_out_a_day(self.judged_at) {
            self.trouble(error.into());
        }
        for said in self.desk.damage() {
            let fault = Fault::new(said).mend("matins log verify names the first bad entry");
            self.trouble(fault);
        }
    }

    /// Tells how far it is, where that changed. When to wake next, or `None` when nobody listens any more.
    fn report(&mut self) -> Option<Instant> {
        let now = (self.tools.now)();
        let idle = self.due.iter().filter(|(id, _)| !self.busy.contains(*id)).map(|(_, due)| *due).min();
        let stale = self.desk.evidence().sources.iter().filter_map(stale_at).filter(|at| *at > now).min();
        let progress = Progress { refreshing: self.busy.len(), next: idle };
        if self.said != Some(progress) {
            self.said = Some(progress);
            self.updates.send(Update::Progress(progress)).ok()?;
        }
        let next = [idle, stale]
            .into_iter()
            .flatten()
            .filter(|_| !self.screen.away)
            .min()
            .map_or(Duration::from_secs(3_600), |at| wait(at, now));
        let wake = Instant::now() + next;
        Some(self.gather_until.map_or(wake, |until| until.min(wake)))
    }
}
