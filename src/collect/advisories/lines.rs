//! Text by lines, with their numbers, none longer than is sensible.

use std::io::{BufRead, Read as _};

use super::json::not_a_page;
use crate::domain::Fault;

/// Longest line, in bytes.
const LONGEST: u64 = 64 << 10;

pub(super) struct Lines<'a> {
    source: &'a mut dyn BufRead,
    buffer: Vec<u8>,
    number: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(source: &'a mut dyn BufRead) -> Result<Self, Fault> {
        not_a_page(source)?;
        Ok(Self { source, buffer: Vec::new(), number: 0 })
    }

    /// The next line without its end.
    pub(super) fn next(&mut self) -> Result<Option<&str>, Fault> {
        self.buffer.clear();
        self.number += 1;
        let number = self.number;
        let read = (&mut *self.source).take(LONGEST).read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|error| Fault::new(format!("line {number}: {error}")))?;
        if read as u64 == LONGEST {
            return Err(self.fault("is longer than any line of such a list"));
        }
        let text = std::str::from_utf8(&self.buffer).map_err(|_| self.fault("is no text in UTF-8"))?;
        Ok((read > 0).then(|| text.trim_end_matches(['\n', '\r'])))
    }

    /// Whether the line that was read last has its end. One that was cut off may still read as something else: of a
    /// version only its beginning, which every server is newer than.
    pub(super) fn is_whole(&self) -> bool {
        self.buffer.ends_with(b"\n")
    }

    /// What is wrong with the line that was read last.
    pub(super) fn fault(&self, said: &str) -> Fault {
        Fault::new(format!("line {} {said}", self.number))
    }
}
