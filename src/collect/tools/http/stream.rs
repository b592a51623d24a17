//! Large documents, read while they come: unpacked, counted and parsed piece by piece, so that seventy megabytes are never
//! held.

use std::io::{self, BufRead, ErrorKind, Read};
use std::time::Instant;

use reqwest::Response;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::timeout_at;
use url::Url;

use super::unpacked::{Bounds, Unpacked};
use super::{Fetch, Form, Http, Validators, body, file, folder, trouble};
use crate::collect::tools::contained::contain;
use crate::domain::{Fault, Shown};

/// Pieces that wait for the parser; the connection waits when there are more.
const WAITING: usize = 4;

/// What came back.
#[derive(Debug)]
pub enum Streamed<T> {
    /// 304, or the file's time: what we have is current.
    Unchanged,
    Read {
        value: T,
        validators: Validators,
    },
}

impl Http {
    /// GETs a document, packed as gzip or not, and gives it to `parse` as it comes. A document is read to its end or is a
    /// fault. `cap` counts what comes in, and what it unpacks to; `total` includes the parsing.
    pub async fn stream<T: Send + 'static>(
        &self,
        fetch: Fetch<'_>,
        parse: impl FnOnce(&mut dyn BufRead) -> Result<T, Fault> + Send + 'static,
    ) -> Result<Streamed<T>, Fault> {
        self.streamed(fetch, Folders::Refused, parse).await
    }

    /// The same of an archive; a folder on this machine is read as the archive of its files.
    pub async fn stream_archive<T: Send + 'static>(
        &self,
        fetch: Fetch<'_>,
        parse: impl FnOnce(&mut dyn BufRead) -> Result<T, Fault> + Send + 'static,
    ) -> Result<Streamed<T>, Fault> {
        self.streamed(fetch, Folders::Packed, parse).await
    }

    async fn streamed<T: Send + 'static>(
        &self,
        fetch: Fetch<'_>,
        folders: Folders,
        parse: impl FnOnce(&mut dyn BufRead) -> Result<T, Fault> + Send + 'static,
    ) -> Result<Streamed<T>, Fault> {
        let until = Instant::now() + fetch.total;
        let too_slow = || trouble::too_slow(fetch.url, fetch.total);
        let bounds = Bounds { whose: trouble::host(fetch.url).into(), cap: fetch.cap, until };
        if fetch.url.scheme() == "file" {
            let reading = read_file(&fetch, folders, bounds, parse);
            return timeout_at(until.into(), reading).await.unwrap_or_else(|_| Err(too_slow()));
        }
        let reached = timeout_at(until.into(), self.reach(&fetch, None, Form::Packed, None)).await;
        let Some((response, url)) = reached.unwrap_or_else(|_| Err(too_slow()))? else {
            return Ok(Streamed::Unchanged);
        };
        if response.content_length().is_some_and(|length| length > fetch.cap as u64) {
            return Err(body::too_big(&url, fetch.cap));
        }
        let body::About { validators, content_type } = body::about(&response, &url);
        let origin = origin(content_type.as_deref(), &url);
        let (pieces, incoming) = channel(WAITING);
        let incoming = Incoming { pieces: incoming, piece: Vec::new(), at: 0, ended: false };
        let reading = parsing(incoming, bounds, parse);
        let piped = timeout_at(until.into(), pipe(response, &url, pieces)).await;
        piped.unwrap_or_else(|_| Err(too_slow()))?;
        let read = timeout_at(until.into(), reading).await.unwrap_or_else(|_| Ok(Err(too_slow())));
        let value = read.unwrap_or_else(|_| Err(Fault::passing("reading was broken off")));
        let value = value.map_err(|fault| Fault { said: format!("{} ({origin})", fault.said).into(), ..fault })?;
        Ok(Streamed::Read { value, validators })
    }
}

/// `text/html from www.example.org`.
fn origin(content_type: Option<&str>, url: &Url) -> Shown {
    let kind = content_type.and_then(|kind| kind.split(';').next()).map(str::trim).filter(|kind| !kind.is_empty());
    format!("{} from {}", kind.unwrap_or("no content type"), trouble::host(url)).into()
}

fn parsing<T: Send + 'static>(
    source: impl Read + Send + 'static,
    bounds: Bounds,
    parse: impl FnOnce(&mut dyn BufRead) -> Result<T, Fault> + Send + 'static,
) -> JoinHandle<Result<T, Fault>> {
    tokio::task::spawn_blocking(move || {
        contain("what came", move || Unpacked::new(source, bounds)?.parsed(parse)).and_then(|parsed| parsed)
    })
}

/// What a folder is where a file is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folders {
    Refused,
    Packed,
}

async fn read_file<T: Send + 'static>(
    fetch: &Fetch<'_>,
    folders: Folders,
    bounds: Bounds,
    parse: impl FnOnce(&mut dyn BufRead) -> Result<T, Fault> + Send + 'static,
) -> Result<Streamed<T>, Fault> {
    let path = file::path(fetch.url)?;
    let (url, known, whose) = (fetch.url.clone(), file::known(fetch), file::shown(&path));
    let reading = tokio::task::spawn_blocking(move || {
        let opened = if folders == Folders::Packed && path.is_dir() {
            folder::open(&path, &url, known.as_ref())?.map(|(folder, validators)| (boxed(folder), validators))
        } else {
            file::open(&path, &url, known.as_ref())?.map(|(file, validators)| (boxed(file), validators))
        };
        let Some((source, validators)) = opened else { return Ok(Streamed::Unchanged) };
        let bounds = Bounds { whose, ..bounds };
        let value =
            contain("this file", move || Unpacked::new(source, bounds)?.parsed(parse)).and_then(|parsed| parsed)?;
        Ok(Streamed::Read { value, validators })
    });
    reading.await.unwrap_or_else(|_| Err(Fault::passing("reading the file was broken off")))
}

fn boxed(source: impl Read + 'static) -> Box<dyn Read> {
    Box::new(source)
}

/// Hands the body on. Whoever reads it may stop early, which is not this side's fault.
async fn pipe(mut response: Response, url: &Url, pieces: Sender<Piece>) -> Result<(), Fault> {
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble::body(&error, url))? {
        if pieces.send(Piece::Bytes(chunk.to_vec())).await.is_err() {
            return Ok(());
        }
    }
    // A reader that is gone has its own fault to tell.
    pieces.send(Piece::End).await.ok();
    Ok(())
}

/// A part of a body.
enum Piece {
    Bytes(Vec<u8>),
    /// The body is whole. A connection that broke sends none.
    End,
}

/// The body on the parser's side.
struct Incoming {
    pieces: Receiver<Piece>,
    piece: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => (self.piece, self.at) = (bytes, 0),
                Some(Piece::End) => self.ended = true,
                None => return Err(io::Error::new(ErrorKind::ConnectionAborted, "broken off")),
            }
        }
        let count = buffer.len().min(self.piece.len() - self.at);
        buffer[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
