//! The certificates behind an OpenVPN server: an easy-rsa folder, read in one round trip.

mod parse;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::collect::tools::Tools;
use crate::collect::tools::shell::quoted;
use crate::domain::facts::VpnPki;
use crate::domain::register::Place;
use crate::domain::{Fault, Shown};
use parse::parse_folder;

/// Prints each file's state and its lines.
const SCRIPT: &str = include_str!("pki/look.sh");
const ANSWER: Duration = Duration::from_secs(25);
/// A thousand certificates are one megabyte.
const CAP: usize = 8 << 20;

/// What a look says, of whatever folder.
pub(super) fn told(said: &[u8]) -> VpnPki {
    parse_folder(Ok(said), "pki".into())
}

/// What the folder tells; what can't be read of it says so by itself.
pub async fn read_pki(tools: &Tools, place: &Place) -> VpnPki {
    let told_by: Shown = match place.server.ssh {
        Some(_) => format!("{}:{}", place.server.name, place.path).into(),
        None => place.path.as_str().into(),
    };
    let script = format!("p={}\n{SCRIPT}", quoted(&place.path));
    let answer = match tools.shell.script(&place.server, &script, ANSWER, CAP).await {
        Ok(ran) if ran.status == Some(0) => Ok(ran.output),
        Ok(ran) => Err(Fault::new(format!("{told_by} can't be read: {}", ran.complaint()))),
        Err(fault) => Err(fault),
    };
    parse_folder(answer.as_deref().map_err(Clone::clone), told_by)
}
