//! The shared words of the register: servers and persons, as the configuration means them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Declared, DeclaredPort, Shown};

/// An ssh destination that cannot be taken for an option: a host name or alias, with an optional user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination(String);

impl Destination {
    /// Accepts `host`, `user@host` and IP literals. What the user's ssh configuration resolves further is ssh's business.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (user, host) = text.split_once('@').map_or((None, text), |(user, host)| (Some(user), host));
        let host_ok = host.len() <= 253
            && host.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-:".contains(&b))
            && (!host.contains(':') || host.parse::<std::net::Ipv6Addr>().is_ok());
        let user_ok = user.is_none_or(|user| {
            user.len() <= 32
                && user.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
                && user.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b))
        });
        if host_ok && user_ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "`{}` is not an ssh destination: write an alias or host name as in web1 or root@web1.example.org",
                Shown::line(text).cut(80)
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A server of the register, its role's inheritance resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub name: Shown,
    /// `None` is this machine.
    pub ssh: Option<Destination>,
    pub role: Option<Shown>,
    /// The key that may run the probe and nothing else; without it, ssh's own choice.
    pub key: Option<PathBuf>,
    /// Where it may answer, its own or its role's; `None` where nobody wrote it down.
    pub ports: Option<Vec<DeclaredPort>>,
    /// Names or addresses at which others reach it, where that isn't what `ssh` leads to.
    pub addresses: Vec<String>,
    pub sites: Vec<Site>,
    /// Packages that belong to its role; `None` where nobody wrote them down.
    pub packages: Option<Arc<[Shown]>>,
    pub tags: Vec<Shown>,
    pub provider: Option<Shown>,
    /// Servers of one cluster are never worked on together.
    pub cluster: Option<Shown>,
    /// File and line in the configuration.
    pub place: Shown,
}

impl Server {
    /// This machine, for when there is no configuration.
    pub fn local() -> Self {
        Self {
            name: "local".into(),
            ssh: None,
            role: None,
            key: None,
            ports: None,
            addresses: Vec::new(),
            sites: Vec::new(),
            packages: None,
            tags: Vec::new(),
            provider: None,
            cluster: None,
            place: "built in".into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub name: Shown,
    pub root: PathBuf,
}

/// A path on a server: `SERVER:PATH`, or `PATH` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub server: Server,
    pub path: String,
}

/// What every collector may know of the register.
#[derive(Debug, Clone)]
pub struct Register {
    pub servers: Vec<Server>,
    /// Persons, as facts: no collector asks about them, rules do.
    pub persons: Vec<Declared>,
    /// False while there is no configuration at all: then a collector brings what it watches by itself.
    pub configured: bool,
}

impl Register {
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == *name)
    }

    /// `SERVER:PATH` or an absolute `PATH` on this machine.
    pub fn place(&self, text: &str) -> Result<Place, String> {
        if text.starts_with('/') {
            return Ok(Place { server: Server::local(), path: text.to_owned() });
        }
        let (name, path) =
            text.split_once(':').ok_or_else(|| format!("`{text}` is neither an absolute path nor SERVER:PATH"))?;
        let server =
            self.server(name).ok_or_else(|| format!("`{name}` in `{text}` is no [[server]] of the register"))?;
        if !path.starts_with('/') || path.contains('\0') || path.contains('\n') {
            return Err(format!("the path in `{text}` must be absolute"));
        }
        Ok(Place { server: server.clone(), path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_looks_like_an_option_is_a_destination() {
        for hostile in [
            "-oProxyCommand=touch x",
            "-",
            "",
            "a b",
            "a;b",
            "$(id)",
            "`id`",
            "root@-x",
            "-x@host",
            "a\nb",
            "ho/st",
            "@host",
            "user@",
            "a:b",
        ] {
            assert!(Destination::parse(hostile).is_err(), "{hostile}");
        }
        for good in ["web1", "root@web1.example.org", "127.0.0.1", "::1", "_x"] {
            assert!(Destination::parse(good).is_ok(), "{good}");
        }
    }
}
