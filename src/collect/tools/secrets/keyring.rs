//! The Secret Service (gnome-keyring, `KWallet`, `KeePassXC`), over the session's D-Bus.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use super::DEADLINE;
use crate::domain::{Fault, Shown};

/// How long storing may take: long enough to type the keyring's password.
const KEEPING: Duration = Duration::from_secs(60);

/// The keyring, asked by one at a time.
///
/// Its library blocks, for ever when a bus accepts and never answers, and until somebody types a password when the
/// keyring is locked. So each question has a thread of its own that can be left behind: not one of the runtime's, which
/// would then never shut down. At most one is left behind, since the next has to wait for its turn.
#[derive(Debug, Clone)]
pub(super) struct Keyring {
    turn: Arc<Semaphore>,
}

impl Default for Keyring {
    fn default() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Keyring {
    pub(super) async fn read(&self, name: &str) -> Result<SecretString, Fault> {
        let name = checked(name)?;
        self.ask(DEADLINE, move || service::read(&name)).await
    }

    pub(super) async fn keep(&self, name: &str, secret: SecretString) -> Result<(), Fault> {
        let name = checked(name)?;
        if secret.expose_secret().is_empty() {
            return Err(Fault::new("an empty secret is not kept"));
        }
        self.ask(KEEPING, move || service::keep(&name, &secret)).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        deadline: Duration,
        question: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let until = Instant::now() + deadline;
        let late = || {
            Fault::passing(format!("the keyring did not answer within {} s", deadline.as_secs()))
                .mend("unlock the keyring; if it is not locked, see that the session's D-Bus answers")
        };
        let turn = timeout_at(until, Arc::clone(&self.turn).acquire_owned()).await.map_err(|_| late())?;
        let turn = turn.map_err(|_| Fault::new("the keyring is closed"))?;
        let (tell, told) = oneshot::channel();
        std::thread::Builder::new()
            .name("keyring".into())
            .spawn(move || {
                let answer = question();
                drop(turn);
                // Nobody listens any more when the deadline has passed.
                tell.send(answer).ok();
            })
            .map_err(|error| Fault::passing(format!("the keyring can't be asked: {error}")))?;
        match timeout_at(until, told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Fault::new("the keyring's library gave up")),
            Err(_) => Err(late()),
        }
    }
}

/// A name that can stand in a message and in D-Bus.
fn checked(name: &str) -> Result<String, Fault> {
    if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
        return Err(Fault::new(format!("`{}` is no name for a secret", Shown::line(name).cut(40))));
    }
    Ok(name.to_owned())
}

#[cfg(feature = "desktop")]
mod service {
    use std::collections::HashMap;
    use std::sync::Arc;

    use dbus_secret_service_keyring_store::Store;
    use keyring_core::api::CredentialStoreApi as _;
    use keyring_core::{Entry, Error};
    use secrecy::{ExposeSecret as _, SecretString};

    use crate::domain::{Fault, Shown};

    const SERVICE: &str = "matins";

    pub(super) fn read(name: &str) -> Result<SecretString, Fault> {
        let secret = entry(name)?.get_password().map_err(|error| fault(name, &error))?;
        if secret.is_empty() {
            return Err(Fault::new(format!("the keyring's secret `{}` is empty", Shown::line(name))));
        }
        Ok(secret.into())
    }

    pub(super) fn keep(name: &str, secret: &SecretString) -> Result<(), Fault> {
        entry(name)?.set_password(secret.expose_secret()).map_err(|error| fault(name, &error))
    }

    /// A connection for each question: a kept one would not survive the bus.
    fn entry(name: &str) -> Result<Entry, Fault> {
        let store: Arc<Store> = Store::new().map_err(|error| fault(name, &error))?;
        let label = format!("{SERVICE}: {name}");
        let named = HashMap::from([("label", label.as_str())]);
        store.build(SERVICE, name, Some(&named)).map_err(|error| fault(name, &error))
    }

    /// By kind only: some of these errors carry the secret.
    fn fault(name: &str, error: &Error) -> Fault {
        let name = Shown::line(name);
        match error {
            Error::NoEntry => Fault::new(format!("the keyring holds no secret `{name}`"))
                .mend(format!("run matins secret set {name}")),
            Error::Ambiguous(_) => Fault::new(format!("the keyring holds several secrets `{name}` of matins"))
                .mend("delete all but one with the keyring's own program"),
            Error::NoStorageAccess(_) => {
                Fault::new("the keyring is locked").mend("unlock the keyring, or keep the secret in a file or command")
            }
            Error::PlatformFailure(cause) => Fault::passing(format!("no keyring answers here: {cause}")).mend(
                "start a Secret Service (gnome-keyring, KWallet, KeePassXC), or keep the secret in a file or command",
            ),
            Error::BadEncoding(_) => Fault::new(format!("the keyring's secret `{name}` is not UTF-8")),
            _ => Fault::new(format!("the keyring's secret `{name}` can't be used")),
        }
    }
}

#[cfg(not(feature = "desktop"))]
mod service {
    use secrecy::SecretString;

    use crate::domain::Fault;

    pub(super) fn read(_name: &str) -> Result<SecretString, Fault> {
        Err(fault())
    }

    pub(super) fn keep(_name: &str, _secret: &SecretString) -> Result<(), Fault> {
        Err(fault())
    }

    fn fault() -> Fault {
        Fault::new("this matins was built without a keyring")
            .mend("keep the secret in a file, a command or the environment")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_that_never_ends_is_left_behind_and_only_one() {
        let keyring = Keyring::default();
        let (_held, wait) = std::sync::mpsc::channel::<()>();
        let second = Duration::from_secs(1);
        let hung = keyring.ask(second, move || {
            wait.recv().ok();
            Ok(())
        });
        assert_eq!(hung.await.unwrap_err().said, "the keyring did not answer within 1 s");
        let next = keyring.ask(second, || -> Result<(), Fault> { panic!("asked while another is under way") });
        assert!(next.await.unwrap_err().passing);
    }

    #[test]
    fn a_name_is_short_and_plain() {
        for wrong in ["", "a\nb", "a\u{1b}[m", &"x".repeat(201)] {
            assert!(checked(wrong).is_err());
        }
        assert!(checked("hetzner token").is_ok());
    }
}
