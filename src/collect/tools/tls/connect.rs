//! A TCP connection to the first address of a name that takes one.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use crate::domain::Fault;

/// More addresses than this are not tried.
const ADDRESSES: usize = 8;

/// Looks the name up and tries its addresses in the resolver's order. Each gets an equal share of what is left of the
/// time, so that an address that swallows everything (IPv6 without a route, often) does not use up the others'.
pub(super) async fn connect(host: &str, port: u16, until: Instant) -> Result<TcpStream, Fault> {
    let found = lookup_host((host, port)).await.map_err(|error| {
        Fault::passing(format!("the name can't be resolved: {error}"))
            .mend("correct the name, or mend the name service")
    })?;
    let addresses: Vec<SocketAddr> = found.take(ADDRESSES).collect();
    let mut last = Fault::passing("the name has no address");
    for (tried, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1);
        last = match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => Fault::passing(said(&error)),
            Err(_) => Fault::passing("no answer to a connection"),
        };
    }
    Err(last)
}

fn said(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refused the connection".into(),
        ErrorKind::ConnectionReset => "reset the connection".into(),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "no route to it".into(),
        ErrorKind::TimedOut => "no answer to a connection".into(),
        _ => format!("no connection: {error}"),
    }
}
