//! Web addresses, handed to the desktop's browser: a fixed program, one argument, no shell.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::domain::{Fault, Link};

/// The program that opens an address, and when there is somewhere to open it.
#[derive(Debug, Clone)]
pub struct Browser {
    program: OsString,
}

impl Default for Browser {
    fn default() -> Self {
        Self { program: if cfg!(target_os = "macos") { "/usr/bin/open" } else { "xdg-open" }.into() }
    }
}

/// What the opener and the browser need of our environment. Everything else stays here: secrets may be in it.
const KEPT: [&str; 17] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "BROWSER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "DESKTOP_SESSION",
    "KDE_FULL_SESSION",
    "KDE_SESSION_VERSION",
    "GNOME_DESKTOP_SESSION_ID",
    "GDK_BACKEND",
    "MOZ_ENABLE_WAYLAND",
];

/// An opener that runs longer than this became the browser itself, which is well.
const PATIENCE: Duration = Duration::from_secs(5);

impl Browser {
    /// Another opener than the desktop's, called with the address as its only argument.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into() }
    }

    /// Opens the address on this machine's screen. The browser outlives us. A [`Fault`] says why it can't be opened from
    /// here, for the person who then copies the address.
    pub async fn open(&self, link: &Link) -> Result<(), Fault> {
        screen(&|name| std::env::var_os(name))?;
        self.start(link).await
    }

    async fn start(&self, link: &Link) -> Result<(), Fault> {
        let kept = std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            KEPT.contains(&&*name) || name.starts_with("XDG_")
        });
        let mut command = Command::new(&self.program);
        command.arg(link.as_str()).env_clear().envs(kept).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let name = self.program.to_string_lossy().into_owned();
        let mut child = command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Fault::new(format!("{name} is not installed: nothing here opens addresses")).mend("install xdg-utils")
            }
            _ => Fault::new(format!("{name} could not be started: {error}")),
        })?;
        match tokio::time::timeout(PATIENCE, child.wait()).await {
            Err(_) => Ok(()),
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(Fault::new(format!("{name} could not open it: {status}"))),
            Ok(Err(error)) => Err(Fault::new(format!("{name}: {error}"))),
        }
    }
}

/// Whether there is a screen of ours that a browser could appear on.
fn screen(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<(), Fault> {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if set("SSH_CONNECTION") || set("SSH_TTY") {
        return Err(Fault::new("this console runs over ssh: a browser would open on the other machine, or nowhere"));
    }
    if cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY") {
        return Ok(());
    }
    Err(Fault::new("there is no graphical screen here to open it on"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn opener(folder: &std::path::Path, script: &str) -> Browser {
        let path = folder.join("opener");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        Browser::new(path)
    }

    #[tokio::test]
    async fn a_hostile_address_arrives_as_one_argument_and_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        let browser = opener(folder.path(), &format!("printf '%s|' \"$#\" \"$@\" > '{}'", record.display()));
        for text in [
            "https://host/a b",
            "https://host/;touch x",
            "https://host/$(touch x)`id`",
            "https://host/?a=1&b='\"<>|\\",
            "https://host/%s%u -new-window javascript:x",
            "https://xn--bcher-kva.example/#-x",
        ] {
            let link = Link::parse(text).unwrap();
            browser.start(&link).await.unwrap();
            assert_eq!(std::fs::read_to_string(&record).unwrap(), format!("1|{link}|"), "{text}");
        }
    }

    #[tokio::test]
    async fn an_opener_that_fails_or_is_missing_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let link = Link::parse("https://host/").unwrap();
        let failed = opener(folder.path(), "exit 3").start(&link).await.unwrap_err();
        assert!(failed.said.as_str().contains("exit status: 3"), "{failed}");
        let missing = Browser::new("/nowhere/opener").start(&link).await.unwrap_err();
        assert!(missing.said.as_str().contains("not installed"), "{missing}");
    }

    #[tokio::test]
    async fn secrets_in_the_environment_stay_here() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("record");
        let browser = opener(folder.path(), &format!("env > '{}'", record.display()));
        browser.start(&Link::parse("https://host/").unwrap()).await.unwrap();
        let seen = std::fs::read_to_string(&record).unwrap();
        assert!(seen.contains("PATH=") && !seen.contains("CARGO"), "{seen}");
    }

    #[test]
    fn without_a_screen_of_ours_nothing_is_opened() {
        let with = |set: &'static [&'static str]| {
            screen(&move |name: &str| set.contains(&name).then(|| OsString::from(":0"))).map_err(|fault| fault.said)
        };
        assert_eq!(with(&["DISPLAY"]), Ok(()));
        assert_eq!(with(&["WAYLAND_DISPLAY"]), Ok(()));
        assert!(with(&["DISPLAY", "SSH_CONNECTION"]).unwrap_err().as_str().contains("ssh"));
        assert_eq!(with(&[]).is_ok(), cfg!(target_os = "macos"));
    }
}
