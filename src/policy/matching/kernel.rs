//! Kernels: several are installed and one runs, so a fix has three outcomes.

use super::State;
use crate::domain::Read;
use crate::domain::facts::{HostSeen, Package};

/// One installed kernel image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image<'a> {
    /// The source that advisories name: `linux`, `linux-6.1`.
    pub source: String,
    /// As `uname -r` says it.
    pub release: &'a str,
    /// The image package's own version. What is signed for secure boot is built from a source with versions of its own
    /// (`6.1.153+1`), and only the package keeps the version of the source that it was signed from (`6.1.153-1`).
    pub version: &'a str,
}

impl<'a> Image<'a> {
    pub fn of(package: &'a Package) -> Option<Self> {
        let release = package.kernel_release()?;
        Some(Self { source: kernel_source(package.source.as_str())?, release, version: package.version.as_str() })
    }
}

/// The kernel source behind a source package, if it is one: `linux`, `linux-6.1`, `linux-signed-amd64`,
/// `linux-signed-6.1-amd64`.
pub fn kernel_source(source: &str) -> Option<String> {
    let rest = source.strip_prefix("linux")?;
    let numbered = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    match rest.strip_prefix("-signed-") {
        Some(signed) => Some(match signed.split_once('-') {
            Some((series, _)) if numbered(series) => format!("linux-{series}"),
            _ => "linux".to_owned(),
        }),
        None if rest.is_empty() || rest.strip_prefix('-').is_some_and(numbered) => Some(source.to_owned()),
        None => None,
    }
}

/// Which kernel runs, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Running<'a> {
    /// `uname -r`; `None` where that could not be read.
    pub release: Option<&'a str>,
    /// A newer one is installed than runs, be it one of the same name; `None` where that could not be read.
    pub waits: Option<bool>,
}

impl<'a> Running<'a> {
    pub fn of(seen: &'a HostSeen) -> Self {
        let release = match &seen.kernel {
            Read::Seen(kernel) => Some(kernel.running.as_str()),
            Read::Unreadable(_) => None,
        };
        Self { release, waits: seen.reboot.seen().map(|reboot| reboot.kernel) }
    }

    /// The image that runs. Where that is unknown, or an older one runs that is not installed any more, the newest: at
    /// least what that lacks the running one lacks too.
    pub fn image<'i>(self, images: &'i [Image<'a>]) -> Option<&'i Image<'a>> {
        let newest = || images.iter().find(|image| newest(images, image));
        match self.release {
            Some(release) => {
                let runs = images.iter().find(|image| image.release == release);
                runs.or_else(|| newest().filter(|_| self.waits == Some(true)))
            }
            None => newest(),
        }
    }

    /// Whether it is not known which of these runs, so that nothing can be said to be fixed, or not all that is missing.
    pub fn is_dark(self, images: &[Image<'_>]) -> bool {
        let is_installed = |release| images.iter().any(|image| image.release == release);
        match (self.release, self.waits) {
            _ if images.is_empty() => false,
            (None, _) | (_, None) => true,
            (Some(release), Some(waits)) => waits && !is_installed(release),
        }
    }

    /// How a server stands whose images of one source these are; `images` are all that it has. `judge` says of one
    /// version whether it holds the fix.
    pub fn stands(self, images: &[Image<'_>], source: &str, judge: impl Fn(&str) -> State) -> State {
        let mine: Vec<(&Image<'_>, State)> =
            images.iter().filter(|image| image.source == source).map(|image| (image, judge(image.version))).collect();
        let worst = mine.iter().map(|(_, state)| *state).max().unwrap_or(State::NotAffected);
        let best = mine.iter().map(|(_, state)| *state).min().unwrap_or(State::NotAffected);
        if worst <= State::Fixed && self.waits != Some(true) {
            return if self.release.is_some() && self.waits.is_some() { worst } else { unread(worst) };
        }
        let on_disk = if worst > State::OldOnDisk { State::OldOnDisk } else { worst };
        let Some(release) = self.release else { return if best == worst { unread(worst) } else { State::Untold } };
        match mine.iter().find(|(image, _)| image.release == release) {
            // An image of the same name was built again, and the one that was started is older than what is written here.
            Some((image, State::Fixed)) if self.waits != Some(false) && newest(images, image) => {
                if self.waits.is_some() { State::OldRuns } else { State::Untold }
            }
            Some((image, state)) if *state < State::Fixed && self.waits == Some(true) && newest(images, image) => {
                *state
            }
            Some((_, state)) if *state <= State::Fixed => on_disk,
            Some((_, state)) if best <= State::Fixed && *state >= State::NoFix => State::OldRuns,
            Some((_, state)) => *state,
            // One of another source runs, and these merely lie there.
            None if images.iter().any(|image| image.release == release) => on_disk,
            // An older one runs that is not even installed any more.
            None if self.waits == Some(true) && best == State::Fixed => State::OldRuns,
            None if self.waits == Some(true) => best,
            None if self.waits.is_none() => State::Untold,
            // A newer one from elsewhere, or a container's host.
            None => on_disk,
        }
    }
}

/// Without knowing what runs nothing is known to be fixed.
fn unread(state: State) -> State {
    if state == State::Fixed { State::Untold } else { state }
}

fn newest(images: &[Image<'_>], image: &Image<'_>) -> bool {
    images.iter().all(|other| crate::domain::version::compare(other.version, image.version).is_le())
}
