//! A provider's list that comes page by page, as Hetzner's APIs have it: `meta.pagination.next_page` names the next one.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{Fetch, Fetched, Http, parse_written};
use crate::domain::Fault;

/// Entries asked for at once, and the most pages that a list may have.
const PER_PAGE: u32 = 50;
const MOST: u32 = 200;
/// Of one page.
const CAP: usize = 8 << 20;
const TOTAL: Duration = Duration::from_secs(20);

/// The address of an API as somebody wrote it: what is asked stands below it.
pub fn parse_api(text: &str) -> Result<Url, String> {
    // A base without a slash at its end would lose its last part.
    let base = parse_written(&format!("{}/", text.trim().trim_end_matches('/')))?;
    if base.scheme() == "file" { Err("an API is asked over https://".to_owned()) } else { Ok(base) }
}

impl Http {
    /// Gives every page of a list to `read`. A list that can't be read to its end is a fault.
    ///
    /// `list` is its address below the API's, as in `images?type=backup`.
    pub async fn every_page(
        &self,
        (api, list): (&Url, &str),
        token: &SecretString,
        mut read: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut page = 1;
        loop {
            let mut url = api.join(list).map_err(|error| Fault::new(format!("the address of a page: {error}")))?;
            let (number, count) = (page.to_string(), PER_PAGE.to_string());
            url.query_pairs_mut().append_pair("page", &number).append_pair("per_page", &count);
            let fetch = Fetch { url: &url, validators: None, cap: CAP, total: TOTAL };
            let Fetched::Body { bytes, .. } = self.fetch_as(fetch, token).await? else {
                return Err(Fault::new("the API answered \"unchanged\" to a first question"));
            };
            read(&bytes)?;
            match parse_next(&bytes)? {
                Some(next) if next > page && next <= MOST => page = next,
                Some(next) => {
                    return Err(Fault::new(format!("the API's pages have no end: page {page} points to {next}")));
                }
                None => return Ok(()),
            }
        }
    }
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct Pagination {
    next_page: Option<u32>,
}

/// The number of the page after this one. A list that says nothing of pages has one.
fn parse_next(page: &[u8]) -> Result<Option<u32>, Fault> {
    let said: Said = serde_json::from_slice(page)
        .map_err(|error| Fault::new(format!("whether the API's list goes on can't be read: {error}")))?;
    Ok(said.meta.and_then(|meta| meta.pagination).and_then(|pages| pages.next_page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_named_and_nonsense_is_not_the_last_page() {
        for (said, next) in [
            (r#"{"meta": {"pagination": {"page": 1, "next_page": 2, "last_page": 2}}}"#, Some(2)),
            (r#"{"meta": {"pagination": {"next_page": null}}}"#, None),
            (r#"{"images": [], "meta": {"pagination": null}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(parse_next(said.as_bytes()).unwrap(), next, "{said}");
        }
        for said in ["", "null", r#"{"meta": 7}"#, r#"{"meta": {"pagination": {"next_page": "soon"}}}"#] {
            assert!(parse_next(said.as_bytes()).is_err(), "{said}");
        }
    }

    #[test]
    fn an_apis_address_keeps_its_last_part() {
        for text in ["https://api.example.org/v1", " https://api.example.org/v1/ "] {
            assert_eq!(parse_api(text).unwrap().join("images").unwrap().as_str(), "https://api.example.org/v1/images");
        }
        assert_eq!(parse_api("file:///v1").unwrap_err(), "an API is asked over https://");
    }
}
