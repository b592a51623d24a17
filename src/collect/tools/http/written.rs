//! Addresses as the configuration has them.

use url::Url;

use crate::domain::Shown;

/// Keys in an address that hold secrets. The configuration holds none.
const SECRET_KEYS: [&str; 12] = [
    "token",
    "access_token",
    "private_token",
    "feed_token",
    "auth",
    "key",
    "api_key",
    "apikey",
    "secret",
    "password",
    "passwd",
    "pw",
];

/// An address as somebody wrote it into the configuration: one that may be fetched and may be shown, with no login, and no
/// secret in its query.
pub fn parse_written(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|_| "not an address: write https://… or file:///…".to_owned())?;
    match url.scheme() {
        "https" | "http" if url.host_str().is_some_and(|host| !host.is_empty()) => {}
        "file" if url.to_file_path().is_ok() => {}
        "file" => return Err("a file address is absolute and on this machine: file:///path".to_owned()),
        _ => return Err("an address begins with https://, http:// or file:///".to_owned()),
    }
    let secret = url.query_pairs().find(|(key, _)| SECRET_KEYS.contains(&key.to_ascii_lowercase().as_str()));
    if let Some((key, _)) = secret {
        let key = Shown::line(&key);
        return Err(format!(
            "`{key}=` in an address is a secret, and secrets never stand here: use an address without"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a login in an address is a secret, and secrets never stand here".to_owned());
    }
    Ok(url)
}
