//! Deeds: prepared by looking only, done once confirmed, and believed when seen.

mod disconnect;
mod looks;
mod plan;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc::UnboundedSender;

use self::looks::Asked;
use super::{Desk, Update};
use crate::collect::tools::Tools;
use crate::collect::tools::run::Ran;
use crate::domain::register::Server;
use crate::domain::{
    Account, Deed, DeedKind, Errand, Fault, Link, OneTime, Proof, Report, Shown, Step, StepState, Taker,
};

use self::disconnect::{Sought, seek};
use self::plan::{Waits, security};

/// An upgrade with large packages on a slow disk.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// Most bytes and lines kept of what a command says.
const CAP: usize = 4 << 20;
const LINES: usize = 300;

/// An errand with what the evidence tells of it, before anybody is asked.
pub(super) enum Known {
    Servers { kind: DeedKind, servers: Vec<Server>, waits: Waits },
    Disconnect(Sought),
}

impl Known {
    pub(super) fn of(desk: &mut Desk, errand: &Errand, now: jiff::Timestamp) -> Result<Self, Fault> {
        desk.with_evidence(|desk| match errand {
            Errand::Servers { kind, servers } => {
                let waits = security(desk.evidence(), now);
                Ok(Self::Servers { kind: *kind, servers: servers.clone(), waits })
            }
            Errand::Disconnect { subject, key } => {
                seek(desk.evidence(), &desk.plan.sources, (subject, key)).map(Self::Disconnect)
            }
        })?
    }
}

/// What would be done. Looks, and changes nothing.
pub(super) async fn prepare(tools: &Tools, known: Result<Known, Fault>) -> Result<Deed, Fault> {
    match known? {
        Known::Servers { kind, servers, waits } => plan::prepare(tools, (kind, &servers), &waits).await,
        Known::Disconnect(sought) => disconnect::plan(tools, &sought).await,
    }
}

/// Does it, batch by batch, telling of every change; after the first failure nothing more is begun.
pub(super) async fn carry_out(tools: &Tools, deed: Deed, updates: &UnboundedSender<Update>) -> Account {
    let batches = deed.batches.clone();
    let mut account = Account::of(deed);
    // Nobody listens any more when telling fails; what was begun is finished all the same.
    let tell = |account: &Account| updates.send(Update::Deed(account.clone())).ok();
    let mut first = 0;
    for batch in batches {
        let places = first..first + batch.len();
        first = places.end;
        let failed = account.reports.iter().any(|report| report.state == StepState::Failed);
        let state = if failed { StepState::Left } else { StepState::Running };
        account.reports[places.clone()].iter_mut().for_each(|report| report.state = state);
        if failed {
            continue;
        }
        tell(&account);
        let kind = account.deed.kind;
        let reports = join_all(batch.iter().map(|step| take(tools, kind, step, updates))).await;
        for (place, report) in places.zip(reports) {
            account.reports[place] = report;
        }
    }
    account.ended = true;
    tell(&account);
    account
}

/// Takes one step: the last look, the command, and the proof.
async fn take(tools: &Tools, kind: DeedKind, step: &Step, updates: &UnboundedSender<Update>) -> Report {
    let mut report = Report { state: StepState::Running, status: None, said: Vec::new() };
    let result = attempt(tools, kind, step, &mut report, updates).await;
    report.state = if result.is_ok() { StepState::Done } else { StepState::Failed };
    report.said.push(match result {
        Ok(seen) => seen,
        Err(fault) => {
            fault.mend.as_ref().map_or_else(|| fault.said.clone(), |mend| format!("{}: {mend}", fault.said).into())
        }
    });
    report
}

async fn attempt(
    tools: &Tools,
    kind: DeedKind,
    step: &Step,
    report: &mut Report,
    updates: &UnboundedSender<Update>,
) -> Result<Shown, Fault> {
    if let (Taker::Openvpn(interface), Proof::Gone { session, known }) = (&step.taker, &step.proof) {
        let (said, seen) = disconnect::end(tools, interface, (session, known)).await;
        report.said.extend(said);
        return seen;
    }
    let asked = Asked { tools, server: server(step) };
    if let Proof::Changes(changes) = &step.proof
        && plan::fresh(&asked, changes).await? != *changes
    {
        return Err(
            Fault::new("the dry run says something else than the plan, so nothing was done").mend("plan it again")
        );
    }
    let ran = tools.shell.once(&asked.server, step.line().as_str(), PATIENCE, CAP).await;
    match (&step.proof, ran) {
        // A server that goes down breaks the connection.
        (Proof::Boot(boot), Err(fault)) => {
            asked.another_boot(boot).await.map_err(|never| Fault::new(format!("{}; {}", fault.said, never.said)))
        }
        (_, Err(fault)) => Err(fault),
        (Proof::Link, Ok(ran)) => link(&ran, report, updates),
        (proof, Ok(ran)) => {
            report.status = ran.status;
            report.said = lines(&ran);
            if ran.status != Some(0) {
                return Err(ended(&ran));
            }
            match proof {
                Proof::Changes(changes) => asked.changed(changes).await,
                Proof::Boot(boot) => asked.another_boot(boot).await,
                Proof::Link | Proof::Person | Proof::Gone { .. } => Ok(format!("{kind:?} ended").into()),
            }
        }
    }
}

/// The link goes to whoever asked, once, and into no account.
fn link(ran: &Ran, report: &mut Report, updates: &UnboundedSender<Update>) -> Result<Shown, Fault> {
    report.status = ran.status;
    let text = String::from_utf8_lossy(&ran.output);
    let found = text.lines().map(str::trim).filter(|line| line.starts_with("http")).find_map(Link::parse);
    if let Some(link) = found.filter(|_| ran.status == Some(0)) {
        // Nobody listens any more when this fails; then nobody sees the link.
        updates.send(Update::Issued(OneTime::new(&link))).ok();
        return Ok("a link was issued".into());
    }
    let mut fault = ended(ran);
    fault.said = without_links(fault.said.as_str());
    Err(fault)
}

/// What a command complains of may name the link that nobody shall keep: the word that does is hidden, the others tell why.
fn without_links(text: &str) -> Shown {
    let hide = |word: &str| word.contains("://") || word.contains("/reset/");
    let words: Vec<&str> = text.split(' ').map(|word| if hide(word) { "(a link)" } else { word }).collect();
    Shown::line(&words.join(" "))
}

fn ended(ran: &Ran) -> Fault {
    let status = ran.status.map_or_else(|| "a signal".to_owned(), |status| format!("status {status}"));
    let fault = Fault::new(format!("the command ended with {status}: {}", ran.complaint()));
    if ran.complaint().as_str().contains("password is required") {
        return fault.mend("allow the login this command in sudoers without a password, or do it by hand");
    }
    fault
}

fn lines(ran: &Ran) -> Vec<Shown> {
    let of = |bytes: &[u8]| -> Vec<Shown> {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        // The end tells how it went.
        lines[lines.len().saturating_sub(LINES)..].iter().map(|line| Shown::line(line)).collect()
    };
    [of(&ran.output), of(&ran.complaints)].concat()
}

fn server(step: &Step) -> Server {
    Server { name: step.server.clone(), ssh: step.ssh.clone(), ..Server::local() }
}
