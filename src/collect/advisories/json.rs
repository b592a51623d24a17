//! JSON out of a stream, and what is wrong with it in words.

use std::io::BufRead;

use serde::de::DeserializeSeed;
use serde_json::error::Category;

use crate::domain::{Fault, Shown};

/// Longest part of a parser's message that is shown: it can quote what it read.
const QUOTED: usize = 160;

/// Reads one whole document with `seed`; `place` says where in it the reading is, for the fault.
pub(super) fn read<'de, S: DeserializeSeed<'de>>(
    source: &mut dyn BufRead,
    seed: S,
    place: impl FnOnce() -> Option<String>,
) -> Result<S::Value, Fault> {
    not_a_page(source)?;
    let mut json = serde_json::Deserializer::from_reader(source);
    let value = seed.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| fault(&error, place()))
}

/// Where data was expected, a web page is what captive portals, logins and error pages send.
pub(super) fn not_a_page(source: &mut dyn BufRead) -> Result<(), Fault> {
    // An error here comes again with the next read, which reports it.
    let start = source.fill_buf().unwrap_or_default().trim_ascii_start();
    if start.starts_with(b"<") {
        return Err(
            Fault::new("a web page instead of data").mend("open the address in a browser: it must show the data")
        );
    }
    Ok(())
}

fn fault(error: &serde_json::Error, place: Option<String>) -> Fault {
    let at = format!("line {}, byte {}", error.line(), error.column());
    let at = place.map_or_else(|| at.clone(), |place| format!("{place} ({at})"));
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    let message = Shown::line(message).cut(QUOTED);
    match error.classify() {
        Category::Eof => Fault::new(format!("ends in the middle, at {at}")),
        Category::Syntax | Category::Io => Fault::new(format!("no JSON at {at}: {message}")),
        Category::Data => Fault::new(format!("not as expected at {at}: {message}")),
    }
}
