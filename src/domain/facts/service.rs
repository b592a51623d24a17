//! Approved services: what was agreed, and how they answer.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{Link, Period, Read, Shown};

/// What the register says of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDeclared {
    pub url: Option<Link>,
    pub owner: Option<Shown>,
    pub purpose: Option<Shown>,
    /// Kinds of data that it processes.
    pub data: Vec<Shown>,
    /// When the data processing agreement was made.
    pub agreement: Option<Date>,
    /// How often the agreement is reviewed.
    pub review: Option<Period>,
}

/// One look at a service's URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// The URL that was looked at. Not the register's any more: the look says nothing of the service.
    pub url: Link,
    pub reached: Read<Reached>,
    /// `None` for plain http.
    pub certificate: Option<Read<CertificateSeen>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    pub status: u16,
    pub took_ms: u64,
    /// Where it redirects to, when it does.
    pub redirect: Option<Shown>,
}

/// A certificate as the server presented it, read also when it does not verify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSeen {
    pub subject: Shown,
    pub issuer: Shown,
    /// DNS names and addresses of the subject alternative name.
    pub names: Vec<Shown>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// The name that was asked for is among `names` (RFC 9525).
    pub name_matches: bool,
    /// Whether the system's authorities vouch for the chain, and if not, why.
    pub trusted: Read<()>,
}
