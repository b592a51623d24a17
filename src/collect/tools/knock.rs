//! Knocking: whether a port takes a connection, or answers one datagram. Nothing is said on a connection.
//!
//! Few knocks at once, over all servers, a moment apart: nobody is flooded, and no intrusion detection is woken.

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::domain::facts::PortAnswer;
use crate::domain::{Fault, Port, Shown, Transport};

/// Knocks that wait for an answer at the same time.
const AT_ONCE: usize = 32;
/// Between two knocks of one caller.
const PAUSE: Duration = Duration::from_millis(10);
/// Addresses of one name that are looked at.
const ADDRESSES: usize = 8;
const LOOK_UP: Duration = Duration::from_secs(5);

/// Knocks at ports. Clones share the limit.
#[derive(Debug, Clone)]
pub struct Knock {
    gate: Arc<Semaphore>,
}

impl Default for Knock {
    fn default() -> Self {
        Self { gate: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Knock {
    /// Every address of a name, IPv4 and IPv6; an address is its own.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Fault> {
        let shown = Shown::line(name).cut(80);
        let unresolved = |why: String| {
            Fault::passing(format!("{shown} can't be resolved: {why}"))
                .mend("correct the name, or mend the name service")
        };
        let found = timeout(LOOK_UP, lookup_host((name, 0))).await;
        let found = found.map_err(|_| unresolved(format!("no answer within {} s", LOOK_UP.as_secs())))?;
        let found = found.map_err(|error| unresolved(error.to_string()))?;
        let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        addresses.sort();
        addresses.dedup();
        addresses.truncate(ADDRESSES);
        if addresses.is_empty() { Err(unresolved("it has no address".into())) } else { Ok(addresses) }
    }

    /// Knocks once. `datagram` is what a UDP port is sent; `patience` bounds the wait.
    pub async fn at(&self, address: IpAddr, port: Port, datagram: &[u8], patience: Duration) -> PortAnswer {
        let turn = self.gate.acquire().await;
        let place = SocketAddr::new(address, port.number);
        let answer = match port.transport {
            Transport::Tcp => timeout(patience, TcpStream::connect(place)).await.map(|done| done.map(drop)),
            Transport::Udp => timeout(patience, ask_udp(place, datagram)).await,
        };
        sleep(PAUSE).await;
        drop(turn);
        match answer {
            Ok(Ok(())) => PortAnswer::Open,
            Ok(Err(error)) => of_error(&error),
            Err(_) => PortAnswer::Silent,
        }
    }
}

/// Connected, so that the kernel hands us the refusal that comes back by ICMP, and nobody else's datagrams.
async fn ask_udp(place: SocketAddr, datagram: &[u8]) -> Result<(), Error> {
    let any = if place.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(place).await?;
    socket.send(datagram).await?;
    let mut answer = [0; 2_048];
    socket.recv(&mut answer).await.map(drop)
}

fn of_error(error: &Error) -> PortAnswer {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => PortAnswer::Refused,
        ErrorKind::HostUnreachable | ErrorKind::PermissionDenied => PortAnswer::Unreachable,
        ErrorKind::TimedOut => PortAnswer::Silent,
        // No route, no such family, no address to come from.
        _ => PortAnswer::Unrouted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    const PATIENCE: Duration = Duration::from_secs(5);

    async fn knock(address: &str, port: Port, patience: Duration) -> PortAnswer {
        Knock::default().at(address.parse().unwrap(), port, b"?", patience).await
    }

    #[tokio::test]
    async fn a_listening_port_is_open_and_one_that_nobody_has_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = Port::tcp(listener.local_addr().unwrap().port());
        assert_eq!(knock("127.0.0.1", port, PATIENCE).await, PortAnswer::Open);
        drop(listener);
        assert_eq!(knock("127.0.0.1", port, PATIENCE).await, PortAnswer::Refused);
    }

    #[tokio::test]
    async fn a_udp_port_is_open_when_it_answers_refused_when_nobody_is_there_and_silent_otherwise() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = Port::udp(socket.local_addr().unwrap().port());
        assert_eq!(knock("127.0.0.1", port, Duration::from_millis(50)).await, PortAnswer::Silent);
        let echo = async {
            let mut bytes = [0; 9];
            // The first is of the knock that gave up.
            for _ in 0..2 {
                let (count, from) = socket.recv_from(&mut bytes).await.unwrap();
                socket.send_to(&bytes[..count], from).await.unwrap();
            }
        };
        let (answer, ()) = tokio::join!(knock("127.0.0.1", port, PATIENCE), echo);
        assert_eq!(answer, PortAnswer::Open);
        drop(socket);
        assert_eq!(knock("127.0.0.1", port, PATIENCE).await, PortAnswer::Refused);
    }

    #[tokio::test]
    async fn an_address_is_its_own_and_a_name_without_one_says_so() {
        let knock = Knock::default();
        assert_eq!(knock.addresses("::1").await.unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
        let fault = knock.addresses("no-such-name.invalid").await.unwrap_err();
        assert!(fault.said.as_str().starts_with("no-such-name.invalid can't be resolved"), "{fault}");
    }
}
