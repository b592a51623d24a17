//! An entry of the log as a line for people.

use jiff::tz::TimeZone;

use crate::log::{Act, Entry};

/// `  12  Mon 23 Nov 2026 08:04  roman  accepted advisories/DSA-6321-1 until …: "vendor ships on Friday"`.
pub fn entry(seq: u64, line: &str, signed: bool, zone: &TimeZone) -> String {
    let entry = match Entry::parse(line) {
        Ok(entry) => entry,
        Err(said) => return format!("{seq:>5}  {said}\n"),
    };
    let time = |at: jiff::Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%a %d %b %Y %H:%M").to_string();
    let said = match &entry.act {
        Act::Decide(decision) => {
            let to = decision.to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
            let second = decision.second.as_ref().map_or_else(String::new, |who| format!(", if {who} agrees"));
            format!(
                "{} {}{}{to} until {}{second}: \"{}\"",
                decision.kind.done(),
                decision.key,
                decision.extent.said(),
                time(decision.until),
                decision.reason
            )
        }
        Act::Undo(undone) => format!("took back entry {}", undone.entry),
        Act::Agree(agreed) => format!("agreed with entry {}", agreed.entry),
        Act::CheckIn(check_in) => {
            let note = if check_in.note.is_empty() { String::new() } else { format!(": \"{}\"", check_in.note) };
            let whom = check_in.stands_for.as_ref().map_or_else(String::new, |whom| format!(" in place of {whom}"));
            format!("checked in{whom}, {} open{note}", check_in.open.len())
        }
        Act::Attest(attested) => {
            format!(
                "attested {} of {} until {}: \"{}\"",
                attested.measure,
                attested.subject,
                time(attested.until),
                attested.note
            )
        }
        Act::Action(deed) => {
            let plural = if deed.targets.len() == 1 { "server" } else { "servers" };
            format!("{} on {} {plural}: {}", deed.action, deed.targets.len(), deed.outcome)
        }
        Act::Other(kind) => format!("{kind} (of a newer version)"),
    };
    let mark = if signed { "  [signed]" } else { "" };
    format!("{seq:>5}  {}  {}  {}{mark}\n", time(entry.time), entry.actor, said.replace('\n', " "))
}
