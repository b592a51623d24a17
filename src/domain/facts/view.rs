//! What answers at a server's addresses, tried from where others stand.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::CertificateSeen;
use crate::domain::{Fault, Port, Read, Shown};

/// Who looks at a server, and from which side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewsDeclared {
    /// Who stands outside; `None` when nobody is known to.
    pub outside: Option<Shown>,
    /// Who stands on the VPN.
    pub vpn: Option<Shown>,
}

/// One look at a server from every side there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Views {
    pub views: Vec<View>,
    /// The port where its ssh is, as ssh's own configuration has it; `None` for this machine.
    pub ssh: Option<Port>,
    /// What its declared ports speak, as this console hears it.
    #[serde(default)]
    pub spoken: Vec<Speech>,
    /// Declared ports that are open for this console, and of which it does not know what they speak.
    #[serde(default)]
    pub unheard: Vec<Unheard>,
    /// Why the server did not tell on what it listens, so that only declared and known ports were tried.
    #[serde(default)]
    pub unlisted: Option<Fault>,
}

/// A port that is open and told nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unheard {
    pub port: Port,
    pub why: Shown,
    /// It answers, in none of the protocols that are judged: that it is reachable as declared is all that is promised.
    #[serde(default)]
    pub foreign: bool,
}

impl Views {
    pub fn from_side(&self, side: Side) -> impl Iterator<Item = &View> {
        self.views.iter().filter(move |view| view.side == side)
    }
}

/// Where whoever looks stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Nobody said where: it proves that something answers, never that nothing does.
    Here,
    Outside,
    Vpn,
}

impl Side {
    pub fn word(self) -> &'static str {
        match self {
            Self::Here => "from here",
            Self::Outside => "from outside",
            Self::Vpn => "from the VPN",
        }
    }
}

/// What one looker saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub side: Side,
    /// `this console`, or the server that looked.
    pub by: Shown,
    pub tried: Read<Vec<Tried>>,
}

/// One port at one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    pub port: Port,
    pub address: IpAddr,
    pub answer: PortAnswer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortAnswer {
    /// It took the connection, or answered a datagram.
    Open,
    /// Refused by the server or by something in front of it.
    Refused,
    /// Not a word: filtered, or the server is down. Of a datagram it says even less, since many services answer only
    /// those whom they know.
    Silent,
    /// Something on the way said that it can't be reached.
    Unreachable,
    /// Whoever looked has no way to such an address (no IPv6, often): nothing was tried.
    Unrouted,
}

impl PortAnswer {
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::Unreachable => "unreachable",
            Self::Unrouted => "unrouted",
        }
    }

    pub const ALL: [Self; 5] = [Self::Open, Self::Refused, Self::Silent, Self::Unreachable, Self::Unrouted];
}

/// What one port speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speech {
    pub port: Port,
    pub protocol: Protocol,
    /// Whether it offers to go on encrypted; `None` where there is no such word, or no answer to it.
    pub starttls: Option<bool>,
    /// Where plain http sends people.
    pub redirect: Option<Shown>,
    /// Versions of TLS that it takes and should not.
    pub old: Vec<Shown>,
    /// Of which versions it did not say whether it takes them.
    #[serde(default)]
    pub untold: Vec<Shown>,
    pub certificate: Option<Read<CertificateSeen>>,
    /// The certificate was asked for by a name, against which it can be held.
    pub named: bool,
}

impl Speech {
    pub fn of(port: Port, protocol: Protocol) -> Self {
        let (old, untold) = (Vec::new(), Vec::new());
        Self { port, protocol, starttls: None, redirect: None, old, untold, certificate: None, named: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Ssh,
    Ftp,
    Telnet,
    Smtp,
    Imap,
    Pop3,
    Http,
    Tls,
}

impl Protocol {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Ftp => "ftp",
            Self::Telnet => "telnet",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Http => "http",
            Self::Tls => "TLS",
        }
    }
}
