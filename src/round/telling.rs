//! After a round: each channel is told what it does not know yet.

use futures_util::future::join_all;

use super::Desk;
use crate::collect::tools::Tools;
use crate::domain::{Fault, Round, Shown};
use crate::store::StoreError;
use crate::tell::{Case, Channel, Memory, News, news};

/// Tells the channels of this round, side by side; what could not be told, for whoever started it. `complete`: every
/// source was asked, which is what a ping vouches for.
pub async fn tell(desk: &mut Desk, tools: &Tools, round: &Round, complete: bool) -> Result<Vec<Fault>, StoreError> {
    let telling = desk.plan.telling.clone();
    let mut due: Vec<(&Channel, Memory, Option<News>)> = Vec::new();
    for channel in telling.channels.iter().filter(|channel| !channel.is_at_console()) {
        let mut memory = remembered(desk.store.told(channel.name.as_str())?.as_deref());
        let news = if channel.is_ping() {
            complete.then(|| News::trial(round.at))
        } else {
            news(Case { channel, quiet: &telling.quiet, round, zone: &desk.plan.zone }, &mut memory)
        };
        due.push((channel, memory, news));
    }
    let sent = join_all(due.iter().map(|(channel, _, news)| async move {
        match news {
            Some(news) => channel.send(news, tools).await,
            None => Ok(()),
        }
    }));
    let sent = sent.await;
    let mut faults = Vec::new();
    for ((channel, mut memory, news), sent) in due.into_iter().zip(sent) {
        match (sent, news) {
            (Ok(()), Some(news)) => memory.take(&news),
            (Ok(()), None) => {}
            (Err(fault), _) => {
                memory.miss(round.at, fault.said.clone());
                faults.push(Fault {
                    said: Shown::line(&format!("{} was not told: {}", channel.name, fault.said)),
                    ..fault
                });
            }
        }
        // The others were told too, and each is remembered that can be.
        faults.extend(desk.remember_told(channel, &memory).err().map(Fault::from));
    }
    Ok(faults)
}

impl Desk {
    fn remember_told(&mut self, channel: &Channel, memory: &Memory) -> Result<(), StoreError> {
        match serde_json::to_string(memory) {
            Ok(json) => self.store.keep_told(channel.name.as_str(), &json),
            // Keys and words can always be written; if not, it is told once more than needed.
            Err(_) => Ok(()),
        }
    }

    /// Forgets that nothing reached a channel: a test has.
    pub fn reached(&mut self, channel: &Channel) -> Result<(), StoreError> {
        let mut memory = remembered(self.store.told(channel.name.as_str())?.as_deref());
        memory.reached();
        self.remember_told(channel, &memory)
    }

    /// Of the channels that nothing reaches, those that this desk has not told of.
    pub(super) fn newly_unreached(&mut self) -> Result<Vec<Fault>, StoreError> {
        let now = self.unreached()?;
        let before = std::mem::replace(&mut self.unreached, now.clone());
        Ok(now.into_iter().filter(|fault| !before.contains(fault)).collect())
    }

    /// Channels that nothing reaches: who relies on one would take its silence for a quiet morning.
    pub fn unreached(&self) -> Result<Vec<Fault>, StoreError> {
        let mut faults = Vec::new();
        // The others, as `tell` leaves them out: what is on a screen needs no other way.
        for channel in self.plan.telling.channels.iter().filter(|channel| !channel.is_at_console()) {
            let memory = remembered(self.store.told(channel.name.as_str())?.as_deref());
            if let Some((since, why)) = memory.fault {
                let since = self.plan.zone.to_datetime(since).strftime("%a %-d %b %H:%M").to_string();
                faults.push(
                    Fault::new(format!("nothing reaches the channel {} since {since}: {why}", channel.name))
                        .mend(format!("matins notify {} tries it", channel.name)),
                );
            }
        }
        Ok(faults)
    }
}

/// What can't be read counts as never told: too much is told once, and nothing is kept back.
fn remembered(json: Option<&str>) -> Memory {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::settings::Entry;
    use crate::round::tests::desk_that_tells;
    use crate::tell::Telling;

    fn channel(kind: &str) -> Telling {
        let value = match kind {
            "ntfy" => serde_json::json!({ "name": kind, "kind": kind, "url": "https://example.org/topic" }),
            _ => serde_json::json!({ "name": kind, "kind": kind }),
        };
        Telling::plan(&[Entry { section: "notify", value, place: "matins.toml:1".into(), index: 0 }], &[]).unwrap()
    }

    #[test]
    fn nobody_misses_a_channel_that_is_on_their_own_screen() {
        for (kind, missed) in [("ntfy", 1), ("desktop", 0), ("terminal", 0)] {
            let mut desk = desk_that_tells(Vec::new(), channel(kind));
            let mut memory = Memory::default();
            memory.miss(Timestamp::UNIX_EPOCH, "it was away".into());
            let channel = desk.plan.telling.channels[0].clone();
            desk.remember_told(&channel, &memory).unwrap();
            assert_eq!(desk.unreached().unwrap().len(), missed, "{kind}");
        }
    }
}
