//! The sessions on an OpenVPN server by its management interface: who is there now, and the end of one of them.

use secrecy::SecretString;

use super::parse::{Status, parse_status};
use crate::collect::tools::Tools;
use crate::domain::facts::VpnClient;
use crate::domain::{Fault, Interface, Shown, VpnSession};

/// Who is there now.
pub async fn sessions(tools: &Tools, interface: &Interface) -> Result<Vec<VpnClient>, Fault> {
    Ok(ask(tools, interface).await?.clients)
}

/// Its whole status, of now.
pub(super) async fn ask(tools: &Tools, interface: &Interface) -> Result<Status, Fault> {
    let password = password(tools, interface).await?;
    read(interface, &interface.status(&tools.shell, password.as_ref()).await?)
}

/// Ends a session; what was answered. `None`: it is not there any more, and nothing was sent; nor was it after a fault.
pub async fn disconnect(tools: &Tools, interface: &Interface, session: &VpnSession) -> Result<Option<Shown>, Fault> {
    let password = password(tools, interface).await?;
    let mut gone = false;
    // Its number alone may be another's by now, when OpenVPN was started again.
    let meant = |list: &[u8]| {
        gone = !read(interface, list)?.clients.iter().filter_map(VpnSession::of).any(|one| one == *session);
        if gone { Err(Fault::new("it is not there any more")) } else { Ok(()) }
    };
    let sent = interface.kill(&tools.shell, password.as_ref(), session.id, meant).await;
    if gone { Ok(None) } else { sent.map(Some) }
}

async fn password(tools: &Tools, interface: &Interface) -> Result<Option<SecretString>, Fault> {
    match &interface.password {
        Some(from) => Ok(Some(tools.secrets.read(from).await?)),
        None => Ok(None),
    }
}

fn read(interface: &Interface, answer: &[u8]) -> Result<Status, Fault> {
    parse_status(answer)
        .map_err(|flaw| Fault::new(format!("the management interface {interface} answered, but {}", flaw.said())))
}
