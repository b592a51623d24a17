//! What whoever sits at an open console is told while they look elsewhere: on the desktop, and by their terminal.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::{Desk, Update};
use crate::collect::tools::Tools;
use crate::domain::{Fault, Round, SourceId, SourceRecord};
use crate::tell::{Case, Channel, Memory, News, Telling, news};

/// The channels of an open console, with what each knows. That lives no longer than the console: who opened it has seen how
/// things stand.
#[derive(Debug)]
pub(super) struct Alerts {
    telling: Telling,
    channels: Vec<(Channel, Memory)>,
    /// Of the sources that were due when the console opened, those that were not asked since, with when they had been.
    unasked: HashMap<SourceId, Option<Timestamp>>,
    /// Whether a round was taken in since all have been asked.
    begun: bool,
}

impl Alerts {
    /// Of a console that opens now, when each source is asked next.
    pub fn of(desk: &Desk, next: &HashMap<SourceId, Timestamp>, now: Timestamp) -> Self {
        let telling = &desk.plan.telling;
        let due = desk.evidence().sources.iter();
        let due = due.filter(|record| next.get(&record.id).is_none_or(|next| *next <= now));
        let own = telling.channels.iter().filter(|channel| channel.is_at_console());
        Self {
            telling: telling.clone(),
            channels: own.map(|channel| (channel.clone(), Memory::default())).collect(),
            unasked: due.map(|record| (record.id.clone(), record.asked_at)).collect(),
            begun: false,
        }
    }

    /// Tells of this round. What does not get out is said where somebody looks.
    pub fn tell(&mut self, round: &Round, desk: &Desk, tools: &Arc<Tools>, updates: &UnboundedSender<Update>) {
        for (channel, news) in self.of_round(round, desk) {
            let (tools, updates) = (Arc::clone(tools), updates.clone());
            if let Some(chime) = channel.chime() {
                // Nobody listens any more when this fails.
                updates.send(Update::Alert(chime, news.title)).ok();
                continue;
            }
            tokio::spawn(async move {
                if let Err(fault) = channel.send(&news, &tools).await {
                    let said = format!("{} was not told: {}", channel.name, fault.said).into();
                    // As above.
                    updates.send(Update::Trouble(Fault { said, ..fault })).ok();
                }
            });
        }
    }

    /// What each channel is to be told of this round. Of the first ones nothing, until every source that was due has been
    /// asked: who opened the console sees what the morning brings.
    fn of_round(&mut self, round: &Round, desk: &Desk) -> Vec<(Channel, News)> {
        self.hear(&desk.evidence().sources);
        let (begun, zone) = (self.begun, &desk.plan.zone);
        self.begun |= self.unasked.is_empty();
        let mut told = Vec::new();
        for (channel, memory) in &mut self.channels {
            let case = Case { channel, quiet: &self.telling.quiet, round, zone };
            if !begun {
                *memory = Memory::knowing(case);
            } else if let Some(news) = news(case, memory) {
                memory.take(&news);
                told.push((channel.clone(), news));
            }
        }
        told
    }

    /// Learns which of the sources have been asked.
    fn hear(&mut self, records: &[SourceRecord]) {
        for record in records {
            if self.unasked.get(&record.id).is_some_and(|before| *before != record.asked_at) {
                self.unasked.remove(&record.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::collect::{Ask, Asked, Source};
    use crate::domain::settings::Entry;
    use crate::domain::{Judgement, Period, Subject, Verdict};
    use crate::round::tests::desk_that_tells;
    use crate::store::{Attempt, Outcome};

    struct Nobody;

    impl Ask for Nobody {
        fn ask<'a>(&'a self, _: &'a Tools, _: Option<&'a str>) -> Asked<'a> {
            Box::pin(std::future::pending())
        }
    }

    fn minute(minute: i64) -> Timestamp {
        "2026-11-26T07:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
    }

    fn desk() -> Desk {
        let value = serde_json::json!({ "name": "here", "kind": "terminal" });
        let entry = Entry { section: "notify", value, place: "matins.toml:1".into(), index: 0 };
        let source = |name: &str| Source {
            id: SourceId::new("test", name),
            every: Period::minutes(15),
            deadline: std::time::Duration::from_secs(2),
            declared: Vec::new(),
            ask: Arc::new(Nobody),
        };
        let sources = ["web1", "web2", "feed"].map(source).into();
        desk_that_tells(sources, Telling::plan(&[entry], &[]).unwrap())
    }

    /// What the channel is told of a round in which these hosts are broken.
    fn told(alerts: &mut Alerts, desk: &Desk, at: i64, broken: &[&str]) -> Option<String> {
        let judged =
            |host: &&str| Judgement::new("security-updates", Subject::host(*host), Verdict::Broken, "3 pending");
        let findings = broken.iter().map(|host| judged(host).with_history(1, minute(at), None).0).collect();
        let round = Round::new(minute(at), "mona".into(), Vec::new(), findings);
        alerts.of_round(&round, desk).pop().map(|(_, news)| news.title.to_string())
    }

    fn answer(desk: &mut Desk, name: &str, at: i64, outcome: Outcome) {
        desk.take(Attempt { id: SourceId::new("test", name), asked_at: minute(at), took_ms: 1, outcome }).unwrap();
    }

    #[test]
    fn what_the_mornings_first_answers_bring_is_on_the_screen_and_no_alert() {
        let mut desk = desk();
        // The feed is asked again in an hour only.
        let next = HashMap::from([(SourceId::new("test", "feed"), minute(60))]);
        let mut alerts = Alerts::of(&desk, &next, minute(0));
        assert_eq!(told(&mut alerts, &desk, 0, &[]), None);
        answer(&mut desk, "web1", 1, Outcome::Unchanged);
        assert_eq!(told(&mut alerts, &desk, 1, &["web1"]), None);
        assert_eq!(told(&mut alerts, &desk, 2, &["web1"]), None);
        // One that does not answer has been asked too.
        answer(&mut desk, "web2", 3, Outcome::Failed(Fault::new("refused")));
        assert_eq!(told(&mut alerts, &desk, 3, &["web1", "web2"]), None);
        assert_eq!(told(&mut alerts, &desk, 4, &["web1", "web2"]), None);
        assert_eq!(told(&mut alerts, &desk, 5, &["web1", "web2", "web3"]).unwrap(), "matins: 1 broken");
    }

    #[test]
    fn where_nothing_is_due_the_first_round_is_what_is_known() {
        let desk = desk();
        let next = ["web1", "web2", "feed"].map(|name| (SourceId::new("test", name), minute(60)));
        let mut alerts = Alerts::of(&desk, &HashMap::from(next), minute(0));
        assert_eq!(told(&mut alerts, &desk, 0, &["web1"]), None);
        assert_eq!(told(&mut alerts, &desk, 1, &["web2"]).unwrap(), "matins: 1 broken, 1 better");
    }
}
