//! What whoever sits at an open console is told while they look elsewhere: on the desktop, and by their terminal.

use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::mpsc::UnboundedSender;

use super::Update;
use crate::collect::tools::Tools;
use crate::domain::{Fault, Round};
use crate::tell::{Case, Channel, Memory, News, Telling, news};

/// The channels of an open console, with what each knows. That lives no longer than the console: who opened it has seen how
/// things stand.
#[derive(Debug)]
pub(super) struct Alerts {
    telling: Telling,
    channels: Vec<(Channel, Memory)>,
    begun: bool,
}

impl Alerts {
    pub fn of(telling: &Telling) -> Self {
        let own = telling.channels.iter().filter(|channel| channel.is_at_console());
        Self {
            telling: telling.clone(),
            channels: own.map(|channel| (channel.clone(), Memory::default())).collect(),
            begun: false,
        }
    }

    /// Tells of this round. What does not get out is said where somebody looks.
    pub fn tell(&mut self, round: &Round, zone: &TimeZone, tools: &Arc<Tools>, updates: &UnboundedSender<Update>) {
        for (channel, news) in self.of_round(round, zone) {
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

    /// What each channel is to be told of this round; of the first one nothing, for that is on the screen.
    fn of_round(&mut self, round: &Round, zone: &TimeZone) -> Vec<(Channel, News)> {
        let begun = std::mem::replace(&mut self.begun, true);
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
}
