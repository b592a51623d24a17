//! Reading a body: counted after decompression while it streams, so that neither a hundred megabytes nor a gzip bomb is
//! ever held.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED};
use url::Url;

use super::{Fetched, Validators, digest, trouble};
use crate::domain::Fault;

/// Longest header value that is kept.
const KEPT: usize = 1_024;

/// What a response's headers say of its body.
#[derive(Debug)]
pub(super) struct About {
    pub(super) validators: Validators,
    pub(super) content_type: Option<String>,
}

pub(super) fn about(response: &Response, url: &Url) -> About {
    let header = |name: HeaderName| {
        let value = response.headers().get(name)?.to_str().ok()?;
        (value.len() <= KEPT).then(|| value.to_owned())
    };
    let validators = Validators { etag: header(ETAG), last_modified: header(LAST_MODIFIED), of: Some(digest(url)) };
    About { validators, content_type: header(CONTENT_TYPE) }
}

pub(super) async fn read(mut response: Response, url: Url, cap: usize) -> Result<Fetched, Fault> {
    let About { validators, content_type } = about(&response, &url);
    if response.content_length().is_some_and(|length| length > cap as u64) {
        return Err(too_big(&url, cap));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble::body(&error, &url))? {
        if bytes.len() + chunk.len() > cap {
            return Err(too_big(&url, cap));
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.is_empty() {
        return Err(Fault::new(format!("{} answered with nothing", trouble::host(&url))));
    }
    Ok(Fetched::Body { bytes, validators, url, content_type })
}

pub(super) fn too_big(url: &Url, cap: usize) -> Fault {
    Fault::new(format!("{} sends more than {}", trouble::host(url), trouble::size(cap)))
}
