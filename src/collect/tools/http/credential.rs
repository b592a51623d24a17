//! By what a server knows us, and we know it.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::hex;
use crate::domain::{Fault, Shown};

/// What is shown to the origin of one address and to nobody else.
#[derive(Debug)]
pub struct Credential {
    pub(super) header: HeaderValue,
    /// The one certificate that its server may have; without it the system's authorities decide.
    pub(super) pin: Option<Fingerprint>,
    /// What to do where it is refused.
    pub(super) mend: Shown,
}

impl Credential {
    /// `Authorization: Bearer TOKEN`.
    pub fn bearer(token: &SecretString) -> Result<Self, Fault> {
        Self::new("Bearer ", token, "store a valid token, which may only read, where `token` points to")
    }

    /// What stands before the secret, the secret, and what to do where it is refused.
    pub fn new(before: &str, secret: &SecretString, mend: &str) -> Result<Self, Fault> {
        let value = HeaderValue::from_str(&format!("{before}{}", secret.expose_secret()));
        let mut header = value.map_err(|_| Fault::new("the token holds what no token holds").mend("store it again"))?;
        header.set_sensitive(true);
        Ok(Self { header, pin: None, mend: mend.into() })
    }

    #[must_use]
    pub fn pinned(self, pin: Option<Fingerprint>) -> Self {
        Self { pin, ..self }
    }
}

/// SHA-256 of a certificate, as servers show it: `AB:CD:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.trim().chars().filter(|mark| *mark != ':').collect();
        let whole = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        whole.then(|| Self(digits.to_ascii_lowercase()))
    }

    pub(super) fn of(certificate: &[u8]) -> Self {
        Self(hex(&Sha256::digest(certificate)))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, digit) in self.0.chars().enumerate() {
            if at > 0 && at % 2 == 0 {
                f.write_str(":")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_sixty_four_digits_with_or_without_colons() {
        let shown = "0A:".repeat(31) + "0a";
        let print = Fingerprint::parse(&shown).unwrap();
        assert_eq!(print.to_string(), shown.to_lowercase());
        assert_eq!(Fingerprint::parse(&shown.replace(':', "")), Some(print));
        for text in ["", "ab:cd", &"0a".repeat(33), &("0A:".repeat(31) + "0g")] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_debugging_prints_holds_no_secret() {
        let credential = Credential::bearer(&"canary".into()).unwrap();
        assert!(!format!("{credential:?}").contains("canary"));
        assert!(Credential::bearer(&"a\nb".into()).is_err());
    }
}
