//! What a status line and its headers mean: read, unchanged, follow, or a fault in plain words.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Response;
use reqwest::header::{DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use url::Url;

use super::{LONGEST_WAIT, trouble};
use crate::domain::{Fault, Shown};

/// What to do with an answer.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Read,
    Unchanged,
    Follow(Url),
}

/// A fault, and how long the server wants to be left alone.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) fault: Fault,
    pub(super) wait: Option<Duration>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { fault, wait: None }
    }
}

pub(super) fn step(response: &Response, url: &Url, conditional: bool) -> Result<Step, Refusal> {
    step_of(response.status().as_u16(), response.headers(), url, conditional)
}

fn step_of(status: u16, headers: &HeaderMap, url: &Url, conditional: bool) -> Result<Step, Refusal> {
    let host = trouble::host(url);
    match status {
        204 | 205 => Err(Fault::new(format!("{host} answered {status}: nothing there")).into()),
        206 => Err(Fault::new(format!("{host} answered with a part that nobody asked for (206)")).into()),
        200..=299 => Ok(Step::Read),
        304 if conditional => Ok(Step::Unchanged),
        304 => Err(Fault::passing(format!("{host} answered \"unchanged\" (304), but it was not asked whether")).into()),
        301 | 302 | 303 | 307 | 308 => Ok(Step::Follow(target(headers, url)?)),
        401 | 407 => Err(Fault::new(format!("{host} wants credentials ({status})"))
            .mend("use an address that can be read without a login")
            .into()),
        403 => Err(Fault::new(format!("{host} refused us (403)"))
            .mend("open the address in a browser: is it public, and may programs read it?")
            .into()),
        404 | 410 => Err(Fault::new(format!("moved or gone: {host} answered {status}"))
            .mend("look for its new address and change the url")
            .into()),
        429 | 503 if wait(headers).is_some() => Err(busy(status, headers, &host)),
        429 => Err(Fault::new(format!("{host} answered 429: asked too often")).mend("set a longer `every`").into()),
        500..=599 => Err(Fault::passing(format!("{host} answered {status}")).into()),
        _ => Err(Fault::new(format!("{host} answered {status}")).into()),
    }
}

fn busy(status: u16, headers: &HeaderMap, host: &str) -> Refusal {
    let wait = wait(headers);
    let asked = wait.map_or_else(String::new, |wait| format!(" and asks to be left alone for {}", span(wait)));
    Refusal { fault: Fault::new(format!("{host} answered {status}{asked}")), wait }
}

/// `Retry-After` (RFC 9110, section 10.2.3), at most an hour. A date is held against the server's own clock.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = text(headers, RETRY_AFTER)?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(LONGEST_WAIT, Duration::from_secs).min(LONGEST_WAIT));
    }
    let date = |text: &str| rfc2822::parse(text).map(|date| date.timestamp()).ok();
    let until: Timestamp = date(text)?;
    let now = date(text_or_empty(headers, DATE))?;
    Duration::try_from(until.duration_since(now)).ok().map(|wait| wait.min(LONGEST_WAIT))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

fn text_or_empty(headers: &HeaderMap, name: HeaderName) -> &str {
    text(headers, name).unwrap_or_default()
}

/// `90 s`, `12 m`, `1 h`.
pub(super) fn span(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..=99 => format!("{s} s"),
        s @ 100..=3_599 => format!("{} m", s.div_ceil(60)),
        s => format!("{} h", s / 3_600),
    }
}

/// Where a redirect leads, when we may follow it there.
fn target(headers: &HeaderMap, url: &Url) -> Result<Url, Fault> {
    let host = trouble::host(url);
    let location = headers.get(LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let next = location.and_then(|location| url.join(location).ok());
    let next = next.ok_or_else(|| Fault::new(format!("{host} redirects without saying where to")))?;
    if !matches!(next.scheme(), "https" | "http") {
        return Err(Fault::new(format!("{host} redirects to a `{}:` address: not followed", next.scheme())));
    }
    let there = trouble::host(&next);
    if url.scheme() == "https" && next.scheme() == "http" {
        return Err(Fault::new(format!(
            "redirected from https on {host} to unencrypted http on {there}: not followed"
        )));
    }
    if !next.username().is_empty() || next.password().is_some() {
        return Err(Fault::new(format!("{host} redirects to {there} with a login inside the address: not followed")));
    }
    Ok(next)
}

/// Where a redirect points, for people: without query, which may hold a session.
pub(super) fn points_to(response: &Response, url: &Url) -> Option<Shown> {
    let location = response.status().is_redirection().then(|| response.headers().get(LOCATION)).flatten()?;
    let mut next = url.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()?;
    next.set_query(None);
    next.set_fragment(None);
    // Only addresses with a host can hold a login; the others refuse this and have none.
    next.set_username("").ok();
    next.set_password(None).ok();
    Some(Shown::line(next.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn said(status: u16, pairs: &[(HeaderName, &str)]) -> String {
        let url = Url::parse("https://feeds.example.org/x?token=CANARY").unwrap();
        let refusal = step_of(status, &headers(pairs), &url, false).unwrap_err();
        assert!(!format!("{:?}", refusal.fault).contains("CANARY"));
        refusal.fault.said.to_string()
    }

    #[test]
    fn a_server_may_ask_for_an_hour_and_not_more() {
        let waits = |text: &str| wait(&headers(&[(RETRY_AFTER, text), (DATE, "Mon, 23 Nov 2026 08:00:00 GMT")]));
        assert_eq!(waits("120"), Some(Duration::from_secs(120)));
        assert_eq!(waits("999999999"), Some(LONGEST_WAIT));
        assert_eq!(waits("99999999999999999999999999"), Some(LONGEST_WAIT));
        assert_eq!(waits("Mon, 23 Nov 2026 08:05:00 GMT"), Some(Duration::from_secs(300)));
        assert_eq!(waits("Mon, 23 Nov 2099 08:05:00 GMT"), Some(LONGEST_WAIT));
        assert_eq!(waits("Mon, 23 Nov 2020 08:05:00 GMT"), None);
        assert_eq!(waits("soon"), None);
        assert_eq!(
            said(503, &[(RETRY_AFTER, "999999999")]),
            "feeds.example.org answered 503 and asks to be left alone for 1 h"
        );
    }

    #[test]
    fn encryption_is_never_left_and_no_other_scheme_followed() {
        let to = |target: &str| said(302, &[(LOCATION, target)]);
        assert_eq!(
            to("http://plain.example/x?token=CANARY"),
            "redirected from https on feeds.example.org to unencrypted http on plain.example: not followed"
        );
        assert_eq!(to("file:///etc/passwd"), "feeds.example.org redirects to a `file:` address: not followed");
        assert!(to("https://u:p@other.example/").contains("a login inside"));
        assert_eq!(said(302, &[]), "feeds.example.org redirects without saying where to");
        assert!(said(304, &[]).contains("not asked whether"));
        assert!(said(300, &[]).ends_with("answered 300"));
    }
}
