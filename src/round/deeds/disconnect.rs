//! The end of a VPN client's sessions: who is meant, what it takes, and whether they are gone.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::collect::Source;
use crate::collect::tools::Tools;
use crate::collect::vpn::{disconnect, sessions};
use crate::domain::facts::VpnClient;
use crate::domain::{
    Deed, DeedKind, Evidence, Fact, Fault, FindingKey, Interface, Proof, Shown, Step, Subject, SubjectKind, Taker,
    VpnSession,
};

/// OpenVPN tells the client, and takes its session away five seconds later.
const GONE: Duration = Duration::from_secs(15);
const AGAIN: Duration = Duration::from_secs(1);
/// A client that connects anew is there within this long.
const BACK: Duration = Duration::from_secs(5);

/// Who is meant, and where to look.
#[derive(Debug)]
pub struct Sought {
    whom: Whom,
    interfaces: Vec<Interface>,
    /// VPNs that nothing can be ended on.
    mute: Vec<Shown>,
}

#[derive(Debug)]
enum Whom {
    Named(Shown),
    /// Whoever this finding of a VPN tells of: its part is the client's name as keys have it.
    In(Subject, FindingKey),
}

impl Whom {
    fn is(&self, name: &Shown) -> bool {
        match self {
            Self::Named(own) => own == name,
            Self::In(vpn, key) => FindingKey::new(key.parts().0, vpn, Some(name)) == *key,
        }
    }
}

/// Who it is that a finding tells of.
pub(in crate::round) fn seek(
    evidence: &Evidence,
    sources: &[Source],
    (subject, key): (&Subject, &FindingKey),
) -> Result<Sought, Fault> {
    let whom = match subject.kind {
        SubjectKind::Vpn if key.parts().2.is_some() => Whom::In(subject.clone(), key.clone()),
        SubjectKind::Peer => Whom::Named(common_name(evidence, subject)?),
        _ => return Err(Fault::new(format!("{subject} is no VPN's client"))),
    };
    let mut sought = Sought { whom, interfaces: Vec::new(), mute: Vec::new() };
    for source in sources {
        let openvpn = source
            .declared
            .iter()
            .find(|declared| matches!(&declared.fact, Fact::VpnDeclared(vpn) if vpn.protocol == "openvpn"));
        let Some(vpn) = openvpn.map(|declared| &declared.subject) else { continue };
        if subject.kind == SubjectKind::Vpn && vpn != subject {
            continue;
        }
        match source.ask.interface() {
            // What is done is done with the user's own key, never with the one that only looks.
            Some(mut interface) => {
                interface.server.key = None;
                sought.interfaces.push(interface);
            }
            None => sought.mute.push(vpn.name.clone()),
        }
    }
    match (&sought.interfaces[..], &sought.mute[..]) {
        ([], []) => Err(Fault::new("WireGuard has no sessions: whose key the server has may come back at any time")
            .mend("remove the key there (`wg set INTERFACE peer KEY remove`)")),
        ([], [first, ..]) => Err(Fault::new(format!("{first}: nothing can be ended there"))
            .mend("name its `management` interface in its [[vpn]]")),
        _ => Ok(sought),
    }
}

fn common_name(evidence: &Evidence, subject: &Subject) -> Result<Shown, Fault> {
    let declared = evidence.declared().filter(|declared| declared.subject == *subject);
    let mut peers = declared.filter_map(|declared| match &declared.fact {
        Fact::PeerDeclared(peer) => Some(peer),
        _ => None,
    });
    let name = peers.find_map(|peer| peer.common_name.clone());
    name.ok_or_else(|| Fault::new(format!("{subject} has no `common_name`: OpenVPN does not know it")))
}

/// What would be done. Asks who is there, and changes nothing.
pub(super) async fn plan(tools: &Tools, sought: &Sought) -> Result<Deed, Fault> {
    let lists = join_all(sought.interfaces.iter().map(|interface| sessions(tools, interface))).await;
    let mute =
        sought.mute.iter().map(|vpn| format!("{vpn}: nothing can be ended there, it has no `management`").into());
    let (mut steps, mut remarks, mut names) = (Vec::new(), mute.collect::<Vec<Shown>>(), Vec::new());
    for (interface, list) in sought.interfaces.iter().zip(lists) {
        match list {
            Ok(clients) => {
                let found: Vec<&VpnClient> =
                    clients.iter().filter(|client| sought.whom.is(&client.common_name)).collect();
                let known: Vec<VpnSession> = found.iter().copied().filter_map(VpnSession::of).collect();
                if found.iter().any(|client| client.connected() && client.id.is_none()) {
                    remarks.push(
                        format!("{}: it does not number its sessions, as OpenVPN does since 2.4", interface.vpn).into(),
                    );
                }
                remarks.extend(known.iter().map(|one| told(interface, one)));
                names.extend(known.first().map(|one| one.common_name.clone()));
                steps.extend(known.iter().map(|one| step(interface, one, &known)));
            }
            Err(fault) => remarks.push(format!("{}: {}", interface.vpn, fault.said).into()),
        }
    }
    let Some(name) = names.first() else {
        let said = if remarks.is_empty() { "it is not connected".to_owned() } else { joined(&remarks) };
        return Err(Fault::new(format!("there is no session to end: {said}")));
    };
    remarks.push(
        "Who may connect connects again, often at once: a certificate that is revoked, in the list that OpenVPN reads, ends that."
            .into(),
    );
    let title = format!("Disconnect {}", name.cut(64));
    // One after another: the interface serves one at a time.
    let batches = steps.into_iter().map(|step| vec![step]).collect();
    Ok(Deed { kind: DeedKind::Disconnect, title: title.into(), batches, remarks })
}

fn joined(remarks: &[Shown]) -> String {
    remarks.iter().map(Shown::as_str).collect::<Vec<_>>().join("; ")
}

/// `gate, session 5: mallory from 203.0.113.9:1194`
fn told(interface: &Interface, session: &VpnSession) -> Shown {
    let name = session.common_name.cut(64);
    format!("{}, session {}: {name} from {}", interface.vpn, session.id, session.from).into()
}

fn step(interface: &Interface, session: &VpnSession, known: &[VpnSession]) -> Step {
    Step {
        server: interface.vpn.clone(),
        ssh: interface.server.ssh.clone(),
        taker: Taker::Openvpn(Box::new(interface.clone())),
        words: session.command(),
        proof: Proof::Gone { session: session.clone(), known: known.to_vec() },
    }
}

/// Ends a session: what was answered, and what was seen afterwards.
pub(super) async fn end(
    tools: &Tools,
    interface: &Interface,
    (session, known): (&VpnSession, &[VpnSession]),
) -> (Option<Shown>, Result<Shown, Fault>) {
    match disconnect(tools, interface, session).await {
        Err(fault) => (None, Err(Fault { said: format!("{}: nothing was sent", fault.said).into(), ..fault })),
        Ok(None) => (None, left(tools, interface, (session, known)).await),
        Ok(Some(said)) => {
            let refused = said.as_str().starts_with("ERROR");
            let seen = gone(tools, interface, (session, known), if refused { Duration::ZERO } else { GONE }).await;
            (Some(said), seen)
        }
    }
}

/// It had gone by itself.
async fn left(
    tools: &Tools,
    interface: &Interface,
    (session, known): (&VpnSession, &[VpnSession]),
) -> Result<Shown, Fault> {
    match newer(&sessions(tools, interface).await?, session, known) {
        Some(from) => Err(Fault::new(format!(
            "that session was gone already, but there is another from {from}: nothing was sent"
        ))
        .mend("look again")),
        None => Ok("seen: it was gone already, nothing was sent".into()),
    }
}

/// Waits until the session is gone, and looks once more whether it came back.
async fn gone(
    tools: &Tools,
    interface: &Interface,
    (session, known): (&VpnSession, &[VpnSession]),
    patience: Duration,
) -> Result<Shown, Fault> {
    let until = Instant::now() + patience;
    let list = loop {
        let doubt = match sessions(tools, interface).await {
            Ok(list) if !there(&list, session) => break list,
            Ok(_) => Fault::new("it is still connected"),
            Err(fault) => fault,
        };
        if Instant::now() >= until {
            return Err(Fault { said: format!("not seen to be gone: {}", doubt.said).into(), ..doubt });
        }
        sleep(AGAIN).await;
    };
    if let Some(from) = newer(&list, session, known) {
        return Err(back(&from));
    }
    sleep(BACK).await;
    match sessions(tools, interface).await {
        Err(fault) => Ok(format!("seen: it is gone; whether it came back can't be told: {}", fault.said).into()),
        Ok(list) => match newer(&list, session, known) {
            Some(from) => Err(back(&from)),
            None => Ok(format!("seen: it is gone, and not back after {} s", BACK.as_secs()).into()),
        },
    }
}

fn there(list: &[VpnClient], session: &VpnSession) -> bool {
    list.iter().filter_map(VpnSession::of).any(|one| one == *session)
}

/// Where a session of the same name comes from that was not there when this was planned.
fn newer(list: &[VpnClient], session: &VpnSession, known: &[VpnSession]) -> Option<Shown> {
    let same = list.iter().filter(|client| client.connected() && client.common_name == session.common_name);
    same.filter(|client| VpnSession::of(client).is_none_or(|one| !known.contains(&one))).map(VpnClient::address).next()
}

fn back(from: &Shown) -> Fault {
    Fault::new(format!("its session was ended, and it connected again at once, from {from}")).mend(
        "revoke its certificate and renew the list (`easyrsa revoke NAME`, `easyrsa gen-crl`), then end it once more",
    )
}
