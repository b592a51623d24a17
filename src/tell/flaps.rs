//! What goes to and fro: told once with how often, then not again until it rests.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::{FindingKey, Verdict};

/// As often as the console calls it to and fro.
const OFTEN: usize = 3;
/// Within this time.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// More turns than this are not counted one by one.
const MOST: usize = 100;

/// What turned lately, as the store keeps it with what a channel was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Flaps(BTreeMap<FindingKey, Flap>);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Flap {
    /// When it turned, and how it was asked about from then on: not at all, or with this verdict. The newest last.
    turns: Vec<(Timestamp, Option<Verdict>)>,
    /// The channel knows that it goes to and fro.
    told: bool,
}

impl Flap {
    fn seen(&self) -> Option<Verdict> {
        self.turns.last().and_then(|(_, seen)| *seen)
    }

    /// Whether it came back again to what it was: what goes on to something else is no flapping.
    fn is_to_and_fro(&self) -> bool {
        let before = &self.turns[..self.turns.len().saturating_sub(1)];
        self.turns.len() >= OFTEN && before.iter().any(|(_, seen)| *seen == self.seen())
    }
}

/// What the channel is to be told of one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// What it is now.
    Steady,
    /// That it turned so often, once.
    ToAndFro(usize),
    /// Nothing, until it rests.
    Hushed,
}

impl Flaps {
    /// Takes in how a finding is asked about now, of which the channel knew `before`.
    pub fn watch(&mut self, key: &FindingKey, before: Option<Verdict>, seen: Option<Verdict>, now: Timestamp) {
        let flap = self.0.get(key);
        if flap.map_or(before, Flap::seen) == seen {
            return;
        }
        let flap = self.0.entry(key.clone()).or_default();
        flap.turns.push((now, seen));
        let excess = flap.turns.len().saturating_sub(MOST);
        flap.turns.drain(..excess);
    }

    /// Forgets what turned too long ago; what has rested is steady again. A turn of the future was a wrong clock's.
    pub fn settle(&mut self, now: Timestamp) {
        for flap in self.0.values_mut() {
            flap.turns.retain(|(at, _)| *at <= now && now.duration_since(*at) < WINDOW);
            flap.told &= flap.turns.len() >= OFTEN;
        }
        self.0.retain(|_, flap| !flap.turns.is_empty());
    }

    /// What asked for somebody when it turned last.
    pub fn asking(&self) -> impl Iterator<Item = &FindingKey> {
        self.0.iter().filter(|(_, flap)| flap.seen().is_some()).map(|(key, _)| key)
    }

    pub fn course(&self, key: &FindingKey) -> Course {
        match self.0.get(key) {
            Some(flap) if flap.is_to_and_fro() && flap.told => Course::Hushed,
            Some(flap) if flap.is_to_and_fro() => Course::ToAndFro(flap.turns.len()),
            _ => Course::Steady,
        }
    }

    /// The channel has been told of these.
    pub fn take(&mut self, told: &[FindingKey]) {
        for key in told {
            if let Some(flap) = self.0.get_mut(key) {
                flap.told = true;
            }
        }
    }
}
