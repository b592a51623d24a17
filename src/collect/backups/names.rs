//! Names of snapshots in a folder: rsnapshot's `alpha.0`, and names that carry a date.
//!
//! What a name can't tell is not guessed in a snapshot's favour:
//! - `alpha.0`, `daily.3`: the folder's own time. rsnapshot sets it when a run ends, also one that failed for some hosts.
//! - a date and a time, as in `2026-11-22T0214`: that moment; without an offset, in the operator's zone.
//! - only a date: the entry's own time if that falls on the date or before six of the next morning (a run that began before
//!   midnight), else the first moment of that date: it can't be older, and an entry that somebody touched later must not
//!   pass for a newer one.
//! - a date behind which a half-written copy, a log or a checksum is named (`.part`, `.log`, `.sha256`): not read, but
//!   counted.
//! - two dates: the first. Seconds since 1970, `22-11-2026` and everything else: not read, but counted.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// What a name says of when its snapshot was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// rsnapshot's: nothing but the order.
    Rotated,
    Day(Date),
    Moment(DateTime),
    Exact(Timestamp),
}

impl Stamp {
    /// When the snapshot was made; `modified` is the entry's own time.
    pub fn resolve(self, modified: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Rotated => Some(modified),
            Self::Exact(at) => Some(at),
            Self::Moment(at) => zone.to_timestamp(at).ok(),
            Self::Day(day) => {
                let from = zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
                let until = zone.to_timestamp(day.tomorrow().ok()?.at(6, 0, 0, 0)).ok()?;
                Some(if (from..until).contains(&modified) { modified } else { from })
            }
        }
    }
}

/// When a snapshot was made that the file system dates itself and whose name carries a date as well. A name may be in any
/// zone; one that is older by more than that tells of data that came from elsewhere later.
pub fn not_newer_than_named(at: Timestamp, name: &str, zone: &TimeZone) -> Timestamp {
    let named = parse_name(name, false).and_then(|(stamp, _)| stamp.resolve(at, zone));
    named.filter(|named| at.duration_since(*named) > SignedDuration::from_hours(26)).unwrap_or(at)
}

/// A name that says when: and what stands before the date, `web1` in `web1-2026-11-22.tar.gz`.
pub fn parse_name(name: &str, folder: bool) -> Option<(Stamp, Option<&str>)> {
    if folder && is_rotated(name) {
        return Some((Stamp::Rotated, None));
    }
    find_stamp(name).map(|(start, stamp)| {
        // `start` is the place of an ASCII digit, so it is a boundary.
        let before = name[..start].trim_end_matches(['-', '_', '.', '@', ' ']);
        (stamp, Some(before).filter(|before| !before.is_empty()))
    })
}

fn find_stamp(name: &str) -> Option<(usize, Stamp)> {
    let bytes = name.as_bytes();
    let mut starts =
        (0..bytes.len()).filter(|i| bytes[*i].is_ascii_digit() && (*i == 0 || !bytes[i - 1].is_ascii_digit()));
    starts.find_map(|start| Some((start, parse_stamp(&bytes[start..])?)))
}

/// What half-written copies, and files that lie beside a snapshot, end in.
const BESIDE: [&str; 15] = [
    ".part",
    ".partial",
    ".tmp",
    ".incomplete",
    ".inprogress",
    ".log",
    ".err",
    ".md5",
    ".sha1",
    ".sha256",
    ".sha512",
    ".asc",
    ".sig",
    "~",
    ".filepart",
];

/// Whether a name is that of no finished snapshot, whatever date it carries.
pub fn is_beside(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    BESIDE.iter().any(|end| name.ends_with(end))
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What a name has in common with those of other days: `shop-*.sql.gz`. The time ends at the first word behind it that is
/// no weekday.
pub fn undated(name: &str) -> Option<String> {
    let (start, _) = find_stamp(name)?;
    let bytes = name.as_bytes();
    let is_word = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_alphabetic);
    let mut end = start;
    while end < bytes.len() {
        let word = bytes[end..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        // Letters on their own are part of a time, as in T0214Z.
        let weekday = || {
            WEEKDAYS.iter().any(|day| [*day, &day[..3]].contains(&name[end..end + word].to_ascii_lowercase().as_str()))
        };
        if word > 1 && !weekday() {
            break;
        }
        end += word.max(1);
    }
    let separated = end > start && end < bytes.len() && bytes[end - 1].is_ascii_punctuation() && is_word(end);
    Some(format!("{}*{}", &name[..start], &name[end - usize::from(separated)..]))
}

/// `alpha.0`, but not `_delete.2214`, which rsnapshot is about to remove.
fn is_rotated(name: &str) -> bool {
    let Some((interval, number)) = name.split_once('.') else { return false };
    interval.starts_with(|c: char| c.is_ascii_alphabetic())
        && interval.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        && (1..=4).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads along a name; every step takes what it understood off the front.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn number(&mut self, digits: usize) -> Option<i16> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        if !number.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some(number.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0')))
    }

    fn any_of(&mut self, marks: &[u8]) -> Option<u8> {
        let (mark, rest) = self.0.split_first()?;
        marks.contains(mark).then(|| {
            self.0 = rest;
            *mark
        })
    }

    fn ends_number(self) -> bool {
        !self.0.first().is_some_and(u8::is_ascii_digit)
    }
}

fn parse_stamp(bytes: &[u8]) -> Option<Stamp> {
    let mut rest = Rest(bytes);
    let year = rest.number(4).filter(|year| (1990..2200).contains(year))?;
    let separator = rest.any_of(b"-_.");
    let month = rest.number(2)?;
    if let Some(separator) = separator {
        rest.any_of(&[separator])?;
    }
    let day = rest.number(2)?;
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    // Digits may follow at once only when the date has no separators either: 20261122021400.
    let glued = !rest.ends_number();
    if glued && separator.is_some() {
        return None;
    }
    match parse_time(rest, glued) {
        Some((time, offset)) => {
            let moment = date.to_datetime(time);
            Some(match offset {
                Some(offset) => Stamp::Exact(offset.to_timestamp(moment).ok()?),
                None => Stamp::Moment(moment),
            })
        }
        None => (!glued).then_some(Stamp::Day(date)),
    }
}

/// `T0214`, `-02-14-00`, ` 02:14:00.5+01:00`, `_021400Z`.
fn parse_time(mut rest: Rest<'_>, glued: bool) -> Option<(Time, Option<Offset>)> {
    if !glued {
        rest.any_of(b"Tt-_.@ ")?;
    }
    let hour = rest.number(2)?;
    let separator = rest.any_of(b":-_.h");
    let minute = rest.number(2)?;
    let mut second = 0;
    let mut ahead = rest;
    if separator.is_none_or(|separator| ahead.any_of(&[separator]).is_some())
        && let Some(read) = ahead.number(2)
    {
        second = read;
        rest = ahead;
    }
    if !rest.ends_number() {
        return None;
    }
    let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, 0).ok()?;
    Some((time, parse_offset(rest)))
}

fn parse_offset(mut rest: Rest<'_>) -> Option<Offset> {
    // A fraction of a second is nothing to a slot.
    let mut ahead = rest;
    if ahead.any_of(b".,").is_some() && ahead.number(1).is_some() {
        while ahead.number(1).is_some() {}
        rest = ahead;
    }
    match rest.any_of(b"Zz+-")? {
        b'Z' | b'z' => {
            let ends = !rest.0.first().is_some_and(u8::is_ascii_alphanumeric);
            ends.then_some(Offset::UTC)
        }
        sign => {
            let hours = rest.number(2)?;
            rest.any_of(b":");
            let minutes = rest.number(2)?;
            if hours > 14 || minutes > 59 || !rest.ends_number() {
                return None;
            }
            let seconds = i32::from(hours) * 3_600 + i32::from(minutes) * 60;
            Offset::from_seconds(if sign == b'-' { -seconds } else { seconds }).ok()
        }
    }
}
