//! [`Record`]: what the entries amount to.

use jiff::Timestamp;

use super::chain::Head;
use super::entry::{Act, Entry};
use crate::domain::{Attested, Recorded, Shown, Signed};

/// Every decision that was not taken back, every check-in and attestation, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    pub head: Head,
    pub decisions: Vec<Recorded>,
    pub signed: Vec<Signed>,
    pub attested: Vec<Attested>,
}

impl Record {
    /// Takes the next line. A line that can't be read is told, and does not hide those after it.
    pub fn take(&mut self, seq: u64, line: &str) -> Result<(), String> {
        self.head = Head::at(seq, line);
        let entry = Entry::parse(line).map_err(|said| format!("entry {seq} of the log can't be used: {said}"))?;
        let (at, by) = (entry.time, entry.actor);
        match entry.act {
            Act::Decide(decision) => self.decisions.push(Recorded { seq, at, by, decision, agreed: None }),
            Act::Undo(undone) => self.decisions.retain(|one| one.seq != undone.entry),
            Act::Agree(agreed) => self.agree(agreed.entry, &by, at),
            Act::CheckIn(check_in) => self.signed.push(Signed { seq, at, by, check_in }),
            Act::Attest(attestation) => self.attested.push(Attested { seq, at, by, attestation }),
            Act::Action(_) | Act::Other(_) => {}
        }
        Ok(())
    }

    /// Only the person who was named may agree, and nobody with themselves.
    fn agree(&mut self, seq: u64, by: &Shown, at: Timestamp) {
        let one = self.decisions.iter_mut().find(|one| one.seq == seq);
        if let Some(one) = one.filter(|one| one.decision.second.as_ref() == Some(by) && one.by != *by) {
            one.agreed.get_or_insert_with(|| (by.clone(), at));
        }
    }

    /// The last decision of this person, which `undo` takes back.
    pub fn last_by(&self, person: &Shown) -> Option<&Recorded> {
        self.decisions.iter().rev().find(|one| one.by == *person)
    }

    pub fn last_check_in(&self, person: &Shown) -> Option<&Signed> {
        self.signed.iter().rev().find(|one| one.by == *person)
    }
}
