//! [`Record`]: what the entries amount to.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::chain::Head;
use super::entry::{Act, Entry, Envelope};
use crate::domain::{Attested, Presence, Recorded, Shown, Signed};

/// Every decision that was not taken back and every attestation, in the order in which they were made, and each person's
/// last check-in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    pub head: Head,
    pub decisions: Vec<Recorded>,
    pub attested: Vec<Attested>,
    /// Their lines, which are read when they are asked for.
    check_ins: BTreeMap<Shown, (u64, String)>,
    /// Who signed, and when.
    pub signed: Vec<Presence>,
}

/// The entries up to the last one that was written by then. By their order, for a clock may have been wrong.
pub fn until(lines: &[(u64, String)], at: Timestamp) -> &[(u64, String)] {
    let before = |(_, line): &(u64, String)| Envelope::parse(line).is_ok_and(|envelope| envelope.time <= at);
    lines.iter().rposition(before).map_or(&[], |last| &lines[..=last])
}

impl Record {
    /// Takes the next line. A line that can't be read, or does not follow the one before, is told, and does not hide those
    /// after it.
    pub fn take(&mut self, seq: u64, line: &str) -> Result<(), String> {
        let prev = std::mem::replace(&mut self.head, Head::at(seq, line));
        let unusable = |said| format!("entry {seq} of the log can't be used: {said}");
        let envelope = Envelope::parse(line).map_err(unusable)?;
        let broken = !envelope.follows(&prev);
        if broken {
            // Somewhere before, something was changed: nobody knows what, so nothing of it rests anything any more.
            self.decisions.clear();
            self.attested.clear();
            self.check_ins.clear();
            self.signed.clear();
        }
        let told = if broken {
            Err(format!("entry {seq} of the log does not follow the one before: what stands before it does not count"))
        } else {
            Ok(())
        };
        if envelope.is_check_in() {
            self.signed.push(envelope.presence().map_err(unusable)?);
            self.check_ins.insert(envelope.actor, (seq, line.to_owned()));
            return told;
        }
        let entry = envelope.open().map_err(unusable)?;
        let (at, by) = (entry.time, entry.actor);
        match entry.act {
            Act::Decide(decision) => self.decisions.push(Recorded { seq, at, by, decision, agreed: None }),
            Act::Undo(undone) => self.decisions.retain(|one| one.seq != undone.entry || one.by != by),
            Act::Agree(agreed) => self.agree(agreed.entry, &by, at),
            Act::Attest(attestation) => self.attested.push(Attested { seq, at, by, attestation }),
            Act::CheckIn(_) | Act::Action(_) | Act::Other(_) => {}
        }
        told
    }

    /// Only the person who was named may agree, and nobody with themselves.
    fn agree(&mut self, seq: u64, by: &Shown, at: Timestamp) {
        let one = self.decisions.iter_mut().find(|one| one.seq == seq);
        if let Some(one) = one.filter(|one| one.decision.second.as_ref() == Some(by) && one.by != *by) {
            one.agreed.get_or_insert_with(|| (by.clone(), at));
        }
    }

    /// The last decision of this person, which `undo` takes back; with those that they made by the same act, of a row that
    /// stood for many: at the same moment, in the same words. The newest first.
    pub fn last_by(&self, person: &Shown) -> Vec<&Recorded> {
        let mut theirs = self.decisions.iter().rev().filter(|one| one.by == *person);
        let Some(last) = theirs.next() else { return Vec::new() };
        let act = |one: &Recorded| (one.at, one.decision.kind, one.decision.until, one.decision.reason.clone());
        let (same, of_last) = (theirs.take_while(|one| act(one) == act(last)), std::iter::once(last));
        of_last.chain(same).collect()
    }

    /// What this person signed last, if they ever did.
    pub fn last_check_in(&self, person: &Shown) -> Result<Option<Signed>, String> {
        let Some((seq, line)) = self.check_ins.get(person) else { return Ok(None) };
        let unusable = |said| format!("entry {seq} of the log can't be used: {said}");
        let entry = Entry::parse(line).map_err(unusable)?;
        let Act::CheckIn(check_in) = entry.act else { return Ok(None) };
        Ok(Some(Signed { seq: *seq, at: entry.time, by: entry.actor, check_in }))
    }
}
