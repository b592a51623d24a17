//! Moments as people type them on a command line.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::edge::{End, USAGE};
use crate::domain::when::{parse_ahead, parse_past};

pub(super) fn ahead(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, End> {
    parse_ahead(text, zone, now).map_err(|wrong| End::new(USAGE, wrong))
}

pub(super) fn past(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, End> {
    parse_past(text, zone, now).map_err(|wrong| End::new(USAGE, wrong))
}
