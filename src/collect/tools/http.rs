//! HTTP, with every limit that a client's defaults leave open: deadlines for connecting, for silence and for the whole;
//! a cap that counts after decompression; redirects that never leave encryption and never reach into this network.
//!
//! No proxy, cookie, `Referer` or credential is ever sent, but a token by [`Http::fetch_as`]. Faults name the host, never
//! the query.

mod address;
mod body;
mod credential;
mod file;
mod folder;
mod pages;
mod post;
mod status;
mod stream;
mod trouble;
mod trust;
mod unpacked;
mod written;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
};
use reqwest::{Client, Response};
use rustls::ClientConfig;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::domain::Fault;
use crate::domain::facts::Reached;
use address::{Realm, Resolver};
use status::Step;

pub use credential::{Credential, Fingerprint};
pub use pages::parse_api;
pub use post::{Post, Proof};
pub use stream::Streamed;
pub use written::parse_written;

/// Redirects followed for one document.
const REDIRECTS: usize = 5;
/// The longest that a server may ask us to stay away (`Retry-After`).
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// What a server told us about the version that it sent, for asking again (RFC 9110, section 13).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// SHA-256 of the address that they belong to: after a redirect elsewhere they say nothing.
    #[serde(default)]
    pub of: Option<String>,
}

impl Validators {
    fn belong_to(&self, url: &Url) -> bool {
        self.of.as_ref().is_none_or(|of| *of == digest(url))
    }
}

/// A document to fetch.
#[derive(Debug)]
pub struct Fetch<'a> {
    /// `http`, `https` or `file`.
    pub url: &'a Url,
    pub validators: Option<&'a Validators>,
    /// Most bytes after decompression.
    pub cap: usize,
    /// From the first byte sent to the last one read.
    pub total: Duration,
}

/// What came back.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Fetched {
    /// 304: what we have is current.
    Unchanged,
    Body {
        bytes: Vec<u8>,
        validators: Validators,
        /// Where it came from in the end.
        url: Url,
        content_type: Option<String>,
    },
}

/// How a body reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Unpacked by the client, and held as a whole.
    Unpacked,
    /// As it was sent.
    Packed,
}

/// How long single steps may take; the whole has its own deadline in [`Fetch`].
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To resolve the name, connect and agree on encryption.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), idle: Duration::from_secs(10) }
    }
}

/// The HTTP client: one connection pool for everything.
#[derive(Debug, Clone)]
pub struct Http {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    patience: Patience,
    /// Reads the system's certificate authorities when it is first needed, not at start.
    trust: OnceLock<trust::Trust>,
    /// For addresses that the configuration names.
    named: OnceLock<Result<Client, Fault>>,
    /// The same, for what is unpacked as it comes: this client leaves it packed.
    packed: OnceLock<Result<Client, Fault>>,
    /// Who asked us to stay away, by origin, until when.
    waits: Mutex<HashMap<String, Instant>>,
}

impl Http {
    pub fn new() -> Result<Self, Fault> {
        Ok(Self::patient(Patience::default()))
    }

    /// With other deadlines for its single steps.
    pub fn patient(patience: Patience) -> Self {
        let (trust, waits) = (OnceLock::new(), Mutex::new(HashMap::new()));
        let shared = Shared { patience, trust, named: OnceLock::new(), packed: OnceLock::new(), waits };
        Self { shared: Arc::new(shared) }
    }

    /// GETs a document; anything but a whole 2xx body (or a 304 to validators that we sent) is a fault.
    pub async fn fetch(&self, fetch: Fetch<'_>) -> Result<Fetched, Fault> {
        if fetch.url.scheme() == "file" {
            return file::fetch(&fetch).await;
        }
        let followed = tokio::time::timeout(fetch.total, self.follow(&fetch, None, None)).await;
        followed.unwrap_or_else(|_| Err(trouble::too_slow(fetch.url, fetch.total)))
    }

    /// As [`Http::fetch`], with a token that only the origin of this very address is shown, and nobody unencrypted but
    /// this machine itself.
    pub async fn fetch_as(&self, fetch: Fetch<'_>, token: &SecretString) -> Result<Fetched, Fault> {
        self.fetch_by(fetch, &Credential::bearer(token)?).await
    }

    /// The same with what the server wants instead of a bearer's token, and perhaps the one certificate that it may have.
    pub async fn fetch_by(&self, fetch: Fetch<'_>, credential: &Credential) -> Result<Fetched, Fault> {
        if fetch.url.scheme() != "https" && !is_here(fetch.url) {
            return Err(Fault::new(format!("{}: a token is not sent unencrypted", trouble::host(fetch.url)))
                .mend("write an https address"));
        }
        let followed = tokio::time::timeout(fetch.total, self.follow(&fetch, None, Some(credential))).await;
        followed.unwrap_or_else(|_| Err(trouble::too_slow(fetch.url, fetch.total)))
    }

    /// How a URL answers, without following redirects and without its body.
    pub async fn look(&self, url: &Url, total: Duration) -> Result<Reached, Fault> {
        let started = Instant::now();
        let client = self.named(url, Form::Unpacked)?;
        let response = tokio::time::timeout(total, self.send(&client, url, HeaderMap::new())).await;
        let response = response.unwrap_or_else(|_| Err(trouble::too_slow(url, total)))?;
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Reached { status: response.status().as_u16(), took_ms, redirect: status::points_to(&response, url) })
    }

    async fn follow(
        &self,
        fetch: &Fetch<'_>,
        home: Option<Realm>,
        credential: Option<&Credential>,
    ) -> Result<Fetched, Fault> {
        match self.reach(fetch, home, Form::Unpacked, credential).await? {
            Some((response, url)) => body::read(response, url, fetch.cap).await,
            None => Ok(Fetched::Unchanged),
        }
    }

    /// Asks, and follows redirects up to an answer with a body; `None`: what we have is current. `home` is the realm that
    /// redirects may lead into besides the public one; `None` until the configured address has answered and shown it.
    async fn reach(
        &self,
        fetch: &Fetch<'_>,
        mut home: Option<Realm>,
        form: Form,
        credential: Option<&Credential>,
    ) -> Result<Option<(Response, Url)>, Fault> {
        let mut url = fetch.url.clone();
        for _ in 0..=REDIRECTS {
            self.is_welcome(&url)?;
            let client = match home {
                None => self.first(&url, form, credential)?,
                Some(home) => self.redirected(&url, home, form)?,
            };
            let mut headers = conditions(fetch.validators.filter(|validators| validators.belong_to(&url)));
            let conditional = !headers.is_empty();
            if form == Form::Packed {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            }
            let credential = credential.filter(|_| url.origin() == fetch.url.origin());
            if let Some(credential) = credential {
                headers.insert(AUTHORIZATION, credential.header.clone());
            }
            let response = self.send(&client, &url, headers).await?;
            if let (Some(credential), status @ (401 | 403)) = (credential, response.status().as_u16()) {
                let said = format!("{} refused the token ({status})", trouble::host(&url));
                return Err(Fault::new(said).mend(credential.mend.clone()));
            }
            let peer = response.remote_addr().map_or(Realm::Odd, |peer| Realm::of(peer.ip()));
            home = home.or(Some(peer));
            match status::step(&response, &url, conditional) {
                Ok(Step::Read) => return Ok(Some((response, url))),
                Ok(Step::Unchanged) => return Ok(None),
                Ok(Step::Follow(next)) => url = next,
                Err(refusal) => return Err(self.remember(&url, refusal)),
            }
        }
        Err(Fault::new(format!("{} redirects in a circle: more than {REDIRECTS} times", trouble::host(fetch.url)))
            .mend("open the address in a browser and write the one where it ends"))
    }

    async fn send(&self, client: &Client, url: &Url, headers: HeaderMap) -> Result<Response, Fault> {
        let request = client.get(url.clone()).headers(headers).header(ACCEPT, "*/*");
        request.send().await.map_err(|error| trouble::fault(&error, url, self.shared.patience))
    }

    /// The client for the address that was asked for: one of its own where its certificate is known.
    fn first(&self, url: &Url, form: Form, credential: Option<&Credential>) -> Result<Client, Fault> {
        match credential.and_then(|credential| credential.pin.clone()) {
            Some(pin) if url.scheme() == "https" => self.client_with(None, form, trust::pinned(pin)),
            _ => self.named(url, form),
        }
    }

    /// The client for an address that the configuration names: it may be anywhere.
    fn named(&self, url: &Url, form: Form) -> Result<Client, Fault> {
        self.speaks(url)?;
        let client = match form {
            Form::Unpacked => &self.shared.named,
            Form::Packed => &self.shared.packed,
        };
        client.get_or_init(|| self.client(None, form)).clone()
    }

    /// A client for an address that a server named: it may be public, or in the realm that the first address was in.
    fn redirected(&self, url: &Url, home: Realm, form: Form) -> Result<Client, Fault> {
        self.speaks(url)?;
        address::check(url, home)?;
        self.client(Some(home), form)
    }

    fn speaks(&self, url: &Url) -> Result<(), Fault> {
        match url.scheme() {
            "http" => Ok(()),
            "https" => self.trust().missing.clone().map_or(Ok(()), Err),
            other => Err(Fault::new(format!("`{other}:` is no address to fetch from"))
                .mend("write an https, http or file address")),
        }
    }

    fn trust(&self) -> &trust::Trust {
        self.shared.trust.get_or_init(trust::read_system)
    }

    fn client(&self, home: Option<Realm>, form: Form) -> Result<Client, Fault> {
        self.client_with(home, form, self.trust().config.clone())
    }

    fn client_with(&self, home: Option<Realm>, form: Form, trust: ClientConfig) -> Result<Client, Fault> {
        let Patience { connect, idle } = self.shared.patience;
        Client::builder()
            .user_agent(concat!("matins/", env!("CARGO_PKG_VERSION")))
            .referer(false)
            .no_proxy()
            .gzip(form == Form::Unpacked)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(connect)
            .read_timeout(idle)
            .dns_resolver(Resolver::new(home))
            .tls_backend_preconfigured(trust)
            .build()
            .map_err(|error| Fault::new(format!("no HTTP client: {}", error.without_url())))
    }

    /// A server that asked for peace is not asked again before its time.
    fn is_welcome(&self, url: &Url) -> Result<(), Fault> {
        let waits = self.shared.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let left = waits.get(&origin(url)).and_then(|until| until.checked_duration_since(Instant::now()));
        left.map_or(Ok(()), |left| {
            Err(Fault::new(format!("{} asked to be left alone: {} to go", trouble::host(url), status::span(left))))
        })
    }

    fn remember(&self, url: &Url, refusal: status::Refusal) -> Fault {
        if let Some(until) = refusal.wait.and_then(|wait| Instant::now().checked_add(wait)) {
            self.shared.waits.lock().unwrap_or_else(PoisonError::into_inner).insert(origin(url), until);
        }
        refusal.fault
    }
}

/// Whether an address is this very machine: to it alone something may be told unencrypted.
pub fn is_here(url: &Url) -> bool {
    url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"))
}

fn conditions(validators: Option<&Validators>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let both = validators.map_or([None, None], |v| [v.etag.as_deref(), v.last_modified.as_deref()]);
    for (name, value) in [IF_NONE_MATCH, IF_MODIFIED_SINCE].into_iter().zip(both) {
        // What a header can't carry was not sent by a server either: then we ask without it.
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn digest(url: &Url) -> String {
    hex(&Sha256::digest(url.as_str()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

#[cfg(test)]
mod tests;
