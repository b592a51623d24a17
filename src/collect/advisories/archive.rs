//! Archives of small files, `tar` in a stream, within bounds. Nothing of them is written anywhere: a path is only a name.

use std::io::{self, BufRead, Read};

use tar::{Archive, Entry, EntryType};

use super::json;
use crate::domain::{Fault, Shown};

/// Most entries, of whatever kind. Drupal's database has some twelve hundred.
pub(super) const ENTRIES: usize = 50_000;
/// Most bytes of one file. Drupal's longest record has 6 kB.
const LONGEST: u64 = 256 << 10;
/// The length of everything in an archive is a multiple of this; two empty ones are its end.
const BLOCK: u64 = 512;

/// Gives every file that `wanted` knows by its path to `take`, or why it cannot be read; the first fault of that ends it.
/// Folders, links, devices and what else an archive may hold are no files.
pub(super) fn read<P>(
    source: &mut dyn BufRead,
    wanted: impl Fn(&str) -> Option<P>,
    mut take: impl FnMut(P, Result<&[u8], Shown>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    json::not_a_page(source)?;
    if source.fill_buf().is_ok_and(|start| start.starts_with(b"PK")) {
        return Err(Fault::new("a zip archive, which is not read here").mend("name the same address with .tar.gz"));
    }
    let mut archive = Archive::new(Ending { source, zeros: 0 });
    for (number, entry) in (1..).zip(archive.entries().map_err(|error| torn(&error, 0))?) {
        if number > ENTRIES {
            return Err(Fault::new(format!("more than {ENTRIES} entries: another archive than was meant")));
        }
        let mut entry = entry.map_err(|error| torn(&error, number))?;
        let Some(place) = file(&entry).and_then(|path| wanted(&path)) else { continue };
        let mut bytes = Vec::new();
        (&mut entry).take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| torn(&error, number))?;
        let long = bytes.len() as u64 > LONGEST;
        take(place, if long { Err("is longer than any such file".into()) } else { Ok(&bytes) })?;
    }
    if archive.into_inner().zeros < BLOCK {
        return Err(Fault::new("the archive ends in the middle: its end mark is missing"));
    }
    Ok(())
}

fn file<R: Read>(entry: &Entry<'_, R>) -> Option<String> {
    let regular = entry.header().entry_type() == EntryType::Regular;
    regular.then(|| String::from_utf8_lossy(&entry.path_bytes()).into_owned())
}

fn torn(error: &io::Error, number: usize) -> Fault {
    let said = Shown::line(&error.to_string()).cut(120);
    Fault::new(format!("no whole tar archive, at its entry {number}: {said}"))
}

/// Remembers how many zeros came last: an archive that was cut between two entries lacks its end mark, and nothing else.
struct Ending<'a> {
    source: &'a mut dyn BufRead,
    zeros: u64,
}

impl Read for Ending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let zeros = buffer[..count].iter().rev().take_while(|byte| **byte == 0).count();
        self.zeros = if zeros == count { self.zeros + zeros as u64 } else { zeros as u64 };
        Ok(count)
    }
}
