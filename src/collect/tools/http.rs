//! HTTP, with every limit that a client's defaults leave open.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::Fault;
use crate::domain::facts::Reached;

/// What a server told us about the version that it sent, for asking again (RFC 9110, section 13).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// A document to fetch.
#[derive(Debug)]
pub struct Fetch<'a> {
    pub url: &'a Url,
    pub validators: Option<&'a Validators>,
    /// Most bytes after decompression.
    pub cap: usize,
    /// From the first byte sent to the last one read.
    pub total: Duration,
}

/// What came back.
#[derive(Debug)]
pub enum Fetched {
    /// 304: what we have is current.
    Unchanged,
    Body {
        bytes: Vec<u8>,
        validators: Validators,
        url: Url,
        content_type: Option<String>,
    },
}

/// The HTTP client: one connection pool for everything.
#[derive(Debug, Clone)]
pub struct Http {}

impl Http {
    pub fn new() -> Result<Self, Fault> {
        Ok(Self {})
    }

    /// GETs a document; anything but a whole 2xx body (or 304) is a fault.
    pub async fn fetch(&self, _fetch: Fetch<'_>) -> Result<Fetched, Fault> {
        Err(Fault::new("not built"))
    }

    /// How a URL answers, without following redirects and without its body.
    pub async fn look(&self, _url: &Url, _total: Duration) -> Result<Reached, Fault> {
        Err(Fault::new("not built"))
    }
}
