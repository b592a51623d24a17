//! [`Interface`]: the management interface of an OpenVPN server; [`VpnSession`], what can be ended through it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;

use super::facts::VpnClient;
use super::register::Server;
use super::{SecretRef, Shown};

/// Where a management interface listens: on its own machine, never elsewhere, since it speaks in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Management {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// Everything that it takes to speak with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The `[[vpn]]`.
    pub vpn: Shown,
    /// The machine on which it listens.
    pub server: Server,
    pub at: Management,
    pub password: Option<SecretRef>,
}

/// One client's session on an OpenVPN server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpnSession {
    pub common_name: Shown,
    /// With the port.
    pub from: Shown,
    pub since: Option<Timestamp>,
    /// OpenVPN's number of it, which no other session gets until the server starts again.
    pub id: u64,
}

impl VpnSession {
    /// `None` for one that is not connected, or that OpenVPN (before 2.4) does not number.
    pub fn of(client: &VpnClient) -> Option<Self> {
        let id = client.id.filter(|_| client.connected())?;
        let (common_name, from) = (client.common_name.clone(), client.real_address.clone());
        Some(Self { common_name, from, since: client.since, id })
    }

    /// The command that ends it, in management-notes.txt's words. Its number alone: a name is whatever its certificate says.
    pub fn command(&self) -> Vec<Shown> {
        vec!["client-kill".into(), self.id.to_string().into()]
    }
}

impl fmt::Display for Management {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.server.ssh {
            Some(_) => write!(f, "{}:{}", self.server.name, self.at),
            None => self.at.fmt(f),
        }
    }
}

impl Management {
    /// Reads `unix:/run/openvpn/gate.sock` or `tcp:127.0.0.1:7505`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = Shown::line(text).cut(80);
        match text.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') && !path.contains('\0') => Ok(Self::Unix(path.into())),
            Some(("tcp", address)) => match address.parse::<SocketAddr>() {
                Ok(address) if address.ip().is_loopback() && address.port() != 0 => Ok(Self::Tcp(address)),
                Ok(address) if !address.ip().is_loopback() => Err(format!(
                    "`{shown}` is not on its own machine: the management interface speaks in clear, only 127.0.0.0/8 and \
                     ::1 are asked; elsewhere, write `SERVER:tcp:127.0.0.1:PORT`"
                )),
                _ => Err(format!("`{shown}` is not tcp:ADDRESS:PORT, as in tcp:127.0.0.1:7505")),
            },
            _ => {
                Err(format!("`{shown}` is neither unix:/PATH nor tcp:127.0.0.1:PORT, nor one of these behind SERVER:"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_machine_is_asked() {
        for good in ["unix:/run/openvpn/gate.sock", "tcp:127.0.0.1:7505", "tcp:127.8.9.1:1", "tcp:[::1]:7505"] {
            assert_eq!(Management::parse(good).unwrap().to_string(), good);
        }
        for (bad, said) in [
            ("tcp:192.0.2.1:7505", "is not on its own machine"),
            ("tcp:0.0.0.0:7505", "is not on its own machine"),
            ("tcp:[2001:db8::1]:7505", "is not on its own machine"),
            ("tcp:127.0.0.1:0", "is not tcp:ADDRESS:PORT"),
            ("tcp:localhost:7505", "is not tcp:ADDRESS:PORT"),
            ("tcp:127.0.0.1", "is not tcp:ADDRESS:PORT"),
            ("unix:gate.sock", "neither"),
            ("unix:", "neither"),
            ("/run/openvpn/gate.sock", "neither"),
            ("", "neither"),
            ("tcp:evil\u{1b}[2J", "evil␛[2J"),
        ] {
            let message = Management::parse(bad).unwrap_err();
            assert!(message.contains(said), "{bad}: {message}");
        }
    }

    #[test]
    fn no_name_reaches_the_command_and_nobody_is_ended_who_is_not_connected() {
        let mut client = VpnClient {
            common_name: "-x\" 7, kill all\nsignal SIGTERM".into(),
            username: None,
            real_address: "192.0.2.1:4711".into(),
            virtual_addresses: vec!["10.8.0.3".into()],
            since: None,
            bytes_received: 0,
            bytes_sent: 0,
            id: Some(5),
        };
        let session = VpnSession::of(&client).unwrap();
        assert_eq!(session.command(), ["client-kill", "5"]);
        client.virtual_addresses.clear();
        assert_eq!(VpnSession::of(&client), None);
    }
}
