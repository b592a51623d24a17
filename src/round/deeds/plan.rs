//! From an errand to a deed: what a dry run says, in batches.

use std::collections::HashMap;

use futures_util::future::join_all;
use sha2::{Digest as _, Sha256};

use super::looks::{Asked, BOOT_ID, count};
use crate::collect::tools::Tools;
use crate::collect::tools::shell::quoted;
use crate::domain::facts::Pending;
use crate::domain::register::Server;
use crate::domain::{Deed, DeedKind, Evidence, Fact, Fault, PackageChange, Proof, Shown, Step};

/// The security updates that a server waits for, by its name; or why they are not known.
pub type Waits = HashMap<Shown, Result<Waiting, Shown>>;

/// What one server waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    pub(super) changes: Vec<PackageChange>,
    /// Somebody put these on hold, and apt would refuse all the others with them; or pinned them, which naming the version
    /// would get round.
    pub(super) held: Vec<Shown>,
}

/// The first server of an upgrade goes alone; after it so many side by side.
const SIDE_BY_SIDE: usize = 4;
/// More packages than this in one command nobody reads.
const MOST: usize = 200;

/// What each server's last probe said is pending from a security suite.
pub(super) fn security(evidence: &Evidence, now: jiff::Timestamp) -> Waits {
    let mut pending = Waits::new();
    for source in &evidence.sources {
        for seen in &source.seen {
            let Fact::HostSeen(host) = &seen.fact else { continue };
            let trusted = source.doubt(now).map_or(Ok(()), Err);
            let waiting = trusted
                .and_then(|()| host.pending.as_result().map_err(|fault| fault.said.clone()))
                .map(|updates| waiting(updates.iter().filter(|update| update.security), host.held.seen()));
            pending.insert(seen.subject.name.clone(), waiting);
        }
    }
    pending
}

/// Whether some are on hold may be unknown: then apt says it, and does nothing.
pub(super) fn waiting<'a>(updates: impl Iterator<Item = &'a Pending>, held: Option<&Vec<Shown>>) -> Waiting {
    let mut waiting = Waiting::default();
    for update in updates {
        if update.pinned || held.is_some_and(|held| held.contains(&update.package)) {
            waiting.held.push(update.package.clone());
            continue;
        }
        waiting.changes.push(PackageChange {
            package: update.package.clone(),
            from: update.installed.clone(),
            to: update.candidate.clone(),
        });
    }
    waiting
}

/// What would be done. Looks at the servers and changes nothing.
pub(super) async fn prepare(
    tools: &Tools,
    (kind, servers): (DeedKind, &[Server]),
    pending: &Waits,
) -> Result<Deed, Fault> {
    let steps = join_all(servers.iter().map(|server| async move {
        let asked = Asked { tools, server: server.clone() };
        match kind {
            DeedKind::Upgrade => upgrade(&asked, pending.get(&server.name)).await,
            DeedKind::Reboot => reboot(&asked).await.map(Some),
            // These need no look before.
            DeedKind::Session | DeedKind::Login | DeedKind::Disconnect => Ok(None),
        }
    }))
    .await;
    let (mut ready, mut remarks) = (Vec::new(), Vec::new());
    for (server, step) in servers.iter().zip(steps) {
        match step {
            Ok(Some(step)) => ready.push((server, step)),
            Ok(None) => remarks.push(format!("{}: no security update is pending, it is left out", server.name).into()),
            Err(fault) => remarks.push(format!("{}: left out, {}", server.name, fault.said).into()),
        }
    }
    if ready.is_empty() {
        let said: Vec<_> = remarks.iter().map(Shown::to_string).collect();
        return Err(Fault::new(format!("there is nothing to do: {}", said.join("; "))));
    }
    if kind == DeedKind::Upgrade {
        remarks.extend(ready.iter().filter_map(|(server, _)| on_hold(server, pending)));
    }
    remarks.extend(preface(kind, &ready));
    let many = count(ready.len(), "server");
    let title = match (kind, &ready[..]) {
        (DeedKind::Reboot, [(only, _)]) => format!("Reboot {}", only.name),
        (DeedKind::Reboot, _) => format!("Reboot {many}"),
        (_, [(only, _)]) => format!("Install security updates on {}", only.name),
        _ => format!("Install security updates on {many}"),
    };
    Ok(Deed { kind, title: title.into(), batches: batches(ready), remarks })
}

fn on_hold(server: &Server, pending: &Waits) -> Option<Shown> {
    let held = &pending.get(&server.name)?.as_ref().ok().filter(|waiting| !waiting.held.is_empty())?.held;
    let names: Vec<&str> = held.iter().map(Shown::as_str).collect();
    Some(format!("{}: on hold or pinned, so left as it is: {}", server.name, names.join(", ")).into())
}

/// What a person should know before.
fn preface(kind: DeedKind, ready: &[(&Server, Step)]) -> Vec<Shown> {
    match kind {
        DeedKind::Upgrade => vec![
            format!("plan {}: these packages and versions, and no others", digest(ready)).into(),
            "Batch after batch; the first failure stops the rest. Changed configuration files stay as they are.".into(),
        ],
        _ => vec!["It has succeeded when the server is seen to have booted anew.".into()],
    }
}

async fn reboot(asked: &Asked<'_>) -> Result<Step, Fault> {
    let (root, boot) = asked.as_whom("cat /proc/sys/kernel/random/boot_id").await?;
    if boot.trim().len() != BOOT_ID {
        return Err(Fault::new("its boot can't be told from another: /proc says nothing"));
    }
    Ok(step(&asked.server, root, &["systemctl", "reboot"], Proof::Boot(Shown::line(boot.trim()))))
}

async fn upgrade(asked: &Asked<'_>, pending: Option<&Result<Waiting, Shown>>) -> Result<Option<Step>, Fault> {
    let (pending, held) = match pending {
        None => return Err(Fault::new("not probed yet")),
        Some(Err(why)) => return Err(Fault::new(why.clone())),
        Some(Ok(Waiting { changes, held })) if changes.is_empty() && held.is_empty() => return Ok(None),
        Some(Ok(Waiting { changes, held })) if changes.is_empty() => return Err(all_on_hold(held)),
        Some(Ok(Waiting { changes, held })) => (changes, held),
    };
    if pending.len() > MOST {
        return Err(Fault::new(format!("{} updates are more than {MOST}: do it there", pending.len())));
    }
    let (root, said) = asked.as_whom(&dry_run(pending)).await?;
    let changes = parse_dry_run(&said)?;
    if changes.is_empty() {
        return if held.is_empty() { Ok(None) } else { Err(all_on_hold(held)) };
    }
    let mut words = vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"];
    words.extend(["--no-remove", "--only-upgrade", "-o", "DPkg::Lock::Timeout=120"]);
    words.extend(["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold", "install", "--"]);
    let targets = targets(&changes);
    words.extend(targets.iter().map(String::as_str));
    Ok(Some(step(&asked.server, root, &words, Proof::Changes(changes))))
}

fn all_on_hold(held: &[Shown]) -> Fault {
    let names: Vec<&str> = held.iter().map(Shown::as_str).collect();
    Fault::new(format!(
        "what is left of its updates is on hold or pinned: {}; apt-mark unhold, or /etc/apt/preferences.d without its pin, \
         lets it be installed",
        names.join(", ")
    ))
}

/// What the dry run says now.
pub(super) async fn fresh(asked: &Asked<'_>, changes: &[PackageChange]) -> Result<Vec<PackageChange>, Fault> {
    parse_dry_run(&asked.as_whom(&dry_run(changes)).await?.1)
}

fn targets(changes: &[PackageChange]) -> Vec<String> {
    changes.iter().map(|change| format!("{}={}", change.package, change.to)).collect()
}

/// Unprivileged, and with `-s`: apt only says what it would do.
fn dry_run(changes: &[PackageChange]) -> String {
    let targets: Vec<String> = targets(changes).iter().map(|target| quoted(target)).collect();
    format!("LC_ALL=C apt-get -s -q --no-remove --only-upgrade install -- {}", targets.join(" "))
}

/// The changes that a dry run names, sorted. A removal is a fault.
pub(super) fn parse_dry_run(text: &str) -> Result<Vec<PackageChange>, Fault> {
    let mut changes = Vec::new();
    for line in text.lines() {
        if let Some(removed) = line.strip_prefix("Remv ") {
            return Err(Fault::new(format!("it would remove {}", Shown::line(removed))));
        }
        if let Some(rest) = line.strip_prefix("Inst ") {
            let change = parse_change(rest);
            changes.push(change.ok_or_else(|| Fault::new(format!("apt said `{}`", Shown::line(line))))?);
        }
    }
    changes.sort();
    Ok(changes)
}

/// `libssl3 [3.0.20-1] (3.0.22-1 Debian-Security:12/oldstable-security [amd64])`
fn parse_change(rest: &str) -> Option<PackageChange> {
    let (package, rest) = rest.split_once(' ')?;
    let (from, rest) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (from, rest) = rest.split_once(']')?;
            (Some(Shown::line(from)), rest.trim_start())
        }
        None => (None, rest),
    };
    let to = rest.strip_prefix('(')?.split([' ', ')']).next()?;
    Some(PackageChange { package: Shown::line(package), from, to: Shown::line(to) })
}

fn step(server: &Server, root: bool, words: &[&str], proof: Proof) -> Step {
    let sudo: &[&str] = if root { &[] } else { &["sudo", "-n"] };
    Step::shell(server, sudo.iter().chain(words).map(|word| Shown::line(word)).collect(), proof)
}

/// One server alone, then several side by side, but never two of one cluster.
pub(super) fn batches(ready: Vec<(&Server, Step)>) -> Vec<Vec<Step>> {
    let mut batches: Vec<(Vec<&Shown>, Vec<Step>)> = Vec::new();
    for (server, step) in ready {
        let cluster = server.cluster.as_ref();
        let room = batches.iter_mut().skip(1).find(|(clusters, steps)| {
            steps.len() < SIDE_BY_SIDE && cluster.is_none_or(|cluster| !clusters.contains(&cluster))
        });
        match room {
            Some((clusters, steps)) => {
                clusters.extend(cluster);
                steps.push(step);
            }
            None => batches.push((cluster.into_iter().collect(), vec![step])),
        }
    }
    batches.into_iter().map(|(_, steps)| steps).collect()
}

/// Over hosts, packages and versions.
fn digest(ready: &[(&Server, Step)]) -> String {
    let mut hash = Sha256::new();
    for (server, step) in ready {
        hash.update(format!("{}\n{}\n", server.name, step.line()).as_bytes());
    }
    let short = hash.finalize().iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{short:012x}")
}
