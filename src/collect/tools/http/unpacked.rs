//! [`Unpacked`]: a body as its parser reads it, unpacked on the way, every byte counted on both sides.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::rc::Rc;
use std::time::Instant;

use flate2::bufread::MultiGzDecoder;

use super::trouble::size;
use crate::domain::{Fault, Shown};

/// Read at once.
const PIECE: usize = 64 << 10;
/// No list that is worth reading packs better than this; what does is made to fill memories.
const RATIO: u64 = 200;
/// Below this much, the ratio says nothing.
const SMALL: u64 = 1 << 20;
/// A gzip file sent with gzip encoding. Nobody packs more often than that.
const LAYERS: usize = 2;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a body may take.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    /// Who sends it, for the fault.
    pub(super) whose: Shown,
    /// Most bytes, packed or unpacked.
    pub(super) cap: usize,
    pub(super) until: Instant,
}

/// What was counted, and what broke.
#[derive(Default)]
struct Tally {
    packed: Cell<u64>,
    unpacked: Cell<u64>,
    broke: RefCell<Option<Fault>>,
}

impl Tally {
    /// Ends the reading with a fault, which outlives what the parser makes of it.
    fn breaks(&self, fault: Fault) -> io::Error {
        self.broke.borrow_mut().get_or_insert(fault);
        io::Error::other("broken off")
    }
}

/// A reader of unpacked bytes. Reading it to its end is what proves that nothing is missing.
pub(super) struct Unpacked {
    inner: Box<dyn BufRead>,
    tally: Rc<Tally>,
}

impl Unpacked {
    pub(super) fn new(source: impl Read + 'static, bounds: Bounds) -> Result<Self, Fault> {
        let tally = Rc::new(Tally::default());
        let whose = bounds.whose.clone();
        let source = Packed { source, bounds: bounds.clone(), tally: Rc::clone(&tally) };
        let mut inner: Box<dyn BufRead> = Box::new(BufReader::with_capacity(PIECE, source));
        let failed = |error: &io::Error| tally.broke.take().unwrap_or_else(|| broken(&whose, error, 0));
        for _ in 0..LAYERS {
            let start = inner.fill_buf().map_err(|error| failed(&error))?;
            if start.is_empty() {
                return Err(Fault::new(format!("{whose} answered with nothing")));
            }
            if !start.starts_with(&GZIP) {
                break;
            }
            inner = Box::new(BufReader::with_capacity(PIECE, MultiGzDecoder::new(inner)));
        }
        let counted = Counted { source: inner, bounds, tally: Rc::clone(&tally) };
        Ok(Self { inner: Box::new(BufReader::with_capacity(PIECE, counted)), tally })
    }

    /// Parses it, and reads what is left: only a body that ended as it should was a whole one.
    pub(super) fn parsed<T>(mut self, parse: impl FnOnce(&mut dyn BufRead) -> Result<T, Fault>) -> Result<T, Fault> {
        let parsed = parse(&mut self.inner).and_then(|value| match io::copy(&mut self.inner, &mut io::sink()) {
            Ok(_) => Ok(value),
            Err(error) => Err(Fault::new(format!("not read to its end: {error}"))),
        });
        match self.tally.broke.take() {
            Some(fault) => Err(fault),
            None => parsed,
        }
    }
}

/// What comes in.
struct Packed<R> {
    source: R,
    bounds: Bounds,
    tally: Rc<Tally>,
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Bounds { whose, cap, until } = &self.bounds;
        if Instant::now() > *until {
            return Err(self.tally.breaks(Fault::passing(format!("{whose}: not read within its time"))));
        }
        let count = self.source.read(buffer)?;
        let packed = self.tally.packed.get() + count as u64;
        self.tally.packed.set(packed);
        if packed > *cap as u64 {
            return Err(self.tally.breaks(Fault::new(format!("{whose} sends more than {}", size(*cap)))));
        }
        Ok(count)
    }
}

/// What comes out.
struct Counted {
    source: Box<dyn BufRead>,
    bounds: Bounds,
    tally: Rc<Tally>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Bounds { whose, cap, .. } = &self.bounds;
        let before = self.tally.unpacked.get();
        let count = match self.source.read(buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) => return Err(self.tally.breaks(broken(whose, &error, before))),
        };
        let unpacked = before + count as u64;
        self.tally.unpacked.set(unpacked);
        if unpacked > *cap as u64 {
            return Err(self.tally.breaks(Fault::new(format!("{whose}: more than {} when unpacked", size(*cap)))));
        }
        if unpacked > SMALL && unpacked / RATIO > self.tally.packed.get() {
            let said = format!("{whose}: unpacks to more than {RATIO} times its size: made to fill a memory, not read");
            return Err(self.tally.breaks(Fault::new(said)));
        }
        Ok(count)
    }
}

fn broken(whose: &Shown, error: &io::Error, after: u64) -> Fault {
    let what = match error.kind() {
        ErrorKind::UnexpectedEof => "ends in the middle".to_owned(),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => format!("cannot be unpacked ({error})"),
        _ => return Fault::passing(format!("{whose} cannot be read: {error}")),
    };
    Fault::new(format!("{whose}: its packed data {what}, after {after} unpacked bytes"))
}
