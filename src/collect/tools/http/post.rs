//! Telling a server something: one POST of JSON, encrypted or to this machine itself, and no redirect followed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Credential, Form, Http, is_here, trouble};
use crate::domain::{Fault, Shown};

/// What is told to whom.
#[derive(Debug)]
pub struct Post<'a> {
    pub url: &'a Url,
    /// JSON.
    pub body: String,
    pub proof: Option<Proof>,
    pub total: Duration,
}

/// By what the receiver knows that it is us.
#[derive(Debug)]
pub enum Proof {
    /// `Authorization: Bearer`.
    Bearer(SecretString),
    /// The headers of <https://www.standardwebhooks.com>: an id, the time, and an HMAC-SHA256 of both and the body.
    Signed { secret: SecretString, at: Timestamp },
}

impl Http {
    /// POSTs; anything but a 2xx is a fault, which names the host and never the path: that may be a secret.
    pub async fn post(&self, post: Post<'_>) -> Result<(), Fault> {
        if post.url.scheme() != "https" && !is_here(post.url) {
            return Err(Fault::new(format!("{}: this is not sent unencrypted", trouble::host(post.url)))
                .mend("write an https address"));
        }
        self.is_welcome(post.url)?;
        let client = self.named(post.url, Form::Unpacked)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match &post.proof {
            Some(Proof::Bearer(token)) => {
                headers.insert(AUTHORIZATION, Credential::bearer(token)?.header);
            }
            Some(Proof::Signed { secret, at }) => sign(&mut headers, secret, *at, &post.body)?,
            None => {}
        }
        let request = client.post(post.url.clone()).headers(headers).body(post.body);
        let answer =
            async { request.send().await.map_err(|error| trouble::fault(&error, post.url, self.shared.patience)) };
        let answer = tokio::time::timeout(post.total, answer).await;
        let response = answer.unwrap_or_else(|_| Err(trouble::too_slow(post.url, post.total)))?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status @ (401 | 403) => Err(Fault::new(format!("{} refused us ({status})", trouble::host(post.url)))
                .mend("store a valid token or secret where the channel points to")),
            status @ 300..=399 => Err(Fault::new(format!("{} sends us elsewhere ({status})", trouble::host(post.url)))
                .mend("write the address where it ends")),
            status @ (429 | 500..=599) => Err(Fault::passing(format!("{} answered {status}", trouble::host(post.url)))),
            status => Err(Fault::new(format!("{} answered {status}", trouble::host(post.url)))
                .mend("check the address of the channel")),
        }
    }
}

/// `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,BASE64`.
fn sign(headers: &mut HeaderMap, secret: &SecretString, at: Timestamp, body: &str) -> Result<(), Fault> {
    let text = secret.expose_secret();
    let key = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok().filter(|key| key.len() >= 16);
    let key = key.ok_or_else(|| {
        Fault::new("the webhook's secret is not `whsec_` and base64 of at least 16 bytes")
            .mend("make one with: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\"")
    })?;
    // Two channels may lead to one receiver, which takes one message of each id.
    let body_id = URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..9]);
    let (id, time) = (format!("msg_{}_{body_id}", at.as_millisecond()), at.as_second().to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| Fault::new("the webhook's secret can't be used"))?;
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    for (name, value) in [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)] {
        let value = HeaderValue::from_str(&value).map_err(|_| Fault::new(Shown::line("a header can't be made")))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(())
}
