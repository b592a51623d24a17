//! [`Link`]: an address that may be handed to a browser.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// A web address that is safe to open: http or https, with a host, without user or password, re-serialised by the URL
/// parser so that it is one word without spaces or control characters and cannot begin with `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Link(String);

impl Link {
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        let web = matches!(url.scheme(), "https" | "http");
        let plain =
            url.username().is_empty() && url.password().is_none() && url.host_str().is_some_and(|h| !h.is_empty());
        (web && plain && url.as_str().len() <= 2_000).then(|| Self(url.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Link {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a web address that may be opened")
    }
}

impl From<Link> for String {
    fn from(link: Link) -> Self {
        link.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_links() {
        for hostile in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "-oProxyCommand=x",
            "https://user:pw@host/",
            "https://",
            "ftp://host/x",
            "",
            "//host/x",
            "/project/x",
        ] {
            assert_eq!(Link::parse(hostile), None, "{hostile}");
        }
        assert_eq!(
            Link::parse("https://host/a b;`id`$(x)\"'").map(String::from).as_deref(),
            Some("https://host/a%20b;%60id%60$(x)%22'")
        );
    }
}
