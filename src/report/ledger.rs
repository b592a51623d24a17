//! [`Ledger`]: the log read for a report: who signed, decided and vouched, and whether the chain holds.

use jiff::Timestamp;

use crate::domain::{Attested, Recorded, Shown, Signed, counted};
use crate::log::{self, Act, Anchor, Entry, Head};

/// All entries that could be read, in their order.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub check_ins: Vec<Signed>,
    /// Every decision there ever was.
    pub decisions: Vec<Ruling>,
    pub attested: Vec<Attested>,
    /// What was done to servers: the entry's number, when, by whom, what.
    pub deeds: Vec<(u64, Timestamp, Shown, String)>,
    pub head: Head,
    /// Where the chain is broken, or what could not be read.
    pub damage: Vec<Shown>,
}

/// A decision, and what became of it.
#[derive(Debug, Clone)]
pub struct Ruling {
    pub recorded: Recorded,
    /// When its author took it back.
    pub undone: Option<Timestamp>,
}

impl Ledger {
    pub fn of(lines: &[(u64, String)]) -> Self {
        let mut ledger = Self::default();
        if let Err(found) = log::verify(lines.iter().map(|(_, line)| line.as_str()), &[]) {
            ledger.damage.push(found.to_string().into());
        }
        for (seq, line) in lines {
            ledger.head = Head::at(*seq, line);
            match Entry::parse(line) {
                Ok(entry) => ledger.take(*seq, entry),
                Err(said) => ledger.damage.push(format!("entry {seq} can't be read: {said}").into()),
            }
        }
        ledger
    }

    /// `3 entries`.
    pub fn entries(&self) -> String {
        counted(self.head.seq, "entry", "entries")
    }

    fn take(&mut self, seq: u64, entry: Entry) {
        let (at, by) = (entry.time, entry.actor);
        match entry.act {
            Act::Decide(decision) => {
                let recorded = Recorded { seq, at, by, decision, agreed: None };
                self.decisions.push(Ruling { recorded, undone: None });
            }
            Act::Undo(undone) => {
                let mut mine = self.decisions.iter_mut().filter(|one| one.recorded.by == by);
                if let Some(one) = mine.find(|one| one.recorded.seq == undone.entry) {
                    one.undone.get_or_insert(at);
                }
            }
            Act::Agree(agreed) => {
                let mut all = self.decisions.iter_mut().map(|one| &mut one.recorded);
                let named = |one: &&mut Recorded| one.decision.second.as_ref() == Some(&by) && one.by != by;
                if let Some(one) = all.find(|one| one.seq == agreed.entry).filter(named) {
                    one.agreed.get_or_insert((by, at));
                }
            }
            Act::CheckIn(check_in) => self.check_ins.push(Signed { seq, at, by, check_in }),
            Act::Attest(attestation) => self.attested.push(Attested { seq, at, by, attestation }),
            Act::Action(done) => {
                let said = format!("{} on {}: {}", done.action, listed(&done.targets), done.outcome);
                self.deeds.push((seq, at, by, said));
            }
            Act::Other(_) => {}
        }
    }

    /// The line to keep elsewhere.
    pub fn anchor(&self) -> String {
        Anchor(self.head.clone()).to_string()
    }
}

fn listed(names: &[Shown]) -> String {
    names.iter().map(Shown::as_str).collect::<Vec<_>>().join(", ")
}
