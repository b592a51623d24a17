//! Debian's order of versions (Debian Policy, section 5.6.12; the same answers as `dpkg --compare-versions`).

use std::cmp::Ordering;

/// Compares two Debian versions: `[epoch:]upstream[-revision]`. Total: text that is no version compares as the upstream
/// part that it would be. Allocates nothing.
pub fn compare(a: &str, b: &str) -> Ordering {
    let ((a_epoch, a_rest), (b_epoch, b_rest)) = (epoch(a.trim()), epoch(b.trim()));
    let ((a_upstream, a_revision), (b_upstream, b_revision)) = (revision(a_rest), revision(b_rest));
    number(a_epoch, b_epoch).then_with(|| part(a_upstream, b_upstream)).then_with(|| part(a_revision, b_revision))
}

/// Whether a text can be one: the letters that Debian Policy, section 5.6.12 allows, as far as dpkg insists on them.
pub fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+~:-".contains(&byte))
}

/// The epoch, and the rest. Without a colon, or with something else than digits before it, there is none.
fn epoch(version: &str) -> (&[u8], &[u8]) {
    match version.split_once(':') {
        Some((epoch, rest)) if !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit()) => {
            (epoch.as_bytes(), rest.as_bytes())
        }
        _ => (b"", version.as_bytes()),
    }
}

/// Upstream version and revision: the last hyphen parts them. No revision is the same as an empty one, or 0.
fn revision(rest: &[u8]) -> (&[u8], &[u8]) {
    match rest.iter().rposition(|byte| *byte == b'-') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, b""),
    }
}

/// Alternates: a run without digits in the order of [`weight`], then a run of digits as a number. An empty run of digits
/// is 0.
fn part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        loop {
            let (x, y) = (a.first().copied(), b.first().copied());
            if !(x.is_some_and(|byte| !byte.is_ascii_digit()) || y.is_some_and(|byte| !byte.is_ascii_digit())) {
                break;
            }
            match weight(x).cmp(&weight(y)) {
                Ordering::Equal => (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default()),
                unequal => return unequal,
            }
        }
        let (a_digits, b_digits) = (digits(a), digits(b));
        match number(&a[..a_digits], &b[..b_digits]) {
            Ordering::Equal => (a, b) = (&a[a_digits..], &b[b_digits..]),
            unequal => return unequal,
        }
    }
    Ordering::Equal
}

/// `~` before the end, the end before letters, letters before everything else.
fn weight(byte: Option<u8>) -> u16 {
    match byte {
        Some(b'~') => 0,
        None | Some(b'0'..=b'9') => 1,
        Some(letter) if letter.is_ascii_alphabetic() => u16::from(letter),
        Some(other) => u16::from(other) + 256,
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Compares digits as numbers of any length.
fn number(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn significant(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|byte| **byte == b'0').count()..]
}

#[cfg(test)]
mod tests;
